//! What the fuzz targets check. The checks live beside the tests of the format, which run them on
//! the stable compiler too.

#[path = "../../crates/format/tests/decoders/mod.rs"]
pub mod decoders;

/// A shard on a machine in memory, for the target that puts bytes into a whole store.
#[allow(dead_code, reason = "the tests of the shard use more of it")]
#[path = "../../crates/shard/tests/model_world/mod.rs"]
pub mod model_world;
