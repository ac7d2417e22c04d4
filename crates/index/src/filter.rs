//! Filters: conditions on the attributes and on the fixed fields of concepts, in the manner of
//! `MongoDB`. A filter answers for one version and for a whole part; both use the same tests on
//! the same encoded values, so they always agree.

mod column;
mod date;
mod decode;
mod field;
mod node;
mod refused;
mod select;
mod value;
mod value_test;

pub use select::PartColumns;

use crate::attributes::{encode_text, flatten_attributes, flatten_key};
use crate::document::Document;
use column::ColumnTest;
use decode::Decoder;
use node::{AttributeTest, Node};
use refused::{in_filter, over_limit};
use std::collections::BTreeMap;
use sutra_format::{DecodeError, Refusal};
use value::Value;

/// Bytes of an encoded filter.
pub const FILTER_BYTES_MAX: usize = 64 * 1024;

/// Conditions a concept meets or not.
#[derive(Debug, Clone)]
pub struct Filter {
    node: Node,
    attributes: Vec<AttributeTest>,
    /// Numbers of the tests on attributes, by path key.
    by_path: BTreeMap<Vec<u8>, Vec<usize>>,
    /// Whether a test compares with an array or an object.
    composites: bool,
}

impl Filter {
    /// Reads the `MessagePack` of a filter's object.
    ///
    /// # Errors
    /// `Invalid` naming the path of what is no filter, such as `filter.year.$gtee`. `Limit` when it
    /// has more than 64 KiB, is nested deeper than 32, has more than 1,000 tests and values of
    /// lists, or names a path of more than 256 bytes.
    pub fn decode(msgpack: &[u8]) -> Result<Self, Refusal> {
        if msgpack.len() > FILTER_BYTES_MAX {
            return Err(over_limit(msgpack.len(), FILTER_BYTES_MAX));
        }
        let mut decoder = Decoder::default();
        let value = Value::parse(msgpack).map_err(in_filter)?;
        let node = decoder.conditions(&value).map_err(in_filter)?;
        let Decoder { attributes, composites, .. } = decoder;
        let mut by_path = BTreeMap::<_, Vec<_>>::new();
        for (number, test) in attributes.iter().enumerate() {
            by_path.entry(test.path.clone()).or_default().push(number);
        }
        Ok(Self { node, attributes, by_path, composites })
    }

    /// Whether one version matches.
    ///
    /// # Errors
    /// When its attributes do not decode.
    pub fn matches(
        &self,
        version: &Document<'_>,
        namespace_name: &str,
    ) -> Result<bool, DecodeError> {
        let passed = self.passed(version)?;
        Ok(holds(&self.node, &Known { document: version, namespace_name, passed: &passed }))
    }

    /// Which of the tests on attributes accept a value of the version.
    fn passed(&self, version: &Document<'_>) -> Result<Vec<bool>, DecodeError> {
        let mut passed = vec![false; self.attributes.len()];
        if passed.is_empty() {
            return Ok(passed);
        }
        let mut check = |path: &[u8], value: &[u8]| {
            for number in self.by_path.get(path).into_iter().flatten() {
                let test = self.attributes.get(*number).zip(passed.get_mut(*number));
                if let Some((test, passed)) = test {
                    *passed |= test.test.accepts(value);
                }
            }
        };
        flatten_key(version.key, &mut check);
        flatten_attributes(version.attributes, self.composites, &mut check)?;
        Ok(passed)
    }
}

/// One version and what is known of it.
struct Known<'v> {
    document: &'v Document<'v>,
    namespace_name: &'v str,
    passed: &'v [bool],
}

fn holds(node: &Node, known: &Known<'_>) -> bool {
    match node {
        Node::All(nodes) => nodes.iter().all(|node| holds(node, known)),
        Node::Any(nodes) => nodes.iter().any(|node| holds(node, known)),
        Node::Not(node) => !holds(node, known),
        Node::Attribute(number) => known.passed.get(*number).copied().unwrap_or_default(),
        Node::Namespace(test) => {
            let mut name = Vec::new();
            encode_text(known.namespace_name, &mut name);
            test.accepts(&name) || test.accepts_existence()
        }
        Node::Column(column, test) => {
            column.of_version(known.document).passes(&ColumnTest::new(test))
        }
        Node::ValidAt(moment_ms) => known.document.validity.holds_at(*moment_ms),
    }
}

#[cfg(test)]
pub(crate) mod model;
#[cfg(test)]
mod tests;
