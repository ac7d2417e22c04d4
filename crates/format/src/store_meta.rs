//! The file `STORE`: what was chosen when the store was created and never changes.
//!
//! ```text
//! magic 8 | version 4 | shards 4 | store id 16 | created 8 | vector dimension 4 | metric 1 |
//! zero 3 | checksum 4 = 52 bytes, little-endian; the checksum covers the 48 bytes before it
//! ```

use crate::FORMAT_VERSION;
use crate::checksum::crc32c;
use crate::cursor::Cursor;
use crate::decode_error::{DecodeError, Problem};
use crate::limits::VECTOR_DIMENSION_CONFIG_MAX;
use crate::model::Metric;
use crate::wal_segment::{check_checksum, check_version};

/// First bytes of the file.
pub const MAGIC: [u8; 8] = *b"SUTRA\r\n\x1a";
/// Length of the file.
pub const STORE_META_BYTES: usize = METRIC_AT + 4 + size_of::<u32>();
/// Most shards a store can have.
pub const SHARDS_MAX: u32 = 64;

const VERSION_AT: usize = MAGIC.len();
const SHARDS_AT: usize = VERSION_AT + size_of::<u32>();
const STORE_ID_AT: usize = SHARDS_AT + size_of::<u32>();
const CREATED_AT: usize = STORE_ID_AT + 16;
const DIMENSION_AT: usize = CREATED_AT + size_of::<u64>();
const METRIC_AT: usize = DIMENSION_AT + size_of::<u32>();
const _: () = assert!(STORE_META_BYTES == 52);

/// What never changes of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreMeta {
    /// Random; ties the files of a store together.
    pub store_id: [u8; 16],
    /// When it was created, in microseconds from 1970.
    pub created_us: u64,
    /// Number of shards, 1 to 64.
    pub shards: u32,
    /// Dimension of vectors in the default namespace, 1 to 4096.
    pub vector_dimension: u32,
    /// How vectors in the default namespace are compared.
    pub metric: Metric,
}

impl StoreMeta {
    /// The bytes of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(STORE_META_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.shards.to_le_bytes());
        bytes.extend_from_slice(&self.store_id);
        bytes.extend_from_slice(&self.created_us.to_le_bytes());
        bytes.extend_from_slice(&self.vector_dimension.to_le_bytes());
        bytes.extend_from_slice(&[self.metric.number(), 0, 0, 0]);
        bytes.extend_from_slice(&crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Anything but what [`StoreMeta::encode`] of this or an older format version made.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        if cursor.array::<8>()? != MAGIC {
            return Err(DecodeError { offset: 0, problem: Problem::Magic });
        }
        let version = cursor.u32()?;
        let shards = cursor.u32()?;
        let store_id = cursor.array()?;
        let created_us = cursor.u64()?;
        let vector_dimension = cursor.u32()?;
        let metric = cursor.array::<4>()?;
        check_checksum(bytes, &mut cursor)?;
        check_version(VERSION_AT, version)?;
        if cursor.remaining() != 0 {
            return Err(DecodeError::value(cursor.offset(), "length of the file"));
        }
        if !(1..=SHARDS_MAX).contains(&shards) {
            return Err(DecodeError::value(SHARDS_AT, "shards"));
        }
        if !(1..=VECTOR_DIMENSION_CONFIG_MAX).contains(&vector_dimension) {
            return Err(DecodeError::value(DIMENSION_AT, "vector dimension"));
        }
        let metric = match metric {
            [number, 0, 0, 0] => Metric::from_number(number),
            _ => None,
        };
        let metric = metric.ok_or_else(|| DecodeError::value(METRIC_AT, "metric"))?;
        Ok(Self { store_id, created_us, shards, vector_dimension, metric })
    }
}

#[cfg(test)]
mod tests;
