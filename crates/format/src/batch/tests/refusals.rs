//! What the decoder of a batch refuses, field by field.

use crate::batch::{Associate, Batch, EdgeName, Learn, Op, Update, decode_operations};
use crate::batch_builder::BatchBuilder;
use crate::id::{ConceptId, Identity};
use crate::limits::{Limits, NAMESPACE_BYTES_MAX, VECTOR_DIMENSION_CONFIG_MAX};
use crate::model::{AssociationClass, Metric};
use crate::op_fields::Validity;
use crate::refusal::Refusal;
use rmp::encode;

const TIME_MS_MAX: i64 = 8_640_000_000_000_000;
const NAME: EdgeName<'_> = EdgeName {
    source: ConceptId([1; 16]),
    target: ConceptId([2; 16]),
    class: AssociationClass::Causal,
    label: None,
};

fn hello() -> Learn<'static> {
    Learn { content: "hello", ..Learn::default() }
}

/// Small limits, so that one above each is quickly made.
fn small() -> Limits {
    Limits {
        content_bytes_max: 10,
        vector_dimension_max: 3,
        batch_operations_max: 2,
        attributes_bytes_max: 20,
        key_bytes_max: 8,
        ..Limits::default()
    }
}

fn refusal(batch: &Batch) -> Refusal {
    batch.decode(&small()).unwrap_err()
}

fn accepted(batch: &Batch) {
    assert_eq!(batch.decode(&small()).map(drop), Ok(()));
}

fn over(field: &str, limit: u64) -> Refusal {
    Refusal::Limit { field: field.into(), value: limit + 1, limit }
}

/// A batch of one operation whose elements are written by `write`.
fn raw(elements: u32, write: impl FnOnce(&mut Vec<u8>)) -> Batch {
    let mut bytes = Vec::new();
    encode::write_array_len(&mut bytes, 1).unwrap();
    encode::write_array_len(&mut bytes, elements).unwrap();
    write(&mut bytes);
    Batch::from_bytes(bytes)
}

/// The bytes of a learn whose element at `index` is replaced.
fn learn_with(index: usize, element: &[u8]) -> Batch {
    let nil = [0xc0];
    let mut elements: Vec<&[u8]> = vec![&[1], &nil, &nil, &nil, b"\xa5hello"];
    elements.resize(11, &nil);
    elements[index] = element;
    Batch::from_bytes([&[0x91, 0x9b], elements.concat().as_slice()].concat())
}

#[test]
fn every_limit_holds_at_its_value_and_not_one_above() {
    let learn = |learn: Learn<'_>| BatchBuilder::new().learn(&learn).build();
    accepted(&learn(Learn { content: "0123456789", ..hello() }));
    let batch = learn(Learn { content: "01234567890", ..hello() });
    assert_eq!(refusal(&batch), over("content", 10));

    let key = |key| learn(Learn { identity: Identity::Key(key), ..hello() });
    accepted(&key("12345678"));
    assert_eq!(refusal(&key("123456789")), over("key", 8));

    let vector = |bytes: &[u8]| learn(Learn { vector: Some(bytes), ..hello() });
    accepted(&vector(&[0; 12]));
    assert_eq!(refusal(&vector(&[0; 16])), over("vector", 3));

    let attributes = |text: &str| {
        let bytes = [b"\x81\xa1a", [0xa0 | text.len() as u8].as_slice(), text.as_bytes()].concat();
        learn(Learn { attributes: Some(&bytes), ..hello() })
    };
    accepted(&attributes("0123456789abcdef"));
    assert_eq!(refusal(&attributes("0123456789abcdefg")), over("attributes", 20));

    let label = |label| {
        let name = EdgeName { label: Some(label), ..NAME };
        BatchBuilder::new().dissociate(&name).build()
    };
    accepted(&label("12345678"));
    assert_eq!(refusal(&label("123456789")), over("label", 8));
}

#[test]
fn operations_are_counted_before_they_are_read() {
    let deletes = |count| {
        let id = ConceptId([7; 16]);
        (0..count).fold(BatchBuilder::new(), |batch, _| batch.delete(id))
    };
    accepted(&deletes(2).build());
    assert_eq!(deletes(3).count(), 3);
    assert_eq!(refusal(&deletes(3).build()), over("operations", 2));
    let claimed = Batch::from_bytes(vec![0xdd, 0xff, 0xff, 0xff, 0xff]);
    let limit = Refusal::Limit { field: "operations".into(), value: 0xffff_ffff, limit: 2 };
    assert_eq!(refusal(&claimed), limit);
    assert_eq!(refusal(&BatchBuilder::new().build()).field(), "operations");
}

#[test]
fn the_whole_batch_has_a_limit() {
    let batch = BatchBuilder::new().learn(&hello()).build();
    let bytes = batch.bytes().len();
    let at = |frame_bytes_max| batch.decode(&Limits { frame_bytes_max, ..small() });
    assert!(at(bytes).is_ok());
    assert_eq!(at(bytes - 1), Err(over("batch", bytes as u64 - 1)));
}

#[test]
fn namespaces_have_a_form_and_a_length() {
    let learn = |namespace| BatchBuilder::new().learn(&Learn { namespace, ..hello() }).build();
    let longest = "n".repeat(NAMESPACE_BYTES_MAX);
    for good in ["a", "_", "0", "A.b_c:d-e", &longest] {
        accepted(&learn(good));
    }
    for bad in ["", ".a", ":a", "-a", "a b", "a/b", "é", "a\0"] {
        assert!(
            matches!(refusal(&learn(bad)), Refusal::Invalid { field, .. } if field == "namespace")
        );
    }
    assert_eq!(refusal(&learn(&format!("{longest}n"))), over("namespace", 64));
}

#[test]
fn a_namespace_has_a_dimension_and_a_metric() {
    let of = |dimension| BatchBuilder::new().namespace("n", dimension, Metric::L2).build();
    accepted(&of(1));
    accepted(&of(VECTOR_DIMENSION_CONFIG_MAX));
    assert_eq!(refusal(&of(0)).field(), "vectorDimension");
    assert_eq!(refusal(&of(VECTOR_DIMENSION_CONFIG_MAX + 1)).field(), "vectorDimension");
    let written = |dimension: &[u8], metric: u8| {
        raw(4, |out| out.extend_from_slice(&[b"\x06\xa1n", dimension, &[metric]].concat()))
    };
    accepted(&written(&[8], 2));
    assert_eq!(refusal(&written(&[8], 3)).field(), "metric");
    // 2^32 + 8 must not be taken for 8.
    let wrapped = [0xcf, 0, 0, 0, 1, 0, 0, 0, 8];
    assert_eq!(refusal(&written(&wrapped, 2)).field(), "vectorDimension");
}

#[test]
fn unknown_kinds_and_wrong_numbers_of_elements_are_refused() {
    for kind in [0, 7, 127] {
        assert_eq!(refusal(&raw(2, |out| out.push(kind))).field(), "kind");
    }
    // 256 + 3 must not be taken for 3.
    assert_eq!(refusal(&raw(2, |out| out.extend([0xcd, 1, 3]))).field(), "kind");
    for (kind, right) in [(1, 11), (2, 9), (3, 2), (4, 10), (5, 5), (6, 4)] {
        for elements in (0..20).filter(|elements| *elements != right) {
            let batch = raw(elements, |out| {
                out.push(kind);
                out.extend_from_slice(&[0xc0; 20]);
            });
            let expected = format!("operation: {elements} elements instead of {right}");
            assert_eq!(refusal(&batch).to_string(), expected);
        }
    }
}

#[test]
fn a_value_of_another_type_is_refused_and_named() {
    let fields = [
        "kind",
        "id",
        "key",
        "namespace",
        "content",
        "vector",
        "attributes",
        "strength",
        "confidence",
        "validFrom",
        "validTo",
    ];
    accepted(&learn_with(0, &[1]));
    for (index, field) in fields.into_iter().enumerate() {
        for wrong in [&[0xc2][..], &[0x90], &[0xc1], &[0xd4, 1, 1]] {
            assert_eq!(refusal(&learn_with(index, wrong)).field(), field);
        }
    }
    assert_eq!(refusal(&learn_with(4, &[0xc0])).to_string(), "content: expected a string");
}

#[test]
fn ids_have_sixteen_bytes() {
    for bytes in [0, 15, 17, 32] {
        let element = [&[0xc4, bytes][..], &vec![1; bytes.into()]].concat();
        assert_eq!(refusal(&learn_with(1, &element)).to_string(), "id: an id is 16 bytes");
    }
}

#[test]
fn an_id_and_a_key_together_are_refused() {
    let id = [&[0xc4, 16][..], &[9; 16]].concat();
    let nil = [0xc0; 6];
    let elements = [&[1], id.as_slice(), b"\xa1k", &[0xc0], b"\xa5hello", &nil].concat();
    let batch = raw(11, |out| out.extend_from_slice(&elements));
    assert_eq!(refusal(&batch).to_string(), "key: give an id or a key, not both");
}

#[test]
fn empty_texts_are_refused() {
    assert_eq!(refusal(&learn_with(2, &[0xa0])).to_string(), "key: must not be empty");
    assert_eq!(refusal(&learn_with(4, &[0xa0])).to_string(), "content: must not be empty");
    let batch = BatchBuilder::new().dissociate(&EdgeName { label: Some(""), ..NAME }).build();
    assert_eq!(refusal(&batch).to_string(), "label: must not be empty");
    let update = Update { content: Some(""), ..Update::default() };
    assert_eq!(refusal(&BatchBuilder::new().update(&update).build()).field(), "content");
}

#[test]
fn lone_surrogates_are_not_text() {
    for surrogate in [b"\xed\xa0\x80", b"\xed\xbf\xbf"] {
        let text = [&[0xa3][..], surrogate].concat();
        for (index, field) in [(2, "key"), (3, "namespace"), (4, "content")] {
            let message = format!("{field}: expected well-formed text");
            assert_eq!(refusal(&learn_with(index, &text)).to_string(), message);
        }
        let key = [&[0x81][..], &text, &[1]].concat();
        assert_eq!(refusal(&learn_with(6, &key)).field(), "attributes");
        let value = [b"\x81\xa1a", text.as_slice()].concat();
        assert_eq!(refusal(&learn_with(6, &value)).field(), "attributes.a");
    }
}

#[test]
fn numbers_are_finite_and_in_range() {
    for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let fraction = Update { strength: Some(wrong), ..Update::default() };
        let message = "strength: must be a finite number";
        assert_eq!(refusal(&BatchBuilder::new().update(&fraction).build()).to_string(), message);
        let associate = Associate {
            name: NAME,
            confidence: None,
            weight: Some(wrong),
            attributes: None,
            validity: Validity::default(),
        };
        assert_eq!(refusal(&BatchBuilder::new().associate(&associate).build()).field(), "weight");
    }
    for wrong in [-f64::MIN_POSITIVE, 1.0 + f64::EPSILON, 2.0, f64::MAX] {
        let update = Update { confidence: Some(wrong), ..Update::default() };
        let refusal = refusal(&BatchBuilder::new().update(&update).build());
        assert_eq!(refusal.to_string(), format!("confidence: {wrong} is outside 0 to 1"));
    }
    for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let bytes = [0.5, wrong].map(f32::to_le_bytes).concat();
        let learn = Learn { vector: Some(&bytes), ..hello() };
        let refusal = refusal(&BatchBuilder::new().learn(&learn).build());
        assert_eq!(refusal.to_string(), "vector: every number must be finite");
    }
}

#[test]
fn a_vector_has_whole_numbers_of_four_bytes() {
    for bytes in [0, 1, 3, 5, 11] {
        let learn = Learn { vector: Some(&[0; 12][..bytes]), ..hello() };
        assert_eq!(refusal(&BatchBuilder::new().learn(&learn).build()).field(), "vector");
    }
}

#[test]
fn times_are_whole_milliseconds_of_a_date() {
    let with = |from_ms, to_ms| {
        let update = Update { validity: Validity { from_ms, to_ms }, ..Update::default() };
        BatchBuilder::new().update(&update).build()
    };
    accepted(&with(Some(-TIME_MS_MAX), Some(TIME_MS_MAX)));
    for wrong in [TIME_MS_MAX + 1, -TIME_MS_MAX - 1, i64::MIN, i64::MAX] {
        assert_eq!(refusal(&with(Some(wrong), None)).field(), "validFrom");
        assert_eq!(refusal(&with(None, Some(wrong))).field(), "validTo");
    }
    let float = |value: f64| learn_with(9, &[&[0xcb][..], &value.to_be_bytes()].concat());
    assert_eq!(validity(&float(12.0)).from_ms, Some(12));
    for wrong in [0.5, f64::NAN, f64::INFINITY, 1e300] {
        assert_eq!(refusal(&float(wrong)).field(), "validFrom");
    }
    let huge = learn_with(9, &[&[0xcf][..], &u64::MAX.to_be_bytes()].concat());
    assert_eq!(refusal(&huge).field(), "validFrom");
}

#[test]
fn validity_ends_after_it_starts() {
    let with = |from, to| {
        let validity = Validity { from_ms: Some(from), to_ms: Some(to) };
        BatchBuilder::new().learn(&Learn { validity, ..hello() }).build()
    };
    accepted(&with(-1, 0));
    for (from, to) in [(0, 0), (1, 0), (TIME_MS_MAX, -TIME_MS_MAX)] {
        let message = "validTo: must be after validFrom";
        assert_eq!(refusal(&with(from, to)).to_string(), message);
    }
}

#[test]
fn association_classes_are_known_ones() {
    for class in [5, 127] {
        let name = [&[5][..], &[0xc4, 16], &[1; 16], &[0xc4, 16], &[2; 16], &[class, 0xc0]];
        let batch = raw(5, |out| out.extend_from_slice(&name.concat()));
        assert_eq!(refusal(&batch).to_string(), format!("type: unknown association type {class}"));
    }
}

#[test]
fn a_refusal_in_a_batch_of_several_says_which() {
    let learn = Learn { content: "", ..hello() };
    let batch = BatchBuilder::new().learn(&hello()).learn(&learn).build();
    assert_eq!(refusal(&batch).to_string(), "operations[1].content: must not be empty");
    let learn = Learn { content: "01234567890", ..hello() };
    let batch = BatchBuilder::new().learn(&learn).learn(&hello()).build();
    assert_eq!(refusal(&batch), over("operations[0].content", 10));
}

#[test]
fn a_million_nested_arrays_are_refused_without_a_deep_stack() {
    for opener in [0x91, 0x81] {
        let nested = vec![opener; 1_000_000];
        assert!(decode_operations(&nested, &Limits::CEILING).is_err());
        assert!(learn_with(6, &nested).decode(&Limits::CEILING).is_err());
        let inside = [b"\x81\xa1a", nested.as_slice()].concat();
        assert!(learn_with(6, &inside).decode(&Limits::CEILING).is_err());
    }
}

fn validity(batch: &Batch) -> Validity {
    match batch.decode(&small()).as_deref() {
        Ok([Op::Learn(learn)]) => learn.validity,
        other => panic!("{other:?}"),
    }
}
