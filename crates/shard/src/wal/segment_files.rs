//! Names and making of segment files in the log's folder.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sutra_env::{Disk, EntryKind, Env, File, OpenMode, write_all_at};

const SUFFIX: &str = ".wal";
const SPARE: &str = "spare";
const SPARE_UNFINISHED: &str = "spare.tmp";
const UNFINISHED: &str = "segment.tmp";
const RECYCLED: &str = "recycled";
/// Bytes written by one step of filling a file with zeros.
pub(super) const ZERO_CHUNK_BYTES: usize = 1 << 20;

/// An open segment.
pub(super) struct SegmentFile {
    pub(super) file: Arc<dyn File>,
    pub(super) path: PathBuf,
}

/// The log's folder and how long its files are.
#[derive(Clone)]
pub struct SegmentFiles {
    env: Env,
    dir: PathBuf,
    bytes_min: u64,
    bytes_max: u64,
}

impl SegmentFiles {
    /// Describes the folder; touches nothing.
    #[must_use]
    pub fn new(env: Env, dir: PathBuf, bytes_min: u64, bytes_max: u64) -> Self {
        Self { env, dir, bytes_min, bytes_max }
    }

    pub(super) fn disk(&self) -> &dyn Disk {
        self.env.disk.as_ref()
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn path(&self, number: u32) -> PathBuf {
        self.dir.join(format!("{number:010}{SUFFIX}"))
    }

    /// Where the log begins, as long as nothing of it was removed.
    #[must_use]
    pub fn first_path(&self) -> PathBuf {
        self.path(1)
    }

    pub(super) fn spare_path(&self) -> PathBuf {
        self.dir.join(SPARE)
    }

    pub(super) fn unfinished_path(&self) -> PathBuf {
        self.dir.join(SPARE_UNFINISHED)
    }

    /// Where a segment is made when there is no spare. Not a name of the background task's.
    pub(super) fn segment_unfinished_path(&self) -> PathBuf {
        self.dir.join(UNFINISHED)
    }

    /// A segment that was given up and may be used again.
    pub(super) fn recycled_path(&self) -> PathBuf {
        self.dir.join(RECYCLED)
    }

    /// Length of an ordinary segment: doubles from the smallest to the largest, so that a small
    /// store stays small and a large one rotates rarely.
    pub(super) fn bytes_of(&self, number: u32) -> u64 {
        let doublings = number.saturating_sub(1).min(40);
        self.bytes_min.saturating_mul(1 << doublings).min(self.bytes_max).max(self.bytes_min)
    }

    /// Numbers of the segments that exist, in order.
    ///
    /// # Errors
    /// `Io`; `Corrupt` when a number is missing in between.
    pub(super) fn numbers(&self) -> Result<Vec<u32>> {
        let entries = self.disk().list(&self.dir);
        let entries = entries.map_err(|error| Error::io(&self.dir, "list", &error))?;
        let mut numbers: Vec<u32> = entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::File)
            .filter_map(|entry| entry.name.strip_suffix(SUFFIX)?.parse().ok())
            .collect();
        numbers.sort_unstable();
        for (number, next) in numbers.iter().zip(numbers.iter().skip(1)) {
            if number + 1 != *next {
                let missing = self.path(number + 1);
                return Err(Error::corrupt(&missing, 0, "this segment of the log is missing"));
            }
        }
        Ok(numbers)
    }

    /// Bytes of the segments that exist and of the spare one.
    ///
    /// # Errors
    /// `Io`.
    pub fn bytes_on_disk(&self) -> Result<u64> {
        let entries = self.disk().list(&self.dir);
        let entries = entries.map_err(|error| Error::io(&self.dir, "list", &error))?;
        Ok(entries.iter().map(|entry| entry.bytes).sum())
    }

    /// Removes files that were being made when a process ended.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn remove_unfinished(&self) -> Result<()> {
        self.remove_spares()?;
        self.remove(&self.recycled_path())?;
        self.remove(&self.segment_unfinished_path())
    }

    /// Removes a spare file, finished or not. Its absence need not be durable.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn remove_spares(&self) -> Result<()> {
        self.remove(&self.spare_path())?;
        self.remove(&self.unfinished_path())
    }

    fn remove(&self, path: &Path) -> Result<()> {
        match self.disk().remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io(path, "remove", &error))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn open_for_writing(&self, path: &Path) -> Result<SegmentFile> {
        let opened = self.disk().open(path, OpenMode::ReadWrite);
        let file = opened.map_err(|error| Error::io(path, "open", &error))?;
        Ok(SegmentFile { file, path: path.into() })
    }

    /// A file for a spare of this length under the unfinished name: one that was given up, whose
    /// blocks the disk need not find again, or a new one.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub(super) fn recycled_or_new(&self, bytes: u64) -> Result<Arc<dyn File>> {
        let path = self.unfinished_path();
        self.remove_spares()?;
        if let Some(file) = self.claim_recycled(&path, bytes) {
            return Ok(file);
        }
        self.remove_spares()?;
        self.create(&path)
    }

    /// Gives the segment that was given up the name `path`, if there is one of this length.
    ///
    /// The name first: under the old one the committer may put another file at any time, and what
    /// is open would then not be what is named. And it is durable before anything is written, or a
    /// crash could leave a segment of the log with the file's old name and new content.
    fn claim_recycled(&self, path: &Path, bytes: u64) -> Option<Arc<dyn File>> {
        self.disk().rename(&self.recycled_path(), path).ok()?;
        self.disk().sync_dir(&self.dir).ok()?;
        let file = self.disk().open(path, OpenMode::ReadWrite).ok()?;
        file.bytes().is_ok_and(|length| length == bytes).then_some(file)
    }

    /// Makes an empty file for a segment that has no name yet.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub(super) fn create(&self, path: &Path) -> Result<Arc<dyn File>> {
        let created = self.disk().open(path, OpenMode::CreateNew);
        created.map_err(|error| Error::io(path, "create", &error))
    }

    /// Makes a whole file of zeros, synced, at once. Removes it again when the disk is full.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub(super) fn create_zeroed(&self, bytes: u64) -> Result<(PathBuf, Arc<dyn File>)> {
        let path = self.segment_unfinished_path();
        self.remove(&path)?;
        let file = self.create(&path)?;
        let filled = fill_with_zeros(file.as_ref(), 0, bytes).and_then(|()| file.sync_all());
        if let Err(error) = filled {
            // The failure is what the caller must hear of, whether or not tidying up works.
            let _ = self.disk().remove_file(&path);
            return Err(Error::io(&path, "fill", &error));
        }
        Ok((path, file))
    }
}

/// Writes zeros from `start` up to `end`.
pub(super) fn fill_with_zeros(file: &dyn File, start: u64, end: u64) -> std::io::Result<()> {
    let zeros = vec![0; ZERO_CHUNK_BYTES.min((end - start) as usize)];
    let mut at = start;
    while at < end {
        let count = zeros.len().min((end - at) as usize);
        write_all_at(file, at, zeros.get(..count).unwrap_or_default())?;
        at += count as u64;
    }
    Ok(())
}
