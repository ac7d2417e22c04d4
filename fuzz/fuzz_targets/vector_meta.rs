//! Fuzz target `vector_meta`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sutra_fuzz::decoders::sealed::vector_meta(bytes));
