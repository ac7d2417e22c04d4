//! Writers, a flush and a close at once: every request has one answer, and the answer is true.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use shuttle::thread;
use sutra_shard::{Ack, AckSink, Committed, Error, Shard, ShardOptions};

use crate::commits::{Mark, check_prefix, commit, observe};
use crate::explore::{Count, Tally, explore};
use crate::machine::{Machine, in_memory, in_segments};

const WRITERS: u16 = 3;
const COMMITS: u16 = 2;
/// Tokens of what is no write; those of writes are their marks.
const FLUSH: u64 = 1000;
const CLOSE: u64 = 1001;

#[test]
fn every_request_beside_a_flush_and_a_close_is_answered_once_and_truly() {
    let tally = explore("group commit", |tally| scenario(tally, &in_memory()));
    assert!(tally.get(Count::Special) > tally.get(Count::Schedules) / 4, "refused writes");
}

#[test]
fn every_request_is_answered_once_while_writers_wait_for_memory() {
    // Each group finds the memory full, and waits until the one before is in a segment.
    let options = ShardOptions { memory_bytes_max: 1, queue_capacity: 3, ..in_segments() };
    let tally = explore("group commit without memory", move |tally| scenario(tally, &options));
    assert!(tally.get(Count::Flushes) > tally.get(Count::Schedules) / 4, "flushes");
    assert!(tally.get(Count::Special) > tally.get(Count::Schedules) / 4, "refused writes");
}

/// Answers by token. Told on the committer's thread.
#[derive(Default)]
pub struct Answers(Mutex<BTreeMap<u64, Vec<Result<Committed, Error>>>>);

impl AckSink for Answers {
    fn complete(&self, token: u64, result: Result<Committed, Error>) {
        self.0.lock().entry(token).or_default().push(result);
    }

    fn group_end(&self) {}
}

impl Answers {
    /// The one answer to a request.
    pub fn of(&self, token: u64) -> Result<Committed, Error> {
        let answers = self.0.lock();
        let found = answers.get(&token).map_or(&[][..], Vec::as_slice);
        assert_eq!(found.len(), 1, "answers to {token}");
        found[0].clone()
    }
}

pub fn ack(answers: &Arc<Answers>, token: u64) -> Ack {
    Ack { sink: Arc::clone(answers) as _, token }
}

/// Requests from many threads that wait for none of them; then the shard is opened again.
pub fn scenario(tally: &Tally, options: &ShardOptions) {
    let machine = Machine::new();
    let shard = machine.open(options);
    let answers = Arc::new(Answers::default());
    let mut threads = Vec::new();
    for writer in 0..WRITERS {
        let (shard, answers) = (Arc::clone(&shard), Arc::clone(&answers));
        threads.push(thread::spawn(move || {
            for number in 0..COMMITS {
                let mark = writer * COMMITS + number;
                shard.submit(commit(mark), ack(&answers, u64::from(mark)));
            }
        }));
    }
    let (flushed, inner) = (Arc::clone(&shard), Arc::clone(&answers));
    threads.push(thread::spawn(move || flushed.submit_flush(ack(&inner, FLUSH))));
    let (closed, inner) = (Arc::clone(&shard), Arc::clone(&answers));
    threads.push(thread::spawn(move || closed.submit_close(ack(&inner, CLOSE))));
    for thread in threads {
        thread.join().unwrap();
    }
    // Refused, since it was asked for already; but it waits for the tasks.
    let _ = shard.close();
    tally.add_background(&shard);
    check_answers(&shard, &answers, tally);
    drop(shard);
    let reopened = machine.open(options);
    check_answers(&reopened, &answers, tally);
    reopened.close().unwrap();
}

/// What was acknowledged is there under its number; what was refused is not.
pub fn check_answers(shard: &Shard, answers: &Answers, tally: &Tally) {
    let mut expected: Vec<(u64, Mark)> = Vec::new();
    for mark in 0..WRITERS * COMMITS {
        match answers.of(u64::from(mark)) {
            Ok(committed) => expected.push((committed.seqno, mark)),
            Err(Error::Closed(_) | Error::Busy(_)) => tally.add(Count::Special, 1),
            Err(error) => panic!("{error}"),
        }
    }
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let observed = observe(&shard.view());
    check_prefix(&observed);
    assert_eq!(observed.own, expected, "what is there, and what was acknowledged");
    let flushed = answers.of(FLUSH);
    assert!(matches!(flushed, Ok(_) | Err(Error::Closed(_) | Error::Busy(_))), "{flushed:?}");
    let closed = answers.of(CLOSE);
    assert!(matches!(closed, Ok(_) | Err(Error::Closed(_))), "{closed:?}");
}
