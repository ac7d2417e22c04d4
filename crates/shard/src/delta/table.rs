//! Finds a number by a hash: open addressing over atomics, one writer, readers without locks.
//!
//! A slot is `tag << 32 | number + 1`, written once and never changed; the tag is the upper half of
//! the hash. When the table is half full the writer fills one of twice the size and swaps it
//! in; a reader with the old one misses only what is not visible to it yet.

use crate::sync::{AtomicU64, BEGINS_SMALL, Ordering};

/// Miri, a thousand times slower, is to see a table grow as well.
const SLOTS_MIN: usize = if BEGINS_SMALL || cfg!(miri) { 4 } else { 1024 };

/// One generation of the table.
pub struct Table {
    slots: Box<[AtomicU64]>,
    mask: usize,
    used: AtomicU64,
}

impl Table {
    pub fn with_slots(slots: usize) -> Self {
        let slots = slots.next_power_of_two().max(SLOTS_MIN);
        Self {
            slots: (0..slots).map(|_| AtomicU64::new(0)).collect(),
            mask: slots - 1,
            used: AtomicU64::new(0),
        }
    }

    /// The number under a hash that `is_it` accepts: it compares in full, for keys whose hashes
    /// are alike.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let tag = hash >> 32;
        let mut at = hash as usize & self.mask;
        loop {
            let slot = self.slots.get(at)?.load(Ordering::Acquire);
            if slot == 0 {
                return None;
            }
            let number = (slot as u32) - 1;
            if slot >> 32 == tag && is_it(number) {
                return Some(number);
            }
            at = (at + 1) & self.mask;
        }
    }

    /// Whether another number needs a larger table first.
    pub fn is_full(&self) -> bool {
        self.used.load(Ordering::Relaxed) as usize >= self.slots.len() / 2
    }

    /// Adds a number that is not in it. Only the writer calls this.
    pub fn insert(&self, hash: u64, number: u32) {
        let mut at = hash as usize & self.mask;
        while let Some(slot) = self.slots.get(at) {
            if slot.load(Ordering::Relaxed) == 0 {
                slot.store((hash >> 32) << 32 | (u64::from(number) + 1), Ordering::Release);
                self.used.fetch_add(1, Ordering::Relaxed);
                return;
            }
            at = (at + 1) & self.mask;
        }
    }

    /// A table of twice the size; `hash_of` gives the hash of a number.
    pub fn grown(&self, hash_of: impl Fn(u32) -> u64) -> Self {
        let grown = Self::with_slots(self.slots.len() * 2);
        for slot in &self.slots {
            let slot = slot.load(Ordering::Relaxed);
            if slot != 0 {
                let number = (slot as u32) - 1;
                grown.insert(hash_of(number), number);
            }
        }
        grown
    }

    pub fn memory_bytes(&self) -> u64 {
        size_of_val::<[AtomicU64]>(&self.slots) as u64
    }
}
