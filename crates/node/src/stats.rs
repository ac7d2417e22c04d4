//! Figures of a store as MessagePack; `src/records/statistics.ts` makes the public ones of them.

use crate::failure::{Failure, write_number, write_text};
use sutra_shard::{Background, IndexStats};
use sutra_store::Store;

/// All figures of a store.
pub(crate) fn describe(store: &Store) -> Result<Vec<u8>, Failure> {
    let stats = store.stats()?;
    let shard = &stats.shard;
    let (memory, recovery, background) = (&shard.memory, &shard.recovery, &shard.background);
    let disk = [
        ("log", shard.log_bytes),
        ("segments", background.file_bytes),
        ("index", shard.index.file_bytes),
    ];
    let flush_error = background.flush_error.as_deref().unwrap_or_default();
    let compaction_error = background.compaction_error.as_deref().unwrap_or_default();
    let graph_error = background.graph_error.as_deref().unwrap_or_default();
    let numbers = [
        ("concepts", shard.counts.concepts),
        ("edges", shard.counts.edges),
        ("vectors", shard.counts.vectors),
        ("written", shard.counts.written),
        ("sequence", shard.seqno),
        ("shards", u64::from(stats.shards)),
        ("uptimeUs", stats.uptime_us),
        ("groups", shard.groups),
        ("batches", shard.batches),
        ("groupUs", shard.group_us),
        ("queueDepth", shard.queue_depth as u64),
        ("queueCapacity", shard.queue_capacity as u64),
        ("refusedBusy", shard.refused_busy),
        ("hasFailed", u64::from(shard.has_failed)),
    ];
    let memory = [
        ("records", memory.records),
        ("tables", memory.tables),
        ("vectors", memory.vectors),
        ("held", memory.held),
        ("index", memory.index),
        ("files", memory.files),
        ("mapped", memory.mapped),
    ];
    let recovery = [
        ("commits", recovery.commits),
        ("logBytes", recovery.log_bytes),
        ("tornBytes", recovery.torn_bytes),
        ("orphans", recovery.orphans),
        ("durationUs", recovery.duration_us),
    ];
    let index = &shard.index;
    let mut bytes = Vec::with_capacity(1024);
    write_map_header(&mut bytes, numbers.len() + 10);
    write_numbers(&mut bytes, &numbers);
    write_text(&mut bytes, "durability");
    write_text(&mut bytes, stats.durability.name());
    write_group(&mut bytes, "memoryBytes", &memory);
    write_group(&mut bytes, "diskBytes", &disk);
    write_group(&mut bytes, "recovery", &recovery);
    write_group(&mut bytes, "background", &background_of(background));
    write_group(&mut bytes, "index", &index_of(index));
    let errors = [
        ("indexError", index.error.as_deref().unwrap_or_default()),
        ("flushError", flush_error),
        ("compactionError", compaction_error),
        ("graphError", graph_error),
    ];
    for (name, error) in errors {
        write_text(&mut bytes, name);
        write_text(&mut bytes, error);
    }
    Ok(bytes)
}

fn index_of(index: &IndexStats) -> [(&str, u64); 20] {
    [
        ("parts", index.parts),
        ("files", index.files),
        ("documents", index.documents),
        ("ended", index.ended),
        ("fileBytes", index.file_bytes),
        ("coveredSequence", index.covered_seqno),
        ("isCatchingUp", u64::from(index.is_catching_up)),
        ("rounds", index.rounds),
        ("entries", index.entries),
        ("queueDepth", index.queue_depth),
        ("queueCapacity", index.queue_capacity),
        ("intervalUs", index.interval_us),
        ("intervalChanges", index.interval_changes),
        ("arrivalsPerSecond", index.arrivals_per_s),
        ("entriesPerSecond", index.entries_per_s),
        ("waits", index.waits),
        ("filesWritten", index.files_written),
        ("bytesWritten", index.bytes_written),
        ("filesDropped", index.files_dropped),
        ("failures", index.failures),
    ]
}

fn background_of(background: &Background) -> [(&str, u64); 17] {
    [
        ("segments", background.segments),
        ("vectorFiles", background.vector_files),
        ("floorSequence", background.floor_seqno),
        ("waiting", background.frozen),
        ("flushes", background.flushes),
        ("flushFailures", background.flush_failures),
        ("flushBytes", background.flush_bytes),
        ("compactions", background.compactions),
        ("compactionFailures", background.compaction_failures),
        ("compactionBytes", background.compaction_bytes),
        ("graphs", background.graphs),
        ("vectorsWithoutGraph", background.vectors_without_graph),
        ("graphsBuilt", background.graphs_built),
        ("graphFailures", background.graph_failures),
        ("graphBytes", background.graph_bytes),
        ("graphsDropped", background.graphs_dropped),
        ("obsoleteFiles", background.obsolete_files),
    ]
}

fn write_group(bytes: &mut Vec<u8>, name: &str, pairs: &[(&str, u64)]) {
    write_text(bytes, name);
    write_map_header(bytes, pairs.len());
    write_numbers(bytes, pairs);
}

fn write_map_header(bytes: &mut Vec<u8>, pairs: usize) {
    // Writing to memory cannot fail.
    drop(rmp::encode::write_map_len(bytes, pairs as u32));
}

fn write_numbers(bytes: &mut Vec<u8>, pairs: &[(&str, u64)]) {
    for (name, number) in pairs {
        write_text(bytes, name);
        write_number(bytes, *number);
    }
}
