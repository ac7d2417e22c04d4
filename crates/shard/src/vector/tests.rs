//! Search against a plain f64 scan, visibility, and readers beside the writer.

#![expect(clippy::float_cmp, clippy::cast_precision_loss, reason = "small whole numbers")]

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use proptest::prelude::*;
use sutra_format::Metric;

use super::kernel;
use super::{Cancelled, Scored, VectorSet};

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::L2];

/// A row of the reference: its vector, cell, begin and end.
#[derive(Debug, Clone)]
struct Row {
    vector: Vec<f32>,
    cell: u32,
    begin: u64,
    end: u64,
}

fn found(set: &VectorSet, query: &[f32], k: usize, seqno: u64) -> Vec<Scored> {
    set.search(query, k, seqno, &AtomicBool::new(false), None).unwrap()
}

fn cells(hits: &[Scored]) -> Vec<u32> {
    hits.iter().map(|hit| hit.cell).collect()
}

fn reference_score(metric: Metric, query: &[f32], row: &[f32]) -> f64 {
    let pairs = || query.iter().zip(row).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let dot = pairs().map(|(a, b)| a * b).sum::<f64>() + 0.0;
    let norms: f64 = pairs().map(|(a, _)| a * a).sum::<f64>().sqrt()
        * pairs().map(|(_, b)| b * b).sum::<f64>().sqrt();
    match metric {
        Metric::Cosine if norms == 0.0 => 0.0,
        Metric::Cosine => dot / norms,
        Metric::Dot => dot,
        Metric::L2 => 1.0 / (1.0 + pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()),
    }
}

/// Scores and cells of the visible rows, nearest first, as the definition says.
fn brute_force(metric: Metric, rows: &[Row], query: &[f32], seqno: u64) -> Vec<(f64, u32)> {
    let visible = rows.iter().filter(|row| row.begin <= seqno && seqno < row.end);
    let mut all: Vec<_> =
        visible.map(|row| (reference_score(metric, query, &row.vector), row.cell)).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    all
}

fn fill(set_rows: &[Row], dimension: u32, metric: Metric) -> std::sync::Arc<VectorSet> {
    let (set, mut writer) = VectorSet::new(dimension, metric);
    for row in set_rows {
        let number = writer.append(&row.vector, row.cell, row.begin);
        if row.end != u64::MAX {
            writer.retire(number, row.end);
        }
    }
    set
}

/// Vectors of small whole numbers: sums are exact in any order, so ties are exact too.
fn whole_rows(dimension: usize) -> impl Strategy<Value = Vec<Row>> {
    let vector = prop::collection::vec((-3_i8..=3).prop_map(f32::from), dimension)
        .prop_filter("not zero", |vector| vector.iter().any(|value| *value != 0.0));
    let row = (vector, 0_u64..6, prop::option::of(0_u64..6));
    prop::collection::vec(row, 0..60).prop_map(|rows| {
        let numbered = rows.into_iter().zip(0_u32..);
        numbered
            .map(|((vector, begin, life), number)| Row {
                vector,
                cell: (number * 37) % 101,
                begin,
                end: life.map_or(u64::MAX, |life| begin + life),
            })
            .collect()
    })
}

fn rows_and_query() -> impl Strategy<Value = (Vec<Row>, Vec<f32>)> {
    (1_usize..20).prop_flat_map(|dimension| {
        let query = prop::collection::vec((-3_i8..=3).prop_map(f32::from), dimension);
        (whole_rows(dimension), query)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 400 }))]

    #[test]
    fn search_equals_brute_force(
        (rows, query) in rows_and_query(),
        metric in prop::sample::select(&METRICS[..]),
        k in 0_usize..80,
        seqno in 0_u64..12,
    ) {
        let set = fill(&rows, query.len() as u32, metric);
        let expected = brute_force(metric, &rows, &query, seqno);
        let hits = found(&set, &query, k, seqno);
        prop_assert_eq!(hits.len(), k.min(expected.len()));
        for (hit, (score, cell)) in hits.iter().zip(&expected) {
            let own = &rows[hit.row as usize];
            prop_assert_eq!(hit.cell, own.cell);
            prop_assert!((hit.score - score).abs() < 1e-12, "{} {}", hit.score, score);
            prop_assert!((hit.score - reference_score(metric, &query, &own.vector)).abs() < 1e-12);
            // The lengths of the cosine are rounded, so there a tie may be broken either way.
            if metric != Metric::Cosine {
                prop_assert_eq!(hit.cell, *cell);
            }
        }
    }
}

#[test]
fn kernels_agree_with_f64_at_every_dimension() {
    let dimensions: Vec<usize> = if cfg!(miri) { vec![1, 17] } else { (1..=4096).collect() };
    let number = |seed: usize| ((seed * 2_654_435_761) % 2_000) as f32 / 1_000.0 - 1.0;
    for dimension in dimensions {
        let left: Vec<f32> = (0..dimension).map(|at| number(at + dimension)).collect();
        let right: Vec<f32> = (0..dimension).map(|at| number(at * 3 + 1)).collect();
        let pairs = || left.iter().zip(&right).map(|(a, b)| (f64::from(*a), f64::from(*b)));
        let dot: f64 = pairs().map(|(a, b)| a * b).sum();
        let squared: f64 = pairs().map(|(a, b)| (a - b).powi(2)).sum();
        assert!((kernel::dot(&left, &right) - dot).abs() <= 1e-9, "dot of {dimension}");
        let found = kernel::squared_distance(&left, &right);
        assert!((found - squared).abs() <= 1e-9, "squared distance of {dimension}");
    }
}

#[test]
fn kernels_do_not_overflow_or_lose_small_numbers() {
    let large = vec![f32::MAX; 4096];
    let expected = f64::from(f32::MAX).powi(2) * 4096.0;
    assert!((kernel::dot(&large, &large) / expected - 1.0).abs() < 1e-12);
    let small = [f32::from_bits(1); 3];
    assert!(kernel::dot(&small, &small) > 0.0);

    for vector in [&large[..3], &small[..]] {
        let (set, mut writer) = VectorSet::new(3, Metric::Cosine);
        writer.append(vector, 1, 0);
        let hits = found(&set, vector, 1, 0);
        assert!((hits[0].score - 1.0).abs() < 1e-12, "{}", hits[0].score);
    }
}

#[test]
fn equal_rows_come_in_the_order_of_their_cells() {
    for metric in METRICS {
        let (set, mut writer) = VectorSet::new(3, metric);
        for cell in [9, 4, 7, 1, 8, 2] {
            writer.append(&[0.3, -0.2, 0.7], cell, 0);
        }
        assert_eq!(cells(&found(&set, &[1.0, 0.0, 0.5], 4, 0)), [1, 2, 4, 7]);
    }
}

#[test]
fn a_row_is_visible_from_its_begin_to_before_its_end() {
    let (set, mut writer) = VectorSet::new(1, Metric::Dot);
    let old = writer.append(&[1.0], 5, 10);
    writer.retire(old, 20);
    let new = writer.append(&[2.0], 5, 20);
    let rows_at =
        |seqno| -> Vec<u32> { found(&set, &[1.0], 9, seqno).iter().map(|hit| hit.row).collect() };
    assert_eq!(rows_at(9), [0_u32; 0]);
    assert_eq!(rows_at(10), [old]);
    assert_eq!(rows_at(19), [old]);
    assert_eq!(rows_at(20), [new]);
    assert_eq!(rows_at(u64::MAX - 1), [new]);
}

#[test]
fn only_accepted_cells_are_hits() {
    let (set, mut writer) = VectorSet::new(2, Metric::L2);
    for cell in 0..20_u8 {
        writer.append(&[f32::from(cell), 0.0], u32::from(cell), 0);
    }
    let asked = Cell::new(0);
    let even = |cell: u32| {
        asked.set(asked.get() + 1);
        cell.is_multiple_of(2)
    };
    let hits = set.search(&[5.1, 0.0], 3, 0, &AtomicBool::new(false), Some(&even)).unwrap();
    assert_eq!(cells(&hits), [6, 4, 8]);
    assert_eq!(asked.get(), 20);
}

#[test]
fn k_may_be_larger_than_the_rows_or_zero() {
    let (set, mut writer) = VectorSet::new(4, Metric::Dot);
    assert_eq!(found(&set, &[1.0; 4], 10, 1), []);
    writer.append(&[1.0; 4], 3, 1);
    assert_eq!(cells(&found(&set, &[1.0; 4], usize::MAX, 1)), [3]);
    assert_eq!(found(&set, &[1.0; 4], 0, 1), []);
}

#[test]
fn a_cancelled_search_gives_no_hits() {
    let (set, mut writer) = VectorSet::new(4, Metric::Dot);
    writer.append(&[1.0; 4], 3, 1);
    let cancelled = AtomicBool::new(true);
    assert_eq!(set.search(&[1.0; 4], 1, 1, &cancelled, None), Err(Cancelled));
}

#[test]
fn bytes_of_the_log_and_floats_make_the_same_row() {
    let vector = [1.5_f32, -0.25, 3.0e-20];
    let mut bytes = vec![0_u8];
    bytes.extend(vector.iter().flat_map(|value| value.to_le_bytes()));
    let (set, mut writer) = VectorSet::new(3, Metric::L2);
    let unaligned = writer.append_bytes(&bytes[1..], 1, 1);
    assert_eq!(set.row(unaligned), Some(&vector[..]));
    assert_eq!(set.rows(), 1);
}

#[test]
#[should_panic(expected = "set's dimension")]
fn a_vector_of_another_dimension_is_a_bug_of_the_caller() {
    let (_set, mut writer) = VectorSet::new(3, Metric::L2);
    writer.append_bytes(&[0; 16], 1, 1);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "refused before")]
fn a_nan_is_never_stored() {
    let (_set, mut writer) = VectorSet::new(1, Metric::L2);
    writer.append(&[f32::NAN], 1, 1);
}

#[test]
fn memory_grows_by_chunks_and_is_reported() {
    let (set, mut writer) = VectorSet::new(768, Metric::Dot);
    let empty = set.memory_bytes();
    for _ in 0..200 {
        writer.append(&[0.5; 768], 1, 1);
    }
    let bytes = set.memory_bytes() - empty;
    assert!((200 * 768 * 4..300 * 768 * 4).contains(&bytes), "{bytes}");
}

/// A row written for seqno S is whole for every reader that has seen S, and a slice taken once
/// stays as it was.
#[test]
fn readers_beside_the_writer_see_whole_rows() {
    const DIMENSION: u32 = 100;
    let rows: u32 = if cfg!(miri) { 40 } else { 20_000 };
    let (set, mut writer) = VectorSet::new(DIMENSION, Metric::Dot);
    let visible = AtomicU64::new(0);
    let query = [1.0; DIMENSION as usize];
    std::thread::scope(|scope| {
        for _reader in 0..2 {
            scope.spawn(|| {
                let mut seen = 0;
                let mut kept: Vec<&[f32]> = Vec::new();
                while seen < u64::from(rows) {
                    seen = visible.load(Ordering::Acquire);
                    // Row r has the value r + 1, begins at r + 1 and ends at r + 2.
                    let hits = found(&set, &query, 3, seen);
                    assert_eq!(hits.len(), usize::from(seen > 0), "one row at {seen}");
                    for hit in &hits {
                        assert_eq!(u64::from(hit.row) + 1, seen);
                        let row = set.row(hit.row).unwrap();
                        assert!(row.iter().all(|value| f64::from(*value) == seen as f64));
                        kept.push(row);
                    }
                    std::thread::yield_now();
                }
                for row in kept {
                    assert!(row.iter().all(|value| *value == row[0]));
                }
            });
        }
        for row in 0..rows {
            let seqno = u64::from(row) + 1;
            writer.append(&[seqno as f32; DIMENSION as usize], row, seqno);
            if let Some(previous) = row.checked_sub(1) {
                writer.retire(previous, seqno);
            }
            visible.store(seqno, Ordering::Release);
        }
    });
    assert_eq!(set.rows(), rows);
}
