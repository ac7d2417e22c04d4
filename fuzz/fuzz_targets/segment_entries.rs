//! Fuzz target `segment_entries`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sutra_fuzz::decoders::sealed::segment_entries(bytes));
