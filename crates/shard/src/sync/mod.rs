//! Atomics, locks and shared pointers of the crate. What is imported from here is what threads
//! hand to each other: commits, layers, requests.
//!
//! In every release these are the types of `std`, `parking_lot` and `arc_swap` themselves. With the
//! feature `interleavings` each operation on them first lets a scheduler of the crate `shuttle`
//! choose who goes on.
//!
//! Not imported from here is what nobody decides by (counters of the committer, the flag to cancel
//! a search) and what is one step for everybody anyway: which blocks of a file were compared, and
//! the buckets of arrays that only grow, which nobody looks for before an index in them was
//! published.

#[cfg(feature = "interleavings")]
mod scheduled;

#[cfg(feature = "interleavings")]
pub use scheduled::{
    ArcSwap, AtomicBool, AtomicU32, AtomicU64, Condvar, Mutex, MutexGuard, OnceLock, spin_loop,
};
pub use std::sync::atomic::Ordering;

#[cfg(not(feature = "interleavings"))]
pub use arc_swap::ArcSwap;
#[cfg(not(feature = "interleavings"))]
pub use parking_lot::{Condvar, Mutex, MutexGuard};
#[cfg(not(feature = "interleavings"))]
pub use std::hint::spin_loop;
#[cfg(not(feature = "interleavings"))]
pub use std::sync::OnceLock;
#[cfg(not(feature = "interleavings"))]
pub use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

/// Tables and lists begin so small that they grow within a few commits: a reader that meets one
/// which grows is what the tests of interleavings are there for.
pub const BEGINS_SMALL: bool = cfg!(feature = "interleavings");
