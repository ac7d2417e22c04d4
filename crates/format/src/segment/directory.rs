//! Where the nodes of a range of hashes begin: one number for each bucket of hashes, and one more.
//!
//! A bucket is named by the upper bits of the hash; there are so many that one holds a node or two.

use crate::record_bytes::u32_at;
use std::ops::Range;

const NUMBER_BYTES: u64 = size_of::<u32>() as u64;

/// Upper bits of the hash that name a bucket.
fn bits_for(nodes: u64) -> u32 {
    nodes.max(2).next_power_of_two().ilog2() - 1
}

/// Makes a directory of hashes that come in ascending order.
pub struct DirectoryBuilder {
    bits: u32,
    numbers: Vec<u32>,
    added: u32,
}

impl DirectoryBuilder {
    /// Length of the directory of so many nodes.
    #[must_use]
    pub fn bytes(nodes: u64) -> u64 {
        ((1 << bits_for(nodes)) + 1) * NUMBER_BYTES
    }

    /// For so many nodes.
    #[must_use]
    pub fn new(nodes: u64) -> Self {
        let bits = bits_for(nodes);
        Self { bits, numbers: Vec::with_capacity((1 << bits) + 1), added: 0 }
    }

    /// The next node's hash.
    pub fn add(&mut self, hash: u64) {
        let bucket = bucket_of(hash, self.bits) as usize;
        while self.numbers.len() <= bucket {
            self.numbers.push(self.added);
        }
        self.added += 1;
    }

    /// The section.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.numbers.resize((1 << self.bits) + 1, self.added);
        self.numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }
}

fn bucket_of(hash: u64, bits: u32) -> u64 {
    hash.checked_shr(u64::BITS - bits).unwrap_or(0)
}

/// Place and length, in a section of this length, of the two numbers of a hash's bucket.
#[inline]
#[must_use]
pub fn bucket(section_bytes: u64, hash: u64) -> (u64, usize) {
    let buckets = (section_bytes / NUMBER_BYTES).saturating_sub(1);
    let bits = buckets.checked_ilog2().unwrap_or(0);
    (bucket_of(hash, bits) * NUMBER_BYTES, 2 * NUMBER_BYTES as usize)
}

/// Numbers of the nodes in a bucket, given its two numbers.
#[inline]
#[must_use]
pub fn range(numbers: &[u8]) -> Range<u32> {
    u32_at(numbers, 0)..u32_at(numbers, NUMBER_BYTES as usize)
}
