//! The meaning of each operator, one line a case.

use super::super::Filter;
use super::super::model::{Json, Sections, Version};
use super::check;
use sutra_format::op_fields::Validity;

/// Seqnos of the versions that match.
fn found(query: &str, versions: &[Version]) -> Vec<u64> {
    let query = Json::parse(query);
    let sections = Sections::build(versions);
    check(&query, &versions.iter().collect::<Vec<_>>(), &sections);
    let filter = Filter::decode(&query.encode()).unwrap();
    let selected = filter.select(&sections.columns(versions.len()), 0, "x").unwrap();
    selected.iter().map(|document| versions[document as usize].seqno).collect()
}

fn check_all(versions: &[&str], cases: &[(&str, &[u64])]) {
    let versions: Vec<_> =
        (0..).zip(versions).map(|(seqno, json)| Version::new(seqno, json)).collect();
    for (query, expected) in cases {
        assert_eq!(found(query, &versions), *expected, "{query}");
    }
}

#[test]
fn scalars_compare_within_their_type() {
    let versions = [
        r#"{"a": 1}"#,
        r#"{"a": 2.5}"#,
        r#"{"a": "1"}"#,
        r#"{"a": "b"}"#,
        r#"{"a": true}"#,
        r#"{"a": null}"#,
        "{}",
    ];
    check_all(
        &versions,
        &[
            ("{}", &[0, 1, 2, 3, 4, 5, 6]),
            (r#"{"a": 1}"#, &[0]),
            (r#"{"a": {"$eq": 1.0}}"#, &[0]),
            (r#"{"a": {"$gt": 1}}"#, &[1]),
            (r#"{"a": {"$gte": 1}}"#, &[0, 1]),
            (r#"{"a": {"$lt": 100}}"#, &[0, 1]),
            (r#"{"a": {"$gte": 1, "$lt": 2}}"#, &[0]),
            (r#"{"a": {"$lte": "1"}}"#, &[2]),
            (r#"{"a": {"$gt": ""}}"#, &[2, 3]),
            (r#"{"a": true}"#, &[4]),
            (r#"{"a": false}"#, &[]),
            (r#"{"a": null}"#, &[5, 6]),
            (r#"{"a": {"$ne": null}}"#, &[0, 1, 2, 3, 4]),
            (r#"{"a": {"$ne": 1}}"#, &[1, 2, 3, 4, 5, 6]),
            (r#"{"a": {"$exists": true}}"#, &[0, 1, 2, 3, 4, 5]),
            (r#"{"a": {"$exists": false}}"#, &[6]),
            (r#"{"a": {"$in": [1, "b", null]}}"#, &[0, 3, 5, 6]),
            (r#"{"a": {"$nin": [1, "b", null]}}"#, &[1, 2, 4]),
            (r#"{"a": {"$in": []}}"#, &[]),
            (r#"{"a": {"$not": {"$gt": 1}}}"#, &[0, 2, 3, 4, 5, 6]),
            (r#"{"$not": {"a": 1}}"#, &[1, 2, 3, 4, 5, 6]),
            (r#"{"$or": [{"a": 1}, {"a": "b"}]}"#, &[0, 3]),
            (r#"{"$and": [{"a": {"$gt": 0}}, {"a": {"$lt": 2}}]}"#, &[0]),
            (r#"{"a": {"$gt": 0}, "$or": [{"a": 2.5}, {"a": "b"}]}"#, &[1]),
        ],
    );
}

#[test]
fn arrays_match_by_any_element_or_as_a_whole() {
    let versions = [
        r#"{"a": [1, 5]}"#,
        r#"{"a": []}"#,
        r#"{"a": [[1, 5], 7]}"#,
        r#"{"a": [{"b": 1}, {"b": 2, "c": 3}]}"#,
        r#"{"a": {"b": 1}}"#,
        r#"{"a.b": 1}"#,
        r#"{"a": [[{"b": 1}]]}"#,
    ];
    check_all(
        &versions,
        &[
            (r#"{"a": 5}"#, &[0]),
            (r#"{"a": [1, 5]}"#, &[0, 2]),
            (r#"{"a": [5, 1]}"#, &[]),
            (r#"{"a": []}"#, &[1]),
            // No element is between 2 and 4, but one is over 2 and another under 4.
            (r#"{"a": {"$gt": 2, "$lt": 4}}"#, &[0]),
            (r#"{"a": {"$gt": 6}}"#, &[2]),
            (r#"{"a": {"$exists": true}}"#, &[0, 1, 2, 3, 4, 6]),
            (r#"{"a.b": 1}"#, &[3, 4, 5]),
            (r#"{"a": {"b": 2}}"#, &[3]),
            (r#"{"a": {"$eq": {"b": 1}}}"#, &[3, 4]),
            (r#"{"a": {"$eq": {"c": 3, "b": 2}}}"#, &[3]),
            (r#"{"a": {"$in": [[{"b": 1}], 7]}}"#, &[2, 6]),
            (r#"{"a": {"$ne": 5}}"#, &[1, 2, 3, 4, 5, 6]),
        ],
    );
}

#[test]
fn long_strings_are_equal_only_as_a_whole_and_sort_by_their_start() {
    let long = "z".repeat(256);
    let versions: Vec<_> =
        ["", "a", "b"].iter().map(|end| format!(r#"{{"a": "{long}{end}"}}"#)).collect();
    let versions: Vec<_> = versions.iter().map(String::as_str).collect();
    let query = |operator: &str, end: &str| format!(r#"{{"a": {{"{operator}": "{long}{end}"}}}}"#);
    let cases = [
        ("$eq", "", vec![0]),
        ("$eq", "a", vec![1]),
        ("$eq", "c", vec![]),
        ("$gt", "", vec![1, 2]),
        ("$gt", "a", vec![]),
        ("$gte", "b", vec![1, 2]),
        ("$lt", "a", vec![0]),
        ("$lte", "c", vec![0, 1, 2]),
    ];
    for (operator, end, expected) in cases {
        check_all(&versions, &[(&query(operator, end), &expected)]);
    }
}

#[test]
fn fixed_fields_hide_attributes_of_their_name() {
    let mut versions: Vec<_> = (0..4).map(|seqno| Version::new(seqno, "{}")).collect();
    versions[1] = Version::new(1, r#"{"key": "k", "strength": 9, "attributes": {"x": 1}, "x": 2}"#);
    versions[2].key = "k".into();
    versions[2].strength = 0.25;
    versions[3].created_us = 1_580_464_800_123_999;
    versions[3].validity = Validity { from_ms: Some(100), to_ms: Some(200) };
    let cases: [(&str, &[u64]); 19] = [
        (r#"{"key": "k"}"#, &[2]),
        (r#"{"key": {"$exists": false}}"#, &[0, 1, 3]),
        (r#"{"key": null}"#, &[0, 1, 3]),
        (r#"{"attributes.key": "k"}"#, &[1]),
        (r#"{"attributes": {"key": "k", "strength": {"$gt": 8}}}"#, &[1]),
        (r#"{"attributes.x": 2}"#, &[1]),
        (r#"{"attributes.attributes.x": 1}"#, &[1]),
        (r#"{"strength": {"$lt": 1}}"#, &[2]),
        (r#"{"createdAt": 1580464800123}"#, &[3]),
        (r#"{"validFrom": {"$exists": true}}"#, &[3]),
        (r#"{"validTo": null}"#, &[0, 1, 2]),
        (r#"{"validAt": 100}"#, &[0, 1, 2, 3]),
        (r#"{"validAt": {"$eq": 99}}"#, &[0, 1, 2]),
        (r#"{"validAt": {"$not": {"$eq": 200}}}"#, &[3]),
        (r#"{"namespace": "x"}"#, &[0, 1, 2, 3]),
        (r#"{"namespace": {"$ne": "x"}}"#, &[]),
        (r#"{"namespace": {"$exists": true}}"#, &[0, 1, 2, 3]),
        (r#"{"id": "02020202020202020202020202020202"}"#, &[2]),
        (r#"{"id": {"$in": ["02020202020202020202020202020202"]}, "strength": 1}"#, &[]),
    ];
    for (query, expected) in cases {
        assert_eq!(found(query, &versions), expected, "{query}");
    }
    // The model does not know dates as text.
    for query in [
        r#"{"createdAt": "2020-01-31T10:00:00.123Z"}"#,
        r#"{"createdAt": {"$gt": "2020-01-31", "$lt": "2020-01-31T10:00:01Z"}}"#,
    ] {
        let filter = Filter::decode(&Json::parse(query).encode()).unwrap();
        assert!(filter.matches(&versions[3].document(), "x").unwrap(), "{query}");
        assert!(!filter.matches(&versions[0].document(), "x").unwrap(), "{query}");
    }
}

#[test]
fn numbers_of_any_width_are_the_same_number() {
    let mut version = Version::new(0, "{}");
    let widths: [&[u8]; 4] = [
        &[0x81, 0xa1, b'a', 1],
        &[0x81, 0xa1, b'a', 0xd3, 0, 0, 0, 0, 0, 0, 0, 1],
        &[0x81, 0xa1, b'a', 0xca, 0x3f, 0x80, 0, 0],
        &[0x81, 0xa1, b'a', 0x91, 0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0],
    ];
    let queries = [r#"{"a": 1}"#, r#"{"a": {"$in": [1, [1]]}}"#];
    for width in widths {
        version.encoded = width.to_vec();
        for query in queries {
            let filter = Filter::decode(&Json::parse(query).encode()).unwrap();
            assert!(filter.matches(&version.document(), "x").unwrap(), "{query} {width:?}");
        }
    }
    version.encoded = vec![0x81, 0xa1, b'a', 0xc7];
    let filter = Filter::decode(&Json::parse(queries[0]).encode()).unwrap();
    assert!(filter.matches(&version.document(), "x").is_err());
    version.encoded.clear();
    assert!(!filter.matches(&version.document(), "x").unwrap(), "no bytes are no attributes");
}
