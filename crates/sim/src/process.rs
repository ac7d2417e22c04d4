//! What belongs to one process run of the machine: its tasks, and what the engine is given.

use std::sync::Arc;

use sutra_env::{Clock, Env};

use crate::bug::{Bug, disk_with};
use crate::clock::SimClock;
use crate::dice::{Actor, Dice, SimRandom};
use crate::disk::SimDisk;
use crate::work::SimWork;

/// What belongs to one process run.
pub struct Process {
    pub work: SimWork,
    pub env: Env,
}

impl Drop for Process {
    /// Tasks own the environment that owns them: without this a campaign would hold every world.
    fn drop(&mut self) {
        self.work.kill();
    }
}

impl Process {
    pub fn new(disk: &SimDisk, clock: &Arc<SimClock>, dice: &mut Dice, bug: Option<Bug>) -> Self {
        let (root, schedule) = (dice.next_u64(), dice.next_u64());
        let work = SimWork::new(Dice::new(schedule, Actor::Schedule), Arc::clone(clock));
        let clock: Arc<dyn Clock> = Arc::clone(clock) as _;
        let env = Env {
            disk: disk_with(bug, disk.clone()),
            clock,
            random: Arc::new(SimRandom::new(Dice::new(root, Actor::Engine))),
            work: Arc::new(work.clone()),
        };
        Self { work, env }
    }
}
