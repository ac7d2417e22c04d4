//! The first section of a file of vectors: namespace 4 | dimension 4 | metric 1 | zero 7 = 16.

use crate::cursor::Cursor;
use crate::decode_error::DecodeError;
use crate::limits::VECTOR_DIMENSION_CONFIG_MAX;
use crate::model::Metric;

/// Length of the section.
pub const VECTOR_META_BYTES: usize = 16;
/// A row begins at a multiple of 64 bytes.
const FLOATS_PER_LINE: u32 = 16;

/// Which vectors a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VectorMeta {
    /// Number of the namespace.
    pub namespace: u32,
    /// Floats in a vector.
    pub dimension: u32,
    /// How they are compared.
    pub metric: Metric,
}

impl VectorMeta {
    /// The 16 bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(VECTOR_META_BYTES);
        bytes.extend_from_slice(&self.namespace.to_le_bytes());
        bytes.extend_from_slice(&self.dimension.to_le_bytes());
        bytes.extend_from_slice(&[self.metric.number(), 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    /// Reads the section.
    ///
    /// # Errors
    /// Anything but what [`VectorMeta::encode`] made.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        let namespace = cursor.u32()?;
        let dimension_at = cursor.offset();
        let dimension = cursor.u32()?;
        let metric_at = cursor.offset();
        let metric = match cursor.array::<8>()? {
            [number, 0, 0, 0, 0, 0, 0, 0] => Metric::from_number(number),
            _ => None,
        };
        if cursor.remaining() != 0 {
            return Err(DecodeError::value(cursor.offset(), "length of the section"));
        }
        if !(1..=VECTOR_DIMENSION_CONFIG_MAX).contains(&dimension) {
            return Err(DecodeError::value(dimension_at, "vector dimension"));
        }
        let metric = metric.ok_or_else(|| DecodeError::value(metric_at, "metric"))?;
        Ok(Self { namespace, dimension, metric })
    }
}

/// Floats from one row to the next.
#[must_use]
pub fn stride(dimension: u32) -> u32 {
    dimension.next_multiple_of(FLOATS_PER_LINE)
}

#[cfg(test)]
mod tests;
