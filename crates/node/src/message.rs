//! Answers packed for JavaScript; `src/completions.ts` reads them.
//!
//! A frame starts at a multiple of 8 bytes: u32 token, u32 status (0 done, 1 failed), u32 payload
//! bytes, u32 count, payload. Numbers are in the machine's own order, as JavaScript's arrays have
//! them.

use crate::failure::Failure;
use sutra_format::ConceptId;
use sutra_shard::Committed;

const DONE: u32 = 0;
const FAILED: u32 = 1;
const ALIGNMENT: usize = 8;
const HEADER_BYTES: usize = 16;

/// Payload of one frame.
#[derive(Default)]
pub(crate) struct Payload {
    count: u32,
    bytes: Vec<u8>,
}

impl Payload {
    pub(crate) fn f64(&mut self, number: f64) {
        self.bytes.extend_from_slice(&number.to_ne_bytes());
    }

    pub(crate) fn u32(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_ne_bytes());
    }

    pub(crate) fn location(&mut self, location: u64) {
        self.f64(location_to_number(location));
    }

    pub(crate) fn id(&mut self, id: ConceptId) {
        self.bytes.extend_from_slice(&id.to_hex());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Counts one more item.
    pub(crate) fn counted(&mut self) {
        self.count += 1;
    }
}

/// A count, a sequence number or a time as JavaScript has numbers. Over 2^53 the last digits go; no
/// store counts that far.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(crate) fn js_number(number: u64) -> f64 {
    number as f64
}

/// A location as the number whose bits are the same. It is a number that is finite for every
/// location whose block is below 2^31, and JavaScript only stores it and hands it back.
pub(crate) fn location_to_number(location: u64) -> f64 {
    f64::from_bits(location)
}

/// Undoes [`location_to_number`].
pub(crate) fn number_to_location(number: f64) -> u64 {
    number.to_bits()
}

/// Appends the frame of a job that is done.
pub(crate) fn push_done(message: &mut Vec<u8>, token: u32, payload: &Payload) {
    push_frame(message, [token, DONE, payload.bytes.len() as u32, payload.count], |message| {
        message.extend_from_slice(&payload.bytes);
    });
}

/// Token of the frame that says that the layers of the store have changed: no call has it.
const CHANGED: u32 = u32::MAX;

/// A message that says that the layers of the store have changed.
pub(crate) fn changed() -> Vec<u8> {
    let mut message = Vec::new();
    push_frame(&mut message, [CHANGED, DONE, 0, 0], |_| {});
    message
}

/// Appends the frame of something that failed.
pub(crate) fn push_failed(message: &mut Vec<u8>, token: u32, failure: &Failure) {
    let description = failure.describe();
    push_frame(message, [token, FAILED, description.len() as u32, 0], |message| {
        message.extend_from_slice(&description);
    });
}

/// Appends the frame of an acknowledged commit: f64 seqno, then for each operation its id as hex,
/// u32 changed and u32 0.
pub(crate) fn push_committed(message: &mut Vec<u8>, token: u32, committed: &Committed) {
    const OUTCOME_BYTES: usize = 40;
    let count = committed.outcomes.len();
    let bytes = size_of::<f64>() + count * OUTCOME_BYTES;
    push_frame(message, [token, DONE, bytes as u32, count as u32], |message| {
        message.extend_from_slice(&js_number(committed.seqno).to_ne_bytes());
        for outcome in &committed.outcomes {
            message.extend_from_slice(&outcome.id.to_hex());
            message.extend_from_slice(&u64::from(outcome.changed).to_le_bytes());
        }
    });
}

fn push_frame(message: &mut Vec<u8>, header: [u32; 4], push_payload: impl FnOnce(&mut Vec<u8>)) {
    message.reserve(HEADER_BYTES + header.get(2).map_or(0, |bytes| *bytes as usize) + ALIGNMENT);
    for word in header {
        message.extend_from_slice(&word.to_ne_bytes());
    }
    push_payload(message);
    message.resize(message.len().next_multiple_of(ALIGNMENT), 0);
}
