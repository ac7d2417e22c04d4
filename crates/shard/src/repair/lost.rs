//! Which concepts and associations a repair loses.

use super::salvage::Salvage;
use super::{LeftOut, Repair};
use crate::delta::{EdgeKey, NEWEST, Side};
use crate::error::Result;
use crate::segment::{EdgeHere, Node, Segment};
use crate::state::State;
use hashbrown::{HashMap, HashSet};
use std::ops::ControlFlow;
use sutra_format::{AssociationClass, ConceptId, Op};

/// What becomes of something that cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It does not exist any more.
    Gone,
    /// It is again as a commit before left it. What was deleted later exists again.
    Older {
        /// That commit.
        seqno: u64,
    },
    /// A later commit, which is kept, changed it: what that one did not say is lost.
    Partly {
        /// That commit.
        seqno: u64,
    },
    /// Only its vector is lost.
    NoVector,
}

/// A concept that changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LostConcept {
    /// Its id.
    pub id: ConceptId,
    /// The caller's key, where it is known.
    pub key: Option<String>,
    /// What becomes of it.
    pub fate: Fate,
}

/// An association that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostEdge {
    /// Where it starts.
    pub source: ConceptId,
    /// Where it ends.
    pub target: ConceptId,
    /// Its class.
    pub class: AssociationClass,
    /// Its label, if it has one.
    pub label: Option<String>,
    /// What becomes of it.
    pub fate: Fate,
}

/// Something that an operation of the log was about and that was not done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Concept(ConceptId, Option<String>),
    Edge { source: ConceptId, target: ConceptId, class: AssociationClass, label: Option<String> },
}

impl Subject {
    /// What an operation is about; nothing for a namespace.
    pub(super) fn of(operation: &Op<'_>) -> Option<Self> {
        use sutra_format::Identity;
        match operation {
            Op::Learn(learn) => {
                let key = match learn.identity {
                    Identity::Key(key) => Some(key.to_owned()),
                    _ => None,
                };
                Some(Self::Concept(learn.id(), key))
            }
            Op::Update(update) => Some(Self::Concept(update.id, None)),
            Op::Delete(id) => Some(Self::Concept(*id, None)),
            Op::Associate(associate) => Some(Self::edge(&associate.name)),
            Op::Dissociate(name) => Some(Self::edge(name)),
            Op::Namespace { .. } => None,
        }
    }

    fn edge(name: &sutra_format::EdgeName<'_>) -> Self {
        let label = name.label.map(str::to_owned);
        Self::Edge { source: name.source, target: name.target, class: name.class, label }
    }
}

/// Source, target and names of an association.
type EdgeWords = (ConceptId, ConceptId, u32);

/// Gathers what is lost; each thing once.
struct Losses<'a> {
    state: &'a State,
    salvage: &'a Salvage,
    concepts: HashMap<ConceptId, LostConcept>,
    edges: HashMap<EdgeWords, Fate>,
    /// What a newer segment that is left out has told of already.
    settled: (HashSet<ConceptId>, HashSet<EdgeWords>),
    /// Associations of labels that no number is known for.
    unnamed: Vec<LostEdge>,
}

impl Salvage {
    /// Lists what the files left out held and what is not as it was without them.
    pub(super) fn list_lost(&self, repair: &mut Repair) -> Result<()> {
        let state = self.state();
        let mut losses = Losses {
            state,
            salvage: self,
            concepts: HashMap::new(),
            edges: HashMap::new(),
            settled: (HashSet::new(), HashSet::new()),
            unnamed: Vec::new(),
        };
        for dropped in self.dropped.iter().rev() {
            let left_out = match &dropped.segment {
                Some(segment) => losses.segment(segment)?,
                None => (0, None),
            };
            let (readable, total) = left_out;
            repair.left_out.push(LeftOut { file: dropped.path.clone(), readable, total });
        }
        for (path, rows) in &self.dropped_vectors {
            let (readable, total) = (0, Some(u64::from(*rows)));
            repair.left_out.push(LeftOut { file: path.clone(), readable, total });
        }
        if self.has_left_out() {
            losses.what_names_the_lost()?;
        }
        for subject in &self.lost_subjects {
            losses.subject(subject)?;
        }
        repair.concepts = losses.concepts.into_values().collect();
        repair.concepts.sort();
        repair.edges = losses.unnamed;
        let named = losses.edges.iter().filter_map(|(words, fate)| named_edge(state, words, *fate));
        repair.edges.extend(named);
        repair.edges.sort_by_key(|edge| (edge.source, edge.target, edge.label.clone()));
        Ok(())
    }
}

fn words(key: &EdgeKey) -> EdgeWords {
    (key.source, key.target, key.names)
}

fn named_edge(state: &State, words: &EdgeWords, fate: Fate) -> Option<LostEdge> {
    let (source, target, names) = *words;
    let class = AssociationClass::from_number(names as u8)?;
    let label = state.names().label(names >> 8).map(str::to_owned);
    Some(LostEdge { source, target, class, label, fate })
}

/// Whether a segment left out says that an association ended in it: then it is as it was. What does
/// not read is taken for an association that existed.
fn was_ended(segment: &Segment, key: &EdgeKey) -> bool {
    matches!(segment.edge(key, key.hash64()), Ok(EdgeHere::Ended))
}

impl Losses<'_> {
    /// Looks at what still reads of a segment that is left out. How many concepts that are, of how
    /// many.
    fn segment(&mut self, segment: &Segment) -> Result<(u64, Option<u64>)> {
        let mut readable = 0;
        for number in 0..segment.nodes() {
            let Ok(node) = segment.node_at(number) else { continue };
            readable += 1;
            self.concept(segment, &node)?;
            let mut keys = Vec::new();
            // What does not read is not listed; the numbers of the file say so.
            let _ = segment.entries(&node, Side::Out, |entry, _| {
                if entry.end == u64::MAX {
                    keys.push((entry.other, entry.names));
                }
                ControlFlow::Continue(())
            });
            for index in 0..node.out_ends_count {
                let Ok(end) = segment.end_at(&node, Side::Out, index) else { break };
                keys.push((end.other, end.names));
            }
            for (target, names) in keys {
                self.edge(segment, &EdgeKey { source: node.id, target, names })?;
            }
        }
        Ok((readable, Some(u64::from(segment.nodes()))))
    }

    fn concept(&mut self, segment: &Segment, node: &Node) -> Result<()> {
        if node.record == 0 || !self.settled.0.insert(node.id) {
            return Ok(());
        }
        let record = segment.concept_at(node.record).ok();
        let was_deleted = record.is_some_and(|record| record.is_tombstone());
        let now = self.state.newest_version(&node.id)?;
        let floor_seqno = self.salvage.manifest.floor_seqno;
        let fate = match now {
            // Segments hold all of a version; what is in the log changes the version before.
            Some((seqno, true)) if seqno > floor_seqno => Fate::Partly { seqno },
            Some((seqno, _)) if seqno > segment.seqnos().1 => return Ok(()),
            None if self.salvage.was_deleted_in_log(&node.id) => return Ok(()),
            Some((seqno, true)) => Fate::Older { seqno },
            _ if was_deleted => return Ok(()),
            _ => Fate::Gone,
        };
        let key = record.map(|record| record.key()).filter(|key| !key.is_empty());
        let key = key.map(|key| String::from_utf8_lossy(key).into_owned());
        self.concepts.insert(node.id, LostConcept { id: node.id, key, fate });
        Ok(())
    }

    fn edge(&mut self, segment: &Segment, key: &EdgeKey) -> Result<()> {
        if !self.settled.1.insert(words(key)) {
            return Ok(());
        }
        let last_seqno = segment.seqnos().1;
        let floor_seqno = self.salvage.manifest.floor_seqno;
        let fate = match self.state.edge(key)? {
            Some(fields) if fields.seqno > floor_seqno => Fate::Partly { seqno: fields.seqno },
            Some(fields) if fields.seqno > last_seqno => return Ok(()),
            Some(fields) => Fate::Older { seqno: fields.seqno },
            None if self.salvage.is_known_after(key, last_seqno)? => return Ok(()),
            None if self.salvage.was_ended_in_log(key) => return Ok(()),
            None if was_ended(segment, key) => return Ok(()),
            None => Fate::Gone,
        };
        self.edges.insert(words(key), fate);
        Ok(())
    }

    /// Concepts whose vector is in no file, and associations with a concept that is gone.
    fn what_names_the_lost(&mut self) -> Result<()> {
        let mut seen = HashSet::new();
        for id in self.salvage.ids()? {
            if !seen.insert(id) {
                continue;
            }
            let concept = self.state.concept(&id, NEWEST)?;
            if let Some(concept) = concept
                && let Some(row) = concept.row()
                && self.state.row(concept.namespace(), row)?.is_none()
            {
                let key = Some(concept.key()).filter(|key| !key.is_empty());
                let key = key.map(|key| String::from_utf8_lossy(key).into_owned());
                let lost = LostConcept { id, key, fate: Fate::NoVector };
                self.concepts.entry(id).or_insert(lost);
            }
            let mut keys = Vec::new();
            let _ = self.state.edges(&id, Side::Out, NEWEST, |edge| {
                keys.push(EdgeKey { source: id, target: edge.other, names: edge.names() });
                ControlFlow::Continue(())
            })?;
            for key in keys {
                if concept.is_none() || self.state.concept(&key.target, NEWEST)?.is_none() {
                    self.edges.insert(words(&key), Fate::Gone);
                }
            }
        }
        Ok(())
    }

    fn subject(&mut self, subject: &Subject) -> Result<()> {
        match subject {
            Subject::Concept(id, key) => {
                let now = self.state.newest_version(id)?.filter(|(_, exists)| *exists);
                let fate = now.map_or(Fate::Gone, |(seqno, _)| Fate::Older { seqno });
                let lost = LostConcept { id: *id, key: key.clone(), fate };
                self.concepts.entry(*id).or_insert(lost);
            }
            Subject::Edge { source, target, class, label } => {
                let (source, target, class) = (*source, *target, *class);
                let number = match label {
                    Some(label) => self.salvage.label(label),
                    None => Some(0),
                };
                let Some(number) = number else {
                    let (label, fate) = (label.clone(), Fate::Gone);
                    let lost = LostEdge { source, target, class, label, fate };
                    if !self.unnamed.contains(&lost) {
                        self.unnamed.push(lost);
                    }
                    return Ok(());
                };
                let names = number << 8 | u32::from(class.number());
                let key = EdgeKey { source, target, names };
                let now = self.state.edge(&key)?;
                let fate = now.map_or(Fate::Gone, |fields| Fate::Older { seqno: fields.seqno });
                self.edges.entry(words(&key)).or_insert(fate);
            }
        }
        Ok(())
    }
}
