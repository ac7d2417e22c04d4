//! Arbitrary valid values and damaged bytes, for the property tests of this crate.

use crate::batch::{Associate, Batch, EdgeName, Learn, Op, Update};
use crate::batch_builder::BatchBuilder;
use crate::id::{ConceptId, Identity};
use crate::limits::VECTOR_DIMENSION_CONFIG_MAX;
use crate::model::{AssociationClass, Metric};
use crate::op_fields::Validity;
use crate::sealed_file::{
    BLOCK_BYTES, SealedHeader, SealedPlan, SectionChecksums, SectionKind, SectionSize,
};
use proptest::collection::{btree_map, vec};
use proptest::num::{f32, f64};
use proptest::option;
use proptest::prelude::*;
use rmp::encode;
use std::collections::BTreeMap;

/// How many cases a property gets: `cases`, or as many as `PROPTEST_CASES` says; few under Miri,
/// which is a thousand times slower and reads no files.
pub fn config(cases: u32) -> ProptestConfig {
    if cfg!(miri) {
        return ProptestConfig { cases: 2, failure_persistence: None, ..ProptestConfig::default() };
    }
    let asked = std::env::var("PROPTEST_CASES").is_ok();
    let cases = if asked { ProptestConfig::default().cases } else { cases };
    ProptestConfig { cases, ..ProptestConfig::default() }
}

/// Operations that own what [`Op`] borrows.
#[derive(Debug, Clone)]
pub enum OwnedOp {
    Learn { identity: OwnedIdentity, namespace: String, content: String, fields: Fields },
    Update { id: ConceptId, content: Option<String>, fields: Fields },
    Delete(ConceptId),
    Associate { name: OwnedName, weight: Option<f64>, fields: Fields },
    Dissociate(OwnedName),
    Namespace { name: String, dimension: u32, metric: Metric },
}

#[derive(Debug, Clone)]
pub enum OwnedIdentity {
    Content,
    Key(String),
    Id(ConceptId),
}

#[derive(Debug, Clone)]
pub struct OwnedName {
    source: ConceptId,
    target: ConceptId,
    class: AssociationClass,
    label: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Fields {
    vector: Option<Vec<u8>>,
    attributes: Option<Vec<u8>>,
    strength: Option<f64>,
    confidence: Option<f64>,
    validity: Validity,
}

impl OwnedName {
    fn name(&self) -> EdgeName<'_> {
        let Self { source, target, class, .. } = *self;
        EdgeName { source, target, class, label: self.label.as_deref() }
    }
}

impl OwnedOp {
    pub fn op(&self) -> Op<'_> {
        match self {
            Self::Learn { identity, namespace, content, fields } => Op::Learn(Learn {
                identity: match identity {
                    OwnedIdentity::Content => Identity::Content,
                    OwnedIdentity::Key(key) => Identity::Key(key),
                    OwnedIdentity::Id(id) => Identity::Id(*id),
                },
                namespace,
                content,
                vector: fields.vector.as_deref(),
                attributes: fields.attributes.as_deref(),
                strength: fields.strength,
                confidence: fields.confidence,
                validity: fields.validity,
            }),
            Self::Update { id, content, fields } => Op::Update(Update {
                id: *id,
                content: content.as_deref(),
                vector: fields.vector.as_deref(),
                attributes: fields.attributes.as_deref(),
                strength: fields.strength,
                confidence: fields.confidence,
                validity: fields.validity,
            }),
            Self::Delete(id) => Op::Delete(*id),
            Self::Associate { name, weight, fields } => Op::Associate(Associate {
                name: name.name(),
                confidence: fields.confidence,
                weight: *weight,
                attributes: fields.attributes.as_deref(),
                validity: fields.validity,
            }),
            Self::Dissociate(name) => Op::Dissociate(name.name()),
            Self::Namespace { name, dimension, metric } => {
                Op::Namespace { name, dimension: *dimension, metric: *metric }
            }
        }
    }
}

/// The batch that holds these operations.
pub fn batch_of<'a>(operations: impl IntoIterator<Item = &'a Op<'a>>) -> Batch {
    operations.into_iter().fold(BatchBuilder::new(), BatchBuilder::operation).build()
}

pub fn operation() -> impl Strategy<Value = OwnedOp> {
    prop_oneof![
        3 => (identity(), namespace(), text(), fields()).prop_map(
            |(identity, namespace, content, fields)| OwnedOp::Learn {
                identity, namespace, content, fields
            }
        ),
        2 => (id(), option::of(text()), fields())
            .prop_map(|(id, content, fields)| OwnedOp::Update { id, content, fields }),
        1 => id().prop_map(OwnedOp::Delete),
        2 => (name(), option::of(f64::ANY.prop_filter("finite", |n| n.is_finite())), fields())
            .prop_map(|(name, weight, fields)| OwnedOp::Associate { name, weight, fields }),
        1 => name().prop_map(OwnedOp::Dissociate),
        1 => (namespace(), 1..=VECTOR_DIMENSION_CONFIG_MAX, metric())
            .prop_map(|(name, dimension, metric)| OwnedOp::Namespace { name, dimension, metric }),
    ]
}

pub fn operations(count_max: usize) -> impl Strategy<Value = Vec<OwnedOp>> {
    vec(operation(), 1..=count_max)
}

pub fn id() -> impl Strategy<Value = ConceptId> {
    any::<[u8; 16]>().prop_map(ConceptId)
}

fn identity() -> impl Strategy<Value = OwnedIdentity> {
    prop_oneof![
        Just(OwnedIdentity::Content),
        text().prop_map(OwnedIdentity::Key),
        id().prop_map(OwnedIdentity::Id),
    ]
}

fn name() -> impl Strategy<Value = OwnedName> {
    (id(), id(), proptest::sample::select(&AssociationClass::ALL[..]), option::of(text()))
        .prop_map(|(source, target, class, label)| OwnedName { source, target, class, label })
}

fn fields() -> impl Strategy<Value = Fields> {
    (option::of(vector()), option::of(attributes()), fraction(), fraction(), validity()).prop_map(
        |(vector, attributes, strength, confidence, validity)| Fields {
            vector,
            attributes,
            strength,
            confidence,
            validity,
        },
    )
}

/// Any characters, control characters and the largest code points among them. Lengths lie around
/// where the widths of MessagePack change.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => vec(any::<char>(), 1..12).prop_map(String::from_iter),
        1 => (any::<char>(), proptest::sample::select(&[31, 32, 255, 256][..]))
            .prop_map(|(character, count)| character.to_string().repeat(count).chars()
                .take(count / character.len_utf8()).collect()),
    ]
}

pub fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just("default".to_owned()), "[a-zA-Z0-9_][a-zA-Z0-9._:-]{0,63}"]
}

pub fn metric() -> impl Strategy<Value = Metric> {
    proptest::sample::select(&[Metric::Cosine, Metric::Dot, Metric::L2][..])
}

fn vector() -> impl Strategy<Value = Vec<u8>> {
    let finite = f32::POSITIVE | f32::NEGATIVE | f32::NORMAL | f32::SUBNORMAL | f32::ZERO;
    vec(finite, 1..8).prop_map(|numbers| numbers.iter().flat_map(|n| n.to_le_bytes()).collect())
}

pub fn fraction() -> impl Strategy<Value = Option<f64>> {
    option::of(prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0])
}

pub fn validity() -> impl Strategy<Value = Validity> {
    const END: i64 = 8_640_000_000_000_000;
    prop_oneof![
        (-END..END, 1..=END)
            .prop_map(|(from, length)| (Some(from), Some((from + length).min(END)))),
        option::of(-END..=END).prop_map(|from| (from, None)),
        option::of(-END..=END).prop_map(|to| (None, to)),
    ]
    .prop_map(|(from_ms, to_ms)| Validity { from_ms, to_ms })
}

/// A JSON value, with the number types that MessagePack tells apart.
#[derive(Debug, Clone)]
enum Json {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Single(f32),
    Double(f64),
    Text(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

/// An encoded map of JSON values.
pub fn attributes() -> impl Strategy<Value = Vec<u8>> {
    let finite = f64::POSITIVE | f64::NEGATIVE | f64::NORMAL | f64::SUBNORMAL | f64::ZERO;
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<u64>().prop_map(Json::Unsigned),
        any::<i64>().prop_map(Json::Signed),
        any::<i8>().prop_map(|number| Json::Signed(number.into())),
        any::<i16>().prop_map(|number| Json::Single(number.into())),
        finite.prop_map(Json::Double),
        text().prop_map(Json::Text),
    ];
    let value = leaf.prop_recursive(4, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Json::List),
            btree_map(text(), inner, 0..4).prop_map(Json::Map),
        ]
    });
    btree_map(text(), value, 0..3).prop_map(|map| {
        let mut bytes = Vec::new();
        Json::Map(map).encode(&mut bytes);
        bytes
    })
}

impl Json {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => encode::write_nil(out).unwrap(),
            Self::Bool(value) => encode::write_bool(out, *value).unwrap(),
            Self::Unsigned(value) => assert!(encode::write_uint(out, *value).is_ok()),
            Self::Signed(value) => assert!(encode::write_sint(out, *value).is_ok()),
            Self::Single(value) => encode::write_f32(out, *value).unwrap(),
            Self::Double(value) => encode::write_f64(out, *value).unwrap(),
            Self::Text(value) => encode::write_str(out, value).unwrap(),
            Self::List(items) => {
                encode::write_array_len(out, items.len() as u32).unwrap();
                for item in items {
                    item.encode(out);
                }
            }
            Self::Map(pairs) => {
                encode::write_map_len(out, pairs.len() as u32).unwrap();
                for (key, value) in pairs {
                    encode::write_str(out, key).unwrap();
                    value.encode(out);
                }
            }
        }
    }
}

/// Every copy of `bytes` that differs in one bit; under Miri some of them.
pub fn flipped(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> + '_ {
    (0..bytes.len() * 8).step_by(if cfg!(miri) { 211 } else { 1 }).map(|bit| {
        let mut copy = bytes.to_vec();
        copy[bit / 8] ^= 1 << (bit % 8);
        (bit, copy)
    })
}

/// Every proper beginning of `bytes`; under Miri some of them.
pub fn cut(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..bytes.len()).step_by(if cfg!(miri) { 7 } else { 1 }).map(|length| &bytes[..length])
}

/// A whole sealed file, its sections given by their bytes.
pub fn sealed_file(header: SealedHeader, sections: &[(SectionKind, Vec<u8>)]) -> Vec<u8> {
    let sizes = sections.iter().map(|(kind, bytes)| {
        let bytes = bytes.len() as u64;
        SectionSize { kind: *kind, bytes, items: bytes }
    });
    let plan = SealedPlan::new(header, &sizes.collect::<Vec<_>>()).unwrap();
    let mut file = plan.header_block();
    let mut checksums = Vec::new();
    for (_, bytes) in sections {
        let mut passing = SectionChecksums::default();
        passing.pass(bytes);
        checksums.push(passing.finish());
        file.extend_from_slice(bytes);
        file.resize(file.len().next_multiple_of(BLOCK_BYTES), 0);
    }
    file.extend_from_slice(&plan.footer(&checksums).bytes);
    assert_eq!(file.len() as u64, plan.file_bytes());
    file
}
