//! Dot product and squared distance of two f32 vectors, summed in f64.
//!
//! The products of two f32 are exact in f64, so the result depends on the order of summation only
//! in the last bits, and the same two vectors give the same number wherever their rows lie.

#[cfg(not(any(miri, fuzzing)))]
use numkong::{Dot, Euclidean};

/// Sum of the products.
///
/// # Panics
/// When the lengths differ.
#[cfg(not(any(miri, fuzzing)))]
pub(super) fn dot(left: &[f32], right: &[f32]) -> f64 {
    #[expect(clippy::expect_used, reason = "both have the set's dimension, checked on entry")]
    f32::dot(left, right).expect("vectors of one dimension")
}

/// Sum of the squared differences.
///
/// # Panics
/// When the lengths differ.
#[cfg(not(any(miri, fuzzing)))]
pub(super) fn squared_distance(left: &[f32], right: &[f32]) -> f64 {
    #[expect(clippy::expect_used, reason = "both have the set's dimension, checked on entry")]
    f32::sqeuclidean(left, right).expect("vectors of one dimension")
}

/// Miri cannot call the C kernels, and a fuzzer is not linked with them (see Cargo.toml). What they
/// look for does not depend on them.
#[cfg(any(miri, fuzzing))]
pub(super) fn dot(left: &[f32], right: &[f32]) -> f64 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// See `dot`.
#[cfg(any(miri, fuzzing))]
pub(super) fn squared_distance(left: &[f32], right: &[f32]) -> f64 {
    assert_eq!(left.len(), right.len());
    let differences = left.iter().zip(right).map(|(a, b)| f64::from(*a) - f64::from(*b));
    differences.map(|difference| difference * difference).sum()
}
