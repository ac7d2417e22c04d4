//! A version of a concept as readers see it, whatever layer has it.

use crate::error::Result;
use crate::state::{State, location as location_in, split_location};
use sutra_format::ConceptId;
use sutra_format::concept_record::{ConceptRecord, TextRef};
use sutra_format::op_fields::Validity;

/// A version of a concept in a state.
#[derive(Clone, Copy)]
pub struct ConceptRef<'a> {
    pub(crate) record: ConceptRecord<'a>,
    pub(crate) location: u64,
    pub(crate) state: &'a State,
}

impl<'a> ConceptRef<'a> {
    /// Where the record is in this state.
    #[must_use]
    pub fn location(&self) -> u64 {
        self.location
    }

    /// The record.
    #[must_use]
    pub(crate) fn record(&self) -> ConceptRecord<'a> {
        self.record
    }

    /// Commit that made this version.
    #[inline]
    #[must_use]
    pub fn seqno(&self) -> u64 {
        self.record.seqno()
    }

    /// Number of the operation in that commit.
    #[must_use]
    pub fn ordinal(&self) -> u32 {
        self.record.ordinal()
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> ConceptId {
        self.record.id()
    }

    /// Number of its namespace.
    #[must_use]
    pub fn namespace(&self) -> u32 {
        self.record.namespace()
    }

    /// Row of its vector in its namespace's vectors.
    #[must_use]
    pub fn row(&self) -> Option<u32> {
        self.record.row()
    }

    /// When it was first learned, in microseconds from 1970.
    #[must_use]
    pub fn created_us(&self) -> u64 {
        self.record.created_us()
    }

    /// When this version was committed, in microseconds from 1970.
    #[must_use]
    pub fn updated_us(&self) -> u64 {
        self.record.updated_us()
    }

    /// Its strength, 0 to 1.
    #[must_use]
    pub fn strength(&self) -> f64 {
        self.record.strength()
    }

    /// Its confidence, 0 to 1.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        self.record.confidence()
    }

    /// When it holds.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.record.validity()
    }

    /// The caller's key; empty when it was not named by one.
    #[must_use]
    pub fn key(&self) -> &'a [u8] {
        self.record.key()
    }

    /// Its text: UTF-8, checked when it was written.
    ///
    /// # Errors
    /// `Corrupt`.
    #[inline]
    pub fn content(&self) -> Result<&'a [u8]> {
        self.text(|record| record.content())
    }

    /// Its attributes: a MessagePack map.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn attributes(&self) -> Result<&'a [u8]> {
        self.text(|record| record.attributes())
    }

    /// A text of this version, which may be kept in the record of an older one.
    #[inline]
    fn text(&self, text_of: impl Fn(ConceptRecord<'a>) -> TextRef<'a>) -> Result<&'a [u8]> {
        let (mut record, mut location) = (self.record, self.location);
        loop {
            let (layer, own_position) = split_location(location);
            let kept = match text_of(record) {
                TextRef::Inline(text) => return Ok(text),
                // The record that has a text is older than all that keep it.
                TextRef::At(position) if position < own_position => {
                    self.state.concept_at(location_in(layer, position))?
                }
                TextRef::At(_) => return Err(self.state.bad_text(layer, own_position)),
                TextRef::Below => {
                    let below = self.state.concept_below(layer + 1, &self.id(), u64::MAX - 1)?;
                    below.ok_or_else(|| self.state.bad_text(layer, own_position))?
                }
            };
            (record, location) = (kept.record, kept.location);
        }
    }
}
