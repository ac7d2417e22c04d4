//! Exact search: every visible row is compared with the query.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use sutra_format::Metric;

use super::kernel;
use super::rows::VectorSet;
use super::top_k::{Ranked, TopK};

/// Decides by cell whether a row may be a hit.
pub type Accept<'a> = &'a dyn Fn(u32) -> bool;

/// A hit of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Cell the row was appended for.
    pub cell: u32,
    /// Its row in the set.
    pub row: u32,
    /// The higher the nearer, see `VectorSet::search`.
    pub score: f64,
}

/// The search was given up because its caller asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the search was cancelled")
    }
}

impl std::error::Error for Cancelled {}

impl VectorSet {
    /// The `k` nearest of the rows visible at `seqno` and accepted, nearest first; all of them
    /// when there are fewer. Equally near rows come in the order of their cells.
    ///
    /// Scores by metric, the higher the nearer:
    /// - cosine: `dot(a, b) / (|a| |b|)`, -1 to 1
    /// - dot: `dot(a, b)`
    /// - l2: `1 / (1 + distance)`, distance = `sqrt(sum of (a - b)^2)`, above 0 to 1
    ///
    /// The order is that of the exact value in f64, for l2 of the squared distance. `cancelled`
    /// is looked at once per chunk, at most every 4,096 rows.
    ///
    /// # Errors
    /// `Cancelled` when `cancelled` became true.
    ///
    /// # Panics
    /// When the query has another dimension than the set: the caller has checked it.
    pub fn search(
        &self,
        query: &[f32],
        k: usize,
        seqno: u64,
        cancelled: &AtomicBool,
        accept: Option<Accept<'_>>,
    ) -> Result<Vec<Scored>, Cancelled> {
        assert_eq!(query.len(), self.dimension() as usize, "a query of the set's dimension");
        let top = match self.metric() {
            Metric::Cosine => {
                let norm = kernel::dot(query, query).sqrt();
                let query_scale = if norm > 0.0 { norm.recip() } else { 0.0 };
                let rank = |row: &[f32], row_scale: f64| {
                    kernel::dot(query, row) * (row_scale * query_scale)
                };
                self.scan(k, seqno, cancelled, accept, rank)
            }
            Metric::Dot => {
                let rank = |row: &[f32], _: f64| kernel::dot(query, row);
                self.scan(k, seqno, cancelled, accept, rank)
            }
            Metric::L2 => {
                let rank = |row: &[f32], _: f64| -kernel::squared_distance(query, row);
                self.scan(k, seqno, cancelled, accept, rank)
            }
        }?;
        let hits = top.into_sorted().into_iter();
        Ok(hits.map(|hit| scored(self.metric(), hit)).collect())
    }

    fn scan(
        &self,
        k: usize,
        seqno: u64,
        cancelled: &AtomicBool,
        accept: Option<Accept<'_>>,
        rank: impl Fn(&[f32], f64) -> f64,
    ) -> Result<TopK, Cancelled> {
        let mut top = TopK::new(k, self.rows() as usize);
        let dimension = self.dimension() as usize;
        for block in self.blocks() {
            if cancelled.load(Ordering::Relaxed) {
                return Err(Cancelled);
            }
            let rows = block.floats.chunks_exact(self.stride());
            for ((head, floats), row) in block.heads.iter().zip(rows).zip(block.first_row..) {
                let cell = head.cell();
                if head.is_visible(seqno) && accept.is_none_or(|accept| accept(cell)) {
                    let floats = floats.get(..dimension).unwrap_or(floats);
                    // Adding 0 makes -0 equal to 0, which the total order would tell apart.
                    let rank = rank(floats, head.inverse_norm()) + 0.0;
                    top.offer(Ranked { rank, cell, row });
                }
            }
        }
        Ok(top)
    }
}

fn scored(metric: Metric, hit: Ranked) -> Scored {
    let score = match metric {
        Metric::Cosine | Metric::Dot => hit.rank,
        Metric::L2 => (1.0 + (-hit.rank).sqrt()).recip(),
    };
    Scored { cell: hit.cell, row: hit.row, score }
}
