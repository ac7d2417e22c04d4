//! Background work on threads: one named thread per task, parked while there is nothing to do.
//!
//! A task parks at once. Looking for the next wake-up for a while first was tried: the system often
//! puts the thread that a task woke on the task's own core, where it then waited until the task had
//! looked long enough. Single writes took 29 us with 20 us of looking, and 9 us without.
//!
//! Invariants:
//! - `woken` is set before `parked` is read by a waker, and `parked` is set before `woken` is read
//!   by the task, both sequentially consistent: one of the two sees the other, so no wake-up is
//!   lost and a task that runs costs its waker no system call.
//! - `over` becomes true exactly once, after the task's state was dropped, also if a step panics.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::{Next, Steps, Work, WorkControl, WorkHandle};

/// Background work on threads of this process.
pub struct OsWork;

impl Work for OsWork {
    #[expect(clippy::expect_used, reason = "documented: no thread, no engine")]
    fn start(&self, name: &str, steps: Box<dyn Steps>) -> WorkHandle {
        let task = Arc::new(Task::default());
        let inner = Arc::clone(&task);
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let end = EndOnDrop(inner);
                end.0.run(steps);
            })
            .expect("the operating system refused a thread");
        // Both sides may set it; they say the same, and a waker needs it from here on.
        task.thread.get_or_init(|| thread.thread().clone());
        WorkHandle::new(task)
    }
}

#[derive(Default)]
struct Task {
    thread: OnceLock<Thread>,
    woken: AtomicBool,
    parked: AtomicBool,
    over: Mutex<bool>,
    over_changed: Condvar,
}

/// Tells those who wait in `join`, even when a step panicked.
struct EndOnDrop(Arc<Task>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        *self.0.over.lock() = true;
        self.0.over_changed.notify_all();
    }
}

impl Task {
    fn run(&self, mut steps: Box<dyn Steps>) {
        self.thread.get_or_init(thread::current);
        loop {
            match steps.step() {
                Next::Again => {}
                Next::Wait => self.wait(None),
                Next::WaitUs(us) => self.wait(Some(Duration::from_micros(us))),
                Next::Done => return,
            }
        }
    }

    /// Waits to be woken, at most `limit`.
    fn wait(&self, limit: Option<Duration>) {
        if self.take_wake() {
            return;
        }
        self.parked.store(true, Ordering::SeqCst);
        self.park(Instant::now(), limit);
        self.parked.store(false, Ordering::SeqCst);
    }

    fn park(&self, start: Instant, limit: Option<Duration>) {
        while !self.take_wake() {
            match limit.map(|limit| limit.saturating_sub(start.elapsed())) {
                None => thread::park(),
                Some(Duration::ZERO) => return,
                Some(rest) => thread::park_timeout(rest),
            }
        }
    }

    fn take_wake(&self) -> bool {
        self.woken.load(Ordering::SeqCst) && self.woken.swap(false, Ordering::SeqCst)
    }
}

impl WorkControl for Task {
    fn wake(&self) {
        let already = self.woken.swap(true, Ordering::SeqCst);
        if !already
            && self.parked.load(Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    fn join(&self) {
        if self.thread.get().is_some_and(|thread| thread.id() == thread::current().id()) {
            return;
        }
        let mut over = self.over.lock();
        while !*over {
            self.over_changed.wait(&mut over);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;
    use std::sync::mpsc::{Sender, channel};

    struct Script<F: FnMut() -> Next + Send>(F);

    impl<F: FnMut() -> Next + Send> Steps for Script<F> {
        fn step(&mut self) -> Next {
            (self.0)()
        }
    }

    fn start(step: impl FnMut() -> Next + Send + 'static) -> WorkHandle {
        OsWork.start("test", Box::new(Script(step)))
    }

    #[test]
    fn steps_follow_until_done_on_a_thread_of_that_name() {
        let (said, heard) = channel();
        let mut steps = 0;
        start(move || {
            steps += 1;
            said.send((steps, thread::current().name().map(str::to_owned))).unwrap();
            if steps < 3 { Next::Again } else { Next::Done }
        })
        .join();
        let heard: Vec<_> = heard.iter().collect();
        let name = Some("test".to_owned());
        assert_eq!(heard, [(1, name.clone()), (2, name.clone()), (3, name)]);
    }

    #[test]
    fn no_wake_up_is_lost_between_many_threads() {
        const ITEMS: u64 = 20_000;
        let queue = Arc::new(AtomicU64::new(0));
        let (all_taken, inner) = (Arc::new(AtomicU64::new(0)), Arc::clone(&queue));
        let taken = Arc::clone(&all_taken);
        let handle = start(move || {
            let new = inner.swap(0, Ordering::SeqCst);
            let sum = taken.fetch_add(new, Ordering::SeqCst) + new;
            if sum == 2 * ITEMS { Next::Done } else { Next::Wait }
        });
        // Were one lost, the task would sleep for ever with items in its queue.
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for item in 0..ITEMS {
                        queue.fetch_add(1, Ordering::SeqCst);
                        handle.wake();
                        if item % 64 == 0 {
                            thread::yield_now();
                        }
                    }
                });
            }
        });
        handle.join();
        assert_eq!(all_taken.load(Ordering::SeqCst), 2 * ITEMS);
    }

    #[test]
    fn a_wake_up_during_a_step_makes_another_follow() {
        let (said, heard) = channel::<u32>();
        let (go, gone) = channel::<()>();
        let mut steps = 0;
        let handle = start(move || {
            steps += 1;
            said.send(steps).unwrap();
            gone.recv().unwrap();
            if steps < 2 { Next::Wait } else { Next::Done }
        });
        assert_eq!(heard.recv().unwrap(), 1);
        handle.wake();
        go.send(()).unwrap();
        assert_eq!(heard.recv().unwrap(), 2);
        go.send(()).unwrap();
        handle.join();
    }

    #[test]
    fn a_timed_wait_ends_by_itself_or_by_a_wake_up() {
        let mut steps = 0;
        start(move || {
            steps += 1;
            if steps < 3 { Next::WaitUs(100) } else { Next::Done }
        })
        .join();
        let mut first = true;
        let handle =
            start(
                move || {
                    if std::mem::take(&mut first) { Next::WaitUs(u64::MAX) } else { Next::Done }
                },
            );
        handle.wake();
        handle.join();
        handle.wake();
    }

    #[test]
    fn joining_from_inside_and_after_a_panic_returns() {
        let (give, take) = channel::<WorkHandle>();
        let handle = start(move || {
            take.recv().unwrap().join();
            Next::Done
        });
        give.send(handle.clone()).unwrap();
        handle.join();
        let (kept, dropped): (Sender<()>, _) = channel();
        start(move || {
            let _moved = &kept;
            panic!("planned: a step that panics must still end its task");
        })
        .join();
        assert!(dropped.recv().is_err());
    }
}
