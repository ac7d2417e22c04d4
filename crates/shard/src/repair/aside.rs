//! The folder for what a repair does not use any more.

use super::list::NAME;
use crate::check::{ASIDE, log_number, read_file};
use crate::error::{Error, Result};
use crate::manifest_file::ManifestFile;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use sutra_env::{DirEntry, Env, replace_file};

/// A folder beside the files of the shard.
pub(super) struct Aside {
    env: Env,
    shard: PathBuf,
    number: u32,
    path: PathBuf,
}

impl Aside {
    /// The folder of the interrupted repair, also when it was moved away meanwhile. For a new
    /// repair the last one if there is nothing in it, else another one.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn open(env: &Env, shard: &Path, number: Option<u32>) -> Result<Self> {
        let number = number.map_or_else(|| free_number(env, shard), Ok)?;
        let path = path_of(shard, number);
        make_dir(env, &path)?;
        Ok(Self { env: env.clone(), shard: shard.into(), number, path })
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Copies the manifest there, unless the interrupted repair did: it is replaced in one instant.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub(super) fn keep_manifest(&self, manifest: &ManifestFile) -> Result<()> {
        let copy = self.path.join("MANIFEST");
        let entry = self.env.disk.entry(&copy);
        if entry.map_err(|error| Error::io(&copy, "look at", &error))?.is_some() {
            return self.sync();
        }
        let bytes = match read_file(&self.env, manifest.path()) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            read => read.map_err(|error| Error::io(manifest.path(), "read", &error))?,
        };
        let copied = replace_file(self.env.disk.as_ref(), &copy, &bytes);
        copied.map_err(|error| Error::io(&copy, "write", &error))
    }

    /// Removes what was written to it before anything was moved, for good.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn clear(&self) -> Result<()> {
        for name in ["MANIFEST", "MANIFEST.tmp", NAME, "LOST.tmp"] {
            let path = self.path.join(name);
            match self.env.disk.remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Error::io(&path, "remove", &error));
                }
                _ => {}
            }
        }
        self.sync()
    }

    /// Moves a file there. Durable after a sync of both folders.
    ///
    /// # Errors
    /// `Io`, also when another file has its name there: nothing is replaced but by the same.
    pub(super) fn take(&self, file: &Path) -> Result<()> {
        let target = self.path.join(file.file_name().unwrap_or_default());
        let entry = self.env.disk.entry(&target);
        let is_there = entry.map_err(|error| Error::io(&target, "look at", &error))?.is_some();
        // A crash while it was moved may have left it under both names.
        if is_there && self.read(&target)? != self.read(file)? {
            let other = std::io::Error::new(ErrorKind::AlreadyExists, "there is another file");
            return Err(Error::io(&target, "replace", &other));
        }
        let moved = self.env.disk.rename(file, &target);
        moved.map_err(|error| Error::io(file, "move away", &error))
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        read_file(&self.env, path).map_err(|error| Error::io(path, "read", &error))
    }

    /// Highest number of a segment of the log in this folder and those like it.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn log_number_max(&self) -> Result<u32> {
        let mut max = 0;
        for number in numbers(&self.env, &self.shard)? {
            let entries = list(&self.env, &path_of(&self.shard, number))?;
            let logs = entries.iter().filter_map(|entry| log_number(&entry.name));
            max = logs.max().unwrap_or_default().max(max);
        }
        Ok(max)
    }

    /// Makes the names in it durable.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn sync(&self) -> Result<()> {
        sync(&self.env, &self.path)
    }
}

/// Makes a folder, if it is missing, and its name durable.
///
/// # Errors
/// `Io`.
pub(super) fn make_dir(env: &Env, path: &Path) -> Result<()> {
    let made = env.disk.create_dir_all(path);
    made.map_err(|error| Error::io(path, "create", &error))?;
    sync(env, path.parent().unwrap_or(path))
}

/// Makes the names in a folder durable.
///
/// # Errors
/// `Io`.
pub(super) fn sync(env: &Env, dir: &Path) -> Result<()> {
    env.disk.sync_dir(dir).map_err(|error| Error::io(dir, "sync", &error))
}

/// Where the folder with a number is.
pub(super) fn path_of(shard: &Path, number: u32) -> PathBuf {
    shard.join(format!("{ASIDE}{number}"))
}

fn free_number(env: &Env, shard: &Path) -> Result<u32> {
    let last = numbers(env, shard)?.into_iter().max().unwrap_or_default();
    let is_free = last > 0 && list(env, &path_of(shard, last))?.is_empty();
    Ok(if is_free { last } else { last.saturating_add(1) })
}

fn numbers(env: &Env, shard: &Path) -> Result<Vec<u32>> {
    let number = |entry: &DirEntry| entry.name.strip_prefix(ASIDE)?.parse::<u32>().ok();
    Ok(list(env, shard)?.iter().filter_map(number).collect())
}

fn list(env: &Env, dir: &Path) -> Result<Vec<DirEntry>> {
    env.disk.list(dir).map_err(|error| Error::io(dir, "list", &error))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test looks at files behind the engine's back")]
mod tests {
    use super::*;

    /// Its owner had moved `aside-2` away, and the repair went on in the folder of an older one.
    #[test]
    fn a_repair_goes_on_in_its_own_folder_and_not_in_that_of_another_one() {
        let (env, shard) = (Env::real(), tempfile::tempdir().unwrap());
        let first = Aside::open(&env, shard.path(), None).unwrap();
        assert_eq!(first.number(), 1);
        assert_eq!(Aside::open(&env, shard.path(), None).unwrap().number(), 1, "nothing is in it");
        std::fs::write(first.path().join("0000000007.wal"), "of the first").unwrap();
        let second = Aside::open(&env, shard.path(), None).unwrap();
        assert_eq!(second.number(), 2);
        std::fs::remove_dir(second.path()).unwrap();
        let again = Aside::open(&env, shard.path(), Some(2)).unwrap();
        assert_eq!(again.path(), second.path());
        assert_eq!(again.log_number_max().unwrap(), 7, "of all folders");
    }

    #[test]
    fn a_file_replaces_nothing_but_itself() {
        let (env, shard) = (Env::real(), tempfile::tempdir().unwrap());
        let aside = Aside::open(&env, shard.path(), None).unwrap();
        let (file, there) = (shard.path().join("1.seg"), aside.path().join("1.seg"));
        for bytes in ["a file", "a file"] {
            std::fs::write(&file, bytes).unwrap();
            aside.take(&file).unwrap();
            assert!(!file.exists() && std::fs::read(&there).unwrap() == bytes.as_bytes());
        }
        std::fs::write(&file, "another one").unwrap();
        let refused = aside.take(&file).err();
        assert!(matches!(refused, Some(Error::Io { path, .. }) if path == there));
        assert_eq!(std::fs::read(&there).unwrap(), b"a file");
        assert_eq!(std::fs::read(&file).unwrap(), b"another one");
    }
}
