//! Files of vectors: written again only when more than half of their rows are dead, or while they
//! are small, so that many small flushes do not leave many small files.

use crate::delta::NEWEST;
use crate::error::{Error, Result};
use crate::layer_files::{NewFiles, OldVectors};
use crate::segment::{VectorRow, VectorSpace, write_vectors};
use crate::state::State;
use crate::storage::Storage;
use crate::vector::SealedVectors;
use hashbrown::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use sutra_format::manifest::ManifestVectors;

/// Files of at least this size are moved for their dead rows only.
const SMALL_BYTES: u64 = 8 << 20;
/// Small neighbours that are put together.
const FAN_IN: usize = 4;

/// Files that were written again, with the commit up to which everything was in files then.
pub(crate) type WrittenAgain = HashMap<u32, u64>;

/// Files of one namespace, neighbours in the order of rows.
pub(super) struct VectorMerge {
    inputs: Vec<ManifestVectors>,
    /// The segments that these files are named in, without what is in memory: their dead rows are
    /// counted as of the same commit.
    state: State,
}

impl VectorMerge {
    /// The files to write again next.
    ///
    /// Rows that only history keeps are no reason to write a file again and again: one that was
    /// written again waits until what it kept then is not kept any more.
    pub(super) fn choose(
        storage: &Storage,
        written: &WrittenAgain,
        is_set_aside: &dyn Fn(u32) -> bool,
    ) -> Option<Self> {
        let (mut files, state) = {
            let catalog = storage.catalog();
            (catalog.manifest.vector_files.clone(), storage.shared.state())
        };
        let state = state.without_deltas();
        files.sort_by_key(|file| (file.namespace, file.first_row));
        let is_dead =
            |file: &&ManifestVectors| file.dead_rows > file.rows / 2 && !is_set_aside(file.number);
        let retain_from = storage.retained_from(storage.floor_seqno());
        let is_ripe = |file: &&ManifestVectors| {
            written.get(&file.number).is_none_or(|floor_seqno| retain_from >= *floor_seqno)
        };
        if let Some(dead) = files.iter().filter(is_dead).find(is_ripe) {
            return Some(Self { inputs: vec![dead.clone()], state });
        }
        let is_small =
            |file: &ManifestVectors| file.file_bytes < SMALL_BYTES && !is_set_aside(file.number);
        let runs = files.chunk_by(|a, b| a.namespace == b.namespace && is_small(a) && is_small(b));
        let run = runs.into_iter().find(|run| run.len() >= FAN_IN)?;
        Some(Self { inputs: run.to_vec(), state })
    }

    /// Numbers and paths of the files.
    pub(super) fn input_paths(&self, storage: &Storage) -> Vec<(u32, PathBuf)> {
        let numbers = self.inputs.iter().map(|file| file.number);
        numbers.map(|number| (number, storage.dir.vectors_path(number))).collect()
    }

    /// Writes what is alive of them into one file, and notes it. How many bytes that took.
    ///
    /// # Errors
    /// `Io`, `DiskFull`, `Corrupt`.
    pub(super) fn run(&self, storage: &Storage, written: &mut WrittenAgain) -> Result<u64> {
        let state = &self.state;
        let Some(namespace) = self.inputs.first().map(|file| file.namespace) else { return Ok(0) };
        let is_input = |file: &&Arc<SealedVectors>| {
            self.inputs.iter().any(|input| input.number == file.number())
        };
        let space = state.sealed().get(namespace as usize).map_or(&[][..], Vec::as_slice);
        let inputs: Vec<Arc<SealedVectors>> = space.iter().filter(is_input).cloned().collect();
        let floor_seqno = storage.floor_seqno();
        let retain_from = storage.retained_from(floor_seqno);
        let Kept { rows, seqnos, dead_rows } = kept_rows(state, namespace, &inputs, retain_from)?;
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
            let (mut entry, vectors) = write_vectors(storage, &space, &rows, vector)?;
            entry.dead_rows = dead_rows;
            files.vectors.push((entry, vectors));
            let synced = storage.sync_names();
            if synced.is_err() {
                files.discard(&storage.dir);
                synced?;
            }
        }
        let bytes = files.bytes();
        let number = files.vectors.first().map(|(entry, _)| entry.number);
        // Commits whose rows are not kept are not shown any more, though their records may be
        // there.
        let dead_before = self.inputs.iter().map(|file| file.dead_rows).sum();
        let old = OldVectors { files: &inputs, dead_rows: dead_before };
        storage.install_compacted(&[], &old, files, retain_from)?;
        for file in &self.inputs {
            written.remove(&file.number);
        }
        written.extend(number.map(|number| (number, floor_seqno)));
        Ok(bytes)
    }
}

/// Rows that go on.
struct Kept {
    rows: Vec<VectorRow>,
    /// Commits that wrote the first and the last of them.
    seqnos: (u64, u64),
    /// How many of them only older versions name, which history keeps.
    dead_rows: u32,
}

/// The rows that a kept version of their concept names.
fn kept_rows(
    state: &State,
    namespace: u32,
    inputs: &[Arc<SealedVectors>],
    retain_from: u64,
) -> Result<Kept> {
    let mut kept = Kept { rows: Vec::new(), seqnos: (u64::MAX, 0), dead_rows: 0 };
    for input in inputs {
        for position in 0..input.rows() as usize {
            let entry = input.row_at(position)?;
            let names = |retain_from| {
                match state.names_row(namespace, &entry.id, entry.row, retain_from) {
                    // Nobody knows: the segment that says so is damaged.
                    Err(Error::Corrupt { .. }) => Ok(true),
                    known => known,
                }
            };
            let is_newest = names(NEWEST)?;
            if is_newest || names(retain_from)? {
                let (first, last) = kept.seqnos;
                kept.seqnos = (first.min(entry.begin), last.max(entry.begin));
                kept.rows.push(VectorRow { row: entry.row, begin: entry.begin, id: entry.id });
                kept.dead_rows += u32::from(!is_newest);
            }
        }
    }
    Ok(kept)
}
