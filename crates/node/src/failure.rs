//! What goes wrong on the way between JavaScript and the store, described so that
//! `src/native.ts` makes a coded error of it.

use crate::raw::panic_message;
use std::any::Any;
use sutra_format::Refusal;
use sutra_shard::Error;

/// A failed call.
pub(crate) enum Failure {
    /// The store refused or failed.
    Store(Error),
    /// The call was not as the addon's own JavaScript side makes it.
    Argument(String),
    /// The reader's state is not the newest any more: the call is to be made again, with a new one.
    Stale,
    /// A mistake in this program.
    Panic(String),
}

impl Failure {
    /// An argument that is not what it has to be.
    pub(crate) fn argument(expected: &str) -> Self {
        Self::Argument(format!("expected {expected}"))
    }

    /// A panic that was caught.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        Self::Panic(format!("internal error: {}", panic_message(panic)))
    }

    /// The error as a MessagePack map.
    pub(crate) fn describe(&self) -> Vec<u8> {
        match self {
            Self::Store(error) => describe(error),
            Self::Argument(message) => Description::new("ERR_INVALID", message).end(),
            Self::Stale => Description::new("ERR_CLOSED", "the reader is of an older state").end(),
            Self::Panic(message) => Description::new("ERR_IO", message).end(),
        }
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

/// Every code that this addon can answer.
pub(crate) const CODES: [&str; 12] = [
    "ERR_CONFIG",
    "ERR_INVALID",
    "ERR_LIMIT",
    "ERR_NOT_FOUND",
    "ERR_BUSY",
    "ERR_LOCKED",
    "ERR_CLOSED",
    "ERR_ABORTED",
    "ERR_TIMEOUT",
    "ERR_CORRUPT",
    "ERR_IO",
    "ERR_DISK_FULL",
];

fn code(error: &Error) -> &'static str {
    match error {
        Error::Config(_) | Error::NotAStore { .. } => "ERR_CONFIG",
        Error::Refused(Refusal::Invalid { .. }) => "ERR_INVALID",
        Error::Refused(Refusal::Limit { .. }) => "ERR_LIMIT",
        Error::NotFound { .. } => "ERR_NOT_FOUND",
        Error::Busy(_) => "ERR_BUSY",
        Error::Locked { .. } => "ERR_LOCKED",
        Error::Closed(_) => "ERR_CLOSED",
        Error::Aborted => "ERR_ABORTED",
        Error::TimedOut(_) => "ERR_TIMEOUT",
        Error::Corrupt { .. } => "ERR_CORRUPT",
        Error::Io { .. } => "ERR_IO",
        Error::DiskFull { .. } => "ERR_DISK_FULL",
    }
}

/// An error of the store as a MessagePack map.
pub(crate) fn describe(error: &Error) -> Vec<u8> {
    let description = Description::new(code(error), &error.to_string());
    let description = match error {
        Error::Config(problems) => match problems.first() {
            Some(problem) => description.text("field", problem.field()),
            None => description,
        },
        Error::Refused(Refusal::Limit { field, value, limit }) => {
            description.text("field", field).number("value", *value).number("limit", *limit)
        }
        Error::Refused(Refusal::Invalid { field, .. }) | Error::NotFound { field, .. } => {
            description.text("field", field)
        }
        Error::Corrupt { file, offset, .. } => {
            description.text("file", &file.to_string_lossy()).number("offset", *offset)
        }
        Error::NotAStore { path, .. } => {
            description.text("field", "path").text("file", &path.to_string_lossy())
        }
        Error::Io { path, .. } | Error::DiskFull { path } => {
            description.text("file", &path.to_string_lossy())
        }
        _ => description,
    };
    description.end()
}

/// A MessagePack map under construction: at most 15 pairs, counted in its first byte.
struct Description {
    bytes: Vec<u8>,
}

const EMPTY_MAP: u8 = 0x80;

impl Description {
    fn new(code: &str, message: &str) -> Self {
        Self { bytes: vec![EMPTY_MAP] }.text("code", code).text("message", message)
    }

    fn key(&mut self, name: &str) {
        if let Some(head) = self.bytes.first_mut() {
            *head += 1;
        }
        write_text(&mut self.bytes, name);
    }

    fn text(mut self, name: &str, text: &str) -> Self {
        self.key(name);
        write_text(&mut self.bytes, text);
        self
    }

    fn number(mut self, name: &str, number: u64) -> Self {
        self.key(name);
        write_number(&mut self.bytes, number);
        self
    }

    fn end(self) -> Vec<u8> {
        self.bytes
    }
}

/// Appends a text as MessagePack.
pub(crate) fn write_text(bytes: &mut Vec<u8>, text: &str) {
    // Writing to memory cannot fail.
    drop(rmp::encode::write_str(bytes, text));
}

/// Appends a whole number as MessagePack.
pub(crate) fn write_number(bytes: &mut Vec<u8>, number: u64) {
    drop(rmp::encode::write_uint(bytes, number));
}
