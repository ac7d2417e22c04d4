//! Readers beside writers: each view is a number of whole commits, and never an older one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use shuttle::thread;
use sutra_shard::{Shard, ShardOptions, View};

use crate::commits::{check_prefix, commit, id, observe, replace_left};
use crate::explore::{Count, Tally, explore};
use crate::machine::{Machine, in_memory, in_segments};

const WRITERS: u16 = 2;
const COMMITS: u16 = 3;
const READERS: u32 = 2;
/// Of the small scenario.
const SMALL_COMMITS: u16 = 6;

#[test]
fn a_view_beside_the_writer_is_a_prefix_of_whole_commits() {
    let tally = explore("publication", |tally| scenario(tally, &in_memory()));
    assert!(tally.get(Count::Special) > tally.get(Count::Schedules), "views between commits");
}

#[test]
fn a_view_beside_flushes_and_merges_is_a_prefix_of_whole_commits() {
    let tally = explore("publication in segments", |tally| scenario(tally, &in_segments()));
    let schedules = tally.get(Count::Schedules);
    assert!(tally.get(Count::Special) > schedules, "views between commits");
    assert!(tally.get(Count::Flushes) > 2 * schedules && tally.get(Count::Merges) > schedules);
}

#[test]
fn a_view_has_the_layers_of_its_commit() {
    explore("publication, small", |tally| small(tally, &in_memory()));
    let options = ShardOptions { memory_threshold: 1, ..in_segments() };
    let tally = explore("publication in segments, small", move |tally| small(tally, &options));
    let schedules = tally.get(Count::Schedules);
    assert!(tally.get(Count::Flushes) > 2 * schedules && tally.get(Count::Merges) > schedules);
}

/// One concept that every commit replaces, and readers that look for nothing else: of all steps
/// more are those in which a view is taken.
pub fn small(tally: &Tally, options: &ShardOptions) {
    let machine = Machine::new();
    let shard = machine.open(options);
    let read = |view: &View| {
        let found = view.get(&id("left")).unwrap().map_or(0, |concept| concept.seqno());
        assert_eq!(found, view.seqno(), "every commit replaces it");
    };
    let readers = Readers::start(&shard, read);
    for mark in 0..SMALL_COMMITS {
        shard.write(replace_left(mark)).unwrap();
    }
    readers.join();
    shard.close().unwrap();
    tally.add_background(&shard);
}

/// Each commit is written by a thread that then reads it; others read meanwhile.
pub fn scenario(tally: &Tally, options: &ShardOptions) {
    let machine = Machine::new();
    let shard = machine.open(options);
    let (inner, counted) = (tally.clone(), Arc::clone(&shard));
    let readers = Readers::start(&shard, move |view| {
        let seqno = view.seqno();
        if seqno > 0 {
            // Counted before they are published: never fewer than what a view shows.
            let counts = counted.shared().counts();
            assert!(counts.concepts >= seqno + 2 && counts.edges > seqno, "{counts:?}");
        }
        check_prefix(&observe(view));
        let is_between = (1..u64::from(WRITERS * COMMITS)).contains(&seqno);
        inner.add(Count::Special, u64::from(is_between));
    });
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let (shard, acknowledged) = (Arc::clone(&shard), Arc::clone(&readers.floor_seqno));
        writers.push(thread::spawn(move || {
            for mark in writer * COMMITS..(writer + 1) * COMMITS {
                let committed = shard.write(commit(mark)).unwrap();
                acknowledged.fetch_max(committed.seqno, Ordering::SeqCst);
                let observed = observe(&shard.view());
                assert!(observed.seqno >= committed.seqno, "a write that its writer cannot read");
                assert!(observed.own.contains(&(committed.seqno, mark)), "{observed:?}");
            }
        }));
    }
    for writer in writers {
        writer.join().unwrap();
    }
    readers.join();
    let last = observe(&shard.view());
    check_prefix(&last);
    assert_eq!(last.seqno, u64::from(WRITERS * COMMITS));
    let counts = shard.shared().counts();
    assert_eq!(
        (counts.concepts, counts.edges, counts.vectors),
        (last.seqno + 2, last.seqno + 1, 1)
    );
    shard.close().unwrap();
    tally.add_background(&shard);
}

/// Threads that take views until they are told to stop. The others go first when nothing is new.
struct Readers {
    threads: Vec<thread::JoinHandle<()>>,
    is_over: Arc<AtomicBool>,
    /// The last commit that was acknowledged: a view that is taken after that shows it.
    floor_seqno: Arc<AtomicU64>,
}

impl Readers {
    fn start(shard: &Arc<Shard>, look: impl Fn(&View) + Clone + Send + 'static) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let floor_seqno = Arc::new(AtomicU64::new(0));
        let start = |_| {
            let (shard, look) = (Arc::clone(shard), look.clone());
            let (is_over, floor_seqno) = (Arc::clone(&is_over), Arc::clone(&floor_seqno));
            thread::spawn(move || read(&shard, &is_over, &floor_seqno, look))
        };
        let threads = (0..READERS).map(start).collect();
        Self { threads, is_over, floor_seqno }
    }

    fn join(self) {
        self.is_over.store(true, Ordering::SeqCst);
        for reader in self.threads {
            reader.join().unwrap();
        }
    }
}

fn read(shard: &Shard, is_over: &AtomicBool, floor_seqno: &AtomicU64, look: impl Fn(&View)) {
    let mut last = (0, 0);
    while !is_over.load(Ordering::SeqCst) {
        let floor_seqno = floor_seqno.load(Ordering::SeqCst);
        let view = shard.view();
        let now = (view.seqno(), view.state().generation());
        assert!(now.0 >= floor_seqno, "a view of {}, and {floor_seqno} was there", now.0);
        assert!(now.0 >= last.0 && now.1 >= last.1, "{now:?} after {last:?}");
        look(&view);
        if now == last {
            thread::yield_now();
        }
        last = now;
    }
}
