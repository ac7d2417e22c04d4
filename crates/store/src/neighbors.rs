//! The associations at a concept, by direction, class and label.

use crate::graph::ClassSet;
use std::ops::ControlFlow;
use sutra_shard::{EdgeRef, View};

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
    /// At most so many.
    pub limit: usize,
}

impl Default for NeighborQuery<'_> {
    fn default() -> Self {
        Self { direction: Direction::Out, classes: ClassSet::ALL, label: None, limit: usize::MAX }
    }
}

/// An association with the side it was found at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbor {
    /// The association; `other` is the cell at its other end.
    pub edge: EdgeRef,
    /// Whether it ends at the concept asked for.
    pub is_incoming: bool,
}

impl NeighborQuery<'_> {
    /// Gives the associations at a cell, oldest first on each side. Takes no lock and allocates
    /// nothing.
    #[inline]
    pub fn visit(&self, view: &View, cell: u32, mut visit: impl FnMut(Neighbor)) {
        let mut left = self.limit;
        // Label of the last match: labels are compared by number once the number is known.
        let mut known_label = None;
        let mut take = |edge: &EdgeRef, is_incoming: bool| {
            if left == 0 {
                return ControlFlow::Break(());
            }
            if self.matches(view, edge, &mut known_label) {
                left -= 1;
                visit(Neighbor { edge: *edge, is_incoming });
            }
            ControlFlow::Continue(())
        };
        // Breaking only means that the limit is reached.
        if self.direction != Direction::In {
            let _ = view.outgoing(cell, |edge| take(edge, false));
        }
        if self.direction != Direction::Out {
            let skip_loops = self.direction == Direction::Both;
            let _ = view.incoming(cell, |edge| {
                if skip_loops && edge.other == cell {
                    return ControlFlow::Continue(());
                }
                take(edge, true)
            });
        }
    }

    #[inline]
    fn matches(&self, view: &View, edge: &EdgeRef, known_label: &mut Option<u32>) -> bool {
        if !self.classes.contains(edge.class) {
            return false;
        }
        let Some(label) = self.label else { return true };
        if *known_label == Some(edge.label) {
            return true;
        }
        let matches = view.delta().label(edge.label) == Some(label);
        if matches {
            *known_label = Some(edge.label);
        }
        matches
    }
}
