use super::value_key::{encode_object, number_key};
use super::{
    AttributeBuilder, AttributeIndex, EXISTS, PATH_BYTES_MAX, encode_text, flatten_attributes,
    merge_attributes,
};
use crate::docs::merge_docs;
use crate::filter::model::{Json, Sections, Version, documents};
use crate::merge_error::MergeError;
use crate::sink::{PartSection, PartSink};
use proptest::num::f64;
use proptest::prelude::*;

/// Path and value of all that is given, without what repeats.
fn flattened(attributes: &[u8], composites: bool) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let emit = |path: &[u8], value: &[u8]| {
        let path = str::from_utf8(&path[1..path.len() - 1]).unwrap();
        found.push((path.to_owned(), value.to_vec()));
    };
    flatten_attributes(attributes, composites, emit).unwrap();
    found.sort();
    found.dedup();
    found
}

fn of_json(text: &str) -> Vec<(String, Vec<u8>)> {
    flattened(&Json::parse(text).encode(), false)
}

fn number(value: std::primitive::f64) -> Vec<u8> {
    number_key(value).to_vec()
}

fn text(value: &str) -> Vec<u8> {
    let mut out = Vec::new();
    encode_text(value, &mut out);
    out
}

#[test]
fn values_stand_at_the_path_of_their_keys() {
    let expect = |json: &str, values: &[(&str, Vec<u8>)]| {
        let mut expected: Vec<_> =
            values.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect();
        expected.sort();
        assert_eq!(of_json(json), expected, "{json}");
    };
    let exists = || vec![EXISTS];
    expect("{}", &[]);
    expect(r#"{"a": 1}"#, &[("a", exists()), ("a", number(1.0))]);
    expect(r#"{"a": {"b": "x"}}"#, &[("a", exists()), ("a.b", exists()), ("a.b", text("x"))]);
    expect(r#"{"a": [1, 1, 2]}"#, &[("a", exists()), ("a", number(1.0)), ("a", number(2.0))]);
    expect(r#"{"a": [{"b": 1}]}"#, &[("a", exists()), ("a.b", exists()), ("a.b", number(1.0))]);
    expect(r#"{"a": [[1, {"b": 1}]]}"#, &[("a", exists())]);
    expect(r#"{"": {"": 1}}"#, &[("", exists()), (".", exists()), (".", number(1.0))]);
}

#[test]
fn composites_stand_at_their_path_and_ignore_the_order_of_keys() {
    let composites = |json: &str| {
        let all = flattened(&Json::parse(json).encode(), true);
        let is_composite = |(_, value): &(String, Vec<u8>)| value.len() == 17;
        all.into_iter().filter(is_composite).collect::<Vec<_>>()
    };
    assert_eq!(composites(r#"{"a": [[1], {"b": {}}]}"#).len(), 4);
    assert_eq!(composites(r#"{"a": {"b": 1, "c": 2}}"#), composites(r#"{"a": {"c": 2, "b": 1}}"#));
    assert_ne!(composites(r#"{"a": {"b": 1, "c": 2}}"#), composites(r#"{"a": {"b": 2, "c": 1}}"#));
    assert_ne!(composites(r#"{"a": [1, [2]]}"#), composites(r#"{"a": [[1], 2]}"#));
    assert_ne!(composites(r#"{"a": []}"#), composites(r#"{"a": {}}"#));
    assert_ne!(composites(r#"{"a": ["b", 1]}"#), composites(r#"{"a": {"b": 1}}"#));
}

#[test]
fn hashes_are_fixed_for_ever() {
    // A change of these values would make every filter miss what older parts hold.
    let mut empty = Vec::new();
    encode_object(&mut [], &mut empty);
    let long = text(&"z".repeat(257));
    let array = super::encode_value(&Json::parse(r#"[1, "x", {"b": null}]"#).encode()).unwrap();
    let hash = |bytes: &[u8]| format!("{:x}", u128::from_be_bytes(*bytes.last_chunk().unwrap()));
    assert_eq!(hash(&empty), "a9c15fc199fb1090f4b19d8fec19e728");
    assert_eq!(hash(&array), "7dc6e4f3a7179442414bda23c6a5e651");
    assert_eq!(hash(&long), "92fc347e92c61cff9375c7f4bdbc75dc");
}

#[test]
fn too_long_paths_are_left_out_but_count_in_what_holds_them() {
    let long = "k".repeat(PATH_BYTES_MAX - 1);
    let values = of_json(&format!(r#"{{"{long}": {{"": 1, "x": 2}}, "b": 3}}"#));
    let paths: Vec<_> = values.iter().map(|(path, _)| path.len()).collect();
    assert_eq!(paths, [1, 1, PATH_BYTES_MAX - 1, PATH_BYTES_MAX, PATH_BYTES_MAX]);
    let of = |inner: &str| {
        let json = Json::parse(&format!(r#"{{"a": {{"{}": {inner}}}}}"#, "k".repeat(300)));
        flattened(&json.encode(), true)
    };
    assert_ne!(of("1"), of("2"));
}

#[test]
fn attributes_nest_as_deep_as_they_are_stored() {
    let nested = |depth: usize| [b"\x81\xa1a".repeat(depth - 1), vec![0x80]].concat();
    assert!(flatten_attributes(&nested(64), true, |_, _| {}).is_ok());
    assert!(flatten_attributes(&nested(65), true, |_, _| {}).is_err());
    assert!(flatten_attributes(&[], true, |_, _| {}).is_ok());
    assert!(flatten_attributes(&[0x80, 0], true, |_, _| {}).is_err(), "more follows");
    assert!(flatten_attributes(&[0x90], true, |_, _| {}).is_err(), "no object");
}

proptest! {
    #[test]
    fn numbers_sort_as_bytes_as_they_do_as_numbers(
        one in f64::NORMAL | f64::ZERO | f64::SUBNORMAL,
        other in f64::NORMAL | f64::ZERO,
    ) {
        prop_assert_eq!(Some(number_key(one).cmp(&number_key(other))), one.partial_cmp(&other));
    }

    #[test]
    fn a_damaged_document_adds_nothing(versions in documents(4), bytes: Vec<u8>) {
        let mut builder = AttributeBuilder::new();
        let (mut before, mut after) = (Sections::default(), Sections::default());
        for (number, version) in (0..).zip(&versions) {
            builder.add(number, &version.document()).unwrap();
        }
        let Ok(()) = builder.write(&mut before);
        let mut damaged = Version::new(9, "{}");
        damaged.key = "k".into();
        damaged.encoded = [b"\x82\xa1a\x01\xa1b\xc1", bytes.as_slice()].concat();
        prop_assert!(builder.add(9, &damaged.document()).is_err());
        let Ok(()) = builder.write(&mut after);
        prop_assert!(before == after);
    }
}

#[test]
fn the_sections_byte_by_byte() {
    let mut versions =
        [Version::new(1, r#"{"a": [true, true]}"#), Version::new(2, r#"{"a": null}"#)];
    versions[1].namespace = 258;
    versions[1].key = "k".into();
    let sections = Sections::build(&versions);
    let keys: [&[u8]; 6] = [
        b"\0\0\0\0\x02a\xff\0",
        b"\0\0\0\0\x02a\xff\x03",
        b"\0\0\x01\x02\x01\xff\0",
        b"\0\0\x01\x02\x01\xff\x05k",
        b"\0\0\x01\x02\x02a\xff\0",
        b"\0\0\x01\x02\x02a\xff\x01",
    ];
    let index = sections.attributes();
    assert_eq!(index.values(), 7);
    let found: Vec<_> = (0..7).map(|entry| index.key(entry).unwrap()).collect();
    assert_eq!(found[..2], keys[..2]);
    assert_eq!(found[2][..8], *b"\0\0\0\0\x02a\xff\x06");
    assert_eq!(found[3..], keys[2..]);
    let lists: Vec<_> = sections.of(PartSection::ValueDocs).chunks(4).map(|list| list[0]).collect();
    assert_eq!(lists, [0, 0, 0, 1, 1, 1, 1]);
    let entries = sections.of(PartSection::ValueEntries);
    let bytes = sections.of(PartSection::ValueBytes).len() as u64;
    let entry = |starts: [u64; 2], documents: u32| {
        [&starts[0].to_le_bytes()[..], &starts[1].to_le_bytes(), &documents.to_le_bytes(), &[0; 4]]
            .concat()
    };
    assert_eq!(entries[24..48], entry([8, 1], 1));
    assert_eq!(entries[7 * 24..], entry([bytes, 7], 0));
}

#[test]
fn sections_that_do_not_end_where_they_should_do_not_open() {
    let sections = Sections::build(&[Version::new(1, r#"{"a": 1}"#)]);
    let [entries, keys, docs] =
        [PartSection::ValueEntries, PartSection::ValueBytes, PartSection::ValueDocs]
            .map(|section| sections.of(section));
    assert!(AttributeIndex::open(entries, keys, docs).is_ok());
    assert!(AttributeIndex::open(&[], &[], &[]).is_err());
    assert!(AttributeIndex::open(&entries[24..], keys, docs).is_ok(), "entries are not counted");
    assert!(AttributeIndex::open(&entries[1..], keys, docs).is_err());
    assert!(AttributeIndex::open(entries, &keys[1..], docs).is_err());
    assert!(AttributeIndex::open(entries, keys, &docs[4..]).is_err());
    assert!(AttributeIndex::open(entries, keys, &[docs, &[0]].concat()).is_err());
    let empty = Sections::build(&[]);
    assert_eq!(empty.of(PartSection::ValueEntries), [0; 24]);
    assert_eq!(empty.attributes().values(), 0);
}

#[test]
fn a_merge_of_many_documents_goes_out_in_chunks() {
    let version = |seqno: u64| {
        let names =
            format!(r#"{{"n": {seqno}, "even": {}, "s": "{}"}}"#, seqno % 2, "x".repeat(20));
        Version::new(seqno, &names)
    };
    let versions: Vec<_> = (0..3000).map(version).collect();
    let parts: Vec<Vec<&Version>> =
        (0..2).map(|part| versions.iter().filter(|one| one.seqno % 2 == part).collect()).collect();
    let sections: Vec<_> = parts.iter().map(|part| Sections::build(part.iter().copied())).collect();
    let numbers: Vec<Vec<u32>> =
        parts.iter().map(|part| part.iter().map(|one| one.seqno as u32).collect()).collect();
    let inputs = || sections.iter().zip(&numbers);
    let docs: Vec<_> = inputs().map(|(part, new)| (part.docs(1500), new.as_slice())).collect();
    let attributes: Vec<_> =
        inputs().map(|(part, new)| (part.attributes(), new.as_slice())).collect();
    let mut merged = Sections::default();
    merge_docs(&docs, &mut merged).unwrap();
    merge_attributes(&attributes, &mut merged).unwrap();
    assert!(merged == Sections::build(&versions));
}

/// Fails after some appends.
struct Full(usize);

impl PartSink for Full {
    type Error = &'static str;

    fn append(&mut self, _: PartSection, _: &[u8]) -> Result<(), &'static str> {
        self.0 = self.0.checked_sub(1).ok_or("full")?;
        Ok(())
    }
}

#[test]
fn a_sink_that_fails_stops_the_merge_and_a_wrong_list_names_its_part() {
    let sections = Sections::build(&[Version::new(1, r#"{"a": 1}"#)]);
    let input = |numbers| (sections.attributes(), numbers);
    for appends in 0..3 {
        let failed = merge_attributes(&[input(&[0][..])], &mut Full(appends));
        assert_eq!(failed, Err(MergeError::Sink("full")));
    }
    assert_eq!(merge_attributes(&[input(&[0][..])], &mut Full(3)), Ok(()));
    let failed = merge_attributes(&[input(&[0][..]), input(&[][..])], &mut Full(9));
    assert!(matches!(failed, Err(MergeError::Damaged { input: 1, .. })));
}

#[test]
fn memory_grows_with_what_is_added() {
    let mut builder = AttributeBuilder::new();
    for number in 0..1000 {
        let version = Version::new(u64::from(number), &format!(r#"{{"a": {number}}}"#));
        builder.add(number, &version.document()).unwrap();
    }
    let bytes = builder.memory_bytes();
    assert!((30_000..300_000).contains(&bytes), "{bytes}");
}
