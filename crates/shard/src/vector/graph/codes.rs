//! What a graph compares instead of the floats of a vector.
//!
//! Whole numbers of 8 bits take a quarter of the memory and of the time. A vector of unit length
//! and many dimensions has small numbers, so each is stretched to use all of the range; under the
//! cosine metric the length of a vector does not count, so each has a scale of its own.

use sutra_format::Metric;
use sutra_format::graph_file::Quantization;

/// Largest whole number of a code.
const CODE_MAX: f32 = 127.0;

/// Makes codes for one graph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Coder {
    quantization: Quantization,
    /// What floats are multiplied with; nothing when each vector has its own scale.
    scale: Option<f32>,
}

/// A vector as the library is given it.
#[derive(Debug)]
pub(super) enum Code<'a> {
    /// The library makes shorter floats of them itself.
    Floats(&'a [f32]),
    /// Whole numbers.
    Whole(&'a [i8]),
}

impl Coder {
    /// For vectors whose largest number, whatever its sign, is `largest`.
    pub(super) fn new(quantization: Quantization, metric: Metric, largest: f32) -> Self {
        let has_own = metric == Metric::Cosine || quantization != Quantization::I8;
        let common = Some(CODE_MAX / largest).filter(|scale| scale.is_finite());
        Self { quantization, scale: if has_own { None } else { Some(common.unwrap_or(1.0)) } }
    }

    /// As it was when the graph was made, by what [`Coder::scale`] said.
    pub(super) fn of_scale(quantization: Quantization, scale: f32) -> Self {
        Self { quantization, scale: Some(scale).filter(|scale| *scale > 0.0) }
    }

    /// The common scale; 0 if there is none.
    pub(super) fn scale(&self) -> f32 {
        self.scale.unwrap_or_default()
    }

    /// The code of a vector, in `buffer` if it needs one; nothing if the vector has no direction,
    /// and the graph goes by directions only.
    pub(super) fn code<'c>(
        &self,
        floats: &'c [f32],
        metric: Metric,
        buffer: &'c mut Vec<i8>,
    ) -> Option<Code<'c>> {
        let largest = largest(floats);
        if metric == Metric::Cosine && !(CODE_MAX / largest).is_finite() {
            return None;
        }
        if self.quantization != Quantization::I8 {
            return Some(Code::Floats(floats));
        }
        let scale = self.scale.unwrap_or(CODE_MAX / largest);
        buffer.clear();
        buffer.extend(floats.iter().map(|float| {
            // A query may be larger than all vectors: it ends at the edge of the range.
            (float * scale).round().clamp(-CODE_MAX, CODE_MAX) as i8
        }));
        Some(Code::Whole(buffer))
    }
}

/// The largest number of a vector, whatever its sign.
pub(super) fn largest(floats: &[f32]) -> f32 {
    floats.iter().fold(0.0, |largest, float| float.abs().max(largest))
}

#[cfg(test)]
mod tests {
    use super::{Code, Coder};
    use sutra_format::Metric;
    use sutra_format::graph_file::Quantization;

    fn whole(coder: Coder, floats: &[f32], metric: Metric) -> Option<Vec<i8>> {
        match coder.code(floats, metric, &mut Vec::new())? {
            Code::Whole(code) => Some(code.to_vec()),
            Code::Floats(_) => None,
        }
    }

    #[test]
    fn directions_use_all_of_the_range_whatever_their_length() {
        let coder = Coder::new(Quantization::I8, Metric::Cosine, 0.0);
        assert_eq!(coder.scale().to_bits(), 0);
        for length in [1e-30_f32, 0.01, 1.0, 1e30] {
            let code = whole(coder, &[length, -length / 2.0, 0.0], Metric::Cosine);
            assert_eq!(code, Some(vec![127, -64, 0]), "{length}");
        }
        for nothing in [0.0, 1e-45] {
            assert_eq!(whole(coder, &[nothing, 0.0], Metric::Cosine), None, "{nothing}");
        }
    }

    #[test]
    fn other_metrics_have_one_scale_for_all() {
        for metric in [Metric::Dot, Metric::L2] {
            let coder = Coder::new(Quantization::I8, metric, 2.0);
            assert_eq!(whole(coder, &[2.0, -1.0], metric), Some(vec![127, -64]));
            assert_eq!(whole(coder, &[0.0, 0.0], metric), Some(vec![0, 0]));
            assert_eq!(whole(coder, &[9.0, -9.0], metric), Some(vec![127, -127]), "at the edge");
            let read = Coder::of_scale(Quantization::I8, coder.scale());
            assert_eq!(read, coder);
        }
        let coder = Coder::new(Quantization::I8, Metric::L2, 0.0);
        assert_eq!(whole(coder, &[0.0], Metric::L2), Some(vec![0]), "all vectors are zero");
    }
}
