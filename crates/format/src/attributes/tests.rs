use super::{KEY_SHOWN_CHARACTERS_MAX, read_attributes};
use crate::arbitrary::{attributes, config, cut, flipped};
use crate::limits::ATTRIBUTES_DEPTH_MAX;
use crate::msgpack::Reader;
use proptest::prelude::*;
use rmp::encode;

fn refusal(bytes: &[u8]) -> String {
    read_attributes(&mut Reader::new(bytes)).unwrap_err().to_string()
}

fn is_read(bytes: &[u8]) -> bool {
    read_attributes(&mut Reader::new(bytes)).is_ok()
}

/// A map that holds `depth - 1` maps or arrays inside each other.
fn nested(depth: usize, opener: &[u8]) -> Vec<u8> {
    [b"\x81\xa1a", opener.repeat(depth - 2).as_slice(), &[0x90]].concat()
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn json_values_are_read_to_their_last_byte(bytes in attributes(), more: [u8; 3]) {
        let longer = [bytes.as_slice(), &more].concat();
        let mut reader = Reader::new(&longer);
        prop_assert_eq!(read_attributes(&mut reader).unwrap(), bytes.as_slice());
        prop_assert_eq!(reader.offset(), bytes.len());
        for part in cut(&bytes) {
            prop_assert!(!is_read(part));
        }
    }

    #[test]
    fn a_flipped_bit_is_refused_or_another_value(bytes in attributes()) {
        prop_assume!(bytes.len() <= 200);
        for (bit, other) in flipped(&bytes) {
            if let Ok(read) = read_attributes(&mut Reader::new(&other)) {
                prop_assert!(is_read(read), "bit {}", bit);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _any = is_read(&bytes);
        let _any = is_read(&[b"\x81\xa1a", bytes.as_slice()].concat());
    }
}

#[test]
fn values_nest_to_the_limit_and_no_deeper() {
    for opener in [&b"\x91"[..], b"\x81\xa1b"] {
        assert!(is_read(&nested(ATTRIBUTES_DEPTH_MAX, opener)));
        let refused = refusal(&nested(ATTRIBUTES_DEPTH_MAX + 1, opener));
        assert!(refused.ends_with(": nested deeper than 64"), "{refused}");
    }
}

#[test]
fn the_path_of_a_refused_value_is_named() {
    let bytes = b"\x82\xa1a\x01\xa2bc\x92\x01\x81\xa1d\xc4\x00";
    assert_eq!(refusal(bytes), "attributes.bc[1].d: only JSON values can be stored");
}

#[test]
fn a_long_key_is_cut_in_the_path() {
    let with_key = |characters: usize| {
        let mut bytes = vec![0x81];
        encode::write_str(&mut bytes, &"é".repeat(characters)).unwrap();
        bytes.push(0xc1);
        refusal(&bytes)
    };
    let whole = with_key(KEY_SHOWN_CHARACTERS_MAX);
    assert!(whole.starts_with(&format!("attributes.{}: ", "é".repeat(64))), "{whole}");
    let cut = with_key(5_000);
    assert!(cut.starts_with(&format!("attributes.{}...: ", "é".repeat(64))), "{cut}");
}

#[test]
fn what_is_no_json_value_is_refused() {
    for (value, message) in [
        (&b"\xc4\x01a"[..], "only JSON values can be stored"),
        (b"\xd4\x01\x01", "only JSON values can be stored"),
        (b"\xd6\xff\x00\x00\x00\x00", "only JSON values can be stored"),
        (b"\xc7\x00\x01", "only JSON values can be stored"),
        (b"\xc1", "only JSON values can be stored"),
        (b"\xca\x7f\x80\x00\x00", "a number must be finite"),
        (b"\xca\x7f\xc0\x00\x00", "a number must be finite"),
        (b"\xcb\xff\xf0\x00\x00\x00\x00\x00\x00", "a number must be finite"),
        (b"\xa3\xed\xa0\x80", "expected well-formed text"),
        (b"", "expected more bytes"),
    ] {
        let bytes = [b"\x81\xa1a", value].concat();
        assert_eq!(refusal(&bytes), format!("attributes.a: {message}"));
    }
}

#[test]
fn only_a_map_with_text_keys_is_read() {
    for other in [&b"\xc0"[..], b"\x90", b"\xa1a", b"\x01", b""] {
        assert!(refusal(other).starts_with("attributes: expected "));
    }
    assert_eq!(refusal(b"\x81\x01\x01"), "attributes: expected a string");
    assert_eq!(refusal(b"\x81\xa3\xed\xa0\x80\x01"), "attributes: expected well-formed text");
}

#[test]
fn lengths_that_are_only_claimed_are_refused() {
    for claim in [0xdd, 0xdf, 0xdb] {
        assert!(!is_read(&[b"\x81\xa1a", &[claim, 0xff, 0xff, 0xff, 0xff][..], &[0; 64]].concat()));
    }
    assert!(!is_read(&[0xdf, 0xff, 0xff, 0xff, 0xff]));
}
