//! Telling an unfinished write at the end of the log from damage.
//!
//! A record says up to which commit everything was on disk when it was written. So if the record
//! that should come next is unreadable, and any later record says that it was on disk, it was
//! acknowledged and got lost: damage. If none does, it belongs to the last write, whose sync never
//! returned.

use super::log::WalPosition;
use sutra_format::RecordHeader;
use sutra_format::wal_record::{RECORD_ALIGNMENT, RECORD_HEADER_BYTES, Record};

/// What stands behind the last good record of a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing.
    Zero,
    /// The rest of a write that was never acknowledged.
    Unfinished {
        /// Bytes up to the last one that is not zero.
        bytes: u64,
    },
    /// A later record which says that the missing one had been acknowledged.
    Acknowledged {
        /// Where it is.
        offset: u64,
    },
}

/// Looks at everything from the position to the end of the segment.
pub(super) fn examine(segment: &[u8], position: &WalPosition) -> Tail {
    let start = position.offset as usize;
    let rest = segment.get(start..).unwrap_or_default();
    let Some(last) = rest.iter().rposition(|byte| *byte != 0) else {
        return Tail::Zero;
    };
    let mut at = 0;
    while at <= last && at + RECORD_HEADER_BYTES <= rest.len() {
        let bytes = rest.get(at..).unwrap_or_default();
        if attests(bytes, position) {
            return Tail::Acknowledged { offset: (start + at) as u64 };
        }
        at += RECORD_ALIGNMENT;
    }
    Tail::Unfinished { bytes: last as u64 + 1 }
}

/// Whether a record of this segment stands here which was written after the missing commit was on
/// disk. The cheap comparison comes before the checksum.
fn attests(bytes: &[u8], position: &WalPosition) -> bool {
    let header = RecordHeader::peek(bytes);
    header.is_some_and(|header| {
        header.segment_number == position.segment_number
            && header.durable_seqno > position.last_seqno
            && header.durable_seqno <= header.seqno
            && Record::decode(bytes).is_ok()
    })
}
