//! Fuzz target `record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sutra_fuzz::decoders::record(bytes));
