//! The folder for what a repair does not use any more.

use crate::check::{ASIDE, log_number, read_file};
use crate::error::{Error, Result};
use crate::manifest_file::ManifestFile;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use sutra_env::{DirEntry, Env, replace_file};

/// A folder beside the files of the shard.
pub(super) struct Aside {
    env: Env,
    path: PathBuf,
}

impl Aside {
    /// The folder of the repair that goes on. For a new repair the last one if there is nothing in
    /// it, else another one.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn open(env: &Env, shard: &Path, is_continued: bool) -> Result<Self> {
        let entries = list(env, shard)?;
        let number = |entry: &DirEntry| entry.name.strip_prefix(ASIDE)?.parse::<u32>().ok();
        let last = entries.iter().filter_map(number).max().unwrap_or_default();
        let folder = |number: u32| shard.join(format!("{ASIDE}{number}"));
        let is_ours = last > 0 && (is_continued || list(env, &folder(last))?.is_empty());
        let path = folder(if is_ours { last } else { last.saturating_add(1) });
        make_dir(env, &path)?;
        Ok(Self { env: env.clone(), path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Copies the manifest there, unless the interrupted repair did: it is replaced in one instant.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub(super) fn keep_manifest(&self, manifest: &ManifestFile) -> Result<()> {
        let copy = self.manifest_path();
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

    /// Where the copy of the manifest is.
    pub(super) fn manifest_path(&self) -> PathBuf {
        self.path.join("MANIFEST")
    }

    /// Moves a file there. Durable after a sync of both folders.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn take(&self, file: &Path) -> Result<()> {
        let name = file.file_name().unwrap_or_default();
        let moved = self.env.disk.rename(file, &self.path.join(name));
        moved.map_err(|error| Error::io(file, "move away", &error))
    }

    /// Highest number of a segment of the log there.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn log_number_max(&self) -> Result<u32> {
        let entries = list(&self.env, &self.path)?;
        Ok(entries.iter().filter_map(|entry| log_number(&entry.name)).max().unwrap_or_default())
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

fn list(env: &Env, dir: &Path) -> Result<Vec<DirEntry>> {
    env.disk.list(dir).map_err(|error| Error::io(dir, "list", &error))
}
