//! Why a request is refused. A refusal changes nothing and names the field.

use std::fmt;

/// A request that must be mended before it is sent again.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// A value of the wrong type, form or range.
    Invalid {
        /// Path of the field, for example `operations[3].content`.
        field: String,
        /// What is expected.
        message: String,
    },
    /// A value over a limit.
    Limit {
        /// Path of the field.
        field: String,
        /// The value found (bytes, dimensions, operations).
        value: u64,
        /// The largest value accepted.
        limit: u64,
    },
}

impl Refusal {
    /// A value of the wrong type, form or range.
    #[must_use]
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), message: message.into() }
    }

    /// Refuses `value` when it is over `limit`.
    ///
    /// # Errors
    /// `Limit` naming the field.
    pub fn check_limit(field: &str, value: usize, limit: usize) -> Result<(), Self> {
        if value <= limit {
            return Ok(());
        }
        Err(Self::Limit { field: field.into(), value: value as u64, limit: limit as u64 })
    }

    /// The same refusal with the field named inside operation `index` of a batch.
    #[must_use]
    pub fn in_operation(self, index: usize) -> Self {
        let prefix = |field: String| format!("operations[{index}].{field}");
        match self {
            Self::Invalid { field, message } => Self::Invalid { field: prefix(field), message },
            Self::Limit { field, value, limit } => {
                Self::Limit { field: prefix(field), value, limit }
            }
        }
    }

    /// Path of the refused field.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::Invalid { field, .. } | Self::Limit { field, .. } => field,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { field, message } => write!(out, "{field}: {message}"),
            Self::Limit { field, value, limit } => {
                write!(out, "{field}: {value} is over the limit of {limit}")
            }
        }
    }
}

impl std::error::Error for Refusal {}
