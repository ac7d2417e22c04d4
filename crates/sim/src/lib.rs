//! A simulated machine under the storage engine, and the harness that tries to make it lose data.
//!
//! One seed decides everything: the operations, their interleaving, where the machine stops, what
//! the disk keeps. The same seed gives the same history.
//!
//! ```
//! use sutra_sim::{Plan, run};
//!
//! let outcome = run(&Plan::of_seed(7), None);
//! assert_eq!(outcome.failure, None);
//! assert_eq!(outcome.digest, run(&Plan::of_seed(7), None).digest);
//! ```

#![forbid(unsafe_code)]
#![allow(
    clippy::cast_precision_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a simulation that meets the impossible must stop at once, and loudly; its numbers \
              are small"
)]

mod bug;
mod campaign;
mod checkers;
mod clock;
mod damage;
mod dice;
mod disk;
mod engine;
mod exhaustive;
mod failure;
mod history;
mod inspect;
mod ledger;
mod liar;
mod merging;
mod model;
mod operation;
mod plan;
mod process;
mod question;
mod repairing;
mod report;
mod run;
mod shrink;
mod spoil;
mod work;
mod world;

pub use bug::Bug;
pub use campaign::{Campaign, Found, Summary};
pub use clock::SimClock;
pub use damage::{Damage, Damaged};
pub use dice::{Actor, Dice, SimRandom};
pub use disk::{Crash, Fault, FaultPlan, OpClass, SimDisk, Survival};
pub use exhaustive::{run_all_merged, run_all_short};
pub use failure::Failure;
pub use history::History;
pub use inspect::read_store;
pub use ledger::{Candidate, Ledger};
pub use liar::{Lie, LyingDisk};
pub use merging::Merging;
pub use model::{Concept, Edge, EdgeKey, Refused, State};
pub use operation::{EdgeFields, EdgeSlots, Fields, Operation, SLOTS, Slot, Text, encode};
pub use plan::{Action, CrashPlan, Plan, Setting};
pub use repairing::{Points, Repairs, Tried};
pub use report::Report;
pub use run::{Outcome, run, trace};
pub use shrink::{Shrunk, shrink};
pub use spoil::Spoil;
pub use work::SimWork;
pub use world::World;
