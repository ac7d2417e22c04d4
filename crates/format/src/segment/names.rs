//! Labels and namespaces with their numbers.
//!
//! ```text
//! kind 1 | metric 1 | text bytes 2 | number 4 | dimension 4, then the text
//! ```

use crate::cursor::Cursor;
use crate::decode_error::DecodeError;
use crate::model::Metric;

const LABEL: u8 = 1;
const NAMESPACE: u8 = 2;

/// One name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameEntry<'a> {
    /// Of associations.
    Label {
        /// Its number, from 1.
        number: u32,
        /// The label.
        text: &'a str,
    },
    /// Of concepts.
    Namespace {
        /// Its number, from 0.
        number: u32,
        /// Dimension of its vectors.
        dimension: u32,
        /// How they are compared.
        metric: Metric,
        /// Its name.
        text: &'a str,
    },
}

/// Appends a name.
pub fn append_name(entry: &NameEntry<'_>, to: &mut Vec<u8>) {
    let (kind, metric, number, dimension, text) = match *entry {
        NameEntry::Label { number, text } => (LABEL, 0, number, 0, text),
        NameEntry::Namespace { number, dimension, metric, text } => {
            (NAMESPACE, metric.number(), number, dimension, text)
        }
    };
    to.extend_from_slice(&[kind, metric]);
    to.extend_from_slice(&(text.len() as u16).to_le_bytes());
    to.extend_from_slice(&number.to_le_bytes());
    to.extend_from_slice(&dimension.to_le_bytes());
    to.extend_from_slice(text.as_bytes());
}

/// Reads the next name; nothing at the end.
///
/// # Errors
/// No name.
pub fn next_name<'a>(cursor: &mut Cursor<'a>) -> Result<Option<NameEntry<'a>>, DecodeError> {
    if cursor.remaining() == 0 {
        return Ok(None);
    }
    let at = cursor.offset();
    let (kind, metric) = (cursor.u8()?, cursor.u8()?);
    let bytes = u16::from_le_bytes(cursor.array()?);
    let (number, dimension) = (cursor.u32()?, cursor.u32()?);
    let text = std::str::from_utf8(cursor.take(usize::from(bytes))?);
    let text = text.map_err(|_| DecodeError::value(at, "text of a name"))?;
    match (kind, Metric::from_number(metric)) {
        (LABEL, _) if metric == 0 && dimension == 0 => Ok(Some(NameEntry::Label { number, text })),
        (NAMESPACE, Some(metric)) => {
            Ok(Some(NameEntry::Namespace { number, dimension, metric, text }))
        }
        _ => Err(DecodeError::value(at, "kind of a name")),
    }
}
