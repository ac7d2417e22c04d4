//! The storage engine of one shard: log, delta, recovery, exact vector search.
//!
//! ```
//! use sutra_env::Env;
//! use sutra_format::{BatchBuilder, Learn};
//! use sutra_shard::{Shard, ShardOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path();
//! let shard = Shard::open(&Env::real(), path, ShardOptions::default())?;
//! let learn = Learn { content: "Aspirin inhibits COX-1", ..Learn::default() };
//! let committed = shard.write(BatchBuilder::new().learn(&learn).build())?;
//! let view = shard.view();
//! let concept = view.get(&committed.outcomes[0].id)?.ok_or("just learned")?;
//! assert_eq!(concept.content()?, b"Aspirin inhibits COX-1");
//! shard.close()?;
//! # Ok(())
//! # }
//! ```

pub mod check;
mod compaction;
mod concept_ref;
pub mod delta;
mod edge_fields;
pub mod error;
mod figures;
mod flush;
mod group_commit;
mod indexer;
mod layer_files;
mod manifest_file;
pub mod names;
pub mod options;
#[cfg(feature = "planted-bugs")]
mod planted_bug;
mod recent;
mod recover;
pub mod repair;
mod segment;
mod shard;
mod shared;
mod state;
mod stats;
mod storage;
mod sync;
pub mod text;
pub mod vector;
mod view;
pub mod wal;
mod write;

pub use check::check_shard;
pub use concept_ref::ConceptRef;
pub use delta::{EdgeRef, Outcome};
pub use edge_fields::EdgeFields;
pub use error::{Error, Result};
pub use options::{Durability, MergePolicy, ShardOptions, StoredOptions};
#[cfg(feature = "planted-bugs")]
pub use planted_bug::PlantedBug;
pub use recent::RecentAt;
pub use recover::Recovery;
pub use repair::repair_shard;
#[cfg(feature = "planted-bugs")]
pub use repair::repair_shard_with_bug;
pub use shard::Shard;
pub use shared::Shared;
pub use state::State;
pub use stats::{Background, IndexStats, Memory, ShardStats};
pub use view::View;
pub use write::{Ack, AckSink, Committed};
