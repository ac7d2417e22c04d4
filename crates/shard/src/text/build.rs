//! Making a part of what commits brought.

use super::collect::{document_of, versions_between};
use super::part::{Part, PartMemory, Totals, write_totals};
use super::parts::Parts;
use crate::concept_ref::ConceptRef;
use crate::error::Result;
use crate::state::State;
use std::ops::ControlFlow;
use sutra_format::sealed_file::SectionKind;
use sutra_format::text_file::{End, TextMeta};
use sutra_index::{Analyzer, AttributeBuilder, DocTableBuilder, TextBuilder};

/// A part under construction.
pub(super) struct PartBuilder<'a> {
    analyzer: &'a Analyzer,
    docs: DocTableBuilder,
    text: TextBuilder,
    attributes: AttributeBuilder,
    totals: Totals,
    documents: u32,
    pub(super) ends: Vec<End>,
}

impl<'a> PartBuilder<'a> {
    pub(super) fn new(analyzer: &'a Analyzer) -> Self {
        Self {
            analyzer,
            docs: DocTableBuilder::new(),
            text: TextBuilder::new(),
            attributes: AttributeBuilder::new(),
            totals: Totals::new(),
            documents: 0,
            ends: Vec::new(),
        }
    }

    /// Adds a version, newer than all before.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn add(&mut self, concept: &ConceptRef<'_>) -> Result<()> {
        let document = document_of(concept)?;
        let (number, namespace) = (self.documents, document.namespace);
        let undecodable = |_| concept.state.bad_text_of(concept);
        let content = std::str::from_utf8(document.content).map_err(undecodable)?;
        let words = self.text.add(number, namespace, content, self.analyzer);
        let added = self.attributes.add(number, &document);
        added.map_err(|_| concept.state.bad_text_of(concept))?;
        self.docs.add(&document, words);
        let total = self.totals.entry(namespace).or_default();
        total.documents += 1;
        total.words += u64::from(words);
        self.documents += 1;
        Ok(())
    }

    /// The part of the commits after one and up to another.
    pub(super) fn finish(self, after_seqno: u64, last_seqno: u64) -> Part {
        let mut bytes = PartMemory::default();
        let written = self
            .docs
            .write(&mut bytes)
            .and_then(|()| self.text.write(&mut bytes))
            .and_then(|()| self.attributes.write(&mut bytes));
        match written {
            Ok(()) => {}
            Err(never) => match never {},
        }
        let ends = bytes.section(SectionKind::Ends);
        for end in &self.ends {
            end.append(ends);
        }
        *bytes.section(SectionKind::Totals) = write_totals(&self.totals);
        let (analyzer, documents) = (self.analyzer.number(), self.documents);
        let meta = TextMeta { analyzer, documents, after_seqno, last_seqno };
        Part::in_memory(meta, bytes)
    }
}

/// Makes the part that follows others, up to a commit at most: it ends with the commit that brings
/// it to `versions_max`. Nothing when there is no commit.
///
/// # Errors
/// `Corrupt`.
pub(super) fn index_commits(
    state: &State,
    parts: &Parts,
    last_seqno: u64,
    versions_max: usize,
) -> Result<Option<Part>> {
    let after_seqno = parts.covered_seqno();
    if last_seqno <= after_seqno {
        return Ok(None);
    }
    let mut builder = PartBuilder::new(parts.analyzer());
    let mut versions = 0;
    let mut seqno = after_seqno;
    let walked = versions_between(state, after_seqno, last_seqno, &mut |version| {
        if versions >= versions_max && version.seqno() != seqno {
            return Ok(ControlFlow::Break(()));
        }
        (versions, seqno) = (versions + 1, version.seqno());
        if let Some(before) = state.concept(&version.id(), seqno - 1)? {
            let (replaced, ordinal) = (before.seqno(), before.ordinal());
            builder.ends.push(End { ended_at: seqno, seqno: replaced, ordinal });
        }
        if !version.record().is_tombstone() {
            builder.add(&version)?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let last_seqno = if walked.is_break() { seqno } else { last_seqno };
    Ok(Some(builder.finish(parts.last_seqno(), last_seqno)))
}
