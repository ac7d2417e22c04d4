//! Statistics as MessagePack, named as `src/types.ts` has them.

use crate::failure::{Failure, write_number, write_text};
use sutra_shard::ShardStats;
use sutra_store::Store;

/// A map under construction, whose pairs are counted beforehand.
fn map(bytes: &mut Vec<u8>, pairs: u32) {
    // Writing to memory cannot fail.
    drop(rmp::encode::write_map_len(bytes, pairs));
}

fn numbers(bytes: &mut Vec<u8>, pairs: &[(&str, u64)]) {
    for (name, number) in pairs {
        write_text(bytes, name);
        write_number(bytes, *number);
    }
}

fn fraction(bytes: &mut Vec<u8>, name: &str, number: f64) {
    write_text(bytes, name);
    drop(rmp::encode::write_f64(bytes, number));
}

fn group(bytes: &mut Vec<u8>, name: &str, pairs: &[(&str, u64)]) {
    write_text(bytes, name);
    map(bytes, pairs.len() as u32);
    numbers(bytes, pairs);
}

/// All figures of a store.
pub(crate) fn describe(store: &Store) -> Result<Vec<u8>, Failure> {
    let stats = store.stats()?;
    let shard = &stats.shard;
    let mut bytes = Vec::with_capacity(1024);
    map(&mut bytes, 3);
    write_text(&mut bytes, "store");
    map(&mut bytes, 12);
    numbers(
        &mut bytes,
        &[
            ("concepts", shard.counts.concepts),
            ("edges", shard.counts.edges),
            ("vectors", shard.counts.vectors),
            ("written", shard.counts.written),
            ("reconciliations", 0),
            ("sequence", shard.seqno),
            ("shards", u64::from(stats.shards)),
        ],
    );
    fraction(&mut bytes, "uptimeSeconds", stats.uptime_us as f64 / 1e6);
    write_text(&mut bytes, "durability");
    write_text(&mut bytes, stats.durability.name());
    let memory = &shard.memory;
    group(
        &mut bytes,
        "memoryBytes",
        &[("records", memory.records), ("tables", memory.tables), ("vectors", memory.vectors)],
    );
    group(&mut bytes, "diskBytes", &[("log", shard.log_bytes)]);
    group(
        &mut bytes,
        "recovery",
        &[
            ("commits", shard.recovery.commits),
            ("logBytes", shard.recovery.log_bytes),
            ("tornBytes", shard.recovery.torn_bytes),
            ("durationUs", shard.recovery.duration_us),
        ],
    );
    describe_work(&mut bytes, shard);
    Ok(bytes)
}

/// Transactions are single commits so far, each decided when it is written; nothing waits for a
/// reconciler, whose queue is that of the committer.
fn describe_work(bytes: &mut Vec<u8>, shard: &ShardStats) {
    group(
        bytes,
        "transactions",
        &[
            ("active_count", 0),
            ("preparing", 0),
            ("prepared", 0),
            ("committed", shard.batches),
            ("aborted", 0),
            ("timed_out", 0),
        ],
    );
    write_text(bytes, "reconciler");
    map(bytes, 9);
    let depth = shard.queue_depth as u64;
    numbers(
        bytes,
        &[
            ("reconciliations", 0),
            ("entries_processed", shard.counts.written),
            ("disk_flushes", shard.groups),
            ("queue_depth", depth),
            ("queue_capacity", shard.queue_capacity as u64),
            ("current_interval_ms", 0),
            ("estimated_lag_ms", 0),
        ],
    );
    fraction(bytes, "queue_utilization", depth as f64 / shard.queue_capacity.max(1) as f64);
    write_text(bytes, "running");
    drop(rmp::encode::write_bool(bytes, !shard.has_failed));
}
