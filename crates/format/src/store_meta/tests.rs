use super::{
    DIMENSION_AT, MAGIC, METRIC_AT, SHARDS_AT, SHARDS_MAX, STORE_META_BYTES, StoreMeta, VERSION_AT,
};
use crate::FORMAT_VERSION;
use crate::arbitrary::{config, cut, flipped, metric};
use crate::byte_map::assert_page_describes;
use crate::checksum::crc32c;
use crate::decode_error::{DecodeError, Problem};
use crate::limits::VECTOR_DIMENSION_CONFIG_MAX;
use crate::model::Metric;
use proptest::prelude::*;

const META: StoreMeta = StoreMeta {
    store_id: *b"0123456789abcdef",
    created_us: 0x1112_1314_1516_1718,
    shards: 0x21,
    vector_dimension: 0x0a0b,
    metric: Metric::L2,
};

fn meta() -> impl Strategy<Value = StoreMeta> {
    let numbers = any::<([u8; 16], u64)>();
    (numbers, 1..=SHARDS_MAX, 1..=VECTOR_DIMENSION_CONFIG_MAX, metric()).prop_map(
        |((store_id, created_us), shards, vector_dimension, metric)| StoreMeta {
            store_id,
            created_us,
            shards,
            vector_dimension,
            metric,
        },
    )
}

/// The file with other bytes at an offset and the checksum that fits them.
fn resealed(offset: usize, value: &[u8]) -> Vec<u8> {
    let mut bytes = META.encode();
    bytes[offset..offset + value.len()].copy_from_slice(value);
    let checksum = crc32c(&bytes[..STORE_META_BYTES - 4]);
    bytes[STORE_META_BYTES - 4..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn a_file_round_trips_and_nothing_near_it_is_one(meta in meta(), more: u8) {
        let bytes = meta.encode();
        prop_assert_eq!(StoreMeta::decode(&bytes), Ok(meta));
        for part in cut(&bytes) {
            let refused = StoreMeta::decode(part).unwrap_err();
            let is_short = matches!(refused.problem, Problem::Truncated { .. });
            prop_assert!(is_short, "{}", refused);
        }
        for (bit, bytes) in flipped(&bytes) {
            prop_assert!(StoreMeta::decode(&bytes).is_err(), "bit {}", bit);
        }
        let longer = [bytes.as_slice(), &[more]].concat();
        let expected = DecodeError::value(STORE_META_BYTES, "length of the file");
        prop_assert_eq!(StoreMeta::decode(&longer), Err(expected));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
        prop_assert!(StoreMeta::decode(&bytes).is_err());
        let _any = StoreMeta::decode(&resealed(VERSION_AT, &bytes[..bytes.len().min(40)]));
    }
}

#[test]
fn docs_say_where_every_field_is() {
    let bytes = META.encode();
    let fields = [
        ("magic", MAGIC.to_vec()),
        ("version", FORMAT_VERSION.to_le_bytes().to_vec()),
        ("shards", META.shards.to_le_bytes().to_vec()),
        ("store id", META.store_id.to_vec()),
        ("created", META.created_us.to_le_bytes().to_vec()),
        ("vector dimension", META.vector_dimension.to_le_bytes().to_vec()),
        ("metric", vec![META.metric.number()]),
        ("zero", vec![0; 3]),
        ("checksum", crc32c(&bytes[..48]).to_le_bytes().to_vec()),
    ];
    let page = include_str!("../../../../docs/format/store.md");
    assert_page_describes(page, "Byte map", &bytes, &fields);
}

#[test]
fn values_outside_of_their_range_are_refused_though_the_checksum_fits() {
    let refused = |offset, value: &[u8]| StoreMeta::decode(&resealed(offset, value)).unwrap_err();
    for shards in [0, SHARDS_MAX + 1, u32::MAX] {
        let expected = DecodeError::value(SHARDS_AT, "shards");
        assert_eq!(refused(SHARDS_AT, &shards.to_le_bytes()), expected);
    }
    for dimension in [0, VECTOR_DIMENSION_CONFIG_MAX + 1, u32::MAX] {
        let expected = DecodeError::value(DIMENSION_AT, "vector dimension");
        assert_eq!(refused(DIMENSION_AT, &dimension.to_le_bytes()), expected);
    }
    for metric in [[3, 0, 0, 0], [255, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]] {
        assert_eq!(refused(METRIC_AT, &metric), DecodeError::value(METRIC_AT, "metric"));
    }
    assert_eq!(refused(0, b"SUTLOG\r\n").problem, Problem::Magic);
}

#[test]
fn a_newer_version_is_named_even_when_it_made_the_file_longer() {
    let mut bytes = resealed(VERSION_AT, &7_u32.to_le_bytes());
    bytes.push(0);
    let problem = Problem::NewerVersion { found: 7, supported: FORMAT_VERSION };
    assert_eq!(StoreMeta::decode(&bytes), Err(DecodeError { offset: VERSION_AT, problem }));
    let refused = StoreMeta::decode(&resealed(VERSION_AT, &[0; 4])).unwrap_err();
    assert_eq!(refused, DecodeError::value(VERSION_AT, "format version"));
}
