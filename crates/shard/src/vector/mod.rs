//! Vectors of a namespace, layer by layer, and the exact nearest neighbours among them.
//!
//! A layer is a [`VectorSet`] in memory or a file of [`SealedVectors`]. In a set one writer appends
//! rows and ends their visibility; any number of readers search at a seqno of theirs without a
//! lock. Rows never move and are never overwritten, so a reader may keep a slice of one for as
//! long as it keeps the layer. Rows are numbered in the order they were written, through all
//! layers. This is the only folder of the crate with unsafe code: it is in `rows.rs` and in
//! `graph/graph.rs`.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use sutra_format::{ConceptId, Metric};
//! use sutra_shard::vector::{Layers, Nearest, VectorSet};
//!
//! let (set, mut writer) = VectorSet::new(2, Metric::Cosine, 0);
//! writer.append(&[1.0, 0.0], ConceptId([7; 16]), 1);
//! writer.append(&[0.0, 1.0], ConceptId([8; 16]), 2);
//! let sets = [set];
//! let query = [0.9, 0.1];
//! let cancelled = &AtomicBool::new(false);
//! let (query, k, seqno) = (&query[..], 1, 2);
//! let nearest =
//!     Nearest { query, k, width: None, allowed: None, wants: None, seqno, cancelled };
//! let hits = Layers::new(&[], &sets).search(&nearest, &|_id, _row| Ok(true))?;
//! assert_eq!(hits.first().map(|hit| hit.id), Some(ConceptId([7; 16])));
//! # Ok::<(), sutra_shard::Error>(())
//! ```

mod chunk_sizes;
pub(crate) mod graph;
mod kernel;
mod layers;
mod rows;
mod sealed;
mod top_k;

pub use graph::GraphOptions;
pub use layers::{IsCurrent, Layers, Nearest, Scored};
pub(crate) use rows::inverse_norm;
pub use rows::{RowFacts, VectorSet, VectorWriter};
pub use sealed::{SealedRow, SealedShape, SealedVectors, VectorColumn, VectorSections};

#[cfg(test)]
mod tests;
