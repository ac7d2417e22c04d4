//! Attributes: a MessagePack map with string keys that holds JSON values only.

use crate::limits::ATTRIBUTES_DEPTH_MAX;
use crate::msgpack::{Number, Reader, Unexpected};
use crate::refusal::Refusal;
use rmp::Marker;

/// Characters of a key that the path in a refusal shows.
const KEY_SHOWN_CHARACTERS_MAX: usize = 64;

/// Reads one map and gives its bytes. Allocates only to describe a refusal.
///
/// # Errors
/// `Invalid` naming the path (`attributes.a[2].b`) of what is no JSON value, is nested deeper than
/// 64, or is not well-formed.
pub fn read_attributes<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Refusal> {
    let start = reader.offset();
    let pairs = reader.map().map_err(at_top)?;
    check_pairs(reader, pairs, 1).map_err(|problem| Refusal::Invalid {
        field: format!("attributes{}", problem.path()),
        message: problem.message,
    })?;
    Ok(reader.since(start))
}

/// Built from the inside out while the walk returns, so a good value costs nothing.
struct Problem {
    steps: Vec<String>,
    message: String,
}

impl Problem {
    fn new(message: impl Into<String>) -> Self {
        Self { steps: Vec::new(), message: message.into() }
    }

    fn below(mut self, step: String) -> Self {
        self.steps.push(step);
        self
    }

    fn path(&self) -> String {
        self.steps.iter().rev().map(String::as_str).collect()
    }
}

fn at_top(Unexpected(expected): Unexpected) -> Refusal {
    Refusal::invalid("attributes", format!("expected {expected}"))
}

fn check_pairs(reader: &mut Reader<'_>, pairs: usize, depth: usize) -> Result<(), Problem> {
    check_depth(depth)?;
    for _ in 0..pairs {
        let key = reader.str().map_err(expected)?;
        check_value(reader, depth).map_err(|problem| problem.below(key_step(key)))?;
    }
    Ok(())
}

fn check_items(reader: &mut Reader<'_>, items: usize, depth: usize) -> Result<(), Problem> {
    check_depth(depth)?;
    for index in 0..items {
        check_value(reader, depth).map_err(|problem| problem.below(format!("[{index}]")))?;
    }
    Ok(())
}

fn check_value(reader: &mut Reader<'_>, depth: usize) -> Result<(), Problem> {
    match reader.peek().map_err(expected)? {
        Marker::Null | Marker::True | Marker::False => reader.marker().map(drop).map_err(expected),
        Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
            let pairs = reader.map().map_err(expected)?;
            check_pairs(reader, pairs, depth + 1)
        }
        Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
            let items = reader.array().map_err(expected)?;
            check_items(reader, items, depth + 1)
        }
        Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
            reader.str().map(drop).map_err(expected)
        }
        _ => match reader.number() {
            Ok(Number::Float(value)) if !value.is_finite() => {
                Err(Problem::new("a number must be finite"))
            }
            Ok(_) => Ok(()),
            Err(_) => Err(Problem::new("only JSON values can be stored")),
        },
    }
}

/// A key of megabytes must not make the refusal one of megabytes.
fn key_step(key: &str) -> String {
    match key.char_indices().nth(KEY_SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => format!(".{}...", key.get(..end).unwrap_or_default()),
        None => format!(".{key}"),
    }
}

fn check_depth(depth: usize) -> Result<(), Problem> {
    if depth <= ATTRIBUTES_DEPTH_MAX {
        return Ok(());
    }
    Err(Problem::new(format!("nested deeper than {ATTRIBUTES_DEPTH_MAX}")))
}

fn expected(Unexpected(expected): Unexpected) -> Problem {
    Problem::new(format!("expected {expected}"))
}

#[cfg(test)]
mod tests;
