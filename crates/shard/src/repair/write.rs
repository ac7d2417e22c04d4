//! Doing what was found out: new files, then the manifest that names them, then everything else out
//! of the way. Each step makes durable what it needs before, also when an interrupted repair took
//! it: that one may have ended before its sync.

use super::Repair;
use super::aside::{Aside, make_dir, sync};
use super::list;
use super::mark::{Mark, MarkFile};
use super::mended::Mended;
use super::salvage::Salvage;
#[cfg(feature = "planted-bugs")]
use crate::PlantedBug::{LogMovedBeforeManifest, RepairNotMarked};
use crate::check::{Code, Files, Report};
use crate::compaction::{Merge, OlderSegments};
use crate::delta::Sealed;
use crate::error::{Error, Result};
use crate::layer_files::NewFiles;
use crate::manifest_file::ManifestFile;
use crate::segment::{Segment, SegmentDir, write_delta, write_segment};
use crate::shared::Shared;
use crate::storage::Storage;
use crate::text::{Parts, TextDir, Texts};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sutra_env::{Env, OpenMode, write_all_at};
use sutra_format::SegmentHeader;
use sutra_format::manifest::Manifest;
use sutra_format::segment::names::{NameEntry, append_name};
use sutra_index::Analyzer;

/// Length of the segment that a new log begins with.
const LOG_BYTES: u64 = 1 << 20;

/// Writes what was saved and moves away what it replaces.
///
/// # Errors
/// `Io`, `DiskFull`, `Corrupt`: everything is as it was as long as the manifest was not replaced,
/// also when an interrupted repair had begun; else the mark stays and the next repair goes on.
pub(super) fn write(
    mut salvage: Salvage,
    path: &Path,
    files: &Files<'_>,
    repair: &mut Repair,
) -> Result<()> {
    let env = salvage.env.clone();
    let dir = SegmentDir::new(&env, path);
    let last_seqno = salvage.last_seqno();
    make_dir(&env, dir.path())?;
    let aside = Aside::open(&env, path, salvage.base.aside)?;
    let manifest = match replace_manifest(&mut salvage, path, files, &aside, repair) {
        Ok(manifest) => manifest,
        Err(error) => {
            if !is_replaced(&salvage, path) {
                // The failure is what the caller must hear of; with the mark the next one goes on.
                let _ = undo(&salvage, path, &aside);
            }
            return Err(error);
        }
    };
    // What the repair began with is about to be moved away.
    save_mark(&salvage, path, &aside, &manifest, true)?;
    move_files(&dir, &manifest, &aside)?;
    finish_log(&salvage, path, last_seqno, &aside)?;
    MarkFile::new(&env, path).remove()?;
    sync(&env, path)?;
    repair.aside = Some(aside.path().into());
    Ok(())
}

/// Writes everything that is needed before anything is moved. The manifest that is now on disk.
fn replace_manifest(
    salvage: &mut Salvage,
    path: &Path,
    files: &Files<'_>,
    aside: &Aside,
    repair: &Repair,
) -> Result<Manifest> {
    let env = salvage.env.clone();
    let manifest_file = ManifestFile::new(&env, path);
    save_mark(salvage, path, aside, &salvage.base.manifest, salvage.base.is_moving)?;
    let new = prepare(salvage, path, files)?;
    list::save(&env, path, aside.path(), repair)?;
    aside.keep_manifest(&manifest_file)?;
    let Some(new) = new else { return Ok(salvage.base.manifest.clone()) };
    #[cfg(feature = "planted-bugs")]
    if salvage.options.planted_bug == Some(LogMovedBeforeManifest) {
        finish_log(salvage, path, salvage.last_seqno(), aside)?;
        salvage.is_log_damaged = false;
    }
    manifest_file.save(&new)?;
    Ok(new)
}

/// Whether files may be moved away already, or will be by the next repair.
fn is_replaced(salvage: &Salvage, path: &Path) -> bool {
    let manifest = ManifestFile::new(&salvage.env, path).load(&salvage.options.store_id);
    salvage.base.is_moving
        || match manifest {
            Ok(Some(manifest)) => manifest.generation > salvage.base.manifest.generation,
            Ok(None) | Err(Error::Corrupt { .. }) => false,
            Err(_) => true,
        }
}

fn save_mark(
    salvage: &Salvage,
    path: &Path,
    aside: &Aside,
    manifest: &Manifest,
    is_moving: bool,
) -> Result<()> {
    #[cfg(feature = "planted-bugs")]
    if salvage.options.planted_bug == Some(RepairNotMarked) {
        return Ok(());
    }
    let mark = Mark { manifest: manifest.clone(), aside: aside.number(), is_moving };
    MarkFile::new(&salvage.env, path).save(&mark)
}

/// Writes the new files. The manifest that names them; nothing if the one there is says it all.
fn prepare(salvage: &mut Salvage, path: &Path, files: &Files<'_>) -> Result<Option<Manifest>> {
    let env = salvage.env.clone();
    let last_seqno = salvage.last_seqno();
    let sealed = salvage.writer.seal().map(Arc::new);
    if salvage.is_manifest_right(sealed.is_some()) {
        return Ok(None);
    }
    let dir = SegmentDir::new(&env, path);
    discard_leftovers(salvage, &dir)?;
    let manifest_file = ManifestFile::new(&env, path);
    let texts = TextDir::new(&env, path, salvage.options.store_id);
    // It may have versions that are lost; it is made anew.
    texts.list()?.into_iter().try_for_each(|number| texts.remove(number))?;
    let analyzer = Arc::new(Analyzer::new(salvage.options.language));
    let shared = Shared::new(Arc::clone(salvage.writer.state()), Parts::new(analyzer));
    let texts = Texts::new(texts, salvage.options.pace);
    let base = salvage.manifest.clone();
    let options = &salvage.options;
    let (storage_dir, shared) = (dir.clone(), Arc::new(shared));
    let storage =
        Storage::new(&env, options, storage_dir, manifest_file, base.clone(), shared, texts);
    let mut manifest = write_files(salvage, &storage, sealed.as_ref(), base)?;
    manifest.floor_seqno = last_seqno;
    manifest.generation += 1;
    manifest.next_file_number = storage.new_file_number()?;
    storage.sync_names()?;
    count(&mut manifest, files)?;
    Ok(Some(manifest))
}

/// Removes what the interrupted repair, or this one, wrote and no manifest names.
fn discard_leftovers(salvage: &Salvage, dir: &SegmentDir) -> Result<()> {
    for file in dir.list()?.iter().filter(|file| salvage.base.is_leftover(&file.path)) {
        dir.remove(&file.path)?;
    }
    Ok(())
}

/// Leaves the shard as it was, for a repair that could not write all of its files. The mark goes
/// last: without it the files would be taken for others.
fn undo(salvage: &Salvage, path: &Path, aside: &Aside) -> Result<()> {
    let env = &salvage.env;
    let dir = SegmentDir::new(env, path);
    discard_leftovers(salvage, &dir)?;
    aside.clear()?;
    dir.sync()?;
    let mark = MarkFile::new(env, path);
    mark.remove()?;
    mark.remove_temporary()?;
    sync(env, path)
}

/// Writes the log's commits to a segment and, if anything was left out, all of it to another. The
/// manifest that names them, whose counts are not right yet.
fn write_files(
    salvage: &Salvage,
    storage: &Storage,
    sealed: Option<&Arc<Sealed>>,
    mut manifest: Manifest,
) -> Result<Manifest> {
    let state = salvage.writer.state();
    let last_seqno = salvage.last_seqno();
    let retain_from =
        if salvage.has_left_out() || manifest.history_floor_seqno >= manifest.floor_seqno {
            last_seqno
        } else {
            manifest.history_floor_seqno
        };
    let mut written = NewFiles::default();
    if let Some(sealed) = sealed {
        written = write_delta(storage, state, sealed, retain_from)?;
        manifest.floor_time_us = manifest.floor_time_us.max(sealed.last_committed_us);
        manifest.next_rows.clone_from(&sealed.next_rows);
        manifest.next_rows.resize(sealed.namespaces as usize, 0);
        manifest.labels = sealed.labels;
        manifest.written = sealed.counts.written;
    }
    manifest.history_floor_seqno = manifest.history_floor_seqno.max(retain_from);
    manifest.vector_files.extend(written.vectors.iter().map(|(entry, _)| entry.clone()));
    if !salvage.has_left_out() {
        manifest.segments.extend(written.segment.map(|(entry, _)| entry));
        return Ok(manifest);
    }
    let mut inputs: Vec<Arc<Segment>> = salvage.segments.clone();
    inputs.extend(written.segment.as_ref().map(|(_, segment)| Arc::clone(segment)));
    let merge = Merge::new(&inputs, OlderSegments::new(storage, false), retain_from, &|| false)?;
    let mended = Mended { merge, state };
    let names = all_names(salvage, &manifest);
    let (entry, _) = write_segment(storage, &mended, (1, last_seqno.max(1)), &names, &[])?;
    manifest.segments = vec![entry];
    if let Some((between, _)) = written.segment {
        // Made a moment ago, and all of it is in the other one.
        storage.dir.remove(&storage.dir.segment_path(between.number))?;
    }
    Ok(manifest)
}

fn all_names(salvage: &Salvage, manifest: &Manifest) -> Vec<u8> {
    let names = salvage.writer.state().names();
    let mut bytes = Vec::new();
    for number in 1..=manifest.labels {
        let text = names.label(number).unwrap_or_default();
        append_name(&NameEntry::Label { number, text }, &mut bytes);
    }
    for number in 0..manifest.next_rows.len() as u32 {
        if let Some(named) = names.namespace(number) {
            let (dimension, metric) = (named.dimension, named.metric);
            let entry = NameEntry::Namespace { number, dimension, metric, text: &named.name };
            append_name(&entry, &mut bytes);
        }
    }
    bytes
}

/// Counts what is in the files and refuses to name them if anything is wrong with them.
fn count(manifest: &mut Manifest, files: &Files<'_>) -> Result<()> {
    let mut report = Report::default();
    files.check_sealed(manifest, &mut report);
    report.refuse_unreadable()?;
    manifest.concepts = report.concepts;
    manifest.edges = report.edges;
    manifest.vectors = report.vectors;
    let of_files = report.problems.iter().find(|problem| problem.code != Code::COUNT.name());
    match of_files {
        None => Ok(()),
        Some(problem) => {
            let file = problem.file.clone().unwrap_or_default();
            let message = format!("what was saved is not sound: {}", problem.message);
            Err(Error::corrupt(&file, problem.offset.unwrap_or_default(), message))
        }
    }
}

/// Moves away what the manifest does not name.
fn move_files(dir: &SegmentDir, manifest: &Manifest, aside: &Aside) -> Result<()> {
    let segments = manifest.segments.iter().map(|entry| dir.segment_path(entry.number));
    let vectors = manifest.vector_files.iter().map(|entry| dir.vectors_path(entry.number));
    let named: Vec<PathBuf> = segments.chain(vectors).collect();
    for file in dir.list()?.iter().filter(|file| !named.contains(&file.path)) {
        aside.take(&file.path)?;
    }
    // Also when there was nothing to move: the interrupted repair may have ended before its sync.
    aside.sync()?;
    dir.sync()
}

/// Moves a damaged log away and begins another one behind its last commit: everything before is in
/// segments.
fn finish_log(salvage: &Salvage, path: &Path, last_seqno: u64, aside: &Aside) -> Result<()> {
    let env = &salvage.env;
    let dir = path.join("wal");
    make_dir(env, &dir)?;
    if salvage.is_log_damaged {
        for old in &salvage.log.paths {
            aside.take(old)?;
        }
        aside.sync()?;
        // Before there is a new one: a crash must not leave it among the old ones.
        sync(env, &dir)?;
        begin_log(salvage, &dir, last_seqno, aside)?;
    }
    sync(env, &dir)
}

fn begin_log(salvage: &Salvage, dir: &Path, last_seqno: u64, aside: &Aside) -> Result<()> {
    let env = &salvage.env;
    // Above those that the interrupted repair moved away as well.
    let number = salvage.log.number.max(aside.log_number_max()?).saturating_add(1);
    let header = SegmentHeader {
        number,
        store_id: salvage.options.store_id,
        epoch: env.random.next_u64(),
        first_seqno: last_seqno + 1,
        file_bytes: LOG_BYTES,
    };
    let name = dir.join(format!("{number:010}.wal"));
    let made = make_log(env, &dir.join("segment.tmp"), &header)
        .and_then(|()| env.disk.rename(&dir.join("segment.tmp"), &name));
    made.map_err(|error| Error::io(&name, "create", &error))
}

fn make_log(env: &Env, path: &Path, header: &SegmentHeader) -> std::io::Result<()> {
    if env.disk.entry(path)?.is_some() {
        env.disk.remove_file(path)?;
    }
    let file = env.disk.open(path, OpenMode::CreateNew)?;
    let mut bytes = header.encode().to_vec();
    bytes.resize(LOG_BYTES as usize, 0);
    write_all_at(file.as_ref(), 0, &bytes)?;
    file.sync_all()
}
