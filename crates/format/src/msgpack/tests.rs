use super::{Number, Reader, SHORT, Unexpected};
use crate::arbitrary::{config, cut};
use proptest::prelude::*;
use rmp::{Marker, encode};

/// What the reader is asked for, to ask every question of any bytes.
const QUESTIONS: [fn(&mut Reader<'_>) -> bool; 8] = [
    |reader| reader.nil().is_ok(),
    |reader| reader.array().is_ok(),
    |reader| reader.map().is_ok(),
    |reader| reader.str().is_ok(),
    |reader| reader.bin().is_ok(),
    |reader| reader.number().is_ok(),
    |reader| reader.unsigned().is_ok(),
    |reader| reader.marker().is_ok(),
];

fn read<'a, T>(bytes: &'a [u8], read: impl Fn(&mut Reader<'a>) -> Result<T, Unexpected>) -> T {
    for part in cut(bytes) {
        assert!(read(&mut Reader::new(part)).is_err(), "{} of {} bytes", part.len(), bytes.len());
    }
    let mut reader = Reader::new(bytes);
    let value = read(&mut reader).ok().unwrap();
    assert!(reader.is_at_end());
    assert_eq!((reader.offset(), reader.since(0)), (bytes.len(), bytes));
    value
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut bytes);
    bytes
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn numbers_of_every_width_round_trip(unsigned: u64, signed: i64, double: f64, single: f32) {
        let whole = |bytes: &[u8]| read(bytes, Reader::number);
        for shift in [0, 8, 16, 24, 32, 48, 57, 63] {
            let (unsigned, signed) = (unsigned >> shift, signed >> shift);
            let narrow = written(|out| assert!(encode::write_uint(out, unsigned).is_ok()));
            let wide = written(|out| encode::write_u64(out, unsigned).unwrap());
            prop_assert_eq!(whole(&narrow), Number::Unsigned(unsigned));
            prop_assert_eq!(whole(&wide), Number::Unsigned(unsigned));
            prop_assert_eq!(read(&wide, Reader::unsigned), unsigned);
            let narrow = written(|out| assert!(encode::write_sint(out, signed).is_ok()));
            let wide = written(|out| encode::write_i64(out, signed).unwrap());
            prop_assert_eq!(whole(&narrow).to_i64(), Some(signed));
            prop_assert_eq!(whole(&wide), whole(&narrow));
            prop_assert_eq!(Reader::new(&wide).unsigned().is_ok(), signed >= 0);
        }
        let bytes = written(|out| encode::write_f64(out, double).unwrap());
        prop_assert_eq!(whole(&bytes).to_f64().to_bits(), double.to_bits());
        let bytes = written(|out| encode::write_f32(out, single).unwrap());
        let exact = f64::from(single);
        let read = whole(&bytes).to_f64();
        prop_assert!(read.to_bits() == exact.to_bits() || (read.is_nan() && exact.is_nan()));
        prop_assert!(Reader::new(&bytes).unsigned().is_err());
    }

    #[test]
    fn texts_and_bytes_round_trip(text: String) {
        let bytes = written(|out| encode::write_str(out, &text).unwrap());
        prop_assert_eq!(read(&bytes, Reader::str), &text);
        let bytes = written(|out| encode::write_bin(out, text.as_bytes()).unwrap());
        prop_assert_eq!(read(&bytes, Reader::bin), text.as_bytes());
    }

    #[test]
    fn lengths_of_arrays_and_maps_round_trip(count: u32, shift in 0..32_u32) {
        let count = count >> shift;
        let bytes = written(|out| assert!(encode::write_array_len(out, count).is_ok()));
        prop_assert_eq!(read(&bytes, Reader::array), count as usize);
        let bytes = written(|out| assert!(encode::write_map_len(out, count).is_ok()));
        prop_assert_eq!(read(&bytes, Reader::map), count as usize);
    }

    /// Whatever is asked in whatever order, the reader stays inside of its bytes.
    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..80),
        asked in proptest::collection::vec(0..QUESTIONS.len(), 0..80),
    ) {
        let mut reader = Reader::new(&bytes);
        for question in asked {
            let before = reader.offset();
            QUESTIONS[question](&mut reader);
            prop_assert!((before..=bytes.len()).contains(&reader.offset()));
            prop_assert_eq!(reader.since(before), &bytes[before..reader.offset()]);
        }
        prop_assert_eq!(reader.is_at_end(), reader.offset() == bytes.len());
    }
}

#[test]
fn a_length_over_the_bytes_that_are_there_is_refused() {
    let claimed = [&[0xff; 4][..], &[0; 100]].concat();
    let text = [&[Marker::Str32.to_u8()], claimed.as_slice()].concat();
    assert_eq!(Reader::new(&text).str(), Err(SHORT));
    let bytes = [&[Marker::Bin32.to_u8()], claimed.as_slice()].concat();
    assert_eq!(Reader::new(&bytes).bin(), Err(SHORT));
}

#[test]
fn a_nil_is_read_and_anything_else_is_left() {
    let mut reader = Reader::new(&[0xc0, 0x05]);
    assert_eq!(reader.nil(), Ok(true));
    assert_eq!(reader.nil(), Ok(false));
    assert_eq!(reader.peek(), Ok(Marker::FixPos(5)));
    assert_eq!(reader.unsigned(), Ok(5));
    assert_eq!(reader.nil(), Err(SHORT));
    assert_eq!(reader.since(5), b"");
}

#[test]
fn other_types_are_refused_by_name() {
    for (bytes, question, expected) in [
        (&[0xc0][..], 1, false),
        (&[0x80], 1, false),
        (&[0x90], 2, false),
        (&[0xc4, 0], 3, false),
        (&[0xa0], 4, false),
        (&[0xa0], 5, false),
        (&[0xff], 6, false),
        (&[0xc1], 5, false),
        (&[0x90], 1, true),
        (&[0xa0], 3, true),
    ] {
        assert_eq!(QUESTIONS[question](&mut Reader::new(bytes)), expected, "{bytes:?}");
    }
    assert_eq!(Reader::new(&[0xa0]).array(), Err(Unexpected("an array")));
    assert_eq!(Reader::new(&[0xa2, 0xc3, 0x28]).str(), Err(Unexpected("well-formed text")));
}

#[test]
fn fractions_are_whole_numbers_when_they_lose_nothing() {
    let edge = 9_007_199_254_740_992.0;
    for (number, whole) in [
        (Number::Float(3.0), Some(3)),
        (Number::Float(-0.0), Some(0)),
        (Number::Float(edge), Some(1 << 53)),
        (Number::Float(-edge), Some(-(1 << 53))),
        (Number::Float(edge * 2.0), None),
        (Number::Float(0.5), None),
        (Number::Float(f64::NAN), None),
        (Number::Float(f64::NEG_INFINITY), None),
        (Number::Unsigned(u64::MAX), None),
        (Number::Signed(i64::MIN), Some(i64::MIN)),
    ] {
        assert_eq!(number.to_i64(), whole, "{number:?}");
    }
}
