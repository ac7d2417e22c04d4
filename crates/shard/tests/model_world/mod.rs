//! A shard beside a model of it, on a machine without chance.

pub mod bench;
pub mod compare;
pub mod disk;
pub mod golden;
pub mod lies;
pub mod machine;
pub mod operation;
pub mod reference;
pub mod world;
