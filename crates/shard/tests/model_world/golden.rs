//! A small store with two segments, files of vectors, deleted and changed concepts, associations
//! that were ended in the segment that has them and in a later one, and commits that only the log
//! has.

use super::bench::Bench;
use std::path::{Path, PathBuf};
use sutra_format::batch::{Associate, EdgeName};
use sutra_format::op_fields::Validity;
use sutra_format::{
    AssociationClass, BatchBuilder, ConceptId, Identity, Learn, Metric, StoreMeta, Update,
};
use sutra_shard::ShardOptions;

const META: StoreMeta = StoreMeta {
    store_id: *b"golden segments\0",
    created_us: 1_700_000_000_000_000,
    shards: 1,
    vector_dimension: 3,
    metric: Metric::Cosine,
};
const GIVEN: ConceptId = ConceptId(*b"an id of a user!");

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../format/golden/v1-segments")
}

pub fn options() -> ShardOptions {
    ShardOptions {
        store_id: META.store_id,
        vector_dimension: META.vector_dimension,
        metric: META.metric,
        history_keep_us: Some(1 << 40),
        log_segment_bytes_min: 4096,
        log_segment_bytes_max: 4096,
        ..ShardOptions::default()
    }
}

/// Where the files of the index of texts are, which is made of the others.
pub fn texts_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../format/golden/v1-text")
}

/// Paths in the folders and bytes of all files.
pub fn files() -> Vec<(PathBuf, Vec<u8>)> {
    let mut bench = Bench::new(options());
    first_segment(&mut bench);
    bench.flush();
    second_segment(&mut bench);
    bench.flush();
    let last = Update { id: key("cox-1"), strength: Some(0.5), ..Update::default() };
    bench.write(BatchBuilder::new().update(&last).learn(&learn("in the log only", None)).build());
    bench.close();
    let inside = |path: &Path| {
        let path = path.strip_prefix("/shard").unwrap();
        Path::new("shard-00").join(path)
    };
    let files = bench.machine.disk().files();
    let mut files: Vec<_> = files.into_iter().map(|(path, bytes)| (inside(&path), bytes)).collect();
    files.push((PathBuf::from("STORE"), META.encode()));
    files
}

fn first_segment(bench: &mut Bench) {
    let aspirin = vector(&[3.0, 4.0, 0.0]);
    let by_key = vector(&[0.0, 0.0, 2.0]);
    let given = vector(&[1.0, 0.0, 0.0]);
    let attributes = b"\x82\xa6domain\xa7medical\xa4year\xcd\x07\xe4";
    bench.write(
        BatchBuilder::new()
            .learn(&Learn {
                attributes: Some(attributes),
                strength: Some(0.75),
                validity: Validity { from_ms: Some(0), to_ms: Some(8_640_000_000_000_000) },
                ..learn("Aspirin inhibits COX-1", Some(&aspirin))
            })
            .learn(&Learn {
                identity: Identity::Key("cox-1"),
                ..learn("COX-1 ist ein Enzym: µ, 酵素, 🧬", Some(&by_key))
            })
            .learn(&Learn {
                identity: Identity::Id(GIVEN),
                ..learn("named by an id", Some(&given))
            })
            .build(),
    );
    let mut notes = BatchBuilder::new().namespace("notes", 2, Metric::L2);
    for (number, content) in ["first note", "second note", "third note"].into_iter().enumerate() {
        let vector = vector(&[number as f32, -1.0]);
        notes = notes.learn(&Learn { namespace: "notes", ..learn(content, Some(&vector)) });
    }
    bench.write(notes.build());
    let inhibits = name(content("Aspirin inhibits COX-1"), key("cox-1"), Some("inhibits"));
    let plain = name(key("cox-1"), GIVEN, None);
    bench.write(
        BatchBuilder::new()
            .associate(&Associate {
                confidence: Some(0.9),
                weight: Some(-1.5),
                attributes: Some(b"\x81\xa5since\xcd\x07\xb3"),
                ..associate(inhibits)
            })
            .associate(&associate(plain))
            .associate(&associate(name(GIVEN, GIVEN, None)))
            .associate(&associate(name(note("first note"), note("second note"), Some("before"))))
            .build(),
    );
    // Made and ended in the same segment, and made again.
    bench.write(BatchBuilder::new().dissociate(&plain).build());
    bench.write(BatchBuilder::new().associate(&associate(plain)).build());
}

fn second_segment(bench: &mut Bench) {
    let moved = vector(&[4.0, 3.0, 0.0]);
    let aspirin = content("Aspirin inhibits COX-1");
    bench.write(
        BatchBuilder::new()
            .update(&Update { id: aspirin, vector: Some(&moved), ..Update::default() })
            .update(&Update { id: key("cox-1"), content: Some("an enzyme"), ..Update::default() })
            .build(),
    );
    bench.write(
        BatchBuilder::new()
            .update(&Update { id: key("cox-1"), confidence: Some(0.125), ..Update::default() })
            .build(),
    );
    let treats = name(aspirin, GIVEN, Some("treats"));
    let inhibits = name(aspirin, key("cox-1"), Some("inhibits"));
    bench.write(
        BatchBuilder::new()
            .dissociate(&name(key("cox-1"), GIVEN, None))
            .associate(&Associate { weight: Some(2.0), ..associate(inhibits) })
            .associate(&Associate { attributes: Some(b"\x80"), ..associate(treats) })
            .build(),
    );
    bench.write(BatchBuilder::new().delete(note("first note")).build());
}

fn learn<'a>(content: &'a str, vector: Option<&'a [u8]>) -> Learn<'a> {
    Learn { content, vector, ..Learn::default() }
}

fn name(source: ConceptId, target: ConceptId, label: Option<&str>) -> EdgeName<'_> {
    EdgeName { source, target, class: AssociationClass::Causal, label }
}

fn associate(name: EdgeName<'_>) -> Associate<'_> {
    let validity = Validity { from_ms: None, to_ms: Some(-1) };
    Associate { name, confidence: None, weight: None, attributes: None, validity }
}

fn vector(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn content(text: &str) -> ConceptId {
    ConceptId::of_content("default", text)
}

fn note(text: &str) -> ConceptId {
    ConceptId::of_content("notes", text)
}

fn key(key: &str) -> ConceptId {
    ConceptId::of_key("default", key)
}
