//! A simulated machine under the storage engine, and the harness that tries to make it lose data.
//!
//! One seed decides everything: the operations, their interleaving, where the machine stops, what
//! the disk keeps. The same seed gives the same history.

#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a simulation that meets the impossible must stop at once, and loudly"
)]

mod clock;
mod dice;
mod disk;
mod history;
mod work;

pub use clock::SimClock;
pub use dice::{Actor, Dice, SimRandom};
pub use disk::{Crash, Fault, FaultPlan, OpClass, SimDisk, Survival};
pub use history::History;
pub use work::SimWork;
