//! Lists the simple paths of the relevant graph, best first (Yen's algorithm, Lawler's variant).
//!
//! All paths not listed yet are split into groups: those that share a beginning and whose next
//! step leads to none of certain nodes. A group waits under a weight that no path in it is below;
//! when it comes first, its best path is searched for and waits in its place. When a path comes
//! first, it is the next in the list, and the rest of its group splits at each of its nodes. The
//! work for each path listed is bounded by its length, however many paths there are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sutra_shard::Result;

use super::completion::Completions;
use super::meter::{Meter, Stop};
use super::relevant::Relevant;
use super::weight::{Bound, Weight, path_cost};

/// The paths found, best first.
pub(super) struct Ranking {
    pub(super) paths: Vec<RankedPath>,
    /// False when a budget ended the listing early.
    pub(super) complete: bool,
}

/// A path over nodes of the relevant graph.
pub(super) struct RankedPath {
    pub(super) nodes: Vec<u32>,
    pub(super) weight: Weight,
}

/// A group of paths. Ordered by weight, then groups not searched before those whose best path is
/// known, because a path of theirs may come before it; then by nodes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    /// Of the best path, or a bound below it.
    weight: Weight,
    is_searched: bool,
    /// The best path, or only the beginning.
    nodes: Vec<u32>,
    /// Nodes in the beginning.
    shared: usize,
    /// Weight of the beginning.
    shared_weight: Weight,
    /// Where the step after the beginning does not lead.
    banned: Vec<u32>,
}

/// The best `paths_max` paths within the bound.
///
/// # Errors
/// What ends the search without an answer; a used-up budget gives what was listed until then.
pub(super) fn rank(
    relevant: &Relevant,
    paths_max: usize,
    bound: Bound,
    meter: &mut Meter<'_>,
) -> Result<Ranking> {
    let mut paths = Vec::new();
    match list(relevant, paths_max, bound, &mut paths, meter) {
        Ok(()) => Ok(Ranking { paths, complete: true }),
        Err(Stop::Budget) => Ok(Ranking { paths, complete: false }),
        Err(Stop::Failed(error)) => Err(*error),
    }
}

fn list(
    relevant: &Relevant,
    paths_max: usize,
    bound: Bound,
    paths: &mut Vec<RankedPath>,
    meter: &mut Meter<'_>,
) -> Result<(), Stop> {
    let mut completions = Completions::new(relevant);
    let mut waiting = BinaryHeap::new();
    let all = group(relevant, &[relevant.source], 0, Vec::new());
    waiting.extend(all.map(Reverse));
    while let Some(Reverse(mut first)) = waiting.pop() {
        if path_cost(first.weight) > bound.cost_max {
            break;
        }
        if first.is_searched {
            waiting.extend(rest_of(relevant, &first).map(Reverse));
            paths.push(RankedPath { nodes: first.nodes, weight: first.weight });
            if paths.len() == paths_max {
                break;
            }
        } else {
            let found = completions.complete(&mut first.nodes, &first.banned, meter)?;
            waiting.extend(found.map(|weight| {
                let weight = first.shared_weight + weight;
                Reverse(Group { weight, is_searched: true, ..first })
            }));
        }
    }
    Ok(())
}

/// The groups that a group leaves behind when its best path is listed: for each node from the end
/// of its beginning on, the paths that part from the listed one there.
fn rest_of<'a>(relevant: &'a Relevant, listed: &'a Group) -> impl Iterator<Item = Group> + 'a {
    let mut shared_weight = listed.shared_weight;
    (listed.shared..listed.nodes.len()).filter_map(move |shared| {
        let (beginning, rest) = listed.nodes.split_at(shared);
        let next = *rest.first()?;
        let mut banned = if shared == listed.shared { listed.banned.clone() } else { Vec::new() };
        banned.push(next);
        let rest = group(relevant, beginning, shared_weight, banned);
        shared_weight += relevant.link(*beginning.last()?, next)?.weight;
        rest
    })
}

/// A group with a bound on its weight, `None` when no step leads on.
fn group(
    relevant: &Relevant,
    beginning: &[u32],
    shared_weight: Weight,
    banned: Vec<u32>,
) -> Option<Group> {
    let left = relevant.hops_max().checked_sub(beginning.len() as u8)?;
    let links = relevant.links(*beginning.last()?).iter();
    let open = links.filter(|link| !banned.contains(&link.head) && !beginning.contains(&link.head));
    let weights = open.filter_map(|link| {
        let state = relevant.state(link.head, left)?;
        Some(link.weight + relevant.least(state))
    });
    let weight = shared_weight + weights.min()?;
    let nodes = beginning.to_vec();
    let shared = nodes.len();
    Some(Group { weight, is_searched: false, nodes, shared, shared_weight, banned })
}
