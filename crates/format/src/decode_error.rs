//! What is wrong with bytes that should have been ours.

use std::fmt;

/// Bytes that do not decode. The caller adds the file; `offset` is relative to the bytes given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// Byte at which decoding stopped.
    pub offset: usize,
    /// What stands there instead of what was expected.
    pub problem: Problem,
}

/// The kinds of damage a decoder tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The bytes end before the value does.
    Truncated {
        /// Bytes the value needs from `offset` on.
        needed: usize,
    },
    /// The file does not begin with our magic: it is something else.
    Magic,
    /// A newer release wrote this.
    NewerVersion {
        /// Version found.
        found: u32,
        /// Newest version this release reads.
        supported: u32,
    },
    /// The checksum does not match the bytes.
    Checksum {
        /// Checksum stored.
        stored: u32,
        /// Checksum of the bytes found.
        computed: u32,
    },
    /// A field has a value that is never written.
    Value {
        /// Name of the field.
        field: &'static str,
    },
}

impl DecodeError {
    /// A field with a value that is never written.
    #[must_use]
    pub fn value(offset: usize, field: &'static str) -> Self {
        Self { offset, problem: Problem::Value { field } }
    }

    /// Bytes that end `needed` bytes after `offset` would be enough.
    #[must_use]
    pub fn truncated(offset: usize, needed: usize) -> Self {
        Self { offset, problem: Problem::Truncated { needed } }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            Problem::Truncated { needed } => write!(out, "{needed} more bytes were expected"),
            Problem::Magic => write!(out, "not a file of Sutra Storage"),
            Problem::NewerVersion { found, supported } => {
                write!(out, "format version {found} is newer than {supported}, the newest known")
            }
            Problem::Checksum { stored, computed } => {
                write!(out, "checksum {computed:08x} instead of {stored:08x}")
            }
            Problem::Value { field } => write!(out, "unexpected value of {field}"),
        }?;
        write!(out, " at byte {}", self.offset)
    }
}

impl std::error::Error for DecodeError {}
