//! Giving up segments whose commits are kept elsewhere. The last one given up is used again.

use super::segment_files::SegmentFiles;
use crate::error::{Error, Result};
use sutra_env::{OpenMode, read_exact_at};
use sutra_format::SegmentHeader;
use sutra_format::wal_segment::SEGMENT_HEADER_BYTES;

/// Takes their names, from the oldest on, from all segments before `newest` that hold no commit
/// above `floor_seqno`. Gives how many went.
///
/// Oldest first and the folder synced after each: whatever a crash leaves is a log without a gap,
/// and a file is not filled with zeros before its name is gone for good.
///
/// # Errors
/// `Io`, `Corrupt`.
pub(super) fn release_below(files: &SegmentFiles, newest: u32, floor_seqno: u64) -> Result<u32> {
    let mut removed = 0;
    for number in files.numbers()? {
        if number >= newest || first_seqno(files, number + 1)? > floor_seqno.saturating_add(1) {
            break;
        }
        let path = files.path(number);
        let gone = files.disk().rename(&path, &files.recycled_path());
        gone.map_err(|error| Error::io(&path, "give up", &error))?;
        let synced = files.disk().sync_dir(files.dir());
        synced.map_err(|error| Error::io(files.dir(), "sync", &error))?;
        removed += 1;
    }
    Ok(removed)
}

fn first_seqno(files: &SegmentFiles, number: u32) -> Result<u64> {
    let path = files.path(number);
    let file = files.disk().open(&path, OpenMode::Read);
    let file = file.map_err(|error| Error::io(&path, "open", &error))?;
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    let read = read_exact_at(file.as_ref(), 0, &mut bytes);
    read.map_err(|error| Error::io(&path, "read", &error))?;
    let header = SegmentHeader::decode(&bytes);
    Ok(header.map_err(|error| Error::undecodable(&path, 0, &error))?.first_seqno)
}
