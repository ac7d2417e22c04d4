//! What was asked of the engine and what it answered, and so what a store may hold.
//!
//! Three answers per write: acknowledged (must be there), refused (must not be there), unknown
//! (whole or absent). Writes are decided in the order they were submitted, so after a crash the
//! store holds everything promised and then a prefix of the rest.

use std::collections::VecDeque;

use sutra_format::Metric;
use sutra_shard::{Committed, Durability, Error};

use crate::disk::Crash;
use crate::failure::Failure;
use crate::model::State;
use crate::operation::Operation;

const CHECKER: &str = "answers";

/// All writes of a history and what became of them.
pub struct Ledger {
    metric: Metric,
    durability: Durability,
    /// What no crash may take away, whatever the durability, and its number of commits.
    floor: State,
    floor_seqno: u64,
    /// Acknowledged since, in order.
    acknowledged: Vec<Vec<Operation>>,
    /// `floor` and `acknowledged` together.
    state: State,
    seqno: u64,
    /// What the store held after each commit, from none on.
    states: Vec<State>,
    in_flight: VecDeque<InFlight>,
    /// Answered with an error that leaves it open whether they are there.
    unknown: Vec<Vec<Operation>>,
    token_next: u64,
}

struct InFlight {
    token: u64,
    batch: Vec<Operation>,
}

/// A state the store may be in after a crash.
pub struct Candidate {
    /// What it then holds.
    pub state: State,
    /// Its number of commits.
    pub seqno: u64,
}

impl Ledger {
    /// Nothing was asked yet.
    #[must_use]
    pub fn new(metric: Metric, durability: Durability) -> Self {
        Self {
            metric,
            durability,
            floor: State::default(),
            floor_seqno: 0,
            acknowledged: Vec::new(),
            state: State::default(),
            seqno: 0,
            states: vec![State::default()],
            in_flight: VecDeque::new(),
            unknown: Vec::new(),
            token_next: 0,
        }
    }

    /// Notes a batch that is about to be submitted; answers come under the token given.
    pub fn submit(&mut self, batch: Vec<Operation>) -> u64 {
        self.token_next += 1;
        self.in_flight.push_back(InFlight { token: self.token_next, batch });
        self.token_next
    }

    /// Whether nothing waits for an answer.
    #[must_use]
    pub fn all_answered(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Whether a write or sync failed, so that the engine must refuse writes.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        !self.unknown.is_empty()
    }

    /// What is acknowledged.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Number of commits acknowledged.
    #[must_use]
    pub fn seqno(&self) -> u64 {
        self.seqno
    }

    /// What the store held after a commit that was acknowledged or recovered.
    #[must_use]
    pub fn state_at(&self, seqno: u64) -> Option<&State> {
        self.states.get(usize::try_from(seqno).ok()?)
    }

    /// Takes an answer. `trouble` says that the disk is full or was made to fail.
    ///
    /// # Errors
    /// When the answer is not one the engine may give.
    pub fn answer(
        &mut self,
        token: u64,
        answer: &Result<Committed, Error>,
        trouble: bool,
    ) -> Result<(), Failure> {
        let index = self.in_flight.iter().position(|write| write.token == token);
        let index = index.ok_or_else(|| {
            Failure::new(CHECKER, format!("write {token} was answered twice or never submitted"))
        })?;
        match answer {
            Ok(committed) => self.acknowledge(index, committed),
            Err(error) => self.refuse(index, error, trouble),
        }
    }

    fn acknowledge(&mut self, index: usize, committed: &Committed) -> Result<(), Failure> {
        if index != 0 || self.has_unknown() {
            return Err(Failure::new(CHECKER, "acknowledged before an earlier write was answered"));
        }
        let Some(InFlight { batch, .. }) = self.in_flight.pop_front() else { return Ok(()) };
        let after = self.state.after(&batch, self.metric).map_err(|refused| {
            Failure::new(CHECKER, format!("{batch:?} was acknowledged, but {}", refused.0))
        })?;
        let outcomes: Vec<bool> = committed.outcomes.iter().map(|o| o.changed).collect();
        let expected = (self.seqno + u64::from(after.is_commit), after.changed);
        let answered = (committed.seqno, outcomes);
        if answered != expected {
            let message = format!("{batch:?} was answered {answered:?}; expected {expected:?}");
            return Err(Failure::new(CHECKER, message));
        }
        self.seqno = committed.seqno;
        self.state = after.state;
        if after.is_commit {
            self.acknowledged.push(batch);
            self.states.push(self.state.clone());
        }
        Ok(())
    }

    fn refuse(&mut self, index: usize, error: &Error, trouble: bool) -> Result<(), Failure> {
        let expected = match error {
            Error::Refused(_) | Error::NotFound { .. } => self.must_refuse(index),
            // Busy: memory is at its bound as long as it cannot be written to segments.
            Error::Io { .. } | Error::DiskFull { .. } | Error::Busy(_) => trouble,
            Error::Closed(_) => trouble || self.has_unknown(),
            _ => false,
        };
        let Some(write) = self.in_flight.remove(index) else { return Ok(()) };
        if !expected {
            let message = format!("{:?} was answered: {error}", write.batch);
            return Err(Failure::new(CHECKER, message));
        }
        if !error.nothing_was_written() {
            self.unknown.push(write.batch);
        }
        Ok(())
    }

    /// Whether the model refuses the batch after all those before it.
    fn must_refuse(&self, index: usize) -> bool {
        let mut state = self.state.clone();
        for write in self.in_flight.iter().take(index) {
            if let Some(next) = state.after_commit(&write.batch, self.metric) {
                state = next;
            }
        }
        state.after(&self.in_flight[index].batch, self.metric).is_err() || self.has_unknown()
    }

    /// What a view with this seqno must show: what is acknowledged, and as many of those in flight
    /// as the seqno is ahead.
    ///
    /// # Errors
    /// When the view lacks something acknowledged, or is ahead of what was submitted.
    pub fn visible_at(&self, seqno: u64) -> Result<State, Failure> {
        let mut state = self.state.clone();
        let mut at = self.seqno;
        let mut waiting = self.in_flight.iter();
        while at < seqno {
            let Some(write) = waiting.next() else { break };
            if let Some(next) = state.after_commit(&write.batch, self.metric) {
                state = next;
                at += 1;
            }
        }
        if at == seqno {
            return Ok(state);
        }
        let message = format!("a view is at {seqno}; acknowledged is {}", self.seqno);
        Err(Failure::new(CHECKER, message))
    }

    /// All states the store may be in once this process is over, the least first.
    #[must_use]
    pub fn candidates(&self, crash: Option<Crash>) -> Vec<Candidate> {
        let promised = match (self.durability, crash) {
            (Durability::Fsync, _) | (_, None) | (Durability::Os, Some(Crash::Kill)) => true,
            (Durability::Os | Durability::None, Some(_)) => false,
        };
        let (base, seqno, rest) = if promised {
            (&self.state, self.seqno, &[][..])
        } else {
            (&self.floor, self.floor_seqno, &self.acknowledged[..])
        };
        let waiting = self.in_flight.iter().map(|write| &write.batch);
        let mut candidates = vec![Candidate { state: base.clone(), seqno }];
        for batch in rest.iter().chain(&self.unknown).chain(waiting) {
            let last = &candidates[candidates.len() - 1];
            if let Some(state) = last.state.after_commit(batch, self.metric) {
                let seqno = last.seqno + 1;
                candidates.push(Candidate { state, seqno });
            }
        }
        candidates
    }

    /// The store was opened again and holds the one with this index of the candidates. What a power
    /// loss left, or was synced since, can not be lost later; what only the operating system has
    /// can.
    ///
    /// # Panics
    /// When there is none with this index.
    pub fn settle(&mut self, candidates: Vec<Candidate>, index: usize, crash: Option<Crash>) {
        for Candidate { state, seqno } in candidates.into_iter().take(index + 1) {
            self.states.truncate(seqno as usize);
            self.states.push(state);
            self.seqno = seqno;
        }
        self.state = self.states.last().expect("a state after the last commit").clone();
        let kept_by_system = self.durability != Durability::Fsync && crash == Some(Crash::Kill);
        let mut all = std::mem::take(&mut self.acknowledged);
        all.append(&mut self.unknown);
        all.extend(self.in_flight.drain(..).map(|write| write.batch));
        if kept_by_system {
            self.acknowledged = self.first_commits(all);
        } else {
            self.make_floor();
        }
    }

    /// Everything acknowledged is on disk: flushed, or closed in order.
    pub fn make_floor(&mut self) {
        self.acknowledged.clear();
        self.floor = self.state.clone();
        self.floor_seqno = self.seqno;
    }

    /// The batches between the floor and the present seqno.
    fn first_commits(&self, all: Vec<Vec<Operation>>) -> Vec<Vec<Operation>> {
        let mut state = self.floor.clone();
        let mut kept = Vec::new();
        for batch in all {
            if self.floor_seqno + kept.len() as u64 == self.seqno {
                break;
            }
            if let Some(next) = state.after_commit(&batch, self.metric) {
                state = next;
                kept.push(batch);
            }
        }
        kept
    }
}
