//! What the fuzz targets check. The checks live beside the tests of the format, which run them on
//! the stable compiler too.

#[path = "../../crates/format/tests/decoders/mod.rs"]
pub mod decoders;
