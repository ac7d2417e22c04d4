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
    use crate::arbitrary::config;
    use crate::decode_error::DecodeError;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(config(256))]

        /// Against the plain slice: each read gives the next bytes, or fails and does not move.
        #[test]
        fn any_reads_agree_with_the_slice(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
            reads in proptest::collection::vec((0..4_usize, any::<prop::sample::Index>()), 0..20),
        ) {
            let mut cursor = Cursor::new(&bytes);
            let mut at = 0;
            for (kind, count) in reads {
                let count = [1, 4, 8, count.index(50)][kind];
                let expected = bytes.get(at..at + count);
                let read = match kind {
                    0 => cursor.u8().map(|number| vec![number]),
                    1 => cursor.u32().map(|number| number.to_le_bytes().to_vec()),
                    2 => cursor.u64().map(|number| number.to_le_bytes().to_vec()),
                    _ => cursor.take(count).map(<[u8]>::to_vec),
                };
                let refused = DecodeError::truncated(at, count);
                prop_assert_eq!(read, expected.map(<[u8]>::to_vec).ok_or(refused));
                at += expected.map_or(0, <[u8]>::len);
                prop_assert_eq!((cursor.offset(), cursor.remaining()), (at, bytes.len() - at));
            }
        }
    }

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
