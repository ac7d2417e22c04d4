//! Opening the parts that are in files, and comparing them with the layers.

use super::files::TextDir;
use super::part::Part;
use super::parts::Parts;
use crate::error::{Error, Result};
use crate::state::State;
use std::cmp::Reverse;
use std::sync::Arc;
use sutra_format::text_file::End;
use sutra_index::Analyzer;

/// What was found.
pub(crate) struct Loaded {
    pub(crate) parts: Parts,
    /// Versions that ended, of which neither the parts nor the layers say when.
    pub(super) unsaid: Vec<End>,
    /// Number of the next file.
    pub(crate) next_number: u32,
    /// Files that are of no use: damaged, out of date, or read otherwise.
    pub(crate) useless: Vec<u32>,
}

/// What the parts are made of.
pub(crate) struct Layers<'a> {
    pub(crate) state: &'a State,
    /// Last commit that is in segments.
    pub(crate) floor_seqno: u64,
    pub(crate) is_stopped: &'a dyn Fn() -> bool,
}

/// Opens the parts that follow each other from the first commit on, none of them behind the last
/// commit that is in segments: what a crash took back would be in it.
///
/// # Errors
/// `Io`, `Corrupt`, `Aborted`.
pub(crate) fn load(dir: &TextDir, analyzer: &Arc<Analyzer>, layers: &Layers<'_>) -> Result<Loaded> {
    let Layers { state, floor_seqno, is_stopped } = *layers;
    let numbers = dir.list()?;
    let mut useless = Vec::new();
    let mut found: Vec<(u32, Part)> = Vec::new();
    for number in &numbers {
        match dir.open(*number) {
            Ok(part) if part.meta().analyzer == analyzer.number() => found.push((*number, part)),
            Err(error @ Error::Io { .. }) => return Err(error),
            Ok(_) | Err(_) => useless.push(*number),
        }
    }
    // Where a merge was interrupted, what it made is there beside what it read: the longer one is
    // as good, and comes first; of two that are as long the newer one, which may say more.
    found.sort_by_key(|(number, part)| {
        let meta = part.meta();
        (meta.after_seqno, Reverse(meta.last_seqno), Reverse(*number))
    });
    let mut parts = Parts::new(Arc::clone(analyzer));
    for (number, part) in found {
        let meta = *part.meta();
        let follows = meta.after_seqno == parts.covered_seqno && meta.last_seqno <= floor_seqno;
        match follows.then(|| parts.with(part)) {
            Some(Ok(longer)) => parts = longer,
            Some(Err(_)) | None => useless.push(number),
        }
    }
    let next_number = numbers.last().map_or(1, |last| last.saturating_add(1));
    let mut unsaid = Vec::new();
    if parts.covered_seqno < floor_seqno {
        // What was replaced after their last commit may be gone from the segments.
        unsaid = ended_unseen(&parts, state, parts.covered_seqno, is_stopped)?;
        parts.end(&unsaid)?;
    }
    Ok(Loaded { parts, unsaid, next_number, useless })
}

/// The documents that are not the version of their concept at a commit, though nothing in the
/// parts says that they ended.
///
/// # Errors
/// `Corrupt`, `Aborted`.
pub(super) fn ended_unseen(
    parts: &Parts,
    state: &State,
    seqno: u64,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Vec<End>> {
    let mut ends = Vec::new();
    for entry in &parts.entries {
        let docs = entry.part.docs()?;
        for document in 0..entry.part.documents() {
            if entry.ended.documents.contains(document) {
                continue;
            }
            if document.is_multiple_of(4096) && is_stopped() {
                return Err(Error::Aborted);
            }
            let (Some(id), Some(made_at), Some(ordinal)) =
                (docs.id(document), docs.seqno(document), docs.ordinal(document))
            else {
                continue;
            };
            let now = state.version(&id, seqno)?;
            let is_it =
                |now: &crate::ConceptRef<'_>| (now.seqno(), now.ordinal()) == (made_at, ordinal);
            if !now.as_ref().is_some_and(is_it) {
                // Its end is not kept any more: nobody reads as of a time before it.
                let ended_at = now.map_or(made_at, |now| now.seqno()).max(made_at + 1);
                ends.push(End { ended_at, seqno: made_at, ordinal });
            }
        }
    }
    Ok(ends)
}
