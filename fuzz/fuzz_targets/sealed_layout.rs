//! Fuzz target `sealed_layout`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sutra_fuzz::decoders::sealed::sealed_layout(bytes));
