//! What a path in a filter names, and which values may stand against it.

use super::column::Column;
use super::date::parse_date;
use super::refused::{invalid, over_limit};
use super::value::Value;
use crate::attributes::{
    KIND_ATTRIBUTE, KIND_KEY, NULL, PATH_BYTES_MAX, PATH_END, encode_bool, encode_number,
    encode_text, encode_value,
};
use sutra_format::{ConceptId, Refusal};

/// In front of a path it always names an attribute.
const ATTRIBUTES_PREFIX: &str = "attributes.";
/// Largest time, in milliseconds from 1970, that every caller's date type can represent.
const TIME_MS_MAX: f64 = 8_640_000_000_000_000.0;

/// A field of concepts.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) target: Target,
    operand: Operand,
}

/// Where its values are.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// In the index of the attributes, under a path key.
    Attribute(Vec<u8>),
    /// The name of the namespace.
    Namespace,
    Column(Column),
    /// Not a value: a moment at which a concept holds.
    ValidAt,
}

#[derive(Debug, Clone, Copy)]
enum Operand {
    Any,
    Text,
    Id,
    Number,
    Moment,
}

impl Field {
    pub(super) fn of_path(path: &str) -> Result<Self, Refusal> {
        let column = |column, operand| Self { target: Target::Column(column), operand };
        Ok(match path {
            "namespace" => Self { target: Target::Namespace, operand: Operand::Text },
            "key" => {
                let path = vec![KIND_KEY, PATH_END];
                Self { target: Target::Attribute(path), operand: Operand::Text }
            }
            "validAt" => Self { target: Target::ValidAt, operand: Operand::Moment },
            "id" => column(Column::Id, Operand::Id),
            "strength" => column(Column::Strength, Operand::Number),
            "confidence" => column(Column::Confidence, Operand::Number),
            "createdAt" => column(Column::CreatedAt, Operand::Moment),
            "updatedAt" => column(Column::UpdatedAt, Operand::Moment),
            "validFrom" => column(Column::ValidFrom, Operand::Moment),
            "validTo" => column(Column::ValidTo, Operand::Moment),
            _ => {
                let path = path.strip_prefix(ATTRIBUTES_PREFIX).unwrap_or(path);
                if path.len() > PATH_BYTES_MAX {
                    return Err(over_limit(path.len(), PATH_BYTES_MAX));
                }
                let mut key = vec![KIND_ATTRIBUTE];
                key.extend_from_slice(path.as_bytes());
                key.push(PATH_END);
                Self { target: Target::Attribute(key), operand: Operand::Any }
            }
        })
    }

    /// Encodes a value the field can be equal to. Null says that there is nothing, so any field
    /// takes it.
    pub(super) fn operand(&self, value: &Value<'_>) -> Result<Vec<u8>, Refusal> {
        let mut out = Vec::new();
        match (self.operand, value) {
            (_, Value::Null) => out.push(NULL),
            (Operand::Any, value) => encode_any(value, &mut out)?,
            (Operand::Text, Value::Text(text)) => encode_text(text, &mut out),
            (Operand::Text, _) => return Err(invalid("expected a string")),
            (Operand::Number, Value::Number(number)) => encode_number(*number, &mut out),
            (Operand::Number, _) => return Err(invalid("expected a number")),
            (Operand::Id, Value::Text(text)) => {
                ConceptId::parse("", text.as_bytes())?;
                encode_text(text, &mut out);
            }
            (Operand::Id, _) => {
                return Err(invalid("an id is 32 lower-case hexadecimal characters"));
            }
            (Operand::Moment, value) => encode_number(moment_ms(value)?, &mut out),
        }
        Ok(out)
    }

    /// Encodes a value the field can be less or greater than.
    pub(super) fn bound(&self, value: &Value<'_>) -> Result<Vec<u8>, Refusal> {
        match value {
            Value::Number(_) | Value::Text(_) => self.operand(value),
            _ => Err(invalid("expected a number or a string")),
        }
    }
}

/// A moment as whole milliseconds from 1970. All of them are exact in a double.
pub(super) fn moment_ms(value: &Value<'_>) -> Result<f64, Refusal> {
    let refused = || {
        let example = "2020-01-31, 2020-01-31T10:00Z or 2020-01-31T10:00:00.123+02:00";
        invalid(format!("expected whole milliseconds from 1970 or a date such as {example}"))
    };
    match value {
        Value::Number(ms) if ms.fract() == 0.0 && ms.abs() <= TIME_MS_MAX => Ok(*ms),
        Value::Text(text) => parse_date(text).map(exact).ok_or_else(refused),
        _ => Err(refused()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "times of four-digit years are under 2^53")]
fn exact(ms: i64) -> f64 {
    ms as f64
}

fn encode_any(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), Refusal> {
    match value {
        Value::Null => out.push(NULL),
        Value::Bool(value) => encode_bool(*value, out),
        Value::Number(number) => encode_number(*number, out),
        Value::Text(text) => encode_text(text, out),
        Value::Array(_, bytes) | Value::Object(_, bytes) => {
            // Parsed before, so it encodes.
            let encoded = encode_value(bytes).map_err(|_| invalid("expected a JSON value"))?;
            out.extend_from_slice(&encoded);
        }
    }
    Ok(())
}
