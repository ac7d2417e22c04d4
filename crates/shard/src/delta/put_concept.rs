//! Putting versions of concepts and their vectors into the delta.

use super::merge::{ConceptFields, concept_validity};
use super::position;
use super::writer::{Change, Commit, DeltaWriter, NEWEST};
use crate::error::Result;
use crate::sync::Ordering;
use crate::vector::VectorSet;
use sutra_format::ConceptId;
use sutra_format::concept_record::{
    ConceptRecord, ConceptVersion, KIND_CONCEPT, KIND_TOMBSTONE, Text, TextRef,
};
use sutra_format::op_fields::Validity;

impl DeltaWriter {
    /// Namespace of a concept, the commit being applied included.
    pub(super) fn namespace_of(&self, id: &ConceptId) -> Result<u32> {
        let before = self.before(id, &self.block)?;
        Ok(before.map_or(0, |before| before.record.namespace()))
    }

    /// Newest version of a concept that exists, the commit being applied included.
    fn before<'a>(&'a self, id: &ConceptId, block: &'a [u8]) -> Result<Option<Before<'a>>> {
        let cell = self.delta.cell_of(id, id.hash64());
        let newest = cell.map_or(0, |cell| self.newest_position(cell));
        if newest != 0 {
            let record = self.concept_at(newest, block);
            let before = record.map(|record| Before { record, position: Some(newest) });
            return Ok(before.filter(|before| !before.record.is_tombstone()));
        }
        let below = self.state.concept(id, NEWEST)?;
        Ok(below.map(|below| Before { record: below.record(), position: None }))
    }

    /// Writes a version of a concept; true when it did not exist before.
    pub(super) fn put_concept(
        &mut self,
        change: &Change<'_>,
        given: &ConceptFields<'_>,
    ) -> Result<bool> {
        let cell = self.cell_or_new(&change.id);
        let mut block = std::mem::take(&mut self.block);
        let before = self.before(&change.id, &block)?;
        let record = before.as_ref().map(|before| before.record);
        let row_before = record.and_then(|record| record.row());
        let row = match given.vector {
            None => row_before,
            Some(_) => Some(self.next_row(change.namespace)),
        };
        let kept_key = record.filter(|_| change.key.is_none()).map(|b| b.key().to_vec());
        let version = ConceptVersion {
            seqno: change.at.seqno,
            previous: self.newest_position(cell),
            id: change.id,
            cell,
            ordinal: change.at.ordinal,
            namespace: change.namespace,
            key: change.key.map(str::as_bytes).or(kept_key.as_deref()).unwrap_or_default(),
            content: match (given.content, &before) {
                (None, Some(before)) => before.keep(before.record.content()),
                (content, _) => Text::Given(content.unwrap_or_default().as_bytes()),
            },
            attributes: match (given.attributes, &before) {
                (None, Some(before)) => before.keep(before.record.attributes()),
                (attributes, _) => Text::Given(attributes.unwrap_or_default()),
            },
            row,
            created_us: record.map_or(change.at.now_us, |record| record.created_us()),
            updated_us: change.at.now_us,
            strength: given.strength.or(record.map(|b| b.strength())).unwrap_or(1.0),
            confidence: given.confidence.or(record.map(|b| b.confidence())).unwrap_or(1.0),
            validity: concept_validity(record.map(|b| b.validity()), given.validity),
        };
        let created = before.is_none();
        let newest = position(self.block_number, block.len());
        version.append(KIND_CONCEPT, &mut block);
        self.block = block;
        self.staged.push((cell, newest));
        if let Some(vector) = given.vector {
            self.put_vector(change, vector);
            match row_before {
                Some(row) => self.retire(change.namespace, row, change.at.seqno),
                None => self.numbering.counts.vectors += 1,
            }
        }
        self.numbering.counts.concepts += u64::from(created);
        Ok(created)
    }

    pub(super) fn next_row(&self, namespace: u32) -> u32 {
        self.numbering.next_rows.get(namespace as usize).copied().unwrap_or(0)
    }

    pub(super) fn put_vector(&mut self, change: &Change<'_>, vector: &[u8]) {
        let namespace = change.namespace;
        let first_row = self.next_row(namespace);
        let delta = &self.delta;
        let names = self.names.names();
        let writer = self.vectors.entry(namespace).or_insert_with(|| {
            let made = names.namespace(namespace);
            let (dimension, metric) = made
                .map_or((self.defaults.dimension, self.defaults.metric), |made| {
                    (made.dimension, made.metric)
                });
            let (set, writer) = VectorSet::new(dimension, metric, first_row);
            if let Some(slot) = delta.vectors.get_or_grow(namespace) {
                let _ = slot.set(set);
            }
            delta.vectors_used.fetch_max(namespace + 1, Ordering::Release);
            writer
        });
        writer.append_bytes(vector, change.id, change.at.seqno);
        let next_rows = &mut self.numbering.next_rows;
        if next_rows.len() <= namespace as usize {
            next_rows.resize(namespace as usize + 1, 0);
        }
        if let Some(next) = next_rows.get_mut(namespace as usize) {
            *next = first_row + 1;
        }
    }

    pub(super) fn retire(&mut self, namespace: u32, row: u32, seqno: u64) {
        let writer = self.vectors.get_mut(&namespace);
        match writer.filter(|writer| row >= writer.set().first_row()) {
            Some(writer) => writer.retire(row, seqno),
            None => self.retired_below.push((namespace, row)),
        }
    }

    /// Ends a concept and every association at it; false when it did not exist.
    pub(super) fn delete(&mut self, at: Commit, id: &ConceptId) -> Result<bool> {
        let block = std::mem::take(&mut self.block);
        let before = self.before(id, &block).map(|before| {
            before.map(|Before { record, .. }| Gone {
                namespace: record.namespace(),
                row: record.row(),
                created_us: record.created_us(),
                validity: record.validity(),
            })
        });
        self.block = block;
        let Some(gone) = before? else { return Ok(false) };
        let cell = self.cell_or_new(id);
        let tombstone = ConceptVersion {
            seqno: at.seqno,
            previous: self.newest_position(cell),
            id: *id,
            cell,
            ordinal: at.ordinal,
            namespace: gone.namespace,
            key: &[],
            content: Text::Given(&[]),
            attributes: Text::Given(&[]),
            row: None,
            created_us: gone.created_us,
            updated_us: at.now_us,
            strength: 0.0,
            confidence: 0.0,
            validity: gone.validity,
        };
        let newest = position(self.block_number, self.block.len());
        tombstone.append(KIND_TOMBSTONE, &mut self.block);
        self.staged.push((cell, newest));
        if let Some(row) = gone.row {
            self.retire(gone.namespace, row, at.seqno);
            self.numbering.counts.vectors -= 1;
        }
        self.numbering.counts.concepts -= 1;
        for key in self.edges_at(id)? {
            self.end_edge(at.seqno, &key)?;
        }
        Ok(true)
    }
}

/// The version before a change.
struct Before<'a> {
    record: ConceptRecord<'a>,
    /// In this delta; nothing when an older layer has it.
    position: Option<u64>,
}

impl Before<'_> {
    /// A text for a newer version that keeps it. Names the record that has it, so that a chain of
    /// versions is one step long.
    fn keep(&self, text: TextRef<'_>) -> Text<'static> {
        match (self.position, text) {
            (None, _) | (_, TextRef::Below) => Text::KeptBelow,
            (Some(position), TextRef::Inline(_)) | (Some(_), TextRef::At(position)) => {
                Text::KeptAt(position)
            }
        }
    }
}

/// What a tombstone keeps of a concept.
struct Gone {
    namespace: u32,
    row: Option<u32>,
    created_us: u64,
    validity: Validity,
}
