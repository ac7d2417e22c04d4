//! An id in two atomic words, for places that readers look at while the writer fills others.

use crate::sync::{AtomicU64, Ordering};
use sutra_format::ConceptId;

/// Written once before the place is shown to readers.
pub type IdWords = [AtomicU64; 2];

/// The id in the words.
#[inline]
pub fn load_id(words: &IdWords) -> ConceptId {
    let mut id = [0; 16];
    for (half, word) in id.chunks_exact_mut(8).zip(words) {
        half.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
    }
    ConceptId(id)
}

/// Puts an id into the words.
pub fn store_id(words: &IdWords, id: &ConceptId) {
    let (halves, _) = id.0.as_chunks::<8>();
    for (word, half) in words.iter().zip(halves) {
        word.store(u64::from_le_bytes(*half), Ordering::Relaxed);
    }
}
