//! What a check found.

use crate::error::{Error, Result};
use std::collections::BTreeMap;
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
    /// A part of the index of texts and attributes.
    TEXT: "nothing has to be done: it is made again from the concepts",
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
        let harmless =
            [Self::ORPHAN_FILE, Self::UNKNOWN_FILE, Self::LOG_TAIL, Self::GRAPH, Self::TEXT];
        harmless.contains(&self)
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
    /// How many problems that are not harmless each file has, also those that are not listed: what
    /// is decided by them must not depend on how many there are.
    damaged: BTreeMap<PathBuf, u64>,
    /// Why the disk did not give a file, also where that is not listed.
    unreadable: BTreeMap<PathBuf, String>,
}

impl Report {
    /// Whether everything that was acknowledged is there: no problem but harmless ones.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damaged.is_empty()
    }

    /// Takes in the report of another shard.
    pub fn merge(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.files_checked += other.files_checked;
        self.bytes_checked += other.bytes_checked;
        self.concepts += other.concepts;
        self.edges += other.edges;
        self.vectors += other.vectors;
        for (file, count) in other.damaged {
            *self.damaged.entry(file).or_default() += count;
        }
        self.unreadable.extend(other.unreadable);
    }

    /// Notes a problem.
    pub fn add(&mut self, code: Code, file: &Path, offset: u64, message: impl Into<String>) {
        let message = message.into();
        if !code.is_harmless() {
            self.count_damage(file);
        }
        if code == Code::UNREADABLE {
            self.unreadable.entry(file.into()).or_insert_with(|| message.clone());
        }
        let code = if self.problems.len() < PROBLEMS_MAX { code } else { Code::MORE };
        if self.problems.len() > PROBLEMS_MAX {
            return;
        }
        self.problems.push(Problem {
            code: code.name(),
            file: Some(file.into()),
            offset: Some(offset),
            message,
            advice: code.advice().into(),
        });
    }

    fn count_damage(&mut self, file: &Path) {
        match self.damaged.get_mut(file) {
            Some(count) => *count += 1,
            None => drop(self.damaged.insert(file.into(), 1)),
        }
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
        match self.unreadable.first_key_value() {
            None => Ok(()),
            Some((file, message)) => Err(Error::Io {
                path: file.clone(),
                action: "read",
                kind: std::io::ErrorKind::Other,
                message: message.clone(),
            }),
        }
    }

    /// Forgets what was found in other files than these.
    pub(crate) fn retain_files(&mut self, is_kept: impl Fn(&Path) -> bool) {
        self.problems.retain(|problem| problem.file.as_deref().is_none_or(&is_kept));
        self.damaged.retain(|file, _| is_kept(file));
        self.unreadable.retain(|file, _| is_kept(file));
    }

    /// Whether a file below a path, or the file itself, has a problem that is not harmless.
    pub(crate) fn has_damage_in(&self, path: &Path) -> bool {
        self.damaged.keys().any(|file| file.starts_with(path))
    }

    /// Whether anything is known to be wrong with a file.
    pub(crate) fn has_problem_of(&self, file: &Path) -> bool {
        self.damaged.contains_key(file)
            || self.problems.iter().any(|problem| problem.file.as_deref() == Some(file))
    }

    /// Problems so far that are not harmless.
    pub(crate) fn damage(&self) -> u64 {
        self.damaged.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list ends, and a repair that looked only there took what came after it for sound.
    #[test]
    fn what_is_beyond_the_list_still_counts() {
        let mut report = Report::default();
        let (noisy, quiet) = (Path::new("segments/1.seg"), Path::new("wal/1.wal"));
        for at in 0..=PROBLEMS_MAX as u64 {
            report.add(Code::CHECKSUM, noisy, at, "not as written");
        }
        let before = report.damage();
        report.add(Code::LOG, quiet, 0, "damaged");
        assert!(report.damage() > before);
        assert!(report.has_damage_in(Path::new("wal")) && report.has_problem_of(quiet));
        assert!(report.refuse_unreadable().is_ok());
        let refused = std::io::Error::other("the disk says no");
        report.add_io(Path::new("segments/2.vec"), &refused);
        let unreadable = report.refuse_unreadable();
        assert!(matches!(unreadable, Err(Error::Io { path, .. }) if path.ends_with("2.vec")));
        assert_eq!(report.problems.len(), PROBLEMS_MAX + 1);
        report.retain_files(|file| file == quiet);
        assert!(report.has_damage_in(Path::new("wal")) && !report.has_damage_in(noisy));
        assert!(report.refuse_unreadable().is_ok());
    }

    #[test]
    fn more_harmless_problems_than_are_listed_are_harmless() {
        let mut report = Report::default();
        for at in 0..=PROBLEMS_MAX as u64 {
            report.add(Code::UNKNOWN_FILE, Path::new("other"), at, "no file of a store");
        }
        assert!(report.is_sound() && report.damage() == 0);
    }
}
