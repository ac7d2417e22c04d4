//! Vectors of one namespace in memory, and the exact nearest neighbours among them.
//!
//! One writer appends rows and ends their visibility; any number of readers search at a seqno of
//! theirs without a lock. Rows never move and are never overwritten, so a reader may keep a slice
//! of one for as long as it keeps the set. This is the only folder of the crate with unsafe code:
//! all of it is in `rows.rs`.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use sutra_format::Metric;
//! use sutra_shard::vector::VectorSet;
//!
//! let (set, mut writer) = VectorSet::new(2, Metric::Cosine);
//! writer.append(&[1.0, 0.0], 7, 1);
//! writer.append(&[0.0, 1.0], 8, 2);
//! let never = AtomicBool::new(false);
//! let hits = set.search(&[0.9, 0.1], 1, 2, &never, None).unwrap_or_default();
//! assert_eq!(hits.first().map(|hit| hit.cell), Some(7));
//! ```

mod kernel;
mod rows;
mod scan;
mod top_k;

pub use rows::{VectorSet, VectorWriter};
pub use scan::{Accept, Cancelled, Scored};

#[cfg(test)]
mod tests;
