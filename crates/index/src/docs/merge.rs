//! Several parts become one: the columns of the documents that survive.

use super::{COLUMNS, Column, DocTable, SectionWriter};
use crate::merge_error::MergeError;
use crate::sink::{PartSection, PartSink};
use sutra_format::DecodeError;

/// In a list of new document numbers: the document does not survive.
pub(crate) const DROPPED: u32 = u32::MAX;
/// In the order of the new documents: no input gives this document.
const NO_INPUT: u16 = u16::MAX;

/// Writes the columns of the surviving documents of several parts. Each part comes with the new
/// number of each of its documents, `u32::MAX` for those that are dropped. The new numbers of one
/// part rise, and those of all parts together are 0, 1, 2 and so on without a gap.
///
/// # Errors
/// When the sink fails, or the new numbers are not as described.
pub fn merge_docs<S: PartSink>(
    inputs: &[(DocTable<'_>, &[u32])],
    sink: &mut S,
) -> Result<(), MergeError<S::Error>> {
    let order = order_of(inputs).map_err(|(input, error)| MergeError::Damaged { input, error })?;
    let mut writer = SectionWriter::new(PartSection::Docs);
    for column in COLUMNS {
        let mut survivors: Vec<_> =
            inputs.iter().map(|(table, numbers)| survivors_of(table, column, numbers)).collect();
        for input in &order {
            let value = survivors.get_mut(usize::from(*input)).and_then(Iterator::next);
            writer.push(sink, value.unwrap_or_default()).map_err(MergeError::Sink)?;
        }
    }
    writer.finish(sink).map_err(MergeError::Sink)
}

/// The values of a column that survive.
fn survivors_of<'a>(
    table: &DocTable<'a>,
    column: Column,
    numbers: &'a [u32],
) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let values = table.column(column).chunks_exact(column.width);
    values.zip(numbers).filter(|(_, number)| **number != DROPPED).map(|(value, _)| value)
}

/// Which input gives each of the new documents. Two bytes a document, so that a merge of many
/// documents does not hold a list of pairs in memory.
fn order_of(inputs: &[(DocTable<'_>, &[u32])]) -> Result<Vec<u16>, (usize, DecodeError)> {
    let survivors = |numbers: &[u32]| numbers.iter().filter(|new| **new != DROPPED).count();
    let documents = inputs.iter().map(|(_, numbers)| survivors(numbers)).sum();
    let mut order = vec![NO_INPUT; documents];
    for (input, (table, numbers)) in inputs.iter().enumerate() {
        let wrong = || (input, DecodeError::value(0, "new document numbers"));
        let name = u16::try_from(input).ok().filter(|name| *name != NO_INPUT).ok_or_else(wrong)?;
        if numbers.len() != table.documents() as usize {
            return Err(wrong());
        }
        let rising = numbers.iter().filter(|new| **new != DROPPED);
        if !rising.is_sorted_by(|low, high| low < high) {
            return Err(wrong());
        }
        for new in numbers.iter().filter(|new| **new != DROPPED) {
            let place = order.get_mut(*new as usize).filter(|place| **place == NO_INPUT);
            *place.ok_or_else(wrong)? = name;
        }
    }
    Ok(order)
}
