//! A filter on a whole part: the documents that match, by the index of the attributes and the
//! columns.

use super::Filter;
use super::column::ColumnTest;
use super::node::{AttributeTest, Node};
use super::value_test::ValueTest;
use crate::attributes::{AttributeIndex, encode_text};
use crate::docs::DocTable;
use roaring::RoaringBitmap;
use sutra_format::DecodeError;

/// From one document of so many on, documents are collected as bits, not sorted as numbers.
const BITS_FROM: usize = 64;

/// What a filter needs of a part.
#[derive(Debug, Clone, Copy)]
pub struct PartColumns<'a> {
    /// The columns of its documents.
    pub docs: DocTable<'a>,
    /// Their attributes.
    pub attributes: AttributeIndex<'a>,
}

impl Filter {
    /// The documents of a namespace of a part that match: exactly those. Tests on attributes are
    /// looked up, and conditions on columns are checked on what the others leave.
    ///
    /// # Errors
    /// When a section of the part that is looked at does not decode.
    pub fn select(
        &self,
        part: &PartColumns<'_>,
        namespace: u32,
        namespace_name: &str,
    ) -> Result<RoaringBitmap, DecodeError> {
        let mut name = Vec::new();
        encode_text(namespace_name, &mut name);
        Selection { filter: self, part, namespace, name }.documents(&self.node, None)
    }
}

struct Selection<'s, 'a> {
    filter: &'s Filter,
    part: &'s PartColumns<'a>,
    namespace: u32,
    /// The encoded name of the namespace.
    name: Vec<u8>,
}

/// Documents of the namespace to choose from; all of them if nothing is said.
type Within<'w> = Option<&'w RoaringBitmap>;

impl Selection<'_, '_> {
    /// The documents of `within` that match.
    fn documents(&self, node: &Node, within: Within<'_>) -> Result<RoaringBitmap, DecodeError> {
        match node {
            Node::All(nodes) => self.all(nodes, within),
            Node::Any(nodes) => {
                let mut found = RoaringBitmap::new();
                for node in nodes {
                    found |= self.documents(node, within)?;
                }
                Ok(found)
            }
            Node::Not(node) => Ok(self.everything(within)? - self.documents(node, within)?),
            Node::Attribute(number) => {
                let test = self.filter.attributes.get(*number);
                let found = test.map(|test| self.with_value(test)).transpose()?;
                let found = found.unwrap_or_default();
                Ok(match within {
                    Some(within) => found & within,
                    None => found,
                })
            }
            Node::Namespace(test) if test.accepts(&self.name) || test.accepts_existence() => {
                self.everything(within)
            }
            Node::Namespace(_) => Ok(RoaringBitmap::new()),
            Node::Column(column, test) => {
                let test = ColumnTest::new(test);
                self.scan(within, |docs, document| {
                    Some(column.of_document(docs, document)?.passes(&test))
                })
            }
            Node::ValidAt(moment_ms) => self
                .scan(within, |docs, document| Some(docs.validity(document)?.holds_at(*moment_ms))),
        }
    }

    /// Each condition chooses from what the one before it left.
    fn all(&self, nodes: &[Node], within: Within<'_>) -> Result<RoaringBitmap, DecodeError> {
        let Some((first, others)) = nodes.split_first() else { return self.everything(within) };
        let mut found = self.documents(first, within)?;
        for node in others {
            if found.is_empty() {
                break;
            }
            found = self.documents(node, Some(&found))?;
        }
        Ok(found)
    }

    fn everything(&self, within: Within<'_>) -> Result<RoaringBitmap, DecodeError> {
        match within {
            Some(within) => Ok(within.clone()),
            None => {
                as_bits(self.part.docs.in_namespace(self.namespace), self.part.docs.documents())
            }
        }
    }

    /// Looks at each document's columns.
    fn scan(
        &self,
        within: Within<'_>,
        mut passes: impl FnMut(&DocTable<'_>, u32) -> Option<bool>,
    ) -> Result<RoaringBitmap, DecodeError> {
        let docs = &self.part.docs;
        let mut passes = |document: &u32| passes(docs, *document).unwrap_or_default();
        if let Some(within) = within {
            return sorted(within.iter().filter(&mut passes));
        }
        as_bits(docs.in_namespace(self.namespace).filter(&mut passes), docs.documents())
    }

    /// The documents with a value that an attribute's test accepts.
    fn with_value(&self, test: &AttributeTest) -> Result<RoaringBitmap, DecodeError> {
        let lists = self.lists(&test.path, &test.test)?;
        let count = lists.iter().map(|list| list.len()).sum::<usize>();
        let documents = self.part.docs.documents();
        let numbers = lists.iter().copied().flatten().copied().map(u32::from_le_bytes);
        if count >= documents as usize / BITS_FROM {
            return as_bits(numbers, documents);
        }
        let mut numbers: Vec<_> = numbers.collect();
        if !numbers.is_sorted_by(|low, high| low < high) {
            numbers.sort_unstable();
            numbers.dedup();
        }
        if numbers.last().is_some_and(|last| *last >= documents) {
            return Err(wrong_document());
        }
        sorted(numbers.into_iter())
    }

    /// The lists of documents of the accepted values.
    fn lists(&self, path: &[u8], test: &ValueTest) -> Result<Vec<&[[u8; 4]]>, DecodeError> {
        let index = &self.part.attributes;
        let path_key = [&self.namespace.to_be_bytes(), path].concat();
        let key_of = |value: &[u8]| [path_key.as_slice(), value].concat();
        let mut lists = Vec::new();
        for range in test.ranges() {
            let (start, end) = (key_of(&range.start), key_of(&range.end));
            let entries = index.find(&start..&end)?;
            if !entries.is_empty() {
                lists.push(index.documents_of(entries)?);
            }
        }
        Ok(lists)
    }
}

fn as_bits(
    numbers: impl Iterator<Item = u32>,
    documents: u32,
) -> Result<RoaringBitmap, DecodeError> {
    let mut bits = vec![0_u8; documents.div_ceil(u8::BITS) as usize];
    for number in numbers {
        if number >= documents {
            return Err(wrong_document());
        }
        if let Some(byte) = bits.get_mut((number / u8::BITS) as usize) {
            *byte |= 1 << (number % u8::BITS);
        }
    }
    Ok(RoaringBitmap::from_lsb0_bytes(0, &bits))
}

fn sorted(numbers: impl Iterator<Item = u32>) -> Result<RoaringBitmap, DecodeError> {
    RoaringBitmap::from_sorted_iter(numbers).map_err(|_| wrong_document())
}

fn wrong_document() -> DecodeError {
    DecodeError::value(0, "document of a value")
}
