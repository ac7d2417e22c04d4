//! Values as bytes that sort like the values: a tag for the type, then the value. Values of
//! different types never compare, so the order of the tags only keeps the types apart.
//!
//! A key of the index is: namespace u32 big-endian, kind, path, [`PATH_END`], value. Paths are
//! UTF-8, in which the byte [`PATH_END`] never occurs, so no path is the start of another.

/// Kind of the entries of the concepts' own keys. They have an empty path.
pub(crate) const KIND_KEY: u8 = 1;
/// Kind of the entries of attributes.
pub(crate) const KIND_ATTRIBUTE: u8 = 2;
/// Ends the path.
pub(crate) const PATH_END: u8 = 0xff;

/// Tag of the entry of all documents that have something at the path. No value follows.
pub(crate) const EXISTS: u8 = 0;
/// Tag of null. No value follows.
pub(crate) const NULL: u8 = 1;
const FALSE: u8 = 2;
const TRUE: u8 = 3;
/// Tag of numbers; 8 bytes follow.
pub(crate) const NUMBER: u8 = 4;
/// Tag of strings; their bytes follow, see [`encode_text`].
pub(crate) const STRING: u8 = 5;
const COMPOSITE: u8 = 6;

/// Bytes of a string that are kept as they are.
pub(crate) const TEXT_BYTES_MAX: usize = 256;
/// Follows the kept bytes of a longer string. Never in UTF-8, so it sorts after all shorter ones.
const LONG_TEXT: u8 = 0xff;
/// Bytes of a hash.
const HASH_BYTES: usize = 16;

const ARRAY_DOMAIN: u8 = b'[';
const OBJECT_DOMAIN: u8 = b'{';

pub(crate) fn encode_bool(value: bool, out: &mut Vec<u8>) {
    out.push(if value { TRUE } else { FALSE });
}

pub(crate) fn encode_number(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(&number_key(value));
}

/// A whole number that sorts like the number. Zero and minus zero are the same.
pub(crate) fn number_rank(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    let sign = 1 << 63;
    if bits & sign == 0 { bits | sign } else { !bits }
}

/// A number: after the tag eight bytes that sort like it.
pub(crate) fn number_key(value: f64) -> [u8; 1 + size_of::<u64>()] {
    let mut key = [NUMBER; 1 + size_of::<u64>()];
    for (place, byte) in key.iter_mut().skip(1).zip(number_rank(value).to_be_bytes()) {
        *place = byte;
    }
    key
}

/// The bytes of the string. Of more than 256 bytes the first 256, then a mark, then a hash of all:
/// equality stays exact, the order goes by the first 256 bytes.
pub(crate) fn encode_text(text: &str, out: &mut Vec<u8>) {
    out.push(STRING);
    match text.as_bytes().get(..TEXT_BYTES_MAX) {
        Some(kept) if text.len() > TEXT_BYTES_MAX => {
            out.extend_from_slice(kept);
            out.push(LONG_TEXT);
            out.extend_from_slice(&cut(&blake3::hash(text.as_bytes())));
        }
        _ => out.extend_from_slice(text.as_bytes()),
    }
}

/// Cuts an encoded value to the first of those that are of the same rank in the order: long
/// strings with the same first bytes have no order among each other.
pub(crate) fn same_order_start(value: &mut Vec<u8>) {
    if is_long_text(value) {
        value.truncate(value.len() - HASH_BYTES);
    }
}

/// Changes an encoded value to the first bytes that sort after all values of the same rank.
pub(crate) fn past_equal_order(value: &mut Vec<u8>) {
    if is_long_text(value) {
        same_order_start(value);
        value.extend_from_slice(&[u8::MAX; HASH_BYTES]);
    }
    value.push(0);
}

fn is_long_text(value: &[u8]) -> bool {
    value.first() == Some(&STRING) && value.len() > 1 + TEXT_BYTES_MAX
}

/// An array, from its encoded elements in their order, each with its length before it.
pub(crate) fn encode_array(items: &[u8], out: &mut Vec<u8>) {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[ARRAY_DOMAIN]);
    hasher.update(items);
    out.push(COMPOSITE);
    out.extend_from_slice(&cut(&hasher.finalize()));
}

/// An object, from its keys and encoded values, each with its length before it. Sorts them, as the
/// order of the keys has no meaning.
pub(crate) fn encode_object(pairs: &mut [(&str, &[u8])], out: &mut Vec<u8>) {
    pairs.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[OBJECT_DOMAIN]);
    for (key, value) in pairs {
        hasher.update(&(key.len() as u64).to_le_bytes());
        hasher.update(key.as_bytes());
        hasher.update(value);
    }
    out.push(COMPOSITE);
    out.extend_from_slice(&cut(&hasher.finalize()));
}

fn cut(hash: &blake3::Hash) -> [u8; HASH_BYTES] {
    hash.as_bytes().first_chunk().copied().unwrap_or_default()
}
