//! Breadth-first exploration from both ends.
//!
//! Invariant: with `ahead.hops` whole levels from the source and `behind.hops` from the target,
//! every edge of every simple path of at most `ahead.hops + behind.hops` hops has been found. Hop
//! number p (from 0) of such a path starts p hops or fewer from the source, so for
//! p < `ahead.hops` its tail has been expanded forwards; any later hop ends fewer than
//! `behind.hops` hops from the target, so its head has been expanded backwards.

#![expect(clippy::indexing_slicing, reason = "places are handed out by `add`")]

use std::ops::ControlFlow;

use hashbrown::HashMap;

use super::edge::{Edge, Graph};
use super::meter::{Meter, Stop};
use super::options::{ClassSet, Ends, PathOptions};
use super::weight::{Bound, Cost, cost};

/// Distance of a node not reached from that end.
pub(super) const UNKNOWN: u8 = u8::MAX;
/// The source and the target in `Explored::nodes`.
pub(super) const SOURCE: u32 = 0;
pub(super) const TARGET: u32 = 1;

/// A node and how far it is from both ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached<N> {
    pub(super) node: N,
    /// Hops from the source.
    pub(super) ahead: u8,
    /// Hops to the target.
    pub(super) behind: u8,
}

/// A step a path may take; nodes are places in `Explored::nodes`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hop {
    pub(super) tail: u32,
    pub(super) head: u32,
    /// Walked from target to source.
    pub(super) reversed: bool,
    pub(super) confidence: f64,
    pub(super) cost: Cost,
    pub(super) location: u64,
}

/// What has been found so far.
pub(super) struct Explored<N> {
    pub(super) nodes: Vec<Reached<N>>,
    /// In the order found, so those nearer to their end come first. May hold an edge twice.
    pub(super) hops: Vec<Hop>,
    /// Whole levels explored from the source.
    pub(super) ahead_hops: u8,
    /// Whole levels explored from the target.
    pub(super) behind_hops: u8,
}

/// Explores a graph from both ends, level by level.
pub(super) struct Explorer<'g, G: Graph> {
    graph: &'g G,
    classes: ClassSet,
    both_directions: bool,
    valid_at_ms: Option<i64>,
    places: HashMap<G::Node, u32>,
    explored: Explored<G::Node>,
    ahead: Vec<u32>,
    behind: Vec<u32>,
    met: bool,
}

/// Which end a level grows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Ahead,
    Behind,
}

/// How the edges of a node are walked while a level grows.
#[derive(Clone, Copy)]
struct Walk {
    side: Side,
    from: u32,
    reversed: bool,
    /// No level follows, so only nodes known from the other end matter.
    last: bool,
}

impl<'g, G: Graph> Explorer<'g, G> {
    pub(super) fn new(graph: &'g G, ends: Ends<G::Node>, options: &PathOptions) -> Self {
        let source = Reached { node: ends.from, ahead: 0, behind: UNKNOWN };
        let target = Reached { node: ends.to, ahead: UNKNOWN, behind: 0 };
        let mut places = HashMap::with_capacity(256);
        places.insert(ends.from, SOURCE);
        places.insert(ends.to, TARGET);
        let explored = Explored {
            nodes: vec![source, target],
            hops: Vec::with_capacity(256),
            ahead_hops: 0,
            behind_hops: 0,
        };
        Self {
            graph,
            classes: options.classes,
            both_directions: options.both_directions,
            valid_at_ms: options.valid_at_ms,
            places,
            explored,
            ahead: vec![SOURCE],
            behind: vec![TARGET],
            met: false,
        }
    }

    pub(super) fn explored(&self) -> &Explored<G::Node> {
        &self.explored
    }

    /// Whether some node is known from both ends; before that there is no path.
    pub(super) fn met(&self) -> bool {
        self.met
    }

    /// Paths of at most so many hops are known with all of their edges.
    pub(super) fn hops(&self) -> u8 {
        self.explored.ahead_hops + self.explored.behind_hops
    }

    /// Nothing more can be found: one end has reached all that it can.
    pub(super) fn is_exhausted(&self) -> bool {
        self.ahead.is_empty() || self.behind.is_empty()
    }

    /// Nodes the next level starts from.
    pub(super) fn next_nodes(&self) -> usize {
        self.ahead.len().min(self.behind.len())
    }

    /// Grows one level from the end with fewer nodes to start from.
    ///
    /// # Errors
    /// The level is then incomplete: only whole levels count in `hops`.
    pub(super) fn grow(&mut self, bound: Bound, meter: &mut Meter<'_>) -> Result<(), Stop> {
        let last = self.hops() + 1 >= bound.hops_max;
        let side = self.side_to_grow();
        let starts = std::mem::take(self.starts(side));
        for from in starts {
            let walk = Walk { side, from, reversed: false, last };
            self.walk(walk, bound.cost_max, meter)?;
            if self.both_directions {
                self.walk(Walk { reversed: true, ..walk }, bound.cost_max, meter)?;
            }
        }
        match side {
            Side::Ahead => self.explored.ahead_hops += 1,
            Side::Behind => self.explored.behind_hops += 1,
        }
        Ok(())
    }

    /// The end with fewer nodes to start from; of equal ones, that with fewer levels, so that a
    /// hub next to one end does not use up the budgets before the other end is looked at.
    fn side_to_grow(&self) -> Side {
        let ahead = (self.ahead.len(), self.explored.ahead_hops);
        let behind = (self.behind.len(), self.explored.behind_hops);
        if ahead <= behind { Side::Ahead } else { Side::Behind }
    }

    fn walk(&mut self, walk: Walk, cost_max: Cost, meter: &mut Meter<'_>) -> Result<(), Stop> {
        let graph = self.graph;
        let node = self.explored.nodes[walk.from as usize].node;
        let mut outcome = Ok(());
        let mut visit = |edge: Edge<G::Node>| {
            outcome = meter.visit().and_then(|()| self.take(walk, node, edge, cost_max));
            if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        if (walk.side == Side::Ahead) == walk.reversed {
            graph.in_edges(node, &mut visit)?;
        } else {
            graph.out_edges(node, &mut visit)?;
        }
        outcome
    }

    /// Notes the step over an edge, and the node it leads to, if a path may use it.
    fn take(
        &mut self,
        walk: Walk,
        node: G::Node,
        edge: Edge<G::Node>,
        cost_max: Cost,
    ) -> Result<(), Stop> {
        let usable = edge.confidence > 0.0 && self.classes.contains(edge.class);
        if !usable || edge.other == node {
            return Ok(());
        }
        let cost = cost(edge.confidence);
        if cost > cost_max {
            return Ok(());
        }
        if let Some(moment_ms) = self.valid_at_ms
            && !self.graph.holds_at(edge.location, moment_ms)?
        {
            return Ok(());
        }
        let Some(other) = self.reach(walk, edge.other) else { return Ok(()) };
        let (tail, head) = match walk.side {
            Side::Ahead => (walk.from, other),
            Side::Behind => (other, walk.from),
        };
        self.explored.hops.push(Hop {
            tail,
            head,
            reversed: walk.reversed,
            confidence: edge.confidence,
            cost,
            location: edge.location,
        });
        Ok(())
    }

    /// Place of the node a step leads to, `None` if no path takes that step.
    fn reach(&mut self, walk: Walk, node: G::Node) -> Option<u32> {
        let place = match self.places.get(&node) {
            Some(place) => *place,
            None if walk.last => return None,
            None => self.add(node),
        };
        let reached = &mut self.explored.nodes[place as usize];
        let (near, far, level, start, end) = match walk.side {
            Side::Ahead => {
                (&mut reached.ahead, reached.behind, self.explored.ahead_hops + 1, SOURCE, TARGET)
            }
            Side::Behind => {
                (&mut reached.behind, reached.ahead, self.explored.behind_hops + 1, TARGET, SOURCE)
            }
        };
        // A path does not come back to where it starts, and does not leave its end.
        if place == start || (walk.last && far == UNKNOWN) {
            return None;
        }
        if *near == UNKNOWN {
            *near = level;
            self.met |= far != UNKNOWN;
            if place != end {
                self.starts(walk.side).push(place);
            }
        }
        Some(place)
    }

    fn add(&mut self, node: G::Node) -> u32 {
        let place = self.explored.nodes.len() as u32;
        self.explored.nodes.push(Reached { node, ahead: UNKNOWN, behind: UNKNOWN });
        self.places.insert(node, place);
        place
    }

    fn starts(&mut self, side: Side) -> &mut Vec<u32> {
        match side {
            Side::Ahead => &mut self.ahead,
            Side::Behind => &mut self.behind,
        }
    }
}
