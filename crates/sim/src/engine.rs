//! The engine under test, as the harness sees it: asks without waiting, and reads everything.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;
use sutra_env::Env;
use sutra_format::op_fields::Validity;
use sutra_format::{ConceptId, Metric};
use sutra_shard::{Ack, AckSink, Committed, ConceptRef, EdgeRef, Error, Shard, ShardOptions, View};

use crate::bug::Bug;
use crate::checkers::indexes::{Counts, Search};
use crate::disk::SimDisk;
use crate::model::{Concept, Edge, EdgeKey, State};
use crate::operation::{DIMENSION, Operation, encode};
use crate::plan::Setting;
use crate::work::SimWork;

/// Token of what is no write: the ledger's start at 1.
const NO_WRITE: u64 = 0;

/// Answers that arrived. Those given after the machine has stopped reach nobody.
pub struct Answers {
    disk: SimDisk,
    arrived: Mutex<Arrived>,
}

#[derive(Default)]
struct Arrived {
    answers: Vec<(u64, Result<Committed, Error>)>,
    /// The end of the group that the last answer belongs to has not been told.
    group_is_open: bool,
}

impl Answers {
    /// For a process on this disk.
    #[must_use]
    pub fn new(disk: SimDisk) -> Self {
        Self { disk, arrived: Mutex::default() }
    }

    /// What arrived since the last call, in order.
    pub fn take(&self) -> Vec<(u64, Result<Committed, Error>)> {
        std::mem::take(&mut self.arrived.lock().answers)
    }

    /// Whether the end of the last group was not told: a receiver that hands answers on by group
    /// would then keep them for ever.
    #[must_use]
    pub fn group_is_open(&self) -> bool {
        self.arrived.lock().group_is_open
    }
}

impl AckSink for Answers {
    fn complete(&self, token: u64, result: Result<Committed, Error>) {
        if !self.disk.has_stopped() {
            let mut arrived = self.arrived.lock();
            arrived.answers.push((token, result));
            arrived.group_is_open = true;
        }
    }

    fn group_end(&self) {
        self.arrived.lock().group_is_open = false;
    }
}

/// An open store.
pub struct Engine {
    shard: Arc<Shard>,
}

/// The store at one instant.
pub struct EngineView {
    view: View,
}

/// Everything that can be read in a view.
pub struct Observed {
    /// Commits it shows.
    pub seqno: u64,
    /// Concepts, and associations read from their sources.
    pub state: State,
    /// Associations read from their targets.
    pub edges_in: BTreeMap<EdgeKey, Edge>,
}

impl Engine {
    /// Opens the store.
    ///
    /// # Errors
    /// As the engine says.
    pub fn open(
        env: &Env,
        path: &Path,
        setting: &Setting,
        bug: Option<Bug>,
    ) -> Result<Self, Error> {
        Shard::open(env, path, options(setting, bug)).map(|shard| Self { shard })
    }

    /// Opens the store for reading only.
    ///
    /// # Errors
    /// As the engine says.
    pub fn open_for_reading(
        env: &Env,
        path: &Path,
        setting: &Setting,
        bug: Option<Bug>,
    ) -> Result<Self, Error> {
        let options = ShardOptions { read_only: true, ..options(setting, bug) };
        Shard::open(env, path, options).map(|shard| Self { shard })
    }

    /// Submits a batch and does not wait.
    pub fn submit(&self, batch: &[Operation], answers: &Arc<Answers>, token: u64) {
        self.shard.submit(encode(batch), ack(answers, token));
    }

    /// Flushes, letting background tasks run. `None` when the machine stopped meanwhile.
    pub fn flush(&self, work: &SimWork, disk: &SimDisk) -> Option<Result<(), Error>> {
        let answers = Arc::new(Answers::new(disk.clone()));
        self.shard.submit_flush(ack(&answers, NO_WRITE));
        work.run_until_idle();
        answers.take().pop().map(|(_, answer)| answer.map(drop))
    }

    /// Closes, letting background tasks run. `None` when the machine stopped meanwhile.
    pub fn close(&self, work: &SimWork, disk: &SimDisk) -> Option<Result<(), Error>> {
        let answers = Arc::new(Answers::new(disk.clone()));
        self.shard.submit_close(ack(&answers, NO_WRITE));
        work.run_until_idle();
        answers.take().pop().map(|(_, answer)| answer.map(drop))
    }

    /// The store as it is now.
    #[must_use]
    pub fn view(&self) -> EngineView {
        EngineView { view: self.shard.view() }
    }

    /// What the engine has counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let counts = self.shard.delta().counts();
        Counts { concepts: counts.concepts, associations: counts.edges, vectors: counts.vectors }
    }
}

fn options(setting: &Setting, bug: Option<Bug>) -> ShardOptions {
    #[cfg(not(feature = "planted-bugs"))]
    let _ = bug;
    ShardOptions {
        store_id: [7; 16],
        vector_dimension: DIMENSION as u32,
        metric: setting.metric,
        durability: setting.durability,
        log_segment_bytes_min: setting.segment_bytes_min,
        log_segment_bytes_max: setting.segment_bytes_max,
        #[cfg(feature = "planted-bugs")]
        planted_bug: match bug {
            Some(Bug::Engine(bug)) => Some(bug),
            _ => None,
        },
        ..ShardOptions::default()
    }
}

fn ack(answers: &Arc<Answers>, token: u64) -> Ack {
    Ack { sink: Arc::clone(answers) as _, token }
}

impl EngineView {
    /// Commits it shows.
    #[must_use]
    pub fn seqno(&self) -> u64 {
        self.view.seqno()
    }

    /// Reads everything, by number of cell, so that what should not be there is found too.
    #[must_use]
    pub fn observe(&self) -> Observed {
        let mut state = State::default();
        let mut edges_in = BTreeMap::new();
        for cell in 0..self.view.delta().cells() {
            if let Some(concept) = self.view.concept_in(cell) {
                state.concepts.insert(concept.id(), self.concept(&concept));
            }
            let this = self.view.delta().id_of(cell).unwrap_or_default();
            let _ = self.view.outgoing(cell, |edge| {
                let (key, value) = self.edge(edge, this, self.id_of(edge.other));
                state.edges.insert(key, value);
                ControlFlow::Continue(())
            });
            let _ = self.view.incoming(cell, |edge| {
                let (key, value) = self.edge(edge, self.id_of(edge.other), this);
                edges_in.insert(key, value);
                ControlFlow::Continue(())
            });
        }
        Observed { seqno: self.view.seqno(), state, edges_in }
    }

    /// The nearest vectors of a namespace.
    #[must_use]
    pub fn search(
        &self,
        namespace: &str,
        metric: Metric,
        query: [f32; DIMENSION],
        k: usize,
    ) -> Search {
        let delta = self.view.delta();
        let found = delta.namespaces().find(|(_, found)| &*found.name == namespace);
        let hits = found.map_or_else(Vec::new, |(_, found)| {
            let never = AtomicBool::new(false);
            let hits = found.vectors.search(&query, k, self.view.seqno(), &never, None);
            hits.expect("nobody cancels")
        });
        let hits = hits.iter().map(|hit| (self.id_of(hit.cell), hit.score)).collect();
        Search { namespace: namespace.to_owned(), metric, query, k, hits }
    }

    fn id_of(&self, cell: u32) -> ConceptId {
        self.view.delta().id_of(cell).unwrap_or_default()
    }

    fn concept(&self, concept: &ConceptRef<'_>) -> Concept {
        let delta = self.view.delta();
        let namespace = delta.namespace(concept.namespace());
        Concept {
            namespace: namespace.map_or_else(String::new, |found| (*found.name).to_owned()),
            content: String::from_utf8_lossy(concept.content()).into_owned(),
            vector: delta.vector(concept).map(<[f32]>::to_vec),
            attributes: some_bytes(concept.attributes()),
            strength: concept.strength(),
            confidence: concept.confidence(),
            validity: times(concept.validity()),
        }
    }

    /// The confidence is the one beside the association, which searches of the graph use; that of
    /// its record must be the same, or the association compares as different from any other.
    fn edge(&self, edge: &EdgeRef, source: ConceptId, target: ConceptId) -> (EdgeKey, Edge) {
        let delta = self.view.delta();
        let record = delta.edge_at(edge.location).expect("an association has a record");
        let label = delta.label(edge.label).filter(|_| edge.label != 0).map(str::to_owned);
        let agrees = record.source() == source
            && record.target() == target
            && record.class() == edge.class
            && record.label() == edge.label
            && record.confidence().to_bits() == edge.confidence.to_bits();
        let value = Edge {
            confidence: if agrees { edge.confidence } else { f64::NAN },
            weight: record.weight(),
            attributes: some_bytes(record.attributes()),
            validity: times(record.validity()),
        };
        (EdgeKey { source, target, class: edge.class, label }, value)
    }
}

fn some_bytes(bytes: &[u8]) -> Option<Vec<u8>> {
    (!bytes.is_empty()).then(|| bytes.to_vec())
}

fn times(validity: Validity) -> (Option<i64>, Option<i64>) {
    (validity.from_ms, validity.to_ms)
}
