//! One simulated machine with one store on it: does the actions of a history, collects answers,
//! crashes and recovers, and compares what the store holds with what it may hold.

use std::path::Path;
use std::sync::Arc;

use sutra_env::{Clock, Env};
use sutra_shard::Error;

use crate::bug::{Bug, disk_with};
use crate::checkers::{atomicity, durability, edges, indexes, snapshots};
use crate::clock::SimClock;
use crate::dice::{Actor, Dice, SimRandom};
use crate::disk::{Crash, Fault, OpClass, SimDisk};
use crate::engine::{Answers, Engine, EngineView};
use crate::failure::Failure;
use crate::history::History;
use crate::ledger::{Candidate, Ledger};
use crate::model::State;
use crate::operation::{DIMENSION, Operation};
use crate::plan::{Action, CrashPlan, Setting};
use crate::work::SimWork;

/// Where the store is.
pub(crate) const STORE: &str = "/store";
/// Views kept at most; an older one is given back for each new one.
const VIEWS_MAX: usize = 4;
/// Attempt to open at which nothing is made to fail any more, so that it has to work.
const OPEN_ATTEMPTS_MAX: usize = 8;

/// How much happened in a run.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Processes that ended other than in order.
    pub crashes: u64,
    /// Writes acknowledged.
    pub acknowledged: u64,
    /// Writes answered with an error.
    pub refused: u64,
    /// Writes whose fate only recovery told.
    pub unknown: u64,
    /// Times everything was compared.
    pub checks: u64,
}

/// A machine and its store.
pub struct World {
    setting: Setting,
    bug: Option<Bug>,
    disk: SimDisk,
    clock: Arc<SimClock>,
    work: Process,
    engine: Option<Engine>,
    answers: Arc<Answers>,
    ledger: Ledger,
    views: Vec<(EngineView, State)>,
    pending_crash: Option<CrashPlan>,
    dice: Dice,
    history: History,
    report: Report,
    /// The store was created.
    was_open: bool,
    is_traced: bool,
}

/// What belongs to one process run.
pub(crate) struct Process {
    pub work: SimWork,
    pub env: Env,
}

impl Report {
    /// Adds what happened in another run.
    pub fn add(&mut self, other: Self) {
        self.crashes += other.crashes;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.checks += other.checks;
    }
}

impl World {
    /// A fresh machine on which no store was opened yet.
    #[must_use]
    pub fn new(seed: u64, setting: Setting, bug: Option<Bug>) -> Self {
        let disk = SimDisk::new(Dice::new(seed, Actor::Disk));
        disk.change_plan(|plan| plan.short_writes = setting.short_writes);
        let clock = Arc::new(SimClock::default());
        let mut dice = Dice::new(seed, Actor::Schedule);
        let work = Process::new(&disk, &clock, &mut dice, bug);
        Self {
            ledger: Ledger::new(setting.metric, setting.durability),
            answers: Arc::new(Answers::new(disk.clone())),
            setting,
            bug,
            disk,
            clock,
            work,
            engine: None,
            views: Vec::new(),
            pending_crash: None,
            dice,
            history: History::default(),
            report: Report::default(),
            was_open: false,
            is_traced: false,
        }
    }

    /// Prints every action and every call of the disk from here on.
    pub fn trace(&mut self) {
        self.is_traced = true;
        self.disk.trace();
    }

    /// How much happened so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.report
    }

    /// The disk.
    #[must_use]
    pub fn disk(&self) -> &SimDisk {
        &self.disk
    }

    /// What is acknowledged.
    #[must_use]
    pub fn expected(&self) -> &State {
        self.ledger.state()
    }

    /// Digest of everything that happened.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut history = self.history;
        history.add(self.disk.history().digest());
        history.add(self.clock.monotonic_us());
        history.digest()
    }

    /// Creates the store.
    ///
    /// # Errors
    /// It cannot be created, or is not empty.
    pub fn start(&mut self) -> Result<(), Failure> {
        self.open_and_settle(None)
    }

    /// Does one action, then takes the answers, and crashes if the crash point was reached.
    ///
    /// # Errors
    /// What a check found.
    pub fn perform(&mut self, action: &Action) -> Result<(), Failure> {
        if self.is_traced {
            println!("{action:?}");
        }
        match action {
            Action::Submit(batch) => self.submit(batch),
            Action::Step(count) => {
                for _ in 0..*count {
                    self.work.work.run_one();
                }
            }
            Action::Idle => self.work.work.run_until_idle(),
            Action::Flush => return self.flush(),
            Action::Reopen => return self.reopen(),
            Action::Crash(plan) => return self.crash(plan.clone()),
            Action::CrashSoon(after, plan) => self.crash_soon(*after, plan.clone()),
            Action::Fail(class, after) => self.fail(*class, *after),
            Action::FillDisk(bytes_left) => self.fill_disk(*bytes_left),
            Action::FreeDisk => self.free_disk(),
            Action::View => self.take_view()?,
            Action::Check => self.check()?,
        }
        self.after_action()
    }

    /// Closes in order and leaves the disk as it then is.
    ///
    /// # Errors
    /// What a check found.
    pub fn close(&mut self) -> Result<(), Failure> {
        let Some(engine) = &self.engine else { return Ok(()) };
        let closed = engine.close(&self.work.work, &self.disk);
        self.collect()?;
        self.end_process(Crash::Kill);
        match closed {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(Failure::new("close", error.to_string())),
            None => Err(Failure::new("close", "it was not answered")),
        }
    }

    /// Ends a history: lets everything finish, closes, opens and compares.
    ///
    /// # Errors
    /// What a check found.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.perform(&Action::FreeDisk)?;
        self.perform(&Action::Idle)?;
        self.perform(&Action::Check)?;
        self.perform(&Action::Reopen)
    }

    fn submit(&mut self, batch: &[Operation]) {
        let Some(engine) = &self.engine else { return };
        let token = self.ledger.submit(batch.to_vec());
        engine.submit(batch, &self.answers, token);
    }

    fn flush(&mut self) -> Result<(), Failure> {
        let Some(engine) = &self.engine else { return Ok(()) };
        let flushed = engine.flush(&self.work.work, &self.disk);
        self.collect()?;
        if self.disk.has_stopped() {
            return self.after_action();
        }
        match flushed.unwrap_or_else(|| Err(Error::Closed("it was not answered".into()))) {
            Ok(()) if self.ledger.all_answered() => self.ledger.make_floor(),
            Ok(()) => return Err(Failure::new("flush", "left a write unanswered")),
            Err(error) if self.in_trouble() => self.history.add(error.to_string().len() as u64),
            Err(error) => return Err(Failure::new("flush", error.to_string())),
        }
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), Failure> {
        let Some(engine) = &self.engine else { return Ok(()) };
        let closed = engine.close(&self.work.work, &self.disk);
        let closed = closed.unwrap_or_else(|| Err(Error::Closed("it was not answered".into())));
        self.collect()?;
        if self.disk.has_stopped() {
            return self.after_action();
        }
        if !self.ledger.all_answered() {
            return Err(Failure::new("close", "left a write unanswered"));
        }
        let in_order = closed.is_ok() && !self.ledger.has_unknown();
        if let Err(error) = closed
            && !self.in_trouble()
        {
            return Err(Failure::new("close", error.to_string()));
        }
        self.end_process(Crash::Kill);
        self.open_and_settle(if in_order { None } else { Some(Crash::Kill) })
    }

    fn crash_soon(&mut self, after: u64, plan: CrashPlan) {
        let at = self.disk.operations() + after;
        self.disk.change_plan(|disk| disk.crash_at = Some(at));
        self.pending_crash = Some(plan);
    }

    fn fail(&mut self, class: OpClass, after: u64) {
        let count = self.disk.calls(class) + after;
        self.disk.change_plan(|plan| plan.faults.push(Fault { class, count }));
    }

    fn fill_disk(&mut self, bytes_left: u64) {
        let capacity = self.disk.bytes_used() + bytes_left;
        self.disk.change_plan(|plan| plan.capacity_bytes = Some(capacity));
    }

    fn free_disk(&mut self) {
        self.disk.change_plan(|plan| plan.capacity_bytes = None);
    }

    fn in_trouble(&self) -> bool {
        self.disk.has_faults() || self.disk.is_limited() || self.ledger.has_unknown()
    }

    fn after_action(&mut self) -> Result<(), Failure> {
        self.collect()?;
        if self.disk.has_stopped() {
            let plan = self
                .pending_crash
                .take()
                .unwrap_or(CrashPlan { crash: Crash::Kill, during_recovery: Vec::new() });
            return self.crash(plan);
        }
        Ok(())
    }

    /// Takes the answers given so far.
    fn collect(&mut self) -> Result<(), Failure> {
        if self.answers.group_is_open() && !self.disk.has_stopped() {
            return Err(Failure::new("answers", "the end of a group was not told"));
        }
        for (token, answer) in self.answers.take() {
            let trouble = self.disk.has_faults() || self.disk.is_limited();
            self.history.add(token);
            self.history.add(match &answer {
                Ok(committed) => committed.seqno,
                Err(error) => error.to_string().len() as u64 | 1 << 32,
            });
            match &answer {
                Ok(_) => self.report.acknowledged += 1,
                Err(Error::Io { .. }) => self.report.unknown += 1,
                Err(_) => self.report.refused += 1,
            }
            if self.is_traced {
                println!("    write {token}: {answer:?}");
            }
            self.ledger.answer(token, &answer, trouble)?;
        }
        Ok(())
    }

    fn crash(&mut self, plan: CrashPlan) -> Result<(), Failure> {
        self.collect()?;
        self.end_process(plan.crash);
        self.report.crashes += 1;
        let mut worst = plan.crash;
        for (after, crash) in plan.during_recovery {
            let at = self.disk.operations() + after;
            self.disk.change_plan(|disk| disk.crash_at = Some(at));
            let opened = self.open();
            if let Err(error) = opened
                && !self.disk.has_stopped()
                && !self.in_trouble()
            {
                return Err(Failure::new("recovery", error.to_string()));
            }
            self.end_process(crash);
            self.report.crashes += 1;
            if matches!(crash, Crash::PowerLoss(_)) {
                worst = crash;
            }
        }
        self.open_and_settle(Some(worst))
    }

    /// The process is over. What it held in memory is gone.
    fn end_process(&mut self, crash: Crash) {
        self.pending_crash = None;
        self.disk = self.disk.crash(crash);
        self.work.work.kill();
        self.views.clear();
        self.engine = None;
        self.answers = Arc::new(Answers::new(self.disk.clone()));
        self.work = Process::new(&self.disk, &self.clock, &mut self.dice, self.bug);
    }

    fn open(&mut self) -> Result<(), Error> {
        self.engine = None;
        let engine = Engine::open(&self.work.env, Path::new(STORE), &self.setting, self.bug)?;
        self.engine = Some(engine);
        Ok(())
    }

    /// Opens the store, as often as planned faults require, and compares what it holds with what
    /// it may hold after the process ended this way (`None`: in order).
    fn open_and_settle(&mut self, crash: Option<Crash>) -> Result<(), Failure> {
        self.peek(crash)?;
        for attempt in 1.. {
            if attempt == OPEN_ATTEMPTS_MAX {
                self.disk.change_plan(|plan| plan.faults.clear());
            }
            match self.open() {
                Ok(()) => break,
                Err(_) if self.disk.has_stopped() => return self.after_action(),
                Err(Error::DiskFull { .. }) if self.disk.is_limited() => self.free_disk(),
                Err(Error::Io { .. }) if self.disk.has_faults() => {}
                Err(error) => return Err(Failure::new("recovery", error.to_string())),
            }
            self.end_process(Crash::Kill);
        }
        self.disk.change_plan(|plan| plan.faults.clear());
        let Some(engine) = &self.engine else {
            return Err(Failure::new("recovery", "the store does not open"));
        };
        self.was_open = true;
        let view = engine.view();
        let found = view.observe();
        let mut candidates = self.ledger.candidates(crash);
        durability::check(&found.state, &candidates)?;
        let index = atomicity::check(&found.state, found.seqno, &candidates)?;
        let settled: Candidate = candidates.swap_remove(index);
        if self.is_traced {
            println!("    opened at {} of {}", settled.seqno, candidates.len() + 1);
        }
        self.ledger.settle(settled, crash);
        self.check()
    }

    /// Now and then opens for reading only first: it shows the same, and changes nothing on disk.
    fn peek(&mut self, crash: Option<Crash>) -> Result<(), Failure> {
        if !self.was_open || self.in_trouble() || !self.dice.chance(1, 4) {
            return Ok(());
        }
        let before = self.disk.operations();
        let path = Path::new(STORE);
        let engine = Engine::open_for_reading(&self.work.env, path, &self.setting, self.bug);
        let engine = engine.map_err(|error| Failure::new("reading", error.to_string()))?;
        let found = engine.view().observe();
        let candidates = self.ledger.candidates(crash);
        durability::check(&found.state, &candidates)?;
        atomicity::check(&found.state, found.seqno, &candidates)?;
        if self.disk.operations() != before {
            return Err(Failure::new("reading", "opening for reading changed the disk"));
        }
        Ok(())
    }

    fn take_view(&mut self) -> Result<(), Failure> {
        let Some(engine) = &self.engine else { return Ok(()) };
        let view = engine.view();
        let expected = self.ledger.visible_at(view.seqno())?;
        if self.views.len() == VIEWS_MAX {
            self.views.remove(0);
        }
        self.views.push((view, expected));
        Ok(())
    }

    /// Compares everything that can be read with what it has to be.
    ///
    /// # Errors
    /// What a check found.
    pub fn check(&mut self) -> Result<(), Failure> {
        let Some(engine) = &self.engine else { return Ok(()) };
        self.report.checks += 1;
        let view = engine.view();
        let found = view.observe();
        let state = self.ledger.visible_at(found.seqno)?;
        let candidates = [Candidate { state, seqno: found.seqno }];
        durability::check(&found.state, &candidates)?;
        atomicity::check(&found.state, found.seqno, &candidates)?;
        edges::check(&found.state.edges, &found.edges_in)?;
        let [Candidate { state, .. }] = candidates;
        indexes::check_counts(&state, engine.counts())?;
        for namespace in ["default", "notes"] {
            let query: [f32; DIMENSION] = std::array::from_fn(|_| self.dice.below(9) as f32 - 3.5);
            let k = self.dice.index(15) + 1;
            let search = view.search(namespace, self.setting.metric, query, k);
            indexes::check_search(&state, &search)?;
        }
        for (view, expected) in &self.views {
            let found = view.observe();
            snapshots::check(found.seqno, expected, &found.state)?;
            edges::check(&found.state.edges, &found.edges_in)?;
        }
        Ok(())
    }
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
