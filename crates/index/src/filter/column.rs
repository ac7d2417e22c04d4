//! Fields that are columns of the documents rather than attributes.

use super::value_test::ValueTest;
use crate::attributes::{STRING, number_rank};
use crate::docs::DocTable;
use crate::document::Document;
use std::ops::Range;
use sutra_format::ConceptId;
use sutra_format::id::ID_BYTES;

/// Microseconds of the smallest step of time in a filter.
const MS_US: u64 = 1000;

/// A column a filter can test. Times are tested in whole milliseconds, as callers see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Strength,
    Confidence,
    CreatedAt,
    UpdatedAt,
    ValidFrom,
    ValidTo,
}

/// A value of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ColumnValue {
    Missing,
    Number(f64),
    Id(ConceptId),
}

impl Column {
    /// The value of one version.
    pub(super) fn of_version(self, version: &Document<'_>) -> ColumnValue {
        match self {
            Self::Id => ColumnValue::Id(version.id),
            Self::Strength => ColumnValue::Number(version.strength),
            Self::Confidence => ColumnValue::Number(version.confidence),
            Self::CreatedAt => of_us(version.created_us),
            Self::UpdatedAt => of_us(version.updated_us),
            Self::ValidFrom => of_ms(version.validity.from_ms),
            Self::ValidTo => of_ms(version.validity.to_ms),
        }
    }

    /// The value of a document of a part.
    pub(super) fn of_document(self, docs: &DocTable<'_>, document: u32) -> Option<ColumnValue> {
        Some(match self {
            Self::Id => ColumnValue::Id(docs.id(document)?),
            Self::Strength => ColumnValue::Number(docs.strength(document)?),
            Self::Confidence => ColumnValue::Number(docs.confidence(document)?),
            Self::CreatedAt => of_us(docs.created_us(document)?),
            Self::UpdatedAt => of_us(docs.updated_us(document)?),
            Self::ValidFrom => of_ms(docs.validity(document)?.from_ms),
            Self::ValidTo => of_ms(docs.validity(document)?.to_ms),
        })
    }
}

impl ColumnValue {
    /// Whether a test accepts the value.
    pub(super) fn passes(self, test: &ColumnTest<'_>) -> bool {
        let accepted = match self {
            Self::Missing => return false,
            Self::Number(number) => {
                let rank = u128::from(number_rank(number));
                test.numbers.iter().any(|range| range.contains(&rank))
            }
            Self::Id(id) => test.test.accepts(&id_key(id)),
        };
        accepted || test.accepts_existence
    }
}

/// A test made ready for many values of a column.
#[derive(Debug)]
pub(super) struct ColumnTest<'t> {
    test: &'t ValueTest,
    numbers: Vec<Range<u128>>,
    accepts_existence: bool,
}

impl<'t> ColumnTest<'t> {
    pub(super) fn new(test: &'t ValueTest) -> Self {
        let accepts_existence = test.accepts_existence();
        Self { test, numbers: test.number_ranges(), accepts_existence }
    }
}

/// An id is tested as the text callers know it by.
fn id_key(id: ConceptId) -> [u8; 1 + 2 * ID_BYTES] {
    let mut key = [STRING; 1 + 2 * ID_BYTES];
    for (place, digit) in key.iter_mut().skip(1).zip(id.to_hex()) {
        *place = digit;
    }
    key
}

#[expect(clippy::cast_precision_loss, reason = "exact for all dates a filter can name")]
fn of_us(us: u64) -> ColumnValue {
    ColumnValue::Number((us / MS_US) as f64)
}

#[expect(clippy::cast_precision_loss, reason = "exact for all dates a filter can name")]
fn of_ms(ms: Option<i64>) -> ColumnValue {
    ms.map_or(ColumnValue::Missing, |ms| ColumnValue::Number(ms as f64))
}
