//! Search over layers against a plain scan of what is current, and how often that is asked.

#![expect(clippy::cast_precision_loss, reason = "small whole numbers")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Set,
    File,
}

/// One operation: the concept gets a vector, or loses the one it has.
#[derive(Debug, Clone)]
struct Event {
    concept: u8,
    vector: Option<Vec<f32>>,
    /// Belongs to the commit of the operation before.
    same_commit: bool,
    /// The first of a new layer, if it is the first of its commit.
    new_layer: Option<Kind>,
    /// The row is left out of its file when it is dead.
    dropped: bool,
}

/// Vectors of small whole numbers: sums are exact in any order, so ties are exact too.
fn event(dimension: usize) -> impl Strategy<Value = Event> {
    let vector = prop::collection::vec((-3_i8..=3).prop_map(f32::from), dimension)
        .prop_filter("not zero", |vector| vector.iter().any(|value| *value != 0.0));
    let kind = prop::sample::select(&[Kind::Set, Kind::File, Kind::File][..]);
    let more = (prop::bool::weighted(0.25), prop::option::weighted(0.1, kind), any::<bool>());
    (0_u8..15, prop::option::weighted(0.8, vector), more).prop_map(
        |(concept, vector, (same_commit, new_layer, dropped))| Event {
            concept,
            vector,
            same_commit,
            new_layer,
            dropped,
        },
    )
}

/// What is true of a namespace: for each concept when it got which row, or lost it.
#[derive(Default)]
struct Truth {
    changes: BTreeMap<ConceptId, Vec<(u64, Option<u32>)>>,
    vectors: Vec<(ConceptId, Vec<f32>)>,
}

impl Truth {
    fn current(&self, id: &ConceptId, seqno: u64) -> Option<u32> {
        let changes = self.changes.get(id)?;
        changes.iter().rev().find(|(from, _)| *from <= seqno)?.1
    }

    fn is_current(&self, row: u32, seqno: u64) -> bool {
        let (id, _) = &self.vectors[row as usize];
        self.current(id, seqno) == Some(row)
    }

    /// Scores and rows, nearest first, equal ones by row.
    fn nearest(&self, metric: Metric, query: &[f32], seqno: u64) -> Vec<(f64, u32)> {
        let rows = (0_u32..).zip(&self.vectors).filter(|(row, _)| self.is_current(*row, seqno));
        let mut all: Vec<_> =
            rows.map(|(row, (_, vector))| (reference_score(metric, query, vector), row)).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        all
    }
}

/// Plays the events into layers as a shard does: a row ends in its set as long as its layer is the
/// newest, afterwards only the truth knows. Dead rows leave the files as far as `floor` allows.
struct Played {
    truth: Truth,
    sets: Vec<Arc<VectorSet>>,
    sealed: Vec<Arc<SealedVectors>>,
}

impl Played {
    fn new(events: &[Event], dimension: u32, metric: Metric, floor: u64) -> Self {
        let mut truth = Truth::default();
        let mut finished = Vec::new();
        let mut droppable = Vec::new();
        let mut kind = Kind::Set;
        let (_, mut writer) = VectorSet::new(dimension, metric, 0);
        let mut seqno = 0;
        for event in events {
            seqno += u64::from(seqno == 0 || !event.same_commit);
            if let Some(next_kind) = event.new_layer.filter(|_| !event.same_commit) {
                let next_row = writer.set().next_row();
                let next = VectorSet::new(dimension, metric, next_row).1;
                finished.push((std::mem::replace(&mut writer, next), kind));
                kind = next_kind;
            }
            let id = id(event.concept.into());
            let changes = truth.changes.entry(id).or_default();
            let before = changes.last().and_then(|(_, row)| *row);
            let row = event.vector.as_ref().map(|vector| writer.append(vector, id, seqno));
            if let Some(before) = before.filter(|row| *row >= writer.set().first_row()) {
                writer.retire(before, seqno);
            }
            changes.push((seqno, row));
            droppable.extend(row.filter(|_| event.dropped));
            truth.vectors.extend(event.vector.clone().map(|vector| (id, vector)));
        }
        finished.push((writer, kind));
        let is_dead = |row: &u32| !(floor..100).any(|seqno| truth.is_current(*row, seqno));
        droppable.retain(is_dead);
        let (mut sets, mut files) = (Vec::new(), Vec::new());
        for (writer, kind) in finished {
            if kind == Kind::File {
                files.extend(sealed(writer.set(), &droppable));
            } else {
                sets.push(Arc::clone(writer.set()));
            }
        }
        Self { truth, sets, sealed: files }
    }

    fn search(&self, query: &[f32], k: usize, seqno: u64) -> Vec<Scored> {
        let is_current = |id: &ConceptId, row: u32| {
            assert_eq!(self.truth.vectors[row as usize].0, *id, "the id of the row");
            Ok(self.truth.current(id, seqno) == Some(row))
        };
        let layers = Layers::new(&self.sealed, &self.sets);
        search(&layers, query, k, seqno, &AtomicBool::new(false), &is_current).unwrap()
    }
}

fn events_and_query() -> impl Strategy<Value = (Vec<Event>, Vec<f32>)> {
    (1_usize..20).prop_flat_map(|dimension| {
        let query = prop::collection::vec((-3_i8..=3).prop_map(f32::from), dimension);
        (prop::collection::vec(event(dimension), 0..80), query)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 600 }))]

    #[test]
    fn search_over_layers_equals_brute_force(
        (events, query) in events_and_query(),
        metric in prop::sample::select(&METRICS[..]),
        k in 0_usize..30,
        seqno in 0_u64..70,
        floor_before in 0_u64..20,
    ) {
        let floor = seqno.saturating_sub(floor_before);
        let mut played = Played::new(&events, query.len() as u32, metric, floor);
        let expected = played.truth.nearest(metric, &query, seqno);
        let hits = played.search(&query, k, seqno);
        prop_assert_eq!(hits.len(), k.min(expected.len()));
        for (hit, (score, row)) in hits.iter().zip(&expected) {
            let (id, vector) = &played.truth.vectors[hit.row as usize];
            prop_assert_eq!(hit.id, *id);
            prop_assert!(played.truth.is_current(hit.row, seqno));
            prop_assert!((hit.score - score).abs() < 1e-12, "{} {}", hit.score, score);
            prop_assert!((hit.score - reference_score(metric, &query, vector)).abs() < 1e-12);
            // The lengths of the cosine are rounded, so there a tie may be broken either way.
            if metric != Metric::Cosine {
                prop_assert_eq!(hit.row, *row);
            }
        }
        played.sets.reverse();
        played.sealed.reverse();
        prop_assert_eq!(played.search(&query, k, seqno), hits, "in another order of the layers");
    }
}

/// One set and one file of equal vectors, and the concepts of the file's rows.
fn equal_rows(metric: Metric) -> (Arc<VectorSet>, Arc<SealedVectors>) {
    let layer = |first_row| {
        let (set, mut writer) = VectorSet::new(3, metric, first_row);
        for number in 0..6 {
            writer.append(&[0.3, -0.2, 0.7], id(100 - number), 0);
        }
        set
    };
    (layer(20), sealed(&layer(10), &[11]).unwrap())
}

#[test]
fn equal_rows_come_in_the_order_of_their_numbers() {
    for metric in METRICS {
        let (set, sealed) = equal_rows(metric);
        let (sealed, sets) = ([sealed], [set]);
        let layers = Layers::new(&sealed, &sets);
        let hits = |k, dead: u32| {
            let is_current = |_: &ConceptId, row| Ok(row != dead);
            let never = AtomicBool::new(false);
            rows_of(&search(&layers, &[1.0, 0.0, 0.5], k, 0, &never, &is_current).unwrap())
        };
        assert_eq!(hits(3, 99), [10, 12, 13]);
        assert_eq!(hits(3, 12), [10, 13, 14]);
        assert_eq!(hits(7, 20), [10, 12, 13, 14, 15, 21, 22]);
        assert_eq!(hits(usize::MAX, 99), [10, 12, 13, 14, 15, 20, 21, 22, 23, 24, 25]);
        assert_eq!(hits(0, 99), [0_u32; 0]);
    }
}

#[test]
fn a_namespace_without_layers_or_rows_has_no_hits() {
    let never = AtomicBool::new(false);
    let none = Layers::new(&[], &[]);
    assert_eq!(search(&none, &[1.0; 3], 5, 9, &never, &|_, _| Ok(true)).unwrap(), []);
    let (set, _writer) = VectorSet::new(3, Metric::Dot, 5);
    assert_eq!(found(&[set], &[1.0; 3], 5, 9), []);
}

#[test]
fn a_cancelled_search_is_aborted() {
    let (set, sealed) = equal_rows(Metric::L2);
    let cancelled = AtomicBool::new(true);
    let none: (&[_], &[_]) = (&[], &[]);
    for (sealed, sets) in [none, (&[sealed], &[]), (&[], &[set])] {
        let layers = Layers::new(sealed, sets);
        let hits = search(&layers, &[0.0; 3], 2, 9, &cancelled, &|_, _| Ok(true));
        assert!(matches!(hits, Err(Error::Aborted)));
    }
}

/// Each row is nearer than all before it, so every row looked at is asked for.
#[test]
#[cfg_attr(miri, ignore = "more rows than a block has take minutes")]
fn a_search_that_is_cancelled_on_the_way_ends_with_the_block() {
    let (set, mut writer) = VectorSet::new(1, Metric::Dot, 0);
    for row in 0..5000 {
        writer.append(&[row as f32], id(row), 0);
    }
    let sealed = [sealed(&set, &[]).unwrap()];
    let sets = [set];
    for (sealed, sets) in [(&sealed[..], &[][..]), (&[], &sets[..])] {
        let (cancelled, asked) = (AtomicBool::new(false), Cell::new(0));
        let is_current = |_: &ConceptId, _| {
            asked.set(asked.get() + 1);
            cancelled.store(true, Ordering::Relaxed);
            Ok(true)
        };
        let hits = search(&Layers::new(sealed, sets), &[1.0], 1, 0, &cancelled, &is_current);
        assert!(matches!(hits, Err(Error::Aborted)));
        assert!((1..=4096).contains(&asked.get()), "{}", asked.get());
    }
}

#[test]
fn what_is_current_may_be_an_error() {
    let (set, sealed) = equal_rows(Metric::Dot);
    let (sealed, sets) = ([sealed], [set]);
    let layers = Layers::new(&sealed, &sets);
    let broken = |_: &ConceptId, _| Err(Error::corrupt(Path::new("a.seg"), 1, "damaged"));
    let hits = search(&layers, &[1.0; 3], 1, 9, &AtomicBool::new(false), &broken);
    assert!(matches!(hits, Err(Error::Corrupt { .. })));
}

/// Numbers that look random, the same in every run.
fn noise(seed: u32) -> impl Iterator<Item = f32> {
    let mut state = u64::from(seed) * 2 + 1;
    std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    })
}

/// Looking up what is current costs far more than comparing a row, so it must stay rare.
#[test]
fn few_rows_are_asked_whether_they_are_current() {
    let rows: u32 = if cfg!(miri) { 400 } else { 10_000 };
    for metric in METRICS {
        let mut numbers = noise(17);
        let mut vector = || numbers.by_ref().take(8).collect::<Vec<f32>>();
        let query = vector();
        let (first, mut writer) = VectorSet::new(8, metric, 0);
        for row in 0..rows / 2 {
            writer.append(&vector(), id(row), 0);
        }
        let (second, mut writer) = VectorSet::new(8, metric, rows / 2);
        for row in rows / 2..rows {
            writer.append(&vector(), id(row), 0);
        }
        let (sealed, sets) = ([sealed(&first, &[]).unwrap()], [second]);
        let layers = Layers::new(&sealed, &sets);
        let asked = Cell::new(0);
        let is_current = |of: &ConceptId, row: u32| {
            asked.set(asked.get() + 1);
            assert_eq!(*of, id(row), "in any block");
            // Every third row is dead, and so costs a question whenever it would be kept.
            Ok(!row.is_multiple_of(3))
        };
        let never = AtomicBool::new(false);
        let hits = search(&layers, &query, 10, 0, &never, &is_current).unwrap();
        assert_eq!(hits.len(), 10);
        assert!(asked.get() < rows / 4, "{} of {rows}", asked.get());
    }
}

#[test]
#[should_panic(expected = "layers of one namespace")]
fn layers_of_different_metrics_are_a_bug_of_the_caller() {
    let sets = [Metric::Dot, Metric::L2].map(|metric| VectorSet::new(1, metric, 0).0);
    found(&sets, &[1.0], 1, 0);
}

#[test]
#[should_panic(expected = "namespace's dimension")]
fn a_query_of_another_dimension_is_a_bug_of_the_caller() {
    found(&[VectorSet::new(3, Metric::L2, 0).0], &[1.0], 1, 0);
}
