//! The engine itself under many interleavings of its tasks and callers: random ones, ones with few
//! preemptions at chosen places (PCT), and ones in which threads stand still for long. Each
//! schedule starts on an empty simulated disk.
//!
//! `INTERLEAVINGS=1000` tries so many schedules of each kind, `INTERLEAVINGS_SEED=7` others. The
//! same numbers give the same schedules, and a failure prints them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

#[cfg(feature = "planted-bugs")]
mod bugs;
mod closing;
mod commits;
mod disk;
mod explore;
mod group_commit;
mod machine;
mod pinning;
mod publication;
mod stalling;
mod work;
