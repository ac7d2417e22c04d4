//! The folder of a shard's sealed files, and their names.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use sutra_env::{EntryKind, Env, OpenMode, read_exact_at};
use sutra_format::sealed_file::{BLOCK_BYTES, FileKind};
use sutra_format::sealed_layout::decode_header;

const DIR: &str = "segments";
const SEGMENT: &str = ".seg";
const VECTORS: &str = ".vec";
const NUMBER_DIGITS: usize = 10;

/// Where sealed files are.
#[derive(Clone)]
pub(crate) struct SegmentDir {
    env: Env,
    path: PathBuf,
}

/// A name in the folder that one of our files has.
#[derive(Debug, Clone)]
pub(crate) struct SealedName {
    pub(crate) path: PathBuf,
}

impl SegmentDir {
    /// Of the shard in a folder. Touches nothing.
    pub(crate) fn new(env: &Env, shard: &Path) -> Self {
        Self { env: env.clone(), path: shard.join(DIR) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn segment_path(&self, number: u32) -> PathBuf {
        self.path.join(format!("{number:0NUMBER_DIGITS$}{SEGMENT}"))
    }

    pub(crate) fn vectors_path(&self, number: u32) -> PathBuf {
        self.path.join(format!("{number:0NUMBER_DIGITS$}{VECTORS}"))
    }

    /// The files whose names are ours, in order; none if there is no such folder.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn list(&self) -> Result<Vec<SealedName>> {
        let entries = match self.env.disk.list(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed.map_err(|error| Error::io(&self.path, "list", &error))?,
        };
        let files = entries.iter().filter(|entry| entry.kind == EntryKind::File);
        let ours = files.filter(|entry| Self::is_ours(&entry.name));
        Ok(ours.map(|entry| SealedName { path: self.path.join(&entry.name) }).collect())
    }

    /// The number in the name of a file, if it may be one of ours.
    pub(crate) fn number_of(path: &Path) -> Option<u32> {
        let name = path.file_name()?.to_str().filter(|name| Self::is_ours(name))?;
        name.get(..NUMBER_DIGITS)?.parse().ok()
    }

    /// Whether one of our files may have a name.
    pub(crate) fn is_ours(name: &str) -> bool {
        let digits = name.strip_suffix(SEGMENT).or_else(|| name.strip_suffix(VECTORS));
        digits.is_some_and(|digits| digits.len() == NUMBER_DIGITS && digits.parse::<u32>().is_ok())
    }

    /// Makes the names in the folder durable.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn sync(&self) -> Result<()> {
        self.env.disk.sync_dir(&self.path).map_err(|error| Error::io(&self.path, "sync", &error))
    }

    /// Refuses a file that no process of this store can have left behind.
    ///
    /// # Errors
    /// `Corrupt` when its header names another store; `Io`.
    pub(crate) fn check_orphan(&self, path: &Path, store_id: &[u8; 16]) -> Result<()> {
        let opened = self.env.disk.open(path, OpenMode::Read);
        let file = opened.map_err(|error| Error::io(path, "open", &error))?;
        let length = file.bytes().map_err(|error| Error::io(path, "look at", &error))?;
        let mut bytes = vec![0; BLOCK_BYTES.min(length as usize)];
        let read = read_exact_at(file.as_ref(), 0, &mut bytes);
        read.map_err(|error| Error::io(path, "read", &error))?;
        for kind in [FileKind::Segment, FileKind::Vectors] {
            let header = decode_header(kind, &bytes);
            if header.is_ok_and(|header| header.store_id != *store_id) {
                return Err(Error::corrupt(path, 0, "the file belongs to another store"));
            }
        }
        Ok(())
    }

    /// Removes a file, which may be gone already. Its absence need not be durable.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn remove(&self, path: &Path) -> Result<()> {
        match self.env.disk.remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io(path, "remove", &error))
            }
            _ => Ok(()),
        }
    }
}
