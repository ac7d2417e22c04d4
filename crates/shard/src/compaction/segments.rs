//! One merge of segments, from reading them to naming the file that takes their place.

use super::claims::Claim;
use super::merge::{IsStopped, Merge, OlderSegments};
use crate::error::Result;
use crate::layer_files::{NewFiles, OldVectors};
use crate::segment::write_segment;
use crate::storage::Storage;
use crate::sync::Ordering;
use sutra_format::segment::commits;

/// Merges what is claimed. Gives the commit up to which versions that were replaced are given up.
///
/// # Errors
/// `Io`, `DiskFull`, `Corrupt`; `Aborted` when it was to stop.
pub(super) fn merge_segments(
    storage: &Storage,
    claim: &Claim<'_>,
    is_stopped: IsStopped<'_>,
) -> Result<u64> {
    let inputs = &claim.inputs;
    let (Some(first), Some(last)) = (inputs.first(), inputs.last()) else { return Ok(0) };
    let seqnos = (first.seqnos().0, last.seqnos().1);
    let retain_from = storage.retained_from(seqnos.1);
    let older = OlderSegments::new(storage, claim.has_older);
    let merge = Merge::new(inputs, older, retain_from, is_stopped)?;
    let mut names = Vec::new();
    let mut times = Vec::new();
    for input in inputs {
        names.extend_from_slice(input.names()?);
        times.extend(commits::entries(input.commits()?).filter(|(s, _)| *s >= retain_from));
    }
    let mut files = NewFiles::default();
    let written = write_segment(storage, &merge, seqnos, &names, &times);
    files.segment = Some(written?);
    let synced = storage.sync_names();
    if synced.is_err() {
        files.discard(&storage.dir);
        synced?;
    }
    let bytes = files.bytes();
    storage.install_compacted(inputs, &OldVectors::NONE, files, retain_from)?;
    storage.figures.compaction_bytes.fetch_add(bytes, Ordering::Relaxed);
    Ok(retain_from)
}
