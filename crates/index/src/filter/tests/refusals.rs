//! What is no filter, and where the refusal points.

use super::super::model::Json;
use super::{FILTER_BYTES_MAX, Filter};
use proptest::prelude::*;
use sutra_format::Refusal;

fn refusal(query: &str) -> Refusal {
    Filter::decode(&Json::parse(query).encode()).map(|_| query.to_owned()).unwrap_err()
}

#[test]
fn a_refusal_names_the_path_and_what_is_expected() {
    let cases = [
        (r#"{"year": {"$gtee": 1}}"#, "filter.year.$gtee: no such operator; known are $eq $ne"),
        (r#"{"$nor": []}"#, "filter.$nor: no such operator"),
        (r#"{"$gt": 1}"#, "filter.$gt: stands on a field"),
        (r#"{"a": {"$or": [{"b": 1}]}}"#, "filter.a.$or: stands around conditions"),
        (r#"{"a": {"$gt": 1, "b": 1}}"#, "filter.a: an object has either operators or fields"),
        (r#"{"a": {"b": {"$in": 1}}}"#, "filter.a.b.$in: expected an array"),
        (r#"{"a": {"$exists": 1}}"#, "filter.a.$exists: expected true or false"),
        (r#"{"a": {"$gt": true}}"#, "filter.a.$gt: expected a number or a string"),
        (r#"{"a": {"$lte": null}}"#, "filter.a.$lte: expected a number or a string"),
        (r#"{"a": {"$lt": {}}}"#, "filter.a.$lt: expected a number or a string"),
        (r#"{"a": {"$not": 1}}"#, "filter.a.$not: expected an object of operators"),
        (r#"{"a": {"$not": {"b": 1}}}"#, "filter.a.$not: expected an object of operators"),
        (r#"{"a": {}}"#, "filter.a: no conditions"),
        (r#"{"$and": []}"#, "filter.$and: must not be empty"),
        (r#"{"$or": [{"a": 1}, 2]}"#, "filter.$or[1]: expected an object of conditions"),
        (r#"{"$or": {"a": 1}}"#, "filter.$or: expected an array of objects"),
        (r#"{"$or": [{"a": 1}, {"a": {"$x": 1}}]}"#, "filter.$or[1].a.$x: no such operator"),
        ("[]", "filter: expected an object"),
        ("1", "filter: expected an object"),
        (r#"{"createdAt": "yesterday"}"#, "filter.createdAt: expected whole milliseconds"),
        (r#"{"createdAt": {"$gt": 1.5}}"#, "filter.createdAt.$gt: expected whole milliseconds"),
        (r#"{"validAt": {"$gt": 1}}"#, "filter.validAt.$gt: validAt takes one moment"),
        (r#"{"validAt": null}"#, "filter.validAt: expected whole milliseconds"),
        (r#"{"strength": "x"}"#, "filter.strength: expected a number"),
        (r#"{"key": {"$in": ["a", 1]}}"#, "filter.key.$in[1]: expected a string"),
        (r#"{"id": "ABC"}"#, "filter.id: an id is 32 lower-case"),
        (r#"{"a": {"$in": [1, inf]}}"#, "filter.a.$in[1]: a number must be finite"),
    ];
    for (query, expected) in cases {
        let refused = refusal(query).to_string();
        assert!(refused.starts_with(expected), "{query}: {refused}");
    }
}

#[test]
fn limits_are_refused_as_limits() {
    let limit = |query: &str| match refusal(query) {
        Refusal::Limit { field, value, limit } => (field, value, limit),
        other @ Refusal::Invalid { .. } => panic!("{other}"),
    };
    let deep = format!("{}1{}", r#"{"a": "#.repeat(33), "}".repeat(33));
    assert_eq!(limit(&deep), ("filter".into(), 33, 32));
    let list = |count: usize| format!(r#"{{"a": {{"$in": [{}]}}}}"#, vec!["1"; count].join(","));
    assert!(Filter::decode(&Json::parse(&list(1000)).encode()).is_ok());
    assert_eq!(limit(&list(1001)), ("filter".into(), 1001, 1000));
    let path = format!(r#"{{"{}": 1}}"#, "a".repeat(257));
    assert_eq!(limit(&path), ("filter".into(), 257, 256));
    let large = vec![0; FILTER_BYTES_MAX + 1];
    assert!(matches!(Filter::decode(&large), Err(Refusal::Limit { value: 65_537, .. })));
}

#[test]
fn bytes_that_are_no_json_are_refused() {
    let cases: [(&[u8], &str); 4] = [
        (&[], "filter: expected more bytes"),
        (&[0x80, 0], "filter: expected nothing after it"),
        (&[0x81, 0xa1, b'a', 0xc4, 0], "filter.a: expected a JSON value"),
        (&[0x81, 0xa1, b'a', 0xd6, 0xff, 0, 0, 0, 0], "filter.a: expected a JSON value"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(Filter::decode(bytes).map(|_| ()).unwrap_err().to_string(), expected);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _any = Filter::decode(&bytes);
        let _any = Filter::decode(&[b"\x81\xa1a\x81\xa3$in\x93", bytes.as_slice()].concat());
    }

    #[test]
    fn damaged_filters_are_decoded_or_refused(
        query in super::super::model::filter(),
        bit in any::<prop::sample::Index>(),
    ) {
        let mut bytes = query.encode();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let _any = Filter::decode(&bytes);
        let _any = Filter::decode(&bytes[..bit / 8]);
    }
}
