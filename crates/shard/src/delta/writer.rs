//! Putting commits into the delta. One writer; what it adds is seen once it is published.

use super::check::{Checked, check_batch};
use super::id_words::store_id;
use super::{Counts, Delta, split};
use crate::concept_ref::ConceptRef;
use crate::edge_fields::EdgeFields;
use crate::error::{Error, Result};
use crate::names::{LABELS_MAX, NameWriter};
use crate::state::State;
use crate::sync::Ordering;
use crate::vector::VectorWriter;
use hashbrown::HashMap;
use std::sync::Arc;
use sutra_format::concept_record::ConceptRecord;
use sutra_format::edge_record::EdgeRecord;
use sutra_format::op_fields::DEFAULT_NAMESPACE;
use sutra_format::{ConceptId, EdgeName, Identity, Metric, Op, Refusal};

/// Seqno at which the writer sees everything it added.
pub(crate) const NEWEST: u64 = u64::MAX - 1;

/// A block of this length is followed by another. A position has 32 bits for the byte in its block,
/// and a batch of small updates to large concepts makes records of any length together.
pub(super) const BLOCK_BYTES_MAX: usize = 16 << 20;
/// Blocks of one delta: a position has 24 bits for the number.
const BLOCKS_MAX: u32 = (1 << 24) - 2;

/// What a namespace created by use, or none at all, is made with.
#[derive(Debug, Clone, Copy)]
pub struct VectorDefaults {
    /// Dimension.
    pub dimension: u32,
    /// Metric.
    pub metric: Metric,
}

/// What one operation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The concept, or the source of the association; zeros for a namespace.
    pub id: ConceptId,
    /// Created, for learn and associate; removed, for delete and dissociate; always for update.
    pub changed: bool,
}

/// A delta that nothing is added to any more, with what a segment made of it has to say.
pub struct Sealed {
    /// The delta.
    pub delta: Arc<Delta>,
    /// First and last commit in it.
    pub seqnos: (u64, u64),
    /// Time of the last commit, in microseconds from 1970.
    pub last_committed_us: u64,
    /// What existed after its last commit.
    pub counts: Counts,
    /// Row that the next vector of each namespace gets.
    pub next_rows: Vec<u32>,
    /// Labels given out so far.
    pub labels: u32,
    /// Namespaces given out so far.
    pub namespaces: u32,
    /// Rows in older layers that it retired, with their namespaces.
    pub retired_below: Vec<(u32, u32)>,
}

/// Where numbering goes on.
#[derive(Debug, Clone, Default)]
pub struct Numbering {
    /// What exists.
    pub counts: Counts,
    /// Row that the next vector of each namespace gets.
    pub next_rows: Vec<u32>,
}

/// Entries so far in both adjacencies of a cell.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Degrees {
    pub(super) outgoing: u32,
    pub(super) incoming: u32,
}

/// The only writer of the newest [`Delta`] of a shard.
pub struct DeltaWriter {
    /// The newest delta on top of everything older.
    pub(super) state: Arc<State>,
    pub(super) delta: Arc<Delta>,
    pub(super) defaults: VectorDefaults,
    pub(super) names: NameWriter,
    pub(super) degrees: Vec<Degrees>,
    pub(super) vectors: HashMap<u32, VectorWriter>,
    pub(super) numbering: Numbering,
    pub(super) retired_below: Vec<(u32, u32)>,
    pub(super) keeps_history: bool,
    /// First and last commit applied to the delta, and the time of the last one.
    pub(super) seqnos: Option<(u64, u64)>,
    pub(super) first_committed_us: u64,
    pub(super) committed_us: u64,
    /// Newest block of the commit being applied, not visible to anybody else yet.
    pub(super) block: Vec<u8>,
    pub(super) block_number: u32,
    /// Cells and the newest versions that this block gives them.
    pub(super) staged: Vec<(u32, u64)>,
    pub(super) record_bytes: u64,
    pub(super) table_bytes: u64,
    #[cfg(feature = "planted-bugs")]
    pub(crate) planted_bug: Option<crate::PlantedBug>,
}

impl DeltaWriter {
    /// A writer with an empty delta on top of `below`, which has none. The namespace `default` is
    /// made if there is none yet.
    #[must_use]
    pub fn new(
        below: &State,
        mut names: NameWriter,
        numbering: Numbering,
        defaults: VectorDefaults,
        keeps_history: bool,
    ) -> Self {
        names.namespace_or_new(DEFAULT_NAMESPACE, defaults.dimension, defaults.metric);
        let delta = Arc::new(Delta::new());
        Self {
            state: Arc::new(below.with_delta(&delta)),
            delta,
            defaults,
            names,
            degrees: Vec::new(),
            vectors: HashMap::new(),
            numbering,
            retired_below: Vec::new(),
            keeps_history,
            seqnos: None,
            first_committed_us: 0,
            committed_us: 0,
            block: Vec::new(),
            block_number: 1,
            staged: Vec::new(),
            record_bytes: 0,
            table_bytes: 0,
            #[cfg(feature = "planted-bugs")]
            planted_bug: None,
        }
    }

    /// What is written to.
    #[must_use]
    pub fn delta(&self) -> &Arc<Delta> {
        &self.delta
    }

    /// The newest delta on top of everything older.
    #[must_use]
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Goes on with the same delta on top of other files that hold the same.
    pub fn set_state(&mut self, state: Arc<State>) {
        self.state = state;
    }

    /// What exists after the last commit applied.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.numbering.counts
    }

    /// First and last commit applied to the delta; nothing while it is empty.
    #[must_use]
    pub fn seqnos(&self) -> Option<(u64, u64)> {
        self.seqnos
    }

    /// Time of the first commit applied to the delta, in microseconds from 1970.
    #[must_use]
    pub fn first_committed_us(&self) -> u64 {
        self.first_committed_us
    }

    /// Whether the delta cannot take another batch and has to be sealed.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.block_number >= BLOCKS_MAX
    }

    pub(super) fn defaults(&self) -> VectorDefaults {
        self.defaults
    }

    /// Ends the delta and begins an empty one on top of it. Nothing while it is empty. Call between
    /// groups, when everything applied is published; readers need the new [`DeltaWriter::state`]
    /// before anything else is.
    pub fn seal(&mut self) -> Option<Sealed> {
        let seqnos = self.seqnos.take()?;
        let delta = Arc::new(Delta::new());
        let names = self.names.names();
        let sealed = Sealed {
            delta: std::mem::replace(&mut self.delta, Arc::clone(&delta)),
            seqnos,
            last_committed_us: self.committed_us,
            counts: self.numbering.counts,
            next_rows: self.numbering.next_rows.clone(),
            labels: names.labels(),
            namespaces: names.namespaces_used(),
            retired_below: std::mem::take(&mut self.retired_below),
        };
        self.state = Arc::new(self.state.with_delta(&delta));
        self.degrees = Vec::new();
        self.vectors = HashMap::new();
        self.block_number = 1;
        self.record_bytes = 0;
        self.table_bytes = 0;
        Some(sealed)
    }

    /// Refuses a batch that cannot follow what was applied before. Changes nothing. Everything that
    /// applying it reads of older layers is read here first, so damage is found in time.
    ///
    /// # Errors
    /// `Refused`, `NotFound`, `Busy`, `Corrupt`.
    pub fn check(&self, operations: &[Op<'_>]) -> Result<Checked> {
        let checked = check_batch(self, operations)?;
        self.check_capacity(operations)?;
        Ok(checked)
    }

    /// Applies a batch that passed [`DeltaWriter::check`] as commit `seqno`. Nobody sees it before
    /// it is published.
    ///
    /// # Errors
    /// `Corrupt`: a part of it may be in the delta, so nothing may be published any more.
    pub fn apply(
        &mut self,
        seqno: u64,
        committed_us: u64,
        operations: &[Op<'_>],
        checked: &Checked,
    ) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(operations.len());
        let mut learned = checked.learned.iter().copied();
        for (ordinal, operation) in (0_u32..).zip(operations) {
            if self.block.len() >= BLOCK_BYTES_MAX {
                self.seal_block();
            }
            let at = Commit { seqno, now_us: committed_us, ordinal };
            let outcome = self.operation(at, operation, &mut learned)?;
            self.numbering.counts.written += u64::from(!is_without_effect(operation, outcome));
            outcomes.push(outcome);
        }
        self.seal_block();
        self.note_commit(seqno, committed_us);
        Ok(outcomes)
    }

    /// Whether a checked batch would change nothing, so that it need not be logged: it only removes
    /// what is not there.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn is_without_effect(&self, operations: &[Op<'_>]) -> Result<bool> {
        for operation in operations {
            let has_effect = match operation {
                Op::Delete(id) => self.concept(id)?.is_some(),
                Op::Dissociate(name) => self.edge(name)?.is_some(),
                _ => true,
            };
            if has_effect {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn note_commit(&mut self, seqno: u64, committed_us: u64) {
        if self.seqnos.is_none() {
            self.first_committed_us = committed_us;
        }
        let first = self.seqnos.map_or(seqno, |(first, _)| first);
        self.seqnos = Some((first, seqno));
        self.committed_us = committed_us;
        let delta = &self.delta;
        delta.record_bytes.store(self.record_bytes, Ordering::Relaxed);
        delta.table_bytes.store(self.table_bytes, Ordering::Relaxed);
        if self.keeps_history {
            let index = delta.commits_used.load(Ordering::Relaxed);
            if let Some([at, time]) = delta.commits.get_or_grow(index) {
                at.store(seqno, Ordering::Relaxed);
                time.store(committed_us, Ordering::Relaxed);
            }
            delta.commits_used.store(index + 1, Ordering::Release);
        }
    }

    /// Newest version of a concept that exists.
    pub(super) fn concept(&self, id: &ConceptId) -> Result<Option<ConceptRef<'_>>> {
        self.state.concept(id, NEWEST)
    }

    /// Newest version of an association that exists.
    pub(super) fn edge(&self, name: &EdgeName<'_>) -> Result<Option<EdgeFields<'_>>> {
        match self.edge_key(name) {
            Some(key) => self.state.edge(&key),
            None => Ok(None),
        }
    }

    pub(super) fn names(&self) -> &NameWriter {
        &self.names
    }

    /// Reads everything that ending the associations of a concept will read.
    pub(super) fn touch_edges(&self, id: &ConceptId) -> Result<()> {
        self.edges_at(id).map(drop)
    }

    fn check_capacity(&self, operations: &[Op<'_>]) -> Result<()> {
        let room = operations.len() as u64;
        let cells = u64::from(self.delta.cells()) + 2 * room;
        if cells >= u64::from(u32::MAX) - 1 {
            return Err(Error::Busy("the shard holds as many concepts as it can".into()));
        }
        if u64::from(self.names.names().labels()) + room >= u64::from(LABELS_MAX) {
            let message = format!("more than {LABELS_MAX} different labels");
            return Err(Refusal::invalid("label", message).into());
        }
        Ok(())
    }

    fn operation(
        &mut self,
        at: Commit,
        operation: &Op<'_>,
        learned: &mut impl Iterator<Item = ConceptId>,
    ) -> Result<Outcome> {
        Ok(match operation {
            Op::Learn(learn) => {
                let VectorDefaults { dimension, metric } = self.defaults;
                let namespace = self.names.namespace_or_new(learn.namespace, dimension, metric);
                let key = match learn.identity {
                    Identity::Key(key) => Some(key),
                    _ => None,
                };
                let id = learned.next().unwrap_or_else(|| learn.id());
                let change = Change { at, id, namespace, key };
                Outcome { id, changed: self.put_concept(&change, &learn.into())? }
            }
            Op::Update(update) => {
                let change = Change {
                    at,
                    id: update.id,
                    namespace: self.namespace_of(&update.id)?,
                    key: None,
                };
                self.put_concept(&change, &update.into())?;
                Outcome { id: update.id, changed: true }
            }
            Op::Delete(id) => Outcome { id: *id, changed: self.delete(at, id)? },
            Op::Associate(associate) => {
                Outcome { id: associate.name.source, changed: self.associate(at, associate)? }
            }
            Op::Dissociate(name) => Outcome {
                id: name.source,
                changed: match self.edge_key(name) {
                    Some(key) => self.end_edge(at.seqno, &key)?,
                    None => false,
                },
            },
            Op::Namespace { name, dimension, metric } => {
                let changed = self.names.namespace(name).is_none();
                self.names.namespace_or_new(name, *dimension, *metric);
                Outcome { id: ConceptId::default(), changed }
            }
        })
    }

    pub(super) fn cell_or_new(&mut self, id: &ConceptId) -> u32 {
        let hash = id.hash64();
        if let Some(cell) = self.delta.cell_of(id, hash) {
            return cell;
        }
        let number = self.delta.cells();
        if let Some(cell) = self.delta.cells.get_or_grow(number) {
            store_id(&cell.id, id);
        }
        self.degrees.push(Degrees::default());
        let table = self.delta.table.load_full();
        if table.is_full() {
            let hash_of = |cell| self.delta.id_of(cell).map_or(0, |id| id.hash64());
            let grown = table.grown(hash_of);
            grown.insert(hash, number);
            self.delta.table.store(Arc::new(grown));
        } else {
            table.insert(hash, number);
        }
        self.delta.cells_used.store(number + 1, Ordering::Release);
        number
    }

    /// Position of the newest version in a cell, the commit being applied included.
    pub(super) fn newest_position(&self, cell: u32) -> u64 {
        let staged = self.staged.iter().rev().find(|(of, _)| *of == cell);
        staged.map_or_else(|| self.delta.newest_position(cell), |(_, position)| *position)
    }

    /// A concept's record, which may be in the block under construction.
    pub(super) fn concept_at<'a>(
        &'a self,
        place: u64,
        block: &'a [u8],
    ) -> Option<ConceptRecord<'a>> {
        let (number, offset) = split(place);
        if number == self.block_number {
            return block.get(offset..).map(ConceptRecord::new);
        }
        self.delta.concept_at(place)
    }

    /// An association's record, which may be in the block under construction.
    pub(super) fn edge_at<'a>(&'a self, place: u64, block: &'a [u8]) -> Option<EdgeRecord<'a>> {
        let (number, offset) = split(place);
        if number == self.block_number {
            return block.get(offset..).map(EdgeRecord::new);
        }
        self.delta.edge_at(place)
    }

    /// Puts the block's records where readers find them, and only then points to them: a reader
    /// that meets a version newer than its seqno walks from it to the one before.
    fn seal_block(&mut self) {
        if self.block.is_empty() {
            return;
        }
        #[cfg(feature = "planted-bugs")]
        if self.planted_bug == Some(crate::PlantedBug::LinkedBeforeStored) {
            self.link_staged();
        }
        let block = std::mem::take(&mut self.block).into_boxed_slice();
        self.record_bytes += block.len() as u64;
        if let Some(slot) = self.delta.blocks.get_or_grow(self.block_number) {
            let _ = slot.set(block);
        }
        self.delta.blocks_used.store(self.block_number, Ordering::Release);
        self.block_number += 1;
        self.link_staged();
    }

    fn link_staged(&mut self) {
        for (cell, position) in self.staged.drain(..) {
            if let Some(cell) = self.delta.cells.get(cell) {
                cell.newest.store(position, Ordering::Release);
            }
        }
    }
}

/// Which commit an operation belongs to, and where in it.
#[derive(Clone, Copy)]
pub(super) struct Commit {
    pub(super) seqno: u64,
    pub(super) now_us: u64,
    pub(super) ordinal: u32,
}

/// A new version of a concept, apart from its fields.
pub(super) struct Change<'a> {
    pub(super) at: Commit,
    pub(super) id: ConceptId,
    pub(super) namespace: u32,
    pub(super) key: Option<&'a str>,
}

fn is_without_effect(operation: &Op<'_>, outcome: Outcome) -> bool {
    let only_if_changed =
        matches!(operation, Op::Delete(_) | Op::Dissociate(_) | Op::Namespace { .. });
    only_if_changed && !outcome.changed
}
