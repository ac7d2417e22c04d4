//! A machine whose background tasks run one step at a time in an order that the dice choose, and
//! whose clock goes on when it is told to. So a seed gives the same run every time.

use super::disk::MemoryDisk;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use sutra_env::{Clock, Env, Next, Random, Steps, Work, WorkControl, WorkHandle};

/// More steps without an answer than any wait needs.
const STEPS_MAX: u32 = 100_000;

/// `SplitMix64`.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    /// True `times` out of `of` times.
    pub fn chance(&mut self, times: usize, of: usize) -> bool {
        self.below(of) < times
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Due {
    Now,
    Woken,
    Later,
    Over,
}

struct Task {
    is_committer: bool,
    due: Mutex<Due>,
    /// Nothing while it steps and when it is over.
    steps: Mutex<Option<Box<dyn Steps>>>,
}

#[derive(Default)]
struct Tasks(Mutex<Vec<Arc<Task>>>);

struct ManualClock {
    wall_us: AtomicU64,
    monotonic_us: AtomicU64,
}

/// The machine.
pub struct Machine {
    tasks: Arc<Tasks>,
    clock: Arc<ManualClock>,
    disk: Arc<MemoryDisk>,
    /// How many times out of 8 the committer goes first.
    pub committer_first: usize,
}

impl Machine {
    pub fn new(committer_first: usize) -> Self {
        let clock =
            ManualClock { wall_us: AtomicU64::new(1_000_000), monotonic_us: AtomicU64::new(0) };
        let (tasks, clock, disk) = (Arc::default(), Arc::new(clock), Arc::default());
        Self { tasks, clock, disk, committer_first }
    }

    pub fn env(&self, seed: u64) -> Env {
        Env {
            disk: Arc::clone(&self.disk) as _,
            clock: Arc::clone(&self.clock) as _,
            random: Arc::new(SeededRandom(Mutex::new(Dice::new(seed)))),
            work: Arc::clone(&self.tasks) as _,
        }
    }

    pub fn disk(&self) -> &MemoryDisk {
        &self.disk
    }

    pub fn now_us(&self) -> u64 {
        self.clock.wall_us()
    }

    pub fn pass_us(&self, us: u64) {
        self.clock.wall_us.fetch_add(us, Ordering::Relaxed);
        self.clock.monotonic_us.fetch_add(us, Ordering::Relaxed);
    }

    /// One step of a task that is due; false when none is.
    pub fn step(&self, dice: &mut Dice) -> bool {
        let due: Vec<_> = {
            let mut tasks = self.tasks.0.lock();
            tasks.retain(|task| *task.due.lock() != Due::Over);
            tasks.iter().filter(|task| *task.due.lock() == Due::Now).cloned().collect()
        };
        if due.is_empty() {
            return false;
        }
        let committer = due.iter().find(|task| task.is_committer);
        let first = committer.filter(|_| dice.chance(self.committer_first, 8));
        first.unwrap_or(&due[dice.below(due.len())]).step();
        true
    }

    /// Makes the tasks that wait for a time due.
    pub fn wake_late(&self) {
        for task in self.tasks.0.lock().iter() {
            let mut due = task.due.lock();
            if *due == Due::Later {
                *due = Due::Now;
            }
        }
    }

    /// Steps until `is_done`.
    pub fn run_until(&self, dice: &mut Dice, is_done: impl Fn() -> bool) {
        for _ in 0..STEPS_MAX {
            if is_done() {
                return;
            }
            if !self.step(dice) {
                self.wake_late();
            }
        }
        panic!("nothing answers");
    }

    /// Steps until no task has anything to do.
    pub fn settle(&self, dice: &mut Dice) {
        for _ in 0..STEPS_MAX {
            if !self.step(dice) {
                return;
            }
        }
        panic!("a task never rests");
    }
}

impl Task {
    fn step(&self) {
        let Some(mut steps) = self.steps.lock().take() else { return };
        *self.due.lock() = Due::Woken;
        let next = steps.step();
        let mut due = self.due.lock();
        *due = match (next, *due) {
            (Next::Done, _) => Due::Over,
            (Next::Again, _) | (_, Due::Now) => Due::Now,
            (Next::Wait, _) => Due::Woken,
            (Next::WaitUs(_), _) => Due::Later,
        };
        if *due != Due::Over {
            *self.steps.lock() = Some(steps);
        }
    }
}

impl Work for Tasks {
    fn start(&self, name: &str, steps: Box<dyn Steps>) -> WorkHandle {
        let task = Arc::new(Task {
            is_committer: name == "sutra-commit",
            due: Mutex::new(Due::Now),
            steps: Mutex::new(Some(steps)),
        });
        self.0.lock().push(Arc::clone(&task));
        WorkHandle::new(Arc::new(Control(task)))
    }
}

struct Control(Arc<Task>);

impl WorkControl for Control {
    fn wake(&self) {
        let mut due = self.0.due.lock();
        if *due != Due::Over {
            *due = Due::Now;
        }
    }

    fn join(&self) {
        for _ in 0..STEPS_MAX {
            if *self.0.due.lock() == Due::Over || self.0.steps.lock().is_none() {
                return;
            }
            self.0.step();
        }
        panic!("a joined task never ends");
    }
}

impl Clock for ManualClock {
    fn wall_us(&self) -> u64 {
        self.wall_us.load(Ordering::Relaxed)
    }

    fn monotonic_us(&self) -> u64 {
        self.monotonic_us.load(Ordering::Relaxed)
    }
}

struct SeededRandom(Mutex<Dice>);

impl Random for SeededRandom {
    fn next_u64(&self) -> u64 {
        self.0.lock().next()
    }
}
