use super::{COMMIT_PREFIX_BYTES, Commit, commit_prefix};
use crate::DecodeError;
use crate::arbitrary::{OwnedOp, batch_of, config, cut, flipped, operations};
use crate::batch_builder::BatchBuilder;
use crate::id::ConceptId;
use proptest::prelude::*;

fn body(committed_us: u64, operations: &[u8]) -> Vec<u8> {
    [&commit_prefix(committed_us), operations].concat()
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn a_commit_round_trips_and_a_part_of_it_is_refused(
        committed_us: u64,
        owned in operations(4),
        more: u8,
    ) {
        let operations: Vec<_> = owned.iter().map(OwnedOp::op).collect();
        let mut bytes = body(committed_us, batch_of(&operations).bytes());
        for part in cut(&bytes) {
            prop_assert!(Commit::decode(part).is_err());
        }
        bytes.push(more);
        let trailing = DecodeError::value(COMMIT_PREFIX_BYTES, "commit operations");
        prop_assert_eq!(Commit::decode(&bytes), Err(trailing));
        bytes.pop();
        prop_assert_eq!(Commit::decode(&bytes), Ok(Commit { committed_us, operations }));
    }

    #[test]
    fn a_flipped_bit_is_refused_or_another_commit(committed_us: u64, owned in operations(1)) {
        let operations: Vec<_> = owned.iter().map(OwnedOp::op).collect();
        let bytes = body(committed_us, batch_of(&operations).bytes());
        prop_assume!(bytes.len() <= 300);
        for (_, bytes) in flipped(&bytes) {
            let _any = Commit::decode(&bytes);
        }
        for (bit, prefix) in flipped(&bytes[..COMMIT_PREFIX_BYTES]) {
            let flipped = [&prefix, &bytes[COMMIT_PREFIX_BYTES..]].concat();
            let same = Commit { committed_us, operations: operations.clone() };
            prop_assert_ne!(Commit::decode(&flipped), Ok(same), "bit {}", bit);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _any = Commit::decode(&bytes);
        let _any = Commit::decode(&body(1, &bytes));
    }
}

#[test]
fn wrong_beginnings_are_refused() {
    let delete = BatchBuilder::new().delete(ConceptId([1; 16])).build();
    let refused = Err(DecodeError::value(0, "commit time"));
    for prefix in [&b"\x91\x01"[..], b"\x93\x01", b"\x92\xff", b"\x92\xc0", b"\xc0", b""] {
        assert_eq!(Commit::decode(&[prefix, delete.bytes()].concat()), refused);
    }
    let short = [b"\x92\x05", delete.bytes()].concat();
    assert_eq!(Commit::decode(&short).map(|commit| commit.committed_us), Ok(5));
    let empty = Err(DecodeError::value(COMMIT_PREFIX_BYTES, "commit operations"));
    assert_eq!(Commit::decode(&body(5, BatchBuilder::new().build().bytes())), empty);
}
