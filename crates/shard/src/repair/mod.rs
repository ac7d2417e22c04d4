//! Saving what can be read of a damaged shard.
//!
//! What is damaged is left out: a segment, a file of vectors, the log from the damage on. Commits
//! that are in the log and not in segments are written to a segment; if a segment was left out, all
//! that is left is written to one new segment, so that nothing names what is gone. Then a new
//! manifest names the files, and every file that it does not name is moved to a folder beside them.
//! Nothing is deleted, and nothing is written before the caller confirmed what would be lost.
//!
//! The file `REPAIR` is there from before the first new file until everything is in its place. It
//! has the manifest that the repair began with: the next repair begins with the same, so a crash
//! changes nothing of what is saved, and tells by its next file number which files are new. While
//! it is there opening for writing is refused, since that would remove what is still to be moved
//! away. A crash leaves either manifest with all the files it names, or none if there was none. A
//! repair that fails before its manifest is there leaves everything as it was, also one that goes
//! on. The list of what is lost is in the folder beside before the manifest is replaced: a repair
//! that goes on after that says the same.
//!
//! A disk that does not give a file ends the repair with its error. That file may be sound: to go
//! on without it, its owner moves it away.

mod aside;
mod base;
mod list;
mod log;
mod lost;
mod mark;
mod mended;
mod rebuild;
mod salvage;
mod write;

pub use lost::{Fate, LostConcept, LostEdge};
pub(crate) use mark::MarkFile;

use crate::check::{Code, Files, check_shard};
use crate::error::{Error, Result};
use crate::options::{ShardOptions, StoredOptions};
use base::Base;
use salvage::Salvage;
use std::path::{Path, PathBuf};
use sutra_env::Env;

/// A file of which not everything could be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The file.
    pub file: PathBuf,
    /// Concepts, or rows of vectors, or commits in it that could be read and are among those
    /// listed.
    pub readable: u64,
    /// How many there were; nothing where that does not read either.
    pub total: Option<u64>,
}

/// What a repair does, or did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repair {
    /// The shard is sound: there is nothing to do.
    pub is_sound: bool,
    /// The manifest was made anew of what the files say.
    pub is_manifest_rebuilt: bool,
    /// Files that are not used any more, or only a first part of them.
    pub left_out: Vec<LeftOut>,
    /// Last commit of the log that is kept, if the log is damaged.
    pub log_ends_at: Option<u64>,
    /// Concepts that are lost, or fall back to an older version.
    pub concepts: Vec<LostConcept>,
    /// Associations that are lost, or fall back to an older version.
    pub edges: Vec<LostEdge>,
    /// Where the files are that were moved away; nothing when nothing was done.
    pub aside: Option<PathBuf>,
}

/// Finds out what can be saved of a shard that nobody has open, and what is lost; with `confirm`,
/// does it. After that a check is sound.
///
/// # Errors
/// `Io`, also when the disk does not give a file; `DiskFull`, `NotAStore`; `Corrupt` when what is
/// left contradicts itself. Nothing was removed then, and the same call goes on from there.
pub fn repair_shard(
    env: &Env,
    path: &Path,
    options: &StoredOptions,
    confirm: bool,
) -> Result<Repair> {
    repair(env, path, options, &options.to_shard_options(), confirm)
}

/// As [`repair_shard`] with `confirm`, and makes a mistake.
///
/// # Errors
/// As [`repair_shard`].
#[cfg(feature = "planted-bugs")]
pub fn repair_shard_with_bug(
    env: &Env,
    path: &Path,
    options: &StoredOptions,
    bug: crate::PlantedBug,
) -> Result<Repair> {
    let shard_options = ShardOptions { planted_bug: Some(bug), ..options.to_shard_options() };
    repair(env, path, options, &shard_options, true)
}

fn repair(
    env: &Env,
    path: &Path,
    options: &StoredOptions,
    shard_options: &ShardOptions,
    confirm: bool,
) -> Result<Repair> {
    let mut report = check_shard(env, path, options)?;
    if report.is_sound() {
        if confirm {
            // An interrupted repair may have ended with this alone missing.
            aside::sync(env, path)?;
        }
        return Ok(Repair { is_sound: true, ..Repair::default() });
    }
    report.refuse_unreadable()?;
    let base = Base::load(env, path, options.store_id)?;
    report.retain_files(|file| !base.is_leftover(file));
    let files = Files::new(env, path, options.store_id);
    let mut repair = Repair::default();
    let listed = base.list(env, path)?;
    let salvage = Salvage::new(env, path, &files, shard_options, base, &report, &mut repair)?;
    salvage.list_lost(&mut repair)?;
    if let Some(listed) = listed {
        // What is moved already is not found any more, unless there is new damage.
        let is_new = salvage.has_left_out() || repair.is_manifest_rebuilt;
        repair = if is_new { list::join(listed, repair) } else { listed };
    }
    if confirm {
        write::write(salvage, path, &files, &mut repair)?;
    }
    Ok(repair)
}

/// Refuses to open a shard for writing of which a repair was interrupted: what it still has to move
/// away would be removed. Tidies up after one that did not begin.
///
/// # Errors
/// `Corrupt`, `Io`.
pub(crate) fn refuse_interrupted(env: &Env, path: &Path) -> Result<()> {
    let mark = MarkFile::new(env, path);
    if !mark.exists()? {
        return mark.remove_temporary();
    }
    Err(Error::Corrupt {
        file: mark.path().into(),
        offset: 0,
        message: "a repair was interrupted".into(),
        advice: Code::REPAIR.advice().into(),
    })
}
