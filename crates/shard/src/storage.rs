//! The files of a shard apart from its log, and the layers that are made of them: what the manifest
//! says, deltas waiting to be written to segments, files that nobody will need.
//!
//! Invariants:
//! - The layers change under the lock of the catalog only, and never before the manifest that names
//!   their files is on disk.
//! - The log floor moves only after that, so what the log gives up is in segments.
//! - A file that the manifest no longer names is removed once no view reads it; what a process
//!   leaves behind is removed when the shard is next opened.

use crate::delta::{Delta, DeltaWriter, Sealed};
use crate::error::{Error, Result};
use crate::manifest_file::ManifestFile;
use crate::names::Namespace;
use crate::options::ShardOptions;
use crate::segment::{SealedFile, SealedFileWriter, Segment, SegmentDir, checksum_bytes};
use crate::shared::Shared;
use crate::state::{LAYERS_MAX, Layer, SealedSpaces, State};
use crate::stats::{Background, Memory};
use crate::vector::SealedVectors;
use parking_lot::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use sutra_env::{Env, WorkHandle};
use sutra_format::manifest::{Manifest, ManifestSegment, ManifestVectors};
use sutra_format::segment::names::{NameEntry, append_name};

/// Deltas that may wait for being written: more of them only make reads slower.
const FROZEN_MAX: usize = 2;
/// Segments at which no more are made: layers are left for the deltas.
const SEGMENTS_MAX: usize = LAYERS_MAX - FROZEN_MAX - 1;

/// Shared by the committer and the tasks that write segments and merge them.
pub(crate) struct Storage {
    pub(crate) env: Env,
    pub(crate) options: ShardOptions,
    pub(crate) dir: SegmentDir,
    pub(crate) shared: Arc<Shared>,
    manifest_file: ManifestFile,
    catalog: Mutex<Catalog>,
    /// Last commit that is in segments: the log need not keep it.
    floor_seqno: AtomicU64,
    pub(crate) figures: Figures,
    /// Woken when the layers or the floor changed, or a flush failed.
    pub(crate) committer: OnceLock<WorkHandle>,
    /// Woken when there may be something to merge or remove.
    pub(crate) compactor: OnceLock<WorkHandle>,
}

/// What the lock protects.
pub(crate) struct Catalog {
    /// As it is on disk.
    pub(crate) manifest: Manifest,
    next_file_number: u32,
    /// Oldest first.
    frozen: VecDeque<Arc<Sealed>>,
    obsolete: Vec<Obsolete>,
    /// Deltas that are in segments now, but which views may still hold.
    retired: Vec<Weak<Delta>>,
}

/// A file that the manifest does not name any more.
pub(crate) enum Obsolete {
    Segment(Arc<Segment>),
    Vectors(Arc<SealedVectors>),
}

/// Counted by the background tasks.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) flushes: AtomicU64,
    pub(crate) flush_failures: AtomicU64,
    pub(crate) flush_bytes: AtomicU64,
    pub(crate) compactions: AtomicU64,
    pub(crate) compaction_failures: AtomicU64,
    pub(crate) compaction_bytes: AtomicU64,
    /// Of the last try, if it failed.
    pub(crate) flush_error: Mutex<Option<Error>>,
    pub(crate) compaction_error: Mutex<Option<Error>>,
}

/// Files that were written and synced, and are in no manifest yet.
#[derive(Default)]
pub(crate) struct NewFiles {
    pub(crate) segment: Option<(ManifestSegment, Arc<Segment>)>,
    pub(crate) vectors: Vec<(ManifestVectors, Arc<SealedVectors>)>,
}

impl NewFiles {
    /// Bytes of all of them.
    pub(crate) fn bytes(&self) -> u64 {
        let segment = self.segment.as_ref().map_or(0, |(entry, _)| entry.file_bytes);
        segment + self.vectors.iter().map(|(entry, _)| entry.file_bytes).sum::<u64>()
    }

    /// Removes them, as far as that works: what stays behind is an orphan.
    pub(crate) fn discard(&self, dir: &SegmentDir) {
        if let Some((entry, _)) = &self.segment {
            let _ = dir.remove(&dir.segment_path(entry.number));
        }
        for (entry, _) in &self.vectors {
            let _ = dir.remove(&dir.vectors_path(entry.number));
        }
    }
}

impl Storage {
    pub(crate) fn new(
        env: &Env,
        options: &ShardOptions,
        dir: SegmentDir,
        manifest_file: ManifestFile,
        manifest: Manifest,
        shared: Arc<Shared>,
    ) -> Self {
        let floor_seqno = AtomicU64::new(manifest.floor_seqno);
        let catalog = Catalog {
            next_file_number: manifest.next_file_number,
            manifest,
            frozen: VecDeque::new(),
            obsolete: Vec::new(),
            retired: Vec::new(),
        };
        Self {
            env: env.clone(),
            options: options.clone(),
            dir,
            shared,
            manifest_file,
            catalog: Mutex::new(catalog),
            floor_seqno,
            figures: Figures::default(),
            committer: OnceLock::new(),
            compactor: OnceLock::new(),
        }
    }

    /// Writes the first manifest of a new shard, and removes files that no manifest names. How many
    /// that were.
    ///
    /// # Errors
    /// `Io`, `DiskFull`; `Corrupt` for a file of another store.
    pub(crate) fn begin(&self) -> Result<u64> {
        let mut catalog = self.catalog.lock();
        if catalog.manifest.generation == 0 {
            let manifest = catalog.manifest.clone();
            self.save(&mut catalog, manifest)?;
        }
        let manifest = &catalog.manifest;
        let segments = manifest.segments.iter().map(|f| self.dir.segment_path(f.number));
        let vectors = manifest.vector_files.iter().map(|f| self.dir.vectors_path(f.number));
        let named: Vec<_> = segments.chain(vectors).collect();
        let mut orphans = 0;
        for file in self.dir.list()? {
            if !named.contains(&file.path) {
                self.dir.check_orphan(&file.path, &self.options.store_id)?;
                self.dir.remove(&file.path)?;
                orphans += 1;
            }
        }
        Ok(orphans)
    }

    /// Reads as of an earlier commit are not complete.
    pub(crate) fn history_floor_seqno(&self) -> u64 {
        let seqno = self.catalog.lock().manifest.history_floor_seqno;
        if self.options.history_keep_us.is_some() { seqno } else { self.floor_seqno().max(seqno) }
    }

    pub(crate) fn catalog(&self) -> MutexGuard<'_, Catalog> {
        self.catalog.lock()
    }

    /// Last commit that is in segments.
    pub(crate) fn floor_seqno(&self) -> u64 {
        self.floor_seqno.load(Ordering::Acquire)
    }

    /// Lets the writer go on with an empty delta, if another one may wait for being written.
    /// Whether it did.
    pub(crate) fn freeze(&self, writer: &mut DeltaWriter) -> bool {
        let mut catalog = self.catalog.lock();
        let segments = catalog.manifest.segments.len();
        if catalog.frozen.len() >= FROZEN_MAX || segments + catalog.frozen.len() >= SEGMENTS_MAX {
            return false;
        }
        writer.set_state(self.shared.state());
        let Some(sealed) = writer.seal() else { return false };
        self.shared.install(Arc::clone(writer.state()));
        #[cfg(feature = "planted-bugs")]
        if self.has_bug(crate::PlantedBug::FloorMovedTooEarly) {
            self.floor_seqno.store(sealed.seqnos.1, Ordering::Release);
        }
        catalog.frozen.push_back(Arc::new(sealed));
        true
    }

    /// The oldest delta that waits, and whether another one is behind it.
    pub(crate) fn oldest_frozen(&self) -> Option<Arc<Sealed>> {
        self.catalog.lock().frozen.front().cloned()
    }

    /// Whether deltas wait for being written.
    pub(crate) fn is_flushing(&self) -> bool {
        !self.catalog.lock().frozen.is_empty()
    }

    /// A number that no file has. It is not used again before the shard is next opened, whatever
    /// becomes of the file.
    pub(crate) fn new_file_number(&self) -> Result<u32> {
        let mut catalog = self.catalog.lock();
        let number = catalog.next_file_number;
        let next = number.checked_add(1).filter(|next| *next < u32::MAX);
        catalog.next_file_number =
            next.ok_or_else(|| Error::Busy("file numbers are used up".into()))?;
        Ok(number)
    }

    /// Names the files of the oldest frozen delta in the manifest, then lets them take its place.
    ///
    /// # Errors
    /// `Io`, `DiskFull`: which manifest is on disk is unknown, so no file may be removed.
    pub(crate) fn install_flushed(
        &self,
        sealed: &Arc<Sealed>,
        files: NewFiles,
        history_floor_seqno: u64,
    ) -> Result<()> {
        let mut catalog = self.catalog.lock();
        let mut manifest = catalog.manifest.clone();
        manifest.floor_seqno = sealed.seqnos.1;
        manifest.floor_time_us = sealed.last_committed_us;
        manifest.history_floor_seqno = manifest.history_floor_seqno.max(history_floor_seqno);
        manifest.concepts = sealed.counts.concepts;
        manifest.edges = sealed.counts.edges;
        manifest.vectors = sealed.counts.vectors;
        manifest.written = sealed.counts.written;
        manifest.labels = sealed.labels;
        manifest.next_rows.clone_from(&sealed.next_rows);
        manifest.next_rows.resize(sealed.namespaces as usize, 0);
        for (namespace, row) in &sealed.retired_below {
            let holds = |file: &&mut ManifestVectors| {
                file.namespace == *namespace && (file.first_row..=file.last_row).contains(row)
            };
            if let Some(file) = manifest.vector_files.iter_mut().find(holds) {
                file.dead_rows = file.dead_rows.saturating_add(1).min(file.rows);
            }
        }
        manifest.segments.extend(files.segment.as_ref().map(|(entry, _)| entry.clone()));
        manifest.vector_files.extend(files.vectors.iter().map(|(entry, _)| entry.clone()));
        self.save(&mut catalog, manifest)?;
        let replaced = |layers: &mut Vec<Layer>| {
            let is_it = |layer: &Layer| match layer {
                Layer::Delta(delta) => Arc::ptr_eq(delta, &sealed.delta),
                Layer::Segment(_) => false,
            };
            if let Some(at) = layers.iter().position(is_it) {
                let segment = files.segment.map(|(_, segment)| Layer::Segment(segment));
                layers.splice(at..=at, segment);
            }
        };
        self.change_layers(replaced, |spaces| add_vectors(spaces, files.vectors));
        catalog.frozen.pop_front();
        catalog.retired.push(Arc::downgrade(&sealed.delta));
        self.floor_seqno.store(sealed.seqnos.1, Ordering::Release);
        Ok(())
    }

    /// Names the files of a compaction in the manifest instead of those it read, then lets them
    /// take their place.
    ///
    /// # Errors
    /// As [`Storage::install_flushed`].
    pub(crate) fn install_compacted(
        &self,
        inputs: &[Arc<Segment>],
        old_vectors: &[Arc<SealedVectors>],
        files: NewFiles,
        history_floor_seqno: u64,
    ) -> Result<()> {
        let mut catalog = self.catalog.lock();
        let mut manifest = catalog.manifest.clone();
        let is_input = |number| inputs.iter().any(|input| input.number() == number);
        if let Some(at) = manifest.segments.iter().position(|entry| is_input(entry.number)) {
            let merged = files.segment.as_ref().map(|(entry, _)| entry.clone());
            let end = (at + inputs.len()).min(manifest.segments.len());
            manifest.segments.splice(at..end, merged);
        }
        let is_old = |number| old_vectors.iter().any(|old| old.number() == number);
        manifest.vector_files.retain(|entry| !is_old(entry.number));
        manifest.vector_files.extend(files.vectors.iter().map(|(entry, _)| entry.clone()));
        manifest.history_floor_seqno = manifest.history_floor_seqno.max(history_floor_seqno);
        self.save(&mut catalog, manifest)?;
        let replaced = |layers: &mut Vec<Layer>| {
            let is_it = |layer: &Layer| match layer {
                Layer::Segment(segment) => is_input(segment.number()),
                Layer::Delta(_) => false,
            };
            if let Some(at) = layers.iter().position(is_it) {
                let segment = files.segment.map(|(_, segment)| Layer::Segment(segment));
                let end = (at + inputs.len()).min(layers.len());
                layers.splice(at..end, segment);
            }
        };
        self.change_layers(replaced, |spaces| {
            for space in spaces.iter_mut() {
                space.retain(|file| !is_old(file.number()));
            }
            add_vectors(spaces, files.vectors);
        });
        catalog.obsolete.extend(inputs.iter().cloned().map(Obsolete::Segment));
        catalog.obsolete.extend(old_vectors.iter().cloned().map(Obsolete::Vectors));
        Ok(())
    }

    fn save(&self, catalog: &mut Catalog, mut manifest: Manifest) -> Result<()> {
        manifest.generation += 1;
        manifest.next_file_number = catalog.next_file_number;
        self.save_file(&manifest)?;
        catalog.manifest = manifest;
        Ok(())
    }

    #[cfg(not(feature = "planted-bugs"))]
    fn save_file(&self, manifest: &Manifest) -> Result<()> {
        self.manifest_file.save(manifest)
    }

    #[cfg(feature = "planted-bugs")]
    fn save_file(&self, manifest: &Manifest) -> Result<()> {
        use crate::PlantedBug::{ManifestNotSyncedBeforeDeleting, RenameWithoutFolderSync};
        if self.has_bug(RenameWithoutFolderSync) {
            return self.manifest_file.save_unsynced(manifest, true);
        }
        let is_of_merge = manifest.generation > 1 && manifest.floor_seqno == self.floor_seqno();
        if is_of_merge && self.has_bug(ManifestNotSyncedBeforeDeleting) {
            return self.manifest_file.save_unsynced(manifest, false);
        }
        self.manifest_file.save(manifest)
    }

    /// Whether a bug is switched on.
    #[cfg(feature = "planted-bugs")]
    pub(crate) fn has_bug(&self, bug: crate::PlantedBug) -> bool {
        self.options.planted_bug == Some(bug)
    }

    /// Call under the lock of the catalog.
    fn change_layers(
        &self,
        change: impl FnOnce(&mut Vec<Layer>),
        change_vectors: impl FnOnce(&mut SealedSpaces),
    ) {
        let before = self.shared.state();
        let mut layers = before.layers().to_vec();
        change(&mut layers);
        let mut sealed = SealedSpaces::clone(before.sealed());
        change_vectors(&mut sealed);
        let names = Arc::clone(before.names());
        let state = State::new(before.generation() + 1, names, layers, Arc::new(sealed));
        self.shared.install(Arc::new(state));
    }

    /// Ends a sealed file.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    #[cfg_attr(
        not(feature = "planted-bugs"),
        expect(clippy::unused_self, reason = "the options choose in builds with planted bugs")
    )]
    pub(crate) fn finish_file(&self, writer: SealedFileWriter) -> Result<SealedFile> {
        #[cfg(feature = "planted-bugs")]
        if self.has_bug(crate::PlantedBug::SegmentNotSynced) {
            return writer.write_rest().map(|(_, sealed)| sealed);
        }
        writer.finish()
    }

    /// Makes the names of new files durable.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn sync_names(&self) -> Result<()> {
        #[cfg(feature = "planted-bugs")]
        if self.has_bug(crate::PlantedBug::SegmentNameNotSynced) {
            return Ok(());
        }
        self.dir.sync()
    }

    /// Labels and namespaces that a frozen delta brought, as a segment has them.
    pub(crate) fn new_names(&self, sealed: &Sealed) -> Vec<u8> {
        let catalog = self.catalog.lock();
        let state = self.shared.state();
        let names = state.names();
        let mut bytes = Vec::new();
        for number in catalog.manifest.labels + 1..=sealed.labels {
            let text = names.label(number).unwrap_or_default();
            append_name(&NameEntry::Label { number, text }, &mut bytes);
        }
        for number in catalog.manifest.next_rows.len() as u32..sealed.namespaces {
            if let Some(Namespace { name, dimension, metric }) = names.namespace(number) {
                let (dimension, metric) = (*dimension, *metric);
                let entry = NameEntry::Namespace { number, dimension, metric, text: name };
                append_name(&entry, &mut bytes);
            }
        }
        bytes
    }

    /// Versions that were replaced at this commit or before are given up, when everything up to
    /// `last_seqno` is written to a segment.
    pub(crate) fn retained_from(&self, last_seqno: u64) -> u64 {
        let Some(keep_us) = self.options.history_keep_us else { return last_seqno };
        let cutoff_us = self.env.clock.wall_us().saturating_sub(keep_us);
        // A commit whose time cannot be read keeps its versions.
        let at_cutoff = self.shared.state().seqno_at(cutoff_us).ok().flatten();
        at_cutoff.unwrap_or(0).min(last_seqno)
    }

    /// Concepts and associations in segments that are not deleted.
    pub(crate) fn live_items(&self) -> u64 {
        let catalog = self.catalog.lock();
        catalog.manifest.concepts + catalog.manifest.edges
    }

    /// Removes files that no view reads any more, and takes note of memory that no view holds any
    /// more. Whether some of either stays for a later call.
    pub(crate) fn remove_obsolete(&self) -> bool {
        let mut removable = Vec::new();
        let (some_stay, some_freed) = {
            let mut catalog = self.catalog.lock();
            let held = catalog.retired.len();
            catalog.retired.retain(|delta| delta.strong_count() > 0);
            let some_freed = catalog.retired.len() < held;
            catalog.obsolete.retain(|file| {
                let is_read = file.is_read();
                #[cfg(feature = "planted-bugs")]
                let is_read = is_read && !self.has_bug(crate::PlantedBug::SnapshotFileDeleted);
                if !is_read {
                    removable.push(file.path(&self.dir));
                }
                is_read
            });
            let some_stay = !(catalog.obsolete.is_empty() && catalog.retired.is_empty());
            (some_stay, some_freed)
        };
        if some_freed {
            self.shared.tell_freed();
        }
        for path in removable {
            // What stays behind is an orphan, and removed when the shard is next opened.
            let _ = self.env.disk.remove_file(&path);
        }
        some_stay
    }

    /// Bytes of memory of the layers, and of deltas that only views hold.
    pub(crate) fn memory(&self, state: &State) -> Memory {
        let mut memory = Memory { tables: state.names().memory_bytes(), ..Memory::default() };
        for delta in state.deltas() {
            let delta = delta.memory();
            memory.records += delta.records;
            memory.tables += delta.tables;
            memory.vectors += delta.vectors;
        }
        for segment in state.segments() {
            memory.files += segment.file().memory_bytes();
            memory.mapped += segment.file().file_bytes();
        }
        let catalog = self.catalog.lock();
        let is_in_state = |held: &Arc<Delta>| state.deltas().any(|delta| Arc::ptr_eq(delta, held));
        let held = catalog.retired.iter().filter_map(Weak::upgrade);
        let only_held = held.filter(|held| !is_in_state(held));
        memory.held = only_held.map(|delta| delta.memory().total()).sum();
        for file in &catalog.manifest.vector_files {
            memory.mapped += file.file_bytes;
            memory.files += checksum_bytes(file.file_bytes);
        }
        memory
    }

    /// Figures of the background tasks.
    pub(crate) fn background(&self) -> Background {
        let figures = &self.figures;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let text = |error: &Mutex<Option<Error>>| error.lock().as_ref().map(ToString::to_string);
        let catalog = self.catalog.lock();
        let manifest = &catalog.manifest;
        let segment_bytes: u64 = manifest.segments.iter().map(|file| file.file_bytes).sum();
        let vector_bytes: u64 = manifest.vector_files.iter().map(|file| file.file_bytes).sum();
        Background {
            segments: manifest.segments.len() as u64,
            vector_files: manifest.vector_files.len() as u64,
            file_bytes: segment_bytes + vector_bytes,
            floor_seqno: manifest.floor_seqno,
            frozen: catalog.frozen.len() as u64,
            flushes: count(&figures.flushes),
            flush_failures: count(&figures.flush_failures),
            flush_bytes: count(&figures.flush_bytes),
            flush_error: text(&figures.flush_error),
            compactions: count(&figures.compactions),
            compaction_failures: count(&figures.compaction_failures),
            compaction_bytes: count(&figures.compaction_bytes),
            compaction_error: text(&figures.compaction_error),
            obsolete_files: catalog.obsolete.len() as u64,
        }
    }

    /// Bytes of deltas: those of the newest layers, and those that only views still hold.
    pub(crate) fn delta_bytes(&self) -> DeltaBytes {
        let catalog = self.catalog.lock();
        let held: Vec<_> = catalog.retired.iter().filter_map(Weak::upgrade).collect();
        DeltaBytes {
            frozen: catalog.frozen.iter().map(|sealed| sealed.delta.memory().total()).sum(),
            held: held.iter().map(|delta| delta.memory().total()).sum(),
        }
    }
}

/// Bytes of memory in deltas that are not written to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeltaBytes {
    /// Waiting for being written to segments.
    pub(crate) frozen: u64,
    /// In segments, but held by views.
    pub(crate) held: u64,
}

fn add_vectors(spaces: &mut SealedSpaces, files: Vec<(ManifestVectors, Arc<SealedVectors>)>) {
    for (entry, file) in files {
        let namespace = entry.namespace as usize;
        if spaces.len() <= namespace {
            spaces.resize(namespace + 1, Vec::new());
        }
        if let Some(space) = spaces.get_mut(namespace) {
            space.push(file);
            space.sort_by_key(|file| file.first_row());
        }
    }
}

impl Obsolete {
    fn is_read(&self) -> bool {
        match self {
            Self::Segment(segment) => Arc::strong_count(segment) > 1,
            Self::Vectors(vectors) => Arc::strong_count(vectors) > 1,
        }
    }

    fn path(&self, dir: &SegmentDir) -> std::path::PathBuf {
        match self {
            Self::Segment(segment) => dir.segment_path(segment.number()),
            Self::Vectors(vectors) => dir.vectors_path(vectors.number()),
        }
    }
}
