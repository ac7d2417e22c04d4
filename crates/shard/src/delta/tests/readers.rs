//! Readers beside the one writer: each structure of the delta alone, then all of them under what
//! publishes a commit.
//!
//! Miri (`npm run proof:miri`) runs these in many orders of the threads, and gives a reader any
//! value that an atomic may still have for it: a publication that is too weak fails here, however
//! strict the processor is.

#![expect(clippy::float_cmp, clippy::cast_precision_loss, reason = "small whole numbers")]

use super::super::AppendVec;
use super::super::adjacency::{Adjacency, EdgeRef};
use super::super::edge_table::{EdgeCells, EdgePlace, EdgeTable, NOT_ENDED};
use super::super::id_words::{IdWords, load_id, store_id};
use super::super::table::Table;
use super::*;
use crate::shared::Shared;
use crate::text::Parts;
use crate::view::View;
use arc_swap::ArcSwap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use sutra_index::Analyzer;

const READERS: usize = 2;
/// Miri takes a thousand times as long; what grows begins smaller there, and grows as often.
const NUMBERS: u32 = if cfg!(miri) { 12 } else { 2000 };
const COMMITS: u32 = if cfg!(miri) { 5 } else { 500 };
const COMMITS_OF_A_DELTA: u32 = if cfg!(miri) { 3 } else { 50 };

/// Does something even if the test fails: readers that wait for a writer's last number would wait
/// for ever for one that panicked.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Writes the numbers from 1 on and publishes each as commits are published, while others read
/// beside it. `read` gets the last number it has to find.
fn read_beside(mut write: impl FnMut(u32), read: impl Fn(u32) + Sync) {
    let published = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _reader in 0..READERS {
            scope.spawn(|| {
                let mut seen = 0;
                while seen < NUMBERS {
                    seen = published.load(Ordering::Acquire);
                    read(seen);
                    std::thread::yield_now();
                }
            });
        }
        let _end = OnDrop(|| published.store(NUMBERS, Ordering::Release));
        for number in 1..=NUMBERS {
            write(number);
            published.store(number, Ordering::Release);
        }
    });
}

/// The first number, the last one published, and one that may be on its way.
fn numbers_at(seen: u32) -> [u32; 3] {
    [1, seen.max(1), seen + 1]
}

/// No two numbers have the same upper half, so a table that finds a tag has found the number.
fn hash(number: u32) -> u64 {
    u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn id_of(number: u32) -> ConceptId {
    ConceptId((u128::from(number) << 64 | u128::from(number)).to_le_bytes())
}

#[test]
fn an_element_is_found_while_the_array_grows() {
    let array = AppendVec::<AtomicU32>::default();
    let write = |number| array.get_or_grow(number).unwrap().store(number, Ordering::Relaxed);
    let read = |seen| {
        for number in numbers_at(seen) {
            let found = array.get(number).map_or(0, |found| found.load(Ordering::Relaxed));
            assert!(found == number || found == 0 && number > seen, "{found} in {number}");
        }
    };
    read_beside(write, read);
}

#[test]
fn a_number_is_found_with_its_whole_id_while_the_table_grows() {
    let table = ArcSwap::from_pointee(Table::with_slots(0));
    let ids = AppendVec::<IdWords>::default();
    let write = |number| {
        store_id(ids.get_or_grow(number).unwrap(), &id_of(number));
        let newest = table.load_full();
        if newest.is_full() {
            let grown = newest.grown(hash);
            grown.insert(hash(number), number);
            table.store(Arc::new(grown));
        } else {
            newest.insert(hash(number), number);
        }
    };
    let read = |seen| {
        for number in numbers_at(seen) {
            let found = table.load().find(hash(number), |found| {
                let id = ids.get(found).map(load_id);
                assert_eq!(id, Some(id_of(number)), "whole even before it is published");
                true
            });
            assert!(found == Some(number) || number > seen, "{number} of {seen}: {found:?}");
        }
    };
    read_beside(write, read);
}

fn edge_of(number: u32) -> EdgeRef {
    EdgeRef {
        other: id_of(number),
        class: AssociationClass::Causal,
        label: number,
        confidence: f64::from(number),
        location: number.into(),
    }
}

#[test]
fn one_version_of_an_association_is_seen_while_it_changes() {
    let adjacency = Adjacency::default();
    let write = |number: u32| {
        if let Some(before) = number.checked_sub(2) {
            adjacency.end(before, number.into());
        }
        adjacency.append(number - 1, number.into(), &edge_of(number));
    };
    let read = |seen: u32| {
        let mut found = Vec::new();
        let walked = adjacency.visit(seen.into(), |edge| {
            found.push(*edge);
            ControlFlow::Continue(())
        });
        assert!(walked.is_continue());
        let expected: Vec<_> = (1..=seen).rev().take(1).map(edge_of).collect();
        assert_eq!(found, expected, "at {seen}");
        for (number, span) in (1..).zip(adjacency.spans()) {
            assert_eq!(span.begin, u64::from(number));
            assert_eq!(span.edge, edge_of(number), "whole even before it is published");
        }
    };
    read_beside(write, read);
}

/// Every third number ends a version of an older layer instead of having a place.
#[test]
fn an_association_is_found_by_its_name_while_the_table_grows() {
    let edges = EdgeTable::default();
    let cells = |number| EdgeCells { source: number, target: number + 1 };
    let place =
        |number: u32| EdgePlace { outgoing: number, incoming: number, location: number.into() };
    let write = |number: u32| {
        let slot = edges.insert(hash(number), cells(number), number, |slot| hash(slot + 1));
        if number.is_multiple_of(3) {
            edges.end_below(slot, number.into());
        } else {
            edges.place(slot, Some(place(number)));
        }
    };
    let read = |seen| {
        for number in numbers_at(seen) {
            let found = edges.find(hash(number), |found, names| {
                assert_eq!((found, names), (cells(number), number), "whole before it is published");
                true
            });
            if number > seen {
                continue;
            }
            let found = found.unwrap();
            let is_end = number.is_multiple_of(3);
            let ended = if is_end { number.into() } else { NOT_ENDED };
            assert_eq!(found.ended_below, ended);
            let location =
                found.place.map(|place| (place.outgoing, place.incoming, place.location));
            assert_eq!(location, (!is_end).then_some((number, number, number.into())));
        }
        let states: Vec<_> = edges.states().map(|state| (state.cells, state.names)).collect();
        assert!(states.len() >= seen as usize);
        assert!(
            states.into_iter().zip(1..).all(|(state, number)| state == (cells(number), number))
        );
    };
    read_beside(write, read);
}

/// One number in everything: a content, a vector, a labelled association, and a new concept.
fn commit_of(number: u32) -> Batch {
    let content = number.to_string();
    let vector: Vec<u8> = [number as f32; 2].iter().flat_map(|n| n.to_le_bytes()).collect();
    let concept = |id| Learn {
        identity: Identity::Id(id),
        content: &content,
        vector: Some(&vector),
        ..Learn::default()
    };
    let (changed, new) = (id_of(0), id_of(number));
    let class = AssociationClass::Causal;
    let associate = Associate {
        name: EdgeName { source: changed, target: new, class, label: Some(&content) },
        confidence: Some(f64::from(number) / f64::from(COMMITS)),
        weight: None,
        attributes: None,
        validity: Validity::default(),
    };
    let batch = BatchBuilder::new().learn(&concept(changed)).learn(&concept(new));
    batch.associate(&associate).build()
}

fn assert_whole(view: &View) {
    let number = view.seqno() as u32;
    let content = |id| {
        let concept = view.get(&id).unwrap()?;
        let vector = view.vector(&concept).unwrap().unwrap();
        assert!(vector.iter().all(|value| *value == concept.seqno() as f32), "{vector:?}");
        Some(String::from_utf8(concept.content().unwrap().to_vec()).unwrap())
    };
    let expected = (number > 0).then(|| number.to_string());
    assert_eq!(content(id_of(0)), expected);
    assert_eq!(content(id_of(number + 1)), None, "a later commit shows");
    let mut labels = Vec::new();
    let walked = view.outgoing(&id_of(0), |edge| {
        assert_eq!(edge.confidence, (labels.len() + 1) as f64 / f64::from(COMMITS));
        labels.push(view.label(edge.label).unwrap().to_owned());
        ControlFlow::Continue(())
    });
    assert!(walked.unwrap().is_continue());
    assert_eq!(labels, (1..=number).map(|label| label.to_string()).collect::<Vec<_>>());
}

/// A delta is sealed on the way, so readers go over to another state as well.
#[test]
fn a_view_is_one_whole_commit_while_the_writer_goes_on() {
    let mut writer = writer();
    let parts = Parts::new(Arc::new(Analyzer::new(None)));
    let shared = Shared::new(Arc::clone(writer.state()), parts);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _end = OnDrop(|| is_over.store(true, Ordering::Release));
        for _reader in 0..READERS {
            scope.spawn(|| {
                let first = shared.view();
                let mut seen = 0;
                while seen < u64::from(COMMITS) && !is_over.load(Ordering::Acquire) {
                    let view = shared.view();
                    assert_whole(&view);
                    seen = view.seqno();
                    std::thread::yield_now();
                }
                assert_whole(&first);
            });
        }
        for number in 1..=COMMITS {
            let batch = commit_of(number);
            let operations = batch.decode(&Limits::default()).unwrap();
            let checked = writer.check(&operations).unwrap();
            writer.apply(number.into(), 0, &operations, &checked).unwrap();
            shared.publish(number.into(), writer.counts());
            if number.is_multiple_of(COMMITS_OF_A_DELTA) {
                writer.seal();
                shared.install(Arc::clone(writer.state()));
            }
        }
    });
}
