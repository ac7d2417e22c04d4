//! What a check found wrong.

use std::fmt;

/// One thing the engine got wrong, by the checker that saw it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// Which checker saw it.
    pub checker: &'static str,
    /// What it saw, told for a reader.
    pub message: String,
}

impl Failure {
    /// A failure seen by a checker.
    pub fn new(checker: &'static str, message: impl Into<String>) -> Self {
        Self { checker, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.checker, self.message)
    }
}
