//! The associations at a concept, by direction, class and label.

use crate::graph::ClassSet;
use std::ops::ControlFlow;
use sutra_format::ConceptId;
use sutra_shard::{EdgeRef, Error, Result, View};

/// Which side of a concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Associations that start at it.
    #[default]
    Out,
    /// Associations that end at it.
    In,
    /// Both, those that start at it first. One from the concept to itself comes once.
    Both,
}

/// Which associations to give.
#[derive(Debug, Clone, Copy)]
pub struct NeighborQuery<'a> {
    /// Side of the concept.
    pub direction: Direction,
    /// Classes.
    pub classes: ClassSet,
    /// Only those with this label.
    pub label: Option<&'a str>,
    /// Only those that hold at this moment, in milliseconds from 1970: validity includes its start
    /// and excludes its end.
    pub valid_at_ms: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

impl Default for NeighborQuery<'_> {
    fn default() -> Self {
        Self {
            direction: Direction::Out,
            classes: ClassSet::ALL,
            label: None,
            valid_at_ms: None,
            limit: usize::MAX,
        }
    }
}

/// An association with the side it was found at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbor {
    /// The association; `other` is the concept at its other end.
    pub edge: EdgeRef,
    /// Whether it ends at the concept asked for.
    pub is_incoming: bool,
}

impl NeighborQuery<'_> {
    /// Gives the associations at a concept, in the order of the commits that made them on each
    /// side. Takes no lock and allocates nothing.
    ///
    /// # Errors
    /// `Corrupt`; some may have been given before.
    #[inline]
    pub fn visit(
        &self,
        view: &View,
        id: &ConceptId,
        mut visit: impl FnMut(Neighbor),
    ) -> Result<()> {
        let mut left = self.limit;
        let mut failed: Result<()> = Ok(());
        // Label of the last match: labels are compared by number once the number is known.
        let mut known_label = None;
        let mut take = |edge: &EdgeRef, is_incoming: bool| {
            if left == 0 {
                return ControlFlow::Break(());
            }
            match self.matches(view, edge, &mut known_label) {
                Ok(true) => {
                    left -= 1;
                    visit(Neighbor { edge: *edge, is_incoming });
                }
                Ok(false) => {}
                Err(error) => {
                    failed = Err(error);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        };
        // Breaking only means that the limit is reached, or that `failed` says why.
        if self.direction != Direction::In {
            let _ = view.outgoing(id, |edge| take(edge, false))?;
        }
        if self.direction != Direction::Out {
            let skip_loops = self.direction == Direction::Both;
            let _ = view.incoming(id, |edge| {
                if skip_loops && edge.other == *id {
                    return ControlFlow::Continue(());
                }
                take(edge, true)
            })?;
        }
        failed
    }

    #[inline]
    fn matches(
        &self,
        view: &View,
        edge: &EdgeRef,
        known_label: &mut Option<u32>,
    ) -> Result<bool, Error> {
        if !self.classes.contains(edge.class) || !self.has_label(view, edge, known_label) {
            return Ok(false);
        }
        // The only check that needs the rest of the association.
        match self.valid_at_ms {
            None => Ok(true),
            Some(moment_ms) => Ok(view.edge_at(edge.location)?.validity.holds_at(moment_ms)),
        }
    }

    #[inline]
    fn has_label(&self, view: &View, edge: &EdgeRef, known_label: &mut Option<u32>) -> bool {
        let Some(label) = self.label else { return true };
        if *known_label == Some(edge.label) {
            return true;
        }
        let matches = view.label(edge.label) == Some(label);
        if matches {
            *known_label = Some(edge.label);
        }
        matches
    }
}
