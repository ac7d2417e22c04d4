//! A shard whose background work stands still until it is asked for, for tests of one behaviour.

use super::machine::{Dice, Machine};
use super::world::Answers;
use std::path::Path;
use std::sync::Arc;
use sutra_format::{Batch, BatchBuilder, ConceptId, Identity, Learn};
use sutra_shard::{Ack, Committed, Shard, ShardOptions};

pub struct Bench {
    pub machine: Machine,
    pub dice: Dice,
    pub shard: Arc<Shard>,
    answers: Arc<Answers>,
}

impl Bench {
    pub fn new(options: ShardOptions) -> Self {
        // The committer goes first, so whatever it wakes waits until nobody waits for an answer.
        let machine = Machine::new(8);
        let shard = Shard::open(&machine.env(0), Path::new("/shard"), options).unwrap();
        Self { machine, dice: Dice::new(0), shard, answers: Arc::default() }
    }

    /// Writes a concept with a vector of one number.
    pub fn learn(&mut self, key: &str, number: f32) -> ConceptId {
        let vector = number.to_le_bytes();
        let identity = Identity::Key(key);
        let learn = Learn { identity, content: key, vector: Some(&vector), ..Learn::default() };
        let committed = self.write(BatchBuilder::new().learn(&learn).build());
        committed.outcomes[0].id
    }

    pub fn write(&mut self, batch: Batch) -> Committed {
        self.machine.pass_us(1);
        self.shard.submit(batch, self.ack());
        self.answer()
    }

    pub fn flush(&mut self) {
        self.shard.submit_flush(self.ack());
        self.answer();
    }

    pub fn close(&mut self) {
        self.shard.submit_close(self.ack());
        self.answer();
        // Only waits for the tasks: the shard is closed already.
        assert!(self.shard.close().is_err());
    }

    fn ack(&self) -> Ack {
        Ack { sink: Arc::clone(&self.answers) as _, token: 0 }
    }

    fn answer(&mut self) -> Committed {
        let answers = Arc::clone(&self.answers);
        self.machine.run_until(&mut self.dice, || !answers.0.lock().is_empty());
        let (_, answer) = self.answers.0.lock().remove(0);
        answer.unwrap()
    }
}
