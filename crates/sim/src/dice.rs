//! Random numbers of the simulation. Each actor has its own, derived from the root seed, so that
//! one actor asking more often does not change what the others do.

use sutra_env::Random;

use parking_lot::Mutex;

/// Who rolls. The number is part of the derived seed: never reuse or reorder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Actor {
    /// Decides what a crash keeps.
    Disk = 1,
    /// Decides which task steps next.
    Schedule = 2,
    /// Makes the operations.
    Workload = 3,
    /// Numbers the engine asks for.
    Engine = 4,
    /// Decides when to crash and what fails.
    Faults = 5,
    /// Decides what searches ask for.
    Questions = 6,
    /// Decides how the index is kept, and what happens to its files.
    Indexes = 7,
    /// Makes the texts.
    Words = 8,
}

/// A stream of random numbers, the same for the same seed and actor.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    /// The stream of one actor.
    #[must_use]
    pub fn new(seed: u64, actor: Actor) -> Self {
        let mut root = Self { state: seed ^ (actor as u64).wrapping_mul(GOLDEN).rotate_left(32) };
        Self { state: root.next_u64() }
    }

    /// The next number, uniform over 64 bits (splitmix64).
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..end`; 0 if `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(end)) >> 64) as u64
    }

    /// An index in `0..end`; 0 if `end` is 0.
    pub fn index(&mut self, end: usize) -> usize {
        self.below(end as u64) as usize
    }

    /// True in `part` of `whole` cases.
    pub fn chance(&mut self, part: u64, whole: u64) -> bool {
        self.below(whole) < part
    }

    /// One of the choices.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// Fills with noise.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

/// The random source the engine gets.
pub struct SimRandom(Mutex<Dice>);

impl SimRandom {
    /// A source that gives the numbers of these dice.
    #[must_use]
    pub fn new(dice: Dice) -> Self {
        Self(Mutex::new(dice))
    }
}

impl Random for SimRandom {
    fn next_u64(&self) -> u64 {
        self.0.lock().next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_actors_differ() {
        let roll = |seed, actor| {
            let mut dice = Dice::new(seed, actor);
            [dice.next_u64(), dice.next_u64()]
        };
        assert_eq!(roll(7, Actor::Disk), roll(7, Actor::Disk));
        assert_ne!(roll(7, Actor::Disk), roll(7, Actor::Engine));
        assert_ne!(roll(7, Actor::Disk), roll(8, Actor::Disk));
    }

    #[test]
    fn numbers_stay_below_their_end_and_reach_all_of_it() {
        let mut dice = Dice::new(1, Actor::Workload);
        let mut seen = [false; 5];
        for _ in 0..200 {
            seen[dice.index(5)] = true;
        }
        assert_eq!((seen, dice.below(0)), ([true; 5], 0));
    }
}
