//! Attributes as an index: which documents have a value at a path.
//!
//! Attributes are flattened: a path is the keys from the top joined by dots, an array gives each
//! of its elements at its own path. So `{a: [{b: 1}, {b: 2}]}` has 1 and 2 at `a.b`, and at `a`
//! three composite values: the array and its two objects. Composites are kept as a hash, for deep
//! equality.

mod builder;
mod flatten;
mod index;
mod merge;
mod value_key;

pub use builder::AttributeBuilder;
pub(crate) use flatten::{encode_value, flatten_attributes, flatten_key};
pub use index::AttributeIndex;
pub use merge::merge_attributes;
#[cfg(test)]
pub(crate) use value_key::number_key;
pub(crate) use value_key::{
    EXISTS, KIND_ATTRIBUTE, KIND_KEY, NULL, NUMBER, PATH_END, STRING, encode_bool, encode_number,
    encode_text, number_rank, past_equal_order, same_order_start,
};

/// Bytes of the longest path that is indexed and that a filter may name. Every value in an index
/// carries its path, so a long one would be stored thousands of times.
pub const PATH_BYTES_MAX: usize = 256;

#[cfg(test)]
mod tests;
