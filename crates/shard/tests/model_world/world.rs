//! One shard and one model through a run of operations.

use super::compare::compare;
use super::machine::{Dice, Machine};
use super::operation::{Fields, Generator, Identify, Operation, encoded};
use super::reference::{Reference, Refused};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use sutra_format::{ConceptId, Metric};
use sutra_shard::{Ack, AckSink, Committed, Durability, Error, Result, Shard, ShardOptions, View};

/// States of the model that are kept to compare history with.
const PAST_MAX: usize = 100;
/// More than four times what the policy of merges takes for tiny.
const LARGE_BYTES: usize = 1_200_000;
const KEPT_VIEWS_MAX: usize = 5;

#[derive(Default)]
pub struct Answers(pub Mutex<Vec<(u64, Result<Committed>)>>);

impl AckSink for Answers {
    fn complete(&self, token: u64, result: Result<Committed>) {
        self.0.lock().push((token, result));
    }

    fn group_end(&self) {}
}

/// What a run met, so that a test sees that it met anything.
#[derive(Debug, Default)]
pub struct Met {
    pub operations: usize,
    pub commits: u64,
    pub refused: usize,
    pub compared: usize,
    pub reopened: usize,
    pub flushes: u64,
    pub compactions: u64,
    pub past_views: usize,
}

impl Met {
    pub fn add(&mut self, other: &Self) {
        self.operations += other.operations;
        self.commits += other.commits;
        self.refused += other.refused;
        self.compared += other.compared;
        self.reopened += other.reopened;
        self.flushes += other.flushes;
        self.compactions += other.compactions;
        self.past_views += other.past_views;
    }
}

pub struct World {
    seed: u64,
    dice: Dice,
    machine: Machine,
    options: ShardOptions,
    shard: Arc<Shard>,
    generator: Generator,
    model: Reference,
    /// Newest last.
    past: VecDeque<Reference>,
    kept: Vec<(View, Reference)>,
    answers: Arc<Answers>,
    /// Commits from here on have been made with history kept.
    history_from: u64,
    pub met: Met,
}

fn path() -> &'static Path {
    Path::new("/shard")
}

fn options(dice: &mut Dice) -> ShardOptions {
    let (vector_dimension, metric) =
        dice.pick(&[(4, Metric::Cosine), (4, Metric::Cosine), (16, Metric::L2), (5, Metric::Dot)]);
    ShardOptions {
        vector_dimension,
        metric,
        durability: dice.pick(&[Durability::None, Durability::Os, Durability::Fsync]),
        memory_threshold: dice.pick(&[1, 5, 20, 40, 60, 100, 100, 200, 200, 200]),
        delta_bytes_max: dice.pick(&[1, 50_000, 200_000, 200_000, 1 << 30, 1 << 30, 1 << 30]),
        delta_age_us_max: dice.pick(&[None, None, Some(50_000)]),
        history_keep_us: dice.pick(&[
            None,
            None,
            None,
            Some(0),
            Some(30_000),
            Some(60_000),
            Some(1 << 40),
        ]),
        log_segment_bytes_min: 8 << 10,
        log_segment_bytes_max: 64 << 10,
        ..ShardOptions::default()
    }
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let options = options(&mut dice);
        let machine = Machine::new(dice.pick(&[0, 0, 4, 7]));
        let shard = Shard::open(&machine.env(seed), path(), options.clone()).unwrap();
        let slots = dice.pick(&[6, 24, 60]);
        let model = Reference::new((options.vector_dimension, options.metric));
        let vectors_in_8 = dice.pick(&[0, 2, 6]);
        Self {
            seed,
            machine,
            options,
            shard,
            generator: Generator::new(slots, vectors_in_8),
            past: VecDeque::from([model.clone()]),
            model,
            kept: Vec::new(),
            answers: Arc::default(),
            history_from: 0,
            met: Met::default(),
            dice,
        }
    }

    /// Does about so many operations and compares everything now and then.
    pub fn run(&mut self, operations: usize) {
        let large_from = if self.dice.chance(1, 2) { operations / 8 } else { usize::MAX };
        let mut is_large = false;
        while self.met.operations < operations {
            let us = self.dice.below(2_000) as u64;
            self.machine.pass_us(us);
            self.group();
            if self.met.operations > large_from && !is_large {
                is_large = true;
                self.grow();
            }
            match self.dice.below(200) {
                0..16 => self.compare(),
                16..20 => self.keep_view(),
                20..24 => self.drop_view(),
                24..34 => self.look_back(),
                34..37 => self.flush(),
                37..40 => self.machine.settle(&mut self.dice),
                40..48 => self.machine.wake_late(),
                48 => self.reopen(),
                _ => {}
            }
        }
        self.machine.settle(&mut self.dice);
        self.compare();
        self.look_back();
        self.close();
        self.kept.clear();
        self.shard =
            Shard::open(&self.machine.env(self.seed), path(), self.options.clone()).unwrap();
        self.compare();
        self.close();
    }

    /// A concept so large that the segment with it stays by itself while newer ones are merged, so
    /// that merges have to tell an older segment what ended.
    fn grow(&mut self) {
        let operation = Operation::Learn {
            identify: Identify::Key("large".to_owned()),
            namespace: "default",
            content: "l".repeat(LARGE_BYTES),
            fields: Fields::default(),
        };
        self.batches(vec![vec![operation]]);
        self.flush();
    }

    /// One to three batches that are queued together, so mostly one group.
    fn group(&mut self) {
        let count = if self.dice.chance(1, 8) { 2 + self.dice.below(2) } else { 1 };
        // Made for what is there before the group: the later ones are refused more often.
        let batch = |_| self.generator.batch(&mut self.dice, &self.model);
        let batches = (0..count).map(batch).collect();
        self.batches(batches);
    }

    fn batches(&mut self, of_operations: Vec<Vec<Operation>>) {
        let now_us = self.machine.now_us();
        let count = of_operations.len();
        let mut expected = Vec::new();
        let mut batches = Vec::new();
        for (token, operations) in (0..).zip(of_operations) {
            self.met.operations += operations.len();
            let sink = Arc::clone(&self.answers) as _;
            batches.push((encoded(&operations), Ack { sink, token }));
            let before = self.model.seqno;
            let applied = self.model.apply(&operations, now_us);
            if self.model.seqno > before {
                self.past.push_back(self.model.clone());
            }
            expected.push((operations, applied, self.model.seqno));
        }
        if self.past.len() > PAST_MAX {
            let more = self.past.len() - PAST_MAX;
            self.past.drain(..more);
        }
        self.shard.submit_all(batches);
        let answers = self.answers_of(count);
        for ((token, answer), (operations, applied, seqno)) in answers.iter().zip(&expected) {
            assert!(*token < count as u64);
            self.met.refused += usize::from(applied.is_err());
            check_answer(answer, operations, applied, *seqno);
        }
        self.met.commits = self.model.seqno;
    }

    fn answers_of(&mut self, count: usize) -> Vec<(u64, Result<Committed>)> {
        let answers = Arc::clone(&self.answers);
        self.machine.run_until(&mut self.dice, || answers.0.lock().len() == count);
        std::mem::take(&mut *answers.0.lock())
    }

    fn compare(&mut self) {
        self.met.compared += 1;
        let ids = self.ids();
        compare(&self.shard.view(), &self.model, &ids, &mut self.dice);
        let counts = self.shard.stats().unwrap().counts;
        let with_vectors = self.model.concepts.values().filter(|c| c.vector.is_some());
        assert_eq!(counts.concepts, self.model.concepts.len() as u64, "concepts");
        assert_eq!(counts.edges, self.model.edges.len() as u64, "associations");
        assert_eq!(counts.vectors, with_vectors.count() as u64, "vectors");
        assert_eq!(counts.written, self.model.written, "written");
    }

    fn ids(&self) -> Vec<ConceptId> {
        self.generator.slots.iter().map(|slot| slot.id).collect()
    }

    fn keep_view(&mut self) {
        if self.kept.len() < KEPT_VIEWS_MAX {
            self.kept.push((self.shard.view(), self.model.clone()));
        }
    }

    fn drop_view(&mut self) {
        if !self.kept.is_empty() {
            let index = self.dice.below(self.kept.len());
            let (view, model) = self.kept.swap_remove(index);
            compare(&view, &model, &self.ids(), &mut self.dice);
        }
    }

    /// The shard as it was: compared if it is shown, and shown if it has to be.
    fn look_back(&mut self) {
        let is_shown = |past: &&Reference| self.shard.view_at(past.seqno).is_some();
        // The oldest one that is shown is where something may be missing.
        let oldest = self.past.iter().find(is_shown).filter(|_| self.dice.chance(1, 2));
        let model = match oldest {
            Some(oldest) => oldest.clone(),
            None => self.past[self.dice.below(self.past.len())].clone(),
        };
        let time_us = model.committed_us;
        match self.shard.view_at(model.seqno) {
            Some(view) => {
                self.met.past_views += 1;
                compare(&view, &model, &self.ids(), &mut self.dice);
            }
            None => assert!(!self.is_kept(&model), "commit {} is not kept", model.seqno),
        }
        assert!(self.shard.view_at(self.model.seqno + 1).is_none());
        if self.is_kept(&model) {
            let last = self.past.iter().rev().find(|past| past.committed_us <= time_us).unwrap();
            assert_eq!(self.shard.seqno_at(time_us).unwrap(), Some(last.seqno), "at {time_us}");
        }
    }

    /// Whether the options promise that a state is still there.
    fn is_kept(&self, model: &Reference) -> bool {
        let Some(keep_us) = self.options.history_keep_us else { return false };
        let since_us = self.machine.now_us().saturating_sub(keep_us);
        let was_newest = |past: &&Reference| past.seqno > model.seqno;
        let replaced_us = self.past.iter().find(was_newest).map_or(u64::MAX, |p| p.committed_us);
        // Before the first commit there is no time to ask for.
        model.seqno > self.history_from && model.seqno > 0 && replaced_us > since_us
    }

    fn flush(&mut self) {
        let ack = Ack { sink: Arc::clone(&self.answers) as _, token: 0 };
        self.shard.submit_flush(ack);
        for (_, answer) in self.answers_of(1) {
            assert_eq!(answer.unwrap().seqno, self.model.seqno);
        }
        let floor_seqno = self.shard.stats().unwrap().background.floor_seqno;
        assert_eq!(floor_seqno, self.model.seqno, "after a flush");
    }

    fn close(&mut self) {
        let ack = Ack { sink: Arc::clone(&self.answers) as _, token: 0 };
        self.shard.submit_close(ack);
        for (_, answer) in self.answers_of(1) {
            answer.unwrap();
        }
        let background = self.shard.stats().unwrap().background;
        assert_eq!(background.flush_error, None);
        assert_eq!(background.compaction_error, None);
        self.met.flushes += background.flushes;
        self.met.compactions += background.compactions;
        // Only waits for the tasks: the shard is closed already.
        assert!(matches!(self.shard.close(), Err(Error::Closed(_))));
    }

    fn reopen(&mut self) {
        self.close();
        self.met.reopened += 1;
        if self.dice.chance(1, 4) {
            let other = options(&mut self.dice);
            // What was committed without history has no times, and its versions may be gone.
            if other.history_keep_us.is_none() || self.options.history_keep_us.is_none() {
                self.history_from = self.model.seqno;
            }
            let (vector_dimension, metric) = (self.options.vector_dimension, self.options.metric);
            // A longer time does not bring back what a shorter one gave up.
            let history_keep_us = other.history_keep_us.min(self.options.history_keep_us);
            self.options = ShardOptions { vector_dimension, metric, history_keep_us, ..other };
        }
        if self.dice.chance(1, 4) {
            let options = ShardOptions { read_only: true, ..self.options.clone() };
            let env = self.machine.env(self.seed);
            let reader = Shard::open(&env, path(), options).unwrap();
            compare(&reader.view(), &self.model, &self.ids(), &mut self.dice);
            reader.close().unwrap();
        }
        let env = self.machine.env(self.seed);
        self.shard = Shard::open(&env, path(), self.options.clone()).unwrap();
        self.compare();
    }
}

fn check_answer(
    answer: &Result<Committed>,
    operations: &[Operation],
    applied: &std::result::Result<Vec<bool>, Refused>,
    seqno: u64,
) {
    match (answer, applied) {
        (Ok(committed), Ok(changed)) => {
            assert_eq!(committed.seqno, seqno, "{operations:#?}");
            let found: Vec<_> = committed.outcomes.iter().map(|outcome| outcome.changed).collect();
            // An update always says so.
            let is_update = |operation: &Operation| matches!(operation, Operation::Update { .. });
            let expected = operations.iter().zip(changed).map(|(o, c)| is_update(o) || *c);
            assert_eq!(found, expected.collect::<Vec<_>>(), "{operations:#?}");
        }
        (Err(Error::Refused(_)), Err(Refused::Invalid))
        | (Err(Error::NotFound { .. }), Err(Refused::NotFound)) => {}
        _ => panic!("{answer:?} instead of {applied:?}: {operations:#?}"),
    }
}
