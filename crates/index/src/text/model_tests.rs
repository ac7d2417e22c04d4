//! Merging against building anew, and searching against a plain scan of all texts. Both are run
//! over documents that are spread over parts in many ways.

use super::merge::{TextInput, merge_text};
use super::part_bytes::PartBytes;
use super::search::{SearchedPart, TextSearch};
use super::top_hits::{Place, TextHit};
use super::{Analyzer, Corpus, LooseDocument, LooseText, TextBuilder, TextQuery};
use proptest::prelude::*;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

const NAMESPACE: u32 = 1;

/// A version of a concept, in the order of commits.
#[derive(Debug, Clone)]
struct Version {
    words: Vec<&'static str>,
    namespace: u32,
    dead: bool,
    allowed: bool,
}

impl Version {
    fn text(&self) -> String {
        self.words.join(" ")
    }

    fn counts(&self) -> bool {
        !self.dead && self.namespace == NAMESPACE
    }
}

/// A part with what the engine knows of its documents.
#[derive(Debug, Default)]
struct Part {
    bytes: PartBytes,
    lengths: Vec<u8>,
    dead: RoaringBitmap,
    allowed: RoaringBitmap,
}

fn build(versions: &[Version]) -> Part {
    let (mut part, mut builder) = (Part::default(), TextBuilder::new());
    for (version, document) in versions.iter().zip(0..) {
        let text = version.text();
        let length = builder.add(document, version.namespace, &text, &Analyzer::new(None));
        assert_eq!(length as usize, version.words.len());
        part.lengths.extend(length.to_le_bytes());
        if version.dead {
            part.dead.insert(document);
        }
        if version.allowed {
            part.allowed.insert(document);
        }
    }
    builder.write(&mut part.bytes).unwrap();
    part
}

#[derive(Debug, Clone)]
enum Asked {
    Word(&'static str),
    Phrase(Vec<&'static str>),
    Prefix(&'static str),
}

impl Asked {
    fn text(&self) -> String {
        match self {
            Self::Word(word) => (*word).to_owned(),
            Self::Phrase(words) => format!("\"{}\"", words.join(" ")),
            Self::Prefix(prefix) => format!("{prefix}*"),
        }
    }

    fn frequency(&self, words: &[&str]) -> u32 {
        let count = match self {
            Self::Word(asked) => words.iter().filter(|word| *word == asked).count(),
            Self::Phrase(asked) => words.windows(asked.len()).filter(|some| some == asked).count(),
            Self::Prefix(prefix) => words.iter().filter(|word| word.starts_with(prefix)).count(),
        };
        count as u32
    }
}

/// Scores by the formula, of all versions by a scan. Equal clauses count together.
#[expect(clippy::cast_precision_loss, reason = "these are small numbers")]
fn expected(versions: &[Version], asked: &[Asked], k: usize) -> Vec<(usize, f64)> {
    let mut clauses: Vec<(String, &Asked, f64)> = Vec::new();
    for one in asked {
        let key = match one {
            Asked::Phrase(words) if words.len() == 1 => words[0].to_owned(),
            _ => one.text(),
        };
        match clauses.iter_mut().find(|clause| clause.0 == key) {
            Some(clause) => clause.2 += 1.0,
            None => clauses.push((key, one, 1.0)),
        }
    }
    let corpus = corpus(versions);
    let (documents, words) = (corpus.documents as f64, corpus.words as f64);
    let (base, slope) = (1.2 * (1.0 - 0.75), 1.2 * 0.75 / (words / documents));
    let mut scores = BTreeMap::new();
    for (_, one, boost) in clauses {
        let visible = versions.iter().filter(|version| version.counts());
        let found = visible.filter(|version| one.frequency(&version.words) > 0).count() as f64;
        let weight = boost * (1.0 + (documents - found + 0.5) / (found + 0.5)).ln();
        for (number, version) in versions.iter().enumerate() {
            let frequency = f64::from(one.frequency(&version.words));
            if version.counts() && version.allowed && frequency > 0.0 {
                let norm = base + slope * version.words.len() as f64;
                *scores.entry(number).or_insert(0.0) +=
                    weight * (frequency * (1.2 + 1.0)) / (frequency + norm);
            }
        }
    }
    let mut hits: Vec<(usize, f64)> = scores.into_iter().collect();
    hits.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    hits.truncate(k);
    hits
}

fn corpus(versions: &[Version]) -> Corpus {
    let counted = versions.iter().filter(|version| version.counts());
    let lengths: Vec<_> = counted.map(|version| version.words.len() as u64).collect();
    Corpus { documents: lengths.len() as u64, words: lengths.iter().sum() }
}

/// Hits of versions of which each of `ends` ends a part; those after the last are loose.
fn found(versions: &[Version], ends: &[usize], query: &TextQuery, k: usize) -> Vec<(usize, f64)> {
    let mut starts = vec![0];
    starts.extend(ends);
    let parts: Vec<_> = starts.windows(2).map(|ends| build(&versions[ends[0]..ends[1]])).collect();
    let after = starts[ends.len()];
    let loose = versions[after..].iter().enumerate().filter(|(_, version)| version.counts());
    let (numbers, loose): (Vec<_>, Vec<_>) = loose
        .map(|(number, version)| {
            let text = LooseText::new(&version.text(), &Analyzer::new(None), query);
            (after + number, LooseDocument { text, allowed: version.allowed })
        })
        .unzip();
    let searched: Vec<_> = parts
        .iter()
        .map(|part| SearchedPart {
            text: part.bytes.open().unwrap(),
            lengths: &part.lengths,
            dead: (!part.dead.is_empty()).then_some(&part.dead),
            allowed: Some(&part.allowed)
                .filter(|allowed| allowed.len() < part.lengths.len() as u64 / 4),
        })
        .collect();
    let (parts, loose) = (searched.as_slice(), loose.as_slice());
    let corpus = corpus(versions);
    let search = TextSearch { query, namespace: NAMESPACE, parts, loose, corpus, k };
    let hits = search.run(&AtomicBool::new(false)).unwrap();
    let number = |hit: TextHit| match hit.place {
        Place::Part { part, document } => starts[part] + document as usize,
        Place::Loose(number) => numbers[number],
    };
    hits.into_iter().map(|hit| (number(hit), hit.score)).collect()
}

fn word() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b"]),
        2 => prop::sample::select(vec!["c", "ab", "abc", "ba"]),
        1 => prop::sample::select(vec!["d", "bab", "bb", "x1", "x2"]),
    ]
}

fn version(often: bool) -> impl Strategy<Value = Version> {
    let words = proptest::collection::vec(word(), 0..if often { 4 } else { 12 });
    let kinds = (0..8_u32, prop::bool::weighted(0.2), prop::bool::weighted(0.7));
    (words, kinds).prop_map(|(words, (other, dead, allowed))| Version {
        words,
        namespace: if other == 0 { 2 } else { NAMESPACE },
        dead,
        allowed,
    })
}

/// Few versions, or so many that words have lists of skips.
fn versions() -> impl Strategy<Value = Vec<Version>> {
    prop_oneof![
        3 => proptest::collection::vec(version(false), 1..40),
        1 => proptest::collection::vec(version(true), 300..900),
    ]
}

fn asked() -> impl Strategy<Value = Vec<Asked>> {
    let one = prop_oneof![
        word().prop_map(Asked::Word),
        proptest::collection::vec(word(), 1..4).prop_map(Asked::Phrase),
        prop::sample::select(vec!["a", "ab", "b", "x", "y"]).prop_map(Asked::Prefix),
    ];
    proptest::collection::vec(one, 1..5)
}

/// Ends of parts, some of them of parts without documents.
fn ends(cuts: &[prop::sample::Index], versions: usize) -> Vec<usize> {
    let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(versions + 1)).collect();
    ends.sort_unstable();
    ends
}

fn cuts() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    proptest::collection::vec(any::<prop::sample::Index>(), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn hits_are_those_of_a_scan_however_documents_are_spread(
        versions in versions(), asked in asked(), cuts in cuts(), k in 1..60_usize,
    ) {
        let text: Vec<_> = asked.iter().map(Asked::text).collect();
        let query = TextQuery::parse(&text.join(" "), &Analyzer::new(None)).unwrap();
        let expected = expected(&versions, &asked, k);
        let bits = |hits: &[(usize, f64)]| -> Vec<_> {
            hits.iter().map(|(number, score)| (*number, score.to_bits())).collect()
        };
        for ends in [ends(&cuts, versions.len()), vec![versions.len()], vec![]] {
            let found = found(&versions, &ends, &query, k);
            prop_assert_eq!(bits(&found), bits(&expected), "parts end at {:?}", ends);
        }
    }

    #[test]
    fn merging_gives_the_bytes_of_building_anew(versions in versions(), cuts in cuts()) {
        let mut ends = ends(&cuts, versions.len());
        ends.push(versions.len());
        ends.insert(0, 0);
        let parts: Vec<_> = ends.windows(2).map(|two| build(&versions[two[0]..two[1]])).collect();
        let mut next = 0_u32;
        let numbers: Vec<u32> = versions.iter().map(|version| {
            if version.dead {
                return u32::MAX;
            }
            next += 1;
            next - 1
        }).collect();
        let inputs: Vec<_> = parts.iter().zip(ends.windows(2)).map(|(part, two)| {
            TextInput { text: part.bytes.open().unwrap(), documents: &numbers[two[0]..two[1]] }
        }).collect();
        let mut merged = PartBytes::default();
        merge_text(&inputs, &mut merged).unwrap();
        let alive: Vec<_> = versions.into_iter().filter(|version| !version.dead).collect();
        prop_assert_eq!(merged, build(&alive).bytes);
    }
}

#[test]
fn prefixes_stand_for_the_first_1024_words_of_visible_documents() {
    let dead = |number: usize| number.is_multiple_of(3);
    let words: Vec<String> = (0..3000).map(|number| format!("w{number:04}")).collect();
    let analyzer = Analyzer::new(None);
    let query = TextQuery::parse("w*", &analyzer).unwrap();
    let (mut builder, mut bytes) = (TextBuilder::new(), PartBytes::default());
    for (word, document) in words.iter().zip(0..) {
        builder.add(document, NAMESPACE, word, &analyzer);
    }
    builder.write(&mut bytes).unwrap();
    let gone: RoaringBitmap = (0..3000).filter(|number| dead(*number as usize)).collect();
    let lengths = vec![1_u32.to_le_bytes(); 3000].concat();
    let text = bytes.open().unwrap();
    let part = SearchedPart { text, lengths: &lengths, dead: Some(&gone), allowed: None };
    let search = TextSearch {
        query: &query,
        namespace: NAMESPACE,
        parts: &[part],
        loose: &[],
        corpus: Corpus { documents: 2000, words: 2000 },
        k: 5000,
    };
    let hits = search.run(&AtomicBool::new(false)).unwrap();
    let documents: Vec<usize> = hits
        .iter()
        .map(|hit| match hit.place {
            Place::Part { document, .. } => document as usize,
            Place::Loose(_) => panic!("there are no loose documents"),
        })
        .collect();
    let expected: Vec<_> = (0..3000).filter(|number| !dead(*number)).take(1024).collect();
    assert_eq!(documents, expected);
}

/// Several windows, and words so rare that lists of skips are used to jump.
#[test]
fn hits_are_those_of_a_scan_over_many_windows() {
    let mut state = 1_u64;
    let mut below = |end: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (state >> 33) % end
    };
    let mut versions = Vec::new();
    for _ in 0..40_000 {
        let count = below(4);
        let mut word = || match below(1000) {
            0 => "x1",
            1..10 => "d",
            10..700 => "a",
            _ => "b",
        };
        let words = (0..count).map(|_| word()).collect();
        let (dead, allowed) = (below(50) == 0, below(40) == 0);
        versions.push(Version { words, namespace: NAMESPACE, dead, allowed });
    }
    let queries = [
        vec![Asked::Word("a"), Asked::Word("x1"), Asked::Word("d")],
        vec![Asked::Phrase(vec!["a", "x1"]), Asked::Phrase(vec!["d", "a", "b"])],
        vec![Asked::Phrase(vec!["a", "a"]), Asked::Prefix("x")],
    ];
    for all_allowed in [false, true] {
        for version in &mut versions {
            version.allowed |= all_allowed;
        }
        for asked in &queries {
            let text: Vec<_> = asked.iter().map(Asked::text).collect();
            let query = TextQuery::parse(&text.join(" "), &Analyzer::new(None)).unwrap();
            let expected = expected(&versions, asked, 50_000);
            assert!(!(all_allowed && expected.is_empty()), "{asked:?} finds nothing");
            for ends in [vec![40_000], vec![20_000, 39_000]] {
                assert!(found(&versions, &ends, &query, 50_000) == expected, "{asked:?} {ends:?}");
            }
        }
    }
}
