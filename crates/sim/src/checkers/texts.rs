//! Searches by words and by conditions agree with a scan over all concepts, whatever of them is in
//! the index by then.

use sutra_format::ConceptId;
use sutra_shard::IndexStats;

use crate::failure::Failure;
use crate::model::{Concept, State};
use crate::question::{Clause, Question};

const CHECKER: &str = "texts";
/// Scores are sums of a few terms, made in another order here.
const SCORE_DIFFERENCE_MAX: f64 = 1e-9;
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// A question and what the engine answered.
#[derive(Clone, Debug)]
pub struct TextSearch {
    /// Namespace searched.
    pub namespace: String,
    /// What was asked.
    pub question: Question,
    /// All concepts whose text matches, and scores, best first.
    pub all: Vec<(ConceptId, f64)>,
    /// The best of them, as many as were asked for.
    pub best: Vec<(ConceptId, f64)>,
    /// All that meet the condition, the last changed first.
    pub newest: Vec<ConceptId>,
}

/// Compares a search with a scan over all concepts.
///
/// # Errors
/// A hit is missing, has a wrong score, or stands in a wrong place; equally good ones stand in the
/// order of their commits.
pub fn check(state: &State, search: &TextSearch) -> Result<(), Failure> {
    let mut concepts: Vec<_> = state.concepts.iter().collect();
    concepts.retain(|(_, concept)| concept.namespace == search.namespace);
    concepts.sort_by_key(|(_, concept)| concept.changed);
    let holds = |concept: &Concept| search.question.holds(concept);
    let newest: Vec<_> =
        concepts.iter().rev().filter(|(_, concept)| holds(concept)).map(|(id, _)| **id).collect();
    if search.newest != newest {
        return Err(differs(search, &format!("{newest:?} meet the condition")));
    }
    let scores = scores(&concepts, &search.question.clauses);
    let place = |id: &ConceptId| concepts.iter().position(|(other, _)| *other == id);
    let expected: Vec<_> = concepts
        .iter()
        .zip(&scores)
        .filter(|((_, concept), score)| **score > 0.0 && holds(concept))
        .map(|((id, _), score)| (**id, *score))
        .collect();
    let is_right = |(id, score): &(ConceptId, f64)| {
        expected.iter().any(|(other, own)| {
            other == id && (own - score).abs() <= SCORE_DIFFERENCE_MAX * own.max(1.0)
        })
    };
    let is_in_order = |one: &(ConceptId, f64), next: &(ConceptId, f64)| {
        let by_score = next.1.total_cmp(&one.1);
        by_score.then_with(|| place(&one.0).cmp(&place(&next.0))).is_lt()
    };
    let best = search.all.iter().take(search.question.k);
    let are_best = best.len() == search.best.len()
        && best.zip(&search.best).all(|(a, b)| a.0 == b.0 && a.1.to_bits() == b.1.to_bits());
    if search.all.len() == expected.len()
        && search.all.iter().all(is_right)
        && search.all.is_sorted_by(is_in_order)
        && are_best
    {
        return Ok(());
    }
    Err(differs(search, &format!("{expected:?} match")))
}

/// Compares the index with the store when nothing is left to do: it has everything, and there are
/// the files that it is in and no others.
///
/// # Errors
/// It is behind, or says that it fails, or other files are there.
pub fn check_rest(index: &IndexStats, seqno: u64, files: Option<usize>) -> Result<(), Failure> {
    let is_whole = index.covered_seqno == seqno
        && !index.is_catching_up
        && index.queue_depth == 0
        && index.error.is_none();
    if is_whole && files.is_none_or(|files| files as u64 == index.files) {
        return Ok(());
    }
    Err(Failure::new(CHECKER, format!("at {seqno}, with {files:?} files: {index:?}")))
}

fn differs(search: &TextSearch, expected: &str) -> Failure {
    Failure::new(CHECKER, format!("{search:?}; but {expected}"))
}

/// By BM25 over all the concepts of a namespace; 0 for what does not match.
fn scores(concepts: &[(&ConceptId, &Concept)], clauses: &[Clause]) -> Vec<f64> {
    let words = |(_, concept): &(&ConceptId, &Concept)| -> Vec<String> {
        let words = concept.content.split(|letter: char| !letter.is_ascii_alphanumeric());
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let texts: Vec<Vec<String>> = concepts.iter().map(words).collect();
    let documents = texts.len() as f64;
    let average = texts.iter().map(Vec::len).sum::<usize>() as f64 / documents;
    let mut scores = vec![0.0; texts.len()];
    for clause in clauses {
        let frequencies: Vec<usize> = texts.iter().map(|words| clause.count_in(words)).collect();
        let found = frequencies.iter().filter(|frequency| **frequency > 0).count() as f64;
        let weight = (1.0 + (documents - found + 0.5) / (found + 0.5)).ln();
        for ((score, words), frequency) in scores.iter_mut().zip(&texts).zip(frequencies) {
            let frequency = frequency as f64;
            let norm = K1 * (1.0 - B + B * words.len() as f64 / average);
            *score += weight * frequency * (K1 + 1.0) / (frequency + norm);
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Fields, Operation, Slot, Text};
    use crate::question::Condition;
    use sutra_format::Metric;

    /// The texts are `text 1 `, `text 2 ` and words; the attributes 1, 2 and none.
    fn state() -> State {
        let learn = |slot: u8, attributes| {
            let text = Some(Text { version: u32::from(slot) + 1, bytes: 7 });
            let fields = Fields { text, attributes, ..Fields::default() };
            Operation::Learn { slot: Slot(slot), fields }
        };
        let batch = [learn(0, Some(1)), learn(1, Some(2)), learn(3, None)];
        State::default().after_commit(&batch, Metric::Dot).unwrap()
    }

    fn search(hits: &[(u8, f64)]) -> TextSearch {
        let all: Vec<_> = hits.iter().map(|(slot, score)| (Slot(*slot).id(), *score)).collect();
        let clauses = vec![Clause::Word("text".into())];
        let condition = Some(Condition::Below(5));
        let (best, newest) = (all[..1].to_vec(), vec![Slot(1).id(), Slot(0).id()]);
        let question = Question { clauses, condition, k: 1 };
        TextSearch { namespace: "default".into(), question, all, best, newest }
    }

    #[test]
    fn an_index_that_is_behind_and_files_too_many_are_seen() {
        let index = IndexStats { covered_seqno: 3, files: 2, ..IndexStats::default() };
        assert_eq!(check_rest(&index, 3, Some(2)), Ok(()));
        assert_eq!(check_rest(&index, 3, None), Ok(()));
        assert!(check_rest(&index, 4, Some(2)).is_err());
        assert!(check_rest(&index, 3, Some(3)).is_err());
        let failing = IndexStats { error: Some("it fails".into()), ..index };
        assert!(check_rest(&failing, 3, None).is_err());
    }

    #[test]
    fn missing_wrong_and_misplaced_hits_are_seen() {
        // Three texts of two words: each gets the weight of the word, which all of them have.
        let score = (1.0_f64 + 0.5 / 3.5).ln();
        let right = search(&[(0, score), (1, score)]);
        assert_eq!(check(&state(), &right), Ok(()));
        for wrong in [
            search(&[(1, score), (0, score)]),
            search(&[(0, score)]),
            search(&[(0, score), (1, score), (3, score)]),
            search(&[(0, score), (0, score)]),
            search(&[(0, score), (1, score - 1e-6)]),
            TextSearch { best: Vec::new(), ..right.clone() },
            TextSearch { best: vec![(Slot(1).id(), score)], ..right.clone() },
            TextSearch { newest: vec![Slot(0).id(), Slot(1).id()], ..right.clone() },
            TextSearch { newest: vec![Slot(1).id()], ..right },
        ] {
            assert!(check(&state(), &wrong).is_err(), "{wrong:?}");
        }
    }
}
