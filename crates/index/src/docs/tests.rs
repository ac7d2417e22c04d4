use super::{DOCUMENT_BYTES, DocTable, merge_docs};
use crate::filter::model::{Sections, Version, documents};
use crate::merge_error::MergeError;
use crate::sink::PartSection;
use proptest::prelude::*;

proptest! {
    #[test]
    fn every_column_gives_back_what_was_added(versions in documents(20)) {
        let sections = Sections::build(&versions);
        let table = sections.docs(versions.len());
        prop_assert_eq!(table.documents() as usize, versions.len());
        for (document, version) in (0..).zip(&versions) {
            prop_assert_eq!(table.seqno(document), Some(version.seqno));
            prop_assert_eq!(table.ordinal(document), Some(version.ordinal));
            prop_assert_eq!(table.created_us(document), Some(version.created_us));
            prop_assert_eq!(table.updated_us(document), Some(version.updated_us));
            prop_assert_eq!(table.validity(document), Some(version.validity));
            prop_assert_eq!(table.strength(document), Some(version.strength));
            prop_assert_eq!(table.confidence(document), Some(version.confidence));
            prop_assert_eq!(table.id(document), Some(version.id));
            prop_assert_eq!(table.namespace(document), Some(version.namespace));
            prop_assert_eq!(table.row(document), version.row);
            prop_assert_eq!(table.words(document), Some(version.seqno as u32 * 3));
            prop_assert_eq!(table.find(version.seqno, version.ordinal), Some(document));
            prop_assert_eq!(table.find(version.seqno, 3), None);
        }
        let after = versions.len() as u32;
        prop_assert_eq!(table.seqno(after), None);
        prop_assert_eq!(table.words(after), None);
        prop_assert_eq!(table.find(u64::MAX, 0), None);
        prop_assert_eq!(table.find(0, 0), None);
    }
}

#[test]
fn the_columns_stand_one_after_the_other() {
    let versions = [Version::new(1, "{}"), Version::new(2, "{}")];
    let sections = Sections::build(&versions);
    let bytes = sections.of(PartSection::Docs);
    assert_eq!(bytes.len(), 2 * DOCUMENT_BYTES);
    assert_eq!(bytes[..16], [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[2 * 56..2 * 56 + 32], [[1; 16], [2; 16]].concat()[..]);
    assert_eq!(bytes[2 * 80..2 * 84], [u8::MAX; 8], "no rows");
    assert_eq!(bytes[2 * 84..], [3, 0, 0, 0, 6, 0, 0, 0]);
}

#[test]
fn bytes_of_another_length_are_refused() {
    let sections = Sections::build(&[Version::new(1, "{}")]);
    let bytes = sections.of(PartSection::Docs);
    assert!(DocTable::open(bytes, 0).is_err());
    assert!(DocTable::open(bytes, 2).is_err());
    assert!(DocTable::open(bytes, u32::MAX).is_err());
    assert!(DocTable::open(&bytes[1..], 1).is_err());
    assert!(DocTable::open(&[], 0).is_ok());
}

#[test]
fn new_numbers_that_do_not_fit_are_refused() {
    let sections = Sections::build(&[Version::new(1, "{}"), Version::new(2, "{}")]);
    let table = sections.docs(2);
    let refused = |lists: &[&[u32]]| {
        let inputs: Vec<_> = lists.iter().map(|numbers| (table, *numbers)).collect();
        match merge_docs(&inputs, &mut Sections::default()) {
            Ok(()) => None,
            Err(MergeError::Damaged { input, .. }) => Some(input),
            Err(MergeError::Sink(never)) => match never {},
        }
    };
    assert_eq!(refused(&[&[0, 1]]), None);
    assert_eq!(refused(&[&[u32::MAX, 1], &[0, 2]]), None);
    assert_eq!(refused(&[]), None);
    assert_eq!(refused(&[&[0]]), Some(0), "a number is missing");
    assert_eq!(refused(&[&[1, 0]]), Some(0), "they fall");
    assert_eq!(refused(&[&[0, 2]]), Some(0), "a gap");
    assert_eq!(refused(&[&[0, 1], &[1, 2]]), Some(1), "the same number twice");
}
