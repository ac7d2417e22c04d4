//! The background task that makes graphs of the vectors in files, one graph a step.
//!
//! Opening a shard does not wait for it: until a graph is there, its vectors are compared one by
//! one. Nothing that it writes is needed; what it finds damaged or out of date it removes.

use crate::error::{Error, Result};
use crate::flush::retry_us;
use crate::state::{SealedSpaces, State};
use crate::storage::Storage;
use crate::sync::{AtomicBool, Ordering};
use crate::vector::SealedVectors;
use crate::vector::graph::{Graph, GraphDir, GraphSpace, GraphSpaces, NewGraph, build, cover};
use std::sync::Arc;
use sutra_env::{Next, Steps};

/// Graphs are put together when the smaller one has at least this part of the vectors of the
/// larger one: its vectors are added to that, and each graph costs every search about as much.
const MERGE_DIVISOR: usize = 8;

/// Graphs hold at most so many times as many rows as there are.
const GONE_TIMES_MAX: usize = 2;

/// The task.
pub(crate) struct Indexer {
    storage: Arc<Storage>,
    dir: GraphDir,
    is_stopped: Arc<AtomicBool>,
    /// Failures since the last graph that worked.
    failures: u32,
    /// Number of the next file; nothing before the folder was looked at.
    next_number: Option<u32>,
}

/// What to do next for one namespace.
struct Job {
    namespace: usize,
    /// The graph that is gone on with.
    base: Option<Arc<Graph>>,
    /// Those that its vectors are added to.
    replaced: Vec<Arc<Graph>>,
}

impl Indexer {
    pub(crate) fn new(storage: &Arc<Storage>, dir: GraphDir, stopped: &Arc<AtomicBool>) -> Self {
        let (storage, is_stopped) = (Arc::clone(storage), Arc::clone(stopped));
        Self { storage, dir, is_stopped, failures: 0, next_number: None }
    }
}

impl Steps for Indexer {
    fn step(&mut self) -> Next {
        if self.is_stopped.load(Ordering::Acquire) {
            return Next::Done;
        }
        let result = self.advance();
        let figures = &self.storage.figures;
        let (next, failure) = match result {
            Ok(true) => {
                self.failures = 0;
                (Next::Again, None)
            }
            Ok(false) => {
                // Who flushes waits for that.
                self.storage.committer.get().inspect(|committer| committer.wake());
                (Next::Wait, None)
            }
            Err(Error::Aborted) => (Next::Again, None),
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                (Next::WaitUs(retry_us(self.failures)), Some(error))
            }
        };
        let has_failed = failure.is_some();
        *figures.graph_error.lock() = failure;
        if has_failed {
            // Release: whoever sees the failure counted finds its error.
            figures.graph_failures.fetch_add(1, Ordering::Release);
            self.storage.committer.get().inspect(|committer| committer.wake());
        }
        next
    }
}

impl Indexer {
    /// One thing that is to be done. Whether there was any.
    fn advance(&mut self) -> Result<bool> {
        if self.next_number.is_none() {
            self.open_all()?;
            return Ok(true);
        }
        let state = self.storage.shared.state();
        let spaces = cover_all(&graphs_of(&state), &state)?;
        if !is_same(&spaces, state.graphs()) {
            self.storage.install_graphs(spaces);
            return Ok(true);
        }
        let Some(job) = self.choose(&state) else {
            self.storage.indexed_generation.store(state.generation(), Ordering::Release);
            return Ok(false);
        };
        self.run(&job, &state)?;
        Ok(true)
    }

    /// Opens the graphs that are there. One that is of no use is removed.
    fn open_all(&mut self) -> Result<()> {
        let numbers = self.dir.list()?;
        let state = self.storage.shared.state();
        let mut graphs = Vec::new();
        for number in &numbers {
            match self.dir.open(*number) {
                Ok(graph) if is_of_namespace(&graph, &state) => graphs.push(Arc::new(graph)),
                Err(error @ Error::Io { .. }) => return Err(error),
                Ok(_) | Err(_) => {
                    self.storage.figures.graphs_dropped.fetch_add(1, Ordering::Relaxed);
                    self.dir.remove(*number)?;
                }
            }
        }
        let spaces = cover_all(&graphs, &state)?;
        for graph in &graphs {
            if !spaces.iter().flat_map(|space| &space.graphs).any(|kept| Arc::ptr_eq(kept, graph)) {
                self.storage.figures.graphs_dropped.fetch_add(1, Ordering::Relaxed);
                self.dir.remove(graph.number())?;
            }
        }
        self.storage.install_graphs(spaces);
        self.next_number = Some(numbers.last().map_or(1, |last| last.saturating_add(1)));
        Ok(())
    }

    fn choose(&self, state: &State) -> Option<Job> {
        state.sealed().iter().enumerate().find_map(|(namespace, files)| {
            let none = GraphSpace::default();
            let space = state.graphs().get(namespace).unwrap_or(&none);
            self.choose_of(namespace, files, space)
        })
    }

    fn choose_of(
        &self,
        namespace: usize,
        files: &[Arc<SealedVectors>],
        space: &GraphSpace,
    ) -> Option<Job> {
        let rows: usize = files.iter().map(|file| file.rows() as usize).sum();
        let without: usize = files.iter().map(|file| space.uncovered_rows(file) as usize).sum();
        let mut graphs = space.graphs.clone();
        graphs.sort_by_key(|graph| std::cmp::Reverse(graph.len()));
        let held: usize = graphs.iter().map(|graph| graph.len()).sum();
        // Of rows that are gone nothing is left but their place in graphs.
        if held > GONE_TIMES_MAX * rows.max(1) {
            return Some(Job { namespace, base: None, replaced: graphs });
        }
        if without >= self.storage.options.graph_rows_min {
            return Some(join(namespace, &graphs, without));
        }
        let is_near = |pair: &[Arc<Graph>]| match pair {
            [large, small] => small.len() * MERGE_DIVISOR >= large.len(),
            _ => false,
        };
        let at = graphs.windows(2).rposition(is_near)?;
        let small = graphs.get(at + 1).map_or(0, |graph| graph.len());
        Some(join(namespace, graphs.get(..=at)?, small).replacing(graphs.get(at + 1)))
    }

    fn run(&mut self, job: &Job, state: &State) -> Result<()> {
        let number = self.next_number.unwrap_or(1);
        self.next_number = Some(number.saturating_add(1));
        let files = state.sealed().get(job.namespace).map_or(&[][..], Vec::as_slice);
        let Some(named) = state.names().namespace(job.namespace as u32) else { return Ok(()) };
        // All rows that will be in no other graph when these are gone.
        let others: Vec<Arc<Graph>> = graphs_of(state)
            .into_iter()
            .filter(|graph| graph.meta().namespace as usize == job.namespace)
            .filter(|graph| !job.replaced.iter().any(|old| Arc::ptr_eq(old, graph)))
            .chain(job.base.iter().cloned())
            .collect();
        let there = cover(&others, files)?;
        let new = NewGraph {
            number,
            namespace: job.namespace as u32,
            metric: named.metric,
            options: &self.storage.options.graphs,
            base: job.base.as_deref(),
        };
        let built = build(&self.dir, &new, files, &there, &self.is_stopped)?;
        let mut graphs = graphs_of(&self.storage.shared.state());
        graphs.retain(|graph| !job.replaced.iter().any(|old| Arc::ptr_eq(old, graph)));
        let figures = &self.storage.figures;
        figures.graphs_built.fetch_add(1, Ordering::Relaxed);
        if let Some(graph) = built {
            figures.graph_bytes.fetch_add(graph.file().file_bytes(), Ordering::Relaxed);
            graphs.push(Arc::new(graph));
        }
        let spaces = cover_all(&graphs, &self.storage.shared.state())?;
        self.storage.install_graphs(spaces);
        Ok(())
    }
}

impl Job {
    fn replacing(mut self, graph: Option<&Arc<Graph>>) -> Self {
        self.replaced.extend(graph.cloned());
        self
    }
}

/// New vectors are added to the smallest graph that they are not too few for, or to none.
fn join(namespace: usize, graphs: &[Arc<Graph>], added: usize) -> Job {
    let is_near = |graph: &&Arc<Graph>| added * MERGE_DIVISOR >= graph.len();
    let base = graphs.iter().rev().find(is_near).cloned();
    let replaced = base.iter().cloned().collect();
    Job { namespace, base, replaced }
}

fn is_of_namespace(graph: &Graph, state: &State) -> bool {
    let meta = graph.meta();
    let named = state.names().namespace(meta.namespace);
    named.is_some_and(|named| (named.dimension, named.metric) == (meta.dimension, meta.metric))
}

fn graphs_of(state: &State) -> Vec<Arc<Graph>> {
    state.graphs().iter().flat_map(|space| space.graphs.iter().cloned()).collect()
}

/// Compares graphs with the files of vectors as they are now.
fn cover_all(graphs: &[Arc<Graph>], state: &State) -> Result<GraphSpaces> {
    let sealed: &SealedSpaces = state.sealed();
    let of_namespace = |(namespace, files): (usize, &Vec<Arc<SealedVectors>>)| {
        let own = graphs.iter().filter(|graph| graph.meta().namespace as usize == namespace);
        cover(&own.cloned().collect::<Vec<_>>(), files)
    };
    sealed.iter().enumerate().map(of_namespace).collect()
}

fn is_same(one: &GraphSpaces, other: &GraphSpaces) -> bool {
    let longest = one.len().max(other.len());
    let none = GraphSpace::default();
    (0..longest).all(|at| {
        let (one, other) = (one.get(at).unwrap_or(&none), other.get(at).unwrap_or(&none));
        one.is_same(other)
    })
}
