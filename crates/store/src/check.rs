//! Checking the files of a store: every checksum, and what they say of each other.

use crate::open::Folder;
use crate::store::Store;
use std::path::Path;
use sutra_env::Env;
use sutra_format::StoreMeta;
use sutra_shard::check::{Code, Report};
use sutra_shard::{Error, Result, StoredOptions, check_shard};

/// Checks the store in a folder that no process has open for writing, and changes nothing. Damage
/// is no error but a problem in the report.
///
/// # Errors
/// `NotAStore`; `Locked` when a process has it open; `Io` when a folder cannot be listed.
pub fn check_folder(env: &Env, path: &Path) -> Result<Report> {
    let folder = Folder { env, path };
    if !folder.exists()? {
        return Err(folder.not_a_store("there is no such folder"));
    }
    let has_shard = folder.has_shard()?;
    if !has_shard && !folder.has_meta()? {
        return Err(folder.not_a_store("the folder holds no store"));
    }
    let _lock = folder.lock(true)?;
    let mut report = Report::default();
    let Some(meta) = check_meta(&folder, &mut report)? else { return Ok(report) };
    let options = stored_options(&meta);
    report.merge(check_shard(env, &folder.shard_path(), &options)?);
    Ok(report)
}

/// What a shard's files are compared with.
pub(crate) fn stored_options(meta: &StoreMeta) -> StoredOptions {
    StoredOptions {
        store_id: meta.store_id,
        vector_dimension: meta.vector_dimension,
        metric: meta.metric,
    }
}

/// Reads the file `STORE`; nothing if it is not what it must be, which is then in the report.
fn check_meta(folder: &Folder<'_>, report: &mut Report) -> Result<Option<StoreMeta>> {
    let path = folder.meta_path();
    match folder.read_meta() {
        Ok(Some(meta)) => {
            report.files_checked += 1;
            report.bytes_checked += sutra_format::store_meta::STORE_META_BYTES as u64;
            Ok(Some(meta))
        }
        Ok(None) => {
            report.add(Code::MISSING_FILE, &path, 0, "the file is missing, and there is a shard");
            Ok(None)
        }
        Err(Error::Corrupt { file, offset, message, .. }) => {
            report.add(Code::HEADER, &file, offset, message);
            Ok(None)
        }
        Err(Error::NotAStore { path, message }) => {
            report.add(Code::NEWER_VERSION, &path, 0, message);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Store {
    /// Checks the store's own files while it is being read and written. Damage is no error but a
    /// problem in the report.
    ///
    /// # Errors
    /// `Io` when a folder cannot be listed.
    pub fn check(&self) -> Result<Report> {
        let mut report = Report::default();
        check_meta(&Folder { env: self.env(), path: self.path() }, &mut report)?;
        report.merge(self.shard().check()?);
        Ok(report)
    }
}
