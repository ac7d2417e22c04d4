//! A MessagePack reader over borrowed bytes, as strict as a decoder of foreign bytes must be: every
//! length is checked against the bytes that are there before anything is sliced.
//!
//! Numbers in MessagePack are big-endian; that is the only big-endian place in the formats.

use rmp::Marker;

/// The bytes are not the MessagePack value that was expected; says what was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unexpected(pub &'static str);

/// Position in MessagePack bytes.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A number as it stands in the bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A whole number that is not negative.
    Unsigned(u64),
    /// A negative whole number.
    Signed(i64),
    /// A fraction; may be infinite or not a number.
    Float(f64),
}

const SHORT: Unexpected = Unexpected("more bytes");

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes read so far.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Whether every byte was read.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The bytes from `start`, an earlier offset, to here.
    #[must_use]
    pub fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// The marker of the next value, which is not read yet.
    ///
    /// # Errors
    /// When no byte is left.
    pub fn peek(&self) -> Result<Marker, Unexpected> {
        self.bytes.get(self.at).map(|byte| Marker::from_u8(*byte)).ok_or(SHORT)
    }

    /// Reads a nil; gives false and stays when the next value is something else.
    ///
    /// # Errors
    /// When no byte is left.
    pub fn nil(&mut self) -> Result<bool, Unexpected> {
        let is_nil = self.peek()? == Marker::Null;
        self.at += usize::from(is_nil);
        Ok(is_nil)
    }

    /// Length of an array whose elements follow.
    ///
    /// # Errors
    /// When the next value is no array.
    pub fn array(&mut self) -> Result<usize, Unexpected> {
        match self.marker()? {
            Marker::FixArray(length) => Ok(usize::from(length)),
            Marker::Array16 => self.length::<2>(),
            Marker::Array32 => self.length::<4>(),
            _ => Err(Unexpected("an array")),
        }
    }

    /// Number of pairs of a map whose keys and values follow.
    ///
    /// # Errors
    /// When the next value is no map.
    pub fn map(&mut self) -> Result<usize, Unexpected> {
        match self.marker()? {
            Marker::FixMap(length) => Ok(usize::from(length)),
            Marker::Map16 => self.length::<2>(),
            Marker::Map32 => self.length::<4>(),
            _ => Err(Unexpected("an object")),
        }
    }

    /// A string, checked to be UTF-8.
    ///
    /// # Errors
    /// When the next value is no string or not UTF-8.
    pub fn str(&mut self) -> Result<&'a str, Unexpected> {
        let length = match self.marker()? {
            Marker::FixStr(length) => usize::from(length),
            Marker::Str8 => self.length::<1>()?,
            Marker::Str16 => self.length::<2>()?,
            Marker::Str32 => self.length::<4>()?,
            _ => return Err(Unexpected("a string")),
        };
        std::str::from_utf8(self.take(length)?).map_err(|_| Unexpected("well-formed text"))
    }

    /// Raw bytes.
    ///
    /// # Errors
    /// When the next value is no byte string.
    pub fn bin(&mut self) -> Result<&'a [u8], Unexpected> {
        let length = match self.marker()? {
            Marker::Bin8 => self.length::<1>()?,
            Marker::Bin16 => self.length::<2>()?,
            Marker::Bin32 => self.length::<4>()?,
            _ => return Err(Unexpected("bytes")),
        };
        self.take(length)
    }

    /// A number of any width.
    ///
    /// # Errors
    /// When the next value is no number.
    pub fn number(&mut self) -> Result<Number, Unexpected> {
        Ok(match self.marker()? {
            Marker::FixPos(value) => Number::Unsigned(u64::from(value)),
            Marker::U8 => Number::Unsigned(u64::from(u8::from_be_bytes(self.array_of()?))),
            Marker::U16 => Number::Unsigned(u64::from(u16::from_be_bytes(self.array_of()?))),
            Marker::U32 => Number::Unsigned(u64::from(u32::from_be_bytes(self.array_of()?))),
            Marker::U64 => Number::Unsigned(u64::from_be_bytes(self.array_of()?)),
            Marker::FixNeg(value) => signed(i64::from(value)),
            Marker::I8 => signed(i64::from(i8::from_be_bytes(self.array_of()?))),
            Marker::I16 => signed(i64::from(i16::from_be_bytes(self.array_of()?))),
            Marker::I32 => signed(i64::from(i32::from_be_bytes(self.array_of()?))),
            Marker::I64 => signed(i64::from_be_bytes(self.array_of()?)),
            Marker::F32 => Number::Float(f64::from(f32::from_be_bytes(self.array_of()?))),
            Marker::F64 => Number::Float(f64::from_be_bytes(self.array_of()?)),
            _ => return Err(Unexpected("a number")),
        })
    }

    /// A whole number that is not negative.
    ///
    /// # Errors
    /// When the next value is something else.
    pub fn unsigned(&mut self) -> Result<u64, Unexpected> {
        match self.number() {
            Ok(Number::Unsigned(value)) => Ok(value),
            _ => Err(Unexpected("a whole number that is not negative")),
        }
    }

    /// A marker byte.
    ///
    /// # Errors
    /// When no byte is left.
    pub fn marker(&mut self) -> Result<Marker, Unexpected> {
        let marker = self.peek()?;
        self.at += 1;
        Ok(marker)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Unexpected> {
        let end = self.at.checked_add(count).ok_or(SHORT)?;
        let taken = self.bytes.get(self.at..end).ok_or(SHORT)?;
        self.at = end;
        Ok(taken)
    }

    fn array_of<const N: usize>(&mut self) -> Result<[u8; N], Unexpected> {
        self.take(N)?.try_into().map_err(|_| SHORT)
    }

    fn length<const N: usize>(&mut self) -> Result<usize, Unexpected> {
        Ok(self.take(N)?.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)))
    }
}

/// Writers may use a signed width for a value that is not negative.
fn signed(value: i64) -> Number {
    u64::try_from(value).map_or(Number::Signed(value), Number::Unsigned)
}

impl Number {
    /// The value as a fraction; whole numbers over 2^53 lose their last digits.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "callers compute in doubles as well")]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Unsigned(value) => value as f64,
            Self::Signed(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    /// The value as a whole number, if it is one in range.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked just before")]
    pub fn to_i64(self) -> Option<i64> {
        const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
        match self {
            Self::Unsigned(value) => i64::try_from(value).ok(),
            Self::Signed(value) => Some(value),
            Self::Float(value) if value.fract() == 0.0 && value.abs() <= EXACT => {
                Some(value as i64)
            }
            Self::Float(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
