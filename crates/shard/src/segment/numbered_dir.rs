//! A folder of files that are made of others: each named by a number, none by a manifest.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use sutra_env::{Disk, EntryKind, Env};

const NUMBER_DIGITS: usize = 10;

/// The folder, which need not exist.
#[derive(Clone)]
pub(crate) struct NumberedDir {
    env: Env,
    path: PathBuf,
    suffix: &'static str,
}

impl NumberedDir {
    /// Of the shard in a folder. Touches nothing.
    pub(crate) fn new(env: &Env, shard: &Path, name: &str, suffix: &'static str) -> Self {
        Self { env: env.clone(), path: shard.join(name), suffix }
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        self.env.disk.as_ref()
    }

    /// Where the file with this number is.
    pub(crate) fn path_of(&self, number: u32) -> PathBuf {
        self.path.join(format!("{number:0NUMBER_DIGITS$}{}", self.suffix))
    }

    /// Numbers of the files whose names are ours, ascending; none if there is no such folder.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn list(&self) -> Result<Vec<u32>> {
        let entries = match self.env.disk.list(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed.map_err(|error| Error::io(&self.path, "list", &error))?,
        };
        let files = entries.iter().filter(|entry| entry.kind == EntryKind::File);
        let numbers = files.filter_map(|entry| file_number(&entry.name, self.suffix));
        let mut numbers: Vec<u32> = numbers.collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Makes the folder, and its name durable.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn make(&self) -> Result<()> {
        let made = self.env.disk.create_dir_all(&self.path);
        made.map_err(|error| Error::io(&self.path, "create", &error))?;
        let shard = self.path.parent().unwrap_or(&self.path);
        self.env.disk.sync_dir(shard).map_err(|error| Error::io(shard, "sync", &error))
    }

    /// Makes the names of new files durable.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn sync(&self) -> Result<()> {
        let synced = self.env.disk.sync_dir(&self.path);
        synced.map_err(|error| Error::io(&self.path, "sync", &error))
    }

    /// Removes a file, which may be gone already.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn remove(&self, number: u32) -> Result<()> {
        let path = self.path_of(number);
        match self.env.disk.remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io(&path, "remove", &error))
            }
            _ => Ok(()),
        }
    }
}

/// The number in the name of a file.
pub(crate) fn file_number(name: &str, suffix: &str) -> Option<u32> {
    let digits = name.strip_suffix(suffix).filter(|digits| digits.len() == NUMBER_DIGITS)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}
