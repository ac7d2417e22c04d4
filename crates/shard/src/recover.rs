//! Opening: the delta as the log says it was, and the log ready for the next group.

use crate::delta::{DeltaWriter, VectorDefaults};
use crate::error::{Error, Result};
use crate::options::ShardOptions;
use crate::wal::{Replayed, SegmentFiles, replay};
use std::path::Path;
use sutra_env::Env;

/// What opening found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recovery {
    /// Commits read from the log.
    pub commits: u64,
    /// Bytes of records read.
    pub log_bytes: u64,
    /// Bytes of an unfinished write that were cut from the end of the log.
    pub torn_bytes: u64,
    /// How long it took, in microseconds.
    pub duration_us: u64,
}

/// Name of the log's folder.
const LOG_DIR: &str = "wal";

/// Describes the log of the shard at `path`.
pub(crate) fn log_files(env: &Env, path: &Path, options: &ShardOptions) -> SegmentFiles {
    let (min, max) = (options.log_segment_bytes_min, options.log_segment_bytes_max);
    SegmentFiles::new(env.clone(), path.join(LOG_DIR), min, max)
}

/// Makes the shard's folders durable.
pub(crate) fn create_folders(env: &Env, path: &Path) -> Result<()> {
    let log = path.join(LOG_DIR);
    let made = env.disk.create_dir_all(&log);
    made.map_err(|error| Error::io(&log, "create", &error))?;
    for dir in [Some(path), path.parent()].into_iter().flatten() {
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        let synced = env.disk.sync_dir(dir);
        synced.map_err(|error| Error::io(dir, "sync", &error))?;
    }
    Ok(())
}

/// Reads the log into a new delta and publishes its last commit. Changes nothing on disk.
pub(crate) fn recover(
    files: &SegmentFiles,
    options: &ShardOptions,
) -> Result<(DeltaWriter, Replayed)> {
    let defaults = VectorDefaults { dimension: options.vector_dimension, metric: options.metric };
    let mut delta = DeltaWriter::new(defaults);
    let replayed = replay(files, options, 0, &mut |seqno, commit| {
        let checked = delta
            .check(&commit.operations)
            .map_err(|error| format!("commit {seqno} cannot follow the ones before it: {error}"))?;
        delta.apply(seqno, commit.committed_us, &commit.operations, &checked);
        Ok(())
    })?;
    if options.must_exist && replayed.position.segment_number == 0 {
        return Err(Error::corrupt(&files.first_path(), 0, "the log has no segment"));
    }
    delta.publish(replayed.position.last_seqno);
    Ok((delta, replayed))
}
