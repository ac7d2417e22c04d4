//! Appending to the log: one writer, one buffer, one write and one sync for a whole group.

use super::replay::{Replayed, TornTail};
use super::segment_files::{SegmentFile, SegmentFiles, fill_with_zeros};
use super::spare::{SpareMaker, SpareSlot};
use crate::error::{Error, Result};
use crate::options::{Durability, ShardOptions};
use std::path::PathBuf;
use std::sync::Arc;
use sutra_env::{Env, File, WorkHandle, read_exact_at, write_all_at};
use sutra_format::commit::{COMMIT_PREFIX_BYTES, commit_prefix};
use sutra_format::wal_record::record_bytes;
use sutra_format::wal_segment::SEGMENT_HEADER_BYTES;
use sutra_format::{RecordHeader, RecordKind, SegmentHeader};

/// A segment up to so many times the smallest length is short enough to be read at any time.
const SMALL_TIMES_MAX: u64 = 4;
/// Bytes gathered before a write when nothing waits for it (durability `none`).
const UNSYNCED_BUFFER_BYTES: usize = 1 << 20;

/// Where the log ends and what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalPosition {
    /// Newest segment, 0 when there is none yet.
    pub segment_number: u32,
    /// End of the last record in it.
    pub offset: u64,
    /// Length of the newest segment's file.
    pub segment_bytes: u64,
    /// Last commit in the log.
    pub last_seqno: u64,
    /// Epoch of the last record.
    pub epoch: u64,
}

/// The writing end of the log.
pub struct Wal {
    env: Env,
    files: SegmentFiles,
    store_id: [u8; 16],
    durability: Durability,
    epoch: u64,
    current: Option<SegmentFile>,
    position: WalPosition,
    durable_seqno: u64,
    /// The log says that this process run began. It is said with the first commit, so that opening
    /// and closing again takes no room, however often it happens on a full disk.
    begun: bool,
    /// Records not written yet; they belong at `position.offset`.
    buffer: Vec<u8>,
    /// Written, but not synced yet.
    unsynced: bool,
    failed: bool,
    spare: Arc<SpareSlot>,
    spare_work: WorkHandle,
    #[cfg(feature = "planted-bugs")]
    planted_bug: Option<crate::PlantedBug>,
}

impl Wal {
    /// Continues the log where replay found its end. First the end is put in order: what a torn
    /// write left is overwritten with zeros, and what was read but not known to be on disk is
    /// written again and synced, since it is about to be shown to readers (after a failed sync the
    /// system may hold it in memory only). The record that begins this process run goes out with
    /// the first group; an empty log gets its first segment now.
    ///
    /// # Errors
    /// `Io`, `DiskFull`.
    pub fn resume(
        env: &Env,
        files: SegmentFiles,
        options: &ShardOptions,
        replayed: &Replayed,
    ) -> Result<Self> {
        files.remove_unfinished()?;
        let spare = Arc::new(SpareSlot::default());
        let maker = SpareMaker::new(files.clone(), Arc::clone(&spare));
        let position = replayed.position;
        let mut wal = Self {
            env: env.clone(),
            store_id: options.store_id,
            durability: options.durability,
            epoch: env.random.next_u64(),
            current: None,
            position,
            durable_seqno: position.last_seqno,
            begun: false,
            buffer: Vec::new(),
            unsynced: false,
            failed: false,
            spare,
            spare_work: env.work.start("sutra-log-spare", Box::new(maker)),
            files,
            #[cfg(feature = "planted-bugs")]
            planted_bug: options.planted_bug,
        };
        let resumed = wal.resume_segment(replayed);
        if resumed.is_err() {
            wal.stop_spare();
        }
        resumed.map(|()| wal)
    }

    fn resume_segment(&mut self, replayed: &Replayed) -> Result<()> {
        let number = self.position.segment_number;
        if number == 0 {
            return self.begin_next(0);
        }
        // The process before may have ended after naming the newest segment, and before that name
        // was on disk.
        let synced = self.sync_folder();
        synced.map_err(|error| Error::io(self.files.dir(), "sync", &error))?;
        if let Some(torn) = &replayed.torn {
            erase(&self.files.open_for_writing(&torn.file)?, torn)?;
        }
        if let Some(offset) = replayed.seal_unproven_at {
            let before = self.files.open_for_writing(&self.files.path(number - 1))?;
            self.seal(&before, number - 1, offset)?;
        }
        let current = self.files.open_for_writing(&self.files.path(number))?;
        rewrite(&current, replayed.unattested_at, self.position.offset)?;
        self.current = Some(current);
        Ok(())
    }

    /// Seqno of the last commit appended.
    #[must_use]
    pub fn last_seqno(&self) -> u64 {
        self.position.last_seqno
    }

    /// Whether a write or sync failed, after which nothing more is written.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Upper bound of what a commit of this many operation bytes takes in the log.
    #[must_use]
    pub fn commit_bytes(operation_bytes: usize) -> u64 {
        record_bytes(operation_bytes.saturating_add(COMMIT_PREFIX_BYTES)) as u64
    }

    /// Makes sure that `bytes` of records fit into the newest segment, beginning another if they
    /// do not. Call before appending a group.
    ///
    /// # Errors
    /// `DiskFull`: nothing was written, it can be tried again. `Io`: the log has failed.
    pub fn reserve(&mut self, bytes: u64) -> Result<()> {
        // Room is kept for the records that close the log, begin a run and seal the segment.
        let reserved = 3 * record_bytes(size_of::<u64>()) as u64;
        let end = self.position.offset + self.buffer.len() as u64;
        let needed = bytes.saturating_add(reserved);
        if self.current.is_some() && end.saturating_add(needed) <= self.position.segment_bytes {
            return Ok(());
        }
        self.rotate(needed)
    }

    /// Appends a commit to the group and gives its seqno. `operations` are a checked batch's bytes.
    pub fn append_commit(&mut self, committed_us: u64, operations: &[u8]) -> u64 {
        if !self.begun {
            self.begin();
        }
        if self.position.last_seqno == 0 {
            self.want_spare();
        }
        self.position.last_seqno += 1;
        let prefix = commit_prefix(committed_us);
        self.append(RecordKind::Commit, &[&prefix, operations]);
        self.position.last_seqno
    }

    /// Writes the group and, as the durability asks, syncs it.
    ///
    /// # Errors
    /// `Io`: whether the group survives is known only after reopening; the log has failed. `Closed`
    /// after that, also where nothing is to be written: success would publish a failed group.
    pub fn commit_group(&mut self) -> Result<()> {
        self.check_not_failed()?;
        match self.durability {
            Durability::None if self.buffer.len() < UNSYNCED_BUFFER_BYTES => Ok(()),
            Durability::None | Durability::Os => self.write_buffer(),
            Durability::Fsync => self.sync(),
        }
    }

    /// Writes and syncs everything appended, whatever the durability.
    ///
    /// # Errors
    /// As [`Wal::commit_group`].
    pub fn sync(&mut self) -> Result<()> {
        self.write_buffer()?;
        if !self.unsynced {
            return Ok(());
        }
        if let Some(current) = &self.current {
            let synced = self.sync_file(current);
            synced.map_err(|error| self.fail("sync", &error))?;
        }
        self.unsynced = false;
        self.durable_seqno = self.position.last_seqno;
        Ok(())
    }

    /// Ends the log in order: a record says that everything before it is on disk, so damage to the
    /// last commit cannot be taken for a torn tail. Stops the background task.
    ///
    /// # Errors
    /// As [`Wal::commit_group`].
    pub fn close(&mut self) -> Result<()> {
        self.stop_spare();
        self.check_not_failed()?;
        // Files that are no part of the log are in the way once nobody writes it. One that stays is
        // removed when the log is opened again.
        let _ = self.files.remove_unfinished();
        // A log without a commit has nothing to protect, and stays as a log that was just made: a
        // store whose making failed after this can be made again.
        if !self.begun || self.position.last_seqno == 0 {
            return Ok(());
        }
        self.sync()?;
        self.append(RecordKind::Close, &[]);
        self.sync()
    }

    /// Gives up what was appended to the group and writes nothing more: it cannot be published.
    pub fn poison(&mut self) {
        self.failed = true;
        self.buffer.clear();
    }

    /// Stops the background task without writing anything.
    pub fn stop_spare(&self) {
        self.spare.close();
        self.spare_work.wake();
        self.spare_work.join();
    }

    /// Begins a segment of the smallest length if the newest one is much longer, so that opening
    /// has little to read, when nothing in the log is needed any more.
    ///
    /// # Errors
    /// `Io`: the log has failed. `DiskFull`: nothing was written.
    pub fn begin_small(&mut self) -> Result<()> {
        let bytes = self.files.bytes_of(1);
        if self.position.segment_bytes <= SMALL_TIMES_MAX * bytes {
            return Ok(());
        }
        // Not the spare, which is as long as the next one would be.
        let (path, file) = self.files.create_zeroed(bytes)?;
        self.rotate_to(Prepared { path, file, bytes })
    }

    /// Gives up segments that hold only commits up to `floor_seqno`; the newest one always stays.
    /// The last one given up becomes the next spare, if its length fits.
    ///
    /// # Errors
    /// `Io`; a segment that stays behind is removed the next time.
    pub fn release_below(&mut self, floor_seqno: u64) -> Result<u32> {
        super::floor::release_below(&self.files, self.position.segment_number, floor_seqno)
    }

    /// Number of the newest segment.
    #[must_use]
    pub fn segment_number(&self) -> u32 {
        self.position.segment_number
    }

    /// Length of the newest segment's file.
    #[must_use]
    pub fn segment_bytes(&self) -> u64 {
        self.position.segment_bytes
    }

    /// Appends the record that begins this process run.
    fn begin(&mut self) {
        self.begun = true;
        let epoch_before = self.position.epoch.to_le_bytes();
        self.position.epoch = self.epoch;
        self.append(RecordKind::Open, &[&epoch_before]);
    }

    /// Ends a segment for good; the next one has its name already.
    fn seal(&self, segment: &SegmentFile, number: u32, offset: u64) -> Result<()> {
        let header = RecordHeader { segment_number: number, ..self.header(RecordKind::Seal) };
        let mut record = Vec::new();
        header.append(&[], &mut record);
        let sealed = write_all_at(segment.file.as_ref(), offset, &record)
            .and_then(|()| self.sync_file(segment));
        sealed.map_err(|error| Error::io(&segment.path, "seal", &error))
    }

    fn append(&mut self, kind: RecordKind, body: &[&[u8]]) {
        self.header(kind).append(body, &mut self.buffer);
    }

    fn header(&self, kind: RecordKind) -> RecordHeader {
        RecordHeader {
            seqno: self.position.last_seqno,
            durable_seqno: self.durable_seqno,
            epoch: self.epoch,
            segment_number: self.position.segment_number,
            kind,
        }
    }

    fn check_not_failed(&self) -> Result<()> {
        if self.failed {
            return Err(Error::Closed("an earlier write to the log failed".into()));
        }
        Ok(())
    }

    fn write_buffer(&mut self) -> Result<()> {
        self.check_not_failed()?;
        if self.buffer.is_empty() {
            return Ok(());
        }
        if let Some(current) = &self.current {
            let written = write_all_at(current.file.as_ref(), self.position.offset, &self.buffer);
            written.map_err(|error| self.fail("write", &error))?;
        }
        self.unsynced = true;
        self.position.offset += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    #[cfg_attr(
        not(feature = "planted-bugs"),
        expect(clippy::unused_self, reason = "the options choose in builds with planted bugs")
    )]
    fn sync_file(&self, current: &SegmentFile) -> std::io::Result<()> {
        #[cfg(feature = "planted-bugs")]
        if self.planted_bug == Some(crate::PlantedBug::AckBeforeSync) {
            return Ok(());
        }
        current.file.sync_data()
    }

    /// A failed write or sync is final, and never a full disk that could be tried again: part of
    /// the group may be in the file.
    fn fail(&mut self, action: &'static str, error: &std::io::Error) -> Error {
        self.failed = true;
        let path = self.current.as_ref().map(|current| current.path.clone()).unwrap_or_default();
        Error::Io { path, action, kind: error.kind(), message: error.to_string() }
    }

    fn rotate(&mut self, needed: u64) -> Result<()> {
        self.begin_next(needed)?;
        self.want_spare();
        Ok(())
    }

    /// Not before a store's first commit: its making must not compete with a file that need not be
    /// for the last room on a disk.
    fn want_spare(&self) {
        if self.spare.want(self.files.bytes_of(self.position.segment_number + 1)) {
            self.spare_work.wake();
        }
    }

    fn begin_next(&mut self, needed: u64) -> Result<()> {
        let bytes = self.files.bytes_of(self.position.segment_number + 1);
        let needed = needed.saturating_add(SEGMENT_HEADER_BYTES as u64);
        let bytes = if bytes >= needed { bytes } else { needed.next_multiple_of(4096) };
        self.check_not_failed()?;
        // Space first: a full disk must leave the segment before untouched and writable.
        let prepared = self.prepare_file(bytes);
        self.failed |= matches!(prepared, Err(Error::Io { .. }));
        self.rotate_to(prepared?)
    }

    /// Begins a segment in a file of zeros.
    fn rotate_to(&mut self, prepared: Prepared) -> Result<()> {
        self.check_not_failed()?;
        let number = self.position.segment_number + 1;
        self.sync()?;
        let (before, before_end) = (self.current.take(), self.position.offset);
        self.begin_segment(number, prepared)?;
        if let Some(before) = before {
            let sealed = self.seal(&before, number - 1, before_end);
            self.failed |= sealed.is_err();
            sealed?;
        }
        Ok(())
    }

    fn prepare_file(&self, bytes: u64) -> Result<Prepared> {
        if let Some(spare) = self.spare.take(bytes) {
            return Ok(Prepared {
                path: self.files.spare_path(),
                file: spare.file,
                bytes: spare.bytes,
            });
        }
        let (path, file) = self.files.create_zeroed(bytes)?;
        Ok(Prepared { path, file, bytes })
    }

    /// The header is synced before the name, the name before the first record.
    fn begin_segment(&mut self, number: u32, prepared: Prepared) -> Result<()> {
        let header = SegmentHeader {
            number,
            store_id: self.store_id,
            epoch: self.epoch,
            first_seqno: self.position.last_seqno + 1,
            file_bytes: prepared.bytes,
        };
        let path = self.files.path(number);
        let file = prepared.file;
        let begun = write_all_at(file.as_ref(), 0, &header.encode())
            .and_then(|()| file.sync_all())
            .and_then(|()| self.env.disk.rename(&prepared.path, &path))
            .and_then(|()| self.sync_folder());
        begun.map_err(|error| self.fail("begin a segment after", &error))?;
        self.current = Some(SegmentFile { file, path });
        self.begun = true;
        self.position = WalPosition {
            segment_number: number,
            offset: SEGMENT_HEADER_BYTES as u64,
            segment_bytes: prepared.bytes,
            last_seqno: self.position.last_seqno,
            epoch: self.epoch,
        };
        Ok(())
    }

    fn sync_folder(&self) -> std::io::Result<()> {
        #[cfg(feature = "planted-bugs")]
        if self.planted_bug == Some(crate::PlantedBug::SkipFolderSync) {
            return Ok(());
        }
        self.env.disk.sync_dir(self.files.dir())
    }
}

/// Overwrites what a torn write left, so that no later reader finds it.
fn erase(segment: &SegmentFile, torn: &TornTail) -> Result<()> {
    let erased = fill_with_zeros(segment.file.as_ref(), torn.offset, torn.offset + torn.bytes)
        .and_then(|()| segment.file.sync_data());
    erased.map_err(|error| Error::io(&segment.path, "erase the torn tail of", &error))
}

/// Writes the records from `start` to `end` again and syncs them.
fn rewrite(segment: &SegmentFile, start: u64, end: u64) -> Result<()> {
    if start >= end {
        return Ok(());
    }
    let mut records = vec![0; (end - start) as usize];
    let rewritten = read_exact_at(segment.file.as_ref(), start, &mut records)
        .and_then(|()| write_all_at(segment.file.as_ref(), start, &records))
        .and_then(|()| segment.file.sync_data());
    rewritten.map_err(|error| Error::io(&segment.path, "write again the end of", &error))
}

struct Prepared {
    path: PathBuf,
    file: Arc<dyn File>,
    bytes: u64,
}
