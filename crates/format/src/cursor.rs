//! A reader over bytes from disk that checks every step. Numbers are little-endian.

use crate::decode_error::DecodeError;

/// Position in borrowed bytes. A failed read leaves the position where it was.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
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

    /// Bytes not read yet.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// `Truncated` when fewer are left.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let end = self.at.checked_add(count);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| DecodeError::truncated(self.at, count))?;
        self.at += count;
        Ok(taken)
    }

    /// The next bytes as an array.
    ///
    /// # Errors
    /// `Truncated` when fewer than `N` are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let at = self.at;
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| DecodeError::truncated(at, N))
    }

    /// One byte.
    ///
    /// # Errors
    /// `Truncated` at the end.
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A 32-bit number.
    ///
    /// # Errors
    /// `Truncated` when fewer than 4 bytes are left.
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_le_bytes)
    }

    /// A 64-bit number.
    ///
    /// # Errors
    /// `Truncated` when fewer than 8 bytes are left.
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;
    use crate::decode_error::DecodeError;

    #[test]
    fn reads_in_order_and_refuses_past_the_end_without_moving() {
        let bytes = [1, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 9];
        let mut cursor = Cursor::new(&bytes);
        assert_eq!(cursor.u8(), Ok(1));
        assert_eq!(cursor.u32(), Ok(2));
        assert_eq!(cursor.u64(), Ok(3));
        assert_eq!(cursor.u32(), Err(DecodeError::truncated(13, 4)));
        assert_eq!(cursor.take(usize::MAX), Err(DecodeError::truncated(13, usize::MAX)));
        assert_eq!((cursor.offset(), cursor.remaining()), (13, 1));
        assert_eq!(cursor.u8(), Ok(9));
    }
}
