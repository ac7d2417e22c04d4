//! A whole simulated history, decided before it runs, so that it can be repeated and shortened.

use sutra_format::{AssociationClass, Metric};
use sutra_shard::Durability;
use sutra_shard::text::PaceOptions;

use crate::dice::{Actor, Dice};
use crate::disk::{Crash, OpClass, Survival};
use crate::merging::Merging;
use crate::operation::{DIMENSION, EdgeFields, EdgeSlots, Fields, Operation, SLOTS, Slot, Text};
use crate::spoil::Spoil;

const ACTIONS_MIN: u64 = 20;
const ACTIONS_MAX: u64 = 90;
/// Crashes in a row: one in a history, and this many less one while recovering from it.
const CRASH_DEPTH: u64 = 3;
/// Longer than any history takes.
pub const KEEP_FOREVER_US: u64 = 1 << 40;

/// What a history runs on.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How vectors are compared.
    pub metric: Metric,
    /// When a write counts as done.
    pub durability: Durability,
    /// Length of the first log segment.
    pub segment_bytes_min: u64,
    /// Length of the longest log segment.
    pub segment_bytes_max: u64,
    /// Writes stop anywhere, now and then.
    pub short_writes: bool,
    /// Concepts in memory at which they are written to a segment.
    pub memory_threshold: usize,
    /// Bytes of memory at which they are written to a segment.
    pub delta_bytes_max: u64,
    /// Age at which what is in memory is written to a segment.
    pub delta_age_us_max: Option<u64>,
    /// Bytes of memory at which writes wait.
    pub memory_bytes_max: u64,
    /// How long versions are kept.
    pub history_keep_us: Option<u64>,
    /// Which segments are merged.
    pub merging: Merging,
    /// So many vectors in files are put in a graph.
    pub graph_rows_min: usize,
    /// How often the index of texts is brought up to date.
    pub pace: PaceOptions,
}

impl Setting {
    /// Nothing but the sizes left to the dice of the first plan, and log files so small that a few
    /// commits begin another.
    #[must_use]
    pub(crate) fn with_small_logs() -> Self {
        Self {
            metric: Metric::Cosine,
            durability: Durability::Fsync,
            segment_bytes_min: 1024,
            segment_bytes_max: 1024,
            short_writes: false,
            history_keep_us: None,
            pace: PaceOptions::default(),
            ..Plan::of_seed(0).setting.without_segments()
        }
    }

    /// The same with everything in the log and nothing in segments.
    #[must_use]
    pub fn without_segments(self) -> Self {
        Self {
            memory_threshold: usize::MAX,
            delta_bytes_max: u64::MAX,
            delta_age_us_max: None,
            memory_bytes_max: u64::MAX,
            ..self
        }
    }

    /// The same with a segment for about so many concepts changed.
    #[must_use]
    pub fn with_segments(self, memory_threshold: usize, merging: Merging) -> Self {
        Self { memory_threshold, merging, ..self.without_segments() }
    }
}

/// How the process ends, and how often it ends again while it recovers.
#[derive(Clone, Debug, PartialEq)]
pub struct CrashPlan {
    /// How it ends.
    pub crash: Crash,
    /// For each further crash: after how many changing operations of recovery, and how.
    pub during_recovery: Vec<(u64, Crash)>,
}

/// One step of a history.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Submits a batch and does not wait for it.
    Submit(Vec<Operation>),
    /// Lets background tasks do so many steps.
    Step(u8),
    /// Lets background tasks run until they rest.
    Idle,
    /// Flushes.
    Flush,
    /// Closes in order and opens again.
    Reopen,
    /// The process ends now.
    Crash(CrashPlan),
    /// The process ends in so many changing operations.
    CrashSoon(u64, CrashPlan),
    /// The call of this class that is so many calls away fails.
    Fail(OpClass, u64),
    /// The disk has only so much room left.
    FillDisk(u64),
    /// The disk has room again.
    FreeDisk,
    /// Takes a view to look at later.
    View,
    /// Looks at everything in so many changing operations, in the middle of what does them.
    LookSoon(u64),
    /// Gives the views back.
    DropViews,
    /// Time passes.
    Wait(u64),
    /// The files of indexes are kept as they are now.
    KeepIndexes,
    /// This happens to them when the process ends next.
    SpoilIndexes(Spoil),
    /// Compares everything.
    Check,
}

/// A whole history.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Decides all that is left to chance while it runs.
    pub seed: u64,
    /// What it runs on.
    pub setting: Setting,
    /// What happens.
    pub actions: Vec<Action>,
}

impl Plan {
    /// The history of a seed.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let mut dice = Dice::new(seed, Actor::Workload);
        let setting = Self::setting(&mut dice);
        let mut maker = Maker {
            faults: Dice::new(seed, Actor::Faults),
            with_faults: dice.chance(1, 4),
            with_full_disk: dice.chance(1, 8),
            dice,
            version: 0,
        };
        let count = maker.dice.below(ACTIONS_MAX - ACTIONS_MIN) + ACTIONS_MIN;
        let mut actions = (0..count).map(|_| maker.action()).collect();
        let mut dice = Dice::new(seed, Actor::Indexes);
        let setting = Setting { pace: pace(&mut dice), ..setting };
        if dice.chance(1, 2) {
            spoil_indexes(&mut actions, &mut dice);
        }
        Self { seed, setting, actions }
    }

    fn setting(dice: &mut Dice) -> Setting {
        // All concepts of a history are few: a larger number is never reached.
        let concepts_max = dice.pick(&[2, 4, 8, 12, 30]);
        Setting {
            metric: dice.pick(&[Metric::Cosine, Metric::Dot, Metric::L2]),
            durability: match dice.below(10) {
                0 => Durability::None,
                1 => Durability::Os,
                _ => Durability::Fsync,
            },
            segment_bytes_min: dice.pick(&[1024, 2048, 4096]),
            segment_bytes_max: dice.pick(&[4096, 16_384]),
            short_writes: dice.chance(1, 4),
            memory_threshold: dice.below(concepts_max) as usize + 1,
            delta_bytes_max: dice.pick(&[8 << 10, 32 << 10, u64::MAX, u64::MAX]),
            delta_age_us_max: dice.pick(&[None, Some(100), Some(2000)]),
            memory_bytes_max: dice.pick(&[48 << 10, 96 << 10, u64::MAX, u64::MAX]),
            history_keep_us: dice.pick(&[None, None, Some(500), Some(KEEP_FOREVER_US)]),
            merging: dice.pick(&Merging::ALL),
            graph_rows_min: dice.pick(&[1, 4, usize::MAX]),
            pace: PaceOptions::default(),
        }
    }
}

fn pace(dice: &mut Dice) -> PaceOptions {
    let (min, base, max) =
        dice.pick(&[(1, 1, 1), (1, 100, 1000), (100, 3000, 3000), (1000, 10_000, 100_000)]);
    PaceOptions {
        interval_us_min: min,
        interval_us_base: base,
        interval_us_max: max,
        ema_alpha: dice.pick(&[0.3, 1.0]),
        queue_capacity: dice.pick(&[1, 2, 8, 100_000, 100_000]),
        ..PaceOptions::default()
    }
}

/// Now and then in a history: the process ends somewhere behind it.
fn spoil_indexes(actions: &mut Vec<Action>, dice: &mut Dice) {
    for _ in 0..=dice.below(3) {
        actions.insert(dice.index(actions.len() + 1), Action::KeepIndexes);
        let spoil = Action::SpoilIndexes(Spoil::any(dice));
        actions.insert(dice.index(actions.len() + 1), spoil);
    }
}

struct Maker {
    dice: Dice,
    faults: Dice,
    with_faults: bool,
    with_full_disk: bool,
    version: u32,
}

impl Maker {
    fn action(&mut self) -> Action {
        match self.dice.below(100) {
            0..56 => Action::Submit(self.batch()),
            56..72 => Action::Step(self.dice.below(8) as u8 + 1),
            72..79 => Action::Idle,
            79..82 => Action::Flush,
            82..84 => Action::Reopen,
            84..86 => Action::View,
            86 => Action::LookSoon(self.dice.below(60) + 1),
            87 => Action::DropViews,
            88 => Action::Wait(self.dice.pick(&[300, 3000, 200_000])),
            89..92 => Action::Check,
            _ => self.mishap(),
        }
    }

    fn mishap(&mut self) -> Action {
        if self.with_full_disk && self.faults.chance(1, 2) {
            if self.faults.chance(1, 2) {
                // The log grows by little, a segment takes all the rest.
                let bytes_left = self.faults.pick(&[6000, 200_000]);
                return Action::FillDisk(self.faults.below(bytes_left));
            }
            return Action::FreeDisk;
        }
        if self.with_faults && self.faults.chance(1, 2) {
            let class = self.faults.pick(&[
                OpClass::Sync,
                OpClass::Sync,
                OpClass::Write,
                OpClass::Write,
                OpClass::SyncDir,
                OpClass::Rename,
                OpClass::Create,
                OpClass::Read,
                OpClass::Read,
                OpClass::Remove,
                OpClass::Open,
                OpClass::List,
            ]);
            // A flush writes, opens and syncs more often than a commit.
            let within = self.faults.pick(&[4, 40]);
            return Action::Fail(class, self.faults.below(within) + 1);
        }
        let plan = self.crash_plan();
        if self.faults.chance(1, 4) {
            Action::Crash(plan)
        } else {
            // A commit takes few operations, a flush some thirty.
            let within = self.faults.pick(&[24, 100]);
            Action::CrashSoon(self.faults.below(within) + 1, plan)
        }
    }

    fn crash_plan(&mut self) -> CrashPlan {
        let crash = self.crash();
        let again = self.faults.below(CRASH_DEPTH);
        let during_recovery =
            (0..again).map(|_| (self.faults.below(12) + 1, self.crash())).collect();
        CrashPlan { crash, during_recovery }
    }

    fn crash(&mut self) -> Crash {
        match self.faults.below(8) {
            0 | 1 => Crash::Kill,
            2 => Crash::PowerLoss(Survival::None),
            3 => Crash::PowerLoss(Survival::All),
            _ => Crash::PowerLoss(Survival::mixed(&mut self.faults)),
        }
    }

    fn batch(&mut self) -> Vec<Operation> {
        let count = match self.dice.below(20) {
            0..13 => 1,
            13..19 => 2 + self.dice.below(3),
            _ => 8 + self.dice.below(12),
        };
        (0..count).map(|_| self.operation()).collect()
    }

    fn operation(&mut self) -> Operation {
        match self.dice.below(20) {
            0..8 => Operation::Learn { slot: self.slot(), fields: self.fields(true) },
            8..11 => {
                let with_text = self.dice.chance(1, 2);
                Operation::Update { slot: self.slot(), fields: self.fields(with_text) }
            }
            11..13 => Operation::Delete { slot: self.slot() },
            13..18 => Operation::Associate { edge: self.edge(), fields: self.edge_fields() },
            _ => Operation::Dissociate { edge: self.edge() },
        }
    }

    fn slot(&mut self) -> Slot {
        Slot(self.dice.below(u64::from(SLOTS)) as u8)
    }

    fn edge(&mut self) -> EdgeSlots {
        // Few classes and labels, so that the same association is met again.
        let class = self.dice.pick(&[AssociationClass::Semantic, AssociationClass::Causal]);
        let label = self.dice.pick(&[None, None, Some(1), Some(2)]);
        EdgeSlots { source: self.slot(), target: self.slot(), class, label }
    }

    fn fields(&mut self, with_text: bool) -> Fields {
        self.version += 1;
        let bytes = match self.dice.below(40) {
            0..30 => 10 + self.dice.index(90),
            30..39 => 100 + self.dice.index(1400),
            _ => 6000,
        };
        Fields {
            text: with_text.then_some(Text { version: self.version, bytes }),
            vector: self.dice.chance(1, 2).then(|| self.vector()),
            attributes: self.dice.chance(1, 3).then(|| self.dice.below(128) as u8),
            strength: self.dice.chance(1, 4).then(|| self.fraction()),
            confidence: self.dice.chance(1, 4).then(|| self.fraction()),
            valid_from: self.dice.chance(1, 8).then(|| self.time_ms()),
            valid_to: self.dice.chance(1, 8).then(|| self.time_ms() + 800),
        }
    }

    fn edge_fields(&mut self) -> EdgeFields {
        EdgeFields {
            confidence: self.dice.chance(1, 2).then(|| self.fraction()),
            weight: self.dice.chance(1, 3).then(|| self.fraction() * 8.0 - 4.0),
            attributes: self.dice.chance(1, 4).then(|| self.dice.below(128) as u8),
            valid_from: self.dice.chance(1, 8).then(|| self.time_ms()),
            valid_to: self.dice.chance(1, 8).then(|| self.time_ms() + 800),
        }
    }

    /// Sometimes zero, which has no direction.
    fn vector(&mut self) -> [i8; DIMENSION] {
        if self.dice.chance(1, 24) {
            return [0; DIMENSION];
        }
        std::array::from_fn(|_| self.dice.below(9) as i8 - 4)
    }

    fn time_ms(&mut self) -> i64 {
        self.dice.below(1000).cast_signed()
    }

    fn fraction(&mut self) -> f64 {
        self.dice.below(17) as f64 / 16.0
    }
}
