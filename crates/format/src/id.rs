//! Concept ids: 16 bytes, 32 lower-case hex characters.

use crate::refusal::Refusal;
use std::fmt;
use std::sync::LazyLock;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of an id.
pub const ID_BYTES: usize = 16;

// BLAKE3 key-derivation contexts: one domain per way to name a concept, so that a key which looks
// like a content, or like hex, never meets the id of something else.
const CONTENT_DOMAIN: &str = "sutra-storage 1 concept id of namespace and content";
const KEY_DOMAIN: &str = "sutra-storage 1 concept id of namespace and key";

/// Identifies a concept in a store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ConceptId(pub [u8; ID_BYTES]);

/// How the writer named a concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Identity<'a> {
    /// By its content: the same text in the same namespace is the same concept.
    #[default]
    Content,
    /// By the caller's own string.
    Key(&'a str),
    /// By an id.
    Id(ConceptId),
}

impl ConceptId {
    /// Id of a concept named by its content: BLAKE3 of (namespace, content) cut to 16 bytes.
    #[must_use]
    pub fn of_content(namespace: &str, content: &str) -> Self {
        derive(&CONTENT_HASHER, namespace, content)
    }

    /// Id of a concept named by the caller's key, in a domain of its own.
    #[must_use]
    pub fn of_key(namespace: &str, key: &str) -> Self {
        derive(&KEY_HASHER, namespace, key)
    }

    /// Reads 32 lower-case hex characters.
    ///
    /// # Errors
    /// `Invalid` naming `field` for anything else.
    pub fn parse(field: &str, text: &[u8]) -> Result<Self, Refusal> {
        Self::from_hex(text)
            .ok_or_else(|| Refusal::invalid(field, "an id is 32 lower-case hexadecimal characters"))
    }

    /// Reads 32 lower-case hex characters; anything else gives nothing.
    #[must_use]
    pub fn from_hex(text: &[u8]) -> Option<Self> {
        if text.len() != 2 * ID_BYTES {
            return None;
        }
        let mut id = [0; ID_BYTES];
        for (byte, pair) in id.iter_mut().zip(text.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = (nibble(*high)? << 4) | nibble(*low)?;
        }
        Some(Self(id))
    }

    /// The 32 characters.
    #[must_use]
    pub fn to_hex(self) -> [u8; 2 * ID_BYTES] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 2 * ID_BYTES];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            if let [high, low] = pair {
                *high = DIGITS.get(usize::from(byte >> 4)).copied().unwrap_or(b'0');
                *low = DIGITS.get(usize::from(byte & 15)).copied().unwrap_or(b'0');
            }
        }
        text
    }

    /// xxh3-64 of the id: orders records and chooses slots, so callers' ids need not be random.
    #[must_use]
    pub fn hash64(&self) -> u64 {
        xxh3_64(&self.0)
    }
}

// Deriving a context key costs as much as hashing a short text, so it is done once per process.
static CONTENT_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(CONTENT_DOMAIN));
static KEY_HASHER: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key(KEY_DOMAIN));

/// The namespace's length goes in first, so that ("a", "bc") and ("ab", "c") differ.
fn derive(domain: &blake3::Hasher, namespace: &str, text: &str) -> ConceptId {
    let mut hasher = domain.clone();
    hasher.update(&(namespace.len() as u64).to_le_bytes());
    hasher.update(namespace.as_bytes());
    hasher.update(text.as_bytes());
    let mut id = [0; ID_BYTES];
    hasher.finalize_xof().fill(&mut id);
    ConceptId(id)
}

fn nibble(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for ConceptId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(out, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ConceptId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::ConceptId;
    use crate::arbitrary::{config, cut, flipped, id, namespace, text};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(config(128))]

        #[test]
        fn an_id_round_trips_and_nothing_near_it_is_the_same(id in id(), more: u8) {
            let text = id.to_hex();
            prop_assert_eq!(ConceptId::from_hex(&text), Some(id));
            for part in cut(&text) {
                prop_assert_eq!(ConceptId::from_hex(part), None);
            }
            prop_assert_eq!(ConceptId::from_hex(&[&text[..], &[more]].concat()), None);
            for (bit, text) in flipped(&text) {
                prop_assert_ne!(ConceptId::from_hex(&text), Some(id), "bit {}", bit);
            }
        }

        #[test]
        fn any_text_is_an_id_exactly_when_it_is_lower_case_hex(
            text in proptest::collection::vec(any::<u8>(), 32),
        ) {
            let is_hex = text.iter().all(|byte| b"0123456789abcdef".contains(byte));
            prop_assert_eq!(ConceptId::from_hex(&text).is_some(), is_hex);
        }

        #[test]
        fn the_same_name_gives_the_same_id_and_a_key_another(space in namespace(), text in text()) {
            let content = ConceptId::of_content(&space, &text);
            prop_assert_eq!(content, ConceptId::of_content(&space, &text));
            prop_assert_ne!(content, ConceptId::of_key(&space, &text));
            prop_assert_ne!(content, ConceptId::of_content(&format!("{space}a"), &text));
        }
    }

    #[test]
    fn hex_round_trips_and_only_lower_case_hex_is_an_id() {
        let id = ConceptId::of_content("default", "hello");
        assert_eq!(ConceptId::from_hex(&id.to_hex()), Some(id));
        assert_eq!(id.to_string().as_bytes(), id.to_hex());
        let upper = id.to_string().to_uppercase();
        assert_eq!(ConceptId::from_hex(upper.as_bytes()), None);
        assert_eq!(ConceptId::from_hex(b"0"), None);
        assert!(ConceptId::parse("id", &[b'g'; 32]).is_err());
    }

    #[test]
    fn derived_ids_are_fixed_for_ever() {
        // A change of these values would make every store forget what it already holds.
        let content = ConceptId::of_content("default", "hello").to_string();
        let key = ConceptId::of_key("default", "hello").to_string();
        assert_eq!(content, "e2b19589cdca8a006fbe6dd7f2fc02ab");
        assert_eq!(key, "4c0e2db788ca8160c2d8d74987c7cf29");
    }

    #[test]
    fn namespace_content_and_key_live_in_separate_domains() {
        let ids = [
            ConceptId::of_content("a", "bc"),
            ConceptId::of_content("ab", "c"),
            ConceptId::of_key("a", "bc"),
            ConceptId::of_key("ab", "c"),
        ];
        for (index, id) in ids.iter().enumerate() {
            assert!(!ids[..index].contains(id));
        }
    }
}
