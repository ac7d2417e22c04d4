//! Fuzz target `segment_names`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sutra_fuzz::decoders::sealed::segment_names(bytes));
