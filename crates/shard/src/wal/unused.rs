//! The log of a store whose making was interrupted.

use super::segment_files::SegmentFiles;
use crate::error::{Error, Result};
use sutra_env::{OpenMode, read_to_end};
use sutra_format::wal_segment::SEGMENT_HEADER_BYTES;

/// Removes the one segment that a store may have had before its making was interrupted.
///
/// # Errors
/// `Corrupt` when the log holds anything: it belongs to a store that lost another file. `Io`.
pub fn discard_unused(files: &SegmentFiles) -> Result<()> {
    let entry = files.disk().entry(files.dir());
    if entry.map_err(|error| Error::io(files.dir(), "look at", &error))?.is_none() {
        return Ok(());
    }
    let numbers = files.numbers()?;
    for number in &numbers {
        let path = files.path(*number);
        let file = files.disk().open(&path, OpenMode::Read);
        let bytes = file.and_then(|file| read_to_end(file.as_ref()));
        let bytes = bytes.map_err(|error| Error::io(&path, "read", &error))?;
        let records = bytes.get(SEGMENT_HEADER_BYTES..).unwrap_or_default();
        if numbers.len() > 1 || records.iter().any(|byte| *byte != 0) {
            let message = "the log of a store whose file STORE is missing";
            return Err(Error::corrupt(&path, 0, message));
        }
        let removed = files.disk().remove_file(&path);
        removed.map_err(|error| Error::io(&path, "remove", &error))?;
    }
    Ok(())
}
