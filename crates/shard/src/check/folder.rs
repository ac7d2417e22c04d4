//! Which files are in a shard's folder, and which of them nothing names.

use super::log::log_number;
use super::report::{Code, Report};
use crate::error::{Error, Result};
use crate::segment::SegmentDir;
use crate::text::text_number;
use crate::vector::graph::graph_number;
use std::path::{Path, PathBuf};
use sutra_env::{EntryKind, Env};

/// Names in the folder of a shard.
const OWN_NAMES: [&str; 8] =
    ["MANIFEST", "MANIFEST.tmp", "REPAIR", "REPAIR.tmp", "segments", "graphs", "texts", "wal"];
/// Names in the log's folder besides those of segments: files that are being made or used again.
const LOG_NAMES: [&str; 4] = ["spare", "spare.tmp", "segment.tmp", "recycled"];
/// Folders of what `repair` put aside begin with this.
pub(crate) const ASIDE: &str = "aside-";

/// Reports every name that no file of a shard has.
///
/// # Errors
/// `NotAStore` when there is no such folder; `Io`.
pub(super) fn check_names(env: &Env, path: &Path, report: &mut Report) -> Result<()> {
    let entry = env.disk.entry(path).map_err(|error| Error::io(path, "look at", &error))?;
    if entry.is_none_or(|entry| entry.kind != EntryKind::Dir) {
        let message = "there is no folder of a shard".into();
        return Err(Error::NotAStore { path: path.into(), message });
    }
    let is_own = |name: &str| OWN_NAMES.contains(&name) || name.starts_with(ASIDE);
    check_folder(env, path, is_own, report)?;
    let is_log = |name: &str| LOG_NAMES.contains(&name) || log_number(name).is_some();
    check_folder(env, &path.join("wal"), is_log, report)?;
    check_folder(env, SegmentDir::new(env, path).path(), SegmentDir::is_ours, report)?;
    check_folder(env, &path.join("graphs"), |name| graph_number(name).is_some(), report)?;
    check_folder(env, &path.join("texts"), |name| text_number(name).is_some(), report)
}

fn check_folder(
    env: &Env,
    path: &Path,
    is_ours: impl Fn(&str) -> bool,
    report: &mut Report,
) -> Result<()> {
    let entries = match env.disk.list(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| Error::io(path, "list", &error))?,
    };
    for entry in entries.iter().filter(|entry| !is_ours(&entry.name)) {
        let message = "no file of a store has this name";
        report.add(Code::UNKNOWN_FILE, &path.join(&entry.name), 0, message);
    }
    Ok(())
}

/// Reports every sealed file that is not among those named. One that belongs to another store is
/// not harmless: opening refuses to remove it.
///
/// # Errors
/// `Io`.
pub(super) fn check_orphans(
    dir: &SegmentDir,
    named: &[PathBuf],
    store_id: &[u8; 16],
    report: &mut Report,
) -> Result<()> {
    for file in dir.list()?.iter().filter(|file| !named.contains(&file.path)) {
        match dir.check_orphan(&file.path, store_id) {
            Ok(()) => {
                let message = "the manifest does not name this file";
                report.add(Code::ORPHAN_FILE, &file.path, 0, message);
            }
            Err(error) => report.add_error(Code::WRONG_STORE, &file.path, &error),
        }
    }
    Ok(())
}
