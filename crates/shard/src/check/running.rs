//! Checking a shard that is open: its files as they were when the check began. They are kept for as
//! long as it takes, and nobody waits for it.

use super::derived::check_derived_in_use;
use super::log::check_running_log;
use super::{Files, Report, folder};
use crate::error::Result;
use crate::options::Durability;
use crate::storage::Storage;
use std::path::Path;
use sutra_format::manifest::Manifest;

/// Looks at the files that the layers of this moment consist of, and at the log up to what is in it
/// now. Files that come or go meanwhile are not looked at.
pub(crate) fn check_running(storage: &Storage) -> Result<Report> {
    let mut report = Report::default();
    let (env, dir) = (&storage.env, &storage.dir);
    let path = dir.path().parent().unwrap_or(Path::new("."));
    folder::check_names(env, path, &mut report)?;
    let published_seqno = storage.shared.published_seqno();
    // The state keeps the files that this manifest names: they are removed only after it is gone.
    let (manifest, state): (Manifest, _) = {
        let catalog = storage.catalog();
        (catalog.manifest.clone(), storage.shared.state())
    };
    let files = Files::new(env, path, storage.options.store_id);
    files.load_manifest(&mut report)?;
    files.check_sealed(&manifest, &mut report);
    drop(state);
    let durable_seqno = match storage.options.durability {
        Durability::Fsync | Durability::Os => published_seqno.max(manifest.floor_seqno),
        // Commits may wait in memory.
        Durability::None => manifest.floor_seqno,
    };
    let store_id = storage.options.store_id;
    let floor_seqno = || storage.floor_seqno();
    check_derived_in_use(storage, path, &mut report)?;
    check_running_log(env, path, store_id, durable_seqno, floor_seqno, &mut report);
    Ok(report)
}
