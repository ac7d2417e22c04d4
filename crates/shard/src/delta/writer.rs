//! Putting commits into the delta. One writer; what it adds is seen once it is published.

use super::adjacency::{EdgeRef, LABELS_MAX};
use super::check::{Checked, check_batch};
use super::merge::{ConceptFields, concept_validity, edge_strengths, edge_validity};
use super::records::{
    ConceptRef, ConceptVersion, EdgeRecord, EdgeVersion, KIND_CONCEPT, KIND_TOMBSTONE, Text,
    location, split,
};
use super::{Counts, Delta, Namespace, VectorDefaults};
use crate::error::{Error, Result};
use crate::vector::{VectorSet, VectorWriter};
use hashbrown::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use sutra_format::op_fields::DEFAULT_NAMESPACE;
use sutra_format::{Associate, ConceptId, EdgeName, Identity, Metric, Op, Refusal};

/// Seqno at which the writer sees everything it added.
const NEWEST: u64 = u64::MAX - 1;

/// A block of this length is followed by another. A location has 32 bits for the byte in its block,
/// and a batch of small updates to large concepts makes records of any length together.
pub(super) const BLOCK_BYTES_MAX: usize = 16 << 20;

/// What one operation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The concept, or the source of the association; zeros for a namespace.
    pub id: ConceptId,
    /// Created, for learn and associate; removed, for delete and dissociate; always for update.
    pub changed: bool,
}

/// An association by numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct EdgeKey {
    source: u32,
    target: u32,
    class: u8,
    label: u32,
}

/// Indexes of its entries at both ends, and where its newest record is.
#[derive(Debug, Clone, Copy)]
struct EdgePlace {
    outgoing: u32,
    incoming: u32,
    location: u64,
}

/// Entries so far in both adjacencies of a cell.
#[derive(Debug, Clone, Copy, Default)]
struct Degrees {
    outgoing: u32,
    incoming: u32,
}

/// The only writer of a [`Delta`].
pub struct DeltaWriter {
    delta: Arc<Delta>,
    defaults: VectorDefaults,
    edges: HashMap<EdgeKey, EdgePlace>,
    degrees: Vec<Degrees>,
    labels: HashMap<Box<str>, u32>,
    namespaces: HashMap<Box<str>, u32>,
    vectors: Vec<VectorWriter>,
    counts: Counts,
    /// Newest block of the commit being applied, not visible to anybody else yet.
    block: Vec<u8>,
    block_number: u32,
    /// Cells and the newest versions that this block gives them.
    staged: Vec<(u32, u64)>,
    record_bytes: u64,
    table_bytes: u64,
}

impl DeltaWriter {
    /// An empty delta with the namespace `default`.
    #[must_use]
    pub fn new(defaults: VectorDefaults) -> Self {
        let mut writer = Self {
            delta: Arc::new(Delta::new()),
            defaults,
            edges: HashMap::new(),
            degrees: Vec::new(),
            labels: HashMap::new(),
            namespaces: HashMap::new(),
            vectors: Vec::new(),
            counts: Counts::default(),
            block: Vec::new(),
            block_number: 1,
            staged: Vec::new(),
            record_bytes: 0,
            table_bytes: 0,
        };
        writer.namespace_or_new(DEFAULT_NAMESPACE, defaults.dimension, defaults.metric);
        writer
    }

    /// What readers share.
    #[must_use]
    pub fn delta(&self) -> &Arc<Delta> {
        &self.delta
    }

    pub(super) fn defaults(&self) -> VectorDefaults {
        self.defaults
    }

    /// Refuses a batch that cannot follow what was applied before. Changes nothing.
    ///
    /// # Errors
    /// `Refused`, `NotFound`, `Busy`.
    pub fn check(&self, operations: &[Op<'_>]) -> Result<Checked> {
        let checked = check_batch(self, operations)?;
        self.check_capacity(operations)?;
        Ok(checked)
    }

    /// Applies a batch that passed [`DeltaWriter::check`] as commit `seqno`. It cannot fail, and
    /// nobody sees it before it is published.
    pub fn apply(
        &mut self,
        seqno: u64,
        committed_us: u64,
        operations: &[Op<'_>],
        checked: &Checked,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(operations.len());
        let mut learned = checked.learned.iter().copied();
        for operation in operations {
            if self.block.len() >= BLOCK_BYTES_MAX {
                self.seal_block();
            }
            let outcome = self.operation(seqno, committed_us, operation, &mut learned);
            self.counts.written += u64::from(!is_without_effect(operation, outcome));
            outcomes.push(outcome);
        }
        self.seal_block();
        outcomes
    }

    /// Whether a checked batch would change nothing, so that it need not be logged: it only removes
    /// what is not there.
    #[must_use]
    pub fn is_without_effect(&self, operations: &[Op<'_>]) -> bool {
        operations.iter().all(|operation| match operation {
            Op::Delete(id) => self.concept(id).is_none(),
            Op::Dissociate(name) => self.edge(name).is_none(),
            _ => false,
        })
    }

    /// Lets readers see every commit up to `seqno`.
    pub fn publish(&self, seqno: u64) {
        let delta = &self.delta;
        delta.concepts.store(self.counts.concepts, Ordering::Relaxed);
        delta.edges.store(self.counts.edges, Ordering::Relaxed);
        delta.vectors.store(self.counts.vectors, Ordering::Relaxed);
        delta.written.store(self.counts.written, Ordering::Relaxed);
        delta.record_bytes.store(self.record_bytes, Ordering::Relaxed);
        delta.table_bytes.store(self.table_bytes, Ordering::Relaxed);
        // Release: whoever loads this seqno sees everything stored before.
        delta.published_seqno.store(seqno, Ordering::Release);
    }

    /// Newest version of a concept that exists.
    pub(super) fn concept(&self, id: &ConceptId) -> Option<ConceptRef<'_>> {
        let cell = self.delta.cell_of(id)?;
        self.newest_in(cell).filter(|version| !version.is_tombstone())
    }

    /// Newest version of an association that exists.
    pub(super) fn edge(&self, name: &EdgeName<'_>) -> Option<EdgeRecord<'_>> {
        let place = self.edges.get(&self.edge_key(name)?)?;
        self.delta.edge_at(place.location)
    }

    pub(super) fn namespace_number(&self, name: &str) -> Option<u32> {
        self.namespaces.get(name).copied()
    }

    /// Namespace of a concept, the commit being applied included.
    fn namespace_of(&self, id: &ConceptId) -> u32 {
        let cell = self.delta.cell_of(id);
        let newest = cell.map_or(0, |cell| self.newest_location(cell));
        self.concept_at(newest, &self.block).map_or(0, |concept| concept.namespace())
    }

    fn check_capacity(&self, operations: &[Op<'_>]) -> Result<()> {
        let room = operations.len() as u64;
        let cells = u64::from(self.delta.cells()) + room;
        if cells >= u64::from(u32::MAX) - 1 {
            return Err(Error::Busy("the shard holds as many concepts as it can".into()));
        }
        if self.labels.len() as u64 + room >= u64::from(LABELS_MAX) {
            let message = format!("more than {LABELS_MAX} different labels");
            return Err(Refusal::invalid("label", message).into());
        }
        Ok(())
    }

    fn operation(
        &mut self,
        seqno: u64,
        now_us: u64,
        operation: &Op<'_>,
        learned: &mut impl Iterator<Item = ConceptId>,
    ) -> Outcome {
        match operation {
            Op::Learn(learn) => {
                let defaults = self.defaults;
                let (dimension, metric) = (defaults.dimension, defaults.metric);
                let namespace = self.namespace_or_new(learn.namespace, dimension, metric);
                let key = match learn.identity {
                    Identity::Key(key) => Some(key),
                    _ => None,
                };
                let id = learned.next().unwrap_or_else(|| learn.id());
                let at = Change { seqno, now_us, id, namespace, key };
                Outcome { id, changed: self.put_concept(&at, &learn.into()) }
            }
            Op::Update(update) => {
                let namespace = self.namespace_of(&update.id);
                let at = Change { seqno, now_us, id: update.id, namespace, key: None };
                self.put_concept(&at, &update.into());
                Outcome { id: update.id, changed: true }
            }
            Op::Delete(id) => Outcome { id: *id, changed: self.delete(seqno, now_us, id) },
            Op::Associate(associate) => Outcome {
                id: associate.name.source,
                changed: self.associate(seqno, now_us, associate),
            },
            Op::Dissociate(name) => {
                Outcome { id: name.source, changed: self.dissociate(seqno, name) }
            }
            Op::Namespace { name, dimension, metric } => {
                let before = self.namespaces.len();
                self.namespace_or_new(name, *dimension, *metric);
                let changed = self.namespaces.len() > before;
                Outcome { id: ConceptId::default(), changed }
            }
        }
    }

    /// Writes a version of a concept; true when it did not exist before.
    fn put_concept(&mut self, at: &Change<'_>, given: &ConceptFields<'_>) -> bool {
        let cell = self.cell_or_new(&at.id);
        let previous = self.newest_location(cell);
        let mut block = std::mem::take(&mut self.block);
        let before = self.concept_at(previous, &block).filter(|before| !before.is_tombstone());
        let row_before = before.and_then(|before| before.row());
        let row = match given.vector {
            None => row_before,
            Some(_) => Some(self.delta.namespace(at.namespace).map_or(0, |n| n.vectors.rows())),
        };
        let kept_key = before.filter(|_| at.key.is_none()).map(|b| b.key().to_vec());
        let content = match (given.content, before) {
            (None, Some(before)) => before.keep_content(),
            (content, _) => Text::Given(content.unwrap_or_default().as_bytes()),
        };
        let attributes = match (given.attributes, before) {
            (None, Some(before)) => before.keep_attributes(),
            (attributes, _) => Text::Given(attributes.unwrap_or_default()),
        };
        let created = before.is_none();
        let version = ConceptVersion {
            seqno: at.seqno,
            previous,
            id: at.id,
            cell,
            namespace: at.namespace,
            key: at.key.map(str::as_bytes).or(kept_key.as_deref()).unwrap_or_default(),
            content,
            attributes,
            row,
            created_us: before.map_or(at.now_us, |before| before.created_us()),
            updated_us: at.now_us,
            strength: given.strength.or(before.map(|b| b.strength())).unwrap_or(1.0),
            confidence: given.confidence.or(before.map(|b| b.confidence())).unwrap_or(1.0),
            validity: concept_validity(before.as_ref(), given.validity),
        };
        let newest = location(self.block_number, block.len());
        version.append(KIND_CONCEPT, &mut block);
        self.block = block;
        self.staged.push((cell, newest));
        if let Some(vector) = given.vector {
            self.put_vector(at, cell, vector, row_before);
        }
        self.counts.concepts += u64::from(created);
        created
    }

    fn put_vector(&mut self, at: &Change<'_>, cell: u32, vector: &[u8], before: Option<u32>) {
        let Some(writer) = self.vectors.get_mut(at.namespace as usize) else { return };
        writer.append_bytes(vector, cell, at.seqno);
        match before {
            Some(row) => writer.retire(row, at.seqno),
            None => self.counts.vectors += 1,
        }
    }

    /// Ends a concept and every association at it; false when it did not exist.
    fn delete(&mut self, seqno: u64, now_us: u64, id: &ConceptId) -> bool {
        let Some(cell) = self.delta.cell_of(id) else { return false };
        let previous = self.newest_location(cell);
        let mut block = std::mem::take(&mut self.block);
        let before = self.concept_at(previous, &block).filter(|before| !before.is_tombstone());
        let Some(before) = before else {
            self.block = block;
            return false;
        };
        let (namespace, row) = (before.namespace(), before.row());
        let tombstone = ConceptVersion {
            seqno,
            previous,
            id: *id,
            cell,
            namespace,
            key: &[],
            content: Text::Given(&[]),
            attributes: Text::Given(&[]),
            row: None,
            created_us: before.created_us(),
            updated_us: now_us,
            strength: 0.0,
            confidence: 0.0,
            validity: before.validity(),
        };
        let newest = location(self.block_number, block.len());
        tombstone.append(KIND_TOMBSTONE, &mut block);
        self.block = block;
        self.staged.push((cell, newest));
        if let (Some(row), Some(writer)) = (row, self.vectors.get_mut(namespace as usize)) {
            writer.retire(row, seqno);
            self.counts.vectors -= 1;
        }
        self.counts.concepts -= 1;
        for key in self.edges_at(cell) {
            self.end_edge(seqno, &key);
        }
        true
    }

    /// Writes a version of an association; true when it did not exist before.
    fn associate(&mut self, seqno: u64, now_us: u64, associate: &Associate<'_>) -> bool {
        let name = &associate.name;
        let label = name.label.map_or(0, |label| self.label_or_new(label));
        // Both ends exist: the batch was checked.
        let (Some(source), Some(target)) =
            (self.delta.cell_of(&name.source), self.delta.cell_of(&name.target))
        else {
            return false;
        };
        let key = EdgeKey { source, target, class: name.class.number(), label };
        let mut block = std::mem::take(&mut self.block);
        let place = self.edges.get(&key);
        let before = place.and_then(|place| self.edge_at(place.location, &block));
        let (confidence, weight) = edge_strengths(before.as_ref(), associate);
        let kept = before.filter(|_| associate.attributes.is_none());
        let kept = kept.map(|before| before.attributes().to_vec());
        let version = EdgeVersion {
            seqno,
            created_us: before.map_or(now_us, |before| before.created_us()),
            source: name.source,
            target: name.target,
            class: name.class,
            label,
            confidence,
            weight,
            attributes: associate.attributes.or(kept.as_deref()).unwrap_or_default(),
            validity: edge_validity(before.as_ref(), associate.validity),
        };
        let created = before.is_none();
        let location = location(self.block_number, block.len());
        version.append(&mut block);
        self.block = block;
        if !created {
            self.end_edge(seqno, &key);
        }
        self.add_edge(seqno, key, confidence, location, name);
        created
    }

    fn dissociate(&mut self, seqno: u64, name: &EdgeName<'_>) -> bool {
        self.edge_key(name).is_some_and(|key| self.end_edge(seqno, &key))
    }

    fn add_edge(
        &mut self,
        seqno: u64,
        key: EdgeKey,
        confidence: f64,
        location: u64,
        name: &EdgeName<'_>,
    ) {
        let outgoing = self.next_entry(key.source, |degrees| &mut degrees.outgoing);
        let incoming = self.next_entry(key.target, |degrees| &mut degrees.incoming);
        let to_target = EdgeRef {
            other: key.target,
            class: name.class,
            label: key.label,
            confidence,
            location,
        };
        let to_source = EdgeRef { other: key.source, ..to_target };
        if let Some(cell) = self.delta.cells.get(key.source) {
            self.table_bytes += cell.outgoing.append(outgoing, seqno, &to_target);
        }
        if let Some(cell) = self.delta.cells.get(key.target) {
            self.table_bytes += cell.incoming.append(incoming, seqno, &to_source);
        }
        self.edges.insert(key, EdgePlace { outgoing, incoming, location });
        self.counts.edges += 1;
    }

    /// Ends both halves of an association; false when it did not exist.
    fn end_edge(&mut self, seqno: u64, key: &EdgeKey) -> bool {
        let Some(place) = self.edges.remove(key) else { return false };
        if let Some(cell) = self.delta.cells.get(key.source) {
            cell.outgoing.end(place.outgoing, seqno);
        }
        if let Some(cell) = self.delta.cells.get(key.target) {
            cell.incoming.end(place.incoming, seqno);
        }
        self.counts.edges -= 1;
        true
    }

    fn next_entry(&mut self, cell: u32, side: impl Fn(&mut Degrees) -> &mut u32) -> u32 {
        let Some(degrees) = self.degrees.get_mut(cell as usize) else { return 0 };
        let entry = side(degrees);
        *entry += 1;
        *entry - 1
    }

    fn edges_at(&self, cell: u32) -> Vec<EdgeKey> {
        let mut keys = Vec::new();
        let key = |source, target, edge: &EdgeRef| EdgeKey {
            source,
            target,
            class: edge.class.number(),
            label: edge.label,
        };
        // Both walks go to the end: the visitors never break.
        let _ = self.delta.outgoing(cell, NEWEST, |edge| {
            keys.push(key(cell, edge.other, edge));
            ControlFlow::Continue(())
        });
        let _ = self.delta.incoming(cell, NEWEST, |edge| {
            keys.push(key(edge.other, cell, edge));
            ControlFlow::Continue(())
        });
        keys
    }

    fn edge_key(&self, name: &EdgeName<'_>) -> Option<EdgeKey> {
        Some(EdgeKey {
            source: self.delta.cell_of(&name.source)?,
            target: self.delta.cell_of(&name.target)?,
            class: name.class.number(),
            label: match name.label {
                Some(label) => *self.labels.get(label)?,
                None => 0,
            },
        })
    }

    fn cell_or_new(&mut self, id: &ConceptId) -> u32 {
        if let Some(cell) = self.delta.cell_of(id) {
            return cell;
        }
        let number = self.delta.cells();
        if let Some(cell) = self.delta.cells.get_or_grow(number) {
            let (halves, _) = id.0.as_chunks::<8>();
            for (word, half) in cell.id.iter().zip(halves) {
                word.store(u64::from_le_bytes(*half), Ordering::Relaxed);
            }
        }
        self.degrees.push(Degrees::default());
        let table = self.delta.table.load_full();
        if table.is_full() {
            let hash_of = |cell| self.delta.cells.get(cell).map_or(0, |c| c.id().hash64());
            let grown = table.grown(hash_of);
            grown.insert(id.hash64(), number);
            self.delta.table.store(Arc::new(grown));
        } else {
            table.insert(id.hash64(), number);
        }
        self.delta.cells_used.store(number + 1, Ordering::Release);
        number
    }

    /// Location of the newest version in a cell, the commit being applied included.
    fn newest_location(&self, cell: u32) -> u64 {
        let staged = self.staged.iter().rev().find(|(of, _)| *of == cell);
        staged.map_or_else(|| self.delta.newest_location(cell), |(_, location)| *location)
    }

    fn newest_in(&self, cell: u32) -> Option<ConceptRef<'_>> {
        self.delta.concept_at(self.delta.newest_location(cell))
    }

    /// A concept's record, which may be in the block under construction.
    fn concept_at<'a>(&'a self, place: u64, block: &'a [u8]) -> Option<ConceptRef<'a>> {
        let (number, offset) = split(place);
        if number == self.block_number {
            return block.get(offset..).map(|bytes| ConceptRef::new(bytes, place, &self.delta));
        }
        self.delta.concept_at(place)
    }

    /// An association's record, which may be in the block under construction.
    fn edge_at<'a>(&'a self, place: u64, block: &'a [u8]) -> Option<EdgeRecord<'a>> {
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
        let block = std::mem::take(&mut self.block).into_boxed_slice();
        self.record_bytes += block.len() as u64;
        if let Some(slot) = self.delta.blocks.get_or_grow(self.block_number) {
            let _ = slot.set(block);
        }
        self.delta.blocks_used.store(self.block_number, Ordering::Release);
        self.block_number += 1;
        for (cell, location) in self.staged.drain(..) {
            if let Some(cell) = self.delta.cells.get(cell) {
                cell.newest.store(location, Ordering::Release);
            }
        }
    }

    fn label_or_new(&mut self, label: &str) -> u32 {
        if let Some(number) = self.labels.get(label) {
            return *number;
        }
        let number = self.labels.len() as u32 + 1;
        if let Some(slot) = self.delta.labels.get_or_grow(number) {
            let _ = slot.set(label.into());
        }
        self.labels.insert(label.into(), number);
        number
    }

    fn namespace_or_new(&mut self, name: &str, dimension: u32, metric: Metric) -> u32 {
        if let Some(number) = self.namespaces.get(name) {
            return *number;
        }
        let number = self.vectors.len() as u32;
        let (vectors, writer) = VectorSet::new(dimension, metric);
        if let Some(slot) = self.delta.namespaces.get_or_grow(number) {
            let _ = slot.set(Namespace { name: name.into(), vectors });
        }
        self.vectors.push(writer);
        self.namespaces.insert(name.into(), number);
        self.delta.namespaces_used.store(number + 1, Ordering::Release);
        number
    }
}

/// A new version of a concept, apart from its fields.
struct Change<'a> {
    seqno: u64,
    now_us: u64,
    id: ConceptId,
    namespace: u32,
    key: Option<&'a str>,
}

fn is_without_effect(operation: &Op<'_>, outcome: Outcome) -> bool {
    let only_if_changed =
        matches!(operation, Op::Delete(_) | Op::Dissociate(_) | Op::Namespace { .. });
    only_if_changed && !outcome.changed
}
