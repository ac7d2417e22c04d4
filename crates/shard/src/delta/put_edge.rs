//! Putting associations into the delta, both halves of each.

use super::adjacency::EdgeRef;
use super::edge_table::{EdgeCells, EdgeKey, EdgePlace};
use super::merge::{edge_strengths, edge_validity};
use super::writer::{Commit, Degrees, DeltaWriter, NEWEST};
use super::{Side, position};
use crate::edge_fields::EdgeFields;
use crate::error::Result;
use crate::sync::Ordering;
use std::ops::ControlFlow;
use sutra_format::edge_record::EdgeVersion;
use sutra_format::{Associate, ConceptId, EdgeName};

impl DeltaWriter {
    /// Writes a version of an association; true when it did not exist before.
    pub(super) fn associate(&mut self, at: Commit, associate: &Associate<'_>) -> Result<bool> {
        let name = &associate.name;
        let label = name.label.map_or(0, |label| self.names.label_or_new(label));
        let names = label << 8 | u32::from(name.class.number());
        let key = EdgeKey { source: name.source, target: name.target, names };
        let block = std::mem::take(&mut self.block);
        let before = self.edge_before(&key, &block);
        let kept = before.as_ref().ok().and_then(|before| *before);
        let (confidence, weight) = edge_strengths(kept.as_ref(), associate);
        let kept_attributes = kept.filter(|_| associate.attributes.is_none());
        let kept_attributes = kept_attributes.map(|before| before.attributes.to_vec());
        let created_us = kept.map_or(at.now_us, |before| before.created_us);
        let validity = edge_validity(kept.map(|before| before.validity), associate.validity);
        let created = before.map(|before| before.is_none());
        self.block = block;
        let created = created?;
        let version = EdgeVersion {
            seqno: at.seqno,
            created_us,
            source: name.source,
            target: name.target,
            class: name.class,
            label,
            confidence,
            weight,
            attributes: associate.attributes.or(kept_attributes.as_deref()).unwrap_or_default(),
            validity,
        };
        let location = position(self.block_number, self.block.len());
        version.append(&mut self.block);
        if !created {
            self.end_edge(at.seqno, &key)?;
        }
        let edge = EdgeRef { other: name.target, class: name.class, label, confidence, location };
        self.add_edge(at.seqno, &key, &edge);
        Ok(created)
    }

    /// Newest version of an association that exists, the commit being applied included.
    pub(super) fn edge_before<'a>(
        &'a self,
        key: &EdgeKey,
        block: &'a [u8],
    ) -> Result<Option<EdgeFields<'a>>> {
        if let Some(state) = self.delta.edge_state(key) {
            let record = state.place.and_then(|place| self.edge_at(place.location, block));
            return Ok(record.map(|record| EdgeFields::of(&record)));
        }
        self.state.edge(key)
    }

    pub(super) fn add_edge(&mut self, seqno: u64, key: &EdgeKey, to_target: &EdgeRef) {
        let cells = EdgeCells {
            source: self.cell_or_new(&key.source),
            target: self.cell_or_new(&key.target),
        };
        let outgoing = self.next_entry(cells.source, |degrees| &mut degrees.outgoing);
        let incoming = self.next_entry(cells.target, |degrees| &mut degrees.incoming);
        let to_source = EdgeRef { other: key.source, ..*to_target };
        if let Some(cell) = self.delta.cells.get(cells.source) {
            self.table_bytes += cell.outgoing.append(outgoing, seqno, to_target);
        }
        if let Some(cell) = self.delta.cells.get(cells.target) {
            self.table_bytes += cell.incoming.append(incoming, seqno, &to_source);
        }
        let place = EdgePlace { outgoing, incoming, location: to_target.location };
        let slot = self.edge_slot(key, cells);
        self.delta.edges.place(slot, Some(place));
        self.numbering.counts.edges += 1;
    }

    /// Ends both halves of an association; false when it did not exist.
    pub(super) fn end_edge(&mut self, seqno: u64, key: &EdgeKey) -> Result<bool> {
        if let Some(state) = self.delta.edge_state(key) {
            let Some(place) = state.place else { return Ok(false) };
            if let Some(cell) = self.delta.cells.get(state.cells.source) {
                cell.outgoing.end(place.outgoing, seqno);
            }
            if let Some(cell) = self.delta.cells.get(state.cells.target) {
                cell.incoming.end(place.incoming, seqno);
            }
            self.delta.edges.place(state.slot, None);
            self.numbering.counts.edges -= 1;
            return Ok(true);
        }
        if self.state.edge(key)?.is_none() {
            return Ok(false);
        }
        let cells = EdgeCells {
            source: self.cell_or_new(&key.source),
            target: self.cell_or_new(&key.target),
        };
        let slot = self.edge_slot(key, cells);
        self.delta.edges.end_below(slot, seqno);
        for cell in [cells.source, cells.target] {
            if let Some(cell) = self.delta.cells.get(cell) {
                // Release: whoever sees the count looks into the table and finds the end there.
                cell.ends.fetch_add(1, Ordering::Release);
            }
        }
        self.numbering.counts.edges -= 1;
        Ok(true)
    }

    pub(super) fn edge_slot(&mut self, key: &EdgeKey, cells: EdgeCells) -> u32 {
        if let Some(state) = self.delta.edge_state(key) {
            return state.slot;
        }
        let delta = &self.delta;
        delta.edges.insert(key.hash64(), cells, key.names, |slot| {
            let state = delta.edges.state(slot);
            state.and_then(|state| delta.key_of(&state)).map_or(0, |key| key.hash64())
        })
    }

    pub(super) fn next_entry(&mut self, cell: u32, side: impl Fn(&mut Degrees) -> &mut u32) -> u32 {
        let Some(degrees) = self.degrees.get_mut(cell as usize) else { return 0 };
        let entry = side(degrees);
        *entry += 1;
        *entry - 1
    }

    /// Every association at a concept that exists.
    pub(super) fn edges_at(&self, id: &ConceptId) -> Result<Vec<EdgeKey>> {
        let mut keys = Vec::new();
        // Both walks go to the end: the visitors never break.
        let _ = self.state.edges(id, Side::Out, NEWEST, |edge| {
            keys.push(EdgeKey { source: *id, target: edge.other, names: edge.names() });
            ControlFlow::Continue(())
        })?;
        let _ = self.state.edges(id, Side::In, NEWEST, |edge| {
            keys.push(EdgeKey { source: edge.other, target: *id, names: edge.names() });
            ControlFlow::Continue(())
        })?;
        Ok(keys)
    }

    pub(super) fn edge_key(&self, name: &EdgeName<'_>) -> Option<EdgeKey> {
        let label = match name.label {
            Some(label) => self.names.label(label)?,
            None => 0,
        };
        let names = label << 8 | u32::from(name.class.number());
        Some(EdgeKey { source: name.source, target: name.target, names })
    }
}
