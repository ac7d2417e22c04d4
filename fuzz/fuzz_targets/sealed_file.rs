//! Fuzz target `sealed_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(sutra_fuzz::model_world::lies::tell_bytes(bytes)));
