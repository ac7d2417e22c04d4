//! The checks, each blind to what the others look for, so that a planted bug shows which one sees.

pub mod atomicity;
pub mod durability;
pub mod edges;
pub mod files;
pub mod history;
pub mod indexes;
pub mod recent;
pub mod snapshots;
pub mod texts;
