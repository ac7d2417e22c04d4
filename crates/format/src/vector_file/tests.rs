use super::{VECTOR_META_BYTES, VectorMeta, stride};
use crate::arbitrary::{config, cut, flipped, metric};
use crate::byte_map::assert_page_describes;
use crate::decode_error::{DecodeError, Problem};
use crate::limits::VECTOR_DIMENSION_CONFIG_MAX;
use crate::model::Metric;
use proptest::prelude::*;

const META: VectorMeta =
    VectorMeta { namespace: 0x0102_0304, dimension: 0x0a0b, metric: Metric::L2 };

fn meta() -> impl Strategy<Value = VectorMeta> {
    (any::<u32>(), 1..=VECTOR_DIMENSION_CONFIG_MAX, metric())
        .prop_map(|(namespace, dimension, metric)| VectorMeta { namespace, dimension, metric })
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_section_round_trips_and_nothing_near_it_is_the_same(meta in meta(), more: u8) {
        let bytes = meta.encode();
        prop_assert_eq!(VectorMeta::decode(&bytes), Ok(meta));
        for part in cut(&bytes) {
            let refused = VectorMeta::decode(part).unwrap_err();
            let is_short = matches!(refused.problem, Problem::Truncated { .. });
            prop_assert!(is_short, "{}", refused);
        }
        for (bit, bytes) in flipped(&bytes) {
            prop_assert_ne!(VectorMeta::decode(&bytes), Ok(meta), "bit {}", bit);
        }
        let longer = [bytes.as_slice(), &[more]].concat();
        let expected = DecodeError::value(VECTOR_META_BYTES, "length of the section");
        prop_assert_eq!(VectorMeta::decode(&longer), Err(expected));
    }

    #[test]
    fn what_is_read_is_what_was_written(bytes in any::<[u8; VECTOR_META_BYTES]>(), few: [u8; 2]) {
        let mut fitting = bytes;
        let small = [few[0], few[1] % 16, 0, 0, bytes[8] % 3, 0, 0, 0, 0, 0, 0, 0];
        fitting[4..].copy_from_slice(&small);
        for bytes in [bytes, fitting] {
            if let Ok(meta) = VectorMeta::decode(&bytes) {
                prop_assert_eq!(meta.encode(), bytes);
            }
        }
    }
}

#[test]
fn values_outside_of_their_range_are_refused() {
    let refused = |offset: usize, value: &[u8]| {
        let mut bytes = META.encode();
        bytes[offset..offset + value.len()].copy_from_slice(value);
        VectorMeta::decode(&bytes).unwrap_err()
    };
    for dimension in [0, VECTOR_DIMENSION_CONFIG_MAX + 1, u32::MAX] {
        let expected = DecodeError::value(4, "vector dimension");
        assert_eq!(refused(4, &dimension.to_le_bytes()), expected);
    }
    for metric in [[3, 0], [255, 0], [0, 1]] {
        assert_eq!(refused(8, &metric), DecodeError::value(8, "metric"));
    }
    assert_eq!(refused(15, &[1]), DecodeError::value(8, "metric"));
}

#[test]
fn rows_begin_at_lines_of_64_bytes() {
    assert_eq!([1, 15, 16, 17, 768, 4096].map(stride), [16, 16, 16, 32, 768, 4096]);
}

#[test]
fn docs_say_where_every_field_is() {
    let fields = [
        ("namespace", META.namespace.to_le_bytes().to_vec()),
        ("dimension", META.dimension.to_le_bytes().to_vec()),
        ("metric", vec![META.metric.number()]),
        ("zero", vec![0; 7]),
    ];
    let page = include_str!("../../../../docs/format/vectors.md");
    assert_page_describes(page, "Meta", &META.encode(), &fields);
}
