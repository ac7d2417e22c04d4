//! The log, read as recovery does, but for applying it; then what stands behind the last record of
//! each segment, which recovery passes over when it was never acknowledged.

use super::report::{Code, Report};
use super::sealed::first_not_zero;
use crate::options::ShardOptions;
use crate::recover::log_files;
use crate::wal::{SegmentFiles, replay};
use std::path::{Path, PathBuf};
use sutra_env::{Env, OpenMode, read_to_end};
use sutra_format::wal_record::{Record, RecordKind};
use sutra_format::wal_segment::SEGMENT_HEADER_BYTES;
use sutra_format::{DecodeError, SegmentHeader};

/// Digits in the name of a segment.
const NUMBER_DIGITS: usize = 10;

/// What one segment of the log holds, as far as it reads.
pub(crate) struct LogScan {
    pub(crate) header: SegmentHeader,
    /// Where the last record that reads ends.
    pub(crate) end: u64,
    /// Last commit in it.
    pub(crate) last_seqno: u64,
    pub(crate) is_sealed: bool,
    epoch: u64,
    /// First byte behind the last record that is not zero.
    pub(crate) tail_at: Option<u64>,
}

impl LogScan {
    /// Reads the records of a segment one after the other. `Err` is what is wrong with its header.
    pub(crate) fn of(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::visit(bytes, |_| ())
    }

    /// As [`LogScan::of`], and gives each record.
    pub(crate) fn visit<'b>(
        bytes: &'b [u8],
        mut visit: impl FnMut(&Record<'b>),
    ) -> Result<Self, DecodeError> {
        let header = SegmentHeader::decode(bytes)?;
        let mut scan = Self {
            header,
            end: SEGMENT_HEADER_BYTES as u64,
            last_seqno: header.first_seqno.saturating_sub(1),
            is_sealed: false,
            epoch: header.epoch,
            tail_at: None,
        };
        while let Some(record) = scan.next(bytes) {
            visit(&record);
            scan.end += record.bytes as u64;
            scan.epoch = record.header.epoch;
            scan.last_seqno = record.header.seqno;
            scan.is_sealed = record.header.kind == RecordKind::Seal;
        }
        let rest = bytes.get(scan.end as usize..).unwrap_or_default();
        scan.tail_at = first_not_zero(rest).map(|at| scan.end + at as u64);
        Ok(scan)
    }

    /// The record that follows, by the same rules as in recovery.
    fn next<'b>(&self, bytes: &'b [u8]) -> Option<Record<'b>> {
        let record = Record::decode(bytes.get(self.end as usize..)?).ok()?;
        let header = record.header;
        let is_commit = header.kind == RecordKind::Commit;
        let epoch_goes_on = match header.kind {
            RecordKind::Open => record.body == self.epoch.to_le_bytes(),
            RecordKind::Commit | RecordKind::Close => header.epoch == self.epoch,
            RecordKind::Seal => true,
        };
        let follows = header.segment_number == self.header.number
            && header.seqno == self.last_seqno.checked_add(u64::from(is_commit))?
            && header.durable_seqno <= header.seqno
            && epoch_goes_on;
        (follows && !self.is_sealed).then_some(record)
    }
}

/// Looks at the log of a shard that nobody has open.
pub(super) fn check_log(
    env: &Env,
    path: &Path,
    store_id: [u8; 16],
    floor_seqno: u64,
    report: &mut Report,
) {
    let options = ShardOptions { store_id, ..ShardOptions::default() };
    let files = log_files(env, path, &options);
    let first = files.first_path();
    match replay(&files, &options, floor_seqno, &mut |_, _| Ok(())) {
        Ok(replayed) if replayed.position.segment_number == 0 => {
            report.add(Code::LOG, &first, 0, "the log has no segment");
        }
        Ok(replayed) if replayed.position.last_seqno < floor_seqno => {
            let last_seqno = replayed.position.last_seqno;
            let message = format!(
                "the log ends with commit {last_seqno}, and the manifest says that {floor_seqno} \
                 was in it"
            );
            let newest = files.path(replayed.position.segment_number);
            report.add(Code::LOG, &newest, replayed.position.offset, message);
        }
        Ok(_) => {}
        Err(error) => report.add_error(Code::LOG, &first, &error),
    }
    check_segments(env, &files, store_id, report);
}

/// Numbers and paths of the segments in the log's folder.
pub(crate) fn log_segments(
    env: &Env,
    files: &SegmentFiles,
) -> std::io::Result<Vec<(u32, PathBuf)>> {
    let first = files.first_path();
    let entries = env.disk.list(first.parent().unwrap_or(&first))?;
    let numbers = entries.iter().filter_map(|entry| log_number(&entry.name));
    Ok(numbers.map(|number| (number, files.path(number))).collect())
}

/// The number in the name of a segment of the log.
pub(crate) fn log_number(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".wal").filter(|digits| digits.len() == NUMBER_DIGITS)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

pub(crate) fn read_file(env: &Env, path: &Path) -> std::io::Result<Vec<u8>> {
    env.disk.open(path, OpenMode::Read).and_then(|file| read_to_end(file.as_ref()))
}

/// Reads a segment; what is wrong with it as a file goes into the report.
fn scan_segment(
    env: &Env,
    path: &Path,
    store_id: [u8; 16],
    report: &mut Report,
) -> Option<LogScan> {
    let bytes = match read_file(env, path) {
        Ok(bytes) => bytes,
        Err(error) => {
            add_once(report, path, |report| report.add_io(path, &error));
            return None;
        }
    };
    report.files_checked += 1;
    report.bytes_checked += bytes.len() as u64;
    match LogScan::of(&bytes) {
        Ok(scan) if scan.header.store_id != store_id => {
            report.add(Code::WRONG_STORE, path, 0, "the segment belongs to another store");
            None
        }
        Ok(scan) => Some(scan),
        Err(error) => {
            add_once(report, path, |report| report.add_undecodable(Code::LOG, path, 0, &error));
            None
        }
    }
}

/// Each segment by itself: one that is damaged hides nothing of the others.
fn check_segments(env: &Env, files: &SegmentFiles, store_id: [u8; 16], report: &mut Report) {
    let Ok(segments) = log_segments(env, files) else { return };
    let newest = segments.last().map_or(0, |(number, _)| *number);
    for (number, path) in segments {
        let Some(scan) = scan_segment(env, &path, store_id, report) else { continue };
        if let Some(at) = scan.tail_at {
            // Of the newest one it is a write that never finished, or recovery said otherwise.
            add_once(report, &path, |report| {
                let may_be_torn = number == newest || scan.is_sealed;
                let code = if may_be_torn { Code::LOG_TAIL } else { Code::LOG };
                report.add(code, &path, at, "bytes behind the last record that reads");
            });
        }
    }
}

/// Adds a problem of a file that none was found in yet.
fn add_once(report: &mut Report, path: &Path, add: impl FnOnce(&mut Report)) {
    if !report.has_problem_of(path) {
        add(report);
    }
}

/// Looks at the log of a shard that is being written to. Everything up to `durable_seqno` was in
/// the files before; what is behind it may be half written. Segments may be given up meanwhile,
/// and their files be used for something else: what seems wrong with one whose name is gone by now
/// is not.
pub(super) fn check_running_log(
    env: &Env,
    path: &Path,
    store_id: [u8; 16],
    durable_seqno: u64,
    floor_seqno: impl Fn() -> u64,
    report: &mut Report,
) {
    let options = ShardOptions { store_id, ..ShardOptions::default() };
    let files = log_files(env, path, &options);
    let mut found = Report::default();
    match log_segments(env, &files) {
        Ok(segments) => {
            // Asked after the names were listed: a segment that is not among them is below it.
            let floor_seqno = floor_seqno();
            walk_running(env, &segments, store_id, (floor_seqno, durable_seqno), &mut found);
        }
        Err(error) => found.add_io(&files.first_path(), &error),
    }
    found.retain_files(|path| !matches!(env.disk.entry(path), Ok(None)));
    report.merge(found);
}

fn walk_running(
    env: &Env,
    segments: &[(u32, PathBuf)],
    store_id: [u8; 16],
    (floor_seqno, durable_seqno): (u64, u64),
    found: &mut Report,
) {
    let mut before: Option<LogScan> = None;
    for (number, path) in segments {
        let Some(scan) = scan_segment(env, path, store_id, found) else { continue };
        let first_seqno = scan.header.first_seqno;
        let problem = match &before {
            _ if scan.header.number != *number => {
                Some(format!("the segment says it is number {}", scan.header.number))
            }
            None if first_seqno > floor_seqno + 1 => {
                Some(format!("the log begins with commit {first_seqno}; older ones are gone"))
            }
            Some(before) if before.last_seqno.checked_add(1) != Some(first_seqno) => {
                let last = before.last_seqno;
                Some(format!("it begins with commit {first_seqno}, but {last} came before"))
            }
            _ => None,
        };
        if let Some(problem) = problem {
            found.add(Code::LOG, path, 0, problem);
        }
        before = Some(scan);
    }
    let (last_seqno, end) = before.map_or((0, 0), |scan| (scan.last_seqno, scan.end));
    if last_seqno < durable_seqno
        && let Some((_, newest)) = segments.last()
    {
        let message = format!("the log ends with commit {last_seqno}; {durable_seqno} was in it");
        found.add(Code::LOG, newest, end, message);
    }
}
