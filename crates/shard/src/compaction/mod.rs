//! Merging segments, so that reads look at few, and what was replaced or deleted takes no room.

mod merge;
mod policy;
mod rest;
mod set_aside;
mod task;
mod vectors;

pub(crate) use merge::{Merge, OlderSegments};
pub(crate) use policy::choose as merge_by_size;
pub(crate) use rest::Rest;
pub(crate) use set_aside::SetAside;
pub(crate) use task::Compactor;
