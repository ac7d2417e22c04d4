//! The checks of the fuzz targets without a fuzzer: on seeds, on the corpus and findings that a
//! fuzzer left in `fuzz/`, and on mutated seeds. `SUTRA_FUZZ_MUTATIONS` says how many of these for
//! each decoder, `SUTRA_FUZZ_SEED` where the random numbers begin.
#![cfg(not(miri))]
#![expect(clippy::unwrap_used, reason = "helpers of tests are not seen as tests")]
#![expect(clippy::indexing_slicing, reason = "helpers of tests are not seen as tests")]
#![expect(clippy::disallowed_methods, reason = "a test of files reads them itself")]

mod decoders;

use decoders::{DECODERS, Decoder};
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

/// For each decoder; some seconds for all of them in a debug build.
const MUTATIONS: u64 = 10_000;
/// Mutations of one input before the next one is taken.
const MUTATIONS_IN_A_ROW: u64 = 4;
const BYTES_MAX: usize = 8192;
const SEED: u64 = 0x5eed;

#[test]
fn no_seed_and_no_mutation_of_one_breaks_a_decoder() {
    let mutations = number_from("SUTRA_FUZZ_MUTATIONS").unwrap_or(MUTATIONS);
    let seed = number_from("SUTRA_FUZZ_SEED").unwrap_or(SEED);
    for decoder in DECODERS {
        let seeds = inputs("seeds", decoder.0);
        assert!(!seeds.is_empty(), "no seeds for {}", decoder.0);
        for folder in ["corpus", "artifacts"] {
            for input in inputs(folder, decoder.0) {
                check(decoder, &input);
            }
        }
        for input in &seeds {
            check(decoder, input);
        }
        let mut dice = Dice(seed);
        for _ in 0..mutations / MUTATIONS_IN_A_ROW {
            let mut input = seeds[dice.below(seeds.len())].clone();
            for _ in 0..MUTATIONS_IN_A_ROW {
                mutate(&mut input, &seeds, &mut dice);
                check(decoder, &input);
            }
        }
    }
}

/// A check that can fail says with which bytes.
#[test]
fn a_broken_decoder_is_found_and_its_input_shown() {
    fn broken(bytes: &[u8]) {
        assert!(!bytes.contains(&0x42));
    }
    let found = catch_unwind(|| check(("broken", broken), &[1, 0x42])).unwrap_err();
    let message = found.downcast_ref::<String>().unwrap();
    assert_eq!(message, "broken fails on 2 bytes: [1, 42]");
}

fn check((name, decoder): Decoder, input: &[u8]) {
    let went_well = catch_unwind(|| decoder(input)).is_ok();
    assert!(went_well, "{name} fails on {} bytes: {input:x?}", input.len());
}

fn number_from(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is no number: {value}")))
}

/// The files of a folder of `fuzz/`, in the order of their names. The folder may be absent.
fn inputs(folder: &str, target: &str) -> Vec<Vec<u8>> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let Ok(entries) = fs::read_dir(fuzz.join(folder).join(target)) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Changes the input in one of the ways that have broken decoders before.
fn mutate(input: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(input.len() + 1);
    let count = dice.below(16).min(input.len() - at);
    match dice.below(8) {
        0 => input.truncate(at),
        1 => drop(input.drain(at..at + count)),
        2 => {
            let repeated = input[at..at + count].to_vec();
            input.splice(at..at, repeated);
        }
        3 => {
            let other = &seeds[dice.below(seeds.len())];
            let from = dice.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        4 => {
            let extreme = [0, u64::MAX, 1 << 63, 1 << 31, 0xffff_ffff, 0x7f, 0x80][dice.below(7)];
            input.splice(at..at + count.min(8), extreme.to_be_bytes().into_iter().take(count));
        }
        5 => drop(input.splice(at..at, [dice.byte()])),
        6 if at < input.len() => input[at] = dice.byte(),
        _ if at < input.len() => input[at] ^= 1 << dice.below(8),
        _ => input.push(dice.byte()),
    }
    input.truncate(BYTES_MAX);
}

/// `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        self.next() as u8
    }
}
