//! A disk that fails while a shard is open: every caller is told, nothing is shown that was not
//! acknowledged, and closing ends.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use parking_lot::{Condvar, Mutex};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use sutra_env::{Disk, DiskLayer, Env, File, FileLayer, OpenMode};
use sutra_format::{Batch, BatchBuilder, Learn};
use sutra_shard::{Ack, AckSink, Committed, Durability, Error, Result, Shard, ShardOptions};

/// The disk of this machine, whose syncs fail, or which has no room for segments, while the switch
/// is on.
struct Failing {
    disk: Arc<dyn Disk>,
    syncs_fail: Arc<AtomicBool>,
    segments_fail: Arc<AtomicBool>,
}

struct FailingFile {
    file: Arc<dyn File>,
    syncs_fail: Arc<AtomicBool>,
}

impl DiskLayer for Failing {
    fn below(&self) -> &dyn Disk {
        self.disk.as_ref()
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn File>> {
        let is_segment = path.extension().is_some_and(|kind| kind == "seg");
        if is_segment && mode == OpenMode::CreateNew && self.segments_fail.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let file = self.disk.open(path, mode)?;
        Ok(Arc::new(FailingFile { file, syncs_fail: Arc::clone(&self.syncs_fail) }))
    }
}

impl FileLayer for FailingFile {
    fn below(&self) -> &dyn File {
        self.file.as_ref()
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.syncs_fail.load(Ordering::SeqCst) {
            return Err(io::Error::other("planned"));
        }
        self.file.sync_data()
    }
}

/// Keeps every answer, and holds the committer back at the first one until it is let go.
#[derive(Default)]
struct Gate {
    answers: Mutex<Vec<Result<Committed>>>,
    changed: Condvar,
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl AckSink for Gate {
    fn complete(&self, _token: u64, result: Result<Committed>) {
        self.answers.lock().push(result);
        self.changed.notify_all();
        let mut is_open = self.is_open.lock();
        while !*is_open {
            self.opened.wait(&mut is_open);
        }
    }

    fn group_end(&self) {}
}

impl Gate {
    fn wait_for(&self, count: usize) {
        let mut answers = self.answers.lock();
        while answers.len() < count {
            self.changed.wait(&mut answers);
        }
    }

    fn open(&self) {
        *self.is_open.lock() = true;
        self.opened.notify_all();
    }
}

fn learn(content: &str) -> Batch {
    BatchBuilder::new().learn(&Learn { content, ..Learn::default() }).build()
}

/// What the tests switch on.
#[derive(Default)]
struct Switches {
    syncs_fail: Arc<AtomicBool>,
    segments_fail: Arc<AtomicBool>,
}

fn open_with(dir: &Path, options: ShardOptions) -> (Arc<Shard>, Switches) {
    let switches = Switches::default();
    let real = Env::real();
    let failing = Failing {
        disk: Arc::clone(&real.disk),
        syncs_fail: Arc::clone(&switches.syncs_fail),
        segments_fail: Arc::clone(&switches.segments_fail),
    };
    let env = Env { disk: Arc::new(failing), ..real };
    (Shard::open(&env, dir, options).unwrap(), switches)
}

fn open(dir: &Path, durability: Durability) -> (Arc<Shard>, Arc<AtomicBool>) {
    let options = ShardOptions { durability, ..ShardOptions::default() };
    let (shard, switches) = open_with(dir, options);
    (shard, switches.syncs_fail)
}

/// Bound of the memory in tests that reach it.
const MEMORY_BYTES_MAX: u64 = 1 << 20;

/// Opens a shard with little memory and no room for segments.
fn open_without_room(dir: &Path) -> (Arc<Shard>, Switches) {
    let options = ShardOptions {
        memory_bytes_max: MEMORY_BYTES_MAX,
        write_timeout_us: 200_000,
        ..ShardOptions::default()
    };
    let (shard, switches) = open_with(dir, options);
    switches.segments_fail.store(true, Ordering::SeqCst);
    (shard, switches)
}

/// Writes until a write is refused. How many were acknowledged.
fn write_until_refused(shard: &Shard) -> (u64, Error) {
    for written in 0..1000 {
        let content = format!("{written} {}", "x".repeat(10_000));
        if let Err(error) = shard.write(learn(&content)) {
            return (written, error);
        }
    }
    panic!("the bound does not hold");
}

/// The close waited behind the writes for room that never came, and was then refused as one that
/// had waited for too long; whoever closed waited for ever.
#[test]
fn a_shard_at_its_memory_bound_whose_segments_cannot_be_written_can_be_closed() {
    let dir = tempfile::tempdir().unwrap();
    let (shard, _) = open_without_room(dir.path());
    let (written, error) = write_until_refused(&shard);
    assert!(matches!(error, Error::Busy(_)), "{error}");
    assert!(matches!(shard.flush(), Err(Error::DiskFull { .. })));
    assert!(shard.stats().unwrap().background.flush_error.is_some());
    shard.close().unwrap();
    drop(shard);
    let (shard, _) = open_with(dir.path(), ShardOptions::default());
    assert_eq!(shard.stats().unwrap().counts.concepts, written);
    shard.close().unwrap();
}

/// The committer went on waiting for room in which to refuse.
#[test]
fn a_shard_at_its_memory_bound_whose_sync_fails_can_be_closed() {
    let dir = tempfile::tempdir().unwrap();
    let (shard, switches) = open_without_room(dir.path());
    write_until_refused(&shard);
    switches.syncs_fail.store(true, Ordering::SeqCst);
    switches.segments_fail.store(false, Ordering::SeqCst);
    assert!(shard.flush().is_err() || shard.write(learn("late")).is_err());
    assert!(shard.close().is_err());
}

#[test]
fn a_shard_whose_sync_failed_can_be_closed() {
    let dir = tempfile::tempdir().unwrap();
    let (shard, syncs_fail) = open(dir.path(), Durability::Fsync);
    shard.write(learn("there")).unwrap();
    syncs_fail.store(true, Ordering::SeqCst);
    assert!(matches!(shard.write(learn("lost")), Err(Error::Io { .. })));
    assert!(matches!(shard.close(), Err(Error::Closed(_))));
    assert!(matches!(shard.close(), Err(Error::Closed(_))));
}

/// Without durability a group needs no write, so a later one passed for a good one and published
/// what the failed one had applied; and a close that was queued already heard that all was well.
#[test]
fn what_a_failed_sync_held_is_not_shown_by_later_groups_and_a_queued_close_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (shard, syncs_fail) = open(dir.path(), Durability::None);
    let gate = Arc::new(Gate::default());
    let ack = |token| Ack { sink: Arc::clone(&gate) as _, token };
    shard.submit(learn("there"), ack(0));
    gate.wait_for(1);
    // The committer waits at the gate while three groups gather: the second is too large to go
    // with the first.
    syncs_fail.store(true, Ordering::SeqCst);
    shard.submit(learn("failed"), ack(1));
    shard.submit_flush(ack(2));
    shard.submit(learn(&"x".repeat(5 << 20)), ack(3));
    shard.submit_close(ack(4));
    gate.open();
    gate.wait_for(5);
    let answers: Vec<_> = gate.answers.lock().iter().map(Result::is_ok).collect();
    assert_eq!(answers, [true, false, false, false, false]);
    assert_eq!(shard.view().seqno(), 1, "what was told to have failed is shown");
    assert!(shard.close().is_err());
}
