//! Files of vectors: written again only when more than half of their rows are dead, or while they
//! are small, so that many small flushes do not leave many small files.

use crate::error::{Error, Result};
use crate::segment::{VectorRow, VectorSpace, write_vectors};
use crate::state::State;
use crate::storage::{NewFiles, Storage};
use crate::vector::SealedVectors;
use std::sync::Arc;
use sutra_format::manifest::ManifestVectors;

/// Files of at least this size are moved for their dead rows only.
const SMALL_BYTES: u64 = 8 << 20;
/// Small neighbours that are put together.
const FAN_IN: usize = 4;

/// Files of one namespace, neighbours in the order of rows.
pub(super) struct VectorMerge {
    inputs: Vec<ManifestVectors>,
}

impl VectorMerge {
    /// The files to write again next.
    pub(super) fn choose(storage: &Storage) -> Option<Self> {
        let mut files = storage.catalog().manifest.vector_files.clone();
        files.sort_by_key(|file| (file.namespace, file.first_row));
        if let Some(dead) = files.iter().find(|file| file.dead_rows > file.rows / 2) {
            return Some(Self { inputs: vec![dead.clone()] });
        }
        let is_small = |file: &ManifestVectors| file.file_bytes < SMALL_BYTES;
        let runs = files.chunk_by(|a, b| a.namespace == b.namespace && is_small(a) && is_small(b));
        let run = runs.into_iter().find(|run| run.len() >= FAN_IN)?;
        Some(Self { inputs: run.to_vec() })
    }

    /// Writes what is alive of them into one file. How many bytes that took.
    ///
    /// # Errors
    /// `Io`, `DiskFull`, `Corrupt`.
    pub(super) fn run(&self, storage: &Storage) -> Result<u64> {
        let state = storage.shared.state();
        let Some(namespace) = self.inputs.first().map(|file| file.namespace) else { return Ok(0) };
        let is_input = |file: &&Arc<SealedVectors>| {
            self.inputs.iter().any(|input| input.number == file.number())
        };
        let space = state.sealed().get(namespace as usize).map_or(&[][..], Vec::as_slice);
        let inputs: Vec<Arc<SealedVectors>> = space.iter().filter(is_input).cloned().collect();
        let retain_from = storage.retained_from(storage.floor_seqno());
        let (rows, seqnos) = live_rows(&state, namespace, &inputs, retain_from)?;
        let mut files = NewFiles::default();
        if let Some(named) = state.names().namespace(namespace).filter(|_| !rows.is_empty()) {
            let space = VectorSpace { number: namespace, named, seqnos };
            let vector = |row| {
                let holder = inputs.iter().find(|input| row <= input.last_row());
                let found = holder.map_or(Ok(None), |input| input.row(row))?;
                // Written as zeros, a row that is not where its file says would be lost unseen.
                let file = storage.dir.vectors_path(holder.map_or(0, |input| input.number()));
                let message = "a row of the file is not found by its number";
                found.map(Some).ok_or_else(|| Error::corrupt(&file, 0, message))
            };
            files.vectors.push(write_vectors(storage, &space, &rows, vector)?);
            let synced = storage.sync_names();
            if synced.is_err() {
                files.discard(&storage.dir);
                synced?;
            }
        }
        drop(state);
        let bytes = files.bytes();
        // Commits whose rows are not kept are not shown any more, though their records may be
        // there.
        storage.install_compacted(&[], &inputs, files, retain_from)?;
        Ok(bytes)
    }
}

/// The rows that a kept version of their concept names, and the commits that wrote the first and
/// the last of them.
fn live_rows(
    state: &State,
    namespace: u32,
    inputs: &[Arc<SealedVectors>],
    retain_from: u64,
) -> Result<(Vec<VectorRow>, (u64, u64))> {
    let mut rows = Vec::new();
    let mut seqnos = (u64::MAX, 0);
    for input in inputs {
        for position in 0..input.rows() as usize {
            let entry = input.row_at(position)?;
            if state.names_row(namespace, &entry.id, entry.row, retain_from)? {
                seqnos = (seqnos.0.min(entry.begin), seqnos.1.max(entry.begin));
                rows.push(VectorRow { row: entry.row, begin: entry.begin, id: entry.id });
            }
        }
    }
    Ok((rows, seqnos))
}
