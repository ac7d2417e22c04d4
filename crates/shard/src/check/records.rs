//! The versions of concepts in one segment.

use super::report::{Code, Report};
use super::segment::{Bounds, nodes};
use super::segment_view::SegmentView;
use sutra_format::ConceptId;
use sutra_format::attributes::read_attributes;
use sutra_format::concept_record::{ConceptRecord, TextRef};
use sutra_format::msgpack::Reader;

/// Looks at each version, in the order of commits, then at what leads from concept to concept's
/// versions.
pub(super) fn check_records(view: &SegmentView<'_>, bounds: Bounds, report: &mut Report) {
    if !check_order(view, report) {
        return;
    }
    let mut last = (0, 0);
    for (number, (position, end)) in positions(view).zip(positions(view).skip(1)).enumerate() {
        let Some(record) = exact_record(view, position, end) else {
            let message = format!("version {number} is no record that ends at {end}");
            report.add(Code::RECORD, view.path(), position, message);
            continue;
        };
        if let Some(message) = problem_of(view, &record, number, position, bounds) {
            report.add(Code::RECORD, view.path(), position, message);
        }
        let at = (record.seqno(), record.ordinal());
        if at < last {
            let message = format!("commit {} comes after commit {}", at.0, last.0);
            report.add(Code::RECORD, view.path(), position, message);
        }
        last = at;
    }
    check_chains(view, report);
}

/// The numbers in the section `Order`: where each record begins, and where the last one ends.
fn positions<'v>(view: &'v SegmentView<'_>) -> impl Iterator<Item = u64> + 'v {
    view.order.entries.iter().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Whether the records fill their section from its beginning to its end, each after the other.
fn check_order(view: &SegmentView<'_>, report: &mut Report) -> bool {
    let (section, _) = view.records;
    let records = view.order.entries.len().saturating_sub(1) as u64;
    let is_right = positions(view).next() == Some(section.offset)
        && positions(view).last() == Some(section.offset + section.bytes)
        && positions(view).is_sorted_by(|one, next| one < next)
        && section.items == records;
    if !is_right {
        let message = format!("{records} versions are not where their order says");
        report.add(Code::RECORD, view.path(), view.order.offset, message);
    }
    is_right
}

/// The record that begins at `position` and ends at `end`.
fn exact_record<'a>(view: &SegmentView<'a>, position: u64, end: u64) -> Option<ConceptRecord<'a>> {
    let (section, bytes) = view.records;
    let start = usize::try_from(position.checked_sub(section.offset)?).ok()?;
    let end = usize::try_from(end.checked_sub(section.offset)?).ok()?;
    ConceptRecord::check(bytes.get(start..end)?).ok()
}

/// What is wrong with a version.
fn problem_of(
    view: &SegmentView<'_>,
    record: &ConceptRecord<'_>,
    number: usize,
    position: u64,
    bounds: Bounds,
) -> Option<String> {
    let (first, last) = view.seqnos();
    let id = record.id();
    if record.cell() as usize != number {
        return Some(format!("version {number} says it is number {}", record.cell()));
    }
    if !(first..=last).contains(&record.seqno()) {
        return Some(format!("commit {} is not in the file", record.seqno()));
    }
    if record.namespace() >= bounds.namespaces {
        return Some(format!("there is no namespace with the number {}", record.namespace()));
    }
    let before = record.previous();
    if before != 0 {
        let is_older = before < position
            && view
                .record(before)
                .is_some_and(|older| older.id() == id && older.seqno() <= record.seqno());
        if !is_older || !is_position(view, before) {
            return Some(format!("no older version of {id} is at {before}"));
        }
    }
    if std::str::from_utf8(record.key()).is_err() {
        return Some("its key is no text".into());
    }
    let is_text = |text: &[u8]| std::str::from_utf8(text).is_ok();
    if !text_is_right(view, record, position, ConceptRecord::content, is_text) {
        return Some(format!("the content of {id} is not there, or is no text"));
    }
    if !text_is_right(view, record, position, ConceptRecord::attributes, is_map) {
        return Some(format!("the attributes of {id} are not there, or are no map"));
    }
    None
}

/// Whether attributes are one whole map, or none.
pub(super) fn is_map(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let is_one = read_attributes(&mut reader).is_ok() && reader.offset() == bytes.len();
    bytes.is_empty() || is_one
}

/// Whether a text is here, or in an older version of the same concept in this file.
fn text_is_right<'a>(
    view: &SegmentView<'a>,
    record: &ConceptRecord<'a>,
    position: u64,
    text_of: fn(&ConceptRecord<'a>) -> TextRef<'a>,
    is_right: fn(&[u8]) -> bool,
) -> bool {
    match text_of(record) {
        TextRef::Inline(text) => is_right(text),
        TextRef::At(holder) => {
            holder < position
                && is_position(view, holder)
                && view.record(holder).is_some_and(|older| {
                    older.id() == record.id() && matches!(text_of(&older), TextRef::Inline(_))
                })
        }
        TextRef::Below => false,
    }
}

/// Whether a record begins at a position.
fn is_position(view: &SegmentView<'_>, position: u64) -> bool {
    let number = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    view.order.entries.binary_search_by_key(&position, number).is_ok()
}

/// Each version is found from its concept's node, and from no other.
fn check_chains(view: &SegmentView<'_>, report: &mut Report) {
    let mut found = 0;
    for (node, offset) in nodes(view) {
        let mut position = node.record;
        let mut is_newest = true;
        while position != 0 {
            let record = view.record(position).filter(|_| is_position(view, position));
            let Some(record) = record.filter(|record| record.id() == node.id) else {
                let message = format!("no version of {} is at {position}", node.id);
                let at = if is_newest { offset } else { position };
                report.add(Code::RECORD, view.path(), at, message);
                break;
            };
            found += 1;
            is_newest = false;
            // What does not lead to an older one was reported with the record.
            position = Some(record.previous()).filter(|older| *older < position).unwrap_or(0);
        }
    }
    let versions = view.order.entries.len().saturating_sub(1);
    if found != versions {
        let message = format!("the concepts have {found} versions, and there are {versions}");
        report.add(Code::RECORD, view.path(), view.records.0.offset, message);
    }
}

/// The newest version of a concept in a segment.
pub(super) fn newest<'a>(view: &SegmentView<'a>, id: &ConceptId) -> Option<ConceptRecord<'a>> {
    view.node(id).filter(|node| node.record != 0).and_then(|node| view.record(node.record))
}
