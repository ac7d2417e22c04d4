//! Figures, not claims: cargo test --release -p sutra-index measure -- --ignored --nocapture

use super::super::model::{Json, Sections, Version};
use super::Filter;
use std::hint::black_box;
use std::time::{Duration, Instant};

const DOCUMENTS: u64 = 100_000;
const RUNS: u32 = 50;

#[expect(clippy::disallowed_methods, reason = "a measurement needs the real clock")]
fn now() -> Instant {
    Instant::now()
}

fn time<T>(runs: u32, mut work: impl FnMut() -> T) -> Duration {
    black_box(work());
    let start = now();
    for _ in 0..runs {
        black_box(work());
    }
    start.elapsed() / runs
}

fn version(number: u64) -> Version {
    let year = 1900 + number * 7919 % 120;
    let attributes = format!(
        r#"{{"year": {year}, "one": {}, "ten": {}, "half": {}, "name": "n{number}", "tags": ["t{}",
        "u{}"], "address": {{"city": "c{}", "zip": {}}}}}"#,
        number % 100,
        number % 10,
        number % 2,
        number % 50,
        number % 7,
        number % 1000,
        number % 9000,
    );
    Version { created_us: number * 1_000_000, ..Version::new(number, &attributes) }
}

#[test]
#[ignore = "prints figures"]
fn measure() {
    let versions: Vec<_> = (0..DOCUMENTS).map(version).collect();
    let start = now();
    let sections = Sections::build(&versions);
    println!("build: {:?} for {DOCUMENTS} documents", start.elapsed());
    for section in crate::sink::PartSection::ALL {
        println!("  {section:?}: {} bytes", sections.of(section).len());
    }
    let numbers: Vec<_> = (0..DOCUMENTS as u32).collect();
    let inputs = [(sections.attributes(), numbers.as_slice())];
    let merge = || crate::attributes::merge_attributes(&inputs, &mut Sections::default());
    println!("merge of one part's attributes: {:?}", time(3, merge));
    let columns = sections.columns(versions.len());
    let documents: Vec<_> = versions.iter().map(Version::document).collect();
    for query in [
        r#"{"one": 7}"#,
        r#"{"ten": 7}"#,
        r#"{"half": 1}"#,
        r#"{"name": "n5000"}"#,
        r#"{"year": {"$gte": 1990, "$lt": 2000}}"#,
        r#"{"name": {"$gt": "n5"}}"#,
        r#"{"$and": [{"ten": 7}, {"tags": {"$in": ["t7", "t17"]}}]}"#,
        r#"{"half": {"$ne": 1}}"#,
        r#"{"createdAt": {"$gte": 50000000}}"#,
        r#"{"one": 7, "createdAt": {"$gte": 50000000}}"#,
        r#"{"address": {"$eq": {"city": "c7", "zip": 7}}}"#,
    ] {
        let filter = Filter::decode(&Json::parse(query).encode()).unwrap();
        let found = filter.select(&columns, 0, "x").unwrap().len();
        let select = time(RUNS, || filter.select(&columns, 0, "x"));
        let all = || documents.iter().filter(|one| filter.matches(one, "x").unwrap()).count();
        let matches = time(2, all) / DOCUMENTS as u32;
        println!("{query}: {found} found; select {select:?}; matches {matches:?} per document");
    }
}
