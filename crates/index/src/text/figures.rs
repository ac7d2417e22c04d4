//! Figures of speed, printed and not asserted:
//! `cargo test --release -p sutra-index figures -- --ignored --nocapture --test-threads 1`.
#![expect(clippy::disallowed_methods, reason = "time is what is measured")]

use super::merge::{TextInput, merge_text};
use super::part_bytes::PartBytes;
use super::search::{SearchedPart, TextSearch};
use super::{Analyzer, Corpus, Language, TextBuilder, TextQuery};
use roaring::RoaringBitmap;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

const WORDS: u64 = 60;

/// The shortest of several runs.
fn shortest(runs: usize, mut run: impl FnMut()) -> Duration {
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    times.min().unwrap_or_default()
}

/// Texts of 60 words each of 50,000, of which some are frequent, as in real ones.
fn texts(count: u64) -> Vec<String> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state >> 11
    };
    let mut word = || {
        let number = 50_000 / (1 + random() % 50_000) + random() % 100 * (random() % 7);
        format!("term{number}")
    };
    (0..count).map(|_| (0..WORDS).map(|_| word()).collect::<Vec<_>>().join(" ")).collect()
}

fn rate(bytes: usize, time: Duration) -> u128 {
    bytes as u128 * 1000 / time.as_nanos().max(1)
}

#[test]
#[ignore = "prints figures"]
fn figures_of_words() {
    let plain = texts(2000).join(". ");
    let mixed = plain.replace("term1 ", "Größe ");
    for (name, text, language) in [
        ("ASCII", &plain, None),
        ("upper-case ASCII", &plain.to_uppercase(), None),
        ("with umlauts", &mixed, None),
        ("only Cyrillic", &"Привет ёлка мир ".repeat(20_000), None),
        ("ASCII, English", &plain, Some(Language::English)),
    ] {
        let analyzer = Analyzer::new(language);
        let mut count = 0_u64;
        let time = shortest(5, || analyzer.words(text, &mut |_, _| count += 1));
        println!("words, {name}: {} MB/s, {count}", rate(text.len(), time));
    }
}

#[test]
#[ignore = "prints figures"]
fn figures_of_searches() {
    let analyzer = Analyzer::new(None);
    for count in [10_000_u32, 100_000] {
        let texts = texts(u64::from(count));
        let bytes: usize = texts.iter().map(String::len).sum();
        let mut builder = TextBuilder::new();
        let start = Instant::now();
        for (text, document) in texts.iter().zip(0..) {
            builder.add(document, 0, text, &analyzer);
        }
        println!("{count} documents of {bytes} bytes");
        println!("  building: {} MB/s", rate(bytes, start.elapsed()));
        println!("  memory: {} bytes", builder.memory_bytes());
        let mut part = PartBytes::default();
        let start = Instant::now();
        builder.write(&mut part).unwrap();
        println!("  writing: {:?}", start.elapsed());
        let sizes = part.sections().map(|section| section.len());
        println!("  bytes of entries, words, postings, positions: {sizes:?}");
        let text = part.open().unwrap();
        let numbers: Vec<u32> = (0..count).collect();
        let input = TextInput { text, documents: &numbers };
        let time = shortest(3, || merge_text(&[input], &mut PartBytes::default()).unwrap());
        println!("  merging: {} MB/s of text, {time:?}", rate(bytes, time));
        search_all(&part, count, &analyzer);
    }
}

fn search_all(part: &PartBytes, count: u32, analyzer: &Analyzer) {
    let lengths = (WORDS as u32).to_le_bytes().repeat(count as usize);
    let dead: RoaringBitmap = (0..count).step_by(100).collect();
    let allowed: RoaringBitmap = (0..count).step_by(50).collect();
    let text = part.open().unwrap();
    for query in [
        "term400",
        "term400 term77",
        "term1 term2",
        "\"term1 term2\"",
        "\"term400 term77\"",
        "term4*",
    ] {
        let query_text = query;
        let query = TextQuery::parse(query, analyzer).unwrap();
        let mut figures = Vec::new();
        for (dead, allowed) in [(None, None), (Some(&dead), None), (None, Some(&allowed))] {
            let parts = &[SearchedPart { text, lengths: &lengths, dead, allowed }];
            let corpus = Corpus { documents: u64::from(count), words: u64::from(count) * WORDS };
            let search =
                TextSearch { query: &query, namespace: 0, parts, loose: &[], corpus, k: 10 };
            let time = shortest(20, || {
                assert!(search.run(&AtomicBool::new(false)).unwrap().len() <= 10);
            });
            figures.push(time);
        }
        let words = query_text.split(['"', ' ', '*']).filter(|word| !word.is_empty());
        let found: Vec<_> = words
            .map(|word| text.find(0, word).unwrap().map_or(0, |term| term.documents()))
            .collect();
        println!("  {query_text} in {found:?}: {figures:?} (all, 1% dead, 2% allowed)");
    }
}
