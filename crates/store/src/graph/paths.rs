//! The search as a whole.

use sutra_format::Limits;
use sutra_shard::Result;

use super::edge::Graph;
use super::frontier::{Explored, Explorer};
use super::meter::{Meter, Stop, Watch};
use super::options::{Ends, PathOptions};
use super::ranking::{RankedPath, rank};
use super::relevant::Relevant;
use super::weight::{Bound, HOP_DECAY, path_cost};

/// Nodes to start a level from above which it pays to look first whether the paths known already
/// are good enough.
const NODES_WORTH_RANKING: usize = 64;

/// An association of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// `Edge::location` of the association.
    pub location: u64,
    /// Walked from its target to its source.
    pub reversed: bool,
}

/// A path from one node to another that visits no node twice.
#[derive(Debug, Clone, PartialEq)]
pub struct Path<N> {
    /// From the source to the target.
    pub nodes: Vec<N>,
    /// One for each pair of neighbouring nodes.
    pub steps: Vec<Step>,
    /// Product of the confidences, times `HOP_DECAY` for each hop after the first.
    pub confidence: f64,
}

/// The answer of a path search.
#[derive(Debug, Clone, PartialEq)]
pub struct Paths<N> {
    /// Best first.
    pub paths: Vec<Path<N>>,
    /// Associations looked at.
    pub visited: u64,
    /// Whether these are certainly the best paths. False when a budget was used up: then they are
    /// paths, but there may be better or more ones.
    pub complete: bool,
}

/// The best paths between two nodes: exactly the first `paths_max` of all paths of at most
/// `hops_max` associations that visit no node twice, unless a budget ends the search.
///
/// - Better is the higher confidence: the product of the confidences of the associations, times
///   0.85 for each hop after the first. Equal ones (to 1 part in 10^11) come with fewer hops first,
///   then in the order of their nodes, so one graph always gives one answer.
/// - Two paths differ in their nodes. Between two nodes the most confident association is taken;
///   of equal ones, one that is walked forwards, then the one with the lower location.
/// - Associations of confidence 0 and from a node to itself are not walked.
/// - From a node to itself there is one path: the node alone, with confidence 1.
///
/// # Errors
/// `Refused` for options out of their range, `Aborted` when `watch.cancelled` became true, and what
/// the graph answers when its edges cannot be read.
pub fn paths<G: Graph>(
    graph: &G,
    ends: Ends<G::Node>,
    options: &PathOptions,
    limits: &Limits,
    watch: Watch<'_>,
) -> Result<Paths<G::Node>> {
    options.check(limits)?;
    let mut meter = Meter::start(watch, options);
    finished(meter.look())?;
    if ends.from == ends.to {
        let alone = Path { nodes: vec![ends.from], steps: Vec::new(), confidence: 1.0 };
        return Ok(Paths { paths: vec![alone], visited: 0, complete: true });
    }
    search(graph, ends, options, &mut meter)
}

/// Explores level by level, and ranks when all is explored, when it pays, or when a budget ends it.
fn search<G: Graph>(
    graph: &G,
    ends: Ends<G::Node>,
    options: &PathOptions,
    meter: &mut Meter<'_>,
) -> Result<Paths<G::Node>> {
    let mut explorer = Explorer::new(graph, ends, options);
    let mut bound = Bound::new(options.hops_max as u8, options.confidence_min);
    let mut complete = true;
    while complete && explorer.hops() < bound.hops_max && !explorer.is_exhausted() {
        if explorer.met() && explorer.next_nodes() > NODES_WORTH_RANKING {
            let early = answer(&explorer, explorer.hops(), options, bound, meter)?;
            if let (true, Some(worst)) = (early.paths.complete, early.worst_cost) {
                bound = bound.tightened(worst);
            }
            if !early.paths.complete || bound.hops_max <= explorer.hops() {
                return Ok(early.paths);
            }
        }
        complete = finished(explorer.grow(bound, meter))?;
    }
    meter.allow_all_time();
    let whole = !complete || explorer.is_exhausted();
    let hops = if whole { bound.hops_max } else { explorer.hops().min(bound.hops_max) };
    let mut last = answer(&explorer, hops, options, bound, meter)?.paths;
    last.complete &= complete;
    Ok(last)
}

/// Paths, and what the last of as many as asked for costs.
struct Answer<N> {
    paths: Paths<N>,
    worst_cost: Option<u64>,
}

fn answer<G: Graph>(
    explorer: &Explorer<'_, G>,
    hops: u8,
    options: &PathOptions,
    bound: Bound,
    meter: &mut Meter<'_>,
) -> Result<Answer<G::Node>> {
    let found = explorer.explored();
    let mut paths = Vec::new();
    let mut worst_cost = None;
    let mut complete = true;
    if explorer.met() {
        match Relevant::new(found, hops, meter) {
            Ok(Some(relevant)) => {
                let ranking = rank(&relevant, options.paths_max, bound, meter)?;
                let ranked = ranking.paths.iter();
                paths = ranked.filter_map(|path| describe(found, &relevant, path)).collect();
                let nth = ranking.paths.get(options.paths_max - 1);
                worst_cost = nth.map(|path| path_cost(path.weight));
                complete = ranking.complete;
            }
            Ok(None) => {}
            Err(Stop::Budget) => complete = false,
            Err(Stop::Failed(error)) => return Err(*error),
        }
    }
    let visited = meter.visited();
    Ok(Answer { paths: Paths { paths, visited, complete }, worst_cost })
}

fn describe<N: Copy>(
    explored: &Explored<N>,
    relevant: &Relevant,
    ranked: &RankedPath,
) -> Option<Path<N>> {
    let pairs = ranked.nodes.iter().zip(ranked.nodes.iter().skip(1));
    let links: Option<Vec<_>> = pairs.map(|(tail, head)| relevant.link(*tail, *head)).collect();
    let links = links?;
    let names = ranked.nodes.iter().map(|node| explored.nodes.get(relevant.place(*node)));
    let decays = links.iter().skip(1).map(|_| HOP_DECAY);
    Some(Path {
        nodes: names.map(|reached| reached.map(|reached| reached.node)).collect::<Option<_>>()?,
        confidence: links.iter().map(|link| link.confidence).product::<f64>()
            * decays.product::<f64>(),
        steps: links
            .iter()
            .map(|link| Step { location: link.location, reversed: link.reversed })
            .collect(),
    })
}

/// Whether work was finished rather than ended by a budget.
fn finished(outcome: Result<(), Stop>) -> Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(Stop::Budget) => Ok(false),
        Err(Stop::Failed(error)) => Err(*error),
    }
}
