//! Labels of associations and namespaces of concepts: short numbers in every record, the texts
//! here.
//!
//! Invariant: a number never changes its meaning, and numbers are given out without gaps.

use crate::delta::AppendVec;
use crate::sync::{AtomicU32, AtomicU64, OnceLock, Ordering};
use hashbrown::HashMap;
use std::sync::Arc;
use sutra_format::Metric;

/// Numbers that labels may have: they share a word with the class.
pub const LABELS_MAX: u32 = 1 << 24;

/// A named space of concepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: Box<str>,
    /// Dimension of its vectors.
    pub dimension: u32,
    /// How they are compared.
    pub metric: Metric,
}

/// All labels and namespaces of a shard. Readers share it; [`NameWriter`] is its only writer.
pub struct Names {
    labels: AppendVec<OnceLock<Box<str>>>,
    labels_used: AtomicU32,
    namespaces: AppendVec<OnceLock<Namespace>>,
    namespaces_used: AtomicU32,
    text_bytes: AtomicU64,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            labels: AppendVec::default(),
            labels_used: AtomicU32::new(0),
            namespaces: AppendVec::default(),
            namespaces_used: AtomicU32::new(0),
            text_bytes: AtomicU64::new(0),
        }
    }
}

impl Names {
    /// The label with this number; nothing for 0, which is no label.
    #[must_use]
    pub fn label(&self, number: u32) -> Option<&str> {
        self.labels.get(number)?.get().map(|label| &**label)
    }

    /// The namespace with this number.
    #[must_use]
    pub fn namespace(&self, number: u32) -> Option<&Namespace> {
        self.namespaces.get(number)?.get()
    }

    /// All namespaces with their numbers, `default` first.
    pub fn namespaces(&self) -> impl Iterator<Item = (u32, &Namespace)> {
        let used = self.namespaces_used.load(Ordering::Acquire);
        (0..used).filter_map(|number| Some((number, self.namespace(number)?)))
    }

    /// How many labels there are; their numbers are `1..=labels`.
    #[must_use]
    pub fn labels(&self) -> u32 {
        self.labels_used.load(Ordering::Acquire)
    }

    /// How many namespaces there are.
    #[must_use]
    pub fn namespaces_used(&self) -> u32 {
        self.namespaces_used.load(Ordering::Acquire)
    }

    /// Bytes of memory held, those of the writer's index included.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        // Each text is held twice: here by its number, and by the writer by itself.
        let texts = 2 * self.text_bytes.load(Ordering::Relaxed);
        self.labels.memory_bytes() + self.namespaces.memory_bytes() + texts
    }
}

/// Gives out numbers.
pub struct NameWriter {
    names: Arc<Names>,
    labels: HashMap<Box<str>, u32>,
    namespaces: HashMap<Box<str>, u32>,
}

impl Default for NameWriter {
    fn default() -> Self {
        Self { names: Arc::default(), labels: HashMap::new(), namespaces: HashMap::new() }
    }
}

impl NameWriter {
    /// What readers share.
    #[must_use]
    pub fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// Number of a label that exists.
    #[must_use]
    pub fn label(&self, label: &str) -> Option<u32> {
        self.labels.get(label).copied()
    }

    /// Number of a namespace that exists.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<u32> {
        self.namespaces.get(name).copied()
    }

    /// Number of a label, a new one if it has none.
    pub fn label_or_new(&mut self, label: &str) -> u32 {
        if let Some(number) = self.labels.get(label) {
            return *number;
        }
        let number = self.labels.len() as u32 + 1;
        if let Some(slot) = self.names.labels.get_or_grow(number) {
            let _ = slot.set(label.into());
        }
        self.labels.insert(label.into(), number);
        self.names.text_bytes.fetch_add(label.len() as u64, Ordering::Relaxed);
        self.names.labels_used.store(number, Ordering::Release);
        number
    }

    /// Number of a namespace, a new one if it has none.
    pub fn namespace_or_new(&mut self, name: &str, dimension: u32, metric: Metric) -> u32 {
        if let Some(number) = self.namespaces.get(name) {
            return *number;
        }
        let number = self.namespaces.len() as u32;
        if let Some(slot) = self.names.namespaces.get_or_grow(number) {
            let _ = slot.set(Namespace { name: name.into(), dimension, metric });
        }
        self.namespaces.insert(name.into(), number);
        self.names.text_bytes.fetch_add(name.len() as u64, Ordering::Relaxed);
        self.names.namespaces_used.store(number + 1, Ordering::Release);
        number
    }
}
