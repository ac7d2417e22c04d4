//! What can be read of a damaged shard, in memory: the segments that are sound, and on top of them
//! what the log has, as far as it still makes sense.

use super::Repair;
use super::base::Base;
use super::log::{Commits, LogEnd, read_log};
use super::lost::Subject;
use super::rebuild::{expected_segment, sound};
use crate::check::{Files, Report};
use crate::delta::{Counts, DeltaWriter, EdgeKey, Numbering, VectorDefaults};
use crate::error::Result;
use crate::manifest_file::ManifestFile;
use crate::names::NameWriter;
use crate::options::ShardOptions;
use crate::recover::log_files;
use crate::segment::{EdgeHere, MappedFile, Segment, SegmentDir, open_vectors};
use crate::state::{Layer, SealedSpaces, State};
use hashbrown::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use sutra_env::Env;
use sutra_format::manifest::Manifest;
use sutra_format::op_fields::DEFAULT_NAMESPACE;
use sutra_format::segment::names::{NameEntry, next_name};
use sutra_format::{AssociationClass, Commit, ConceptId, Cursor, Op};

/// So many of everything are said to exist until they are counted: none may be deleted below zero.
const COUNTED_LATER: u64 = 1 << 40;

/// A segment that is left out.
pub(super) struct Dropped {
    pub(super) path: PathBuf,
    /// Its sound blocks, if header and footer are.
    pub(super) segment: Option<Segment>,
}

/// See the module.
pub(super) struct Salvage {
    pub(super) env: Env,
    pub(super) options: ShardOptions,
    pub(super) base: Base,
    /// Names what is sound.
    pub(super) manifest: Manifest,
    /// Oldest first.
    pub(super) segments: Vec<Arc<Segment>>,
    pub(super) dropped: Vec<Dropped>,
    /// With the rows in each.
    pub(super) dropped_vectors: Vec<(PathBuf, u32)>,
    pub(super) writer: DeltaWriter,
    pub(super) log: LogEnd,
    pub(super) is_log_damaged: bool,
    pub(super) lost_subjects: Vec<Subject>,
    /// What commits of the log removed, also where it was not there any more.
    removed: HashSet<Subject>,
    must_rewrite: bool,
    is_manifest_sound: bool,
}

/// Puts the log's commits on top of the segments.
struct Applying<'a> {
    writer: &'a mut DeltaWriter,
    lost: Vec<Subject>,
    removed: HashSet<Subject>,
}

impl Commits for Applying<'_> {
    /// What cannot be done any more, since it names what is gone, is left out of the commit.
    fn apply(&mut self, seqno: u64, commit: &Commit<'_>) -> Result<()> {
        let mut done: Vec<Op<'_>> = Vec::with_capacity(commit.operations.len());
        let is_whole = self.writer.check(&commit.operations).is_ok();
        for operation in &commit.operations {
            done.push(operation.clone());
            if !is_whole && self.writer.check(&done).is_err() {
                done.pop();
                self.lost.extend(Subject::of(operation));
            }
        }
        let removing = done.iter().filter(|op| matches!(op, Op::Delete(_) | Op::Dissociate(_)));
        self.removed.extend(removing.filter_map(Subject::of));
        let checked = self.writer.check(&done)?;
        self.writer.apply(seqno, commit.committed_us, &done, &checked).map(drop)
    }

    fn lose(&mut self, commit: &Commit<'_>) {
        self.lost.extend(commit.operations.iter().filter_map(Subject::of));
    }
}

impl Salvage {
    /// Reads what can be read. Changes nothing on disk.
    pub(super) fn new(
        env: &Env,
        path: &Path,
        files: &Files<'_>,
        options: &ShardOptions,
        base: Base,
        report: &Report,
        repair: &mut Repair,
    ) -> Result<Self> {
        let store_id = options.store_id;
        let dir = SegmentDir::new(env, path);
        repair.is_manifest_rebuilt = !base.is_loaded;
        let mut manifest = base.manifest.clone();
        let damaged = files.damaged(&manifest)?;
        let opened = open_segments(env, &dir, &manifest, &damaged)?;
        let names = collect_names(&opened, &manifest, options);
        let (mut segments, mut dropped) = (Vec::new(), Vec::new());
        for Opened { number, path, segment, is_sound } in opened {
            match segment {
                Some(segment) if is_sound => segments.push(Arc::new(segment)),
                segment => {
                    manifest.segments.retain(|entry| entry.number != number);
                    dropped.push(Dropped { path, segment });
                }
            }
        }
        let (spaces, dropped_vectors) = open_spaces(env, &dir, &mut manifest, &names, &damaged)?;
        let layers = segments.iter().rev().cloned().map(Layer::Segment).collect();
        let below = State::new(0, Arc::clone(names.names()), layers, Arc::new(spaces));
        let mut writer = writer_over(&below, names, &manifest, options);
        let log_files = log_files(env, path, options);
        let mut applying =
            Applying { writer: &mut writer, lost: Vec::new(), removed: HashSet::new() };
        let log = read_log(env, &log_files, store_id, manifest.floor_seqno, &mut applying)?;
        let (lost_subjects, removed) = (applying.lost, applying.removed);
        let is_log_damaged = report.has_damage_in(&path.join("wal"));
        let must_rewrite = report.has_damage_in(dir.path());
        let is_manifest_sound =
            base.is_loaded && !report.has_damage_in(ManifestFile::new(env, path).path());
        let last_seqno = log.last_seqno.unwrap_or_default().max(manifest.floor_seqno);
        repair.log_ends_at = is_log_damaged.then_some(last_seqno);
        if is_log_damaged {
            repair.left_out.extend(log.left_out.iter().cloned());
        }
        Ok(Self {
            env: env.clone(),
            options: options.clone(),
            base,
            must_rewrite,
            is_manifest_sound,
            manifest,
            segments,
            dropped,
            dropped_vectors,
            writer,
            log,
            is_log_damaged,
            lost_subjects,
            removed,
        })
    }

    /// The sound segments with what the log has on top of them.
    pub(super) fn state(&self) -> &State {
        self.writer.state()
    }

    /// Last commit that is kept.
    pub(super) fn last_seqno(&self) -> u64 {
        self.log.last_seqno.unwrap_or_default().max(self.manifest.floor_seqno)
    }

    /// Whether what is left has to be written anew: it may name what is gone.
    pub(super) fn has_left_out(&self) -> bool {
        self.must_rewrite
    }

    /// Whether the manifest says already what is left: only the log is damaged, and nothing of it
    /// is missing in the segments, or an interrupted repair got as far.
    pub(super) fn is_manifest_right(&self, has_commits: bool) -> bool {
        self.is_manifest_sound && !self.must_rewrite && !has_commits
    }

    /// Number of a label.
    pub(super) fn label(&self, label: &str) -> Option<u32> {
        let names = self.state().names();
        (1..=names.labels()).find(|number| names.label(*number) == Some(label))
    }

    /// Whether a commit of the log that is kept deleted a concept.
    pub(super) fn was_deleted_in_log(&self, id: &ConceptId) -> bool {
        self.removed.contains(&Subject::Concept(*id, None))
    }

    /// Whether a commit of the log that is kept removed an association, or a concept of it.
    pub(super) fn was_ended_in_log(&self, key: &EdgeKey) -> bool {
        let Some(class) = AssociationClass::from_number(key.names as u8) else { return false };
        let label = self.state().names().label(key.names >> 8).map(str::to_owned);
        let edge = Subject::Edge { source: key.source, target: key.target, class, label };
        self.was_deleted_in_log(&key.source)
            || self.was_deleted_in_log(&key.target)
            || self.removed.contains(&edge)
    }

    /// Ids of all concepts, some more than once.
    pub(super) fn ids(&self) -> Result<Vec<ConceptId>> {
        let mut ids = Vec::new();
        let delta = self.writer.delta();
        ids.extend((0..delta.cells()).filter_map(|cell| delta.id_of(cell)));
        for segment in &self.segments {
            for number in 0..segment.nodes() {
                ids.push(segment.node_at(number)?.id);
            }
        }
        Ok(ids)
    }

    /// Whether something after a commit says of an association that it ended.
    pub(super) fn is_known_after(&self, key: &EdgeKey, seqno: u64) -> Result<bool> {
        if self.writer.delta().edge_state(key).is_some() {
            return Ok(true);
        }
        for segment in self.segments.iter().filter(|segment| segment.seqnos().0 > seqno) {
            if !matches!(segment.edge(key, key.hash64())?, EdgeHere::Unknown) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Takes the commits of the log on top of the segments.
fn writer_over(
    below: &State,
    names: NameWriter,
    manifest: &Manifest,
    options: &ShardOptions,
) -> DeltaWriter {
    let counts = Counts {
        concepts: COUNTED_LATER,
        edges: COUNTED_LATER,
        vectors: COUNTED_LATER,
        written: manifest.written,
    };
    let numbering = Numbering { counts, next_rows: manifest.next_rows.clone() };
    let defaults = VectorDefaults { dimension: options.vector_dimension, metric: options.metric };
    let keeps_history = manifest.history_floor_seqno < manifest.floor_seqno;
    DeltaWriter::new(below, names, numbering, defaults, keeps_history)
}

/// A segment that the manifest names, if its header and footer are sound.
struct Opened {
    number: u32,
    path: PathBuf,
    segment: Option<Segment>,
    /// Everything else is, too.
    is_sound: bool,
}

fn open_segments(
    env: &Env,
    dir: &SegmentDir,
    manifest: &Manifest,
    damaged: &[PathBuf],
) -> Result<Vec<Opened>> {
    let opened = manifest.segments.iter().map(|entry| {
        let path = dir.segment_path(entry.number);
        let expected = expected_segment(entry, manifest.store_id);
        let file = MappedFile::open(env.disk.as_ref(), &path, &expected);
        let segment = sound(file.and_then(Segment::new))?;
        let is_sound = !damaged.contains(&path);
        Ok(Opened { number: entry.number, path, segment, is_sound })
    });
    opened.collect()
}

/// All labels and namespaces under their numbers. Those that do not read get names of their own, so
/// that what uses them is kept.
fn collect_names(opened: &[Opened], manifest: &Manifest, options: &ShardOptions) -> NameWriter {
    let mut labels = HashMap::new();
    let mut namespaces = HashMap::new();
    for segment in opened.iter().filter_map(|opened| opened.segment.as_ref()) {
        let mut cursor = Cursor::new(segment.names().unwrap_or_default());
        while let Ok(Some(entry)) = next_name(&mut cursor) {
            match entry {
                NameEntry::Label { number, text } => {
                    labels.insert(number, text);
                }
                NameEntry::Namespace { number, dimension, metric, text } => {
                    namespaces.insert(number, (text, dimension, metric));
                }
            }
        }
    }
    let mut names = NameWriter::default();
    for number in 1..=manifest.labels {
        let label = labels.get(&number).map(|label| (*label).to_owned());
        names.label_or_new(&label.unwrap_or_else(|| format!("lost label {number}")));
    }
    for number in 0..manifest.next_rows.len() as u32 {
        let lost = format!("lost-namespace-{number}");
        let lost = if number == 0 { DEFAULT_NAMESPACE } else { &lost };
        let lost = (lost, options.vector_dimension, options.metric);
        let (text, dimension, metric) = namespaces.get(&number).copied().unwrap_or(lost);
        names.namespace_or_new(text, dimension, metric);
    }
    names
}

/// Opens the sound files of vectors and takes the others out of the manifest; with them, how many
/// rows they had.
fn open_spaces(
    env: &Env,
    dir: &SegmentDir,
    manifest: &mut Manifest,
    names: &NameWriter,
    damaged: &[PathBuf],
) -> Result<(SealedSpaces, Vec<(PathBuf, u32)>)> {
    let mut spaces: SealedSpaces = vec![Vec::new(); manifest.next_rows.len()];
    let mut dropped = Vec::new();
    let store_id = manifest.store_id;
    let mut entries = std::mem::take(&mut manifest.vector_files);
    entries.sort_by_key(|entry| (entry.namespace, entry.first_row));
    for mut entry in entries {
        let path = dir.vectors_path(entry.number);
        entry.dead_rows = 0;
        let space = names.names().namespace(entry.namespace);
        let space = space.filter(|_| !damaged.contains(&path));
        let opened =
            space.map(|space| open_vectors(env.disk.as_ref(), &path, store_id, &entry, space));
        let file = opened.map(sound).transpose()?.flatten();
        let files = spaces.get_mut(entry.namespace as usize);
        if let (Some(file), Some(files)) = (file, files) {
            files.push(Arc::new(file));
            manifest.vector_files.push(entry);
        } else {
            dropped.push((path, entry.rows));
        }
    }
    Ok((spaces, dropped))
}
