//! Saving what can be read of a damaged store.

use crate::check::stored_options;
use crate::open::Folder;
use std::path::Path;
use sutra_env::Env;
use sutra_shard::repair::Repair;
use sutra_shard::{Error, Result, repair_shard};

/// Finds out what can be saved of the store in a folder that no process has open, and what is lost;
/// with `confirm`, does it. See [`repair_shard`].
///
/// # Errors
/// `NotAStore`; `Locked` when a process has it open; `Corrupt` when the file `STORE` is damaged or
/// missing: without it the files cannot be told from those of another store. `Io`, `DiskFull`.
pub fn repair_folder(env: &Env, path: &Path, confirm: bool) -> Result<Repair> {
    let folder = Folder { env, path };
    if !folder.exists()? {
        return Err(folder.not_a_store("there is no such folder"));
    }
    if !folder.has_shard()? && !folder.has_meta()? {
        return Err(folder.not_a_store("the folder holds no store"));
    }
    let _lock = folder.lock(!confirm)?;
    let meta = folder.read_meta()?.ok_or_else(|| {
        Error::corrupt(&folder.meta_path(), 0, "the file is missing, and there is a shard")
    })?;
    repair_shard(env, &folder.shard_path(), &stored_options(&meta), confirm)
}
