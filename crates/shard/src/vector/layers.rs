//! Exact search over all layers of a namespace: every visible row is compared with the query.
//!
//! A layer does not know what later layers say of its rows: a row may belong to a concept that was
//! deleted or given another vector since. That is looked up as seldom as possible, only for a row
//! that would be among the k best found so far. A row that is not kept is worse than k current
//! ones, so the answer is exactly the k best current rows whatever the order of the rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sutra_format::{ConceptId, Metric};

use super::kernel;
use super::rows::VectorSet;
use super::sealed::SealedVectors;
use super::top_k::{Ranked, TopK};
use crate::error::{Error, Result};

/// Tells whether a row is the vector that its concept has for the reader.
pub type IsCurrent<'a> = &'a dyn Fn(&ConceptId, u32) -> Result<bool>;

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

/// All layers that hold vectors of one namespace, in any order. No row is in two of them.
#[derive(Clone, Copy)]
pub struct Layers<'a> {
    /// Those in files.
    pub sealed: &'a [Arc<SealedVectors>],
    /// Those in memory.
    pub sets: &'a [Arc<VectorSet>],
}

impl Layers<'_> {
    /// The `k` nearest of the rows that are current at `seqno`, nearest first; all of them when
    /// there are fewer. Equally near rows come in the order of their numbers.
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
    pub fn search(
        &self,
        query: &[f32],
        k: usize,
        seqno: u64,
        cancelled: &AtomicBool,
        is_current: IsCurrent<'_>,
    ) -> Result<Vec<Scored>> {
        let metric = self.check_shapes(query.len());
        let mut scan = Scan { seqno, cancelled, is_current, top: TopK::new(k, self.rows()) };
        scan.check_cancelled()?;
        let Some(metric) = metric.filter(|_| k > 0) else { return Ok(Vec::new()) };
        match metric {
            Metric::Cosine => {
                let norm = kernel::dot(query, query).sqrt();
                let query_scale = if norm > 0.0 { norm.recip() } else { 0.0 };
                scan.all(self, |row, row_scale| kernel::dot(query, row) * (row_scale * query_scale))
            }
            Metric::Dot => scan.all(self, |row, _| kernel::dot(query, row)),
            Metric::L2 => scan.all(self, |row, _| -kernel::squared_distance(query, row)),
        }?;
        Ok(scan.top.into_sorted().into_iter().map(|hit| scored(metric, hit)).collect())
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

/// A search on its way through the layers.
struct Scan<'a> {
    seqno: u64,
    cancelled: &'a AtomicBool,
    is_current: IsCurrent<'a>,
    top: TopK,
}

impl Scan<'_> {
    /// `rank` is given the floats of a row and one over their length.
    fn all(&mut self, layers: &Layers<'_>, rank: impl Fn(&[f32], f64) -> f64) -> Result<()> {
        for set in layers.sets {
            self.set(set, &rank)?;
        }
        for sealed in layers.sealed {
            self.sealed(sealed, &rank)?;
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

    #[inline]
    fn offer(&mut self, row: u32, rank: f64, id: impl FnOnce() -> Result<ConceptId>) -> Result<()> {
        // Adding 0 makes -0 equal to 0, which the total order would tell apart.
        let rank = rank + 0.0;
        if !self.top.admits(rank, row) {
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
