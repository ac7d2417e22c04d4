//! How well a document answers a word: BM25, as in Robertson and Zaragoza, The Probabilistic
//! Relevance Framework: BM25 and Beyond, 2009, with an idf that is never negative.

/// How fast more of the same word counts less.
const K1: f64 = 1.2;
/// How much a document that is longer than others is held to have words by chance.
const B: f64 = 0.75;

/// The visible documents of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Corpus {
    /// How many there are.
    pub documents: u64,
    /// Words in all of them.
    pub words: u64,
}

/// Scores documents of a corpus.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bm25 {
    documents: u64,
    /// The norm of a document is `base + slope * length`.
    base: f64,
    slope: f64,
}

impl Bm25 {
    pub(super) fn new(corpus: Corpus) -> Self {
        let average = number(corpus.words) / number(corpus.documents.max(1));
        // Without words nothing is found, so the norm does not matter then.
        let slope = if corpus.words == 0 { 0.0 } else { K1 * B / average };
        Self { documents: corpus.documents, base: K1 * (1.0 - B), slope }
    }

    /// Weight of a clause that `found` of the documents match.
    pub(super) fn weight(&self, found: u64, boost: u32) -> f64 {
        let others = number(self.documents.saturating_sub(found));
        f64::from(boost) * (1.0 + (others + 0.5) / (number(found) + 0.5)).ln()
    }

    /// What a clause of a weight adds to the score of a document of `length` words.
    #[inline]
    pub(super) fn score(&self, weight: f64, frequency: u32, length: u32) -> f64 {
        let frequency = f64::from(frequency);
        let norm = self.base + self.slope * f64::from(length);
        weight * (frequency * (K1 + 1.0)) / (frequency + norm)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::{Bm25, Corpus};

    #[test]
    fn scores_rise_with_frequency_and_fall_with_length_and_commonness() {
        let bm25 = Bm25::new(Corpus { documents: 10, words: 100 });
        let (rare, common) = (bm25.weight(1, 1), bm25.weight(9, 1));
        assert!(rare > common && common > 0.0);
        assert!(bm25.score(rare, 2, 10) > bm25.score(rare, 1, 10));
        assert!(bm25.score(rare, 1, 5) > bm25.score(rare, 1, 10));
        // A document of average length that has the word once gets its weight.
        assert!((bm25.score(rare, 1, 10) - (1.0_f64 + 9.5 / 1.5).ln()).abs() < 1e-12);
    }

    #[test]
    fn an_empty_corpus_gives_numbers() {
        let bm25 = Bm25::new(Corpus { documents: 0, words: 0 });
        assert!(bm25.score(bm25.weight(3, 1), 1, 1).is_finite());
    }
}
