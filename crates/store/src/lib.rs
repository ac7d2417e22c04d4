//! A store of concepts and associations: the public Rust API of Sutra Storage.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use sutra_env::Env;
//! use sutra_format::{BatchBuilder, Learn};
//! use sutra_store::{SearchQuery, Store, StoreOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("memory");
//! let options = StoreOptions { vector_dimension: Some(2), ..StoreOptions::default() };
//! let store = Store::open(&Env::real(), &path, options)?;
//! let vector: Vec<u8> = [0.6_f32, 0.8].iter().flat_map(|number| number.to_le_bytes()).collect();
//! let learn = Learn { content: "hello", vector: Some(&vector), ..Learn::default() };
//! store.write(BatchBuilder::new().learn(&learn).build())?;
//!
//! let view = store.view();
//! let query = SearchQuery { vector: Some(&[0.0, 1.0]), k: 10, ..SearchQuery::default() };
//! let hits = store.search(&view, &query, &AtomicBool::new(false))?;
//! let concept = view.concept_at(hits[0].location)?;
//! assert_eq!(concept.content()?, b"hello");
//! store.close()?;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod check;
pub mod graph;
mod list;
mod neighbors;
mod open;
mod options;
mod repair;
mod search;
mod stats;
mod store;

pub use check::check_folder;
pub use list::{ListQuery, Listed, Order};
pub use neighbors::{Direction, Neighbor, NeighborQuery};
pub use options::StoreOptions;
pub use repair::repair_folder;
pub use search::{Expand, Placed, SearchHit, SearchQuery, Via, Weights};
pub use stats::StoreStats;
pub use store::Store;
pub use sutra_index::{Filter, Language};
pub use sutra_shard::check::{Problem, Report};
pub use sutra_shard::repair::{Fate, LeftOut, LostConcept, LostEdge, Repair};
pub use sutra_shard::{
    Ack, AckSink, Committed, ConceptRef, Durability, EdgeFields, EdgeRef, Error, Outcome, RecentAt,
    Result, View,
};
