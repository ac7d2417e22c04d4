//! Fuzz target `concept_record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sutra_fuzz::decoders::sealed::concept_record(bytes));
