//! A repair that is interrupted at every one of its operations: whatever is left, the next repair
//! ends with what an undisturbed one gives, and nobody can open anything else in between.

use std::path::Path;
use std::sync::Arc;

use sutra_shard::repair::Repair;
use sutra_shard::{Error, StoredOptions, check_shard, repair_shard};

use crate::bug::Bug;
use crate::clock::SimClock;
use crate::damage::{Damage, Damaged};
use crate::dice::{Actor, Dice};
use crate::disk::{Crash, Fault, OpClass, SimDisk, Survival};
use crate::engine::{Engine, Observed};
use crate::exhaustive::CRASHES;
use crate::failure::Failure;
use crate::operation::DIMENSION;
use crate::plan::Setting;
use crate::process::Process;
use crate::world::{MANIFEST, STORE};

/// Files of the log that hold nothing: a repair may remove them.
const SPARES: [&str; 4] = ["spare", "spare.tmp", "segment.tmp", "recycled"];
/// Where repair puts what is not used any more.
const ASIDE: &str = "/store/aside-";
/// What it says is lost.
const LIST: &str = "/store/aside-1/LOST";
const LOG: &str = "/store/wal/";
/// What is made of other files, and made anew.
const TEXTS: &str = "/store/texts/";
/// There while a repair is under way.
const MARK: &str = "/store/REPAIR";
/// A power loss that leaves what is promised, and no more.
const ALL_LOST: Crash = Crash::PowerLoss(Survival::None);
/// Crashes in a row after the first one.
const AGAIN_MAX: u64 = 2;
/// By so many bytes the disk is larger each time: a little more than a block.
const ROOM_BYTES: u64 = 9 * 512;

/// Places in a repair, counted from 1.
#[derive(Clone, Copy, Debug)]
pub struct Points {
    /// The first one.
    pub first: u64,
    /// From one to the next.
    pub step: u64,
}

impl Points {
    /// All there are.
    pub const ALL: Self = Self { first: 1, step: 1 };

    /// As many others, so that few of them in many ways are not always the same.
    #[must_use]
    pub fn rotated(self, by: u64) -> Self {
        Self { first: 1 + (self.first - 1 + by) % self.step, ..self }
    }

    fn all(self) -> impl Iterator<Item = u64> {
        (0..).map(move |index| self.first + index * self.step)
    }
}

/// How much was tried.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tried {
    /// Repairs that were interrupted once.
    pub crashes: u64,
    /// Further interruptions, of the repairs after them.
    pub again: u64,
    /// Times that the store was opened in between and refused.
    pub refused: u64,
    /// Times that it was opened in between and held what a whole repair gives.
    pub opened: u64,
    /// Calls that failed, and disks that were full.
    pub faults: u64,
    /// Repairs that were interrupted and then failed, after which all was as before the first one.
    pub undone: u64,
    /// Operations that can change the disk in an undisturbed repair.
    pub operations: u64,
}

impl Tried {
    /// Takes in what was tried elsewhere.
    pub fn add(&mut self, other: Self) {
        self.crashes += other.crashes;
        self.again += other.again;
        self.refused += other.refused;
        self.opened += other.opened;
        self.faults += other.faults;
        self.undone += other.undone;
        self.operations += other.operations;
    }
}

/// Repairs of one damaged store.
pub struct Repairs {
    damage: Damage,
    store: Damaged,
    bug: Option<Bug>,
    /// With contents, as they were before the repair.
    files: Vec<(String, Vec<u8>)>,
    right: Right,
    tried: Tried,
}

/// What an undisturbed repair gives.
struct Right {
    observed: Observed,
    /// Without the folder beside.
    repair: Repair,
}

impl Repairs {
    /// Makes the store, and repairs a copy of it without any trouble.
    ///
    /// # Errors
    /// That does not work.
    pub fn new(damage: Damage, bug: Option<Bug>) -> Result<Self, Failure> {
        let store = Damaged::new(damage)?;
        let names = store.disk.files().into_iter().map(|(file, _)| file);
        let files = names.map(|file| (file.clone(), store.disk.content(&file))).collect();
        let disk = store.disk.fork();
        if let Ok(observed) = observe(&disk.fork(), &store.setting, false) {
            let message = format!("it opens before the repair, at {}", observed.seqno);
            return Err(Failure::new("damage", message));
        }
        let before = disk.operations();
        let repair = repair(&disk, &store.setting, bug).map_err(|error| unrepaired(&error))?;
        let operations = disk.operations() - before;
        let disk = disk.crash(ALL_LOST);
        let tried = Tried { operations, ..Tried::default() };
        let right = Right {
            observed: observe(&disk.fork(), &store.setting, false)
                .map_err(|error| unread(&error))?,
            repair: Repair { aside: None, ..repair },
        };
        let repairs = Self { damage, store, bug, files, right, tried };
        repairs.check_repaired(&disk, "without a crash")?;
        Ok(repairs)
    }

    /// How much was tried so far.
    #[must_use]
    pub fn tried(&self) -> Tried {
        self.tried
    }

    /// Crashes at operations of the repair, in every way. The seed decides what is left of what was
    /// not synced, and the crashes that follow.
    ///
    /// # Errors
    /// What was wrong after the first crash after which anything was.
    pub fn crash_everywhere(&mut self, points: Points, seed: u64) -> Result<(), Failure> {
        for (way, crash) in (0..).zip(CRASHES) {
            for at in points.rotated(way).all() {
                let what = format!("{:?}, seed {seed}, {crash:?} at {at}", self.damage);
                let mut dice = Dice::new(seed << 32 | at << 8 | way, Actor::Faults);
                let ended = self.crash_at(at, crash, &mut dice);
                if ended.map_err(|failure| told(&failure, &what))? {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Whether the repair ended before the crash.
    fn crash_at(&mut self, at: u64, crash: Crash, dice: &mut Dice) -> Result<bool, Failure> {
        let disk = self.store.disk.fork_with(Dice::new(dice.next_u64(), Actor::Disk));
        crash_after(&disk, at);
        let repaired = repair(&disk, &self.store.setting, self.bug);
        if !disk.has_stopped() {
            repaired.map_err(|error| unrepaired(&error))?;
            return Ok(true);
        }
        self.tried.crashes += 1;
        let disk = disk.crash(crash);
        self.open_in_between(&disk.fork())?;
        self.repair_to_the_end(&disk.fork(), "after one crash")?;
        let disk = self.crash_again(disk, dice)?;
        self.repair_to_the_end(&disk, "after more crashes")?;
        Ok(false)
    }

    /// Crashes once or twice more, each time in the repair that follows.
    fn crash_again(&mut self, mut disk: SimDisk, dice: &mut Dice) -> Result<SimDisk, Failure> {
        for _ in 0..=dice.below(AGAIN_MAX) {
            let at = 1 + dice.below(self.tried.operations);
            crash_after(&disk, at);
            let repaired = repair(&disk, &self.store.setting, self.bug);
            if !disk.has_stopped() {
                repaired.map_err(|error| unrepaired(&error))?;
            }
            self.tried.again += 1;
            disk = disk.crash(dice.pick(&CRASHES));
            self.open_in_between(&disk.fork())?;
        }
        Ok(disk)
    }

    /// Opens what a crash left: refused as damaged, or exactly what a whole repair gives. Nothing
    /// is written while there is the mark.
    fn open_in_between(&mut self, disk: &SimDisk) -> Result<(), Failure> {
        let is_marked = has_file(disk, MARK);
        for reads_only in [true, false] {
            match observe(&disk.fork(), &self.store.setting, reads_only) {
                Ok(_) if is_marked && !reads_only => {
                    return Err(Failure::new("refusal", "it opens in the middle of a repair"));
                }
                Ok(found) => {
                    self.tried.opened += 1;
                    self.compare(&found, "opened before the repair went on")?;
                }
                Err(Error::Corrupt { .. }) => self.tried.refused += 1,
                Err(error) => return Err(Failure::new("refusal", error.to_string())),
            }
        }
        Ok(())
    }

    fn repair_to_the_end(&self, disk: &SimDisk, what: &str) -> Result<(), Failure> {
        // Only when nothing is left to be done there is nothing to be said.
        let is_done = !has_file(disk, MARK) && has_file(disk, LIST);
        let repaired = repair(disk, &self.store.setting, self.bug);
        let repaired = repaired.map_err(|error| told(&unrepaired(&error), what))?;
        let listed = Repair { aside: None, ..repaired };
        if listed != self.right.repair && !(is_done && listed.is_sound) {
            let message = format!("{what} it says {listed:?}, not {:?}", self.right.repair);
            return Err(Failure::new("list", message));
        }
        // Whatever it leaves has to be on disk.
        let disk = disk.crash(ALL_LOST);
        self.check_repaired(&disk, what)
    }

    /// Whether every file is as it was, so that all is still to be done.
    fn is_as_before(&self, disk: &SimDisk) -> bool {
        self.files.iter().all(|(file, bytes)| has_file(disk, file) && disk.content(file) == *bytes)
    }

    /// A check is sound, every file is still somewhere, and what is read is right.
    fn check_repaired(&self, disk: &SimDisk, what: &str) -> Result<(), Failure> {
        let process = process(disk, self.bug);
        let report = check_shard(&process.env, Path::new(STORE), &stored(&self.store.setting));
        let report = report.map_err(|error| told(&unread(&error), what))?;
        if let Some(problem) = report.problems.first() {
            return Err(Failure::new("check", format!("{what}: {problem:?}")));
        }
        self.check_kept(disk, what, false)?;
        let found =
            observe(disk, &self.store.setting, false).map_err(|error| told(&unread(&error), what));
        self.compare(&found?, what)?;
        self.check_kept(disk, what, true)
    }

    /// Every file from before is where it was, or under its name in one of the folders beside. The
    /// log's newest file changes when the store is opened.
    fn check_kept(&self, disk: &SimDisk, what: &str, was_opened: bool) -> Result<(), Failure> {
        let now: Vec<_> = disk.files().into_iter().map(|(file, _)| file).collect();
        let is_kept = |(file, bytes): &&(String, Vec<u8>)| {
            let name = name_of(file);
            let aside = |other: &&String| other.starts_with(ASIDE) && name_of(other) == name;
            let mut places = now.iter().filter(|other| *other == file || aside(other));
            SPARES.contains(&name)
                || file.starts_with(TEXTS)
                || was_opened && file.starts_with(LOG)
                || places.any(|place| disk.content(place) == *bytes)
        };
        match self.files.iter().find(|kept| !is_kept(kept)) {
            Some((file, _)) => {
                let message = format!("{what}: {file} is gone; there are {now:?}");
                Err(Failure::new("files", message))
            }
            None => Ok(()),
        }
    }

    fn compare(&self, found: &Observed, what: &str) -> Result<(), Failure> {
        let right = &self.right.observed;
        let difference = right.state.difference(&found.state);
        let message = match difference {
            Some(difference) => difference,
            None if found.seqno != right.seqno => format!("commit {}", found.seqno),
            None if found.edges_in != right.edges_in => "the other side of associations".into(),
            None if found.recent != right.recent => "the order of changes".into(),
            None => return Ok(()),
        };
        Err(Failure::new("content", format!("{what}: {message}")))
    }

    /// Lets calls of the repair fail, one in each, and the disk be too small by all sizes. Repairs
    /// again after each.
    ///
    /// # Errors
    /// An error that is not the disk's, or what was wrong afterwards.
    pub fn fail_everywhere(&mut self, points: Points) -> Result<(), Failure> {
        for (way, class) in (0..).zip(OpClass::ALL) {
            let before = self.store.disk.calls(class);
            for nth in points.rotated(way).all() {
                let disk = self.store.disk.fork();
                let fault = Fault { class, count: before + nth };
                disk.change_plan(|plan| plan.faults.push(fault));
                let what = format!("{:?}, {class:?} number {nth} fails", self.damage);
                let failed = repair(&disk, &self.store.setting, self.bug);
                if disk.calls(class) < fault.count {
                    break;
                }
                disk.change_plan(|plan| plan.faults.clear());
                self.after_failure(&disk, failed).map_err(|failure| told(&failure, &what))?;
            }
        }
        let used = self.store.disk.bytes_used();
        for free in points.all().map(|at| (at - 1) * ROOM_BYTES) {
            let disk = self.store.disk.fork();
            disk.change_plan(|plan| plan.capacity_bytes = Some(used + free));
            let what = format!("{:?}, {free} bytes are free", self.damage);
            let failed = repair(&disk, &self.store.setting, self.bug);
            let is_enough = failed.is_ok();
            disk.change_plan(|plan| plan.capacity_bytes = None);
            self.after_failure(&disk, failed).map_err(|failure| told(&failure, &what))?;
            if is_enough {
                break;
            }
        }
        Ok(())
    }

    /// Crashes at operations of the repair, and lets the disk have no room for the one that goes
    /// on: before the new manifest is there it leaves everything as it was before the first one.
    ///
    /// # Errors
    /// It does not.
    pub fn fill_after_crashes(&mut self, points: Points) -> Result<(), Failure> {
        let names =
            |disk: &SimDisk| -> Vec<_> { disk.files().into_iter().map(|(file, _)| file).collect() };
        let before = names(&self.store.disk);
        for at in points.all() {
            let disk = self.store.disk.fork();
            crash_after(&disk, at);
            let repaired = repair(&disk, &self.store.setting, self.bug);
            if !disk.has_stopped() {
                return repaired.map(drop).map_err(|error| unrepaired(&error));
            }
            let disk = disk.crash(ALL_LOST);
            // Without a log nothing new is written but a log.
            let is_begun = has_file(&disk, MARK) && self.damage != Damage::NoLog;
            let used = disk.bytes_used();
            disk.change_plan(|plan| plan.capacity_bytes = Some(used));
            let failed = repair(&disk, &self.store.setting, self.bug);
            disk.change_plan(|plan| plan.capacity_bytes = None);
            let disk = disk.crash(ALL_LOST);
            if is_begun && failed.is_err() && self.has_old_manifest(&disk) {
                self.tried.undone += 1;
                if names(&disk) != before || !self.is_as_before(&disk) {
                    let what = format!("{:?}, a crash at {at}, {failed:?}", self.damage);
                    let message = format!("{what}: there are {:?}", names(&disk));
                    return Err(Failure::new("undone", message));
                }
            }
            self.repair_to_the_end(&disk, "after there was no room")?;
        }
        Ok(())
    }

    fn has_old_manifest(&self, disk: &SimDisk) -> bool {
        let before = self.files.iter().find(|(file, _)| file == MANIFEST);
        let now = has_file(disk, MANIFEST).then(|| disk.content(MANIFEST));
        before.map(|(_, bytes)| bytes) == now.as_ref()
    }

    /// The same process goes on, then power is lost.
    fn after_failure(
        &mut self,
        disk: &SimDisk,
        failed: Result<Repair, Error>,
    ) -> Result<(), Failure> {
        self.tried.faults += 1;
        match failed {
            Ok(_) => return self.check_repaired(&disk.crash(ALL_LOST), "although a call failed"),
            Err(Error::Io { .. } | Error::DiskFull { .. }) => {}
            Err(error) => return Err(Failure::new("error", error.to_string())),
        }
        self.open_in_between(&disk.fork())?;
        self.open_in_between(&disk.fork().crash(ALL_LOST))?;
        self.repair_to_the_end(&disk.fork(), "after a call failed")?;
        self.repair_to_the_end(&disk.crash(ALL_LOST), "after a call failed, and power")
    }
}

fn crash_after(disk: &SimDisk, operations: u64) {
    let at = disk.operations() + operations;
    disk.change_plan(|plan| plan.crash_at = Some(at));
}

fn process(disk: &SimDisk, bug: Option<Bug>) -> Process {
    let clock = Arc::new(SimClock::default());
    Process::new(disk, &clock, &mut Dice::new(0, Actor::Schedule), bug)
}

fn stored(setting: &Setting) -> StoredOptions {
    StoredOptions { store_id: [7; 16], vector_dimension: DIMENSION as u32, metric: setting.metric }
}

fn repair(disk: &SimDisk, setting: &Setting, bug: Option<Bug>) -> Result<Repair, Error> {
    let process = process(disk, bug);
    let (env, path, stored) = (&process.env, Path::new(STORE), stored(setting));
    #[cfg(feature = "planted-bugs")]
    if let Some(Bug::Engine(bug)) = bug {
        return sutra_shard::repair_shard_with_bug(env, path, &stored, bug);
    }
    repair_shard(env, path, &stored, true)
}

fn has_file(disk: &SimDisk, name: &str) -> bool {
    disk.files().iter().any(|(file, _)| file == name)
}

/// Opens the store, reads everything, and lets it go.
fn observe(disk: &SimDisk, setting: &Setting, reads_only: bool) -> Result<Observed, Error> {
    let process = process(disk, None);
    let engine = Engine::open_existing(&process.env, Path::new(STORE), setting, reads_only)?;
    engine.view().observe()
}

fn name_of(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or_default()
}

fn told(failure: &Failure, what: &str) -> Failure {
    Failure::new(failure.checker, format!("{what}: {}", failure.message))
}

fn unrepaired(error: &Error) -> Failure {
    Failure::new("repair", error.to_string())
}

fn unread(error: &Error) -> Failure {
    Failure::new("reads", error.to_string())
}
