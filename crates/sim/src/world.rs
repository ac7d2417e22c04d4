//! One simulated machine with one store on it: does the actions of a history, collects answers,
//! crashes and recovers, and compares what the store holds with what it may hold.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use sutra_env::Clock;
use sutra_format::manifest::Manifest;
use sutra_shard::{Background, Error};

use crate::bug::Bug;
use crate::checkers::files::{self, Others};
use crate::checkers::{atomicity, durability, edges, history, indexes, recent, snapshots, texts};
use crate::clock::SimClock;
use crate::dice::{Actor, Dice};
use crate::disk::{Crash, Fault, OpClass, SimDisk};
use crate::engine::{Answers, Engine, EngineView, Observed};
use crate::failure::Failure;
use crate::history::History;
use crate::ledger::{Candidate, Ledger};
use crate::model::State;
use crate::operation::{DIMENSION, Operation};
use crate::plan::{Action, CrashPlan, KEEP_FOREVER_US, Setting};
use crate::process::Process;
use crate::report::Report;
use crate::spoil::{self, Kept, Spoil};

/// Where the store is.
pub(crate) const STORE: &str = "/store";
pub(crate) const MANIFEST: &str = "/store/MANIFEST";
const SEGMENTS: &str = "/store/segments/";
/// Views kept at most; an older one is given back for each new one.
const VIEWS_MAX: usize = 4;
/// Attempt to open at which nothing is made to fail any more, so that it has to work.
const OPEN_ATTEMPTS_MAX: usize = 8;

/// After such a time files that nobody reads any more must be gone, if there are no new ones.
const REMOVAL_US: u64 = 2_000_000;
/// Times that there may be new ones at the end of a history.
const REMOVALS_MAX: u32 = 8;

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
    /// What was seen in the middle of something.
    looks: Arc<Mutex<Vec<Result<Observed, Error>>>>,
    pending_crash: Option<CrashPlan>,
    kept_indexes: Kept,
    spoils: Vec<Spoil>,
    dice: Dice,
    history: History,
    report: Report,
    /// The store was created.
    was_open: bool,
    /// Something failed since it was opened, so that files may have been left behind.
    has_leftovers: bool,
    is_traced: bool,
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
            looks: Arc::default(),
            pending_crash: None,
            kept_indexes: Vec::new(),
            spoils: Vec::new(),
            dice,
            history: History::default(),
            report: Report::default(),
            was_open: false,
            has_leftovers: false,
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

    /// Figures of flushes and merges of this process run; nothing when no store is open.
    #[must_use]
    pub fn background(&self) -> Option<Background> {
        self.engine.as_ref().map(Engine::background)
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
            Action::Flush => return self.flush().map(drop),
            Action::Reopen => return self.reopen(),
            Action::Crash(plan) => return self.crash(plan.clone()),
            Action::CrashSoon(after, plan) => self.crash_soon(*after, plan.clone()),
            Action::Fail(class, after) => self.fail(*class, *after),
            Action::FillDisk(bytes_left) => self.fill_disk(*bytes_left),
            Action::FreeDisk => self.free_disk(),
            Action::View => self.take_view()?,
            Action::LookSoon(after) => self.look_soon(*after),
            Action::DropViews => self.views.clear(),
            Action::Wait(us) => self.clock.advance_to(self.clock.now_us() + us),
            Action::KeepIndexes => self.kept_indexes = spoil::keep(&self.disk),
            Action::SpoilIndexes(spoil) => self.spoils.push(*spoil),
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
        self.views.clear();
        // What is old is flushed and merged, then tidied up, and a crash may make all due again.
        let mut tidy = Ok(());
        for _ in 0..REMOVALS_MAX {
            self.perform(&Action::Wait(REMOVAL_US))?;
            self.perform(&Action::Idle)?;
            let others = if self.has_leftovers { Others::Leftovers } else { Others::StillRead(0) };
            tidy = self.check_files(others).and_then(|()| self.check_index());
            if tidy.is_ok() {
                break;
            }
        }
        tidy?;
        if self.dice.chance(1, 2) {
            self.disk.change_plan(|plan| plan.faults.clear());
            self.perform(&Action::Flush)?;
            self.perform(&Action::Idle)?;
        }
        self.perform(&Action::Reopen)
    }

    fn submit(&mut self, batch: &[Operation]) {
        let Some(engine) = &self.engine else { return };
        let token = self.ledger.submit(batch.to_vec());
        engine.submit(batch, &self.answers, token);
    }

    /// Asks for a flush and lets everything run until it is answered. Gives what it was refused
    /// with, if something was made to fail.
    ///
    /// # Errors
    /// What a check found.
    pub fn flush(&mut self) -> Result<Option<Error>, Failure> {
        let Some(engine) = &self.engine else { return Ok(None) };
        let (before, index_failures) = (engine.background(), engine.index().failures);
        let flushed = engine.flush(&self.work.work, &self.disk);
        let (background, index) = (engine.background(), engine.index());
        self.collect()?;
        if self.disk.has_stopped() {
            return self.after_action().map(|()| None);
        }
        let Some(flushed) = flushed else {
            return Err(Failure::new("flush", "it was not answered"));
        };
        match flushed {
            Ok(()) if self.ledger.all_answered() => self.ledger.make_floor(),
            Ok(()) => return Err(Failure::new("flush", "left a write unanswered")),
            Err(error) => {
                if !self.may_refuse() {
                    return Err(Failure::new("flush", error.to_string()));
                }
                let shows = background.flush_error.is_some()
                    || background.flushes > before.flushes
                    || background.graph_failures > before.graph_failures
                    || index.failures > index_failures;
                if !(shows || self.has_failed()) {
                    let message = format!("it was answered {error}, and the figures show no error");
                    return Err(Failure::new("flush", message));
                }
                self.history.add(error.to_string().len() as u64);
                return Ok(Some(error));
            }
        }
        Ok(None)
    }

    fn reopen(&mut self) -> Result<(), Failure> {
        let Some(engine) = &self.engine else { return Ok(()) };
        self.views.clear();
        let closed = engine.close(&self.work.work, &self.disk);
        self.collect()?;
        if self.disk.has_stopped() {
            return self.after_action();
        }
        let Some(closed) = closed else {
            return Err(Failure::new("close", "it was not answered"));
        };
        if !self.ledger.all_answered() {
            return Err(Failure::new("close", "left a write unanswered"));
        }
        let in_order = closed.is_ok() && !self.ledger.has_unknown();
        if let Err(error) = closed
            && !self.may_refuse()
        {
            return Err(Failure::new("close", error.to_string()));
        }
        if in_order && !self.has_leftovers {
            self.check_files(Others::StillRead(0))?;
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
        self.has_leftovers = true;
    }

    fn fill_disk(&mut self, bytes_left: u64) {
        let capacity = self.disk.bytes_used() + bytes_left;
        self.disk.change_plan(|plan| plan.capacity_bytes = Some(capacity));
        self.has_leftovers = true;
    }

    fn free_disk(&mut self) {
        self.disk.change_plan(|plan| plan.capacity_bytes = None);
    }

    fn in_trouble(&self) -> bool {
        self.disk.has_faults() || self.disk.is_limited() || self.ledger.has_unknown()
    }

    /// Whether a write to the log failed, even if no batch was in it.
    fn has_failed(&self) -> bool {
        self.engine.as_ref().is_some_and(Engine::has_failed)
    }

    fn may_refuse(&self) -> bool {
        self.in_trouble() || self.has_failed()
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
        self.compare_looks()
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
        self.count_background();
        self.disk = self.disk.crash(crash);
        for spoil in self.spoils.drain(..) {
            spoil.apply(&self.disk, &self.kept_indexes);
        }
        self.work.work.kill();
        self.views.clear();
        self.engine = None;
        self.answers = Arc::new(Answers::new(self.disk.clone()));
        self.work = Process::new(&self.disk, &self.clock, &mut self.dice, self.bug);
    }

    fn count_background(&mut self) {
        if let Some(engine) = &self.engine {
            self.report.add_background(&engine.background());
            self.report.add_index(&engine.index());
        }
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
        let found = observe(&engine.view())?;
        let candidates = self.ledger.candidates(crash);
        durability::check(&found.state, &candidates)?;
        let index = atomicity::check(&found.state, found.seqno, &candidates)?;
        if self.is_traced {
            println!("    opened at {} of {}", found.seqno, candidates.len());
        }
        self.ledger.settle(candidates, index, crash);
        self.has_leftovers = self.disk.is_limited();
        self.check_files(Others::StillRead(0))?;
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
        let found = observe(&engine.view())?;
        let candidates = self.ledger.candidates(crash);
        durability::check(&found.state, &candidates)?;
        let index = atomicity::check(&found.state, found.seqno, &candidates)?;
        check_derived(&candidates[index].state, &found)?;
        if self.disk.operations() != before {
            return Err(Failure::new("reading", "opening for reading changed the disk"));
        }
        Ok(())
    }

    fn look_soon(&self, after: u64) {
        let Some(engine) = &self.engine else { return };
        let looks = Arc::clone(&self.looks);
        self.disk.look_after(after, Arc::new(engine.look(move |found| looks.lock().push(found))));
    }

    /// Compares what was seen in the middle of something with what had to be seen then.
    fn compare_looks(&mut self) -> Result<(), Failure> {
        let looks = std::mem::take(&mut *self.looks.lock());
        for found in looks {
            let found = found.map_err(|error| unreadable(&error))?;
            self.report.looks += 1;
            let expected = match self.ledger.state_at(found.seqno) {
                Some(expected) => expected.clone(),
                None => self.ledger.visible_at(found.seqno)?,
            };
            snapshots::check(found.seqno, &expected, &found.state)?;
            check_derived(&expected, &found)?;
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
        let found = observe(&view)?;
        let state = self.ledger.visible_at(found.seqno)?;
        let candidates = [Candidate { state, seqno: found.seqno }];
        durability::check(&found.state, &candidates)?;
        atomicity::check(&found.state, found.seqno, &candidates)?;
        let [Candidate { state, .. }] = candidates;
        check_derived(&state, &found)?;
        indexes::check_counts(&state, engine.counts())?;
        for namespace in ["default", "notes"] {
            let query: [f32; DIMENSION] = std::array::from_fn(|_| self.dice.below(9) as f32 - 3.5);
            let k = self.dice.index(15) + 1;
            for (k, is_exact) in [(k, true), (k, false), (1, false)] {
                let search = view.search(namespace, self.setting.metric, query, k, is_exact);
                indexes::check_search(&state, &search.map_err(|error| unreadable(&error))?)?;
            }
        }
        for (view, expected) in &self.views {
            let found = observe(view)?;
            snapshots::check(found.seqno, expected, &found.state)?;
            check_derived(expected, &found)?;
        }
        let others = if self.has_leftovers {
            Others::Leftovers
        } else {
            Others::StillRead(engine.background().obsolete_files)
        };
        self.check_files(others)?;
        self.check_history()
    }

    /// Compares what the store shows of an earlier commit, often one of the last.
    fn check_history(&mut self) -> Result<(), Failure> {
        let Some(engine) = &self.engine else { return Ok(()) };
        let newest = self.ledger.seqno();
        let back = self.dice.pick(&[4, newest + 1]);
        let seqno = newest.saturating_sub(self.dice.below(back));
        let Some(expected) = self.ledger.state_at(seqno) else { return Ok(()) };
        let must_be_kept = self.setting.history_keep_us == Some(KEEP_FOREVER_US);
        let found = engine.view_at(seqno).map(|view| observe(&view)).transpose()?;
        history::check(expected, found.as_ref().map(|found| &found.state), must_be_kept)?;
        found.map_or(Ok(()), |found| check_derived(expected, &found))
    }

    fn check_index(&self) -> Result<(), Failure> {
        let Some(engine) = &self.engine else { return Ok(()) };
        let files = (!self.has_leftovers).then(|| spoil::text_files(&self.disk));
        texts::check_rest(&engine.index(), engine.view().seqno(), files)
    }

    /// Compares the files that are there with those that the manifest names.
    fn check_files(&self, others: Others) -> Result<(), Failure> {
        let bytes = self.disk.content(MANIFEST);
        let manifest = Manifest::decode(&bytes)
            .map_err(|error| Failure::new("files", format!("the manifest: {error}")))?;
        let files = self.disk.files();
        let found: Vec<String> = files
            .iter()
            .filter_map(|(path, _)| Some(path.strip_prefix(SEGMENTS)?.into()))
            .collect();
        files::check(&manifest, &found, others)
    }
}

fn observe(view: &EngineView) -> Result<Observed, Failure> {
    view.observe().map_err(|error| unreadable(&error))
}

/// Compares what is found otherwise than by id: from the other end, by time, words and conditions.
fn check_derived(expected: &State, found: &Observed) -> Result<(), Failure> {
    edges::check(&found.state.edges, &found.edges_in)?;
    recent::check(&found.state, &found.recent)?;
    found.texts.iter().try_for_each(|search| texts::check(expected, search))?;
    found.within.iter().try_for_each(|search| indexes::check_search(expected, search))
}

/// No read fails unless a file is damaged.
fn unreadable(error: &Error) -> Failure {
    Failure::new("reads", error.to_string())
}
