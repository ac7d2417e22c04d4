//! Background work without threads: tasks step one at a time, the next one chosen by dice.
//!
//! Invariants: a task is runnable when it was just started, was woken, or its time has come; a
//! wake-up during its own step makes it runnable again. `join` runs tasks until the one it waits
//! for is over, and panics when none can run, as the real thing would then wait for ever.

use std::sync::Arc;

use parking_lot::Mutex;
use sutra_env::{Next, Steps, Work, WorkControl, WorkHandle};

use crate::clock::SimClock;
use crate::dice::Dice;

/// More steps than any sane history needs without a pause in between: the tasks keep each other
/// busy and nothing will ever come of it.
const STEPS_MAX: u32 = 1_000_000;

/// The tasks of one process run.
#[derive(Clone)]
pub struct SimWork(Arc<Scheduler>);

struct Scheduler {
    tasks: Mutex<Tasks>,
    clock: Arc<SimClock>,
}

struct Tasks {
    list: Vec<Task>,
    dice: Dice,
}

struct Task {
    name: String,
    /// Absent while it steps and when it is over.
    steps: Option<Box<dyn Steps>>,
    due: Due,
}

#[derive(Clone, Copy, PartialEq)]
enum Due {
    Now,
    Stepping { woken: bool },
    Woken,
    At(u64),
    Over,
}

impl SimWork {
    /// A scheduler without tasks.
    #[must_use]
    pub fn new(dice: Dice, clock: Arc<SimClock>) -> Self {
        Self(Arc::new(Scheduler { tasks: Mutex::new(Tasks { list: Vec::new(), dice }), clock }))
    }

    /// Runs one step of a task that can run. Whether there was one.
    #[expect(clippy::must_use_candidate, reason = "called for what it does")]
    pub fn run_one(&self) -> bool {
        self.0.run_one()
    }

    /// Runs steps until no task can run without time passing or a wake-up.
    ///
    /// # Panics
    /// When the tasks keep each other busy for ever.
    pub fn run_until_idle(&self) {
        for _ in 0..STEPS_MAX {
            if !self.run_one() {
                return;
            }
        }
        panic!("background work never comes to rest");
    }

    /// Moves the clock to the first time that a task waits for. Whether there is one.
    #[expect(clippy::must_use_candidate, reason = "called for what it does")]
    pub fn pass_time(&self) -> bool {
        self.0.pass_time()
    }

    /// Forgets all tasks where they stand, as when the process dies.
    pub fn kill(&self) {
        let dropped: Vec<_> = {
            let mut tasks = self.0.tasks.lock();
            tasks.list.iter_mut().for_each(|task| task.due = Due::Over);
            tasks.list.iter_mut().filter_map(|task| task.steps.take()).collect()
        };
        // Outside the lock: what a task owns may wake others while it is dropped.
        drop(dropped);
    }
}

impl Work for SimWork {
    fn start(&self, name: &str, steps: Box<dyn Steps>) -> WorkHandle {
        let mut tasks = self.0.tasks.lock();
        tasks.list.push(Task { name: name.to_owned(), steps: Some(steps), due: Due::Now });
        let index = tasks.list.len() - 1;
        WorkHandle::new(Arc::new(Control { scheduler: Arc::clone(&self.0), index }))
    }
}

struct Control {
    scheduler: Arc<Scheduler>,
    index: usize,
}

impl WorkControl for Control {
    fn wake(&self) {
        let mut tasks = self.scheduler.tasks.lock();
        let task = &mut tasks.list[self.index];
        task.due = match task.due {
            Due::Now | Due::Woken | Due::At(_) => Due::Now,
            Due::Stepping { .. } => Due::Stepping { woken: true },
            Due::Over => Due::Over,
        };
    }

    fn join(&self) {
        for _ in 0..STEPS_MAX {
            match self.scheduler.tasks.lock().list[self.index].due {
                Due::Over | Due::Stepping { .. } => return,
                Due::Now | Due::Woken | Due::At(_) => {}
            }
            if !self.scheduler.run_one() && !self.scheduler.pass_time() {
                let name = self.scheduler.tasks.lock().list[self.index].name.clone();
                panic!("joining task {name} would wait for ever: nothing can run");
            }
        }
        panic!("a joined task never ends");
    }
}

impl Scheduler {
    fn run_one(&self) -> bool {
        let Some((index, mut steps)) = self.take_runnable() else { return false };
        let next = steps.step();
        let mut tasks = self.tasks.lock();
        let task = &mut tasks.list[index];
        let woken = task.due == Due::Stepping { woken: true };
        task.due = match next {
            // Killed from inside its own step.
            _ if task.due == Due::Over => Due::Over,
            Next::Done => Due::Over,
            Next::Again => Due::Now,
            _ if woken => Due::Now,
            Next::Wait => Due::Woken,
            Next::WaitUs(us) => Due::At(self.clock.now_us().saturating_add(us)),
        };
        if task.due == Due::Over {
            drop(tasks);
            drop(steps);
        } else {
            task.steps = Some(steps);
        }
        true
    }

    fn take_runnable(&self) -> Option<(usize, Box<dyn Steps>)> {
        let now = self.clock.now_us();
        let mut tasks = self.tasks.lock();
        let runnable = |task: &Task| match task.due {
            Due::Now => true,
            Due::At(us) => us <= now,
            Due::Woken | Due::Stepping { .. } | Due::Over => false,
        };
        let count = tasks.list.iter().filter(|task| runnable(task)).count();
        // Dice are rolled only where there is a choice, to keep histories short to compare.
        let nth = if count > 1 { tasks.dice.index(count) } else { 0 };
        let (index, _) = tasks.list.iter().enumerate().filter(|(_, t)| runnable(t)).nth(nth)?;
        let task = &mut tasks.list[index];
        task.due = Due::Stepping { woken: false };
        Some((index, task.steps.take()?))
    }

    /// Moves the clock to the first task that waits for a time. Whether there is one.
    fn pass_time(&self) -> bool {
        let tasks = self.tasks.lock();
        let due = |task: &Task| if let Due::At(us) = task.due { Some(us) } else { None };
        let first = tasks.list.iter().filter_map(due).min();
        first.inspect(|us| self.clock.advance_to(*us)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Actor;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Script<F: FnMut() -> Next + Send>(F);

    impl<F: FnMut() -> Next + Send> Steps for Script<F> {
        fn step(&mut self) -> Next {
            (self.0)()
        }
    }

    fn scheduler() -> SimWork {
        SimWork::new(Dice::new(1, Actor::Schedule), Arc::default())
    }

    fn counter(work: &SimWork, next: Next) -> (Arc<AtomicU64>, WorkHandle) {
        let count = Arc::new(AtomicU64::new(0));
        let inner = Arc::clone(&count);
        let step = move || {
            inner.fetch_add(1, Ordering::Relaxed);
            next
        };
        (count, work.start("test", Box::new(Script(step))))
    }

    #[test]
    fn a_task_steps_once_by_itself_and_once_for_each_wake_up() {
        let work = scheduler();
        let (count, handle) = counter(&work, Next::Wait);
        work.run_until_idle();
        handle.wake();
        handle.wake();
        work.run_until_idle();
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_wake_up_during_a_step_is_kept() {
        let work = scheduler();
        let handle: Arc<Mutex<Option<WorkHandle>>> = Arc::default();
        let (inner, mut steps) = (Arc::clone(&handle), 0);
        let started = work.start(
            "test",
            Box::new(Script(move || {
                steps += 1;
                if steps == 1 {
                    inner.lock().as_ref().unwrap().wake();
                }
                if steps == 2 { Next::Done } else { Next::Wait }
            })),
        );
        *handle.lock() = Some(started.clone());
        work.run_until_idle();
        started.join();
    }

    #[test]
    fn joining_lets_time_pass_and_killing_ends_everything() {
        let work = scheduler();
        let mut steps = 0;
        let timed = work.start(
            "test",
            Box::new(Script(move || {
                steps += 1;
                if steps == 3 { Next::Done } else { Next::WaitUs(1000) }
            })),
        );
        timed.join();
        assert!(work.0.clock.now_us() >= 2000);
        let (count, handle) = counter(&work, Next::Again);
        work.kill();
        assert!(!work.run_one());
        handle.join();
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }

    #[test]
    #[should_panic(expected = "would wait for ever")]
    fn joining_a_task_that_nobody_ends_is_reported() {
        let work = scheduler();
        counter(&work, Next::Wait).1.join();
    }
}
