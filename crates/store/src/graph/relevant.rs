//! The nodes and steps that lie on a path of at most so many hops, and nothing else.
//!
//! Nodes are numbered in the order of their names, so comparing numbers compares names.
//! A state is a node with a number of hops left; it exists where the node can be reached in the
//! hops used so far and can reach the target in those left. States of one node are consecutive.

#![expect(clippy::indexing_slicing, reason = "places and states are made here, from these vectors")]

use super::frontier::{Explored, Hop, SOURCE, TARGET, UNKNOWN};
use super::meter::{Meter, Stop};
use super::weight::{UNREACHABLE, Weight, hop_weight};

/// A step inside the relevant graph.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) head: u32,
    pub(super) reversed: bool,
    pub(super) weight: Weight,
    pub(super) confidence: f64,
    pub(super) location: u64,
}

pub(super) struct Relevant {
    pub(super) source: u32,
    pub(super) target: u32,
    hops_max: u8,
    /// Places of the nodes in `Explored::nodes`.
    places: Vec<u32>,
    /// Least hops to the target.
    behind: Vec<u8>,
    /// Where the links of a node start; one more entry than nodes.
    rows: Vec<u32>,
    /// By tail, then head; one link for each pair, the most confident.
    links: Vec<Link>,
    /// Where the states of a node start; one more entry than nodes.
    states: Vec<u32>,
    /// Least weight from a state to the target, ignoring which nodes a path has used.
    least: Vec<Weight>,
}

impl Relevant {
    /// `None` when no path of at most `hops_max` hops leads from source to target.
    pub(super) fn new<N: Ord + Copy>(
        explored: &Explored<N>,
        hops_max: u8,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Self>, Stop> {
        let mut hops = plausible(explored, hops_max);
        let distances = Distances::new(explored, &hops, meter)?;
        let fits = |tail: u32, head: u32| distances.through(tail, head) <= u32::from(hops_max);
        hops.retain(|hop| fits(hop.tail, hop.head));
        let on_a_path = |place: &u32| {
            let place = *place as usize;
            let sum = u32::from(distances.ahead[place]) + u32::from(distances.behind[place]);
            sum <= u32::from(hops_max)
        };
        let mut kept: Vec<u32> = (0..explored.nodes.len() as u32).filter(on_a_path).collect();
        if !on_a_path(&SOURCE) || hops.is_empty() {
            return Ok(None);
        }
        kept.sort_unstable_by_key(|place| explored.nodes[*place as usize].node);
        let mut relevant = Self::arrange(explored.nodes.len(), kept, hops, hops_max);
        relevant.lay_out_states(&distances);
        relevant.find_least(meter)?;
        Ok(Some(relevant))
    }

    fn arrange(explored: usize, places: Vec<u32>, mut hops: Vec<Hop>, hops_max: u8) -> Self {
        let mut number_of = vec![u32::MAX; explored];
        for (number, place) in (0_u32..).zip(&places) {
            number_of[*place as usize] = number;
        }
        for hop in &mut hops {
            hop.tail = number_of[hop.tail as usize];
            hop.head = number_of[hop.head as usize];
        }
        hops.sort_unstable_by(|a, b| {
            let ends = (a.tail, a.head).cmp(&(b.tail, b.head));
            let by_confidence = || b.confidence.total_cmp(&a.confidence);
            ends.then_with(by_confidence)
                .then_with(|| (a.reversed, a.location).cmp(&(b.reversed, b.location)))
        });
        hops.dedup_by_key(|hop| (hop.tail, hop.head));
        let mut rows = vec![0; places.len() + 1];
        for hop in &hops {
            rows[hop.tail as usize + 1] += 1;
        }
        add_up(&mut rows);
        let link = |hop: &Hop| Link {
            head: hop.head,
            reversed: hop.reversed,
            weight: hop_weight(hop.cost),
            confidence: hop.confidence,
            location: hop.location,
        };
        Self {
            source: number_of[SOURCE as usize],
            target: number_of[TARGET as usize],
            hops_max,
            places,
            behind: Vec::new(),
            rows,
            links: hops.iter().map(link).collect(),
            states: Vec::new(),
            least: Vec::new(),
        }
    }

    fn lay_out_states(&mut self, distances: &Distances) {
        let places = self.places.iter();
        self.behind = places.map(|place| distances.behind[*place as usize]).collect();
        self.states = vec![0; self.places.len() + 1];
        for (number, place) in self.places.iter().enumerate() {
            let used = distances.ahead[*place as usize] + self.behind[number];
            self.states[number + 1] = u32::from(self.hops_max - used) + 1;
        }
        add_up(&mut self.states);
        self.least = vec![UNREACHABLE; self.states_count()];
    }

    /// Fills `least` for 0 hops left, then 1, and so on.
    fn find_least(&mut self, meter: &mut Meter<'_>) -> Result<(), Stop> {
        for left in 0..=self.hops_max {
            for node in 0..self.places.len() as u32 {
                let Some(state) = self.state(node, left) else { continue };
                if node == self.target {
                    self.least[state] = 0;
                    continue;
                }
                let mut least = UNREACHABLE;
                for link in self.links(node) {
                    meter.step()?;
                    if let Some(next) = self.state(link.head, left - 1) {
                        least = least.min(link.weight + self.least[next]);
                    }
                }
                self.least[state] = least;
            }
        }
        Ok(())
    }

    /// Steps from a node, in the order of the nodes they lead to.
    pub(super) fn links(&self, node: u32) -> &[Link] {
        let node = node as usize;
        &self.links[self.rows[node] as usize..self.rows[node + 1] as usize]
    }

    /// The step from one node to another.
    pub(super) fn link(&self, tail: u32, head: u32) -> Option<&Link> {
        let links = self.links(tail);
        links.binary_search_by_key(&head, |link| link.head).ok().and_then(|at| links.get(at))
    }

    /// The state of a node with so many hops left, `None` where no path has it.
    pub(super) fn state(&self, node: u32, hops_left: u8) -> Option<usize> {
        let node = node as usize;
        let spare = hops_left.checked_sub(self.behind[node])?;
        let state = self.states[node] + u32::from(spare);
        (state < self.states[node + 1]).then_some(state as usize)
    }

    /// Least weight from a state to the target.
    pub(super) fn least(&self, state: usize) -> Weight {
        self.least[state]
    }

    pub(super) fn states_count(&self) -> usize {
        self.states.last().map_or(0, |count| *count as usize)
    }

    pub(super) fn nodes_count(&self) -> usize {
        self.places.len()
    }

    pub(super) fn hops_max(&self) -> u8 {
        self.hops_max
    }

    /// Place of a node in `Explored::nodes`.
    pub(super) fn place(&self, node: u32) -> usize {
        self.places[node as usize] as usize
    }
}

/// Least hops from the source and to the target over the steps found.
struct Distances {
    ahead: Vec<u8>,
    behind: Vec<u8>,
}

impl Distances {
    fn new<N>(explored: &Explored<N>, hops: &[Hop], meter: &mut Meter<'_>) -> Result<Self, Stop> {
        let mut distances = Self {
            ahead: explored.nodes.iter().map(|node| node.ahead).collect(),
            behind: explored.nodes.iter().map(|node| node.behind).collect(),
        };
        // Exploring has set the distances near each end. The steps found last lie deepest, so
        // taken backwards most distances settle in one pass; the last pass finds nothing.
        let mut changed = true;
        while changed {
            changed = false;
            for hop in hops.iter().rev() {
                meter.step()?;
                changed |= distances.relax(hop);
            }
        }
        Ok(distances)
    }

    fn relax(&mut self, hop: &Hop) -> bool {
        let (tail, head) = (hop.tail as usize, hop.head as usize);
        let ahead = self.ahead[tail].saturating_add(1);
        let behind = self.behind[head].saturating_add(1);
        let changed = ahead < self.ahead[head] || behind < self.behind[tail];
        self.ahead[head] = self.ahead[head].min(ahead);
        self.behind[tail] = self.behind[tail].min(behind);
        changed
    }

    /// Least hops of a way that takes this step.
    fn through(&self, tail: u32, head: u32) -> u32 {
        u32::from(self.ahead[tail as usize]) + 1 + u32::from(self.behind[head as usize])
    }
}

/// Steps that may lie on a path by what is known so far: a node not reached from an end is at
/// least one hop further from it than the levels explored.
fn plausible<N>(explored: &Explored<N>, hops_max: u8) -> Vec<Hop> {
    let at_least = |distance: u8, levels: u8| {
        u32::from(if distance == UNKNOWN { levels + 1 } else { distance })
    };
    let fits = |hop: &&Hop| {
        let tail = &explored.nodes[hop.tail as usize];
        let head = &explored.nodes[hop.head as usize];
        let ahead = at_least(tail.ahead, explored.ahead_hops);
        let behind = at_least(head.behind, explored.behind_hops);
        ahead + 1 + behind <= u32::from(hops_max)
    };
    explored.hops.iter().filter(fits).copied().collect()
}

/// Turns counts, shifted by one place, into starts.
fn add_up(counts: &mut [u32]) {
    let mut sum = 0;
    for count in counts {
        sum += *count;
        *count = sum;
    }
}
