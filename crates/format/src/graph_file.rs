//! The first section of a graph's file.
//!
//! ```text
//! namespace 4 | dimension 4 | metric 1 | quantization 1 | zero 2 | connectivity 4 |
//! expansion 4 | scale 4 | zero 8 = 32
//! ```

use crate::cursor::Cursor;
use crate::decode_error::DecodeError;
use crate::limits::VECTOR_DIMENSION_CONFIG_MAX;
use crate::model::Metric;

/// Length of the section.
pub const GRAPH_META_BYTES: usize = 32;

/// What a graph compares instead of the floats themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Quantization {
    /// The floats.
    F32,
    /// Floats of half the length.
    F16,
    /// Whole numbers from -127 to 127.
    #[default]
    I8,
}

impl Quantization {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::I8];

    /// Its name in options and statistics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::I8 => "i8",
        }
    }

    /// Its number in files.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::I8 => 2,
        }
    }

    /// The one with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|quantization| quantization.number() == number)
    }
}

/// What a graph is of, and how it was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GraphMeta {
    /// Number of the namespace.
    pub namespace: u32,
    /// Floats in a vector.
    pub dimension: u32,
    /// How they are compared.
    pub metric: Metric,
    /// What the graph compares.
    pub quantization: Quantization,
    /// Neighbours of a vector above the lowest level.
    pub connectivity: u32,
    /// Candidates looked at when a vector was added.
    pub expansion: u32,
    /// What floats were multiplied with to make whole numbers of them; 0 if each vector has its
    /// own.
    pub scale: f32,
}

impl GraphMeta {
    /// The 32 bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(GRAPH_META_BYTES);
        bytes.extend_from_slice(&self.namespace.to_le_bytes());
        bytes.extend_from_slice(&self.dimension.to_le_bytes());
        bytes.extend_from_slice(&[self.metric.number(), self.quantization.number(), 0, 0]);
        bytes.extend_from_slice(&self.connectivity.to_le_bytes());
        bytes.extend_from_slice(&self.expansion.to_le_bytes());
        bytes.extend_from_slice(&self.scale.to_le_bytes());
        bytes.resize(GRAPH_META_BYTES, 0);
        bytes
    }

    /// Reads the section.
    ///
    /// # Errors
    /// Anything but what [`GraphMeta::encode`] made.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        let namespace = cursor.u32()?;
        let dimension_at = cursor.offset();
        let dimension = cursor.u32()?;
        let kinds_at = cursor.offset();
        let [metric, quantization, zeros @ ..] = cursor.array::<4>()?;
        let connectivity = cursor.u32()?;
        let expansion = cursor.u32()?;
        let scale_at = cursor.offset();
        let scale = f32::from_le_bytes(cursor.array::<4>()?);
        let rest_at = cursor.offset();
        let rest = cursor.array::<8>()?;
        if zeros != [0; 2] || rest != [0; 8] || cursor.remaining() != 0 {
            return Err(DecodeError::value(rest_at, "length of the section"));
        }
        if !(1..=VECTOR_DIMENSION_CONFIG_MAX).contains(&dimension) {
            return Err(DecodeError::value(dimension_at, "vector dimension"));
        }
        if !(scale.is_finite() && scale >= 0.0) {
            return Err(DecodeError::value(scale_at, "scale"));
        }
        let metric = Metric::from_number(metric);
        let metric = metric.ok_or_else(|| DecodeError::value(kinds_at, "metric"))?;
        let quantization = Quantization::from_number(quantization)
            .ok_or_else(|| DecodeError::value(kinds_at + 1, "quantization"))?;
        Ok(Self { namespace, dimension, metric, quantization, connectivity, expansion, scale })
    }
}

#[cfg(test)]
mod tests {
    use super::{GRAPH_META_BYTES, GraphMeta, Quantization};
    use crate::model::Metric;

    const META: GraphMeta = GraphMeta {
        namespace: 3,
        dimension: 768,
        metric: Metric::L2,
        quantization: Quantization::F16,
        connectivity: 16,
        expansion: 128,
        scale: 0.5,
    };

    #[test]
    fn what_was_encoded_is_read_and_nothing_else() {
        let bytes = META.encode();
        assert_eq!(bytes.len(), GRAPH_META_BYTES);
        assert_eq!(GraphMeta::decode(&bytes), Ok(META));
        for length in 0..GRAPH_META_BYTES {
            assert!(GraphMeta::decode(bytes.get(..length).unwrap_or_default()).is_err());
        }
        for (at, value) in [(8, 9), (9, 3), (10, 1), (23, 0xff), (31, 1)] {
            let mut bytes = bytes.clone();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            assert!(GraphMeta::decode(&bytes).is_err(), "{value} at {at}");
        }
    }
}
