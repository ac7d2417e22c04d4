//! Whether a store is at rest: nothing was committed for a while, so that merging more than has to
//! be merged disturbs nobody.

/// A store is at rest when nothing was committed for so long.
const REST_US: u64 = 500_000;
/// One that was opened a moment ago, and not written to, may be closed as soon, and a merge thrown
/// away.
const AFTER_OPENING_US: u64 = 60_000_000;
/// A disk that had no room for such a merge is not filled again for so long.
const WITHOUT_ROOM_US: u64 = 3_600_000_000;

/// What was seen of the commits.
pub(crate) struct Rest {
    seqno: u64,
    /// Nothing was committed since then.
    since_us: u64,
    opened_until_us: u64,
    no_room_until_us: u64,
}

impl Rest {
    /// Of a store that is opened now, after a commit.
    pub(crate) fn new(seqno: u64, now_us: u64) -> Self {
        let opened_until_us = now_us.saturating_add(AFTER_OPENING_US);
        Self { seqno, since_us: now_us, opened_until_us, no_room_until_us: 0 }
    }

    /// Takes note of the last commit.
    pub(super) fn look(&mut self, seqno: u64, now_us: u64) {
        if self.seqno != seqno {
            (self.seqno, self.since_us, self.opened_until_us) = (seqno, now_us, 0);
        }
    }

    /// Microseconds until the store is at rest, if nothing is committed; nothing if it is.
    pub(super) fn wait_us(&self, now_us: u64) -> Option<u64> {
        let rests_at_us = self.since_us.saturating_add(REST_US);
        let at_us = rests_at_us.max(self.opened_until_us).max(self.no_room_until_us);
        Some(at_us.saturating_sub(now_us)).filter(|wait_us| *wait_us > 0)
    }

    /// There was no room on the disk.
    pub(super) fn found_no_room(&mut self, now_us: u64) {
        self.no_room_until_us = now_us.saturating_add(WITHOUT_ROOM_US);
    }
}

#[cfg(test)]
mod tests {
    use super::{AFTER_OPENING_US, REST_US, Rest, WITHOUT_ROOM_US};

    #[test]
    fn a_store_is_at_rest_when_nothing_was_committed_for_a_while() {
        let mut rest = Rest::new(5, 100);
        rest.look(5, 100);
        assert_eq!(rest.wait_us(100), Some(AFTER_OPENING_US));
        let now_us = 100 + AFTER_OPENING_US;
        assert_eq!(rest.wait_us(now_us), None);
        rest.look(6, now_us);
        assert_eq!(rest.wait_us(now_us), Some(REST_US));
        rest.look(6, now_us + REST_US - 1);
        assert_eq!(rest.wait_us(now_us + REST_US - 1), Some(1));
        assert_eq!(rest.wait_us(now_us + REST_US), None);
        rest.found_no_room(now_us + REST_US);
        assert_eq!(rest.wait_us(now_us + REST_US), Some(WITHOUT_ROOM_US));
    }
}
