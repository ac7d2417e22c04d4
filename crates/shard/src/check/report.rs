//! What a check found.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use sutra_format::DecodeError;
use sutra_format::decode_error::Problem as DecodeProblem;

/// More problems than these are counted in the last one and not listed: a file of garbage has one
/// in every block.
const PROBLEMS_MAX: usize = 10_000;

/// Names of what can be wrong. They never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(&'static str);

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident: $advice:expr,)*) => {
        impl Code {
            $($(#[doc = $doc])* pub const $name: Self = Self(stringify!($name));)*

            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// What to do about it.
            #[must_use]
            pub fn advice(self) -> &'static str {
                match self.0 {
                    $(stringify!($name) => $advice,)*
                    _ => RESTORE,
                }
            }
        }
    };
}

const RESTORE: &str = "restore the folder from a backup, or see what `repair` can save";
const NOTHING: &str = "nothing has to be done: the store takes care of it when it is next opened";

codes! {
    /// Bytes are not those that were written.
    CHECKSUM: RESTORE,
    /// A file that is named elsewhere is not there.
    MISSING_FILE: RESTORE,
    /// A file that a process left behind, which nothing needs.
    ORPHAN_FILE: NOTHING,
    /// A name that no file of a store has.
    UNKNOWN_FILE: "look at what it is; the store does not touch it",
    /// A file of another store.
    WRONG_STORE: "put the file back to where it came from",
    /// A newer release wrote the file.
    NEWER_VERSION: "check it with the release that wrote it",
    /// The disk did not give the file.
    UNREADABLE: "look at the disk and at the rights of the file",
    /// The manifest contradicts itself or is none.
    MANIFEST: RESTORE,
    /// A file says of itself what it cannot be, or other than the manifest does.
    HEADER: RESTORE,
    /// A part of a file has another length or number of entries than it must have.
    SECTION: RESTORE,
    /// Concepts of a segment are not in the order of hash and id.
    SEGMENT_ORDER: RESTORE,
    /// The directory or a filter of a segment does not find what is there.
    INDEX: RESTORE,
    /// A version of a concept is not what it must be.
    RECORD: RESTORE,
    /// An association is not what it must be.
    EDGE: RESTORE,
    /// Source and target of an association do not say the same of it.
    EDGE_HALF: RESTORE,
    /// The end of an association that nothing older holds.
    EDGE_END: RESTORE,
    /// An association with a concept that does not exist.
    DANGLING: RESTORE,
    /// Labels or namespaces do not read, or are not those counted.
    NAMES: RESTORE,
    /// Times of commits are not in order.
    COMMITS: RESTORE,
    /// A concept's vector is not there, or is another concept's.
    ROW: RESTORE,
    /// The manifest counts otherwise than what is there.
    COUNT: RESTORE,
    /// The log is damaged, or something of it is missing.
    LOG: RESTORE,
    /// A write that never finished, behind the end of the log: none of it was acknowledged.
    LOG_TAIL: NOTHING,
    /// A repair was interrupted.
    REPAIR: "run the repair again: it goes on where it was interrupted",
    /// A graph over vectors is damaged: searches do without it.
    GRAPH: "nothing has to be done: it is made again from the vectors",
    /// There are more problems than are listed.
    MORE: RESTORE,
}

impl Code {
    /// As in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0
    }

    /// Whether the store is sound all the same: everything that was acknowledged is there, and
    /// opening it tidies up.
    #[must_use]
    pub fn is_harmless(self) -> bool {
        [Self::ORPHAN_FILE, Self::UNKNOWN_FILE, Self::LOG_TAIL, Self::GRAPH].contains(&self)
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the kind of problem, one of [`Code`].
    pub code: &'static str,
    /// The file, where it is one.
    pub file: Option<PathBuf>,
    /// Byte at which it shows.
    pub offset: Option<u64>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub advice: String,
}

impl Problem {
    /// As [`Code::is_harmless`].
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        Code::ALL.iter().any(|code| code.name() == self.code && code.is_harmless())
    }
}

/// What was looked at, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// In the order found.
    pub problems: Vec<Problem>,
    /// Files read.
    pub files_checked: u64,
    /// Bytes read of them.
    pub bytes_checked: u64,
    /// Concepts that exist in the segments.
    pub concepts: u64,
    /// Associations that exist in the segments.
    pub edges: u64,
    /// Concepts with a vector among them.
    pub vectors: u64,
}

impl Report {
    /// Whether everything that was acknowledged is there: no problem but harmless ones.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.iter().all(Problem::is_harmless)
    }

    /// Takes in the report of another shard.
    pub fn merge(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.files_checked += other.files_checked;
        self.bytes_checked += other.bytes_checked;
        self.concepts += other.concepts;
        self.edges += other.edges;
        self.vectors += other.vectors;
    }

    /// Notes a problem.
    pub fn add(&mut self, code: Code, file: &Path, offset: u64, message: impl Into<String>) {
        let code = if self.problems.len() < PROBLEMS_MAX { code } else { Code::MORE };
        if self.problems.len() > PROBLEMS_MAX {
            return;
        }
        self.problems.push(Problem {
            code: code.name(),
            file: Some(file.into()),
            offset: Some(offset),
            message: message.into(),
            advice: code.advice().into(),
        });
    }

    /// Notes that a file does not decode; `code` for what is neither damage nor news.
    pub(crate) fn add_undecodable(
        &mut self,
        code: Code,
        file: &Path,
        base: u64,
        error: &DecodeError,
    ) {
        let code = match error.problem {
            DecodeProblem::Checksum { .. } => Code::CHECKSUM,
            DecodeProblem::NewerVersion { .. } => Code::NEWER_VERSION,
            _ => code,
        };
        self.add(code, file, base.saturating_add(error.offset as u64), error.to_string());
    }

    /// Notes that the disk did not give a file.
    pub(crate) fn add_io(&mut self, file: &Path, error: &std::io::Error) {
        let is_missing = error.kind() == std::io::ErrorKind::NotFound;
        let code = if is_missing { Code::MISSING_FILE } else { Code::UNREADABLE };
        self.add(code, file, 0, error.to_string());
    }

    /// Notes an error of the engine.
    pub(crate) fn add_error(&mut self, code: Code, file: &Path, error: &Error) {
        match error {
            Error::Corrupt { file, offset, message, .. } => self.add(code, file, *offset, message),
            Error::NotAStore { path, message } => {
                self.add(Code::NEWER_VERSION, path, 0, message);
            }
            Error::Io { path, kind, .. } => {
                let is_missing = *kind == std::io::ErrorKind::NotFound;
                let code = if is_missing { Code::MISSING_FILE } else { Code::UNREADABLE };
                self.add(code, path, 0, error.to_string());
            }
            error => self.add(code, file, 0, error.to_string()),
        }
    }

    /// Refuses to go on when the disk did not give a file: what is in it is unknown, not lost.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn refuse_unreadable(&self) -> Result<()> {
        let unreadable = |problem: &&Problem| problem.code == Code::UNREADABLE.name();
        match self.problems.iter().find(unreadable) {
            None => Ok(()),
            Some(problem) => Err(Error::Io {
                path: problem.file.clone().unwrap_or_default(),
                action: "read",
                kind: std::io::ErrorKind::Other,
                message: problem.message.clone(),
            }),
        }
    }

    /// Problems so far that are not harmless.
    pub(crate) fn damage(&self) -> usize {
        self.problems.iter().filter(|problem| !problem.is_harmless()).count()
    }
}
