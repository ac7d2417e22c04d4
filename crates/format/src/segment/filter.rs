//! Which hashes may be in a set: a Bloom filter whose bits for one hash share a line of 64 bytes,
//! so asking costs one access to memory.
//!
//! About 12 bits for each key and 6 bits set: about one hash in a hundred that is not in the set
//! seems to be. F. Putze, P. Sanders, J. Singler, "Cache-, Hash- and Space-Efficient Bloom Filters"
//! (2007).

use std::ops::Range;

const LINE_BYTES: u64 = 64;
const KEYS_PER_LINE: u64 = 42;
const PROBES: u32 = 6;
const BIT_BITS: u32 = 9;

/// Makes a filter.
pub struct FilterBuilder {
    bytes: Vec<u8>,
}

impl FilterBuilder {
    /// Length of the filter of so many keys; one without keys is empty.
    #[must_use]
    pub fn bytes(keys: u64) -> u64 {
        keys.div_ceil(KEYS_PER_LINE) * LINE_BYTES
    }

    /// For so many keys.
    #[must_use]
    pub fn new(keys: u64) -> Self {
        Self { bytes: vec![0; Self::bytes(keys) as usize] }
    }

    /// Adds a hash.
    pub fn add(&mut self, hash: u64) {
        let Some(line) = line_of(self.bytes.len() as u64, hash) else { return };
        for bit in bits_of(hash) {
            if let Some(byte) = self.bytes.get_mut(line.start as usize + bit / 8) {
                *byte |= 1 << (bit % 8);
            }
        }
    }

    /// The section.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// The bytes, in a filter of this length, that tell of a hash; nothing if the filter is empty.
#[inline]
#[must_use]
pub fn line_of(filter_bytes: u64, hash: u64) -> Option<Range<u64>> {
    let lines = filter_bytes / LINE_BYTES;
    let line = ((u128::from(hash) * u128::from(lines)) >> 64) as u64;
    (lines > 0).then(|| line * LINE_BYTES..(line + 1) * LINE_BYTES)
}

/// Whether a hash may be in the set, given its line.
#[inline]
#[must_use]
pub fn line_may_contain(line: &[u8], hash: u64) -> bool {
    bits_of(hash).all(|bit| line.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1))
}

/// The line comes from the upper bits of the hash, so these come from the product with an odd
/// number, which mixes the lower ones in.
fn bits_of(hash: u64) -> impl Iterator<Item = usize> {
    let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (0..PROBES).map(move |probe| ((mixed >> (probe * BIT_BITS)) & ((1 << BIT_BITS) - 1)) as usize)
}
