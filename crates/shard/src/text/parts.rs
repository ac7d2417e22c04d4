//! The parts of the index, oldest first, and which of their documents have ended.
//!
//! Invariants:
//! - The parts cover all commits up to one, without gaps, each commit in one part.
//! - A document ends when another version of its concept, or the end of the concept, is indexed:
//!   the part that brings it says so, and no part is changed for it.

use super::part::{Held, Part, Totals};
use crate::error::Result;
use roaring::RoaringBitmap;
use std::borrow::Cow;
use std::sync::Arc;
use sutra_format::text_file::End;
use sutra_index::{Analyzer, DocTable};

/// All parts.
#[derive(Clone)]
pub struct Parts {
    analyzer: Arc<Analyzer>,
    pub(super) entries: Vec<Entry>,
    pub(super) covered_seqno: u64,
    /// Every version that ended is known to have. Otherwise the layers have to be asked as well.
    pub(super) is_compared: bool,
}

/// A part, and what has ended of it.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) part: Arc<Part>,
    pub(super) ended: Arc<Ended>,
}

/// Documents of a part that have ended.
#[derive(Clone, Default)]
pub(super) struct Ended {
    pub(super) documents: RoaringBitmap,
    /// Since which commit, ascending, and which document.
    pub(super) since: Vec<(u64, u32)>,
    pub(super) totals: Totals,
}

impl Parts {
    /// None, of texts that are read by an analyzer.
    #[must_use]
    pub(crate) fn new(analyzer: Arc<Analyzer>) -> Self {
        Self { analyzer, entries: Vec::new(), covered_seqno: 0, is_compared: true }
    }

    /// What texts are read by.
    #[must_use]
    pub fn analyzer(&self) -> &Arc<Analyzer> {
        &self.analyzer
    }

    /// The last commit of the newest part.
    pub(super) fn last_seqno(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.part.meta().last_seqno)
    }

    /// Every commit up to this one is in a part.
    #[must_use]
    pub(crate) fn covered_seqno(&self) -> u64 {
        self.covered_seqno
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = &Arc<Part>> {
        self.entries.iter().map(|entry| &entry.part)
    }

    /// Documents that are not seen any more.
    pub(crate) fn ended(&self) -> u64 {
        self.entries.iter().map(|entry| entry.ended.documents.len()).sum()
    }

    /// Bytes of memory.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let entries = self.entries.iter();
        entries.map(|entry| entry.part.memory_bytes() + entry.ended.memory_bytes()).sum()
    }

    /// These parts and one more, which follows them.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn with(&self, part: Part) -> Result<Self> {
        let mut parts = self.clone();
        parts.covered_seqno = part.meta().last_seqno;
        let ends: Vec<End> = part.ends()?.collect();
        parts.entries.push(Entry { part: Arc::new(part), ended: Arc::default() });
        parts.end(&ends)?;
        Ok(parts)
    }

    /// Takes note that documents ended. Those that are in no part are left out.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn end(&mut self, ends: &[End]) -> Result<()> {
        for end in ends {
            let at = self.entries.partition_point(|e| e.part.meta().last_seqno < end.seqno);
            let Some(entry) = self.entries.get_mut(at) else { continue };
            let docs = entry.part.docs()?;
            if let Some(document) = docs.find(end.seqno, end.ordinal)
                && !entry.ended.documents.contains(document)
            {
                let held = Held {
                    documents: 1,
                    words: u64::from(docs.words(document).unwrap_or_default()),
                };
                let namespace = docs.namespace(document).unwrap_or_default();
                Arc::make_mut(&mut entry.ended).add(document, end.ended_at, namespace, held);
            }
        }
        Ok(())
    }

    /// Number of the part and of the document of a version, if it is in one.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn find(&self, seqno: u64, ordinal: u32) -> Result<Option<(usize, u32)>> {
        let at = self.entries.partition_point(|entry| entry.part.meta().last_seqno < seqno);
        let Some(entry) = self.entries.get(at) else { return Ok(None) };
        let document = entry.part.docs()?.find(seqno, ordinal);
        Ok(document.map(|document| (at, document)))
    }
}

impl Entry {
    /// The documents that a reader of a commit does not see.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn hidden(&self, seqno: u64) -> Result<Cow<'_, RoaringBitmap>> {
        let ended = &*self.ended;
        let is_later = self.part.meta().last_seqno > seqno;
        let later = ended.since.partition_point(|(since, _)| *since <= seqno);
        let later = ended.since.get(later..).unwrap_or_default();
        if !is_later && later.is_empty() {
            return Ok(Cow::Borrowed(&ended.documents));
        }
        let mut hidden = ended.documents.clone();
        for (_, document) in later {
            hidden.remove(*document);
        }
        if is_later {
            let first = first_after(&self.part.docs()?, seqno);
            hidden.insert_range(first..self.part.documents());
        }
        Ok(Cow::Owned(hidden))
    }
}

/// The first document of a later commit.
fn first_after(docs: &DocTable<'_>, seqno: u64) -> u32 {
    let (mut low, mut high) = (0, docs.documents());
    while low < high {
        let middle = low.midpoint(high);
        let is_after = docs.seqno(middle).is_none_or(|made_at| made_at > seqno);
        if is_after { high = middle } else { low = middle + 1 }
    }
    low
}

impl Ended {
    fn add(&mut self, document: u32, since: u64, namespace: u32, held: Held) {
        self.documents.insert(document);
        let at = self.since.partition_point(|(earlier, _)| *earlier <= since);
        self.since.insert(at, (since, document));
        let total = self.totals.entry(namespace).or_default();
        total.documents += held.documents;
        total.words += held.words;
    }

    /// What of it is not one of the current figures.
    pub(super) fn memory_bytes(&self) -> u64 {
        self.documents.serialized_size() as u64 + size_of_val(&*self.since) as u64
    }
}
