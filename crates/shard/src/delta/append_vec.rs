//! A growing array whose elements never move, so that readers hold references while it grows.
//!
//! Bucket b holds `FIRST << b` elements; buckets are made by the writer before an index in them is
//! published. Reading takes no lock: a few shifts and two loads.

// Not of `crate::sync`, see there.
use std::sync::OnceLock;

/// Miri, a thousand times slower, is to see an array grow as well.
const FIRST_BITS: u32 = if cfg!(miri) { 2 } else { 6 };
const BUCKETS: usize = 27;

/// Elements by index, each made by `T::default()` when its bucket is.
pub struct AppendVec<T> {
    buckets: [OnceLock<Box<[T]>>; BUCKETS],
}

impl<T: Default> Default for AppendVec<T> {
    fn default() -> Self {
        Self { buckets: std::array::from_fn(|_| OnceLock::new()) }
    }
}

impl<T: Default> AppendVec<T> {
    /// The element, if its bucket exists.
    #[inline]
    pub fn get(&self, index: u32) -> Option<&T> {
        let (bucket, offset, _) = place(index);
        self.buckets.get(bucket)?.get()?.get(offset)
    }

    /// The element, making its bucket if needed. `None` over about 4 billion elements.
    pub fn get_or_grow(&self, index: u32) -> Option<&T> {
        let (bucket, offset, bucket_length) = place(index);
        let bucket = self.buckets.get(bucket)?;
        let made = bucket.get_or_init(|| (0..bucket_length).map(|_| T::default()).collect());
        made.get(offset)
    }

    /// Bytes of memory of the buckets that exist, without what elements point to.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let elements: usize = self.buckets.iter().filter_map(OnceLock::get).map(|b| b.len()).sum();
        (elements * size_of::<T>()) as u64
    }
}

/// Bucket, offset in it, and its length.
#[inline]
fn place(index: u32) -> (usize, usize, usize) {
    let shifted = u64::from(index) + (1 << FIRST_BITS);
    let bits = shifted.ilog2();
    let bucket = bits - FIRST_BITS;
    (bucket as usize, (shifted - (1 << bits)) as usize, 1 << bits)
}

#[cfg(test)]
mod tests {
    use super::AppendVec;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn every_index_has_its_own_place_and_keeps_it() {
        let (count, far) = if cfg!(miri) { (100, 500) } else { (5000, u16::MAX) };
        let numbers = AppendVec::<AtomicU32>::default();
        assert!(numbers.get(0).is_none());
        for index in (0..count).chain([u32::from(far)]) {
            numbers.get_or_grow(index).unwrap().store(index + 1, Ordering::Relaxed);
        }
        for index in 0..count {
            assert_eq!(numbers.get(index).unwrap().load(Ordering::Relaxed), index + 1);
        }
        assert!(numbers.get(u32::MAX).is_none());
    }
}
