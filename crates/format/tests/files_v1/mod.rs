//! The files of format version 1: what they hold, and their bytes. `golden/v1/` is written from
//! this once; `tests/golden.rs` keeps both alike.

use sutra_format::batch::{Associate, EdgeName, Learn, Op, Update};
use sutra_format::commit::commit_prefix;
use sutra_format::op_fields::Validity;
use sutra_format::{
    AssociationClass, BatchBuilder, ConceptId, Identity, Metric, RecordHeader, RecordKind,
    SegmentHeader, StoreMeta,
};

/// Length of each segment.
pub const SEGMENT_BYTES: usize = 4096;
/// What the store says of itself.
pub const META: StoreMeta = StoreMeta {
    store_id: *b"golden store v1\0",
    created_us: 1_700_000_000_000_000,
    shards: 1,
    vector_dimension: 3,
    metric: Metric::Cosine,
};

const FIRST_EPOCH: u64 = 0x0123_4567_89ab_cdef;
const SECOND_EPOCH: u64 = 0xfedc_ba98_7654_3210;
const FIRST_COMMIT_US: u64 = 1_700_000_001_000_000;
const GIVEN_ID: ConceptId = ConceptId(*b"an id of a user!");
const TWO_NUMBERS: [u8; 8] = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]; // 1, -2
const THREE_NUMBERS: [u8; 12] = [0, 0, 0, 0x3f, 0, 0, 0x80, 0x3e, 0, 0, 0x80, 0xbf]; // 1/2, 1/4, -1

/// `{"domain": "medical", "year": 2020, "score": -0.5, "tags": ["a", null, true], "more": {}}`
const ATTRIBUTES: &[u8] = b"\x85\xa6domain\xa7medical\xa4year\xcd\x07\xe4\
    \xa5score\xcb\xbf\xe0\0\0\0\0\0\0\xa4tags\x93\xa1a\xc0\xc3\xa4more\x80";

/// One file of a golden folder.
pub struct GoldenFile {
    /// Path in the folder.
    pub path: &'static str,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// The files of the store.
pub fn files() -> Vec<GoldenFile> {
    let mut log = Log { last_seqno: 0, durable_seqno: 0, epoch: FIRST_EPOCH };
    let mut commits = commits().into_iter();

    let mut first = log.segment(1);
    log.commits(1, commits.by_ref().take(2), &mut first);
    log.record(1, RecordKind::Close, &[], &mut first);
    log.epoch = SECOND_EPOCH;
    log.record(1, RecordKind::Open, &[&FIRST_EPOCH.to_le_bytes()], &mut first);
    log.commits(1, commits.by_ref().take(2), &mut first);
    log.record(1, RecordKind::Seal, &[], &mut first);

    let mut second = log.segment(2);
    log.commits(2, commits, &mut second);

    vec![
        GoldenFile { path: "STORE", bytes: META.encode() },
        GoldenFile { path: "shard-00/wal/0000000001.wal", bytes: filled(first) },
        GoldenFile { path: "shard-00/wal/0000000002.wal", bytes: filled(second) },
    ]
}

fn filled(mut segment: Vec<u8>) -> Vec<u8> {
    assert!(segment.len() < SEGMENT_BYTES);
    segment.resize(SEGMENT_BYTES, 0);
    segment
}

/// Every kind of operation, every way to name a concept, every field given and left out.
pub fn commits() -> Vec<Vec<Op<'static>>> {
    let aspirin = learn_aspirin();
    let (by_content, by_key) = (aspirin.id(), learn_by_key().id());
    vec![
        vec![
            Op::Learn(aspirin),
            Op::Learn(learn_by_key()),
            Op::Learn(Learn {
                identity: Identity::Id(GIVEN_ID),
                content: "named by an id",
                validity: Validity { from_ms: None, to_ms: Some(-1) },
                ..Learn::default()
            }),
        ],
        vec![
            Op::Namespace { name: "notes", dimension: 2, metric: Metric::L2 },
            Op::Learn(Learn {
                namespace: "notes",
                content: "a note",
                vector: Some(&TWO_NUMBERS),
                ..Learn::default()
            }),
        ],
        vec![
            Op::Associate(inhibits(by_content, by_key)),
            Op::Associate(Associate {
                name: named(by_key, GIVEN_ID, AssociationClass::Semantic, None),
                confidence: None,
                weight: None,
                attributes: None,
                validity: Validity::default(),
            }),
            Op::Update(update(by_key)),
            Op::Update(Update { id: by_content, ..Update::default() }),
        ],
        vec![Op::Dissociate(named(by_key, GIVEN_ID, AssociationClass::Semantic, None))],
        vec![Op::Dissociate(inhibits(by_content, by_key).name), Op::Delete(GIVEN_ID)],
    ]
}

fn learn_aspirin() -> Learn<'static> {
    Learn {
        content: "Aspirin inhibits COX-1",
        vector: Some(&THREE_NUMBERS),
        attributes: Some(ATTRIBUTES),
        strength: Some(0.75),
        confidence: Some(1.0),
        validity: Validity { from_ms: Some(0), to_ms: Some(8_640_000_000_000_000) },
        ..Learn::default()
    }
}

fn learn_by_key() -> Learn<'static> {
    Learn {
        identity: Identity::Key("cox-1"),
        content: "COX-1 ist ein Enzym: µ, 酵素, 🧬",
        ..Learn::default()
    }
}

fn inhibits(source: ConceptId, target: ConceptId) -> Associate<'static> {
    Associate {
        name: named(source, target, AssociationClass::Causal, Some("inhibits")),
        confidence: Some(0.9),
        weight: Some(-1.5),
        attributes: Some(b"\x81\xa5since\xcd\x07\xb3"),
        validity: Validity { from_ms: Some(-8_640_000_000_000_000), to_ms: None },
    }
}

fn update(id: ConceptId) -> Update<'static> {
    Update {
        id,
        content: Some("COX-1 is an enzyme"),
        vector: Some(&THREE_NUMBERS),
        attributes: Some(b"\x80"),
        strength: Some(0.0),
        confidence: Some(0.125),
        validity: Validity { from_ms: Some(1), to_ms: Some(2) },
    }
}

fn named(
    source: ConceptId,
    target: ConceptId,
    class: AssociationClass,
    label: Option<&'static str>,
) -> EdgeName<'static> {
    EdgeName { source, target, class, label }
}

/// Writes records as a log does that syncs after each commit.
struct Log {
    last_seqno: u64,
    durable_seqno: u64,
    epoch: u64,
}

impl Log {
    fn segment(&self, number: u32) -> Vec<u8> {
        let header = SegmentHeader {
            number,
            store_id: META.store_id,
            epoch: self.epoch,
            first_seqno: self.last_seqno + 1,
            file_bytes: SEGMENT_BYTES as u64,
        };
        header.encode().to_vec()
    }

    fn commits(
        &mut self,
        segment_number: u32,
        commits: impl Iterator<Item = Vec<Op<'static>>>,
        out: &mut Vec<u8>,
    ) {
        for operations in commits {
            let batch = operations.iter().fold(BatchBuilder::new(), BatchBuilder::operation);
            let prefix = commit_prefix(FIRST_COMMIT_US + self.last_seqno);
            self.last_seqno += 1;
            self.record(segment_number, RecordKind::Commit, &[&prefix, batch.build().bytes()], out);
            self.durable_seqno = self.last_seqno;
        }
    }

    fn record(&self, segment_number: u32, kind: RecordKind, body: &[&[u8]], out: &mut Vec<u8>) {
        let header = RecordHeader {
            seqno: self.last_seqno,
            durable_seqno: self.durable_seqno,
            epoch: self.epoch,
            segment_number,
            kind,
        };
        header.append(body, out);
    }
}
