//! The best way to finish a path that has begun.
//!
//! A search over states in the order of weight so far plus least weight to go. A node of the
//! beginning is closed, so the least weights may be too hopeful; they are never too high, and they
//! never drop by more than the step taken, so each state is final when it is first taken.
//! The best completion visits no node twice: leaving out a round trip would make it shorter.

#![expect(clippy::indexing_slicing, reason = "states and nodes come from the relevant graph")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::meter::{Meter, Stop};
use super::relevant::Relevant;
use super::weight::{UNREACHABLE, Weight};

/// Searches for completions; keeps its memory from one search to the next.
pub(super) struct Completions<'a> {
    relevant: &'a Relevant,
    /// Number of the current search: marks of an earlier one do not count.
    search: u32,
    closed: Vec<u32>,
    marks: Vec<Mark>,
    open: BinaryHeap<Reverse<(Weight, u8, u32)>>,
    taken: Vec<(u8, u32)>,
}

/// What a search knows of a state.
#[derive(Debug, Clone, Copy)]
struct Mark {
    reached_in: u32,
    taken_in: u32,
    best_in: u32,
    /// Weight from the end of the beginning.
    weight: Weight,
}

const NO_MARK: Mark = Mark { reached_in: 0, taken_in: 0, best_in: 0, weight: UNREACHABLE };

impl<'a> Completions<'a> {
    pub(super) fn new(relevant: &'a Relevant) -> Self {
        Self {
            relevant,
            search: 0,
            closed: vec![0; relevant.nodes_count()],
            marks: vec![NO_MARK; relevant.states_count()],
            open: BinaryHeap::new(),
            taken: Vec::new(),
        }
    }

    /// Adds the best completion to `beginning`, which ends before the target, and returns its
    /// weight. Its first step leads to none of `banned`. Of completions of one weight it is the
    /// one whose nodes come first. `None`, and `beginning` as it was, when there is none.
    pub(super) fn complete(
        &mut self,
        beginning: &mut Vec<u32>,
        banned: &[u32],
        meter: &mut Meter<'_>,
    ) -> Result<Option<Weight>, Stop> {
        self.search += 1;
        for node in &*beginning {
            self.closed[*node as usize] = self.search;
        }
        let Some(&start) = beginning.last() else { return Ok(None) };
        let used = beginning.len() as u8 - 1;
        let Some(weight) = self.settle(start, used, banned, meter)? else { return Ok(None) };
        self.mark_best();
        self.follow_best(beginning);
        Ok(Some(weight))
    }

    /// Takes states in the order of their weight until the target is among them. Of states of one
    /// weight those with fewer hops used come first, the target last, so all states on completions
    /// of its weight have been taken before it.
    fn settle(
        &mut self,
        start: u32,
        used: u8,
        banned: &[u32],
        meter: &mut Meter<'_>,
    ) -> Result<Option<Weight>, Stop> {
        self.open.clear();
        self.taken.clear();
        self.reach(start, used, 0);
        while let Some(Reverse((_, used_here, node))) = self.open.pop() {
            meter.step()?;
            let Some(state) = self.state(node, used_here) else { continue };
            let mark = &mut self.marks[state];
            if mark.taken_in == self.search {
                continue;
            }
            mark.taken_in = self.search;
            let weight = mark.weight;
            self.taken.push((used_here, node));
            if node == self.relevant.target {
                return Ok(Some(weight));
            }
            let relevant = self.relevant;
            for link in relevant.links(node) {
                meter.step()?;
                let barred = node == start && banned.contains(&link.head);
                if !barred && self.closed[link.head as usize] != self.search {
                    self.reach(link.head, used_here + 1, weight + link.weight);
                }
            }
        }
        Ok(None)
    }

    fn reach(&mut self, node: u32, used: u8, weight: Weight) {
        let Some(state) = self.state(node, used) else { return };
        let mark = &mut self.marks[state];
        if mark.reached_in == self.search && mark.weight <= weight {
            return;
        }
        mark.reached_in = self.search;
        mark.weight = weight;
        self.open.push(Reverse((weight + self.relevant.least(state), used, node)));
    }

    /// Marks the states taken from which a best completion goes on, the last ones first.
    fn mark_best(&mut self) {
        self.taken.sort_unstable_by_key(|(used, _)| Reverse(*used));
        for at in 0..self.taken.len() {
            let (used, node) = self.taken[at];
            let Some(state) = self.state(node, used) else { continue };
            if node == self.relevant.target || self.best_step(node, used).is_some() {
                self.marks[state].best_in = self.search;
            }
        }
    }

    fn follow_best(&self, path: &mut Vec<u32>) {
        while let Some(&node) = path.last()
            && node != self.relevant.target
            && let Some(next) = self.best_step(node, path.len() as u8 - 1)
        {
            path.push(next);
        }
    }

    /// The first node that a best completion goes on to.
    fn best_step(&self, node: u32, used: u8) -> Option<u32> {
        let weight = self.marks[self.state(node, used)?].weight;
        let mut links = self.relevant.links(node).iter();
        let goes_on = |head: u32, link_weight: Weight| {
            self.state(head, used + 1).is_some_and(|next| {
                let next = &self.marks[next];
                next.best_in == self.search && next.weight == weight + link_weight
            })
        };
        links.find(|link| goes_on(link.head, link.weight)).map(|link| link.head)
    }

    fn state(&self, node: u32, used: u8) -> Option<usize> {
        let left = self.relevant.hops_max().checked_sub(used)?;
        self.relevant.state(node, left)
    }
}
