//! Random histories: clean without a bug, found out with one, the same when repeated.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use sutra_sim::{Bug, Campaign, Plan, Summary, run};

/// Enough for every build; `sutra-sim --seeds 10000` runs more.
const SEEDS: u64 = 250;
/// Within so many seeds every planted bug must be found.
const SEEDS_FOR_A_BUG: u64 = 500;

fn campaign(seeds: u64, bug: Option<Bug>) -> Summary {
    Campaign { from: 0, seeds, threads: 2, bug }.run()
}

#[test]
fn acknowledged_writes_survive_and_nothing_half_done_is_visible() {
    let summary = campaign(SEEDS, None);
    if let Some(found) = &summary.found {
        panic!("{found}");
    }
    assert_eq!(summary.seeds, SEEDS);
    // A campaign in which nothing happens would pass as well.
    let report = summary.report;
    assert!(report.crashes > SEEDS && report.acknowledged > 10 * SEEDS, "{report:?}");
    assert!(report.refused > SEEDS && report.unknown > SEEDS / 10, "{report:?}");
    assert!(report.flushes > 3 * SEEDS && report.merges > SEEDS, "{report:?}");
    assert!(report.flush_failures > SEEDS / 2 && report.merge_failures > SEEDS / 10, "{report:?}");
    assert!(report.looks > SEEDS / 4, "{report:?}");
    assert!(report.index_files > 2 * SEEDS && report.index_waits > SEEDS, "{report:?}");
    assert!(report.index_files_dropped > SEEDS / 10, "{report:?}");
    assert!(summary_says_so(&summary), "{summary}");
}

fn summary_says_so(summary: &Summary) -> bool {
    let figures = format!("{} flushes, {} merges", summary.report.flushes, summary.report.merges);
    summary.to_string().contains(&figures)
}

#[test]
fn one_seed_twice_gives_one_history() {
    let mut digests = Vec::new();
    for seed in 0..60 {
        let once = run(&Plan::of_seed(seed), None);
        let twice = run(&Plan::of_seed(seed), None);
        assert_eq!((once.digest, once.report), (twice.digest, twice.report), "seed {seed}");
        digests.push(once.digest);
    }
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 60, "different seeds give different histories");
}

#[test]
fn every_planted_bug_is_found_shortened_and_comes_with_the_command_that_repeats_it() {
    std::panic::set_hook(Box::new(|_| {}));
    for (name, bug) in Bug::ALL {
        let found = campaign(SEEDS_FOR_A_BUG, Some(*bug)).found;
        let found = found.unwrap_or_else(|| panic!("{name} was not found"));
        let plan = Plan::of_seed(found.seed);
        assert_eq!(run(&plan, Some(*bug)).failure, Some(found.failure.clone()), "{name}");
        assert_eq!(run(&plan, None).failure, None, "{name}: only the bug makes it fail");
        assert!(found.shrunk.plan.actions.len() <= plan.actions.len() / 2, "{name}: {found}");
        let shrunk = run(&found.shrunk.plan, Some(*bug)).failure;
        assert_eq!(shrunk, Some(found.shrunk.failure.clone()), "{name}");
        let command = format!("--seed {} --bug {name}", found.seed);
        assert!(found.to_string().contains(&command), "{found}");
    }
}
