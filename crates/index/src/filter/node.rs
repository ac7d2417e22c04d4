//! A decoded filter: tests, and how they combine.

use super::column::Column;
use super::value_test::ValueTest;

/// A condition.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// All hold; without any it always holds. The cheap ones come first.
    All(Vec<Self>),
    /// At least one holds.
    Any(Vec<Self>),
    Not(Box<Self>),
    /// A test on an attribute or the key, by its number.
    Attribute(usize),
    Namespace(ValueTest),
    Column(Column, ValueTest),
    /// Holds at a moment, in milliseconds from 1970.
    ValidAt(i64),
}

/// A test on the values under a path key.
#[derive(Debug, Clone)]
pub(super) struct AttributeTest {
    pub(super) path: Vec<u8>,
    pub(super) test: ValueTest,
}

impl Node {
    /// All of them. What the index answers goes first: it leaves fewer documents to scan.
    pub(super) fn all(mut nodes: Vec<Self>) -> Self {
        nodes.sort_by_key(Self::cost);
        match <[Self; 1]>::try_from(nodes) {
            Ok([node]) => node,
            Err(nodes) => Self::All(nodes),
        }
    }

    pub(super) fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Rank of the work it takes.
    fn cost(&self) -> u8 {
        match self {
            Self::Namespace(_) => 0,
            Self::Attribute(_) => 1,
            Self::All(nodes) => nodes.iter().map(Self::cost).min().unwrap_or_default(),
            Self::Any(nodes) => nodes.iter().map(Self::cost).max().unwrap_or_default(),
            Self::Column(..) | Self::ValidAt(_) => 2,
            // The complement of a few is many.
            Self::Not(_) => 3,
        }
    }
}
