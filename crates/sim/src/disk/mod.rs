//! A disk in memory that loses what it may lose.
//!
//! What it promises is what [`sutra_env::Disk`] promises, and no more; see `content.rs` for bytes,
//! `folder.rs` for names, `faults.rs` for what can fail. It is a weaker disk than ext4 on purpose:
//! a disk that keeps folder operations in order hides a missing folder sync for ever.
//!
//! Assumed of a disk: a write changes no byte outside its range, not even when it is torn, and
//! writing to a sector the bytes it already holds does not damage it.
//!
//! Invariants:
//! - A handle speaks of a file, never of a name, and is dead after the process that opened it.
//! - A mapping gives nothing once its file has lost its name or its process has ended, so that a
//!   store which removes a file that is still read is found out.
//! - Every operation that can change the disk has a number; the one with the number of the crash
//!   point may or may not have happened, answers with an error, and so does everything after it
//!   until the machine is started again.

mod content;
mod faults;
mod folder;
mod handle;
mod machine;
mod mapping;

#[cfg(test)]
mod tests;

pub use faults::{Fault, FaultPlan, OpClass};
pub use handle::SimDisk;
pub use machine::{Crash, Survival};
