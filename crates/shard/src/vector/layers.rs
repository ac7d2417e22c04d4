//! The nearest vectors of a namespace, over all its layers.
//!
//! Rows that are in no graph are all compared with the query. Those in graphs are compared when a
//! graph says that they are near. What a graph says is only where to look: ranks are exact, and
//! where graphs gave too few rows that are current, they are asked for more, in the end for all.
//!
//! A layer does not know what later layers say of its rows: a row may belong to a concept that was
//! deleted or given another vector since. That is looked up as seldom as possible, only for a row
//! that would be among the k best found so far. A row that is not kept is worse than k current
//! ones, so the answer is exactly the k best current rows whatever the order of the rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sutra_format::{ConceptId, Metric};

use super::graph::{Covered, GraphSpace};
use super::kernel;
use super::rows::VectorSet;
use super::sealed::SealedVectors;
use super::top_k::{Ranked, TopK};
use crate::concept_ref::ConceptRef;
use crate::error::{Error, Result};
use crate::text::RowSet;

/// Tells whether a row is the vector that its concept has for the reader.
pub type IsCurrent<'a> = &'a dyn Fn(&ConceptId, u32) -> Result<bool>;

/// Tells whether a concept is wanted.
pub type Wants<'a> = &'a dyn Fn(&ConceptRef<'_>) -> Result<bool>;

/// A hit of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The concept.
    pub id: ConceptId,
    /// The row of its vector.
    pub row: u32,
    /// The higher the nearer, see [`Layers::search`].
    pub score: f64,
}

/// All layers that hold vectors of one namespace. No row is in two of them.
#[derive(Clone, Copy)]
pub struct Layers<'a> {
    /// Those in files, in the order of their rows.
    pub sealed: &'a [Arc<SealedVectors>],
    /// Those in memory, in any order.
    pub sets: &'a [Arc<VectorSet>],
    pub(crate) graphs: Option<&'a GraphSpace>,
}

/// A query and how it is answered.
#[derive(Clone, Copy)]
pub struct Nearest<'a> {
    /// A vector of the namespace's dimension.
    pub query: &'a [f32],
    /// How many are wanted.
    pub k: usize,
    /// Candidates that each graph is asked for, if that is more than twice `k`; without it every
    /// vector is compared.
    pub width: Option<usize>,
    /// Only these rows are wanted; all of them without it.
    pub allowed: Option<&'a RowSet>,
    /// Besides, whether a concept is wanted.
    pub wants: Option<Wants<'a>>,
    /// The commit to search at.
    pub seqno: u64,
    /// Ends the search.
    pub cancelled: &'a AtomicBool,
}

impl<'a> Layers<'a> {
    /// Layers without graphs.
    #[must_use]
    pub fn new(sealed: &'a [Arc<SealedVectors>], sets: &'a [Arc<VectorSet>]) -> Self {
        Self { sealed, sets, graphs: None }
    }

    /// The `k` nearest of the rows that are current at `seqno`, nearest first; all of them when
    /// there are fewer. Equally near rows come in the order of their numbers. With a width, and
    /// graphs, a row that is near may be missed for one that is farther.
    ///
    /// Scores by metric, the higher the nearer:
    /// - cosine: `dot(a, b) / (|a| |b|)`, -1 to 1
    /// - dot: `dot(a, b)`
    /// - l2: `1 / (1 + distance)`, distance = `sqrt(sum of (a - b)^2)`, above 0 to 1
    ///
    /// The order is that of the exact value in f64, for l2 of the squared distance. `cancelled`
    /// is looked at once for each chunk, at most every 4,096 rows.
    ///
    /// # Errors
    /// `Aborted` when `cancelled` became true, `Corrupt`, and what `is_current` answers.
    ///
    /// # Panics
    /// When a layer has another dimension than the query or another metric than the others: the
    /// caller has checked the query and opened the layers as those of one namespace.
    pub fn search(&self, nearest: &Nearest<'_>, is_current: IsCurrent<'_>) -> Result<Vec<Scored>> {
        let Nearest { query, k, seqno, cancelled, .. } = *nearest;
        let metric = self.check_shapes(query.len());
        let allowed = nearest.allowed;
        let candidates = allowed.map_or_else(|| self.rows(), RowSet::len);
        let top = TopK::new(k, candidates);
        let mut scan = Scan { seqno, cancelled, is_current, allowed, top };
        scan.check_cancelled()?;
        let Some(metric) = metric.filter(|_| k > 0) else { return Ok(Vec::new()) };
        match metric {
            Metric::Cosine => {
                let norm = kernel::dot(query, query).sqrt();
                let query_scale = if norm > 0.0 { norm.recip() } else { 0.0 };
                let rank = |row: &[f32], row_scale: f64| {
                    kernel::dot(query, row) * (row_scale * query_scale)
                };
                self.run(&mut scan, nearest, rank)
            }
            Metric::Dot => self.run(&mut scan, nearest, |row, _| kernel::dot(query, row)),
            Metric::L2 => {
                self.run(&mut scan, nearest, |row, _| -kernel::squared_distance(query, row))
            }
        }?;
        Ok(scan.top.into_sorted().into_iter().map(|hit| scored(metric, hit)).collect())
    }

    fn run(
        &self,
        scan: &mut Scan<'_>,
        nearest: &Nearest<'_>,
        rank: impl Fn(&[f32], f64) -> f64,
    ) -> Result<()> {
        let graphs = self.graphs.filter(|graphs| !graphs.is_empty());
        let (Some(graphs), Some(width)) = (graphs, nearest.width) else {
            return scan.all(self, &rank);
        };
        let mut width = width.max(WIDTH_PER_K * nearest.k);
        if scan.allowed.is_some_and(|allowed| is_selective(allowed.len(), width, self.rows())) {
            return scan.all(self, &rank);
        }
        for set in self.sets {
            scan.set(set, &rank)?;
        }
        for file in self.sealed {
            match graphs.covered(file.number()) {
                None => scan.sealed(file, &rank)?,
                Some(Covered::Whole) => {}
                Some(Covered::Without(positions)) => scan.positions(file, positions, &rank)?,
            }
        }
        let most = graphs.graphs.iter().map(|graph| graph.len()).max().unwrap_or_default();
        let beside = scan.top.clone();
        while width < most {
            let candidates = self.candidates(graphs, nearest, width, &rank)?;
            if scan.candidates(&candidates)? {
                return Ok(());
            }
            scan.top.clone_from(&beside);
            width = width.saturating_mul(WIDTH_GROWTH);
        }
        // The graphs would be asked for everything they have.
        if nearest.allowed.is_some() {
            return scan.all(self, &rank);
        }
        for file in self.sealed {
            match graphs.covered(file.number()) {
                None => {}
                Some(Covered::Whole) => scan.sealed(file, &rank)?,
                Some(Covered::Without(positions)) => {
                    let all = 0..file.rows();
                    let others: Vec<u32> =
                        all.filter(|at| positions.binary_search(at).is_err()).collect();
                    scan.positions(file, &others, &rank)?;
                }
            }
        }
        Ok(())
    }

    /// What the graphs say is near and what is in files that they are of, nearest first.
    fn candidates(
        &self,
        graphs: &GraphSpace,
        nearest: &Nearest<'_>,
        width: usize,
        rank: &impl Fn(&[f32], f64) -> f64,
    ) -> Result<Vec<Ranked>> {
        let mut candidates = Vec::with_capacity(width);
        for graph in &graphs.graphs {
            for row in graph.candidates(nearest.query, width, nearest.allowed)? {
                let after = self.sealed.partition_point(|file| file.last_row() < row);
                let file = self.sealed.get(after);
                let file = file.filter(|file| graphs.covered(file.number()).is_some());
                let Some(file) = file else { continue };
                if let Some(found) = file.ranked(row, nearest.seqno, rank)? {
                    candidates.push(found);
                }
            }
        }
        candidates.sort_unstable();
        candidates.dedup_by_key(|found| found.row);
        Ok(candidates)
    }

    fn check_shapes(&self, dimension: usize) -> Option<Metric> {
        let sets = self.sets.iter().map(|set| (set.dimension(), set.metric()));
        let sealed = self.sealed.iter().map(|sealed| (sealed.dimension(), sealed.metric()));
        let mut metric = None;
        for (found, of_layer) in sets.chain(sealed) {
            assert_eq!(found as usize, dimension, "a query of the namespace's dimension");
            assert_eq!(*metric.get_or_insert(of_layer), of_layer, "layers of one namespace");
        }
        metric
    }

    fn rows(&self) -> usize {
        let sets = self.sets.iter().map(|set| set.rows() as usize);
        sets.chain(self.sealed.iter().map(|sealed| sealed.rows() as usize)).sum()
    }
}

/// A graph is asked for at least so many candidates for each hit that is wanted.
const WIDTH_PER_K: usize = 2;
/// Where that was too few, for so many times as many.
const WIDTH_GROWTH: usize = 4;
/// Too few: of those looked at, more than one in so many are not current.
const STALE_SHARE: usize = 2;

/// Rows that are compared between two looks at the caller's flag.
const ROWS_PER_LOOK: usize = 4096;
/// A graph looks for so many candidates until one is wanted, each of which takes about so many
/// times as long as comparing a row that is known to be wanted (docs/decisions/graphs.md).
const WALK_COST: u128 = 19;

/// Whether comparing all wanted rows takes less time than asking graphs for wanted ones: the rarer
/// they are, the longer graphs look for them.
fn is_selective(wanted: usize, width: usize, rows: usize) -> bool {
    let [wanted, width, rows] = [wanted, width, rows].map(|count| count as u128);
    wanted * wanted <= WALK_COST * width * rows
}

/// A search on its way through the layers.
struct Scan<'a> {
    seqno: u64,
    cancelled: &'a AtomicBool,
    is_current: IsCurrent<'a>,
    allowed: Option<&'a RowSet>,
    top: TopK,
}

impl Scan<'_> {
    /// `rank` is given the floats of a row and one over their length.
    fn all(&mut self, layers: &Layers<'_>, rank: impl Fn(&[f32], f64) -> f64) -> Result<()> {
        if let Some(allowed) = self.allowed {
            return self.rows(layers, allowed, rank);
        }
        for set in layers.sets {
            self.set(set, &rank)?;
        }
        for sealed in layers.sealed {
            self.sealed(sealed, &rank)?;
        }
        Ok(())
    }

    /// Some rows, wherever they are.
    fn rows(
        &mut self,
        layers: &Layers<'_>,
        allowed: &RowSet,
        rank: impl Fn(&[f32], f64) -> f64,
    ) -> Result<()> {
        self.top = TopK::new(self.top.k(), allowed.len());
        for (number, row) in allowed.iter().enumerate() {
            if number.is_multiple_of(ROWS_PER_LOOK) {
                self.check_cancelled()?;
            }
            let after = layers.sealed.partition_point(|file| file.last_row() < row);
            let in_file = match layers.sealed.get(after) {
                Some(file) => file.ranked(row, self.seqno, &rank)?,
                None => None,
            };
            let in_set = || layers.sets.iter().find_map(|set| set.ranked(row, self.seqno, &rank));
            if let Some(found) = in_file.or_else(in_set) {
                self.offer(row, found.rank, || Ok(found.id))?;
            }
        }
        Ok(())
    }

    fn set(&mut self, set: &VectorSet, rank: impl Fn(&[f32], f64) -> f64) -> Result<()> {
        let dimension = set.dimension() as usize;
        for block in set.blocks() {
            self.check_cancelled()?;
            let rows = block.floats.chunks_exact(set.stride());
            for ((head, floats), row) in block.heads.iter().zip(rows).zip(block.first_row..) {
                if head.is_visible(self.seqno) {
                    let floats = floats.get(..dimension).unwrap_or(floats);
                    self.offer(row, rank(floats, head.inverse_norm()), || Ok(head.id()))?;
                }
            }
        }
        Ok(())
    }

    fn sealed(&mut self, sealed: &SealedVectors, rank: impl Fn(&[f32], f64) -> f64) -> Result<()> {
        let dimension = sealed.dimension() as usize;
        for block in sealed.blocks() {
            self.check_cancelled()?;
            let block = block?;
            let rows = block.floats.chunks_exact(sealed.stride());
            for (index, (begin, floats)) in block.begins.iter().zip(rows).enumerate() {
                let Some(row) = block.number(index).filter(|_| *begin <= self.seqno) else {
                    continue;
                };
                let floats = floats.get(..dimension).unwrap_or(floats);
                let id = || sealed.id_at(block.first + index);
                self.offer(row, rank(floats, block.inverse_norm(index)), id)?;
            }
        }
        Ok(())
    }

    /// Some rows of a file.
    fn positions(
        &mut self,
        file: &SealedVectors,
        positions: &[u32],
        rank: impl Fn(&[f32], f64) -> f64,
    ) -> Result<()> {
        for position in positions {
            let row = file.row_at(*position as usize)?.row;
            if let Some(found) = file.ranked(row, self.seqno, &rank)? {
                self.offer(found.row, found.rank, || Ok(found.id))?;
            }
        }
        Ok(())
    }

    /// Takes the current ones among candidates, which come best first. False if too many are not
    /// current to say that the best of them are among the best there are.
    fn candidates(&mut self, candidates: &[Ranked]) -> Result<bool> {
        let mut stale = 0;
        let mut looked_at = 0;
        for found in candidates {
            if !self.top.admits(found.rank, found.row) {
                break;
            }
            looked_at += 1;
            if (self.is_current)(&found.id, found.row)? {
                self.top.keep(*found);
            } else {
                stale += 1;
            }
        }
        Ok(self.top.is_full() && stale * STALE_SHARE <= looked_at)
    }

    #[inline]
    fn offer(&mut self, row: u32, rank: f64, id: impl FnOnce() -> Result<ConceptId>) -> Result<()> {
        // Adding 0 makes -0 equal to 0, which the total order would tell apart.
        let rank = rank + 0.0;
        let is_allowed = self.allowed.is_none_or(|allowed| allowed.contains(row));
        if !is_allowed || !self.top.admits(rank, row) {
            return Ok(());
        }
        let id = id()?;
        if (self.is_current)(&id, row)? {
            self.top.keep(Ranked { rank, row, id });
        }
        Ok(())
    }

    fn check_cancelled(&self) -> Result<()> {
        if self.cancelled.load(Ordering::Relaxed) { Err(Error::Aborted) } else { Ok(()) }
    }
}

fn scored(metric: Metric, hit: Ranked) -> Scored {
    let score = match metric {
        Metric::Cosine | Metric::Dot => hit.rank,
        Metric::L2 => (1.0 + (-hit.rank).sqrt()).recip(),
    };
    Scored { id: hit.id, row: hit.row, score }
}
