//! The golden store with segments: every byte of its sealed files and of its manifest is what the
//! values that are read from it give when they are written again.
#![cfg(not(miri))]
#![expect(clippy::unwrap_used, reason = "helpers of tests are not seen as tests")]
#![expect(clippy::indexing_slicing, reason = "helpers of tests are not seen as tests")]
#![expect(clippy::disallowed_methods, reason = "a test of files reads them itself")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use sutra_format::concept_record::{
    ConceptRecord, ConceptVersion, KIND_CONCEPT, KIND_TOMBSTONE, Text, TextRef,
};
use sutra_format::manifest::Manifest;
use sutra_format::sealed_file::{
    BLOCK_BYTES, FileKind, SealedPlan, SectionChecksums, SectionKind, SectionSize,
};
use sutra_format::sealed_layout::{SealedLayout, Section};
use sutra_format::segment::commits::{append_commit, entries};
use sutra_format::segment::directory::DirectoryBuilder;
use sutra_format::segment::edge_entry::{EDGE_ENTRY_BYTES, EdgeEntry};
use sutra_format::segment::end_entry::{END_ENTRY_BYTES, EndEntry};
use sutra_format::segment::filter::FilterBuilder;
use sutra_format::segment::names::{append_name, next_name};
use sutra_format::segment::node::{NODE_BYTES, Node};
use sutra_format::vector_file::{VectorMeta, stride};
use sutra_format::{ConceptId, Cursor, Metric, StoreMeta};

fn shard() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/v1-segments/shard-00")
}

fn read(path: &str) -> Vec<u8> {
    let path = shard().join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn manifest() -> Manifest {
    Manifest::decode(&read("MANIFEST")).unwrap()
}

/// A sealed file and where everything in it is.
struct Sealed {
    bytes: Vec<u8>,
    layout: SealedLayout,
}

impl Sealed {
    fn open(kind: FileKind, number: u32, extension: &str) -> Self {
        let bytes = read(&format!("segments/{number:010}.{extension}"));
        let layout = SealedLayout::decode(kind, &bytes).unwrap();
        assert_eq!(layout.header().number, number);
        Self { bytes, layout }
    }

    fn section(&self, kind: SectionKind) -> &[u8] {
        self.bytes_of(self.layout.section(kind).unwrap())
    }

    fn bytes_of(&self, section: &Section) -> &[u8] {
        &self.bytes[section.offset as usize..(section.offset + section.bytes) as usize]
    }

    /// The file made anew of its sections.
    fn assert_frame(&self) {
        let sections = self.layout.sections();
        let size = |section: &Section| SectionSize {
            kind: section.kind,
            bytes: section.bytes,
            items: section.items,
        };
        let sizes: Vec<_> = sections.iter().map(size).collect();
        let plan = SealedPlan::new(*self.layout.header(), &sizes).unwrap();
        let mut file = plan.header_block();
        let mut checksums = Vec::new();
        for section in sections {
            let mut passing = SectionChecksums::default();
            passing.pass(self.bytes_of(section));
            checksums.push(passing.finish());
            file.extend_from_slice(self.bytes_of(section));
            file.resize(file.len().next_multiple_of(BLOCK_BYTES), 0);
        }
        file.extend_from_slice(&plan.footer(&checksums).bytes);
        assert!(file == self.bytes, "file {} made anew differs", self.layout.header().number);
    }
}

fn nodes(segment: &Sealed) -> Vec<Node> {
    let (nodes, rest) = segment.section(SectionKind::Nodes).as_chunks::<NODE_BYTES>();
    assert_eq!(rest, []);
    nodes.iter().map(Node::decode).collect()
}

fn edges(segment: &Sealed, kind: SectionKind) -> Vec<EdgeEntry> {
    let (entries, rest) = segment.section(kind).as_chunks::<EDGE_ENTRY_BYTES>();
    assert_eq!(rest, []);
    entries.iter().map(EdgeEntry::decode).collect()
}

fn ends(segment: &Sealed, kind: SectionKind) -> Vec<EndEntry> {
    let (entries, rest) = segment.section(kind).as_chunks::<END_ENTRY_BYTES>();
    assert_eq!(rest, []);
    entries.iter().map(EndEntry::decode).collect()
}

fn order(segment: &Sealed) -> Vec<u64> {
    let (numbers, _) = segment.section(SectionKind::Order).as_chunks::<8>();
    numbers.iter().map(|number| u64::from_le_bytes(*number)).collect()
}

fn records(segment: &Sealed) -> Vec<(u64, ConceptRecord<'_>)> {
    let order = order(segment);
    let places = order.windows(2);
    let record = |place: &[u64]| {
        let bytes = &segment.bytes[place[0] as usize..place[1] as usize];
        (place[0], ConceptRecord::check(bytes).unwrap())
    };
    places.map(record).collect()
}

fn assert_same(segment: &Sealed, kind: SectionKind, made: &[u8]) {
    assert!(segment.section(kind) == made, "{kind:?} made anew differs");
}

fn text(read: TextRef<'_>) -> Text<'_> {
    match read {
        TextRef::Inline(text) => Text::Given(text),
        TextRef::At(position) => Text::KeptAt(position),
        TextRef::Below => Text::KeptBelow,
    }
}

fn assert_records(segment: &Sealed) {
    let mut made = Vec::new();
    for (number, (_, record)) in (0..).zip(records(segment)) {
        assert_eq!(record.cell(), number);
        let version = ConceptVersion {
            seqno: record.seqno(),
            previous: record.previous(),
            id: record.id(),
            cell: record.cell(),
            ordinal: record.ordinal(),
            namespace: record.namespace(),
            key: record.key(),
            content: text(record.content()),
            attributes: text(record.attributes()),
            row: record.row(),
            created_us: record.created_us(),
            updated_us: record.updated_us(),
            strength: record.strength(),
            confidence: record.confidence(),
            validity: record.validity(),
        };
        version
            .append(if record.is_tombstone() { KIND_TOMBSTONE } else { KIND_CONCEPT }, &mut made);
    }
    assert_same(segment, SectionKind::Records, &made);
    let mut newest: Vec<_> = nodes(segment).iter().map(|node| node.record).collect();
    newest.retain(|record| *record != 0);
    assert!(newest.iter().all(|record| order(segment).contains(record)));
}

fn assert_tables(segment: &Sealed) {
    let nodes = nodes(segment);
    assert!(nodes.iter().all(|node| node.hash == node.id.hash64()));
    assert!(nodes.is_sorted_by(|a, b| (a.hash, a.id) < (b.hash, b.id)));
    let mut directory = DirectoryBuilder::new(nodes.len() as u64);
    let mut filter = FilterBuilder::new(nodes.len() as u64);
    for node in &nodes {
        directory.add(node.hash);
        filter.add(node.hash);
    }
    assert_same(segment, SectionKind::Directory, &directory.finish());
    assert_same(segment, SectionKind::Filter, &filter.finish());
    let nodes: Vec<_> = nodes.iter().flat_map(Node::encode).collect();
    assert_same(segment, SectionKind::Nodes, &nodes);
}

/// As docs/format/segment.md says.
fn edge_hash(source: &ConceptId, target: &ConceptId, names: u32) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let ends = source.hash64().rotate_left(29) ^ target.hash64();
    (ends ^ u64::from(names)).wrapping_mul(ODD).rotate_left(32).wrapping_mul(ODD)
}

/// Source, target, names, begin, end and attributes.
type Association<'a> = (ConceptId, ConceptId, u32, u64, u64, &'a [u8]);

fn assert_edges(segment: &Sealed) {
    let (outgoing, incoming) = (edges(segment, SectionKind::Out), edges(segment, SectionKind::In));
    let (out_ends, in_ends) =
        (ends(segment, SectionKind::OutEnds), ends(segment, SectionKind::InEnds));
    let (mut by_source, mut by_target) = (BTreeSet::new(), BTreeSet::new());
    let (mut ended_by_source, mut ended_by_target) = (BTreeSet::new(), BTreeSet::new());
    let attributes = |edge: &EdgeEntry| {
        &segment.bytes[edge.attributes as usize..][..edge.attribute_bytes as usize]
    };
    for node in nodes(segment) {
        for edge in &outgoing[node.out_start as usize..][..node.out_count as usize] {
            let ends = (node.id, edge.other, edge.names);
            let found: Association<'_> =
                (ends.0, ends.1, ends.2, edge.begin, edge.end, attributes(edge));
            by_source.insert(found);
        }
        for edge in &incoming[node.in_start as usize..][..node.in_count as usize] {
            by_target.insert((
                edge.other,
                node.id,
                edge.names,
                edge.begin,
                edge.end,
                attributes(edge),
            ));
        }
        for end in &out_ends[node.out_ends_start as usize..][..node.out_ends_count as usize] {
            ended_by_source.insert((node.id, end.other, end.names, end.end));
        }
        for end in &in_ends[node.in_ends_start as usize..][..node.in_ends_count as usize] {
            ended_by_target.insert((end.other, node.id, end.names, end.end));
        }
    }
    assert_eq!((by_source.len(), by_target.len()), (outgoing.len(), incoming.len()));
    assert_eq!(by_source, by_target, "both ends say the same");
    assert_eq!(ended_by_source, ended_by_target, "both ends say the same");
    let mut filter = FilterBuilder::new((outgoing.len() + out_ends.len()) as u64);
    for (source, target, names, ..) in &by_source {
        filter.add(edge_hash(source, target, *names));
    }
    for (source, target, names, _) in &ended_by_source {
        filter.add(edge_hash(source, target, *names));
    }
    assert_same(segment, SectionKind::EdgeFilter, &filter.finish());
    let made =
        |entries: &[EdgeEntry]| entries.iter().flat_map(EdgeEntry::encode).collect::<Vec<_>>();
    assert_same(segment, SectionKind::Out, &made(&outgoing));
    assert_same(segment, SectionKind::In, &made(&incoming));
    let made = |entries: &[EndEntry]| entries.iter().flat_map(EndEntry::encode).collect::<Vec<_>>();
    assert_same(segment, SectionKind::OutEnds, &made(&out_ends));
    assert_same(segment, SectionKind::InEnds, &made(&in_ends));
}

fn assert_names_and_commits(segment: &Sealed) {
    let mut cursor = Cursor::new(segment.section(SectionKind::Names));
    let mut made = Vec::new();
    while let Some(name) = next_name(&mut cursor).unwrap() {
        append_name(&name, &mut made);
    }
    assert_same(segment, SectionKind::Names, &made);
    let mut made = Vec::new();
    let mut seqnos = Vec::new();
    for (seqno, committed_us) in entries(segment.section(SectionKind::Commits)) {
        append_commit(seqno, committed_us, &mut made);
        seqnos.push(seqno);
    }
    assert_same(segment, SectionKind::Commits, &made);
    let header = segment.layout.header();
    assert_eq!(seqnos, (header.first_seqno..=header.last_seqno).collect::<Vec<_>>());
}

#[test]
fn every_byte_of_the_segments_is_what_was_written() {
    let manifest = manifest();
    assert_eq!(manifest.segments.len(), 2);
    let (mut tombstones, mut kept_texts, mut out_ends, mut ended) = (0, 0, 0, 0);
    for entry in &manifest.segments {
        let segment = Sealed::open(FileKind::Segment, entry.number, "seg");
        let header = segment.layout.header();
        assert_eq!((header.first_seqno, header.last_seqno), (entry.first_seqno, entry.last_seqno));
        assert_eq!(header.store_id, manifest.store_id);
        assert_eq!(segment.layout.checksum(), entry.checksum);
        assert_eq!(segment.bytes.len() as u64, entry.file_bytes);
        segment.assert_frame();
        assert_records(&segment);
        assert_tables(&segment);
        assert_edges(&segment);
        assert_names_and_commits(&segment);
        let records = records(&segment);
        tombstones += records.iter().filter(|(_, record)| record.is_tombstone()).count();
        kept_texts += records.iter().filter(|(_, r)| matches!(r.content(), TextRef::At(_))).count();
        out_ends += ends(&segment, SectionKind::OutEnds).len();
        let edges = edges(&segment, SectionKind::Out);
        ended += edges.iter().filter(|edge| edge.end != u64::MAX).count();
    }
    // The store was made so that it has some of everything.
    assert_eq!((tombstones, kept_texts, out_ends, ended), (1, 1, 3, 1));
}

#[test]
fn every_byte_of_the_vectors_is_what_was_written() {
    let manifest = manifest();
    assert_eq!(manifest.vector_files.len(), 3);
    for entry in &manifest.vector_files {
        let file = Sealed::open(FileKind::Vectors, entry.number, "vec");
        assert_eq!(file.layout.checksum(), entry.checksum);
        assert_eq!(file.bytes.len() as u64, entry.file_bytes);
        file.assert_frame();
        let meta = VectorMeta::decode(file.section(SectionKind::Meta)).unwrap();
        assert_eq!(meta.encode(), file.section(SectionKind::Meta));
        assert_eq!(meta.namespace, entry.namespace);
        let (rows, _) = file.section(SectionKind::Rows).as_chunks::<4>();
        let rows: Vec<_> = rows.iter().map(|row| u32::from_le_bytes(*row)).collect();
        assert_eq!((rows[0], rows[rows.len() - 1]), (entry.first_row, entry.last_row));
        assert!(rows.len() == entry.rows as usize && rows.is_sorted());
        assert_eq!(file.section(SectionKind::Begins).len(), rows.len() * 8);
        assert_eq!(file.section(SectionKind::Ids).len(), rows.len() * 16);
        let (norms, _) = file.section(SectionKind::InverseNorms).as_chunks::<8>();
        let stride = stride(meta.dimension) as usize;
        let lines = file.section(SectionKind::Floats).chunks_exact(stride * 4);
        assert_eq!((norms.len(), lines.len()), (rows.len(), rows.len()));
        for (norm, line) in norms.iter().zip(lines) {
            let (numbers, _) = line.as_chunks::<4>();
            let numbers: Vec<_> = numbers.iter().map(|n| f32::from_le_bytes(*n)).collect();
            let (vector, rest) = numbers.split_at(meta.dimension as usize);
            assert!(rest.iter().all(|number| number.to_bits() == 0));
            let length = vector.iter().map(|n| f64::from(*n).powi(2)).sum::<f64>().sqrt();
            let expected = if meta.metric == Metric::Cosine { length.recip() } else { 1.0 };
            assert!((f64::from_le_bytes(*norm) - expected).abs() < 1e-15);
        }
    }
}

#[test]
fn every_byte_of_the_manifest_is_what_was_written() {
    let manifest = manifest();
    assert_eq!(manifest.encode(), read("MANIFEST"));
    let meta = StoreMeta::decode(&read("../STORE")).unwrap();
    assert_eq!(manifest.store_id, meta.store_id);
    assert_eq!((manifest.floor_seqno, manifest.labels, manifest.next_rows.len()), (9, 3, 2));
    let counts = (manifest.concepts, manifest.edges, manifest.vectors, manifest.written);
    assert_eq!(counts, (5, 3, 5, 20));
}

/// Target, name and bytes of each seed of the fuzzer.
fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let manifest = manifest();
    let mut seeds = vec![("manifest", "manifest".to_owned(), read("MANIFEST"))];
    for entry in &manifest.segments {
        let segment = Sealed::open(FileKind::Segment, entry.number, "seg");
        let name = |what: &str| format!("segment-{}-{what}", entry.number);
        // One byte says how many blocks there are; the target makes the checksums.
        let trailer_at = segment.bytes.len() - 32;
        let trailer = segment.bytes[trailer_at..].first_chunk();
        let footer_at = u64::from_le_bytes(*trailer.unwrap()) as usize;
        let blocks = (footer_at / BLOCK_BYTES - 1) as u8;
        let footer = [&[blocks][..], &segment.bytes[footer_at..trailer_at - 8]].concat();
        seeds.push(("sealed_layout", name("footer"), footer));
        for (index, place) in order(&segment).windows(2).enumerate() {
            let bytes = segment.bytes[place[0] as usize..place[1] as usize].to_vec();
            seeds.push(("concept_record", name(&format!("record-{index}")), bytes));
        }
        seeds.push(("segment_names", name("names"), segment.section(SectionKind::Names).to_vec()));
        for (what, kind) in [
            ("nodes", SectionKind::Nodes),
            ("directory", SectionKind::Directory),
            ("filter", SectionKind::Filter),
            ("out", SectionKind::Out),
            ("in-ends", SectionKind::InEnds),
            ("commits", SectionKind::Commits),
        ] {
            seeds.push(("segment_entries", name(what), segment.section(kind).to_vec()));
        }
    }
    for entry in &manifest.vector_files {
        let file = Sealed::open(FileKind::Vectors, entry.number, "vec");
        let meta = file.section(SectionKind::Meta).to_vec();
        seeds.push(("vector_meta", format!("vectors-{}", entry.number), meta));
    }
    seeds
}

/// `SUTRA_WRITE_GOLDEN=1` writes them.
#[test]
fn the_fuzzer_begins_with_parts_of_these_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for (target, name, bytes) in seeds() {
        let path = folder.join(target).join(name);
        if std::env::var("SUTRA_WRITE_GOLDEN").is_ok_and(|value| value == "1") {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        let found = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(found == bytes, "{} is another", path.display());
    }
}
