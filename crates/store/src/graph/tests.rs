//! Paths against a plain enumeration of every simple path, and what ends a search early.
#![expect(clippy::float_cmp, reason = "confidences of one half to the n are exact")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use proptest::prelude::*;
use sutra_env::Clock;
use sutra_format::op_fields::Validity;
use sutra_format::{AssociationClass, ConceptId, Limits};
use sutra_shard::Error;

use super::*;

/// Edges by their place: source, target, class, confidence.
#[derive(Debug, Clone, Default)]
struct TestGraph {
    edges: Vec<(u32, u32, AssociationClass, f64)>,
    out: Vec<Vec<usize>>,
    into: Vec<Vec<usize>>,
}

/// Time that passes by one microsecond for every look at it.
struct TickingClock(AtomicU64);

impl Clock for TickingClock {
    fn wall_us(&self) -> u64 {
        self.monotonic_us()
    }

    fn monotonic_us(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

impl TestGraph {
    fn new(edges: impl IntoIterator<Item = (u32, u32, AssociationClass, f64)>) -> Self {
        let mut graph = Self { edges: edges.into_iter().collect(), ..Self::default() };
        let nodes = graph.edges.iter().map(|edge| edge.0.max(edge.1) + 1).max().unwrap_or(0);
        graph.out = vec![Vec::new(); nodes as usize];
        graph.into = graph.out.clone();
        for (at, edge) in graph.edges.iter().enumerate() {
            graph.out[edge.0 as usize].push(at);
            graph.into[edge.1 as usize].push(at);
        }
        graph
    }

    fn causal(edges: &[(u32, u32, f64)]) -> Self {
        Self::new(edges.iter().map(|(a, b, c)| (*a, *b, AssociationClass::Causal, *c)))
    }
}

impl Graph for TestGraph {
    type Node = u32;

    fn out_edges(
        &self,
        node: u32,
        visit: &mut impl FnMut(Edge<u32>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        for &at in self.out.get(node as usize).into_iter().flatten() {
            let (_, other, class, confidence) = self.edges[at];
            if visit(Edge { other, class, confidence, location: at as u64 }).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn in_edges(
        &self,
        node: u32,
        visit: &mut impl FnMut(Edge<u32>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        for &at in self.into.get(node as usize).into_iter().flatten() {
            let (other, _, class, confidence) = self.edges[at];
            if visit(Edge { other, class, confidence, location: at as u64 }).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn holds_at(&self, location: u64, moment_ms: i64) -> Result<bool, Error> {
        Ok(validity(location).holds_at(moment_ms))
    }
}

/// A graph whose nodes have names instead of numbers, with something that happens before the edges
/// of a node are visited.
struct Named<N, Before> {
    graph: TestGraph,
    names: fn(u32) -> N,
    number: fn(N) -> u32,
    before: Before,
}

impl<N, Before> Graph for Named<N, Before>
where
    N: Copy + Ord + std::hash::Hash + std::fmt::Debug,
    Before: Fn() -> Result<(), Error>,
{
    type Node = N;

    fn out_edges(
        &self,
        node: N,
        visit: &mut impl FnMut(Edge<N>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        (self.before)()?;
        self.graph.out_edges((self.number)(node), &mut |edge| visit(named(edge, self.names)))
    }

    fn in_edges(
        &self,
        node: N,
        visit: &mut impl FnMut(Edge<N>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        (self.before)()?;
        self.graph.in_edges((self.number)(node), &mut |edge| visit(named(edge, self.names)))
    }

    fn holds_at(&self, location: u64, moment_ms: i64) -> Result<bool, Error> {
        (self.before)()?;
        self.graph.holds_at(location, moment_ms)
    }
}

fn named<N>(edge: Edge<u32>, name: fn(u32) -> N) -> Edge<N> {
    let Edge { other, class, confidence, location } = edge;
    Edge { other: name(other), class, confidence, location }
}

/// When the association at a location holds; those at 0, 4, 8... always do.
fn validity(location: u64) -> Validity {
    let limits = [(None, None), (Some(5), None), (None, Some(5)), (Some(3), Some(7))];
    let (from_ms, to_ms) = limits[location as usize % limits.len()];
    Validity { from_ms, to_ms }
}

fn search_any<G: Graph>(
    graph: &G,
    ends: Ends<G::Node>,
    options: &PathOptions,
) -> Result<Paths<G::Node>, Error> {
    let clock = TickingClock(AtomicU64::new(0));
    let watch = Watch { cancelled: &AtomicBool::new(false), clock: &clock };
    paths(graph, ends, options, &Limits::default(), watch)
}

fn search(
    graph: &TestGraph,
    from: u32,
    to: u32,
    options: &PathOptions,
) -> Result<Paths<u32>, Error> {
    search_any(graph, Ends { from, to }, options)
}

fn found(graph: &TestGraph, from: u32, to: u32, options: &PathOptions) -> Vec<Path<u32>> {
    let answer = search(graph, from, to, options).unwrap();
    assert!(answer.complete);
    answer.paths
}

fn nodes(paths: &[Path<u32>]) -> Vec<Vec<u32>> {
    paths.iter().map(|path| path.nodes.clone()).collect()
}

/// The best step between any two nodes, by the rules of `paths`.
type BestSteps = BTreeMap<(u32, u32), (f64, Step)>;

fn best_steps(graph: &TestGraph, options: &PathOptions) -> BestSteps {
    let mut best = BestSteps::new();
    let mut offer = |ends: (u32, u32), confidence: f64, step: Step| {
        let rules = |(confidence, step): (f64, Step)| (-confidence, step.reversed, step.location);
        let known = best.entry(ends).or_insert((confidence, step));
        if rules((confidence, step)) < rules(*known) {
            *known = (confidence, step);
        }
    };
    for (location, &(source, target, class, confidence)) in (0..).zip(&graph.edges) {
        let holds = options.valid_at_ms.is_none_or(|moment| validity(location).holds_at(moment));
        if confidence > 0.0 && options.classes.contains(class) && holds {
            offer((source, target), confidence, Step { location, reversed: false });
            if options.both_directions {
                offer((target, source), confidence, Step { location, reversed: true });
            }
        }
    }
    best
}

/// Every simple path within the options, best first, by trying everything.
fn all_paths(graph: &TestGraph, from: u32, to: u32, options: &PathOptions) -> Vec<Path<u32>> {
    fn extend(
        best: &BestSteps,
        to: u32,
        hops_left: usize,
        path: &mut Path<u32>,
        all: &mut Vec<Path<u32>>,
    ) {
        let last = path.nodes[path.nodes.len() - 1];
        if last == to {
            all.push(path.clone());
            return;
        }
        if hops_left == 0 {
            return;
        }
        for (&(_, next), &(confidence, step)) in best.range((last, 0)..=(last, u32::MAX)) {
            if !path.nodes.contains(&next) {
                let before = path.confidence;
                path.nodes.push(next);
                path.steps.push(step);
                path.confidence *= confidence;
                extend(best, to, hops_left - 1, path, all);
                path.nodes.pop();
                path.steps.pop();
                path.confidence = before;
            }
        }
    }
    let best = best_steps(graph, options);
    let mut start = Path { nodes: vec![from], steps: Vec::new(), confidence: 1.0 };
    let mut all = Vec::new();
    extend(&best, to, options.hops_max, &mut start, &mut all);
    for path in &mut all {
        path.confidence *= path.steps.iter().skip(1).map(|_| HOP_DECAY).product::<f64>();
    }
    all.retain(|path| path.confidence >= options.confidence_min);
    all.sort_by(|a, b| {
        let by_confidence = b.confidence.total_cmp(&a.confidence);
        by_confidence.then(a.nodes.len().cmp(&b.nodes.len())).then(a.nodes.cmp(&b.nodes))
    });
    all
}

/// Graphs with so many nodes next to both ends, 0 and 1, that the search ranks before it has
/// explored everything.
fn wide_graphs() -> impl Strategy<Value = TestGraph> {
    let confidence = || prop::sample::select(vec![1.0, 0.5, 0.25]);
    let spokes = prop::collection::vec((confidence(), confidence()), 80);
    let middle = prop::collection::vec((2_u32..82, 2_u32..82, confidence()), 0..160);
    (spokes, middle).prop_map(|(spokes, middle)| {
        let spokes = (2_u32..).zip(spokes);
        let mut edges: Vec<_> =
            spokes.flat_map(|(node, (to, from))| [(0, node, to), (node, 1, from)]).collect();
        edges.extend(middle);
        TestGraph::causal(&edges)
    })
}

/// Small dense graphs with loops and parallel edges; confidences from `confidence`.
fn graphs(confidence: impl Strategy<Value = f64>) -> impl Strategy<Value = TestGraph> {
    let class = prop::sample::select(&AssociationClass::ALL[..2]);
    let edge = (0_u32..9, 0_u32..9, class, confidence);
    prop::collection::vec(edge, 1..40).prop_map(TestGraph::new)
}

fn options() -> impl Strategy<Value = PathOptions> {
    let classes = prop::sample::select(vec![
        ClassSet::ALL,
        ClassSet::from_iter([AssociationClass::Semantic]),
    ]);
    let confidence_min = prop::sample::select(vec![0.0, 0.0, 0.01, 0.1, 0.3]);
    let valid_at_ms = prop::sample::select(vec![None, None, Some(2), Some(5), Some(7)]);
    let filters = (classes, any::<bool>(), confidence_min, valid_at_ms);
    (1_usize..=8, 1_usize..=30, filters).prop_map(
        |(hops_max, paths_max, (classes, both_directions, confidence_min, valid_at_ms))| {
            PathOptions {
                hops_max,
                paths_max,
                classes,
                both_directions,
                confidence_min,
                valid_at_ms,
                ..PathOptions::default()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Products of halves are exact in any order, so the reference knows ties as well.
    #[test]
    fn paths_with_ties_equal_an_enumeration(
        graph in graphs(prop::sample::select(vec![1.0, 1.0, 0.5, 0.25, 0.0])),
        from in 0_u32..9,
        to in 0_u32..9,
        options in options(),
    ) {
        let mut expected = all_paths(&graph, from, to, &options);
        expected.truncate(options.paths_max);
        prop_assert_eq!(found(&graph, from, to, &options), expected);
    }

    #[test]
    fn paths_ranked_early_equal_an_enumeration(graph in wide_graphs(), options in options()) {
        let options = PathOptions { hops_max: options.hops_max.min(4), ..options };
        let mut expected = all_paths(&graph, 0, 1, &options);
        expected.truncate(options.paths_max);
        prop_assert_eq!(found(&graph, 0, 1, &options), expected);
    }

    #[test]
    fn paths_of_any_confidence_equal_an_enumeration(
        graph in graphs(0.0..=1.0),
        from in 0_u32..9,
        to in 0_u32..9,
        options in options(),
    ) {
        let expected = all_paths(&graph, from, to, &options);
        let found = found(&graph, from, to, &options);
        prop_assert_eq!(found.len(), expected.len().min(options.paths_max));
        for (path, other) in found.iter().zip(&expected) {
            prop_assert!((path.confidence - other.confidence).abs() < 1e-9);
            prop_assert!(expected.iter().any(|one| one.nodes == path.nodes
                && one.steps == path.steps));
        }
    }
}

#[test]
fn the_most_confident_path_is_not_the_shortest() {
    let graph =
        TestGraph::causal(&[(0, 3, 0.3), (0, 1, 1.0), (1, 3, 0.9), (0, 2, 0.5), (2, 3, 0.5)]);
    let paths = found(&graph, 0, 3, &PathOptions::default());
    assert_eq!(nodes(&paths), [vec![0, 1, 3], vec![0, 3], vec![0, 2, 3]]);
    assert!((paths[0].confidence - 0.9 * HOP_DECAY).abs() < 1e-12);
    assert_eq!(paths[1].confidence, 0.3);
    let steps: Vec<u64> = paths[0].steps.iter().map(|step| step.location).collect();
    assert_eq!(steps, [1, 2]);
}

#[test]
fn equal_paths_come_shorter_first_then_by_their_nodes() {
    let half_decayed = HOP_DECAY;
    let graph = TestGraph::causal(&[
        (0, 9, half_decayed),
        (0, 7, 1.0),
        (7, 9, 1.0),
        (0, 4, 1.0),
        (4, 9, 1.0),
        (0, 5, 1.0),
        (5, 9, 1.0),
    ]);
    let options = PathOptions { paths_max: 3, ..PathOptions::default() };
    let paths = nodes(&found(&graph, 0, 9, &options));
    assert_eq!(paths, [vec![0, 9], vec![0, 4, 9], vec![0, 5, 9]]);
}

#[test]
fn a_node_leads_to_itself_without_a_step() {
    let graph = TestGraph::causal(&[(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0)]);
    let paths = found(&graph, 0, 0, &PathOptions::default());
    assert_eq!(paths, [Path { nodes: vec![0], steps: vec![], confidence: 1.0 }]);
}

#[test]
fn one_of_parallel_edges_is_walked_and_loops_are_not() {
    let graph = TestGraph::causal(&[
        (0, 1, 0.5),
        (1, 0, 0.8),
        (0, 1, 0.8),
        (0, 1, 0.8),
        (0, 0, 1.0),
        (1, 1, 1.0),
    ]);
    let both = PathOptions { both_directions: true, ..PathOptions::default() };
    for options in [PathOptions::default(), both.clone()] {
        let paths = found(&graph, 0, 1, &options);
        assert_eq!(nodes(&paths), [[0, 1]]);
        assert_eq!(paths[0].steps, [Step { location: 2, reversed: false }]);
    }
    let stronger_back = TestGraph::causal(&[(0, 1, 0.5), (1, 0, 0.8)]);
    let paths = found(&stronger_back, 0, 1, &both);
    assert_eq!(paths[0].steps, [Step { location: 1, reversed: true }]);
}

#[test]
fn what_cannot_be_reached_gives_no_path() {
    let graph = TestGraph::causal(&[(0, 1, 1.0), (2, 3, 1.0), (3, 0, 1.0), (1, 4, 0.0)]);
    for to in [2, 4, 77] {
        assert_eq!(found(&graph, 0, to, &PathOptions::default()), []);
    }
    let chain: Vec<_> = (0..20).map(|node| (node, node + 1, 1.0)).collect();
    let chain = TestGraph::causal(&chain);
    let longest = PathOptions { hops_max: 20, ..PathOptions::default() };
    assert_eq!(found(&chain, 0, 20, &longest).len(), 1);
    assert_eq!(found(&chain, 0, 20, &PathOptions { hops_max: 19, ..longest }), []);
}

/// The bound on confidence must not cut a path that has exactly that confidence.
#[test]
fn a_path_of_exactly_the_least_confidence_is_found() {
    let graph = TestGraph::causal(&[(0, 1, 0.9), (1, 2, 0.7), (2, 3, 1.0)]);
    let confidence = found(&graph, 0, 3, &PathOptions::default())[0].confidence;
    for (confidence_min, count) in [(confidence, 1), (confidence * 1.001, 0), (1.0, 0)] {
        let options = PathOptions { confidence_min, ..PathOptions::default() };
        assert_eq!(found(&graph, 0, 3, &options).len(), count);
    }
}

/// Listing paths one by one would walk every order of a clique that only leads back to where it
/// was entered; the work must not grow with their number.
#[test]
fn dead_ends_cost_little() {
    let mut edges = vec![(0, 1, 0.9), (1, 2, 0.9), (0, 2, 0.1)];
    for a in 100..130 {
        edges.push((0, a, 1.0));
        edges.push((a, 0, 1.0));
        edges.extend((100..130).map(|b| (a, b, 1.0)));
    }
    let graph = TestGraph::causal(&edges);
    let options = PathOptions { hops_max: 20, paths_max: 100, ..PathOptions::default() };
    for both_directions in [false, true] {
        let options = PathOptions { both_directions, ..options.clone() };
        let paths = nodes(&found(&graph, 0, 2, &options));
        assert_eq!(paths, [vec![0, 1, 2], vec![0, 2]]);
    }
}

/// A hub of 100,000 associations on the way: within the budgets it is walked, beyond them the
/// answer says so.
#[test]
fn hubs_are_walked_within_the_budgets() {
    let spokes = (10..100_010).flat_map(|node| [(1, node, 0.5), (node, 2, 0.5)]);
    let way = [(0, 1, 1.0), (2, 3, 1.0), (1, 4, 1.0), (4, 3, 0.4)];
    let edges: Vec<_> = way.into_iter().chain(spokes).collect();
    let graph = TestGraph::causal(&edges);
    let options = PathOptions { paths_max: 2, ..PathOptions::default() };
    let paths = nodes(&found(&graph, 0, 3, &options));
    assert_eq!(paths, [vec![0, 1, 4, 3], vec![0, 1, 10, 2, 3]]);

    let tight = PathOptions { visited_max: 1_000, ..options.clone() };
    let answer = search(&graph, 0, 3, &tight).unwrap();
    assert!(!answer.complete);
    assert_eq!(answer.visited, 1_000);
    assert_eq!(nodes(&answer.paths), [vec![0, 1, 4, 3]]);

    // The clock of this test ticks once for each look at it, so time is up after 1,024 steps.
    let hurried = PathOptions { time_us_max: 0, ..options };
    let answer = search(&graph, 0, 3, &hurried).unwrap();
    assert!(!answer.complete && answer.visited <= 2_048);
}

/// With enough good paths found, a level that starts from many nodes is not explored.
#[test]
fn an_early_answer_spares_the_rest_of_the_graph() {
    let fan = |hub: u32, base: u32| (base..base + 200).map(move |node| (hub, node, 1.0));
    let mut edges: Vec<_> = fan(0, 1_000).collect();
    edges.extend(fan(1, 2_000).map(|(hub, node, confidence)| (node, hub, confidence)));
    for level in 0..4 {
        edges.extend((0..200).flat_map(|at| {
            let from = 1_000 + level * 10_000 + at;
            let to = 11_000 + level * 10_000;
            (0..50).map(move |step| (from, to + (at * 7 + step) % 200, 1.0))
        }));
    }
    edges.push((1_000, 1, 0.9));
    let graph = TestGraph::causal(&edges);
    let one = PathOptions { paths_max: 1, hops_max: 20, ..PathOptions::default() };
    let answer = search(&graph, 0, 1, &one).unwrap();
    assert!(answer.complete);
    assert_eq!(nodes(&answer.paths), [vec![0, 1_000, 1]]);
    assert!(answer.visited < 1_000, "{} edges looked at", answer.visited);
}

/// The names of nodes 0, 1, 2... in the opposite order, spread over all 16 bytes.
fn id_of(number: u32) -> ConceptId {
    let spread = u128::from(!number) * 0x1_0000_0001_0000_0001_0000_0001;
    ConceptId(spread.to_be_bytes())
}

fn number_of(id: ConceptId) -> u32 {
    !(u128::from_be_bytes(id.0) as u32)
}

proptest! {
    /// The same paths by whatever the nodes are called; of equally good ones, the first by name.
    #[test]
    fn paths_do_not_depend_on_what_nodes_are_called(
        graph in graphs(prop::sample::select(vec![1.0, 0.5])),
        from in 0_u32..9,
        to in 0_u32..9,
        options in options(),
    ) {
        let mut expected = all_paths(&graph, from, to, &options);
        expected.sort_by(|a, b| {
            let names = |path: &Path<u32>| path.nodes.iter().map(|node| !node).collect::<Vec<_>>();
            let by_confidence = b.confidence.total_cmp(&a.confidence);
            by_confidence.then(a.nodes.len().cmp(&b.nodes.len())).then(names(a).cmp(&names(b)))
        });
        expected.truncate(options.paths_max);
        let graph = Named { graph, names: id_of, number: number_of, before: || Ok(()) };
        let ends = Ends { from: id_of(from), to: id_of(to) };
        let found = search_any(&graph, ends, &options).unwrap();
        prop_assert!(found.complete);
        let ids = found.paths.iter().map(|path| path.nodes.clone());
        let expected = expected.iter().map(|path| path.nodes.iter().copied().map(id_of).collect());
        prop_assert_eq!(ids.collect::<Vec<_>>(), expected.collect::<Vec<Vec<_>>>());
    }
}

fn identity(node: u32) -> u32 {
    node
}

/// A search that went on without the edges of a damaged node would give the second best path for
/// the best, so wherever the damage is met, it is the answer.
#[test]
fn edges_that_cannot_be_read_end_the_search() {
    let chain = (0..8).flat_map(|node| [(node, node + 1, 1.0), (node, 20 + node, 1.0)]);
    let shortcut = [(0, 8, 0.1)];
    let graph = TestGraph::causal(&chain.chain(shortcut).collect::<Vec<_>>());
    let options = PathOptions {
        hops_max: 20,
        both_directions: true,
        // A moment at which everything on the way holds, so that records are read as well.
        valid_at_ms: Some(4),
        ..PathOptions::default()
    };
    let expected = search(&graph, 0, 8, &options).unwrap();
    assert_eq!(expected.paths.len(), 2);
    let mut failures = 0;
    loop {
        let visits = AtomicU64::new(0);
        let before = || {
            if visits.fetch_add(1, Ordering::Relaxed) == failures {
                return Err(Error::corrupt("0000000001.seg".as_ref(), failures, "damaged"));
            }
            Ok(())
        };
        let graph = Named { graph: graph.clone(), names: identity, number: identity, before };
        match search_any(&graph, Ends { from: 0, to: 8 }, &options) {
            Err(Error::Corrupt { offset, .. }) => assert_eq!(offset, failures),
            Err(other) => panic!("{other}"),
            Ok(found) => {
                assert_eq!(found, expected);
                break;
            }
        }
        failures += 1;
    }
    assert!(failures >= 16, "{failures} visits failed");
}

#[test]
fn a_cancelled_search_is_an_error() {
    let fan = (2..5_000).flat_map(|node| [(0, node, 1.0), (node, 1, 1.0)]);
    let cancelled = AtomicBool::new(false);
    // It is cancelled while its first node is walked.
    let graph = Named {
        graph: TestGraph::causal(&fan.collect::<Vec<_>>()),
        names: identity,
        number: identity,
        before: || {
            cancelled.store(true, Ordering::Relaxed);
            Ok(())
        },
    };
    let clock = TickingClock(AtomicU64::new(0));
    let watch = Watch { cancelled: &cancelled, clock: &clock };
    let outcome = |from, to| {
        let ends = Ends { from, to };
        paths(&graph, ends, &PathOptions::default(), &Limits::default(), watch)
    };
    assert!(matches!(outcome(0, 1), Err(Error::Aborted)));
    // The flag is up by now, and even the simplest search looks at it first.
    assert!(matches!(outcome(0, 0), Err(Error::Aborted)));
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let refused = |change: fn(&mut PathOptions)| {
        let mut options = PathOptions::default();
        change(&mut options);
        match search(&TestGraph::default(), 0, 1, &options) {
            Err(Error::Refused(refusal)) => refusal.field().to_owned(),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(refused(|options| options.hops_max = 0), "hopsMax");
    assert_eq!(refused(|options| options.hops_max = 21), "hopsMax");
    assert_eq!(refused(|options| options.paths_max = 0), "pathsMax");
    assert_eq!(refused(|options| options.paths_max = 101), "pathsMax");
    assert_eq!(refused(|options| options.confidence_min = -0.1), "confidenceMin");
    assert_eq!(refused(|options| options.confidence_min = f64::NAN), "confidenceMin");
}
