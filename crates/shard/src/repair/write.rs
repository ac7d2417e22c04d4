//! Doing what was found out: new files, then the manifest that names them, then everything else out
//! of the way.

use super::Repair;
use super::mended::Mended;
use super::salvage::Salvage;
use crate::check::{ASIDE, Code, Files, Report};
use crate::compaction::{Merge, OlderSegments};
use crate::delta::Sealed;
use crate::error::{Error, Result};
use crate::layer_files::NewFiles;
use crate::manifest_file::ManifestFile;
use crate::segment::{Segment, SegmentDir, write_delta, write_segment};
use crate::shared::Shared;
use crate::storage::Storage;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sutra_env::{Env, OpenMode, replace_file, write_all_at};
use sutra_format::SegmentHeader;
use sutra_format::manifest::Manifest;
use sutra_format::segment::names::{NameEntry, append_name};

/// Length of the segment that a new log begins with.
const LOG_BYTES: u64 = 1 << 20;

/// Writes what was saved and moves away what it replaces.
///
/// # Errors
/// `Io`, `DiskFull`, `Corrupt`: before the manifest is replaced nothing was changed.
pub(super) fn write(
    mut salvage: Salvage,
    path: &Path,
    files: &Files<'_>,
    repair: &mut Repair,
) -> Result<()> {
    let env = salvage.env.clone();
    let last_seqno = salvage.last_seqno();
    let sealed = salvage.writer.seal().map(Arc::new);
    let dir = SegmentDir::new(&env, path);
    make_dir(&env, dir.path())?;
    let manifest_file = ManifestFile::new(&env, path);
    let shared = Arc::new(Shared::new(Arc::clone(salvage.writer.state())));
    let base = salvage.manifest.clone();
    let storage =
        Storage::new(&env, &salvage.options, dir.clone(), manifest_file, base.clone(), shared);
    let mut manifest = write_files(&salvage, &storage, sealed.as_ref(), base)?;
    manifest.floor_seqno = last_seqno;
    manifest.generation += 1;
    manifest.next_file_number = storage.new_file_number()?;
    dir.sync()?;
    count(&mut manifest, files)?;
    let aside = make_aside(&env, path)?;
    keep_manifest(&env, path, &aside)?;
    ManifestFile::new(&env, path).save(&manifest)?;
    move_files(&env, &dir, &manifest, &aside)?;
    if salvage.is_log_damaged {
        replace_log(&salvage, path, last_seqno, &aside)?;
    }
    repair.aside = Some(aside);
    Ok(())
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
    let merge = Merge::new(&inputs, OlderSegments::new(storage, false), retain_from, None)?;
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

fn make_dir(env: &Env, path: &Path) -> Result<()> {
    let made = env.disk.create_dir_all(path);
    made.map_err(|error| Error::io(path, "create", &error))?;
    let parent = path.parent().unwrap_or(path);
    env.disk.sync_dir(parent).map_err(|error| Error::io(parent, "sync", &error))
}

/// Makes a folder that was not there for what is moved away.
fn make_aside(env: &Env, path: &Path) -> Result<PathBuf> {
    for number in 1..=u32::MAX {
        let aside = path.join(format!("{ASIDE}{number}"));
        let entry = env.disk.entry(&aside);
        if entry.map_err(|error| Error::io(&aside, "look at", &error))?.is_none() {
            make_dir(env, &aside)?;
            return Ok(aside);
        }
    }
    Err(Error::Busy("there is no number left for a folder".into()))
}

/// Copies the manifest there: it is replaced in one instant.
fn keep_manifest(env: &Env, path: &Path, aside: &Path) -> Result<()> {
    let manifest = ManifestFile::new(env, path);
    let Ok(bytes) = crate::check::read_file(env, manifest.path()) else { return Ok(()) };
    let copy = aside.join("MANIFEST");
    let copied = replace_file(env.disk.as_ref(), &copy, &bytes);
    copied.map_err(|error| Error::io(&copy, "write", &error))
}

/// Moves away what the manifest does not name.
fn move_files(env: &Env, dir: &SegmentDir, manifest: &Manifest, aside: &Path) -> Result<()> {
    let segments = manifest.segments.iter().map(|entry| dir.segment_path(entry.number));
    let vectors = manifest.vector_files.iter().map(|entry| dir.vectors_path(entry.number));
    let named: Vec<PathBuf> = segments.chain(vectors).collect();
    for file in dir.list()?.iter().filter(|file| !named.contains(&file.path)) {
        move_file(env, &file.path, aside)?;
    }
    sync(env, aside)?;
    dir.sync()
}

fn move_file(env: &Env, path: &Path, aside: &Path) -> Result<()> {
    let name = path.file_name().unwrap_or_default();
    let moved = env.disk.rename(path, &aside.join(name));
    moved.map_err(|error| Error::io(path, "move away", &error))
}

fn sync(env: &Env, dir: &Path) -> Result<()> {
    env.disk.sync_dir(dir).map_err(|error| Error::io(dir, "sync", &error))
}

/// Moves the log away and begins another one behind its last commit: everything before is in
/// segments. The newest segment goes first, so that a crash leaves no log with a gap in it.
fn replace_log(salvage: &Salvage, path: &Path, last_seqno: u64, aside: &Path) -> Result<()> {
    let env = &salvage.env;
    for old in salvage.log.paths.iter().rev() {
        move_file(env, old, aside)?;
    }
    sync(env, aside)?;
    let dir = path.join("wal");
    make_dir(env, &dir)?;
    let number = salvage.log.number.saturating_add(1);
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
    made.map_err(|error| Error::io(&name, "create", &error))?;
    sync(env, &dir)
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
