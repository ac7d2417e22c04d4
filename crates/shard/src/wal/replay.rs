//! Reading the log from its oldest segment to its end. Changes nothing on disk.

use super::log::WalPosition;
use super::segment_files::SegmentFiles;
use super::tail::{self, Tail};
use crate::error::{Error, Result};
use crate::options::ShardOptions;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use sutra_env::{OpenMode, read_to_end};
use sutra_format::wal_record::Record;
use sutra_format::wal_segment::SEGMENT_HEADER_BYTES;
use sutra_format::{Commit, DecodeError, RecordKind, SegmentHeader};

/// Takes one commit in; refuses it if it cannot follow the ones before.
type Apply<'a> = dyn FnMut(u64, &Commit<'_>) -> Result<()> + 'a;

/// What replay found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Where the log ends.
    pub position: WalPosition,
    /// What was left behind the last good record by a write that never finished.
    pub torn: Option<TornTail>,
    /// In the newest segment: start of the records that no later record says were on disk.
    pub(super) unattested_at: u64,
    /// Where the segment before the newest one is or should be sealed, if no record in the newest
    /// one proves that the seal is on disk: the process ended between beginning a segment and
    /// using it.
    pub(super) seal_unproven_at: Option<u64>,
    /// Commits read.
    pub commits: u64,
    /// Bytes of records read.
    pub bytes: u64,
}

/// An unfinished write at the end of the newest segment. None of it was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The newest segment.
    pub file: PathBuf,
    /// First byte of it.
    pub offset: u64,
    /// Bytes up to the last one that is not zero.
    pub bytes: u64,
}

/// Reads every commit above `floor_seqno` in order and hands it to `apply` with its seqno. Commits
/// up to the floor are kept elsewhere; the log may begin after them.
///
/// # Errors
/// `Corrupt` with file and offset for anything but an unfinished write at the very end; `Io`; what
/// `apply` gives.
pub fn replay(
    files: &SegmentFiles,
    options: &ShardOptions,
    floor_seqno: u64,
    apply: &mut Apply<'_>,
) -> Result<Replayed> {
    let mut walk = Walk::new(options, floor_seqno);
    let numbers = files.numbers()?;
    let newest = numbers.last().copied().unwrap_or_default();
    for number in &numbers {
        let path = files.path(*number);
        let bytes = read_segment(files, &path)?;
        let mut segment = Segment { path: &path, bytes: &bytes, walk: &mut walk };
        segment.enter(*number)?;
        segment.records(apply)?;
        segment.leave()?;
        if *number < newest {
            walk.end_before = Some(walk.seal_at.unwrap_or(walk.position.offset));
        }
        if *number < newest && !walk.sealed {
            // Only the newest segment may follow one without a seal.
            walk.check_segment_before()?;
            walk.unsealed_before = Some((path, walk.position.offset));
        }
    }
    walk.finish(files)
}

fn read_segment(files: &SegmentFiles, path: &Path) -> Result<Vec<u8>> {
    let file = files.disk().open(path, OpenMode::Read);
    let file = file.map_err(|error| Error::io(path, "open", &error))?;
    read_to_end(file.as_ref()).map_err(|error| Error::io(path, "read", &error))
}

/// What is carried from segment to segment.
struct Walk<'a> {
    options: &'a ShardOptions,
    floor_seqno: u64,
    position: WalPosition,
    /// Seqno and place of records that no record so far says were on disk.
    unattested: VecDeque<(u64, u64)>,
    sealed: bool,
    /// Where the seal of the present segment is.
    seal_at: Option<u64>,
    /// Where the segment before the present one is or should be sealed.
    end_before: Option<u64>,
    /// The segment before the present one, if it lacks its seal, and where it ends.
    unsealed_before: Option<(PathBuf, u64)>,
    torn: Option<TornTail>,
    commits: u64,
    bytes: u64,
}

impl<'a> Walk<'a> {
    fn new(options: &'a ShardOptions, floor_seqno: u64) -> Self {
        let position = WalPosition {
            segment_number: 0,
            offset: 0,
            segment_bytes: 0,
            last_seqno: floor_seqno,
            epoch: 0,
        };
        Self {
            options,
            floor_seqno,
            position,
            unattested: VecDeque::new(),
            sealed: false,
            seal_at: None,
            end_before: None,
            unsealed_before: None,
            torn: None,
            commits: 0,
            bytes: 0,
        }
    }

    /// Nothing is written to a segment, and none is begun after it, before the one before it is
    /// sealed.
    fn check_segment_before(&mut self) -> Result<()> {
        match self.unsealed_before.take() {
            None => Ok(()),
            Some((path, offset)) => {
                Err(Error::corrupt(&path, offset, "no record, and a segment with records follows"))
            }
        }
    }

    fn finish(self, files: &SegmentFiles) -> Result<Replayed> {
        if self.sealed {
            let missing = files.path(self.position.segment_number + 1);
            return Err(Error::corrupt(&missing, 0, "the newest segment of the log is missing"));
        }
        let end = self.position.offset;
        Ok(Replayed {
            position: self.position,
            torn: self.torn,
            unattested_at: self.unattested.front().map_or(end, |(_, offset)| *offset),
            seal_unproven_at: self.end_before.filter(|_| end == SEGMENT_HEADER_BYTES as u64),
            commits: self.commits,
            bytes: self.bytes,
        })
    }
}

struct Segment<'w, 'a> {
    path: &'w Path,
    bytes: &'w [u8],
    walk: &'w mut Walk<'a>,
}

impl<'w> Segment<'w, '_> {
    fn enter(&mut self, number: u32) -> Result<()> {
        let header = SegmentHeader::decode(self.bytes)
            .map_err(|error| Error::undecodable(self.path, 0, &error))?;
        let length = self.bytes.len() as u64;
        let position = &mut self.walk.position;
        let is_first = position.segment_number == 0;
        let last = position.last_seqno;
        let problem = if header.number != number {
            Some(format!("the segment says it is number {}", header.number))
        } else if header.store_id != self.walk.options.store_id {
            Some("the segment belongs to another store".into())
        } else if header.file_bytes != length {
            Some(format!("the file has {length} bytes instead of {}", header.file_bytes))
        } else if is_first && !(1..=last + 1).contains(&header.first_seqno) {
            Some(format!("the log begins with commit {}; older ones are gone", header.first_seqno))
        } else if !is_first && header.first_seqno != last + 1 {
            Some(format!("it begins with commit {}, but {last} came before", header.first_seqno))
        } else {
            None
        };
        if let Some(problem) = problem {
            return Err(Error::corrupt(self.path, 0, problem));
        }
        *position = WalPosition {
            segment_number: number,
            offset: SEGMENT_HEADER_BYTES as u64,
            segment_bytes: length,
            last_seqno: header.first_seqno - 1,
            epoch: header.epoch,
        };
        self.walk.sealed = false;
        self.walk.seal_at = None;
        self.walk.unattested.clear();
        Ok(())
    }

    fn records(&mut self, apply: &mut Apply<'_>) -> Result<()> {
        while !self.walk.sealed
            && let Some(record) = self.next_record()
        {
            self.walk.check_segment_before()?;
            let offset = self.walk.position.offset;
            let seqno = record.header.seqno;
            let is_commit = record.header.kind == RecordKind::Commit;
            if is_commit && seqno > self.walk.floor_seqno {
                let commit = Commit::decode(record.body)
                    .map_err(|error| Error::undecodable(self.path, offset, &error))?;
                apply(seqno, &commit).map_err(|error| self.not_applied(seqno, error))?;
                self.walk.commits += 1;
            }
            // A record that is no commit is on disk for sure once a commit behind it is.
            self.walk.unattested.push_back((seqno + u64::from(!is_commit), offset));
            let durable = record.header.durable_seqno;
            while self.walk.unattested.front().is_some_and(|(seqno, _)| *seqno <= durable) {
                self.walk.unattested.pop_front();
            }
            self.walk.sealed = record.header.kind == RecordKind::Seal;
            self.walk.seal_at = Some(offset).filter(|_| self.walk.sealed);
            self.walk.position.last_seqno = seqno;
            self.walk.position.epoch = record.header.epoch;
            self.walk.position.offset += record.bytes as u64;
            self.walk.bytes += record.bytes as u64;
        }
        Ok(())
    }

    /// A commit that was checked when it was written is refused only if something is damaged: this
    /// record, or what was read before, which then says so itself.
    fn not_applied(&self, seqno: u64, error: Error) -> Error {
        match error {
            Error::Corrupt { .. } | Error::Io { .. } => error,
            error => {
                let message = format!("commit {seqno} cannot follow the ones before it: {error}");
                Error::corrupt(self.path, self.walk.position.offset, message)
            }
        }
    }

    /// The record at the position, if it is the one that must follow.
    fn next_record(&self) -> Option<Record<'w>> {
        let position = &self.walk.position;
        let bytes = self.bytes.get(position.offset as usize..)?;
        let record = self.decode(bytes).ok()?;
        let header = record.header;
        let seqno = position.last_seqno + u64::from(header.kind == RecordKind::Commit);
        let epoch_goes_on = match header.kind {
            RecordKind::Open => record.body == position.epoch.to_le_bytes(),
            RecordKind::Commit => header.epoch == position.epoch,
            // Sealed by the next run when the one that wrote the segment ended too early.
            RecordKind::Seal => record.body.is_empty(),
            RecordKind::Close => record.body.is_empty() && header.epoch == position.epoch,
        };
        let follows = header.segment_number == position.segment_number
            && header.seqno == seqno
            && header.durable_seqno <= header.seqno
            && epoch_goes_on;
        follows.then_some(record)
    }

    #[cfg(not(feature = "planted-bugs"))]
    #[expect(clippy::unused_self, reason = "the options choose in builds with planted bugs")]
    fn decode<'b>(&self, bytes: &'b [u8]) -> Result<Record<'b>, DecodeError> {
        Record::decode(bytes)
    }

    #[cfg(feature = "planted-bugs")]
    fn decode<'b>(&self, bytes: &'b [u8]) -> Result<Record<'b>, DecodeError> {
        use crate::PlantedBug::{SkipChecksum, TornTailAsData};
        match self.walk.options.planted_bug {
            Some(SkipChecksum | TornTailAsData) => Record::decode_unchecked(bytes),
            _ => Record::decode(bytes),
        }
    }

    /// Everything behind the last record is zero, unless a write was torn. A record there that was
    /// acknowledged is damage.
    fn leave(&mut self) -> Result<()> {
        let position = self.walk.position;
        let tail = tail::examine(self.bytes, &position);
        match tail {
            Tail::Zero => {}
            // A seal ends the segment. What stands behind it was never acknowledged: the rest of a
            // torn write, if the disk failed to keep the zeros that were to erase it.
            Tail::Unfinished { .. } if self.walk.sealed => {}
            Tail::Unfinished { bytes } => {
                let file = self.path.into();
                self.walk.torn = Some(TornTail { file, offset: position.offset, bytes });
            }
            Tail::Acknowledged { offset } => {
                let missing = position.last_seqno + 1;
                let message = format!(
                    "commit {missing} was acknowledged and is damaged: the record at {offset} \
                     says it was on disk"
                );
                return Err(Error::corrupt(self.path, position.offset, message));
            }
        }
        Ok(())
    }
}
