//! Random operations over few concepts, so that these are deleted and learned again, associated and
//! dissociated, and some of them are hubs.

use super::machine::Dice;
use super::reference::{EdgeName, Reference};
use sutra_format::op_fields::Validity;
use sutra_format::{
    Associate, AssociationClass, BatchBuilder, ConceptId, Identity, Learn, Metric, Update, batch,
};

pub const NAMESPACES: [&str; 3] = ["default", "notes", "third"];
const LABELS: usize = 4;

#[derive(Debug, Clone)]
pub enum Identify {
    Content,
    Key(String),
    Id(ConceptId),
}

impl Identify {
    pub fn id(&self, namespace: &str, content: &str) -> ConceptId {
        match self {
            Self::Content => ConceptId::of_content(namespace, content),
            Self::Key(key) => ConceptId::of_key(namespace, key),
            Self::Id(id) => *id,
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Fields {
    pub vector: Option<Vec<f32>>,
    pub attributes: Option<Vec<u8>>,
    pub strength: Option<f64>,
    pub confidence: Option<f64>,
    pub validity: Validity,
}

#[derive(Debug, Clone)]
pub enum Operation {
    Learn { identify: Identify, namespace: &'static str, content: String, fields: Fields },
    Update { id: ConceptId, content: Option<String>, fields: Fields },
    Delete(ConceptId),
    Associate { name: EdgeName, weight: Option<f64>, fields: Fields },
    Dissociate(EdgeName),
    Namespace { name: &'static str, dimension: u32, metric: Metric },
}

impl Operation {
    pub fn fields(&self) -> Option<&Fields> {
        match self {
            Self::Learn { fields, .. }
            | Self::Update { fields, .. }
            | Self::Associate { fields, .. } => Some(fields),
            Self::Delete(_) | Self::Dissociate(_) | Self::Namespace { .. } => None,
        }
    }
}

/// A concept that may be there or not.
pub struct Slot {
    pub id: ConceptId,
    namespace: &'static str,
    identify: Identify,
    /// Text that it is named by, if it is.
    content: String,
}

/// Chooses what happens next.
pub struct Generator {
    pub slots: Vec<Slot>,
    vectors_in_8: usize,
    labels_made: u32,
}

impl Generator {
    pub fn new(slots: usize, vectors_in_8: usize) -> Self {
        let slot = |number: usize| {
            let namespace = NAMESPACES[number % NAMESPACES.len()];
            let content = format!("concept {number}");
            let identify = match number / NAMESPACES.len() % 3 {
                0 => Identify::Content,
                1 => Identify::Key(format!("key {number}")),
                _ => Identify::Id(ConceptId([number as u8; 16])),
            };
            Slot { id: identify.id(namespace, &content), namespace, identify, content }
        };
        Self { slots: (0..slots).map(slot).collect(), vectors_in_8, labels_made: 0 }
    }

    pub fn batch(&mut self, dice: &mut Dice, known: &Reference) -> Vec<Operation> {
        let count = match dice.below(8) {
            0..3 => 1,
            7 => 1 + dice.below(40),
            _ => 1 + dice.below(8),
        };
        (0..count).map(|_| self.operation(dice, known)).collect()
    }

    fn operation(&mut self, dice: &mut Dice, known: &Reference) -> Operation {
        match dice.below(100) {
            0..30 => self.learn(dice, known),
            30..48 => {
                let id = self.existing(dice, known);
                let namespace = known.concepts.get(&id).map_or("default", |c| c.namespace);
                let content = dice.chance(1, 3).then(|| text(dice));
                Operation::Update { id, content, fields: self.fields(dice, namespace, known) }
            }
            48..58 => Operation::Delete(self.any(dice)),
            58..84 => {
                let name = self.edge(dice, known);
                let fields = Fields { vector: None, ..self.fields(dice, "default", known) };
                let weight = dice.chance(1, 3).then(|| dice.below(100) as f64 - 50.0);
                Operation::Associate { name, weight, fields }
            }
            84..99 => Operation::Dissociate(self.edge(dice, known)),
            _ => {
                let name = dice.pick(&NAMESPACES[1..]);
                let (dimension, metric) =
                    dice.pick(&[(3, Metric::Dot), (18, Metric::L2), (18, Metric::L2)]);
                let made = known.namespaces.get(name).filter(|_| dice.chance(7, 8));
                let (dimension, metric) = made.copied().unwrap_or((dimension, metric));
                Operation::Namespace { name, dimension, metric }
            }
        }
    }

    fn learn(&self, dice: &mut Dice, known: &Reference) -> Operation {
        let slot = &self.slots[dice.below(self.slots.len())];
        let elsewhere = dice.chance(1, 200);
        let namespace = if elsewhere { dice.pick(&NAMESPACES) } else { slot.namespace };
        let identify = match &slot.identify {
            Identify::Content => Identify::Content,
            _ if dice.chance(1, 8) => Identify::Id(slot.id),
            identify => identify.clone(),
        };
        let content = match &identify {
            Identify::Content => slot.content.clone(),
            _ => text(dice),
        };
        Operation::Learn {
            identify,
            namespace,
            content,
            fields: self.fields(dice, namespace, known),
        }
    }

    fn any(&self, dice: &mut Dice) -> ConceptId {
        self.slots[dice.below(self.slots.len())].id
    }

    /// A concept that exists, nearly always; often one of the hubs.
    fn existing(&self, dice: &mut Dice, known: &Reference) -> ConceptId {
        let is_hub = dice.chance(1, 3);
        let among = if is_hub { self.slots.len().min(3) } else { self.slots.len() };
        for _ in 0..8 {
            let id = self.slots[dice.below(among)].id;
            if known.concepts.contains_key(&id) {
                return id;
            }
        }
        if dice.chance(1, 8) {
            return self.any(dice);
        }
        known.concepts.keys().next().copied().unwrap_or_else(|| self.any(dice))
    }

    fn edge(&mut self, dice: &mut Dice, known: &Reference) -> EdgeName {
        if !known.edges.is_empty() && dice.chance(1, 3) {
            let index = dice.below(known.edges.len());
            return *known.edges.keys().nth(index).unwrap();
        }
        let label = match dice.below(40) {
            0..12 => None,
            39 => {
                self.labels_made += 1;
                Some(LABELS as u32 + self.labels_made % 300)
            }
            _ => Some(dice.below(LABELS) as u32),
        };
        let (source, target) = (self.existing(dice, known), self.existing(dice, known));
        EdgeName { source, target, class: dice.below(3) as u8, label }
    }

    fn fields(&self, dice: &mut Dice, namespace: &'static str, known: &Reference) -> Fields {
        let validity = match dice.below(20) {
            0 => Validity { from_ms: Some(millisecond(dice, 50)), to_ms: None },
            1 => Validity { from_ms: None, to_ms: Some(50 + millisecond(dice, 50)) },
            2 => Validity { from_ms: Some(-5), to_ms: Some(500) },
            3 if dice.chance(1, 10) => {
                Validity { from_ms: Some(millisecond(dice, 100)), to_ms: Some(70) }
            }
            _ => Validity::default(),
        };
        let fraction = |dice: &mut Dice| dice.chance(1, 4).then(|| dice.below(9) as f64 / 8.0);
        Fields {
            vector: dice.chance(self.vectors_in_8, 8).then(|| vector(dice, namespace, known)),
            attributes: dice.chance(1, 4).then(|| attributes(dice)),
            strength: fraction(dice),
            confidence: fraction(dice),
            validity,
        }
    }
}

fn millisecond(dice: &mut Dice, below: u32) -> i64 {
    i64::from(dice.below(below as usize) as u32)
}

pub fn label_text(label: u32) -> String {
    format!("label {label}")
}

fn text(dice: &mut Dice) -> String {
    let length = if dice.chance(1, 40) { dice.below(9000) } else { 1 + dice.below(60) };
    format!("{:x} {}", dice.next(), "t".repeat(length))
}

fn attributes(dice: &mut Dice) -> Vec<u8> {
    match dice.below(4) {
        0 => vec![0x80],
        1 => vec![0x81, 0xa1, b'k', dice.below(100) as u8],
        _ => {
            let text = format!("{:02x}", dice.below(256)).repeat(15);
            [&[0x81, 0xa1, b'k', 0xa0 | 0x1e], text.as_bytes()].concat()
        }
    }
}

/// Of whole numbers, so that every way to add them up gives the same.
fn vector(dice: &mut Dice, namespace: &'static str, known: &Reference) -> Vec<f32> {
    let (dimension, _) =
        known.namespaces.get(namespace).or(known.defaults.as_ref()).copied().unwrap();
    let dimension = if dice.chance(1, 300) { dimension + 1 } else { dimension };
    let mut numbers: Vec<f32> = (0..dimension).map(|_| dice.below(7) as f32 - 3.0).collect();
    if dice.chance(199, 200) {
        numbers[0] += 4.0;
    }
    numbers
}

/// The bytes that a client sends.
pub fn encoded(operations: &[Operation]) -> sutra_format::Batch {
    operations.iter().fold(BatchBuilder::new(), add).build()
}

fn add(batch: BatchBuilder, operation: &Operation) -> BatchBuilder {
    match operation {
        Operation::Learn { identify, namespace, content, fields } => {
            let vector = bytes_of(fields);
            batch.learn(&Learn {
                identity: match identify {
                    Identify::Content => Identity::Content,
                    Identify::Key(key) => Identity::Key(key),
                    Identify::Id(id) => Identity::Id(*id),
                },
                namespace,
                content,
                vector: vector.as_deref(),
                attributes: fields.attributes.as_deref(),
                strength: fields.strength,
                confidence: fields.confidence,
                validity: fields.validity,
            })
        }
        Operation::Update { id, content, fields } => {
            let vector = bytes_of(fields);
            batch.update(&Update {
                id: *id,
                content: content.as_deref(),
                vector: vector.as_deref(),
                attributes: fields.attributes.as_deref(),
                strength: fields.strength,
                confidence: fields.confidence,
                validity: fields.validity,
            })
        }
        Operation::Delete(id) => batch.delete(*id),
        Operation::Associate { name, weight, fields } => {
            let label = name.label.map(label_text);
            batch.associate(&Associate {
                name: edge_name(name, label.as_deref()),
                confidence: fields.confidence,
                weight: *weight,
                attributes: fields.attributes.as_deref(),
                validity: fields.validity,
            })
        }
        Operation::Dissociate(name) => {
            let label = name.label.map(label_text);
            batch.dissociate(&edge_name(name, label.as_deref()))
        }
        Operation::Namespace { name, dimension, metric } => {
            batch.namespace(name, *dimension, *metric)
        }
    }
}

fn bytes_of(fields: &Fields) -> Option<Vec<u8>> {
    let vector = fields.vector.as_ref()?;
    Some(vector.iter().flat_map(|number| number.to_le_bytes()).collect())
}

fn edge_name<'a>(name: &EdgeName, label: Option<&'a str>) -> batch::EdgeName<'a> {
    let class = AssociationClass::from_number(name.class).unwrap();
    batch::EdgeName { source: name.source, target: name.target, class, label }
}
