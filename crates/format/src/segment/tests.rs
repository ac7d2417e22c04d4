//! Entries that are read as they were written, and the tables that find them.

use super::commits::{COMMIT_ENTRY_BYTES, append_commit, count, entries, entry};
use super::directory::{DirectoryBuilder, bucket, range};
use super::edge_entry::EdgeEntry;
use super::end_entry::EndEntry;
use super::filter::{FilterBuilder, line_may_contain, line_of};
use super::names::{NameEntry, append_name, next_name};
use super::node::Node;
use crate::ConceptId;
use crate::arbitrary::{config, cut, flipped, fraction, id, metric, namespace, text, validity};
use crate::byte_map::assert_page_describes;
use crate::cursor::Cursor;
use crate::decode_error::{DecodeError, Problem};
use crate::model::Metric;
use crate::op_fields::Validity;
use proptest::collection::vec;
use proptest::prelude::*;

const PAGE: &str = include_str!("../../../../docs/format/segment.md");
const ID: ConceptId = ConceptId(*b"0123456789abcdef");

/// Few first bits, so that some buckets are full and some empty; equal hashes among them.
fn hashes() -> impl Strategy<Value = Vec<u64>> {
    let hash = prop_oneof![
        any::<u64>(),
        (any::<u8>(), 0..3_u64).prop_map(|(first, last)| u64::from(first) << 56 | last),
        Just(0),
        Just(u64::MAX),
    ];
    vec(hash, 0..70).prop_map(|mut hashes| {
        hashes.sort_unstable();
        hashes
    })
}

fn directory(hashes: &[u64]) -> Vec<u8> {
    let mut builder = DirectoryBuilder::new(hashes.len() as u64);
    for hash in hashes {
        builder.add(*hash);
    }
    builder.finish()
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn a_bucket_has_all_nodes_of_its_hashes_and_no_others(hashes in hashes(), asked: u64) {
        let section = directory(&hashes);
        let bytes = section.len() as u64;
        prop_assert_eq!(bytes, DirectoryBuilder::bytes(hashes.len() as u64));
        let buckets = bytes / 4 - 1;
        prop_assert!(buckets.is_power_of_two());
        let bucket_of = |hash: u64| (u128::from(hash) * u128::from(buckets)) >> 64;
        for hash in hashes.iter().copied().chain([asked, 0, u64::MAX]) {
            let (at, length) = bucket(bytes, hash);
            let found = range(&section[at as usize..at as usize + length]);
            for (index, other) in (0_u32..).zip(&hashes) {
                let belongs = bucket_of(*other) == bucket_of(hash);
                prop_assert_eq!(found.contains(&index), belongs, "{} for {:x}", index, hash);
            }
        }
    }

    /// Also in a section of a length that is never written.
    #[test]
    fn a_bucket_is_inside_of_its_section(numbers in 2..5000_u64, hash: u64) {
        let (at, length) = bucket(numbers * 4, hash);
        prop_assert!(at + length as u64 <= numbers * 4);
    }

    #[test]
    fn nodes_and_entries_round_trip(
        hash: u64,
        id in id(),
        places: [u64; 5],
        numbers: [u32; 8],
        values in (fraction(), fraction(), validity()),
    ) {
        let [out_start, out_count, in_start, in_count, ..] = numbers;
        let [.., out_ends_start, out_ends_count, in_ends_start, in_ends_count] = numbers;
        let node = Node {
            hash, id, record: places[0], out_start, out_count, in_start, in_count,
            out_ends_start, out_ends_count, in_ends_start, in_ends_count,
        };
        prop_assert_eq!(Node::decode(node.encode()[..].try_into().unwrap()), node);
        let [begin, end, attributes, created_us, _] = places;
        let edge = EdgeEntry {
            other: id, begin, end, names: numbers[0], attribute_bytes: numbers[1], attributes,
            confidence: values.0.unwrap_or(0.5), weight: values.1.unwrap_or(-3.0), created_us,
            validity: values.2,
        };
        prop_assert_eq!(EdgeEntry::decode(edge.encode()[..].try_into().unwrap()), edge);
        let ended = EndEntry { other: id, names: numbers[2], end: places[4] };
        prop_assert_eq!(EndEntry::decode(ended.encode()[..].try_into().unwrap()), ended);
    }

    /// Every bit of an entry means something, but for the zeros of an end.
    #[test]
    fn any_bytes_are_a_node_and_an_entry(bytes in vec(any::<u8>(), 88)) {
        let node: &[u8; 64] = bytes[..64].try_into().unwrap();
        prop_assert_eq!(&Node::decode(node).encode()[..], &node[..]);
        let edge: &[u8; 88] = bytes[..].try_into().unwrap();
        prop_assert_eq!(&EdgeEntry::decode(edge).encode()[..], &edge[..]);
        let mut ended: [u8; 32] = bytes[..32].try_into().unwrap();
        ended[20..24].fill(0);
        prop_assert_eq!(&EndEntry::decode(&ended).encode()[..], &ended[..]);
    }

    #[test]
    fn commits_round_trip(
        commits in vec(any::<(u64, u64)>(), 0..20),
        more in vec(any::<u8>(), 0..15),
    ) {
        let mut section = Vec::new();
        for (seqno, committed_us) in &commits {
            append_commit(*seqno, *committed_us, &mut section);
        }
        prop_assert_eq!(section.len(), commits.len() * COMMIT_ENTRY_BYTES);
        // A part of an entry behind them is none.
        section.extend_from_slice(&more);
        prop_assert_eq!(count(&section), commits.len());
        prop_assert_eq!(entries(&section).collect::<Vec<_>>(), commits.clone());
        prop_assert_eq!(entry(&section, 0), commits.first().copied());
        prop_assert_eq!(entry(&section, commits.len()), None);
        prop_assert_eq!(entry(&section, usize::MAX), None);
    }
}

#[test]
fn one_or_two_nodes_fall_into_a_bucket() {
    let expected =
        [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (5, 4), (8, 4), (9, 8), (1 << 30, 1 << 29)];
    for (nodes, buckets) in expected {
        assert_eq!(DirectoryBuilder::bytes(nodes), (buckets + 1) * 4, "{nodes} nodes");
    }
}

/// Hashes of numbered ids.
fn numbered(start: u64, count: u64) -> impl Iterator<Item = u64> {
    (start..start + count).map(|number| {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_le_bytes());
        ConceptId(id).hash64()
    })
}

fn filter(hashes: impl ExactSizeIterator<Item = u64>) -> Vec<u8> {
    let mut builder = FilterBuilder::new(hashes.len() as u64);
    hashes.for_each(|hash| builder.add(hash));
    builder.finish()
}

fn may_contain(section: &[u8], hash: u64) -> bool {
    let line = line_of(section.len() as u64, hash);
    line.is_some_and(|line| {
        assert!(line.start % 64 == 0 && line.end - line.start == 64);
        line_may_contain(&section[line.start as usize..line.end as usize], hash)
    })
}

#[test]
fn every_key_is_seen_and_fewer_than_three_of_a_hundred_others() {
    let asked = if cfg!(miri) { 100 } else { 50_000 };
    for keys in [1, 10, 42, 1000, 30_000] {
        let keys = if cfg!(miri) { keys.min(100) } else { keys };
        let section = filter(numbered(0, keys).collect::<Vec<_>>().into_iter());
        assert_eq!(section.len() as u64, FilterBuilder::bytes(keys));
        assert!(numbered(0, keys).all(|hash| may_contain(&section, hash)), "{keys} keys");
        let seen = numbered(1 << 40, asked).filter(|hash| may_contain(&section, *hash)).count();
        assert!(seen as u64 * 100 < asked * 3, "{seen} of {asked} with {keys} keys");
    }
}

/// Callers choose ids, and then hashes may not be as random as they should be.
#[test]
fn keys_that_differ_in_few_bits_are_seen() {
    for shift in [0, 20, 40, 54] {
        let hashes: Vec<_> = (0..1000_u64).map(|number| number << shift).collect();
        let section = filter(hashes.clone().into_iter());
        assert!(hashes.iter().all(|hash| may_contain(&section, *hash)), "{shift}");
    }
}

#[test]
fn a_filter_without_keys_has_none_and_a_line_that_is_too_short_neither() {
    assert_eq!(filter([].into_iter()), []);
    for bytes in [0, 1, 63] {
        assert_eq!(line_of(bytes, 5), None);
    }
    for (bytes, hash) in [(64, u64::MAX), (65, u64::MAX), (1 << 40, u64::MAX), (u64::MAX, u64::MAX)]
    {
        assert!(line_of(bytes, hash).unwrap().end <= bytes);
    }
    assert!(!line_may_contain(&[], 5));
    assert_eq!([1, 42, 43, 84, 85].map(FilterBuilder::bytes), [64, 64, 128, 128, 192]);
}

#[derive(Debug, Clone)]
enum Owned {
    Label(u32, String),
    Namespace(u32, u32, Metric, String),
}

impl Owned {
    fn entry(&self) -> NameEntry<'_> {
        match self {
            Self::Label(number, text) => NameEntry::Label { number: *number, text },
            Self::Namespace(number, dimension, metric, text) => NameEntry::Namespace {
                number: *number,
                dimension: *dimension,
                metric: *metric,
                text,
            },
        }
    }
}

fn name() -> impl Strategy<Value = Owned> {
    prop_oneof![
        (any::<u32>(), text()).prop_map(|(number, text)| Owned::Label(number, text)),
        (any::<[u32; 2]>(), metric(), namespace()).prop_map(
            |([number, dimension], metric, name)| {
                Owned::Namespace(number, dimension, metric, name)
            }
        ),
    ]
}

fn names_of<'a>(entries: impl IntoIterator<Item = NameEntry<'a>>) -> Vec<u8> {
    let mut section = Vec::new();
    entries.into_iter().for_each(|entry| append_name(&entry, &mut section));
    section
}

fn read_names(section: &[u8]) -> Result<Vec<NameEntry<'_>>, DecodeError> {
    let mut cursor = Cursor::new(section);
    std::iter::from_fn(|| next_name(&mut cursor).transpose()).collect()
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn names_round_trip(entries in vec(name(), 0..6)) {
        let entries: Vec<_> = entries.iter().map(Owned::entry).collect();
        let section = names_of(entries.iter().copied());
        prop_assert_eq!(read_names(&section), Ok(entries));
    }

    #[test]
    fn nothing_near_a_name_is_the_same(name in name()) {
        let section = names_of([name.entry()]);
        for part in cut(&section).skip(1) {
            let refused = read_names(part).unwrap_err();
            let is_short = matches!(refused.problem, Problem::Truncated { .. });
            // A text that ends within a character would do, but its length says that more comes.
            prop_assert!(is_short, "{}", refused);
        }
        for (bit, bytes) in flipped(&section) {
            let read = read_names(&bytes);
            prop_assert_ne!(&read, &Ok(vec![name.entry()]), "bit {}", bit);
            if let Ok(entries) = read {
                prop_assert_eq!(names_of(entries), bytes);
            }
        }
    }

    #[test]
    fn any_bytes_are_names_or_refused(bytes in vec(any::<u8>(), 0..80)) {
        if let Ok(entries) = read_names(&bytes) {
            prop_assert_eq!(names_of(entries), bytes);
        }
    }
}

#[test]
fn names_with_values_that_are_never_written_are_refused_with_their_place() {
    let first = names_of([NameEntry::Label { number: 1, text: "treats" }]);
    let refused = |kind: u8, metric: u8, dimension: u8, text: &[u8]| {
        let head = [kind, metric, text.len() as u8, 0, 1, 0, 0, 0, dimension, 0, 0, 0];
        read_names(&[first.as_slice(), &head, text].concat()).unwrap_err()
    };
    let kind = DecodeError::value(first.len(), "kind of a name");
    for number in [0, 3, 255] {
        assert_eq!(refused(number, 0, 0, b"a"), kind);
    }
    assert_eq!(refused(1, 1, 0, b"a"), kind, "a label with a metric");
    assert_eq!(refused(1, 0, 1, b"a"), kind, "a label with a dimension");
    assert_eq!(refused(2, 3, 1, b"a"), kind, "a metric that is none");
    assert_eq!(refused(1, 0, 0, b"\xff"), DecodeError::value(first.len(), "text of a name"));
}

#[test]
fn docs_say_where_every_field_is() {
    let numbers: Vec<u32> = (1..9).map(|number| number << 24 | 7).collect();
    let node = Node {
        hash: 0x0102_0304_0506_0708,
        id: ID,
        record: 0x1112_1314_1516_1718,
        out_start: numbers[0],
        out_count: numbers[1],
        in_start: numbers[2],
        in_count: numbers[3],
        out_ends_start: numbers[4],
        out_ends_count: numbers[5],
        in_ends_start: numbers[6],
        in_ends_count: numbers[7],
    };
    let number = |index: usize| numbers[index].to_le_bytes().to_vec();
    let fields = [
        ("hash", node.hash.to_le_bytes().to_vec()),
        ("id", ID.0.to_vec()),
        ("record", node.record.to_le_bytes().to_vec()),
        ("out start", number(0)),
        ("out count", number(1)),
        ("in start", number(2)),
        ("in count", number(3)),
        ("out ends start", number(4)),
        ("out ends count", number(5)),
        ("in ends start", number(6)),
        ("in ends count", number(7)),
    ];
    assert_page_describes(PAGE, "Node", &node.encode(), &fields);
    let ended = EndEntry { other: ID, names: 0x0102_0304, end: 0x1112_1314_1516_1718 };
    let fields = [
        ("other", ID.0.to_vec()),
        ("names", vec![4, 3, 2, 1]),
        ("zero", vec![0; 4]),
        ("end", ended.end.to_le_bytes().to_vec()),
    ];
    assert_page_describes(PAGE, "End entry", &ended.encode(), &fields);
    let (dimension, metric) = (0x0a0b, Metric::L2);
    let name = NameEntry::Namespace { number: 0x0102_0304, dimension, metric, text: "medicine" };
    let fields = [
        ("kind", vec![2]),
        ("metric", vec![2]),
        ("text bytes", vec![8, 0]),
        ("number", vec![4, 3, 2, 1]),
        ("dimension", vec![0x0b, 0x0a, 0, 0]),
    ];
    assert_page_describes(PAGE, "Name", &names_of([name])[..12], &fields);
}

#[test]
fn docs_say_where_every_field_of_an_association_is() {
    let edge = EdgeEntry {
        other: ID,
        begin: 0x0102_0304_0506_0708,
        end: 0x1112_1314_1516_1718,
        names: 0x2122_2324,
        attribute_bytes: 0x3132_3334,
        attributes: 0x4142_4344_4546_4748,
        confidence: 0.25,
        weight: -8.5,
        created_us: 0x5152_5354_5556_5758,
        validity: Validity { from_ms: None, to_ms: Some(-9) },
    };
    let fields = [
        ("other", ID.0.to_vec()),
        ("begin", edge.begin.to_le_bytes().to_vec()),
        ("end", edge.end.to_le_bytes().to_vec()),
        ("names", edge.names.to_le_bytes().to_vec()),
        ("attributes bytes", edge.attribute_bytes.to_le_bytes().to_vec()),
        ("attributes", edge.attributes.to_le_bytes().to_vec()),
        ("confidence", 0.25_f64.to_le_bytes().to_vec()),
        ("weight", (-8.5_f64).to_le_bytes().to_vec()),
        ("created", edge.created_us.to_le_bytes().to_vec()),
        ("valid from", i64::MIN.to_le_bytes().to_vec()),
        ("valid to", (-9_i64).to_le_bytes().to_vec()),
    ];
    assert_page_describes(PAGE, "Association entry", &edge.encode(), &fields);
}
