use super::{EDGE_HEADER_BYTES, EdgeRecord, EdgeVersion};
use crate::AssociationClass;
use crate::arbitrary::{config, cut, flipped, fraction, id, validity};
use crate::concept_record::{KIND_EDGE, length_and_kind};
use proptest::collection::vec;
use proptest::prelude::*;

/// Reads everything that a record says, whatever it is.
fn read_all(bytes: &[u8]) {
    let record = EdgeRecord::new(bytes);
    let _numbers = (record.seqno(), record.created_us(), record.label());
    let _fields = (record.source(), record.target(), record.class(), record.validity());
    let _values = (record.confidence(), record.weight(), record.attributes());
}

proptest! {
    #![proptest_config(config(64))]

    /// A record is in memory only, so nothing is refused; but nothing panics either.
    #[test]
    fn a_record_round_trips_and_what_is_near_it_is_read(
        numbers: (u64, u64, u32),
        ends in (id(), id()),
        class in proptest::sample::select(&AssociationClass::ALL[..]),
        values in (fraction(), fraction(), validity()),
        attributes in vec(any::<u8>(), 0..30),
    ) {
        let (seqno, created_us, label) = numbers;
        let (source, target) = ends;
        let confidence = values.0.unwrap_or_default();
        let weight = values.1.unwrap_or_default() - 0.5;
        let attributes = attributes.as_slice();
        let validity = values.2;
        let version = EdgeVersion {
            seqno, created_us, source, target, class, label, confidence, weight, attributes,
            validity,
        };
        let mut bytes = vec![0; 8];
        version.append(&mut bytes);
        let bytes = &bytes[8..];
        let length = (EDGE_HEADER_BYTES + attributes.len()).next_multiple_of(8);
        prop_assert_eq!(length_and_kind(bytes), Some((length, KIND_EDGE)));
        prop_assert_eq!(bytes.len(), length);
        let record = EdgeRecord::new(bytes);
        prop_assert_eq!((record.seqno(), record.created_us()), (seqno, created_us));
        prop_assert_eq!((record.source(), record.target()), (source, target));
        prop_assert_eq!((record.class(), record.label()), (class, label));
        prop_assert_eq!(record.confidence().to_bits(), confidence.to_bits());
        prop_assert_eq!(record.weight().to_bits(), weight.to_bits());
        prop_assert_eq!(record.validity(), validity);
        prop_assert_eq!(record.attributes(), attributes);
        for part in cut(bytes) {
            read_all(part);
        }
        for (_, bytes) in flipped(bytes) {
            read_all(&bytes);
        }
    }
}
