//! Figures of the files and of the background tasks that write them.

use crate::delta::Delta;
use crate::error::Error;
use crate::segment::MappedFile;
use crate::segment::checksum_bytes;
use crate::state::State;
use crate::stats::{Background, IndexStats, Memory};
use crate::storage::Storage;
use crate::sync::{AtomicU64, Mutex, Ordering};
use crate::vector::SealedVectors;
use crate::vector::graph::GraphSpace;
use std::sync::Arc;

/// Tasks that merge segments: the compactor, and those beside it.
pub(crate) const MERGERS: usize = 3;

/// Counted by the background tasks.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) flushes: AtomicU64,
    pub(crate) flush_failures: AtomicU64,
    pub(crate) flush_bytes: AtomicU64,
    pub(crate) compactions: AtomicU64,
    pub(crate) compaction_failures: AtomicU64,
    pub(crate) compaction_bytes: AtomicU64,
    pub(crate) graphs_built: AtomicU64,
    pub(crate) graph_failures: AtomicU64,
    pub(crate) graph_bytes: AtomicU64,
    pub(crate) graphs_dropped: AtomicU64,
    pub(crate) graph_error: Mutex<Option<Error>>,
    /// Of the last try, if it failed.
    pub(crate) flush_error: Mutex<Option<Error>>,
    /// Of the last try of each merging task, if it failed. What is set aside is not among them.
    compaction_errors: Mutex<[Option<Error>; MERGERS]>,
    /// Why nothing can be merged now, and nothing is being merged, if so.
    pub(crate) merge_blocked_by: Mutex<Option<Error>>,
}

impl Figures {
    /// How the last merge of a task ended.
    pub(crate) fn set_compaction_error(&self, task: usize, error: Option<Error>) {
        if let Some(last) = self.compaction_errors.lock().get_mut(task) {
            *last = error;
        }
    }
}

impl Storage {
    /// Bytes of memory of the layers, and of deltas that only views hold.
    pub(crate) fn memory(&self, state: &State) -> Memory {
        let mut memory = Memory { tables: state.names().memory_bytes(), ..Memory::default() };
        for delta in state.deltas() {
            let delta = delta.memory();
            memory.records += delta.records;
            memory.tables += delta.tables;
            memory.vectors += delta.vectors;
        }
        for graph in state.graphs().iter().flat_map(|space| &space.graphs) {
            memory.files += graph.memory_bytes();
            memory.mapped += graph.file().file_bytes();
        }
        let parts = self.shared.parts();
        memory.index = parts.memory_bytes();
        memory.mapped +=
            parts.parts().filter_map(|p| p.file()).map(MappedFile::file_bytes).sum::<u64>();
        for segment in state.segments() {
            memory.files += segment.file().memory_bytes();
            memory.mapped += segment.file().file_bytes();
        }
        let catalog = self.catalog();
        let is_in_state = |held: &Arc<Delta>| state.deltas().any(|delta| Arc::ptr_eq(delta, held));
        let only_held = catalog.retired.iter().filter(|held| !is_in_state(held));
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
        let state = self.shared.state();
        let spaces = || state.graphs().iter().zip(state.sealed().iter());
        let without = |(space, files): (&GraphSpace, &Vec<Arc<SealedVectors>>)| {
            files.iter().map(|file| u64::from(space.uncovered_rows(file))).sum::<u64>()
        };
        let uncounted = state.sealed().iter().skip(state.graphs().len()).flatten();
        let uncounted: u64 = uncounted.map(|file| u64::from(file.rows())).sum();
        let merge_error = figures.compaction_errors.lock().iter().flatten().next().cloned();
        let merge_error = merge_error.or_else(|| self.merging.damage());
        let catalog = self.catalog();
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
            compaction_error: merge_error.map(|error| error.to_string()),
            graphs: state.graphs().iter().map(|space| space.graphs.len() as u64).sum(),
            vectors_without_graph: spaces().map(without).sum::<u64>() + uncounted,
            graphs_built: count(&figures.graphs_built),
            graph_failures: count(&figures.graph_failures),
            graph_bytes: count(&figures.graph_bytes),
            graphs_dropped: count(&figures.graphs_dropped),
            graph_error: text(&figures.graph_error),
            obsolete_files: catalog.obsolete.len() as u64,
        }
    }

    /// Figures of the index of texts and attributes.
    pub(crate) fn index_stats(&self, waits: u64) -> IndexStats {
        let parts = self.shared.parts();
        let texts = &self.texts;
        let figures = &texts.figures;
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let in_files = || parts.parts().filter_map(|part| part.file());
        let covered_seqno = parts.covered_seqno();
        let is_idle = covered_seqno == self.shared.published_seqno();
        IndexStats {
            parts: parts.parts().filter(|part| part.file().is_none()).count() as u64,
            files: in_files().count() as u64,
            documents: parts.parts().map(|part| u64::from(part.documents())).sum(),
            ended: parts.ended(),
            file_bytes: in_files().map(MappedFile::file_bytes).sum(),
            memory_bytes: parts.memory_bytes(),
            covered_seqno,
            is_catching_up: covered_seqno < self.floor_seqno(),
            rounds: count(&figures.rounds),
            entries: count(&figures.entries),
            queue_depth: self.text_backlog(),
            queue_capacity: texts.pace.queue_capacity,
            interval_us: if is_idle { 0 } else { count(&figures.interval_us) },
            interval_changes: count(&figures.interval_changes),
            arrivals_per_s: if is_idle { 0 } else { count(&figures.arrivals_per_s) },
            entries_per_s: count(&figures.entries_per_s),
            waits,
            files_written: count(&figures.files_written),
            bytes_written: count(&figures.bytes_written),
            files_dropped: count(&figures.files_dropped),
            failures: count(&figures.failures),
            error: figures.error.lock().as_ref().map(ToString::to_string),
        }
    }

    /// Bytes of deltas: those of the newest layers, and those that only views still hold.
    pub(crate) fn delta_bytes(&self) -> DeltaBytes {
        let catalog = self.catalog();
        DeltaBytes {
            frozen: catalog.frozen.iter().map(|sealed| sealed.delta.memory().total()).sum(),
            held: catalog.retired.iter().map(|delta| delta.memory().total()).sum(),
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
