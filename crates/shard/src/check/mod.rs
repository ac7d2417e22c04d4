//! Checking a shard's folder without changing anything: every checksum of every file, what the
//! files say of each other, and the log.
//!
//! Nothing here uses the code that reads segments for queries: a mistake there is found too. What
//! one file says is compared with others only where all of them are sound by themselves, so that
//! one damaged block gives one problem and not a thousand.

mod associations;
mod derived;
mod folder;
mod layers;
mod log;
mod records;
mod report;
mod running;
mod sealed;
mod segment;
mod segment_view;
mod vectors;

pub(crate) use folder::ASIDE;
pub(crate) use log::{LogScan, log_number, log_segments, read_file};
pub use report::{Code, Problem, Report};
pub(crate) use running::check_running;

use crate::error::Result;
use crate::manifest_file::ManifestFile;
use crate::names::{NameWriter, Names};
use crate::options::StoredOptions;
use crate::recover::{ShardFiles, log_files, recover};
use crate::repair::MarkFile;
use crate::segment::SegmentDir;
use layers::Layers;
use log::check_log;
use sealed::{Named, Sealed};
use segment::{Bounds, check_segment};
use segment_view::SegmentView;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sutra_env::Env;
use sutra_format::Cursor;
use sutra_format::manifest::Manifest;
use sutra_format::sealed_file::{FileKind, SectionKind};
use sutra_format::segment::names::{NameEntry, next_name};
use vectors::{VectorsView, check_vectors};

/// Looks at all files of a shard that nobody has open, and changes nothing. Damage is no error but
/// a problem in the report; each file is looked at, whatever is wrong with others.
///
/// # Errors
/// `NotAStore` when there is no such folder; `Io` when a folder cannot be listed.
pub fn check_shard(env: &Env, path: &Path, options: &StoredOptions) -> Result<Report> {
    let mut report = Report::default();
    folder::check_names(env, path, &mut report)?;
    let files = Files::new(env, path, options.store_id);
    let manifest = files.load_manifest(&mut report)?;
    let floor_seqno = match &manifest {
        Some(manifest) => {
            let named = files.named_paths(manifest);
            folder::check_orphans(&files.dir, &named, &files.store_id, &mut report)?;
            files.check_sealed(manifest, &mut report);
            manifest.floor_seqno
        }
        None => files.check_unnamed(&mut report)?,
    };
    check_log(env, path, options.store_id, floor_seqno, &mut report);
    derived::check_derived(env, path, options.store_id, &mut report)?;
    if report.damage() == 0 {
        check_together(env, path, options, &mut report);
    }
    let mark = MarkFile::new(env, path);
    if mark.exists()? {
        report.add(Code::REPAIR, mark.path(), 0, "a repair was interrupted");
    }
    Ok(report)
}

/// Puts the log on top of the segments as opening does: commits that are sound by themselves may
/// not fit what is below them.
fn check_together(env: &Env, path: &Path, options: &StoredOptions, report: &mut Report) {
    let options = options.to_shard_options();
    let log = log_files(env, path, &options);
    let sealed = SegmentDir::new(env, path);
    let manifest = ManifestFile::new(env, path);
    let disk = env.disk.as_ref();
    let files = ShardFiles { disk, log: &log, sealed: &sealed, manifest: &manifest };
    if let Err(error) = recover(&files, &options) {
        report.add_error(Code::LOG, &log.first_path(), &error);
    }
}

/// The files of a shard besides its log.
pub(crate) struct Files<'a> {
    env: &'a Env,
    dir: SegmentDir,
    manifest_path: PathBuf,
    store_id: [u8; 16],
}

impl<'a> Files<'a> {
    pub(crate) fn new(env: &'a Env, path: &Path, store_id: [u8; 16]) -> Self {
        let manifest_path = ManifestFile::new(env, path).path().into();
        Self { env, dir: SegmentDir::new(env, path), manifest_path, store_id }
    }

    /// What the file `MANIFEST` says; nothing if it cannot be relied on. A shard without one and
    /// without segments was never written to segments.
    fn load_manifest(&self, report: &mut Report) -> Result<Option<Manifest>> {
        let path = &self.manifest_path;
        let bytes = match read_file(self.env, path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let Some(file) = self.dir.list()?.into_iter().next() else {
                    return Ok(Some(Manifest::default()));
                };
                let message = format!("there is no manifest, but {}", file.path.display());
                report.add(Code::MISSING_FILE, path, 0, message);
                return Ok(None);
            }
            Err(error) => {
                report.add_io(path, &error);
                return Ok(None);
            }
        };
        report.files_checked += 1;
        report.bytes_checked += bytes.len() as u64;
        match Manifest::decode(&bytes) {
            Ok(manifest) if manifest.store_id == self.store_id => Ok(Some(manifest)),
            Ok(_) => {
                let message = "the manifest belongs to another store";
                report.add(Code::WRONG_STORE, path, 0, message);
                Ok(None)
            }
            Err(error) => {
                report.add_undecodable(Code::MANIFEST, path, 0, &error);
                Ok(None)
            }
        }
    }

    fn named_paths(&self, manifest: &Manifest) -> Vec<PathBuf> {
        let segments = manifest.segments.iter().map(|file| self.dir.segment_path(file.number));
        let vectors = manifest.vector_files.iter().map(|file| self.dir.vectors_path(file.number));
        segments.chain(vectors).collect()
    }

    /// Looks at each sealed file by itself when no manifest names them. The last commit in them.
    fn check_unnamed(&self, report: &mut Report) -> Result<u64> {
        let mut last_seqno = 0;
        for file in self.dir.list()? {
            let is_segment = file.path.extension().is_some_and(|kind| kind == "seg");
            let kind = if is_segment { FileKind::Segment } else { FileKind::Vectors };
            let stem = file.path.file_stem().and_then(|stem| stem.to_str());
            let number = stem.and_then(|stem| stem.parse().ok()).unwrap_or_default();
            let named = Named { kind, number, store_id: self.store_id, said: None };
            let sealed = Sealed::check(self.env.disk.as_ref(), &file.path, &named, report);
            let last = sealed.map_or(0, |sealed| sealed.layout().header().last_seqno);
            last_seqno = last_seqno.max(last);
        }
        Ok(last_seqno)
    }

    /// Looks at every file that the manifest names, then at all of them together.
    pub(crate) fn check_sealed(&self, manifest: &Manifest, report: &mut Report) {
        let segments = self.open_segments(manifest, report);
        let vectors = self.open_vectors(manifest, report);
        let has_all = segments.iter().all(Option::is_some);
        let sealed = || segments.iter().flatten();
        // Numbers of names can be followed only through all segments.
        let names = if has_all { self.check_names(manifest, sealed(), report) } else { None };
        let bounds = match &names {
            Some(names) => Bounds { labels: names.labels(), namespaces: names.namespaces_used() },
            None => Bounds { labels: u32::MAX, namespaces: u32::MAX },
        };
        let views: Vec<SegmentView<'_>> =
            sealed().filter_map(|sealed| check_segment(sealed, bounds, report)).collect();
        let names = names.unwrap_or_default();
        let vectors = check_spaces(manifest, &vectors, &names, report);
        if views.len() == manifest.segments.len() {
            let manifest_path = &self.manifest_path;
            Layers { manifest, manifest_path, segments: views, vectors }.check(report);
        }
    }

    /// Paths of the files that the manifest names and that are damaged by themselves, whatever the
    /// others say.
    ///
    /// # Errors
    /// `Io`: the disk did not give one.
    pub(crate) fn damaged(&self, manifest: &Manifest) -> Result<Vec<PathBuf>> {
        let mut report = Report::default();
        let mut damaged = Vec::new();
        let segments = self.open_segments(manifest, &mut report);
        let namespaces = manifest.next_rows.len() as u32;
        let bounds = Bounds { labels: manifest.labels, namespaces };
        for (entry, sealed) in manifest.segments.iter().zip(&segments) {
            let view = sealed.as_ref().and_then(|s| check_segment(s, bounds, &mut report));
            if view.is_none() {
                damaged.push(self.dir.segment_path(entry.number));
            }
        }
        let vectors = self.open_vectors(manifest, &mut report);
        let names = Names::default();
        for (entry, sealed) in manifest.vector_files.iter().zip(&vectors) {
            let view = sealed.as_ref().and_then(|s| check_vectors(s, entry, &names, &mut report));
            if view.is_none() {
                damaged.push(self.dir.vectors_path(entry.number));
            }
        }
        report.refuse_unreadable().map(|()| damaged)
    }

    fn open_segments(&self, manifest: &Manifest, report: &mut Report) -> Vec<Option<Sealed>> {
        let disk = self.env.disk.as_ref();
        let segments = manifest.segments.iter().map(|entry| {
            let path = self.dir.segment_path(entry.number);
            let said = Some((entry.file_bytes, entry.checksum));
            let (kind, store_id) = (FileKind::Segment, self.store_id);
            let named = Named { kind, number: entry.number, store_id, said };
            let sealed = Sealed::check(disk, &path, &named, report)?;
            let header = sealed.layout().header();
            if (header.first_seqno, header.last_seqno) != (entry.first_seqno, entry.last_seqno) {
                let message = "the file is of other commits than the manifest says";
                report.add(Code::HEADER, &path, 0, message);
                return None;
            }
            Some(sealed)
        });
        segments.collect()
    }

    fn open_vectors(&self, manifest: &Manifest, report: &mut Report) -> Vec<Option<Sealed>> {
        let disk = self.env.disk.as_ref();
        let vectors = manifest.vector_files.iter().map(|entry| {
            let path = self.dir.vectors_path(entry.number);
            let said = Some((entry.file_bytes, entry.checksum));
            let (kind, store_id) = (FileKind::Vectors, self.store_id);
            let named = Named { kind, number: entry.number, store_id, said };
            Sealed::check(disk, &path, &named, report)
        });
        vectors.collect()
    }

    /// All labels and namespaces, if their numbers are given out without a gap.
    fn check_names<'s>(
        &self,
        manifest: &Manifest,
        segments: impl Iterator<Item = &'s Sealed>,
        report: &mut Report,
    ) -> Option<Arc<Names>> {
        let before = report.damage();
        let mut names = NameWriter::default();
        for sealed in segments {
            read_names(sealed, &mut names, report);
        }
        let known = names.names();
        let (labels, namespaces) = (known.labels(), known.namespaces_used() as usize);
        if report.damage() == before
            && (labels, namespaces) != (manifest.labels, manifest.next_rows.len())
        {
            let message = format!(
                "the manifest counts {} labels and {} namespaces, and there are {labels} and \
                 {namespaces}",
                manifest.labels,
                manifest.next_rows.len()
            );
            report.add(Code::NAMES, &self.manifest_path, 0, message);
        }
        (report.damage() == before).then(|| Arc::clone(known))
    }
}

/// Reads the names that are new in a segment.
fn read_names(sealed: &Sealed, names: &mut NameWriter, report: &mut Report) {
    let Some((section, bytes)) = sealed.section(SectionKind::Names, report) else { return };
    let mut cursor = Cursor::new(bytes);
    loop {
        let at = section.offset + cursor.offset() as u64;
        let (given, said) = match next_name(&mut cursor) {
            Ok(None) => return,
            Ok(Some(NameEntry::Label { number, text })) => (names.label_or_new(text), number),
            Ok(Some(NameEntry::Namespace { number, dimension, metric, text })) => {
                (names.namespace_or_new(text, dimension, metric), number)
            }
            Err(error) => {
                let path = sealed.path();
                report.add_undecodable(Code::NAMES, path, section.offset, &error);
                return;
            }
        };
        if given != said {
            let message = format!("a label or namespace has number {said} instead of {given}");
            report.add(Code::NAMES, sealed.path(), at, message);
            return;
        }
    }
}

/// The files of each namespace; nothing for a namespace of which one is damaged.
fn check_spaces<'a>(
    manifest: &'a Manifest,
    sealed: &'a [Option<Sealed>],
    names: &Names,
    report: &mut Report,
) -> Vec<Option<Vec<VectorsView<'a>>>> {
    let mut spaces: Vec<_> = manifest.next_rows.iter().map(|_| Some(Vec::new())).collect();
    for (entry, sealed) in manifest.vector_files.iter().zip(sealed) {
        let view = sealed.as_ref().and_then(|sealed| check_vectors(sealed, entry, names, report));
        let Some(space) = spaces.get_mut(entry.namespace as usize) else { continue };
        match (space.as_mut(), view) {
            (Some(files), Some(view)) => files.push(view),
            (_, None) => *space = None,
            (None, Some(_)) => {}
        }
    }
    spaces
}
