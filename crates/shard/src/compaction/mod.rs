//! Merging segments, so that reads look at few, and what was replaced or deleted takes no room.

mod helper;
mod merge;
mod merging;
mod policy;
mod rest;
mod segments;
mod set_aside;
mod task;
mod vectors;

pub(crate) use helper::MergeHelper;
pub(crate) use merge::{Merge, OlderSegments};
pub(crate) use merging::Merging;
pub(crate) use policy::choose as merge_by_size;
pub(crate) use rest::Rest;
pub(crate) use task::Compactor;
