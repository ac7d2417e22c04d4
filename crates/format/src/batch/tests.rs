use super::{Batch, decode_operations};
use crate::arbitrary::{OwnedOp, batch_of, config, cut, flipped, operations};
use crate::attributes::read_attributes;
use crate::limits::Limits;
use crate::msgpack::Reader;
use proptest::prelude::*;
use rmp::{Marker, encode};

mod refusals;

/// Shorter than what random operations need, so that copies of it by the bit stay quick.
const FLIPPED_BYTES_MAX: usize = 600;

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn what_was_built_is_what_is_read(owned in operations(8)) {
        let ops: Vec<_> = owned.iter().map(OwnedOp::op).collect();
        let batch = batch_of(&ops);
        prop_assert_eq!(batch.decode(&Limits::default()).unwrap(), ops);
    }

    #[test]
    fn a_batch_cut_at_any_byte_is_refused(owned in operations(3)) {
        let ops: Vec<_> = owned.iter().map(OwnedOp::op).collect();
        for part in cut(batch_of(&ops).bytes()) {
            prop_assert!(decode_operations(part, &Limits::CEILING).is_err());
        }
    }

    #[test]
    fn a_batch_with_a_byte_more_is_refused(owned in operations(3), more: u8) {
        let ops: Vec<_> = owned.iter().map(OwnedOp::op).collect();
        let mut bytes = batch_of(&ops).bytes().to_vec();
        bytes.push(more);
        let refusal = decode_operations(&bytes, &Limits::CEILING).unwrap_err();
        prop_assert_eq!(refusal.to_string(), "operations: bytes after the last operation");
    }

    #[test]
    fn every_width_of_a_value_reads_the_same(
        owned in operations(4),
        picks in proptest::collection::vec(any::<usize>(), 1..40),
    ) {
        let ops: Vec<_> = owned.iter().map(OwnedOp::op).collect();
        let batch = batch_of(&ops);
        let mut picks = picks.iter().cycle().copied();
        let mut wide = Vec::new();
        widen(&mut Reader::new(batch.bytes()), &mut picks, &mut wide);
        prop_assert_eq!(decode_operations(&wide, &Limits::CEILING).unwrap(), ops);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _any = decode_operations(&bytes, &Limits::default());
    }
}

proptest! {
    #![proptest_config(config(32))]

    /// A batch has no checksum of its own, its record has. So a flipped bit may give another value,
    /// and 0.0 may turn into the 0 of a whole number, which is the same; nothing else is read as
    /// what it was.
    #[test]
    fn a_batch_with_a_flipped_bit_is_refused_or_another_one(owned in operations(3)) {
        let ops: Vec<_> = owned.iter().map(OwnedOp::op).collect();
        let batch = batch_of(&ops);
        prop_assume!(batch.bytes().len() <= FLIPPED_BYTES_MAX);
        for (bit, bytes) in flipped(batch.bytes()) {
            let Ok(read) = decode_operations(&bytes, &Limits::CEILING) else { continue };
            let again = batch_of(&read);
            let is_whole_number = bytes[bit / 8] == Marker::U64.to_u8();
            prop_assert!(is_whole_number || again.bytes() != batch.bytes(), "bit {}", bit);
            prop_assert_eq!(again.decode(&Limits::CEILING).unwrap(), read, "bit {}", bit);
        }
    }
}

/// Copies one value with widths of numbers and lengths chosen by `picks`.
fn widen(reader: &mut Reader<'_>, picks: &mut dyn Iterator<Item = usize>, out: &mut Vec<u8>) {
    use Marker::{
        Array16, Array32, Bin8, Bin16, Bin32, FixArray, FixMap, FixStr, I64, Map16, Map32, Str8,
        Str16, Str32, U8, U16, U32, U64,
    };
    const ARRAY: [Marker; 2] = [Array16, Array32];
    const STR: [Marker; 3] = [Str8, Str16, Str32];
    const BIN: [Marker; 3] = [Bin8, Bin16, Bin32];
    const UNSIGNED: [Marker; 4] = [U8, U16, U32, U64];
    let start = reader.offset();
    match reader.peek().unwrap() {
        FixArray(_) | Array16 | Array32 => {
            let count = reader.array().unwrap();
            put_wide(&ARRAY, count as u64, picks, out);
            for _ in 0..count {
                widen(reader, picks, out);
            }
        }
        FixMap(_) | Map16 | Map32 => out.extend_from_slice(read_attributes(reader).unwrap()),
        FixStr(_) | Str8 | Str16 | Str32 => {
            let text = reader.str().unwrap();
            put_wide(&STR, text.len() as u64, picks, out);
            out.extend_from_slice(text.as_bytes());
        }
        Bin8 | Bin16 | Bin32 => {
            let bytes = reader.bin().unwrap();
            put_wide(&BIN, bytes.len() as u64, picks, out);
            out.extend_from_slice(bytes);
        }
        Marker::Null => {
            assert!(reader.nil().unwrap());
            encode::write_nil(out).unwrap();
        }
        _ => match reader.number().unwrap() {
            crate::msgpack::Number::Unsigned(value) if i64::try_from(value).is_ok() => {
                put_wide(&[UNSIGNED.as_slice(), &[I64]].concat(), value, picks, out);
            }
            crate::msgpack::Number::Signed(value) => encode::write_i64(out, value).unwrap(),
            _ => out.extend_from_slice(reader.since(start)),
        },
    }
}

/// Writes a marker and its number in one of the widths that can hold it.
fn put_wide(
    markers: &[Marker],
    value: u64,
    picks: &mut dyn Iterator<Item = usize>,
    out: &mut Vec<u8>,
) {
    let width = |marker: Marker| match marker {
        Marker::Str8 | Marker::Bin8 | Marker::U8 => 1,
        Marker::Array16 | Marker::Str16 | Marker::Bin16 | Marker::U16 => 2,
        Marker::U64 | Marker::I64 => 8,
        _ => 4,
    };
    let fits = |marker: &&Marker| width(**marker) == 8 || value < 1 << (8 * width(**marker));
    let fitting: Vec<_> = markers.iter().filter(fits).collect();
    let marker = *fitting[picks.next().unwrap() % fitting.len()];
    out.push(marker.to_u8());
    out.extend_from_slice(&value.to_be_bytes()[8 - width(marker)..]);
}

#[test]
fn bytes_come_back_as_they_were_given() {
    let batch = Batch::from_bytes(vec![1, 2, 3]);
    assert_eq!(batch.bytes(), [1, 2, 3]);
    assert!(batch.decode(&Limits::default()).is_err());
}
