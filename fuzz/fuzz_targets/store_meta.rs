//! Fuzz target `store_meta`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sutra_fuzz::decoders::store_meta(bytes));
