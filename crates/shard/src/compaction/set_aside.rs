//! Files that could not be merged because something of them is damaged. The others are merged
//! without them, and they are tried again later, less and less often: a disk may read again what it
//! could not, and a file that stays damaged is for `repair`.

use crate::error::Error;
use std::path::{Path, PathBuf};

/// How long a file is left alone after the first failure; twice as long after each further one.
const RETRY_US_MIN: u64 = 10_000_000;
/// Never longer than this.
const RETRY_US_MAX: u64 = 3_600_000_000;

/// The files, by the numbers that segments and files of vectors share.
#[derive(Default)]
pub(crate) struct SetAside {
    files: Vec<Damaged>,
}

struct Damaged {
    number: u32,
    failures: u32,
    /// When to look at it again; nothing when it may be merged.
    retry_at_us: Option<u64>,
    error: Error,
}

impl SetAside {
    /// Takes note of why a merge failed. Whether that was damage: then the file that is named is
    /// set aside if it is one of the merged ones, and all of them if it is none.
    pub(super) fn note(&mut self, error: &Error, inputs: &[(u32, PathBuf)], now_us: u64) -> bool {
        let Error::Corrupt { file, .. } = error else { return false };
        let is_named = |(_, path): &&(u32, PathBuf)| path == file;
        let named = inputs.iter().find(is_named).map(|(number, _)| *number);
        for (number, _) in inputs {
            if named.is_none_or(|named| named == *number) {
                self.add(*number, error, now_us);
            }
        }
        !inputs.is_empty()
    }

    /// A file is damaged, once more or for the first time.
    pub(super) fn add(&mut self, number: u32, error: &Error, now_us: u64) {
        let known = self.files.iter().position(|file| file.number == number);
        let failures = known.map_or(0, |at| self.files.swap_remove(at).failures);
        let wait_us = damage_retry_us(failures);
        self.files.push(Damaged {
            number,
            failures: failures.saturating_add(1),
            retry_at_us: Some(now_us.saturating_add(wait_us)),
            error: error.clone(),
        });
    }

    /// Whether a file is not to be merged now.
    pub(super) fn holds(&self, number: u32) -> bool {
        self.files.iter().any(|file| file.number == number && file.retry_at_us.is_some())
    }

    /// The files that it is time to look at again.
    pub(super) fn due(&self, now_us: u64) -> Vec<u32> {
        let is_due = |file: &&Damaged| file.retry_at_us.is_some_and(|at_us| at_us <= now_us);
        self.files.iter().filter(is_due).map(|file| file.number).collect()
    }

    /// A file may be merged again. How often that failed before is kept in mind.
    pub(super) fn release(&mut self, number: u32) {
        for file in self.files.iter_mut().filter(|file| file.number == number) {
            file.retry_at_us = None;
        }
    }

    /// Forgets files that are not there any more.
    pub(super) fn keep(&mut self, exists: impl Fn(u32) -> bool) {
        self.files.retain(|file| exists(file.number));
    }

    /// What is wrong with the file that was set aside last.
    pub(super) fn error(&self) -> Option<&Error> {
        let held = self.files.iter().rev().find(|file| file.retry_at_us.is_some());
        held.map(|file| &file.error)
    }

    /// Microseconds until a file is due.
    pub(super) fn wait_us(&self, now_us: u64) -> Option<u64> {
        let next = self.files.iter().filter_map(|file| file.retry_at_us).min();
        next.map(|at_us| at_us.saturating_sub(now_us).max(1))
    }
}

/// What a merge reads, for [`SetAside::note`].
pub(super) fn input(number: u32, path: &Path) -> (u32, PathBuf) {
    (number, path.into())
}

/// How long what was found damaged is left alone after so many failures before.
pub(crate) fn damage_retry_us(failures: u32) -> u64 {
    (RETRY_US_MIN << failures.min(20)).min(RETRY_US_MAX)
}

#[cfg(test)]
mod tests {
    use super::{RETRY_US_MAX, RETRY_US_MIN, SetAside, input};
    use crate::error::Error;
    use std::path::Path;

    fn damage(file: &str) -> Error {
        Error::corrupt(Path::new(file), 8, "a block does not match its checksum")
    }

    #[test]
    fn the_damaged_file_is_set_aside_and_tried_again_less_and_less_often() {
        let inputs = [input(1, Path::new("a")), input(2, Path::new("b"))];
        let mut files = SetAside::default();
        assert!(files.note(&damage("b"), &inputs, 100));
        assert!(!files.holds(1));
        assert!(files.holds(2));
        assert_eq!(files.wait_us(100), Some(RETRY_US_MIN));
        let later = 100 + RETRY_US_MIN;
        assert_eq!(files.due(later - 1), []);
        assert_eq!(files.due(later), [2]);
        files.release(2);
        assert!(!files.holds(2), "it is merged again");
        assert!(files.error().is_none());
        assert_eq!(files.wait_us(later), None, "nothing to wait for");
        assert!(files.note(&damage("b"), &inputs, later));
        assert_eq!(files.wait_us(later), Some(2 * RETRY_US_MIN));
        for _ in 0..40 {
            files.add(2, &damage("b"), later);
        }
        assert_eq!(files.wait_us(later), Some(RETRY_US_MAX));
        files.keep(|number| number != 2);
        assert!(files.error().is_none());
    }

    #[test]
    fn damage_elsewhere_sets_aside_all_and_other_failures_none() {
        let inputs = [input(1, Path::new("a")), input(2, Path::new("b"))];
        let mut files = SetAside::default();
        assert!(!files.note(&Error::DiskFull { path: "a".into() }, &inputs, 0));
        assert!(files.wait_us(0).is_none());
        assert!(files.note(&damage("c"), &inputs, 0));
        assert!(files.holds(1) && files.holds(2));
    }
}
