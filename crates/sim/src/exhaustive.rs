//! All short histories, with a crash at every operation of each: what random ones may miss.

use crate::bug::Bug;
use crate::campaign::Found;
use crate::disk::{Crash, Survival};
use crate::merging::Merging;
use crate::operation::{EdgeFields, EdgeSlots, Fields, Operation, Slot, Text};
use crate::plan::{Action, CrashPlan, Plan, Setting};
use crate::run::run;
use crate::shrink::shrink;

use sutra_format::AssociationClass;

/// Ways to end the process at each point.
pub(crate) const CRASHES: [Crash; 5] = [
    Crash::Kill,
    Crash::PowerLoss(Survival::None),
    Crash::PowerLoss(Survival::All),
    Crash::PowerLoss(Survival::Mixed { kept_of_16: 8, torn_of_16: 0 }),
    Crash::PowerLoss(Survival::Mixed { kept_of_16: 8, torn_of_16: 8 }),
];

/// More than any recovery of these histories takes.
const RECOVERY_OPERATIONS: u64 = 24;
/// The operations of recovery at which it crashes again are so far apart.
const RECOVERY_STEP: usize = 4;

/// Runs every history of at most `length_max` batches, crashing at every operation in every way.
/// Gives how many runs that were.
///
/// # Errors
/// The first history that fails, shortened.
pub fn run_all_short(length_max: u32, bug: Option<Bug>) -> Result<u64, Box<Found>> {
    let mut runs = 0;
    for (number, history) in histories(length_max) {
        runs += crash_everywhere(number, &Setting::with_small_logs(), &history, &[], bug)?;
    }
    Ok(runs)
}

/// As [`run_all_short`] for a store in which every batch is written to a segment, and every segment
/// is merged with the one before. Then crashes again while it recovers, for one history.
///
/// # Errors
/// The first history that fails, shortened.
pub fn run_all_merged(length_max: u32, bug: Option<Bug>) -> Result<u64, Box<Found>> {
    let setting = Setting::with_small_logs().with_segments(1, Merging::Eager);
    let mut runs = 0;
    for (number, history) in histories(length_max) {
        runs += crash_everywhere(number, &setting, &history, &[], bug)?;
    }
    let last = alphabet().pop().unwrap_or_default();
    for after in (1..RECOVERY_OPERATIONS).step_by(RECOVERY_STEP) {
        let again = [(after, Crash::PowerLoss(Survival::None))];
        let history = [Action::Submit(last.clone()), Action::Idle];
        runs += crash_everywhere(after, &setting, &history, &again, bug)?;
    }
    Ok(runs)
}

fn histories(length_max: u32) -> impl Iterator<Item = (u64, Vec<Action>)> {
    let alphabet = alphabet();
    let lengths = 0..=length_max;
    lengths.flat_map(move |length| {
        let alphabet = alphabet.clone();
        (0..alphabet.len().pow(length)).map(move |number| {
            let batches = (0..length).scan(number, |rest, _| {
                let letter = *rest % alphabet.len();
                *rest /= alphabet.len();
                Some(alphabet[letter].clone())
            });
            let actions = batches.flat_map(|batch| [Action::Submit(batch), Action::Idle]);
            (number as u64, actions.collect())
        })
    })
}

/// With an empty history the crashes meet the creation of the store; others find two concepts and
/// an association there.
fn crash_everywhere(
    seed: u64,
    setting: &Setting,
    history: &[Action],
    again: &[(u64, Crash)],
    bug: Option<Bug>,
) -> Result<u64, Box<Found>> {
    let mut runs = 0;
    for crash in CRASHES {
        for after in 1.. {
            let crash = CrashPlan { crash, during_recovery: again.to_vec() };
            let soon = Action::CrashSoon(after, crash);
            let mut actions = if history.is_empty() { Vec::new() } else { setup() };
            actions.push(soon);
            actions.extend_from_slice(history);
            let plan = Plan { seed, setting: setting.clone(), actions };
            let outcome = run(&plan, bug);
            runs += 1;
            if let Some(failure) = outcome.failure {
                let shrunk = shrink(&plan, bug, failure.clone());
                return Err(Box::new(Found { seed, bug, failure, shrunk }));
            }
            if outcome.report.crashes == 0 {
                break;
            }
        }
    }
    Ok(runs)
}

fn setup() -> Vec<Action> {
    vec![Action::Submit(vec![learn(0, 1), learn(1, 1), associate(0, 1)]), Action::Idle]
}

fn alphabet() -> Vec<Vec<Operation>> {
    let edge = EdgeSlots {
        source: Slot(0),
        target: Slot(1),
        class: AssociationClass::Causal,
        label: None,
    };
    let fields = Fields { vector: Some([0, 1, 0, 2]), ..Fields::default() };
    vec![
        vec![learn(0, 2)],
        vec![learn(2, 3)],
        vec![Operation::Update { slot: Slot(1), fields }],
        vec![Operation::Delete { slot: Slot(0) }],
        vec![associate(1, 0)],
        vec![Operation::Dissociate { edge }],
        vec![learn(3, 4), learn(4, 4), associate(3, 4), associate(4, 1), associate(1, 1)],
    ]
}

fn learn(slot: u8, version: u32) -> Operation {
    let text = Some(Text { version, bytes: 60 });
    let vector = Some([slot.cast_signed() + 1, (version as u8).cast_signed(), 0, 1]);
    Operation::Learn { slot: Slot(slot), fields: Fields { text, vector, ..Fields::default() } }
}

fn associate(source: u8, target: u8) -> Operation {
    let (source, target) = (Slot(source), Slot(target));
    let edge = EdgeSlots { source, target, class: AssociationClass::Causal, label: None };
    let fields = EdgeFields { confidence: Some(0.5), ..EdgeFields::default() };
    Operation::Associate { edge, fields }
}
