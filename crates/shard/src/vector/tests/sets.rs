//! Rows in memory: what is visible, how they grow, and readers beside the writer.

#![expect(clippy::float_cmp, clippy::cast_precision_loss, reason = "small whole numbers")]

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::kernel;
use super::*;

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
        let (set, mut writer) = VectorSet::new(3, Metric::Cosine, 0);
        writer.append(vector, id(1), 0);
        let hits = found(&[set], vector, 1, 0);
        assert!((hits[0].score - 1.0).abs() < 1e-12, "{}", hits[0].score);
    }
}

#[test]
fn a_row_is_visible_from_its_begin_to_before_its_end() {
    let (set, mut writer) = VectorSet::new(1, Metric::Dot, 0);
    let old = writer.append(&[1.0], id(5), 10);
    writer.retire(old, 20);
    let new = writer.append(&[2.0], id(5), 20);
    let sets = [set];
    let rows_at = |seqno| rows_of(&found(&sets, &[1.0], 9, seqno));
    assert_eq!(rows_at(9), [0_u32; 0]);
    assert_eq!(rows_at(10), [old]);
    assert_eq!(rows_at(19), [old]);
    assert_eq!(rows_at(20), [new]);
    assert_eq!(rows_at(u64::MAX - 1), [new]);
}

#[test]
fn bytes_of_the_log_and_floats_make_the_same_row() {
    let vector = [1.5_f32, -0.25, 3.0e-20];
    let mut bytes = vec![0_u8];
    bytes.extend(vector.iter().flat_map(|value| value.to_le_bytes()));
    let (set, mut writer) = VectorSet::new(3, Metric::L2, 0);
    let unaligned = writer.append_bytes(&bytes[1..], id(1), 1);
    assert_eq!(set.row(unaligned), Some(&vector[..]));
    assert_eq!(set.rows(), 1);
}

#[test]
#[should_panic(expected = "set's dimension")]
fn a_vector_of_another_dimension_is_a_bug_of_the_caller() {
    let (_set, mut writer) = VectorSet::new(3, Metric::L2, 0);
    writer.append_bytes(&[0; 16], id(1), 1);
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "refused before")]
fn a_nan_is_never_stored() {
    let (_set, mut writer) = VectorSet::new(1, Metric::L2, 0);
    writer.append(&[f32::NAN], id(1), 1);
}

#[test]
fn memory_grows_by_chunks_and_is_reported() {
    let (set, mut writer) = VectorSet::new(768, Metric::Dot, 0);
    let empty = set.memory_bytes();
    for _ in 0..200 {
        writer.append(&[0.5; 768], id(1), 1);
    }
    let bytes = set.memory_bytes() - empty;
    assert!((200 * 768 * 4..300 * 768 * 4).contains(&bytes), "{bytes}");
}

#[test]
fn a_set_with_one_vector_is_small() {
    for dimension in [2, 100, 768] {
        let (set, mut writer) = VectorSet::new(dimension, Metric::Dot, 9);
        assert!(set.memory_bytes() < 1 << 10, "{}", set.memory_bytes());
        writer.append(&vec![0.5; dimension as usize], id(1), 1);
        assert!(set.memory_bytes() < 8 << 10, "{} of {dimension}", set.memory_bytes());
    }
}

#[test]
fn rows_are_numbered_from_the_first_one_on() {
    let (set, mut writer) = VectorSet::new(1, Metric::Cosine, 70);
    assert_eq!((set.first_row(), set.next_row(), set.rows()), (70, 70, 0));
    for row in 70..300_u16 {
        assert_eq!(set.next_row(), row.into());
        assert_eq!(writer.append(&[f32::from(row)], id(row.into()), 5), row.into());
    }
    writer.retire(71, 6);
    assert_eq!((set.first_row(), set.next_row(), set.rows()), (70, 300, 230));
    for row in 70..300_u16 {
        assert_eq!(set.row(row.into()), Some(&[f32::from(row)][..]));
        assert_eq!(set.id_of(row.into()), Some(id(row.into())));
        let inverse_norm = f64::from(row).recip();
        let end = (row == 71).then_some(6);
        let facts = RowFacts { id: id(row.into()), begin: 5, end, inverse_norm };
        assert_eq!(set.facts(row.into()), Some(facts));
    }
    for row in [0, 69, 300, u32::MAX] {
        assert_eq!(set.row(row), None);
        assert_eq!(set.id_of(row), None);
        assert_eq!(set.facts(row), None);
    }
    assert_eq!(rows_of(&found(&[set], &[1.0], 2, 6)), [70, 72]);
}

#[test]
#[should_panic(expected = "rows of the set")]
fn a_row_of_another_layer_cannot_be_retired() {
    let (_set, mut writer) = VectorSet::new(1, Metric::L2, 10);
    writer.append(&[1.0], id(1), 1);
    writer.retire(9, 2);
}

#[test]
#[should_panic(expected = "row numbers are 32 bits")]
fn row_numbers_do_not_wrap() {
    let (_set, mut writer) = VectorSet::new(1, Metric::L2, u32::MAX - 1);
    writer.append(&[1.0], id(1), 1);
    writer.append(&[1.0], id(1), 1);
}

/// A row written for seqno S is whole for every reader that has seen S, and a slice taken once
/// stays as it was.
#[test]
fn readers_beside_the_writer_see_whole_rows() {
    const DIMENSION: u32 = if cfg!(miri) { 20 } else { 100 };
    let rows: u32 = if cfg!(miri) { 40 } else { 20_000 };
    let (set, mut writer) = VectorSet::new(DIMENSION, Metric::Dot, 0);
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
                    let hits = found(std::slice::from_ref(&set), &query, 3, seen);
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
            writer.append(&[seqno as f32; DIMENSION as usize], id(row), seqno);
            if let Some(previous) = row.checked_sub(1) {
                writer.retire(previous, seqno);
            }
            visible.store(seqno, Ordering::Release);
        }
    });
    assert_eq!(set.rows(), rows);
}
