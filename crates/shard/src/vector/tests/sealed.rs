//! Rows of a file: found by number, and damage that is told instead of answered.

use super::*;

/// 300 rows from 1000 on, of three dimensions, some left out.
fn with_gaps(metric: Metric) -> (Arc<VectorSet>, Vec<u32>) {
    let (set, mut writer) = VectorSet::new(3, metric, 1000);
    for row in 0..300_u16 {
        let concept = id(u32::from(row) % 7);
        writer.append(&[f32::from(row), 1.0, -2.0], concept, u64::from(row) / 3);
    }
    let dropped = (1000..1300).filter(|row| row % 5 == 3 || (1100..1250).contains(row));
    (set, dropped.collect())
}

#[test]
fn rows_are_found_by_number_with_and_without_gaps() {
    for metric in METRICS {
        let (set, dropped) = with_gaps(metric);
        for dropped in [&dropped[..], &[], &dropped[..1]] {
            let sealed = sealed(&set, dropped).unwrap();
            let rows = (1000..1300).filter(|row| !dropped.contains(row));
            for (position, row) in rows.enumerate() {
                assert_eq!(sealed.position_of(row).unwrap(), Some(position));
                assert_eq!(sealed.row(row).unwrap(), set.row(row));
                assert_eq!(sealed.id_of(row).unwrap(), set.id_of(row));
                let begin = set.facts(row).map(|facts| facts.begin);
                assert_eq!(sealed.begin_of(row).unwrap(), begin);
            }
            for missing in dropped.iter().chain(&[0, 999, 1300, u32::MAX]) {
                assert_eq!(sealed.position_of(*missing).unwrap(), None, "row {missing}");
                assert_eq!(sealed.row(*missing).unwrap(), None);
                assert_eq!(sealed.id_of(*missing).unwrap(), None);
                assert_eq!(sealed.begin_of(*missing).unwrap(), None);
            }
        }
    }
}

#[test]
fn rows_are_where_they_are_in_the_file() {
    let (set, dropped) = with_gaps(Metric::L2);
    let sealed = sealed(&set, &dropped).unwrap();
    let row = |row| sealed.row(row).unwrap().unwrap().as_ptr();
    assert_eq!(row(1001).addr() - row(1000).addr(), 64, "not copied, 16 floats apart");
}

#[test]
fn all_rows_come_in_blocks_once() {
    for (dimension, rows) in [(1_u32, 9000_u32), (5000, 40), (100_000, 3)] {
        let rows = if cfg!(miri) { rows.min(10) } else { rows };
        let (set, mut writer) = VectorSet::new(dimension, Metric::Dot, 7);
        for row in 0..rows {
            writer.append(&vec![1.0; dimension as usize], id(row), row.into());
        }
        for dropped in [&[][..], &[8]] {
            let sealed = sealed(&set, dropped).unwrap();
            let mut seen = Vec::new();
            for block in sealed.blocks() {
                let block = block.unwrap();
                assert!(block.begins.len() == 1 || size_of_val(block.floats) <= 256 * 1024);
                assert_eq!(block.floats.len(), block.begins.len() * sealed.stride());
                assert_eq!(block.first, seen.len());
                seen.extend((0..block.begins.len()).map(|index| block.number(index).unwrap()));
            }
            let expected = (7..7 + rows).filter(|row| !dropped.contains(row));
            assert_eq!(seen, expected.collect::<Vec<_>>());
        }
    }
}

fn is_corrupt<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::Corrupt { .. }))
}

fn search(sealed: Arc<SealedVectors>) -> Result<Vec<Scored>> {
    let sealed = [sealed];
    let layers = Layers::new(&sealed, &[]);
    super::search(&layers, &[1.0; 3], 5, 1000, &AtomicBool::new(false), &|_, _| Ok(true))
}

#[test]
fn damage_of_any_section_is_an_error_of_what_needs_it() {
    use VectorColumn::{Begins, Floats, Ids, InverseNorms, Rows};
    let (set, dropped) = with_gaps(Metric::Cosine);
    for column in [Rows, Begins, Ids, InverseNorms, Floats] {
        let damaged = Held { damaged: Some(column), ..held(&set, &dropped) };
        let sealed = damaged.seal(3, Metric::Cosine).unwrap();
        // Few numbers are missing around this row, but which ones is in the rows section.
        let row = 1002;
        assert_eq!(is_corrupt(&sealed.position_of(row)), column == Rows, "{column:?}");
        assert_eq!(is_corrupt(&sealed.row(row)), [Rows, Floats].contains(&column));
        assert_eq!(is_corrupt(&sealed.id_of(row)), [Rows, Ids].contains(&column));
        assert_eq!(is_corrupt(&sealed.begin_of(row)), [Rows, Begins].contains(&column));
        assert!(is_corrupt(&search(sealed)), "{column:?}");
    }
}

/// Where no numbers are missing and lengths do not count, two sections are not needed at all.
#[test]
fn sections_that_say_nothing_new_are_not_read() {
    let (set, _) = with_gaps(Metric::L2);
    for column in [VectorColumn::Rows, VectorColumn::InverseNorms] {
        let unread = Held { damaged: Some(column), ..held(&set, &[]) };
        assert_eq!(search(unread.seal(3, Metric::L2).unwrap()).unwrap().len(), 5);
    }
}

#[test]
fn sections_that_are_too_short_or_misplaced_are_damage() {
    struct Skewed(Held, VectorColumn, bool);
    impl VectorSections for Skewed {
        fn bytes(&self, column: VectorColumn, bytes: Range<u64>) -> Result<&[u8]> {
            let (Self(held, skewed, misplaced), last) = (self, bytes.end - bytes.start - 1);
            let found = held.bytes(column, bytes)?;
            Ok(match (column == *skewed, *misplaced) {
                (false, _) => found,
                (true, false) => &found[..last as usize],
                (true, true) => &found[1..],
            })
        }

        fn damage(&self, column: VectorColumn, byte: u64, message: &str) -> Error {
            self.0.damage(column, byte, message)
        }
    }
    use VectorColumn::{Begins, Floats, Ids, InverseNorms, Rows};
    let (set, dropped) = with_gaps(Metric::Cosine);
    for column in [Rows, Begins, Ids, InverseNorms, Floats] {
        for misplaced in [false, true] {
            let held = held(&set, &dropped);
            let rows = held.rows();
            let shape = SealedShape {
                number: 1,
                dimension: 3,
                metric: Metric::Cosine,
                rows: rows.len() as u32,
                first_row: rows[0],
                last_row: rows[rows.len() - 1],
            };
            let sections = Box::new(Skewed(held, column, misplaced));
            let sealed = Arc::new(SealedVectors::new(shape, sections).unwrap());
            assert!(is_corrupt(&search(sealed)), "{column:?}");
        }
    }
}

#[test]
fn shapes_that_contradict_themselves_are_damage() {
    let shape = SealedShape {
        number: 1,
        dimension: 2,
        metric: Metric::Dot,
        rows: 3,
        first_row: 10,
        last_row: 12,
    };
    let made = |shape| SealedVectors::new(shape, Box::new(Held::default())).map(|_| ());
    made(shape).unwrap();
    made(SealedShape { last_row: u32::MAX, ..shape }).unwrap();
    for wrong in [
        SealedShape { rows: 0, ..shape },
        SealedShape { rows: 4, ..shape },
        SealedShape { last_row: 9, ..shape },
        SealedShape { dimension: 0, ..shape },
        SealedShape {
            dimension: u32::MAX,
            rows: u32::MAX,
            first_row: 0,
            last_row: u32::MAX,
            ..shape
        },
    ] {
        assert!(is_corrupt(&made(wrong)), "{wrong:?}");
    }
    assert!(is_corrupt(&SealedVectors::new(shape, Box::new(Held::default())).unwrap().row(10)));
}

#[test]
fn row_numbers_out_of_order_are_damage() {
    let facts = RowFacts { id: id(1), begin: 1, end: None, inverse_norm: 1.0 };
    for rows in [[5, 9, 7, 12], [5, 5, 9, 12], [4, 6, 7, 12], [5, 6, 7, 13]] {
        let mut held = Held::default();
        for row in rows {
            held.push_row(row, &[1.0; 3], &facts);
        }
        let shape = SealedShape {
            number: 1,
            dimension: 3,
            metric: Metric::L2,
            rows: 4,
            first_row: 5,
            last_row: 12,
        };
        let sealed = Arc::new(SealedVectors::new(shape, Box::new(held)).unwrap());
        for row in 0..20 {
            let _any_answer_but_a_panic = sealed.position_of(row);
        }
        assert!(is_corrupt(&search(sealed)), "{rows:?}");
    }
}
