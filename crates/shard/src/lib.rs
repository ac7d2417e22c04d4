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
//! let concept = view.get(&committed.outcomes[0].id).ok_or("just learned")?;
//! assert_eq!(concept.content(), b"Aspirin inhibits COX-1");
//! shard.close()?;
//! # Ok(())
//! # }
//! ```

pub mod delta;
pub mod error;
mod group_commit;
pub mod options;
#[cfg(feature = "planted-bugs")]
mod planted_bug;
mod recover;
mod shard;
mod stats;
pub mod vector;
mod view;
pub mod wal;
mod write;

pub use delta::{ConceptRef, EdgeRecord, EdgeRef, Outcome};
pub use error::{Error, Result};
pub use options::{Durability, ShardOptions};
#[cfg(feature = "planted-bugs")]
pub use planted_bug::PlantedBug;
pub use recover::Recovery;
pub use shard::Shard;
pub use stats::ShardStats;
pub use view::View;
pub use write::{Ack, AckSink, Committed};
