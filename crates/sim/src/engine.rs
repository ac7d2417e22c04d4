//! The engine under test, as the harness sees it: asks without waiting, and reads everything.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;
use sutra_env::Env;
use sutra_format::op_fields::Validity;
use sutra_format::{ConceptId, Metric};
use sutra_index::{Filter, TextQuery};
use sutra_shard::text::TextScored;
use sutra_shard::vector::Nearest;
use sutra_shard::{
    Ack, AckSink, Background, Committed, ConceptRef, EdgeRef, Error, IndexStats, RecentAt, Shard,
    ShardOptions, View,
};

use crate::bug::Bug;
use crate::checkers::indexes::{Counts, Search};
use crate::checkers::recent::Change;
use crate::checkers::texts::TextSearch;
use crate::dice::{Actor, Dice};
use crate::disk::SimDisk;
use crate::model::{Concept, Edge, EdgeKey, State};
use crate::operation::{DIMENSION, Operation, encode};
use crate::plan::Setting;
use crate::question::Question;
use crate::work::SimWork;

/// Token of what is no write: the ledger's start at 1.
const NO_WRITE: u64 = 0;
/// Changes read before the rest is asked for.
const RECENT_PORTION: usize = 3;
/// Times that time is let pass for one answer.
const WAITS_MAX: u32 = 2000;
/// Questions asked of each namespace in a view.
const QUESTIONS: usize = 2;
/// More than there are concepts.
const HITS_MAX: usize = 50;

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
    /// Concepts in the order of their changes, newest first.
    pub recent: Vec<Change>,
    /// Searches by words and conditions.
    pub texts: Vec<TextSearch>,
    /// The nearest vectors of what meets conditions.
    pub within: Vec<Search>,
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

    /// Opens a store that was made before: a log without files is damage then.
    ///
    /// # Errors
    /// As the engine says.
    pub fn open_existing(
        env: &Env,
        path: &Path,
        setting: &Setting,
        read_only: bool,
    ) -> Result<Self, Error> {
        let options = ShardOptions { must_exist: true, read_only, ..options(setting, None) };
        Shard::open(env, path, options).map(|shard| Self { shard })
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

    /// Flushes, letting background tasks run. `None` when it was not answered, as happens when the
    /// machine stops meanwhile.
    pub fn flush(&self, work: &SimWork, disk: &SimDisk) -> Option<Result<(), Error>> {
        let answers = Arc::new(Answers::new(disk.clone()));
        self.shard.submit_flush(ack(&answers, NO_WRITE));
        answer(work, disk, &answers)
    }

    /// Closes, letting background tasks run. `None` as for [`Engine::flush`].
    pub fn close(&self, work: &SimWork, disk: &SimDisk) -> Option<Result<(), Error>> {
        let answers = Arc::new(Answers::new(disk.clone()));
        self.shard.submit_close(ack(&answers, NO_WRITE));
        let closed = answer(work, disk, &answers)?;
        if closed.is_ok() {
            // Refused, since it was asked for already; but it waits for the tasks, and tidies up.
            let _ = self.shard.close();
        }
        Some(closed)
    }

    /// The store as it is now.
    #[must_use]
    pub fn view(&self) -> EngineView {
        EngineView { view: self.shard.view() }
    }

    /// The store as it was after an earlier commit, if it is kept.
    #[must_use]
    pub fn view_at(&self, seqno: u64) -> Option<EngineView> {
        self.shard.view_at(seqno).map(|view| EngineView { view })
    }

    /// Reads everything when called, and hands it over. Does not keep the store open.
    pub fn look<F>(&self, hand_over: F) -> impl Fn() + use<F>
    where
        F: Fn(Result<Observed, Error>),
    {
        let shard = Arc::downgrade(&self.shard);
        move || {
            if let Some(shard) = shard.upgrade() {
                hand_over(EngineView { view: shard.view() }.observe());
            }
        }
    }

    /// What the engine has counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let counts = self.shard.shared().counts();
        Counts { concepts: counts.concepts, associations: counts.edges, vectors: counts.vectors }
    }

    /// Figures of flushes and merges.
    #[must_use]
    pub fn background(&self) -> Background {
        self.shard.background()
    }

    /// Figures of the index of texts and attributes.
    #[must_use]
    pub fn index(&self) -> IndexStats {
        self.shard.index()
    }

    /// Whether a write to the log failed, after which everything is refused until it is opened
    /// again.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.shard.stats().map_or(true, |stats| stats.has_failed)
    }
}

/// Lets background tasks run until they answer, and time pass if they wait for it.
fn answer(work: &SimWork, disk: &SimDisk, answers: &Answers) -> Option<Result<(), Error>> {
    work.run_until_idle();
    let mut taken = answers.take();
    for _ in 0..WAITS_MAX {
        if !taken.is_empty() || disk.has_stopped() || !work.pass_time() {
            break;
        }
        work.run_until_idle();
        taken = answers.take();
    }
    taken.pop().map(|(_, answer)| answer.map(drop))
}

fn options(setting: &Setting, bug: Option<Bug>) -> ShardOptions {
    #[cfg(not(feature = "planted-bugs"))]
    let _ = bug;
    let defaults = ShardOptions::default();
    ShardOptions {
        store_id: [7; 16],
        vector_dimension: DIMENSION as u32,
        metric: setting.metric,
        durability: setting.durability,
        log_segment_bytes_min: setting.segment_bytes_min,
        log_segment_bytes_max: setting.segment_bytes_max,
        memory_bytes_max: setting.memory_bytes_max,
        memory_threshold: setting.memory_threshold,
        delta_bytes_max: setting.delta_bytes_max,
        delta_age_us_max: setting.delta_age_us_max,
        history_keep_us: setting.history_keep_us,
        merge_policy: setting.merging.policy().unwrap_or(defaults.merge_policy),
        graph_rows_min: setting.graph_rows_min,
        pace: setting.pace,
        garbage_min: setting.merging.garbage_min().unwrap_or(defaults.garbage_min),
        #[cfg(feature = "planted-bugs")]
        planted_bug: match bug {
            Some(Bug::Engine(bug)) => Some(bug),
            _ => None,
        },
        ..defaults
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

    /// Reads everything that any layer mentions, so that what should not be there is found too.
    ///
    /// # Errors
    /// As the engine says.
    pub fn observe(&self) -> Result<Observed, Error> {
        let mut state = State { commits: self.view.seqno(), ..State::default() };
        let mut edges_in = BTreeMap::new();
        let mut ids = BTreeSet::new();
        let _ = self.view.ids(|id| {
            ids.insert(*id);
            ControlFlow::Continue(())
        })?;
        for id in ids {
            if let Some(concept) = self.view.get(&id)? {
                state.concepts.insert(id, self.concept(&concept)?);
            }
            let mut edges = Vec::new();
            let _ = self.view.outgoing(&id, |edge| {
                edges.push(*edge);
                ControlFlow::Continue(())
            })?;
            for edge in edges.drain(..) {
                let (key, value) = self.edge(&edge, id, edge.other)?;
                insert_once(&mut state.edges, key, value);
            }
            let _ = self.view.incoming(&id, |edge| {
                edges.push(*edge);
                ControlFlow::Continue(())
            })?;
            for edge in edges {
                let (key, value) = self.edge(&edge, edge.other, id)?;
                insert_once(&mut edges_in, key, value);
            }
        }
        let recent = self.recent()?;
        let mut observed = Observed {
            seqno: state.commits,
            state,
            edges_in,
            recent,
            texts: vec![],
            within: vec![],
        };
        self.ask(&mut observed)?;
        Ok(observed)
    }

    /// The nearest vectors of a namespace; as far as graphs lead to them, if it need not be exact.
    ///
    /// # Errors
    /// As the engine says.
    pub fn search(
        &self,
        namespace: &str,
        metric: Metric,
        query: [f32; DIMENSION],
        k: usize,
        is_exact: bool,
    ) -> Result<Search, Error> {
        // As narrow as can be, so that graphs are asked however few vectors there are.
        let width = (!is_exact).then_some(1);
        let never = AtomicBool::new(false);
        let hits = match self.view.namespace_named(namespace) {
            Some((number, _)) => {
                let query = &query;
                let cancelled = &never;
                let nearest =
                    Nearest { query, k, width, allowed: None, wants: None, seqno: 0, cancelled };
                self.view.nearest_within(number, &nearest)?
            }
            None => Vec::new(),
        };
        let hits = hits.iter().map(|hit| (hit.id, hit.score)).collect();
        let question = None;
        Ok(Search { namespace: namespace.to_owned(), metric, query, k, is_exact, question, hits })
    }

    /// Asks questions that only depend on the commit, so that a view is asked the same whatever
    /// became of the index meanwhile.
    fn ask(&self, observed: &mut Observed) -> Result<(), Error> {
        let mut dice = Dice::new(observed.seqno, Actor::Questions);
        for namespace in ["default", "notes"] {
            let Some((number, named)) = self.view.namespace_named(namespace) else { continue };
            for _ in 0..QUESTIONS {
                let question = Question::any(&mut dice);
                let query = std::array::from_fn(|_| dice.below(9) as f32 - 3.5);
                let search = self.search_texts(number, namespace, &question)?;
                observed.texts.push(search);
                let within = self.search_within(number, (namespace, named.metric), query, question);
                observed.within.push(within?);
            }
        }
        Ok(())
    }

    fn search_texts(
        &self,
        number: u32,
        namespace: &str,
        question: &Question,
    ) -> Result<TextSearch, Error> {
        let filter = filter_of(question);
        let mut searcher = self.view.searcher(number, filter.as_ref())?;
        let analyzer = self.view.parts().analyzer();
        let query = TextQuery::parse(&question.text(), analyzer).expect("a short query");
        let never = AtomicBool::new(false);
        let pairs = |hits: Vec<TextScored>| hits.iter().map(|hit| (hit.id, hit.score)).collect();
        let best = pairs(searcher.text(&query, question.k, &never)?);
        let all = pairs(searcher.text(&query, HITS_MAX, &never)?);
        let mut newest = Vec::new();
        let _ = searcher.newest(None, &mut |concept| {
            newest.push(concept.id());
            ControlFlow::Continue(())
        })?;
        let (namespace, question) = (namespace.to_owned(), question.clone());
        Ok(TextSearch { namespace, question, all, best, newest })
    }

    /// The nearest vectors among those of what meets the condition.
    fn search_within(
        &self,
        number: u32,
        (namespace, metric): (&str, Metric),
        query: [f32; DIMENSION],
        question: Question,
    ) -> Result<Search, Error> {
        let filter = filter_of(&question);
        let rows = self.view.searcher(number, filter.as_ref())?.rows()?;
        let (allowed, k, never) = (Some(&rows), HITS_MAX, AtomicBool::new(false));
        let nearest = Nearest {
            query: &query,
            k,
            width: None,
            allowed,
            wants: None,
            seqno: 0,
            cancelled: &never,
        };
        let hits = self.view.nearest_within(number, &nearest)?;
        let hits = hits.iter().map(|hit| (hit.id, hit.score)).collect();
        let (namespace, question) = (namespace.to_owned(), Some(question));
        Ok(Search { namespace, metric, query, k, is_exact: true, question, hits })
    }

    /// All concepts, newest change first, read in two portions.
    fn recent(&self) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        let mut before = None;
        let _ = self.view.recent(None, |concept| {
            changes.push(change_of(&concept));
            before = Some(RecentAt { seqno: concept.seqno(), ordinal: concept.ordinal() });
            if changes.len() == RECENT_PORTION {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        if before.is_some() {
            let _ = self.view.recent(before, |concept| {
                changes.push(change_of(&concept));
                ControlFlow::Continue(())
            })?;
        }
        Ok(changes)
    }

    fn concept(&self, concept: &ConceptRef<'_>) -> Result<Concept, Error> {
        let namespace = self.view.namespace(concept.namespace());
        Ok(Concept {
            namespace: namespace.map_or_else(String::new, |found| (*found.name).to_owned()),
            content: String::from_utf8_lossy(concept.content()?).into_owned(),
            vector: self.view.vector(concept)?.map(<[f32]>::to_vec),
            attributes: some_bytes(concept.attributes()?),
            strength: concept.strength(),
            confidence: concept.confidence(),
            validity: times(concept.validity()),
            changed: (concept.seqno(), concept.ordinal()),
        })
    }

    /// The confidence is the one beside the association, which searches of the graph use; that of
    /// its record must be the same, or the association compares as different from any other.
    fn edge(
        &self,
        edge: &EdgeRef,
        source: ConceptId,
        target: ConceptId,
    ) -> Result<(EdgeKey, Edge), Error> {
        let record = self.view.edge_at(edge.location)?;
        let label = self.view.label(edge.label).filter(|_| edge.label != 0).map(str::to_owned);
        let agrees = record.class == edge.class
            && record.label == edge.label
            && record.confidence.to_bits() == edge.confidence.to_bits();
        let value = Edge {
            confidence: if agrees { edge.confidence } else { f64::NAN },
            weight: record.weight,
            attributes: some_bytes(record.attributes),
            validity: times(record.validity),
            seqno: record.seqno,
        };
        Ok((EdgeKey { source, target, class: edge.class, label }, value))
    }
}

fn filter_of(question: &Question) -> Option<Filter> {
    question.condition.map(|it| Filter::decode(&it.encode()).expect("a filter"))
}

/// One that is given twice compares as different from any other.
fn insert_once(edges: &mut BTreeMap<EdgeKey, Edge>, key: EdgeKey, edge: Edge) {
    let twice = Edge { confidence: f64::NAN, ..edge.clone() };
    edges.entry(key).and_modify(|found| *found = twice).or_insert(edge);
}

fn change_of(concept: &ConceptRef<'_>) -> Change {
    Change { id: concept.id(), at: (concept.seqno(), concept.ordinal()) }
}

fn some_bytes(bytes: &[u8]) -> Option<Vec<u8>> {
    (!bytes.is_empty()).then(|| bytes.to_vec())
}

fn times(validity: Validity) -> (Option<i64>, Option<i64>) {
    (validity.from_ms, validity.to_ms)
}
