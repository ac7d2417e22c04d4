//! Entries of the sections of a segment file, see docs/format/segment.md.

pub mod commits;
pub mod directory;
pub mod edge_entry;
pub mod end_entry;
pub mod filter;
pub mod names;
pub mod node;
#[cfg(test)]
mod tests;
