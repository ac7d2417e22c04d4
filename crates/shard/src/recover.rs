//! Opening: the delta as the log says it was, and the log ready for the next group.

use crate::delta::{Counts, DeltaWriter, Numbering, VectorDefaults};
use crate::error::{Error, Result};
use crate::manifest_file::ManifestFile;
use crate::names::NameWriter;
use crate::options::ShardOptions;
use crate::segment::{Expected, MappedFile, Segment, SegmentDir, open_vectors};
use crate::state::{LAYERS_MAX, Layer, SealedSpaces, State};
use crate::wal::{Replayed, SegmentFiles, replay};
use std::path::Path;
use std::sync::Arc;
use sutra_env::{Disk, Env};
use sutra_format::manifest::Manifest;
use sutra_format::sealed_file::FileKind;

/// What opening found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Commits read from the log.
    pub commits: u64,
    /// Bytes of records read.
    pub log_bytes: u64,
    /// Bytes of an unfinished write that were cut from the end of the log.
    pub torn_bytes: u64,
    /// Files that a process left behind and that were removed.
    pub orphans: u64,
    /// How long it took, in microseconds.
    pub duration_us: u64,
}

/// Name of the log's folder.
const LOG_DIR: &str = "wal";

/// Describes the log of the shard at `path`.
pub(crate) fn log_files(env: &Env, path: &Path, options: &ShardOptions) -> SegmentFiles {
    let (min, max) = (options.log_segment_bytes_min, options.log_segment_bytes_max);
    SegmentFiles::new(env.clone(), path.join(LOG_DIR), min, max)
}

/// Makes the shard's folders durable.
pub(crate) fn create_folders(env: &Env, path: &Path) -> Result<()> {
    for dir in [path.join(LOG_DIR), SegmentDir::new(env, path).path().into()] {
        let made = env.disk.create_dir_all(&dir);
        made.map_err(|error| Error::io(&dir, "create", &error))?;
    }
    for dir in [Some(path), path.parent()].into_iter().flatten() {
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        let synced = env.disk.sync_dir(dir);
        synced.map_err(|error| Error::io(dir, "sync", &error))?;
    }
    Ok(())
}

/// A shard as opening found it.
pub(crate) struct Recovered {
    pub(crate) writer: DeltaWriter,
    pub(crate) manifest: Manifest,
    pub(crate) replayed: Replayed,
    pub(crate) max_committed_us: u64,
}

/// Where the files of a shard are.
pub(crate) struct ShardFiles<'a> {
    pub(crate) disk: &'a dyn Disk,
    pub(crate) log: &'a SegmentFiles,
    pub(crate) sealed: &'a SegmentDir,
    pub(crate) manifest: &'a ManifestFile,
}

/// Opens the files that the manifest names and reads what the log has beyond them into a new delta.
/// Changes nothing on disk.
pub(crate) fn recover(files: &ShardFiles<'_>, options: &ShardOptions) -> Result<Recovered> {
    let manifest = load_manifest(files, options)?;
    let defaults = VectorDefaults { dimension: options.vector_dimension, metric: options.metric };
    let (below, names) = open_layers(files, options, &manifest)?;
    let counts = Counts {
        concepts: manifest.concepts,
        edges: manifest.edges,
        vectors: manifest.vectors,
        written: manifest.written,
    };
    let numbering = Numbering { counts, next_rows: manifest.next_rows.clone() };
    let keeps_history = options.history_keep_us.is_some();
    let mut writer = DeltaWriter::new(&below, names, numbering, defaults, keeps_history);
    #[cfg(feature = "planted-bugs")]
    {
        writer.planted_bug = options.planted_bug;
    }
    let mut max_committed_us = manifest.floor_time_us;
    let replayed = replay(files.log, options, manifest.floor_seqno, &mut |seqno, commit| {
        let applied = writer.check(&commit.operations).and_then(|checked| {
            writer.apply(seqno, commit.committed_us, &commit.operations, &checked)
        });
        max_committed_us = max_committed_us.max(commit.committed_us);
        applied.map(drop)
    })?;
    if options.must_exist && replayed.position.segment_number == 0 {
        return Err(Error::corrupt(&files.log.first_path(), 0, "the log has no segment"));
    }
    let last_seqno = replayed.position.last_seqno;
    if last_seqno < manifest.floor_seqno {
        let message = format!(
            "the log ends with commit {last_seqno}, and the manifest says that {} was in it",
            manifest.floor_seqno
        );
        let newest = files.log.path(replayed.position.segment_number);
        return Err(Error::corrupt(&newest, replayed.position.offset, message));
    }
    Ok(Recovered { writer, manifest, replayed, max_committed_us })
}

/// A shard without a manifest is one that was never written to segments, or was made before there
/// were any: all of it is in the log then.
fn load_manifest(files: &ShardFiles<'_>, options: &ShardOptions) -> Result<Manifest> {
    if let Some(manifest) = files.manifest.load(&options.store_id)? {
        return Ok(manifest);
    }
    if let Some(file) = files.sealed.list()?.first() {
        let message = format!("the manifest is missing, and {} is there", file.path.display());
        return Err(Error::corrupt(files.manifest.path(), 0, message));
    }
    Ok(Manifest { store_id: options.store_id, next_file_number: 1, ..Manifest::default() })
}

/// The segments as layers, without a delta, and all labels and namespaces.
fn open_layers(
    files: &ShardFiles<'_>,
    options: &ShardOptions,
    manifest: &Manifest,
) -> Result<(State, NameWriter)> {
    if manifest.segments.len() >= LAYERS_MAX {
        let message = format!("{} segments are more than there can be", manifest.segments.len());
        return Err(Error::corrupt(files.manifest.path(), 0, message));
    }
    let mut names = NameWriter::default();
    let mut layers = Vec::with_capacity(manifest.segments.len());
    for entry in &manifest.segments {
        let path = files.sealed.segment_path(entry.number);
        let expected = Expected {
            kind: FileKind::Segment,
            number: entry.number,
            store_id: options.store_id,
            file_bytes: entry.file_bytes,
            checksum: entry.checksum,
        };
        let segment = Segment::new(MappedFile::open(files.disk, &path, &expected)?)?;
        segment.read_names(&mut names)?;
        layers.push(Layer::Segment(Arc::new(segment)));
    }
    layers.reverse();
    let known = names.names();
    let has_all = known.labels() == manifest.labels
        && known.namespaces_used() as usize == manifest.next_rows.len();
    if !has_all {
        let message = "labels or namespaces that it counts are in no segment";
        return Err(Error::corrupt(files.manifest.path(), 0, message));
    }
    let mut spaces: SealedSpaces = vec![Vec::new(); manifest.next_rows.len()];
    let mut entries: Vec<_> = manifest.vector_files.iter().collect();
    entries.sort_by_key(|entry| (entry.namespace, entry.first_row));
    for entry in entries {
        let namespace = known.namespace(entry.namespace);
        let space = spaces.get_mut(entry.namespace as usize);
        let (Some(namespace), Some(space)) = (namespace, space) else {
            continue;
        };
        let path = files.sealed.vectors_path(entry.number);
        let vectors = open_vectors(files.disk, &path, options.store_id, entry, namespace)?;
        space.push(Arc::new(vectors));
    }
    let state = State::new(0, Arc::clone(known), layers, Arc::new(spaces));
    Ok((state, names))
}
