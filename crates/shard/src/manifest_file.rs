//! The file `MANIFEST`: which files a shard consists of, apart from its log.

use crate::error::{Error, Result};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use sutra_env::{Env, OpenMode, read_to_end, replace_file};
use sutra_format::manifest::Manifest;

const NAME: &str = "MANIFEST";

/// Where it is.
pub(crate) struct ManifestFile {
    env: Env,
    path: PathBuf,
}

impl ManifestFile {
    /// Of the shard in a folder. Touches nothing.
    pub(crate) fn new(env: &Env, shard: &Path) -> Self {
        Self { env: env.clone(), path: shard.join(NAME) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What it says; nothing if there is no such file.
    ///
    /// # Errors
    /// `Corrupt`, `Io`; `NotAStore` when a newer release wrote it.
    pub(crate) fn load(&self, store_id: &[u8; 16]) -> Result<Option<Manifest>> {
        let file = match self.env.disk.open(&self.path, OpenMode::Read) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| Error::io(&self.path, "open", &error))?,
        };
        let read = read_to_end(file.as_ref());
        let bytes = read.map_err(|error| Error::io(&self.path, "read", &error))?;
        let manifest =
            Manifest::decode(&bytes).map_err(|error| Error::undecodable(&self.path, 0, &error))?;
        if manifest.store_id != *store_id {
            return Err(Error::corrupt(&self.path, 0, "the manifest belongs to another store"));
        }
        Ok(Some(manifest))
    }

    /// Replaces it in one instant; it is on disk when this returns.
    ///
    /// # Errors
    /// `Io`, `DiskFull`: the one before or this one is on disk.
    pub(crate) fn save(&self, manifest: &Manifest) -> Result<()> {
        let saved = replace_file(self.env.disk.as_ref(), &self.path, &manifest.encode());
        saved.map_err(|error| Error::io(&self.path, "replace", &error))
    }

    /// Replaces it and leaves out a sync: that of the folder, or that of the file as well.
    #[cfg(feature = "planted-bugs")]
    pub(crate) fn save_unsynced(&self, manifest: &Manifest, syncs_file: bool) -> Result<()> {
        let disk = self.env.disk.as_ref();
        let temporary = self.path.with_extension("tmp");
        let _ = disk.remove_file(&temporary);
        let saved = disk.open(&temporary, OpenMode::CreateNew).and_then(|file| {
            sutra_env::write_all_at(file.as_ref(), 0, &manifest.encode())?;
            if syncs_file { file.sync_all() } else { Ok(()) }
        });
        let saved = saved.and_then(|()| disk.rename(&temporary, &self.path));
        saved.map_err(|error| Error::io(&self.path, "replace", &error))
    }

    /// Removes it. Its absence need not be durable.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn remove(&self) -> Result<()> {
        match self.env.disk.remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::io(&self.path, "remove", &error))
            }
            _ => Ok(()),
        }
    }
}
