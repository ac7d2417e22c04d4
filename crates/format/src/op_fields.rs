//! The fields that operations share, read and checked one by one.

use crate::attributes::read_attributes;
use crate::id::{ConceptId, ID_BYTES};
use crate::limits::{Limits, NAMESPACE_BYTES_MAX};
use crate::model::AssociationClass;
use crate::msgpack::{Reader, Unexpected};
use crate::refusal::Refusal;

/// Namespace of concepts that name none. It always exists.
pub const DEFAULT_NAMESPACE: &str = "default";
/// Largest time, in milliseconds from 1970, that every caller's date type can represent.
const TIME_MS_MAX: i64 = 8_640_000_000_000_000;

/// Reads the fields of one operation in order.
pub(crate) struct FieldReader<'r, 'a> {
    pub(crate) reader: &'r mut Reader<'a>,
    pub(crate) limits: &'r Limits,
}

/// Start and end of validity in milliseconds from 1970; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Validity {
    /// First instant at which it holds.
    pub from_ms: Option<i64>,
    /// First instant at which it holds no longer.
    pub to_ms: Option<i64>,
}

impl Validity {
    /// Refuses an end that is not after the start.
    ///
    /// # Errors
    /// `Invalid` naming `validTo`.
    pub fn check(self) -> Result<(), Refusal> {
        match (self.from_ms, self.to_ms) {
            (Some(from), Some(to)) if to <= from => {
                Err(Refusal::invalid("validTo", "must be after validFrom"))
            }
            _ => Ok(()),
        }
    }

    /// Whether it holds at a moment. What has no limits always holds.
    #[must_use]
    pub fn holds_at(self, moment_ms: i64) -> bool {
        self.from_ms.is_none_or(|from_ms| from_ms <= moment_ms)
            && self.to_ms.is_none_or(|to_ms| moment_ms < to_ms)
    }
}

impl<'a> FieldReader<'_, 'a> {
    pub(crate) fn id(&mut self, field: &'static str) -> Result<ConceptId, Refusal> {
        let bytes = self.reader.bin().map_err(|problem| refuse(field, problem))?;
        let bytes: [u8; ID_BYTES] = bytes
            .try_into()
            .map_err(|_| Refusal::invalid(field, format!("an id is {ID_BYTES} bytes")))?;
        Ok(ConceptId(bytes))
    }

    pub(crate) fn optional_id(&mut self) -> Result<Option<ConceptId>, Refusal> {
        if self.is_nil("id")? { Ok(None) } else { self.id("id").map(Some) }
    }

    pub(crate) fn content(&mut self) -> Result<&'a str, Refusal> {
        self.text("content", self.limits.content_bytes_max)
    }

    pub(crate) fn optional_content(&mut self) -> Result<Option<&'a str>, Refusal> {
        if self.is_nil("content")? { Ok(None) } else { self.content().map(Some) }
    }

    /// A key or a label.
    pub(crate) fn optional_name(
        &mut self,
        field: &'static str,
    ) -> Result<Option<&'a str>, Refusal> {
        if self.is_nil(field)? {
            return Ok(None);
        }
        self.text(field, self.limits.key_bytes_max).map(Some)
    }

    pub(crate) fn namespace(&mut self) -> Result<&'a str, Refusal> {
        if self.is_nil("namespace")? {
            return Ok(DEFAULT_NAMESPACE);
        }
        let name = self.reader.str().map_err(|problem| refuse("namespace", problem))?;
        check_namespace(name)?;
        Ok(name)
    }

    /// Little-endian f32 values; finite, at least one.
    pub(crate) fn vector(&mut self) -> Result<Option<&'a [u8]>, Refusal> {
        if self.is_nil("vector")? {
            return Ok(None);
        }
        let bytes = self.reader.bin().map_err(|problem| refuse("vector", problem))?;
        let (numbers, rest) = bytes.as_chunks::<4>();
        if numbers.is_empty() || !rest.is_empty() {
            return Err(Refusal::invalid(
                "vector",
                "expected 4 bytes for each of 1 or more numbers",
            ));
        }
        Refusal::check_limit("vector", numbers.len(), self.limits.vector_dimension_max)?;
        // No early exit: this loop is compiled to SIMD and vectors are nearly always good.
        let finite = numbers.iter().fold(true, |all, n| all & f32::from_le_bytes(*n).is_finite());
        if !finite {
            return Err(Refusal::invalid("vector", "every number must be finite"));
        }
        Ok(Some(bytes))
    }

    pub(crate) fn attributes(&mut self) -> Result<Option<&'a [u8]>, Refusal> {
        if self.is_nil("attributes")? {
            return Ok(None);
        }
        let bytes = read_attributes(self.reader)?;
        Refusal::check_limit("attributes", bytes.len(), self.limits.attributes_bytes_max)?;
        Ok(Some(bytes))
    }

    /// A fraction from 0 to 1.
    pub(crate) fn fraction(&mut self, field: &'static str) -> Result<Option<f64>, Refusal> {
        let value = self.finite(field)?;
        match value {
            Some(value) if !(0.0..=1.0).contains(&value) => {
                Err(Refusal::invalid(field, format!("{value} is outside 0 to 1")))
            }
            _ => Ok(value),
        }
    }

    pub(crate) fn finite(&mut self, field: &'static str) -> Result<Option<f64>, Refusal> {
        if self.is_nil(field)? {
            return Ok(None);
        }
        let number = self.reader.number().map_err(|problem| refuse(field, problem))?;
        let value = number.to_f64();
        if !value.is_finite() {
            return Err(Refusal::invalid(field, "must be a finite number"));
        }
        Ok(Some(value))
    }

    pub(crate) fn validity(&mut self) -> Result<Validity, Refusal> {
        let validity = Validity { from_ms: self.time("validFrom")?, to_ms: self.time("validTo")? };
        validity.check()?;
        Ok(validity)
    }

    fn time(&mut self, field: &'static str) -> Result<Option<i64>, Refusal> {
        if self.is_nil(field)? {
            return Ok(None);
        }
        let number = self.reader.number().map_err(|problem| refuse(field, problem))?;
        match number.to_i64() {
            Some(time) if time.unsigned_abs() <= TIME_MS_MAX.unsigned_abs() => Ok(Some(time)),
            _ => Err(Refusal::invalid(field, "expected whole milliseconds of a valid date")),
        }
    }

    pub(crate) fn class(&mut self) -> Result<AssociationClass, Refusal> {
        let number = self.reader.unsigned().map_err(|problem| refuse("type", problem))?;
        u8::try_from(number)
            .ok()
            .and_then(AssociationClass::from_number)
            .ok_or_else(|| Refusal::invalid("type", format!("unknown association type {number}")))
    }

    pub(crate) fn unsigned(&mut self, field: &'static str) -> Result<u64, Refusal> {
        self.reader.unsigned().map_err(|problem| refuse(field, problem))
    }

    pub(crate) fn namespace_name(&mut self) -> Result<&'a str, Refusal> {
        let name = self.reader.str().map_err(|problem| refuse("namespace", problem))?;
        check_namespace(name)?;
        Ok(name)
    }

    fn text(&mut self, field: &'static str, bytes_max: usize) -> Result<&'a str, Refusal> {
        let text = self.reader.str().map_err(|problem| refuse(field, problem))?;
        if text.is_empty() {
            return Err(Refusal::invalid(field, "must not be empty"));
        }
        Refusal::check_limit(field, text.len(), bytes_max)?;
        Ok(text)
    }

    fn is_nil(&mut self, field: &'static str) -> Result<bool, Refusal> {
        self.reader.nil().map_err(|problem| refuse(field, problem))
    }
}

/// Refuses a namespace name that is not 1 to 64 ASCII letters, digits and `. _ : -`, starting with
/// a letter, a digit or `_`.
///
/// # Errors
/// `Invalid` or `Limit` naming `namespace`.
pub fn check_namespace(name: &str) -> Result<(), Refusal> {
    Refusal::check_limit("namespace", name.len(), NAMESPACE_BYTES_MAX)?;
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let holds_only = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b));
    if starts_well && holds_only {
        return Ok(());
    }
    let message = "a namespace is letters, digits and . _ : - and starts with a letter or digit";
    Err(Refusal::invalid("namespace", message))
}

pub(crate) fn refuse(field: &'static str, Unexpected(expected): Unexpected) -> Refusal {
    Refusal::invalid(field, format!("expected {expected}"))
}
