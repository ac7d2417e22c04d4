//! What can go wrong, as few kinds as tell the caller what to do next.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use sutra_format::{DecodeError, Refusal};

/// Result of the engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the engine. After every kind but `Io`, nothing of the request was written.
#[derive(Debug, Clone)]
pub enum Error {
    /// Mend the options: one message for each problem.
    Config(Vec<Refusal>),
    /// Mend the request.
    Refused(Refusal),
    /// Something the request names is not there.
    NotFound {
        /// Path of the field that names it.
        field: String,
        /// What is missing.
        message: String,
    },
    /// Wait and try again.
    Busy(String),
    /// Another process owns the folder.
    Locked {
        /// Its process id, where known.
        pid: Option<u32>,
    },
    /// The store is closed, or refuses writes after a failed write until it is opened again.
    Closed(String),
    /// The caller cancelled.
    Aborted,
    /// The time limit passed.
    TimedOut(String),
    /// The files hold what was never written. Nothing was changed.
    Corrupt {
        /// The damaged file.
        file: PathBuf,
        /// Byte at which the damage shows.
        offset: u64,
        /// What is wrong.
        message: String,
        /// What to do.
        advice: String,
    },
    /// The folder is not one this release can open.
    NotAStore {
        /// The folder or file.
        path: PathBuf,
        /// What it is instead.
        message: String,
    },
    /// The disk refused. For a write: whether it survives is known only after reopening.
    Io {
        /// File or folder.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// Kind of failure, as the operating system has it.
        kind: io::ErrorKind,
        /// Its own words.
        message: String,
    },
    /// No room on the disk for the write; nothing was written, it can be tried again.
    DiskFull {
        /// File that could not grow.
        path: PathBuf,
    },
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl Error {
    /// Wraps a failure of the disk; a full disk is told apart.
    #[must_use]
    pub fn io(path: &Path, action: &'static str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path: path.into() }
            }
            kind => Self::Io { path: path.into(), action, kind, message: error.to_string() },
        }
    }

    /// Damage in a file.
    #[must_use]
    pub fn corrupt(file: &Path, offset: u64, message: impl Into<String>) -> Self {
        let advice = "restore the folder from a backup; nothing was changed".into();
        Self::Corrupt { file: file.into(), offset, message: message.into(), advice }
    }

    /// Bytes of a file that do not decode; a newer version is told apart from damage.
    #[must_use]
    pub fn undecodable(file: &Path, base: u64, error: &DecodeError) -> Self {
        use sutra_format::decode_error::Problem;
        match error.problem {
            Problem::NewerVersion { .. } => {
                let message = format!("{error}: open it with a newer release");
                Self::NotAStore { path: file.into(), message }
            }
            _ => Self::corrupt(file, base + error.offset as u64, error.to_string()),
        }
    }

    /// Whether the request certainly left nothing behind.
    #[must_use]
    pub fn nothing_was_written(&self) -> bool {
        !matches!(self, Self::Io { .. })
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(problems) => {
                let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                out.write_str(&problems.join("; "))
            }
            Self::Refused(refusal) => refusal.fmt(out),
            Self::NotFound { field, message } => write!(out, "{field}: {message}"),
            Self::Busy(message) | Self::Closed(message) | Self::TimedOut(message) => {
                out.write_str(message)
            }
            Self::Locked { pid: Some(pid) } => {
                write!(out, "the store is open in another process, pid {pid}")
            }
            Self::Locked { pid: None } => out.write_str("the store is open in another process"),
            Self::Aborted => out.write_str("cancelled by the caller"),
            Self::Corrupt { file, offset, message, advice } => {
                write!(out, "{} at byte {offset}: {message}; {advice}", file.display())
            }
            Self::NotAStore { path, message } => write!(out, "{}: {message}", path.display()),
            Self::Io { path, action, message, .. } => {
                write!(out, "cannot {action} {}: {message}", path.display())
            }
            Self::DiskFull { path } => write!(out, "no space left for {}", path.display()),
        }
    }
}

impl std::error::Error for Error {}
