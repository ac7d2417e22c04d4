//! Saving what can be read of a damaged shard.
//!
//! What is damaged is left out: a segment, a file of vectors, the log from the damage on. Commits
//! that are in the log and not in segments are written to a segment; if a segment was left out, all
//! that is left is written to one new segment, so that nothing names what is gone. Then a new
//! manifest names the files, and every file that it does not name is moved to a folder beside them.
//! Nothing is deleted, and nothing is written before the caller confirmed what would be lost.
//!
//! A crash leaves either manifest with all the files it names, or none, and `repair` goes on from
//! there.

mod log;
mod lost;
mod mended;
mod rebuild;
mod salvage;
mod write;

pub use lost::{Fate, LostConcept, LostEdge};

use crate::check::{Files, Report, check_shard};
use crate::error::Result;
use crate::options::StoredOptions;
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
/// `Io`, `DiskFull`, `NotAStore`; `Corrupt` when what is left contradicts itself. Nothing was
/// removed then.
pub fn repair_shard(
    env: &Env,
    path: &Path,
    options: &StoredOptions,
    confirm: bool,
) -> Result<Repair> {
    let report = check_shard(env, path, options)?;
    if report.is_sound() {
        return Ok(Repair { is_sound: true, ..Repair::default() });
    }
    let shard_options = options.to_shard_options();
    let files = Files::new(env, path, options.store_id);
    let mut repair = Repair::default();
    let salvage = Salvage::new(env, path, &files, &shard_options, &report, &mut repair)?;
    salvage.list_lost(&mut repair)?;
    if confirm {
        write::write(salvage, path, &files, &mut repair)?;
    }
    Ok(repair)
}

/// Whether the report has a problem of a file below a folder.
fn has_damage_in(report: &Report, dir: &Path) -> bool {
    let damage = report.problems.iter().filter(|problem| !problem.is_harmless());
    damage.filter_map(|problem| problem.file.as_deref()).any(|file| file.starts_with(dir))
}
