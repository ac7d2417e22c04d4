use super::model::{Json, Sections, Version, documents, filter, matches};
use super::{FILTER_BYTES_MAX, Filter};
use crate::attributes::merge_attributes;
use crate::docs::merge_docs;
use crate::sink::PartSection;
use proptest::collection::vec;
use proptest::prelude::*;

mod damage;
mod measure;
mod refusals;
mod semantics;

const NAMES: [&str; 2] = ["x", "default"];

/// The documents of a part that a filter selects, checked against each version alone and against
/// the JSON.
fn check(query: &Json, versions: &[&Version], sections: &Sections) {
    let filter = Filter::decode(&query.encode()).unwrap();
    let columns = sections.columns(versions.len());
    for (number, name) in (0..).zip(NAMES) {
        let selected: Vec<_> = filter.select(&columns, number, name).unwrap().iter().collect();
        let all = (0..).zip(versions).filter(|(_, version)| version.namespace == number);
        let matching: Vec<u32> = all
            .clone()
            .filter(|(_, version)| filter.matches(&version.document(), name).unwrap())
            .map(|(document, _)| document)
            .collect();
        let expected: Vec<u32> = all
            .filter(|(_, version)| matches(query, version, name))
            .map(|(document, _)| document)
            .collect();
        assert_eq!(matching, expected, "each version alone: {query:?}");
        assert_eq!(selected, expected, "the whole part: {query:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn parts_versions_and_json_agree(versions in documents(30), queries in vec(filter(), 8)) {
        let sections = Sections::build(&versions);
        let versions: Vec<_> = versions.iter().collect();
        for query in &queries {
            check(query, &versions, &sections);
        }
    }

    #[test]
    fn a_merge_is_the_same_as_building_anew(
        versions in documents(40),
        places in vec((0..3_usize, 0..4_u8), 40),
        query in filter(),
    ) {
        let mut parts = [Vec::new(), Vec::new(), Vec::new()];
        let mut numbers = [Vec::new(), Vec::new(), Vec::new()];
        let mut survivors = Vec::new();
        for (version, (part, fate)) in versions.iter().zip(places) {
            parts[part].push(version);
            numbers[part].push(if fate == 0 { u32::MAX } else { survivors.len() as u32 });
            if fate != 0 {
                survivors.push(version);
            }
        }
        let sections: Vec<_> =
            parts.iter().map(|part| Sections::build(part.iter().copied())).collect();
        let inputs = || sections.iter().zip(&parts).zip(&numbers);
        let docs: Vec<_> = inputs()
            .map(|((sections, part), numbers)| (sections.docs(part.len()), numbers.as_slice()))
            .collect();
        let attributes: Vec<_> = inputs()
            .map(|((sections, _), numbers)| (sections.attributes(), numbers.as_slice()))
            .collect();
        let mut merged = Sections::default();
        merge_docs(&docs, &mut merged).unwrap();
        merge_attributes(&attributes, &mut merged).unwrap();
        let anew = Sections::build(survivors.iter().copied());
        prop_assert!(merged == anew);
        check(&query, &survivors, &merged);
    }
}
