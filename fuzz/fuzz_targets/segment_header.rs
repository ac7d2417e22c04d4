//! Fuzz target `segment_header`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sutra_fuzz::decoders::segment_header(bytes));
