//! The object of a filter as a tree, read once, so that its meaning can be looked at.

use super::refused::{below, invalid, over_limit};
use rmp::Marker;
use sutra_format::Refusal;
use sutra_format::msgpack::{Reader, Unexpected};

/// Arrays and objects inside each other in a filter.
const DEPTH_MAX: usize = 32;

/// A JSON value. Composites keep their bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(f64),
    Text(&'a str),
    Array(Vec<Self>, &'a [u8]),
    Object(Vec<(&'a str, Self)>, &'a [u8]),
}

impl<'a> Value<'a> {
    /// Reads one value that is all of the bytes.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut reader = Reader::new(bytes);
        let value = parse(&mut reader, 0)?;
        if reader.is_at_end() { Ok(value) } else { Err(invalid("expected nothing after it")) }
    }
}

fn parse<'a>(reader: &mut Reader<'a>, depth: usize) -> Result<Value<'a>, Refusal> {
    let start = reader.offset();
    match reader.peek().map_err(expected)? {
        Marker::Null => reader.marker().map(|_| Value::Null).map_err(expected),
        marker @ (Marker::True | Marker::False) => {
            reader.marker().map(|_| Value::Bool(marker == Marker::True)).map_err(expected)
        }
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            reader.str().map(Value::Text).map_err(expected)
        }
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
            let depth = deeper(depth)?;
            let mut items = Vec::new();
            for index in 0..reader.array().map_err(expected)? {
                let item = parse(reader, depth);
                items.push(item.map_err(|refusal| below(refusal, &format!("[{index}]")))?);
            }
            Ok(Value::Array(items, reader.since(start)))
        }
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
            let depth = deeper(depth)?;
            let mut pairs = Vec::new();
            for _ in 0..reader.map().map_err(expected)? {
                let key = reader.str().map_err(expected)?;
                let value = parse(reader, depth);
                pairs.push((key, value.map_err(|refusal| super::refused::under(refusal, key))?));
            }
            Ok(Value::Object(pairs, reader.since(start)))
        }
        _ => match reader.number() {
            Ok(number) if number.to_f64().is_finite() => Ok(Value::Number(number.to_f64())),
            Ok(_) => Err(invalid("a number must be finite")),
            Err(_) => Err(invalid("expected a JSON value")),
        },
    }
}

fn deeper(depth: usize) -> Result<usize, Refusal> {
    if depth < DEPTH_MAX { Ok(depth + 1) } else { Err(over_limit(depth + 1, DEPTH_MAX)) }
}

fn expected(Unexpected(expected): Unexpected) -> Refusal {
    invalid(format!("expected {expected}"))
}
