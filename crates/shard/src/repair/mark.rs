//! The file `REPAIR`: there from before the first change of a repair until everything is in its
//! place.
//!
//! ```text
//! manifest | number of the folder beside 4 | 1 if files are being moved there 4 | checksum 4
//! ```

use crate::check::read_file;
use crate::error::{Error, Result};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use sutra_env::{Env, replace_file};
use sutra_format::checksum::crc32c;
use sutra_format::manifest::Manifest;
use sutra_format::{Cursor, DecodeError};

const NAME: &str = "REPAIR";
const TEMPORARY: &str = "REPAIR.tmp";
const NUMBERS_BYTES: usize = 2 * size_of::<u32>();

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    /// What the repair began with.
    pub(super) manifest: Manifest,
    /// Number of the folder for what is not used any more.
    pub(super) aside: u32,
    /// The manifest names what is kept: only moving is left to do.
    pub(super) is_moving: bool,
}

impl Mark {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = self.manifest.encode();
        let mut numbers = self.aside.to_le_bytes().to_vec();
        numbers.extend_from_slice(&u32::from(self.is_moving).to_le_bytes());
        bytes.extend_from_slice(&numbers);
        bytes.extend_from_slice(&crc32c(&numbers).to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> std::result::Result<Self, DecodeError> {
        let end = bytes.len().saturating_sub(NUMBERS_BYTES + size_of::<u32>());
        let (manifest, numbers) = bytes.split_at_checked(end).unwrap_or_default();
        let manifest = Manifest::decode(manifest)?;
        let computed = crc32c(numbers.get(..NUMBERS_BYTES).unwrap_or_default());
        let mut cursor = Cursor::new(numbers);
        let (aside, is_moving) = (cursor.u32()?, cursor.u32()? == 1);
        if cursor.u32()? != computed {
            return Err(DecodeError::value(end, "checksum of the numbers"));
        }
        Ok(Self { manifest, aside, is_moving })
    }
}

/// Where it is.
pub(crate) struct MarkFile {
    env: Env,
    path: PathBuf,
}

impl MarkFile {
    /// Of the shard in a folder. Touches nothing.
    pub(crate) fn new(env: &Env, shard: &Path) -> Self {
        Self { env: env.clone(), path: shard.join(NAME) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is such a file, whatever it says.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn exists(&self) -> Result<bool> {
        self.is_there(&self.path)
    }

    fn is_there(&self, path: &Path) -> Result<bool> {
        let entry = self.env.disk.entry(path);
        Ok(entry.map_err(|error| Error::io(path, "look at", &error))?.is_some())
    }

    /// What it says; nothing if there is no such file.
    ///
    /// # Errors
    /// `Corrupt`, `Io`; `NotAStore` when a newer release wrote it.
    pub(super) fn load(&self, store_id: &[u8; 16]) -> Result<Option<Mark>> {
        let bytes = match read_file(&self.env, &self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| Error::io(&self.path, "read", &error))?,
        };
        let decoded = Mark::decode(&bytes);
        let mark = decoded.map_err(|error| Error::undecodable(&self.path, 0, &error))?;
        if mark.manifest.store_id != *store_id {
            return Err(Error::corrupt(&self.path, 0, "the mark belongs to another store"));
        }
        Ok(Some(mark))
    }

    /// Replaces it in one instant; it is on disk when this returns.
    ///
    /// # Errors
    /// `Io`, `DiskFull`: the one before or this one is on disk.
    pub(super) fn save(&self, mark: &Mark) -> Result<()> {
        let saved = replace_file(self.env.disk.as_ref(), &self.path, &mark.encode());
        saved.map_err(|error| Error::io(&self.path, "replace", &error))
    }

    /// Removes it. Its absence need not be durable.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn remove(&self) -> Result<()> {
        self.remove_file(&self.path)
    }

    /// Removes what a crash left of a mark that was being written.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn remove_temporary(&self) -> Result<()> {
        let temporary = self.path.with_file_name(TEMPORARY);
        if self.is_there(&temporary)? { self.remove_file(&temporary) } else { Ok(()) }
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        match self.env.disk.remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::io(path, "remove", &error))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_written_and_not_when_a_byte_of_it_changed() {
        let manifest = Manifest { generation: 7, next_file_number: 1, ..Manifest::default() };
        for is_moving in [false, true] {
            let mark = Mark { manifest: manifest.clone(), aside: 3, is_moving };
            let bytes = mark.encode();
            assert_eq!(Mark::decode(&bytes).unwrap(), mark);
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                assert!(Mark::decode(&changed).is_err(), "byte {at}");
                assert!(Mark::decode(&bytes[..at]).is_err(), "cut at {at}");
            }
        }
    }
}
