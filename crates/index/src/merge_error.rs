//! Why parts could not be merged.

use std::fmt;
use sutra_format::DecodeError;

/// Why a merge stopped. What the sink got so far is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeError<E> {
    /// The sink failed.
    Sink(E),
    /// A part is damaged, or the new document numbers do not fit the parts.
    Damaged {
        /// Index of the input.
        input: usize,
        /// What is wrong with it.
        error: DecodeError,
    },
}

impl<E: fmt::Display> fmt::Display for MergeError<E> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sink(error) => error.fmt(out),
            Self::Damaged { input, error } => write!(out, "input {input} of a merge: {error}"),
        }
    }
}

impl<E: std::error::Error> std::error::Error for MergeError<E> {}
