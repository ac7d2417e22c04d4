//! Parts that follow each other, made into one: without the documents that ended so long ago that
//! no reader of the new part can see them.

use super::files::{TextDir, WholePart};
use super::part::{Held, Part, PartMemory, Totals, kind_of, write_totals};
use super::parts::Entry;
use crate::error::{Error, Result};
use sutra_format::decode_error::DecodeError;
use sutra_format::sealed_file::SectionKind;
use sutra_format::text_file::{End, TextMeta};
use sutra_index::{
    MergeError, PartSection, PartSink, TextInput, merge_attributes, merge_docs, merge_text,
};

/// Number of a document that is left out.
const GONE: u32 = u32::MAX;

/// What becomes of the documents of some parts.
pub(super) struct Merge<'a> {
    inputs: &'a [Entry],
    /// For each input, the new number of each document.
    numbers: Vec<Vec<u32>>,
    meta: TextMeta,
    ends: Vec<u8>,
    totals: Vec<u8>,
}

impl<'a> Merge<'a> {
    /// Of parts, oldest first, at least one. Versions that ended at `retain_from` or before are
    /// left out; `is_oldest` says that no part is before them.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn new(inputs: &'a [Entry], retain_from: u64, is_oldest: bool) -> Result<Self> {
        let mut numbers = Vec::with_capacity(inputs.len());
        let mut totals = Totals::new();
        let mut documents = 0;
        for input in inputs {
            let docs = input.part.docs()?;
            let gone = input.ended.since.iter().take_while(|(since, _)| *since <= retain_from);
            let mut of_input = vec![0; input.part.documents() as usize];
            for (_, document) in gone {
                if let Some(number) = of_input.get_mut(*document as usize) {
                    *number = GONE;
                }
            }
            for (document, number) in (0..).zip(&mut of_input) {
                if *number == GONE {
                    continue;
                }
                *number = documents;
                documents += 1;
                let namespace = docs.namespace(document).unwrap_or_default();
                let total: &mut Held = totals.entry(namespace).or_default();
                total.documents += 1;
                total.words += u64::from(docs.words(document).unwrap_or_default());
            }
            numbers.push(of_input);
        }
        let first = inputs.first().map(|input| *input.part.meta());
        let last = inputs.last().map(|input| *input.part.meta());
        let (Some(first), Some(last)) = (first, last) else {
            return Err(Error::Closed("no parts to merge".into()));
        };
        let meta = TextMeta { documents, last_seqno: last.last_seqno, ..first };
        let mut merge = Self { inputs, numbers, meta, ends: Vec::new(), totals: Vec::new() };
        merge.ends = merge.kept_ends(is_oldest)?;
        merge.totals = write_totals(&totals);
        Ok(merge)
    }

    /// Ends of documents that are left, here or in an older part.
    fn kept_ends(&self, is_oldest: bool) -> Result<Vec<u8>> {
        let after_seqno = self.meta.after_seqno;
        let mut kept: Vec<End> = Vec::new();
        for input in self.inputs {
            for end in input.part.ends()? {
                let is_older = end.seqno <= after_seqno;
                if if is_older { !is_oldest } else { self.keeps(&end)? } {
                    kept.push(end);
                }
            }
        }
        let mut bytes = Vec::new();
        for end in &kept {
            end.append(&mut bytes);
        }
        Ok(bytes)
    }

    fn keeps(&self, end: &End) -> Result<bool> {
        let at = self.inputs.partition_point(|input| input.part.meta().last_seqno < end.seqno);
        let (Some(input), Some(numbers)) = (self.inputs.get(at), self.numbers.get(at)) else {
            return Ok(false);
        };
        let document = input.part.docs()?.find(end.seqno, end.ordinal);
        let number = document.and_then(|document| numbers.get(document as usize));
        Ok(number.is_some_and(|number| *number != GONE))
    }

    /// The new part, in memory.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn in_memory(&self) -> Result<Part> {
        let mut bytes = PartMemory::default();
        self.write(&mut bytes)?;
        bytes.section(SectionKind::Ends).clone_from(&self.ends);
        bytes.section(SectionKind::Totals).clone_from(&self.totals);
        Ok(Part::in_memory(self.meta, bytes))
    }

    /// The new part, in a file.
    ///
    /// # Errors
    /// `Corrupt`, `Io`, `DiskFull`: what was written is removed as far as that works.
    pub(super) fn in_file(&self, dir: &TextDir, number: u32) -> Result<Part> {
        // The lengths of sections are known before anything is written: all is done twice.
        let mut lengths = Lengths::default();
        self.write(&mut lengths)?;
        let whole = WholePart {
            meta: &self.meta,
            ends: &self.ends,
            totals: &self.totals,
            lengths: lengths.0,
        };
        dir.write(number, &whole, |sink| self.write(sink))
    }

    fn write<S: PartSink>(&self, sink: &mut S) -> Result<()>
    where
        Error: From<S::Error>,
    {
        let mut docs = Vec::with_capacity(self.inputs.len());
        let mut text = Vec::with_capacity(self.inputs.len());
        let mut attributes = Vec::with_capacity(self.inputs.len());
        for (input, numbers) in self.inputs.iter().zip(&self.numbers) {
            docs.push((input.part.docs()?, numbers.as_slice()));
            text.push(TextInput { text: input.part.text()?, documents: numbers });
            attributes.push((input.part.attributes()?, numbers.as_slice()));
        }
        merge_docs(&docs, sink).map_err(|error| self.failed(error))?;
        merge_text(&text, sink).map_err(|error| self.failed(error))?;
        merge_attributes(&attributes, sink).map_err(|error| self.failed(error))
    }

    fn failed<E>(&self, error: MergeError<E>) -> Error
    where
        Error: From<E>,
    {
        match error {
            MergeError::Sink(error) => error.into(),
            MergeError::Damaged { input, error } => self.damaged(input, &error),
        }
    }

    fn damaged(&self, input: usize, error: &DecodeError) -> Error {
        let input = self.inputs.get(input);
        input.map_or_else(|| Error::Closed(error.to_string()), |it| it.part.undecodable(error))
    }

    /// What has ended of the new part, now that these have ended of its inputs.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(super) fn ended_of(&self, now: &[Entry]) -> Vec<End> {
        let mut ends = Vec::new();
        for (input, numbers) in now.iter().zip(&self.numbers) {
            let Ok(docs) = input.part.docs() else { continue };
            for (since, document) in &input.ended.since {
                if numbers.get(*document as usize).is_some_and(|number| *number != GONE)
                    && let (Some(seqno), Some(ordinal)) =
                        (docs.seqno(*document), docs.ordinal(*document))
                {
                    ends.push(End { ended_at: *since, seqno, ordinal });
                }
            }
        }
        ends
    }
}

/// Bytes that go into each section.
#[derive(Default)]
pub(super) struct Lengths(pub(super) [u64; 8]);

impl PartSink for Lengths {
    type Error = std::convert::Infallible;

    fn append(&mut self, section: PartSection, bytes: &[u8]) -> Result<(), Self::Error> {
        let number = PartSection::ALL.iter().position(|it| *it == section);
        if let Some(length) = number.and_then(|number| self.0.get_mut(number)) {
            *length += bytes.len() as u64;
        }
        debug_assert!(number.is_some(), "{:?}", kind_of(section));
        Ok(())
    }
}
