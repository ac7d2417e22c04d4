//! Random documents and filters. Keys and values come from few, so that filters find something.

use super::{Json, Version};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sutra_format::ConceptId;
use sutra_format::op_fields::Validity;

/// Documents in the order of their commits, in two namespaces.
pub fn documents(count_max: usize) -> impl Strategy<Value = Vec<Version>> {
    vec(version(), 0..count_max).prop_map(|mut versions| {
        for (index, version) in (0..).zip(&mut versions) {
            version.seqno = 10 + index / 3;
            version.ordinal = index as u32 % 3;
        }
        versions
    })
}

fn version() -> impl Strategy<Value = Version> {
    let fixed = (0..2_u32, option::of(0..9_u32), select(&["", "", "x", "y", "\0x"][..]), 0..3_u8);
    let numbers = (0..4000_u64, 0..4000_u64, fraction(), fraction(), moment(), moment());
    (object(), fixed, numbers).prop_map(|(attributes, fixed, numbers)| Version {
        id: ConceptId([fixed.3; 16]),
        seqno: 0,
        ordinal: 0,
        namespace: fixed.0,
        row: fixed.1,
        encoded: attributes.encode(),
        attributes,
        key: fixed.2.into(),
        created_us: numbers.0,
        updated_us: numbers.1,
        strength: numbers.2,
        confidence: numbers.3,
        validity: Validity { from_ms: numbers.4, to_ms: numbers.5 },
    })
}

fn fraction() -> impl Strategy<Value = f64> {
    select(&[0.0, 0.5, 1.0][..])
}

fn moment() -> impl Strategy<Value = Option<i64>> {
    option::of(0..4_i64)
}

fn key() -> impl Strategy<Value = String> {
    select(&["a", "b", "c", "a.b", "", "key", "strength", "\0x"][..]).prop_map(Into::into)
}

const NUMBERS: &[f64] = &[-1.0, -0.0, 0.0, 1.0, 2.0, 1.5, -1.5, 1e300, 1e16];

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        2 => Just(Json::Null),
        2 => any::<bool>().prop_map(Json::Bool),
        6 => select(NUMBERS).prop_map(Json::Number),
        6 => text().prop_map(Json::Text),
    ]
}

/// Long ones share their first 256 bytes.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(&["", "x", "y", "xy", "x\0", "\0x", "1", "é"][..]).prop_map(Into::into),
        2 => (255..260_usize, select(&["", "a", "b"][..]))
            .prop_map(|(count, end)| format!("{}{end}", "z".repeat(count))),
    ]
}

fn value() -> impl Strategy<Value = Json> {
    scalar().prop_recursive(3, 12, 3, |inside| {
        prop_oneof![
            vec(inside.clone(), 0..4).prop_map(Json::Array),
            btree_map(key(), inside, 0..3)
                .prop_map(|pairs| Json::Object(pairs.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Json> {
    btree_map(key(), value(), 0..4).prop_map(|pairs| Json::Object(pairs.into_iter().collect()))
}

/// A filter that decodes.
pub fn filter() -> impl Strategy<Value = Json> {
    let conditions = vec(condition(), 0..3).prop_map(Json::Object);
    conditions.prop_recursive(3, 12, 3, |inside| {
        let list = vec(inside.clone(), 1..3).prop_map(Json::Array);
        let logical = prop_oneof![
            list.clone().prop_map(|list| ("$and".to_owned(), list)),
            list.prop_map(|list| ("$or".to_owned(), list)),
            inside.prop_map(|inside| ("$not".to_owned(), inside)),
        ];
        vec(prop_oneof![logical, condition()], 1..4).prop_map(Json::Object)
    })
}

const PATHS: &[&str] = &[
    "a",
    "b",
    "c",
    "a.b",
    "a.b.c",
    "b.a",
    "a.a",
    "a.",
    "",
    "attributes.key",
    "attributes.strength",
    "attributes.a",
    "\0x",
    "key.a",
    "attributes.\0x",
];

fn condition() -> impl Strategy<Value = (String, Json)> {
    let attribute = (select(PATHS), operators(value().boxed(), bound().boxed()));
    let strings = prop_oneof![Just(Json::Null), text().prop_map(Json::Text)].boxed();
    let texts = operators(strings, text().prop_map(Json::Text).boxed());
    let numbers = select(&[0.0, 0.5, 1.0, 2.0, 3.0][..]).prop_map(Json::Number);
    let fraction = operators(numbers.clone().boxed(), numbers.boxed());
    let moments = (0..4_i32).prop_map(|ms| Json::Number(f64::from(ms)));
    let times = operators(moments.clone().boxed(), moments.clone().boxed());
    let ids = (0..3_u8).prop_map(|byte| Json::Text(ConceptId([byte; 16]).to_string()));
    let id = operators(ids.clone().boxed(), ids.boxed());
    let nested = (key(), operators(value().boxed(), bound().boxed()))
        .prop_map(|(key, inside)| ("a".to_owned(), Json::Object(vec![(key, inside)])));
    prop_oneof![
        6 => attribute.prop_map(|(path, value)| (path.to_owned(), value)),
        2 => nested,
        1 => (select(&["key", "namespace"][..]), texts).prop_map(named),
        1 => (select(&["strength", "confidence"][..]), fraction).prop_map(named),
        1 => (select(&["createdAt", "updatedAt", "validFrom", "validTo"][..]), times)
            .prop_map(named),
        1 => (Just("id"), id).prop_map(named),
        1 => (Just("validAt"), moments).prop_map(named),
    ]
}

fn named((name, value): (&str, Json)) -> (String, Json) {
    (name.to_owned(), value)
}

fn bound() -> impl Strategy<Value = Json> {
    scalar().prop_filter("compares", |value| matches!(value, Json::Number(_) | Json::Text(_)))
}

/// Operators on a field, or a value it is equal to.
fn operators(value: BoxedStrategy<Json>, bound: BoxedStrategy<Json>) -> BoxedStrategy<Json> {
    let name = |name: &'static str| move |value: Json| (name.to_owned(), value);
    let compare = (select(&["$gt", "$gte", "$lt", "$lte"][..]), bound).prop_map(named);
    let equal = (select(&["$eq", "$ne"][..]), value.clone()).prop_map(named);
    let list = vec(value.clone(), 0..4).prop_map(Json::Array);
    let in_list = (select(&["$in", "$nin"][..]), list).prop_map(named);
    let exists = any::<bool>().prop_map(Json::Bool).prop_map(name("$exists"));
    let one = prop_oneof![3 => compare, 3 => equal, 2 => in_list, 1 => exists];
    let plain = value.prop_filter("no conditions", |value| !matches!(value, Json::Object(_)));
    let several = vec(one, 1..3).prop_map(Json::Object);
    let negated = several.clone().prop_map(name("$not"));
    prop_oneof![
        2 => plain,
        4 => several,
        1 => negated.prop_map(|pair| Json::Object(vec![pair])),
    ]
    .boxed()
}
