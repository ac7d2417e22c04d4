//! Attributes as pairs of a path and a value.

use super::PATH_BYTES_MAX;
use super::value_key::{
    EXISTS, KIND_ATTRIBUTE, KIND_KEY, NULL, PATH_END, encode_array, encode_bool, encode_number,
    encode_object, encode_text,
};
use rmp::Marker;
use sutra_format::DecodeError;
use sutra_format::limits::ATTRIBUTES_DEPTH_MAX;
use sutra_format::msgpack::{Reader, Unexpected};

/// Gives each value of the attributes with its path key: kind, path, end of path. A value may be
/// given several times. Without `composites` no arrays and objects are given, which saves hashing.
///
/// # Errors
/// When the bytes are no attributes. No bytes at all are the attributes of a concept without any.
pub(crate) fn flatten_attributes(
    attributes: &[u8],
    composites: bool,
    emit: impl FnMut(&[u8], &[u8]),
) -> Result<(), DecodeError> {
    if attributes.is_empty() {
        return Ok(());
    }
    let mut reader = Reader::new(attributes);
    let mut walk = Walk { path: vec![KIND_ATTRIBUTE], composites, value: Vec::new(), emit };
    let walked = walk.top(&mut reader);
    if walked.is_ok() && reader.is_at_end() {
        return Ok(());
    }
    Err(DecodeError::value(reader.offset(), "attributes"))
}

/// Gives the key of a concept like a value of an attribute. An empty key is none.
pub(crate) fn flatten_key(key: &[u8], mut emit: impl FnMut(&[u8], &[u8])) {
    if key.is_empty() {
        return;
    }
    let path = [KIND_KEY, PATH_END];
    let mut value = Vec::new();
    // Keys are checked to be UTF-8 when they are written.
    encode_text(&String::from_utf8_lossy(key), &mut value);
    emit(&path, &[EXISTS]);
    emit(&path, &value);
}

/// Encodes one value.
///
/// # Errors
/// When the bytes are no JSON value.
pub(crate) fn encode_value(value: &[u8]) -> Result<Vec<u8>, Unexpected> {
    let emit = |_: &[u8], _: &[u8]| {};
    let mut walk = Walk { path: Vec::new(), composites: true, value: Vec::new(), emit };
    walk.value(&mut Reader::new(value), Place::Hidden, 0)?;
    Ok(walk.value)
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Under a key.
    Field,
    /// In an array under a key: at the same path as the array.
    Element,
    /// Below an array in an array, or below a path that is too long: at no path.
    Hidden,
}

struct Walk<F> {
    /// Kind and path.
    path: Vec<u8>,
    composites: bool,
    /// The value that was read last, encoded; empty for a composite that is not wanted.
    value: Vec<u8>,
    emit: F,
}

impl<F: FnMut(&[u8], &[u8])> Walk<F> {
    /// The whole attributes are no value themselves, as they have no path.
    fn top(&mut self, reader: &mut Reader<'_>) -> Result<(), Unexpected> {
        let pairs = reader.map()?;
        for _ in 0..pairs {
            let key = reader.str()?;
            self.under(key, reader, Place::Field, 1)?;
        }
        Ok(())
    }

    /// Reads the value of a key and gives what is in it.
    fn under(
        &mut self,
        key: &str,
        reader: &mut Reader<'_>,
        place: Place,
        depth: usize,
    ) -> Result<(), Unexpected> {
        let length = self.path.len();
        // The path has the kind in front.
        if depth > 1 {
            self.path.push(b'.');
        }
        self.path.extend_from_slice(key.as_bytes());
        let is_short = self.path.len() <= 1 + PATH_BYTES_MAX;
        let place = if is_short { place } else { Place::Hidden };
        if place == Place::Field {
            self.emit(&[EXISTS]);
        }
        let read = self.value(reader, place, depth);
        self.path.truncate(length);
        read
    }

    /// Reads a value, leaves its encoding in `self.value` and gives it and what is in it.
    fn value(
        &mut self,
        reader: &mut Reader<'_>,
        place: Place,
        depth: usize,
    ) -> Result<(), Unexpected> {
        match reader.peek()? {
            Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => self.object(reader, place, depth),
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
                self.array(reader, place, depth)
            }
            _ => self.scalar(reader),
        }?;
        if place != Place::Hidden && !self.value.is_empty() {
            let value = std::mem::take(&mut self.value);
            self.emit(&value);
            self.value = value;
        }
        Ok(())
    }

    fn scalar(&mut self, reader: &mut Reader<'_>) -> Result<(), Unexpected> {
        self.value.clear();
        match reader.peek()? {
            Marker::Null => {
                reader.marker()?;
                self.value.push(NULL);
            }
            marker @ (Marker::True | Marker::False) => {
                reader.marker()?;
                encode_bool(marker == Marker::True, &mut self.value);
            }
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                encode_text(reader.str()?, &mut self.value);
            }
            _ => encode_number(reader.number()?.to_f64(), &mut self.value),
        }
        Ok(())
    }

    fn array(
        &mut self,
        reader: &mut Reader<'_>,
        place: Place,
        depth: usize,
    ) -> Result<(), Unexpected> {
        check_depth(depth)?;
        let inside = if place == Place::Field { Place::Element } else { Place::Hidden };
        let mut items = Vec::new();
        for _ in 0..reader.array()? {
            self.value(reader, inside, depth + 1)?;
            self.keep(&mut items);
        }
        self.value.clear();
        if self.composites {
            encode_array(&items, &mut self.value);
        }
        Ok(())
    }

    fn object(
        &mut self,
        reader: &mut Reader<'_>,
        place: Place,
        depth: usize,
    ) -> Result<(), Unexpected> {
        check_depth(depth)?;
        let inside = if place == Place::Hidden { Place::Hidden } else { Place::Field };
        let mut items = Vec::new();
        let mut ends = Vec::new();
        for _ in 0..reader.map()? {
            let key = reader.str()?;
            self.under(key, reader, inside, depth + 1)?;
            self.keep(&mut items);
            if self.composites {
                ends.push((key, items.len()));
            }
        }
        self.value.clear();
        if self.composites {
            let mut rest = items.as_slice();
            let mut start = 0;
            let mut pairs: Vec<_> = ends
                .into_iter()
                .filter_map(|(key, end)| {
                    let (item, others) = rest.split_at_checked(end - start)?;
                    (rest, start) = (others, end);
                    Some((key, item))
                })
                .collect();
            encode_object(&mut pairs, &mut self.value);
        }
        Ok(())
    }

    /// Keeps the value for the hash of what it is in.
    fn keep(&self, items: &mut Vec<u8>) {
        if self.composites {
            items.extend_from_slice(&(self.value.len() as u64).to_le_bytes());
            items.extend_from_slice(&self.value);
        }
    }

    fn emit(&mut self, value: &[u8]) {
        let length = self.path.len();
        self.path.push(PATH_END);
        (self.emit)(&self.path, value);
        self.path.truncate(length);
    }
}

fn check_depth(depth: usize) -> Result<(), Unexpected> {
    if depth < ATTRIBUTES_DEPTH_MAX { Ok(()) } else { Err(Unexpected("less nesting")) }
}
