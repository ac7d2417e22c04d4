//! Damaged sections: an error, an end or other documents, but no panic and no end without end.

use super::merge::{TextInput, merge_text};
use super::part_bytes::PartBytes;
use super::search::{SearchedPart, TextSearch};
use super::{Analyzer, Corpus, TextBuilder, TextIndex, TextQuery};
use proptest::prelude::*;
use roaring::RoaringBitmap;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

const DOCUMENTS: u32 = 700;

/// Words with and without a list of skips, in one and in several documents.
static PART: LazyLock<PartBytes> = LazyLock::new(|| {
    let (mut builder, mut part) = (TextBuilder::new(), PartBytes::default());
    for document in 0..DOCUMENTS {
        let rare = document / 9;
        let text = format!("all words all r{rare} one{document} x{}", document % 3);
        builder.add(document, document % 2, &text, &Analyzer::new(None));
    }
    builder.write(&mut part).unwrap();
    part
});

#[derive(Debug, Clone)]
enum Damage {
    Set { section: usize, at: prop::sample::Index, value: u8 },
    Cut { section: usize, at: prop::sample::Index },
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        9 => (0..4_usize, at(), any::<u8>())
            .prop_map(|(section, at, value)| Damage::Set { section, at, value }),
        1 => (0..4_usize, at()).prop_map(|(section, at)| Damage::Cut { section, at }),
    ]
}

/// Reads all there is, in all ways.
fn use_all(text: TextIndex<'_>) {
    for number in 0..text.terms() {
        if let Ok(Some(term)) = text.term(number) {
            assert!(term.postings().count() <= term.documents() as usize + 1);
        }
    }
    let lengths = [6, 0, 0, 0].repeat(DOCUMENTS as usize);
    let dead: RoaringBitmap = (0..DOCUMENTS).step_by(50).collect();
    let allowed: RoaringBitmap = (100..DOCUMENTS).step_by(20).collect();
    let query = "all words r1* \"words all\" \"all words all\" one* x0 \"all r7 one66\"";
    let query = TextQuery::parse(query, &Analyzer::new(None)).unwrap();
    let corpus = Corpus { documents: 300, words: 1800 };
    for dead in [None, Some(&dead)] {
        for allowed in [None, Some(&allowed)] {
            let parts = &[SearchedPart { text, lengths: &lengths, dead, allowed }];
            let search =
                TextSearch { query: &query, namespace: 0, parts, loose: &[], corpus, k: 20 };
            if let Ok(hits) = search.run(&AtomicBool::new(false)) {
                assert!(hits.len() <= 20);
            }
        }
    }
    let documents: Vec<u32> = (0..DOCUMENTS).collect();
    let _ = merge_text(&[TextInput { text, documents: &documents }], &mut PartBytes::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_sections_are_survived(damages in proptest::collection::vec(damage(), 1..20)) {
        let mut part = PART.clone();
        for damage in damages {
            match damage {
                Damage::Set { section, at, value } => {
                    let bytes = &mut *part.sections()[section];
                    if let Some(byte) = bytes.get_mut(at.index(usize::MAX) % PART_BYTES_MAX) {
                        *byte = value;
                    }
                }
                Damage::Cut { section, at } => {
                    let bytes = &mut *part.sections()[section];
                    bytes.truncate(at.index(bytes.len() + 1));
                }
            }
        }
        reseal(&mut part);
        if let Ok(text) = part.open() {
            use_all(text);
        }
    }
}

/// So that about as many bytes are hit in short sections as in long ones.
const PART_BYTES_MAX: usize = 6000;

/// Mends the last entry, so that not only opening meets the damage.
fn reseal(part: &mut PartBytes) {
    let ends = [part.words.len(), part.postings.len(), part.positions.len()];
    let whole = part.entries.len() / 32 * 32;
    part.entries.truncate(whole);
    let Some(start) = whole.checked_sub(32) else { return };
    let mut end: Vec<u8> = ends.iter().flat_map(|end| (*end as u64).to_le_bytes()).collect();
    end.extend([0, 0, 0, 0, 255, 255, 255, 255]);
    part.entries[start..].copy_from_slice(&end);
}

#[test]
fn sections_whose_lengths_do_not_agree_are_refused() {
    assert!(PART.open().is_ok());
    for section in 0..4 {
        let mut part = PART.clone();
        part.sections()[section].pop();
        assert!(part.open().is_err(), "section {section}");
    }
    assert!(PartBytes::default().open().is_err());
}

#[test]
fn a_search_that_is_cancelled_says_so() {
    let query = TextQuery::parse("all", &Analyzer::new(None)).unwrap();
    let lengths = [6, 0, 0, 0].repeat(DOCUMENTS as usize);
    let text = PART.open().unwrap();
    let parts = &[SearchedPart { text, lengths: &lengths, dead: None, allowed: None }];
    let corpus = Corpus { documents: 350, words: 2100 };
    let search = TextSearch { query: &query, namespace: 0, parts, loose: &[], corpus, k: 20 };
    assert_eq!(search.run(&AtomicBool::new(false)).map(|hits| hits.len()), Ok(20));
    assert!(search.run(&AtomicBool::new(true)).is_err());
}
