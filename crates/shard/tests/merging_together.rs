//! A merge that takes long: small segments are merged meanwhile, and writes go on.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::disallowed_methods, reason = "a disk is built on the real one")]

mod folder;

use folder::{associate, id, learn, name, options, read_shard};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use sutra_env::{Disk, DiskLayer, Env, File, OpenMode};
use sutra_format::BatchBuilder;
use sutra_shard::{Background, Shard};

/// Segments of one size: so many neighbours are merged.
const FAN_IN: usize = 4;
const LARGE: usize = 2000;
const SMALL: usize = 10;
/// More than there may be segments.
const FLUSHES: usize = 60;
const TIMEOUT: Duration = Duration::from_secs(30);

/// The compactor waits for the gate before it makes a file of one kind.
struct Gated {
    below: Arc<dyn Disk>,
    kind: &'static str,
    gate: Arc<Gate>,
    /// The tasks beside it find no room.
    is_full: Arc<AtomicBool>,
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
        let thread = thread::current();
        let is_new = mode == OpenMode::CreateNew;
        if is_new && thread.name().is_some_and(|name| name.starts_with("sutra-merge")) {
            if self.is_full.load(Ordering::SeqCst) {
                return Err(io::ErrorKind::StorageFull.into());
            }
        } else if is_new
            && thread.name() == Some("sutra-compact")
            && path.extension().is_some_and(|kind| kind == self.kind)
        {
            self.gate.wait();
        }
        self.below.open(path, mode)
    }
}

/// A shard whose compactor waits at the gate.
struct Busy {
    shard: Arc<Shard>,
    gate: OpenOnDrop,
    is_full: Arc<AtomicBool>,
}

impl Busy {
    fn new(folder: &Path, kind: &'static str) -> Self {
        let (gate, is_full) = (Arc::new(Gate::default()), Arc::new(AtomicBool::new(false)));
        let mut env = Env::real();
        let below = Arc::clone(&env.disk);
        let disk = Gated { below, kind, gate: Arc::clone(&gate), is_full: Arc::clone(&is_full) };
        env.disk = Arc::new(disk);
        let shard = Shard::open(&env, folder, options()).unwrap();
        let busy = Self { shard, gate: OpenOnDrop(gate), is_full };
        for large in 0..FAN_IN {
            for start in (large * LARGE..(large + 1) * LARGE).step_by(1000) {
                learn(&busy.shard, start..start + 1000, 0);
            }
            for number in 0..10 {
                let source = large * LARGE + number;
                associate(&busy.shard, source, source + 1, Some("knows"), 1.0);
            }
            busy.shard.flush().unwrap();
        }
        busy.gate.0.wait_for_someone();
        busy
    }

    /// Small segments that change what is being merged: they learn, replace, delete, associate
    /// and dissociate.
    fn flush(&self, small: usize) {
        let shard = &self.shard;
        let start = FAN_IN * LARGE + small * SMALL;
        learn(shard, start..start + SMALL, 0);
        learn(shard, replaced(small)..replaced(small) + 1, 1);
        let batch = BatchBuilder::new().delete(id(deleted(small)));
        let ended = (small % FAN_IN) * LARGE + small / FAN_IN % 10;
        shard.write(batch.dissociate(&name(ended, ended + 1, Some("knows"))).build()).unwrap();
        associate(shard, start, replaced(small), None, 0.5);
        shard.flush().unwrap();
    }

    fn wait_until(&self, what: &str, is_so: impl Fn(&Background) -> bool) {
        let started = Instant::now();
        loop {
            let background = self.shard.stats().unwrap().background;
            if is_so(&background) {
                return;
            }
            assert!(started.elapsed() < TIMEOUT, "{what}: {background:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A concept of the large segments that a small one has a new version of.
fn replaced(small: usize) -> usize {
    (small % FAN_IN) * LARGE + 100 + small
}

/// One that a small segment deletes.
fn deleted(small: usize) -> usize {
    (small % FAN_IN) * LARGE + 500 + small
}

fn check(shard: &Shard) {
    let view = shard.view();
    for number in 0..FAN_IN * LARGE + FLUSHES * SMALL {
        let concept = view.get(&id(number)).unwrap();
        if (0..FLUSHES).any(|small| deleted(small) == number) {
            assert!(concept.is_none(), "{number} was deleted");
            continue;
        }
        let round = usize::from((0..FLUSHES).any(|small| replaced(small) == number));
        let content = format!("content {number} of {round}");
        assert_eq!(concept.unwrap().content().unwrap(), content.as_bytes());
    }
}

fn small_ones_are_merged_beside(kind: &'static str) {
    let dir = tempfile::tempdir().unwrap();
    let busy = Busy::new(dir.path(), kind);
    for small in 0..FLUSHES {
        busy.flush(small);
    }
    let meanwhile = busy.shard.stats().unwrap().background;
    assert!(!busy.gate.0.state.lock().unwrap().is_given_up, "flushes waited for the compactor");
    assert!(meanwhile.compactions >= 10, "{meanwhile:?}");
    assert_eq!(meanwhile.compaction_failures, 0, "{meanwhile:?}");
    check(&busy.shard);
    let before = read_shard(&busy.shard).unwrap();
    busy.gate.0.open();
    busy.wait_until("all is merged", |now| now.segments <= 8 && now.vector_files < 4);
    check(&busy.shard);
    assert_eq!(read_shard(&busy.shard).unwrap(), before);
    busy.shard.close().unwrap();
    drop(busy);
    let shard = Shard::open(&Env::real(), dir.path(), options()).unwrap();
    check(&shard);
    assert_eq!(read_shard(&shard).unwrap(), before);
    assert_eq!(shard.check().unwrap().problems, []);
    shard.close().unwrap();
}

#[test]
fn small_segments_are_merged_while_a_merge_of_large_ones_goes_on() {
    small_ones_are_merged_beside("seg");
}

#[test]
fn small_segments_are_merged_while_vectors_are_merged() {
    small_ones_are_merged_beside("vec");
}

#[test]
fn why_a_merge_beside_another_failed_is_said_until_it_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let busy = Busy::new(dir.path(), "seg");
    busy.is_full.store(true, Ordering::SeqCst);
    for small in 0..FLUSHES / 6 {
        busy.flush(small);
    }
    busy.wait_until("it is said why a merge fails", |now| {
        now.compaction_failures > 0
            && now.compaction_error.as_ref().is_some_and(|error| error.contains("no space"))
    });
    // What failed beside it is merged by the compactor, and nothing is left to complain about.
    busy.gate.0.open();
    busy.wait_until("all is merged", |now| now.segments <= 4 && now.compaction_error.is_none());
    busy.shard.close().unwrap();
}
