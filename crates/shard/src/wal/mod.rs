//! The log: the durable record of commits, in numbered segment files.
//!
//! Invariants:
//! - A segment is filled with zeros and synced before its first record, so appending changes no
//!   metadata of the file, and every byte after the last record is zero unless a write was torn.
//! - Segment n + 1 gets its name only after everything in segment n is synced.
//! - A commit is acknowledged only after its record, the segment's header and the segment's name
//!   are synced (durability `fsync`).
//! - After a failed write or sync nothing more is written until the log is opened again.

mod floor;
mod log;
mod replay;
mod segment_files;
mod spare;
mod tail;
#[cfg(test)]
mod tests;
mod unused;

pub use log::{Wal, WalPosition};
pub use replay::{Replayed, replay};
pub use segment_files::SegmentFiles;
pub use spare::SpareMaker;
pub use unused::discard_unused;
