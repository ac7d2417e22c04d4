//! The log as far as it reads, and what of it is lost.

use super::LeftOut;
use crate::check::{LogScan, log_segments, read_file};
use crate::error::{Error, Result};
use crate::wal::SegmentFiles;
use std::path::{Path, PathBuf};
use sutra_env::Env;
use sutra_format::wal_record::{RECORD_ALIGNMENT, Record, RecordKind};
use sutra_format::wal_segment::SEGMENT_HEADER_BYTES;
use sutra_format::{Commit, SegmentHeader};

/// Who takes the commits: those that follow in order, and those behind damage.
pub(super) trait Commits {
    fn apply(&mut self, seqno: u64, commit: &Commit<'_>) -> Result<()>;
    fn lose(&mut self, commit: &Commit<'_>);
}

/// What was read of the log.
#[derive(Default)]
pub(super) struct LogEnd {
    /// Last commit that follows the ones before it; nothing if there is none at all.
    pub(super) last_seqno: Option<u64>,
    /// Highest number of a segment.
    pub(super) number: u32,
    pub(super) paths: Vec<PathBuf>,
    pub(super) left_out: Vec<LeftOut>,
}

/// Gives the commits above the floor that follow each other, then those that do not any more.
///
/// # Errors
/// `Io`; those of `apply`.
pub(super) fn read_log(
    env: &Env,
    files: &SegmentFiles,
    store_id: [u8; 16],
    floor_seqno: u64,
    commits: &mut dyn Commits,
) -> Result<LogEnd> {
    let mut end = LogEnd::default();
    let segments = match log_segments(env, files) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        segments => segments.map_err(|error| Error::io(&files.first_path(), "list", &error))?,
    };
    for (number, path) in segments {
        end.number = end.number.max(number);
        end.paths.push(path.clone());
        let bytes = read_file(env, &path).map_err(|error| Error::io(&path, "read", &error))?;
        let header = SegmentHeader::decode(&bytes).ok();
        let header = header.filter(|h| h.store_id == store_id && h.number == number);
        // What is below the floor is in segments, so damage there loses nothing.
        let follows = header.as_ref().is_some_and(|header| match end.last_seqno {
            Some(last) if last > floor_seqno => last.checked_add(1) == Some(header.first_seqno),
            last => {
                let is_next = last.and_then(|l| l.checked_add(1)) == Some(header.first_seqno);
                is_next || (1..=floor_seqno + 1).contains(&header.first_seqno)
            }
        });
        let mut rest_at = SEGMENT_HEADER_BYTES;
        if follows {
            rest_at = read_segment(&path, &bytes, floor_seqno, commits, &mut end)?;
        }
        let after = end.last_seqno.unwrap_or_default().max(floor_seqno);
        let lost = lose_rest(&bytes, rest_at, number, after, commits);
        if lost > 0 || !follows {
            end.left_out.push(LeftOut { file: path, readable: lost, total: None });
        }
    }
    Ok(end)
}

/// Gives the commits of a segment that follow each other. Where they end.
fn read_segment(
    path: &Path,
    bytes: &[u8],
    floor_seqno: u64,
    commits: &mut dyn Commits,
    end: &mut LogEnd,
) -> Result<usize> {
    let mut applied = Ok(());
    let scan = LogScan::visit(bytes, |record| {
        let is_wanted = record.header.kind == RecordKind::Commit
            && record.header.seqno > floor_seqno
            && applied.is_ok();
        if is_wanted {
            applied = Commit::decode(record.body)
                .map_err(|error| Error::undecodable(path, 0, &error))
                .and_then(|commit| commits.apply(record.header.seqno, &commit));
        }
    });
    applied?;
    let scan = scan.map_err(|error| Error::undecodable(path, 0, &error))?;
    end.last_seqno = Some(scan.last_seqno);
    Ok(scan.end as usize)
}

/// Gives the commits that still read from a place on. How many there were.
fn lose_rest(
    bytes: &[u8],
    start: usize,
    number: u32,
    after_seqno: u64,
    commits: &mut dyn Commits,
) -> u64 {
    let mut lost = 0;
    for at in (start..bytes.len()).step_by(RECORD_ALIGNMENT) {
        let Ok(record) = Record::decode(bytes.get(at..).unwrap_or_default()) else { continue };
        let is_commit = record.header.kind == RecordKind::Commit
            && record.header.segment_number == number
            && record.header.seqno > after_seqno;
        if is_commit && let Ok(commit) = Commit::decode(record.body) {
            commits.lose(&commit);
            lost += 1;
        }
    }
    lost
}
