//! A scheduler under which threads stand still for long: between two steps of one, the others do
//! whole commits, flushes and merges. The random one seldom gets that far.

use std::collections::BTreeMap;

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use sutra_sim::{Actor, Dice};

/// Steps that a thread makes on average until it stands still; by dice for each schedule.
const STEPS_AT_A_TIME: [u64; 4] = [3, 20, 80, 300];
/// Steps of the others meanwhile, at most; by dice for each stop.
const STEPS_STILL_MAX: [u64; 3] = [10, 200, 2000];

/// Chooses by dice.
pub struct Stalling {
    dice: Dice,
    schedules_left: u64,
    steps_at_a_time: u64,
    step: u64,
    /// Threads that stand still, and until which step.
    still: BTreeMap<usize, u64>,
}

impl Stalling {
    pub fn new(seed: u64, schedules: u64) -> Self {
        let dice = Dice::new(seed, Actor::Schedule);
        let still = BTreeMap::new();
        Self { dice, schedules_left: schedules, steps_at_a_time: 1, step: 0, still }
    }

    fn is_still(&self, task: TaskId) -> bool {
        self.still.get(&task.into()).is_some_and(|until| *until > self.step)
    }
}

impl Scheduler for Stalling {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.schedules_left = self.schedules_left.checked_sub(1)?;
        self.steps_at_a_time = self.dice.pick(&STEPS_AT_A_TIME);
        self.still.clear();
        Some(Schedule::new(0))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        self.step += 1;
        let runs_on = current.filter(|current| runnable.iter().any(|task| task.id() == *current));
        if let Some(current) = runs_on
            && !is_yielding
        {
            if !self.dice.chance(1, self.steps_at_a_time) {
                return Some(current);
            }
            let steps_max = self.dice.pick(&STEPS_STILL_MAX);
            let until = self.step + self.dice.below(steps_max);
            self.still.insert(current.into(), until);
        }
        let moving: Vec<TaskId> =
            runnable.iter().map(|task| task.id()).filter(|task| !self.is_still(*task)).collect();
        // Somebody has to go on.
        let all = || runnable.iter().map(|task| task.id()).collect();
        let choices: Vec<TaskId> = if moving.is_empty() { all() } else { moving };
        Some(self.dice.pick(&choices))
    }

    fn next_u64(&mut self) -> u64 {
        self.dice.next_u64()
    }
}
