//! The files of a shard apart from its log, and the layers that are made of them: what the manifest
//! says, deltas waiting to be written to segments, files that nobody will need.
//!
//! Invariants:
//! - The layers change under the lock of the catalog only, and never before the manifest that names
//!   their files is on disk.
//! - The log floor moves only after that, so what the log gives up is in segments.
//! - A file that the manifest no longer names is removed once no view reads it; what a process
//!   leaves behind is removed when the shard is next opened.

use crate::compaction::MergeClaims;
use crate::delta::{Delta, DeltaWriter, Sealed};
use crate::error::{Error, Result};
use crate::figures::Figures;
use crate::layer_files::{NewFiles, Obsolete, OldVectors};
use crate::manifest_file::ManifestFile;
use crate::names::Namespace;
use crate::options::ShardOptions;
use crate::segment::{SealedFile, SealedFileWriter, Segment, SegmentDir};
use crate::shared::Shared;
use crate::state::{LAYERS_MAX, Layer, SealedSpaces, State};
use crate::sync::{AtomicU64, Mutex, MutexGuard, OnceLock, Ordering};
use crate::text::Texts;
use crate::vector::SealedVectors;
use crate::vector::graph::{Graph, GraphSpaces};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use sutra_env::{Env, WorkHandle};
use sutra_format::manifest::{Manifest, ManifestVectors};
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
    /// Held while a manifest is written, by one of the tasks that write files. Never together with
    /// the catalog's: nobody else waits for the disk.
    saving: Mutex<()>,
    catalog: Mutex<Catalog>,
    /// Last commit that is in segments: the log need not keep it.
    floor_seqno: AtomicU64,
    pub(crate) figures: Figures,
    /// Woken when the layers or the floor changed, or a flush failed.
    pub(crate) committer: OnceLock<WorkHandle>,
    /// Woken when a delta waits for being written, and may be.
    pub(crate) flusher: OnceLock<WorkHandle>,
    /// Woken when there may be something to merge or remove.
    pub(crate) compactor: OnceLock<WorkHandle>,
    /// Woken when other files of vectors are in place.
    pub(crate) indexer: OnceLock<WorkHandle>,
    /// Generation of the layers in which there was nothing more to do for it.
    pub(crate) indexed_generation: AtomicU64,
    /// Woken when there may be something to merge and the compactor is busy.
    pub(crate) more_mergers: OnceLock<Vec<WorkHandle>>,
    pub(crate) merging: MergeClaims,
    pub(crate) texts: Texts,
}

/// What the lock protects.
pub(crate) struct Catalog {
    /// As it is on disk.
    pub(crate) manifest: Manifest,
    pub(crate) next_file_number: u32,
    /// Oldest first.
    pub(crate) frozen: VecDeque<Arc<Sealed>>,
    pub(crate) obsolete: Vec<Obsolete>,
    /// Deltas that are in segments now, but which views may still hold. The last one to let go is
    /// a background task, not a reader: it takes a while.
    pub(crate) retired: Vec<Arc<Delta>>,
    /// Files of a manifest that may be on disk or not: writing it failed.
    unsure: Vec<PathBuf>,
}

impl Catalog {
    /// Takes in the manifest that is on disk for certain. Gives the files of earlier ones whose
    /// writing failed: it does not name them.
    fn settle(&mut self, manifest: Manifest) -> Vec<PathBuf> {
        self.manifest = manifest;
        std::mem::take(&mut self.unsure)
    }
}

/// What became of handing a delta over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freeze {
    /// It waits for being written, and the writer has an empty one.
    Done,
    /// The ones before it have to be written first.
    Later,
    /// Segments have to be merged first.
    TooManySegments,
}

impl Storage {
    pub(crate) fn new(
        env: &Env,
        options: &ShardOptions,
        dir: SegmentDir,
        manifest_file: ManifestFile,
        manifest: Manifest,
        shared: Arc<Shared>,
        texts: Texts,
    ) -> Self {
        let floor_seqno = AtomicU64::new(manifest.floor_seqno);
        let catalog = Catalog {
            next_file_number: manifest.next_file_number,
            manifest,
            frozen: VecDeque::new(),
            obsolete: Vec::new(),
            retired: Vec::new(),
            unsure: Vec::new(),
        };
        Self {
            env: env.clone(),
            options: options.clone(),
            dir,
            shared,
            manifest_file,
            saving: Mutex::new(()),
            catalog: Mutex::new(catalog),
            floor_seqno,
            figures: Figures::default(),
            committer: OnceLock::new(),
            flusher: OnceLock::new(),
            compactor: OnceLock::new(),
            indexer: OnceLock::new(),
            indexed_generation: AtomicU64::new(0),
            more_mergers: OnceLock::new(),
            merging: MergeClaims::default(),
            texts,
        }
    }

    /// Writes the first manifest of a new shard, and removes files that no manifest names. How many
    /// that were.
    ///
    /// # Errors
    /// `Io`, `DiskFull`; `Corrupt` for a file of another store.
    pub(crate) fn begin(&self) -> Result<u64> {
        let mut manifest = self.catalog.lock().manifest.clone();
        if manifest.generation == 0 {
            manifest = self.save(manifest)?;
            self.catalog.lock().manifest.clone_from(&manifest);
        }
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
    pub(crate) fn freeze(&self, writer: &mut DeltaWriter) -> Freeze {
        let mut catalog = self.catalog.lock();
        let segments = catalog.manifest.segments.len();
        if segments + catalog.frozen.len() >= SEGMENTS_MAX {
            return Freeze::TooManySegments;
        }
        if catalog.frozen.len() >= FROZEN_MAX {
            return Freeze::Later;
        }
        let below = self.shared.state();
        #[cfg(feature = "planted-bugs")]
        let is_old = self.has_bug(crate::PlantedBug::FrozenOnOldLayers);
        #[cfg(feature = "planted-bugs")]
        let below = if is_old { Arc::clone(writer.state()) } else { below };
        writer.set_state(below);
        let Some(sealed) = writer.seal() else { return Freeze::Later };
        self.shared.install(Arc::clone(writer.state()));
        #[cfg(feature = "planted-bugs")]
        if self.has_bug(crate::PlantedBug::FloorMovedTooEarly) {
            self.floor_seqno.store(sealed.seqnos.1, Ordering::Release);
        }
        catalog.frozen.push_back(Arc::new(sealed));
        Freeze::Done
    }

    /// The oldest delta that waits, and whether another one is behind it.
    pub(crate) fn oldest_frozen(&self) -> Option<Arc<Sealed>> {
        self.catalog.lock().frozen.front().cloned()
    }

    /// Last commit of the oldest delta that waits and ends behind a commit.
    pub(crate) fn frozen_end_after(&self, seqno: u64) -> Option<u64> {
        let catalog = self.catalog.lock();
        catalog.frozen.iter().map(|sealed| sealed.seqnos.1).find(|end| *end > seqno)
    }

    /// Last commit of the newest delta that waits.
    pub(crate) fn last_frozen_end(&self) -> Option<u64> {
        self.catalog.lock().frozen.back().map(|sealed| sealed.seqnos.1)
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
        let _saving = self.saving.lock();
        let mut manifest = self.catalog.lock().manifest.clone();
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
        let manifest = self.save(manifest).inspect_err(|_| self.note_unsure(&files))?;
        let mut catalog = self.catalog.lock();
        let unsure = catalog.settle(manifest);
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
        catalog.retired.push(Arc::clone(&sealed.delta));
        self.floor_seqno.store(sealed.seqnos.1, Ordering::Release);
        drop(catalog);
        self.remove_unsure(unsure);
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
        old_vectors: &OldVectors<'_>,
        files: NewFiles,
        history_floor_seqno: u64,
    ) -> Result<()> {
        let _saving = self.saving.lock();
        let mut manifest = self.catalog.lock().manifest.clone();
        let is_input = |number| inputs.iter().any(|input| input.number() == number);
        if let Some(at) = manifest.segments.iter().position(|entry| is_input(entry.number)) {
            let merged = files.segment.as_ref().map(|(entry, _)| entry.clone());
            let end = (at + inputs.len()).min(manifest.segments.len());
            manifest.segments.splice(at..end, merged);
        }
        let is_old = |number| old_vectors.files.iter().any(|old| old.number() == number);
        // Rows that were retired while the new file was written are in it all the same.
        let old_entries = manifest.vector_files.iter().filter(|entry| is_old(entry.number));
        let dead_now: u32 = old_entries.map(|entry| entry.dead_rows).sum();
        let retired = dead_now.saturating_sub(old_vectors.dead_rows);
        manifest.vector_files.retain(|entry| !is_old(entry.number));
        manifest.vector_files.extend(files.vectors.iter().map(|(entry, _)| {
            let dead_rows = (entry.dead_rows + retired).min(entry.rows);
            ManifestVectors { dead_rows, ..entry.clone() }
        }));
        manifest.history_floor_seqno = manifest.history_floor_seqno.max(history_floor_seqno);
        let manifest = self.save(manifest).inspect_err(|_| self.note_unsure(&files))?;
        let mut catalog = self.catalog.lock();
        let unsure = catalog.settle(manifest);
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
        catalog.obsolete.extend(old_vectors.files.iter().cloned().map(Obsolete::Vectors));
        drop(catalog);
        self.remove_unsure(unsure);
        Ok(())
    }

    /// Puts the next manifest on disk. The caller holds `saving`.
    fn save(&self, mut manifest: Manifest) -> Result<Manifest> {
        manifest.generation += 1;
        manifest.next_file_number = self.catalog.lock().next_file_number;
        self.save_file(&manifest)?;
        Ok(manifest)
    }

    /// Files that the manifest on disk may name, or not: the next one tells.
    fn note_unsure(&self, files: &NewFiles) {
        self.catalog.lock().unsure.extend(files.paths(&self.dir));
    }

    /// Removes files of manifests that never came to be.
    fn remove_unsure(&self, paths: Vec<PathBuf>) {
        for path in paths {
            // What stays behind is an orphan, and removed when the shard is next opened.
            let _ = self.dir.remove(&path);
        }
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
        let state = state.with_graphs(Arc::clone(before.graphs()));
        self.shared.install(Arc::new(state));
        self.wake_indexer();
        self.texts.wake_saver();
    }

    pub(crate) fn wake_committer(&self) {
        self.committer.get().inspect(|committer| committer.wake());
    }

    pub(crate) fn wake_flusher(&self) {
        self.flusher.get().inspect(|flusher| flusher.wake());
    }

    /// Call when vectors may be in no graph that should be in one, or when that is waited for.
    pub(crate) fn wake_indexer(&self) {
        self.indexer.get().inspect(|indexer| indexer.wake());
    }

    /// Puts other graphs in place. Those that are not among them any more are removed when no view
    /// reads them.
    pub(crate) fn install_graphs(&self, graphs: GraphSpaces) {
        let mut catalog = self.catalog.lock();
        let before = self.shared.state();
        let is_kept = |old: &Arc<Graph>| {
            graphs.iter().flat_map(|space| &space.graphs).any(|graph| Arc::ptr_eq(graph, old))
        };
        let gone = before.graphs().iter().flat_map(|space| &space.graphs);
        let gone = gone.filter(|old| !is_kept(old)).cloned().map(Obsolete::Graph);
        catalog.obsolete.extend(gone);
        let layers = before.layers().to_vec();
        let (names, sealed) = (Arc::clone(before.names()), Arc::clone(before.sealed()));
        let state = State::new(before.generation() + 1, names, layers, sealed);
        self.shared.install(Arc::new(state.with_graphs(Arc::new(graphs))));
        drop(catalog);
        // It removes what nobody reads.
        self.compactor.get().inspect(|compactor| compactor.wake());
        self.committer.get().inspect(|committer| committer.wake());
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
        // The index of texts looks up what later commits replaced.
        let last_seqno = last_seqno.min(self.shared.parts().covered_seqno());
        let Some(keep_us) = self.options.history_keep_us else { return last_seqno };
        let cutoff_us = self.env.clock.wall_us().saturating_sub(keep_us);
        // A commit whose time cannot be read keeps its versions.
        let at_cutoff = self.shared.state().seqno_at(cutoff_us).ok().flatten();
        at_cutoff.unwrap_or(0).min(last_seqno)
    }

    /// Oldest first.
    pub(crate) fn segments(&self) -> Vec<Arc<Segment>> {
        let state = self.shared.state();
        let mut segments: Vec<Arc<Segment>> = state.segments().cloned().collect();
        segments.reverse();
        segments
    }

    /// Call when there may be something to merge or remove.
    pub(crate) fn wake_compactor(&self) {
        self.compactor.get().inspect(|compactor| compactor.wake());
    }

    /// Call when there is one more segment.
    pub(crate) fn wake_mergers(&self) {
        self.wake_compactor();
        if self.merging.is_first_busy() {
            self.more_mergers.get().into_iter().flatten().for_each(WorkHandle::wake);
        }
    }

    /// Concepts and associations in segments that are not deleted.
    pub(crate) fn live_items(&self) -> u64 {
        let catalog = self.catalog.lock();
        catalog.manifest.concepts + catalog.manifest.edges
    }

    /// Gives up the memory of deltas that are in segments and that no view holds any more. Whether
    /// some stay for a later call.
    pub(crate) fn free_retired(&self) -> bool {
        let is_free = |delta: &mut Arc<Delta>| Arc::strong_count(delta) == 1;
        let (freed, some_stay) = {
            let mut catalog = self.catalog.lock();
            let freed: Vec<_> = catalog.retired.extract_if(.., is_free).collect();
            (freed, !catalog.retired.is_empty())
        };
        if !freed.is_empty() {
            drop(freed);
            self.shared.tell_freed();
        }
        some_stay
    }

    /// Removes files that no view reads any more. Whether some stay for a later call.
    pub(crate) fn remove_obsolete(&self) -> bool {
        let mut removable = Vec::new();
        let some_stay = {
            let mut catalog = self.catalog.lock();
            catalog.obsolete.retain(|file| {
                let is_read = file.is_read();
                #[cfg(feature = "planted-bugs")]
                let is_read = is_read && !self.has_bug(crate::PlantedBug::SnapshotFileDeleted);
                if !is_read {
                    removable.push(file.path(&self.dir));
                }
                is_read
            });
            !catalog.obsolete.is_empty()
        };
        for path in removable {
            // What stays behind is an orphan, and removed when the shard is next opened.
            let _ = self.env.disk.remove_file(&path);
        }
        some_stay
    }
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
