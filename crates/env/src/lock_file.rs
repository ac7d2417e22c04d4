//! Locks that keep two processes out of one folder.

use std::{error, fmt, io};

/// Who else may hold the lock at the same time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LockMode {
    /// Nobody.
    Exclusive,
    /// Other shared holders.
    Shared,
}

/// A lock that is held. Dropping it lets go.
pub trait LockGuard: Send + Sync {}

/// Why a lock was not taken.
#[derive(Debug)]
pub enum LockError {
    /// Somebody else holds it.
    Held {
        /// The process that holds it, if it is known.
        pid: Option<u32>,
    },
    /// The lock file could not be used.
    Io(io::Error),
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { pid: Some(pid) } => write!(f, "held by process {pid}"),
            Self::Held { pid: None } => f.write_str("held by another process"),
            Self::Io(error) => write!(f, "lock file: {error}"),
        }
    }
}

impl error::Error for LockError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Held { .. } => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
