//! Fuzz target `log_segment`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sutra_fuzz::decoders::log_segment(bytes));
