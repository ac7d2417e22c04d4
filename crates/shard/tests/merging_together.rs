//! A merge of large segments that takes long: small ones are merged meanwhile, and writes go on.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "a disk is built on the real one")]

mod folder;

use folder::{id, learn, options};
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use sutra_env::{Disk, DiskLayer, Env, File, OpenMode};
use sutra_shard::Shard;

/// Segments of one size: so many neighbours are merged.
const FAN_IN: usize = 4;
const LARGE: usize = 1000;
const SMALL: usize = 10;
/// More than there may be segments.
const FLUSHES: usize = 60;
const TIMEOUT: Duration = Duration::from_secs(30);

/// The merging task waits for the gate before it makes a file.
struct Gated {
    below: Arc<dyn Disk>,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_open: bool,
    is_waited_for: bool,
    /// Nobody opened it in time.
    is_given_up: bool,
}

impl Gate {
    fn wait(&self) {
        let mut state = self.state.lock().unwrap();
        state.is_waited_for = true;
        self.changed.notify_all();
        let is_shut = |state: &mut State| !state.is_open;
        let (mut state, waited) = self.changed.wait_timeout_while(state, TIMEOUT, is_shut).unwrap();
        state.is_given_up |= waited.timed_out();
    }

    fn wait_for_someone(&self) {
        let state = self.state.lock().unwrap();
        let is_alone = |state: &mut State| !state.is_waited_for;
        let (state, _) = self.changed.wait_timeout_while(state, TIMEOUT, is_alone).unwrap();
        assert!(state.is_waited_for, "nothing is merged");
    }

    fn open(&self) {
        self.state.lock().unwrap().is_open = true;
        self.changed.notify_all();
    }
}

/// Opens the gate also when the test fails: the shard waits for its tasks.
struct OpenOnDrop(Arc<Gate>);

impl Drop for OpenOnDrop {
    fn drop(&mut self) {
        self.0.open();
    }
}

impl DiskLayer for Gated {
    fn below(&self) -> &dyn Disk {
        &*self.below
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let is_segment = path.extension().is_some_and(|extension| extension == "seg");
        if mode == OpenMode::CreateNew
            && is_segment
            && thread::current().name() == Some("sutra-compact")
        {
            self.gate.wait();
        }
        self.below.open(path, mode)
    }
}

fn learn_and_flush(shard: &Shard, numbers: Range<usize>) {
    learn(shard, numbers, 0);
    shard.flush().unwrap();
}

#[test]
fn small_segments_are_merged_while_a_merge_of_large_ones_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Arc::new(Gate::default());
    let mut env = Env::real();
    env.disk = Arc::new(Gated { below: Arc::clone(&env.disk), gate: Arc::clone(&gate) });
    let shard = Shard::open(&env, dir.path(), options()).unwrap();
    let gate = OpenOnDrop(gate);
    for large in 0..FAN_IN {
        learn_and_flush(&shard, large * LARGE..(large + 1) * LARGE);
    }
    gate.0.wait_for_someone();
    let first_small = FAN_IN * LARGE;
    for small in 0..FLUSHES {
        let start = first_small + small * SMALL;
        learn_and_flush(&shard, start..start + SMALL);
    }
    let meanwhile = shard.stats().unwrap().background;
    assert!(!gate.0.state.lock().unwrap().is_given_up, "flushes waited for the large merge");
    assert!(meanwhile.compactions >= 10, "{meanwhile:?}");
    assert_eq!(meanwhile.compaction_failures, 0, "{meanwhile:?}");
    drop(gate);
    let started = Instant::now();
    while shard.stats().unwrap().background.segments > 8 {
        assert!(started.elapsed() < TIMEOUT, "{:?}", shard.stats().unwrap().background);
        thread::sleep(Duration::from_millis(5));
    }
    let all = 0..first_small + FLUSHES * SMALL;
    check(&shard, all.clone());
    shard.close().unwrap();
    drop(shard);
    let shard = Shard::open(&Env::real(), dir.path(), options()).unwrap();
    check(&shard, all);
    assert_eq!(shard.check().unwrap().problems, []);
    shard.close().unwrap();
}

fn check(shard: &Shard, numbers: Range<usize>) {
    let view = shard.view();
    for number in numbers {
        let concept = view.get(&id(number)).unwrap().unwrap();
        assert_eq!(concept.content().unwrap(), format!("content {number} of 0").as_bytes());
    }
}
