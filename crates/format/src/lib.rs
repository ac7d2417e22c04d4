//! Bytes to values and back for Sutra Storage, without I/O: ids, limits, batches of operations and
//! log records. Everything here can be fuzzed and read in one sitting; no input bytes make a
//! decoder panic or allocate by a claimed length.
//!
//! ```
//! use sutra_format::{BatchBuilder, Learn, Limits, Op};
//!
//! let batch = BatchBuilder::new()
//!     .learn(&Learn { content: "Aspirin inhibits COX-1", ..Learn::default() })
//!     .build();
//! let ops = batch.decode(&Limits::default()).unwrap();
//! assert!(matches!(&ops[..], [Op::Learn(learn)] if learn.content == "Aspirin inhibits COX-1"));
//! ```
#![forbid(unsafe_code)]

#[cfg(test)]
mod arbitrary;
pub mod attributes;
pub mod batch;
pub mod batch_builder;
#[cfg(test)]
mod byte_map;
pub mod checksum;
pub mod commit;
pub mod concept_record;
pub mod cursor;
pub mod decode_error;
pub mod edge_record;
pub mod graph_file;
pub mod id;
pub mod limits;
pub mod manifest;
pub mod model;
pub mod msgpack;
pub mod op_fields;
mod record_bytes;
pub mod refusal;
pub mod sealed_file;
pub mod sealed_layout;
pub mod segment;
pub mod store_meta;
pub mod text_file;
pub mod vector_file;
pub mod wal_record;
pub mod wal_segment;

pub use batch::{Associate, Batch, EdgeName, Learn, Op, Update};
pub use batch_builder::BatchBuilder;
pub use commit::Commit;
pub use cursor::Cursor;
pub use decode_error::DecodeError;
pub use id::{ConceptId, Identity};
pub use limits::Limits;
pub use model::{AssociationClass, Metric};
pub use refusal::Refusal;
pub use store_meta::StoreMeta;
pub use wal_record::{RecordHeader, RecordKind};
pub use wal_segment::SegmentHeader;

/// Version of every file format written by this release. A larger one found on disk is refused.
pub const FORMAT_VERSION: u32 = 1;
