//! Fuzz target `concept_id`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sutra_fuzz::decoders::concept_id(bytes));
