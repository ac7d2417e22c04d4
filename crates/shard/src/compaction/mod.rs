//! Merging segments, so that reads look at few, and what was replaced or deleted takes no room.

mod beside;
mod claims;
mod merge;
mod policy;
mod rest;
mod segments;
mod set_aside;
mod task;
mod vectors;

pub(crate) use beside::MergeBeside;
pub(crate) use claims::MergeClaims;
pub(crate) use merge::{Merge, OlderSegments};
pub(crate) use policy::choose as merge_by_size;
pub(crate) use rest::Rest;
pub(crate) use set_aside::damage_retry_us;
pub(crate) use task::Compactor;
