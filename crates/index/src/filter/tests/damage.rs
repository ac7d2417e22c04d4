//! Sections with wrong bytes: an error or a wrong answer, never a panic or a hang.

use super::super::model::{Sections, documents, filter};
use super::*;
use crate::attributes::AttributeIndex;
use crate::docs::DocTable;
use crate::filter::PartColumns;
use proptest::sample::{Index, select};

proptest! {
    #[test]
    fn flipped_bits_in_a_section_are_survived(
        versions in documents(20),
        queries in vec(filter(), 4),
        section in select(&[
            PartSection::Docs,
            PartSection::ValueEntries,
            PartSection::ValueBytes,
            PartSection::ValueDocs,
        ][..]),
        flips in vec((any::<Index>(), 0..8_u8), 1..4),
        cut in any::<Option<Index>>(),
    ) {
        let mut sections = Sections::build(&versions);
        let bytes = sections.of_mut(section);
        for (place, bit) in flips.iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        let docs = DocTable::open(sections.of(PartSection::Docs), versions.len() as u32);
        let attributes = AttributeIndex::open(
            sections.of(PartSection::ValueEntries),
            sections.of(PartSection::ValueBytes),
            sections.of(PartSection::ValueDocs),
        );
        let (Ok(docs), Ok(attributes)) = (docs, attributes) else { return Ok(()) };
        for query in &queries {
            let filter = Filter::decode(&query.encode()).unwrap();
            let selected = filter.select(&PartColumns { docs, attributes }, 0, "x");
            if let Some(last) = selected.ok().and_then(|selected| selected.max()) {
                prop_assert!(last < docs.documents());
            }
        }
        let numbers: Vec<_> = (0..docs.documents()).collect();
        let _any = merge_attributes(&[(attributes, numbers.as_slice())], &mut Sections::default());
    }

    #[test]
    fn sections_of_any_bytes_open_or_not(bytes in vec(any::<u8>(), 0..200), documents in 0..3_u32) {
        let _any = DocTable::open(&bytes, documents);
        let _any = AttributeIndex::open(&bytes, &bytes, &bytes);
    }

    #[test]
    fn attributes_of_any_bytes_match_or_fail(bytes in vec(any::<u8>(), 0..200), query in filter()) {
        let filter = Filter::decode(&query.encode()).unwrap();
        let mut version = Version::new(1, "{}");
        for encoded in [bytes.clone(), [b"\x81\xa1a", bytes.as_slice()].concat()] {
            version.encoded = encoded;
            let _any = filter.matches(&version.document(), "x");
        }
    }
}
