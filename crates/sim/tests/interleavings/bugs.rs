//! That these tests can fail: mistakes in the order of things, each of which must be found.

use sutra_shard::{PlantedBug, ShardOptions};

use crate::explore::{Tally, first_failure};
use crate::machine::{in_memory, in_segments};
use crate::{pinning, publication};

fn find(
    bug: PlantedBug,
    options: &ShardOptions,
    scenario: impl Fn(&Tally, &ShardOptions) + Clone + Send + Sync + 'static,
) {
    let options = ShardOptions { planted_bug: Some(bug), ..options.clone() };
    let found = first_failure(move |tally| scenario(tally, &options));
    let found = found.unwrap_or_else(|| panic!("{bug:?} was not found"));
    println!("{bug:?}: found in schedule {found}");
}

#[test]
fn comparing_the_layers_before_the_commit_is_loaded_is_found() {
    find(
        PlantedBug::GenerationBeforeSeqno,
        &ShardOptions { memory_threshold: 1, ..in_segments() },
        publication::small,
    );
}

#[test]
fn linking_a_version_before_its_record_is_there_is_found() {
    find(PlantedBug::LinkedBeforeStored, &in_memory(), publication::small);
}

#[test]
fn acknowledging_before_readers_see_it_is_found() {
    find(PlantedBug::AckBeforePublish, &in_memory(), publication::scenario);
}

#[test]
fn handing_a_delta_over_on_top_of_old_layers_is_found() {
    find(PlantedBug::FrozenOnOldLayers, &in_segments(), publication::scenario);
}

#[test]
fn removing_a_file_that_a_view_reads_is_found() {
    find(PlantedBug::SnapshotFileDeleted, &in_segments(), pinning::scenario);
}
