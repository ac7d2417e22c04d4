//! Work off the JavaScript thread: searches and paths share a few threads; what waits on the disk
//! for long (open, flush, close) gets a thread of its own.

use crate::failure::Failure;
use crate::message::{Payload, push_done, push_failed};
use crate::outbox::Outbox;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use sutra_env::{Env, Next, Steps, WorkHandle};

/// Threads of the pool: searches are bound by memory, so more of them gain nothing.
const THREADS: usize = 2;

/// The machine that this process runs on.
pub(crate) static MACHINE: LazyLock<Env> = LazyLock::new(Env::real);

type Task = Box<dyn FnOnce() + Send>;

struct Pool {
    waiting: Arc<Mutex<VecDeque<Task>>>,
    threads: Vec<WorkHandle>,
}

static POOL: LazyLock<Pool> = LazyLock::new(|| {
    let waiting = Arc::new(Mutex::new(VecDeque::new()));
    let threads = (0..THREADS).map(|_| {
        let worker = Worker { waiting: Arc::clone(&waiting) };
        MACHINE.work.start("sutra-reads", Box::new(worker))
    });
    Pool { threads: threads.collect(), waiting }
});

struct Worker {
    waiting: Arc<Mutex<VecDeque<Task>>>,
}

impl Steps for Worker {
    fn step(&mut self) -> Next {
        let task = self.waiting.lock().pop_front();
        match task {
            Some(task) => {
                task();
                Next::Again
            }
            None => Next::Wait,
        }
    }
}

/// A task with a thread of its own.
struct Once {
    task: Option<Task>,
}

impl Steps for Once {
    fn step(&mut self) -> Next {
        if let Some(task) = self.task.take() {
            task();
        }
        Next::Done
    }
}

/// Whose answer a task gives.
pub(crate) struct Job {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) token: u32,
}

impl Job {
    /// Makes a task that sends the answer of `work`, or what went wrong.
    fn task<F>(self, work: F) -> Task
    where
        F: FnOnce() -> Result<Payload, Failure> + Send + 'static,
    {
        Box::new(move || {
            let answer = catch_unwind(AssertUnwindSafe(work))
                .unwrap_or_else(|panic| Err(Failure::panicked(panic.as_ref())));
            let mut message = Vec::new();
            match answer {
                Ok(payload) => push_done(&mut message, self.token, &payload),
                Err(failure) => push_failed(&mut message, self.token, &failure),
            }
            self.outbox.send(message, 1);
        })
    }
}

/// Runs a job in the pool.
pub(crate) fn run<F>(job: Job, work: F)
where
    F: FnOnce() -> Result<Payload, Failure> + Send + 'static,
{
    POOL.waiting.lock().push_back(job.task(work));
    for thread in &POOL.threads {
        thread.wake();
    }
}

/// Runs a job on a thread of its own.
pub(crate) fn run_apart<F>(name: &str, job: Job, work: F)
where
    F: FnOnce() -> Result<Payload, Failure> + Send + 'static,
{
    MACHINE.work.start(name, Box::new(Once { task: Some(job.task(work)) }));
}
