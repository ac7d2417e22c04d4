//! The operations of a simulated history: small, readable when printed, and easy to encode.

use sutra_format::op_fields::{DEFAULT_NAMESPACE, Validity};
use sutra_format::{
    Associate, AssociationClass, Batch, BatchBuilder, ConceptId, EdgeName, Identity, Learn, Update,
};

use crate::dice::{Actor, Dice};
use crate::model::EdgeKey;

/// Numbers in each vector.
pub const DIMENSION: usize = 4;
/// Concepts a history speaks of.
pub const SLOTS: u8 = 12;
/// Slots from this one on live in a namespace of their own.
const NOTES_FROM: u8 = 9;
const NOTES: &str = "notes";
/// What texts are made of, besides their versions.
pub const WORDS: [&str; 8] = ["red", "green", "redder", "apple", "apples", "river", "stone", "s"];

/// One of the concepts a history speaks of. A third each is named by id, by key and by content.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Slot(pub u8);

impl Slot {
    /// Its namespace.
    #[must_use]
    pub fn namespace(self) -> &'static str {
        if self.0 < NOTES_FROM { DEFAULT_NAMESPACE } else { NOTES }
    }

    /// Its id.
    #[must_use]
    pub fn id(self) -> ConceptId {
        match self.0 % 3 {
            0 => ConceptId([self.0 + 1; 16]),
            1 => ConceptId::of_key(self.namespace(), &self.name()),
            _ => ConceptId::of_content(self.namespace(), &self.name()),
        }
    }

    /// Its content after a learn: its name if that is how it is named, else the text given.
    #[must_use]
    pub fn content(self, fields: &Fields) -> String {
        match (&fields.text, self.0 % 3) {
            (Some(text), 0 | 1) => text.content(),
            _ => self.name(),
        }
    }

    fn name(self) -> String {
        format!("slot {}", self.0)
    }
}

/// A text that differs by version, filled up with words; the last one may be cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Text {
    /// Makes it differ from others.
    pub version: u32,
    /// Bytes, at least what the version takes.
    pub bytes: usize,
}

impl Text {
    /// The text.
    #[must_use]
    pub fn content(self) -> String {
        let mut text = format!("text {} ", self.version);
        let mut dice = Dice::new(u64::from(self.version), Actor::Words);
        let bytes = self.bytes.max(text.len());
        while text.len() < bytes {
            text.push_str(dice.pick(&WORDS));
            text.push(' ');
        }
        text.truncate(bytes);
        text
    }
}

/// What a learn or an update gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    /// New text.
    pub text: Option<Text>,
    /// New vector.
    pub vector: Option<[i8; DIMENSION]>,
    /// New attributes: one small number.
    pub attributes: Option<u8>,
    /// New strength.
    pub strength: Option<f64>,
    /// New confidence.
    pub confidence: Option<f64>,
    /// New start of validity.
    pub valid_from: Option<i64>,
    /// New end of validity.
    pub valid_to: Option<i64>,
}

impl Fields {
    /// The attributes encoded.
    #[must_use]
    pub fn attributes_bytes(&self) -> Option<Vec<u8>> {
        self.attributes.map(encode_attributes)
    }

    fn vector_bytes(&self) -> Option<Vec<u8>> {
        let vector = self.vector?;
        Some(vector.iter().flat_map(|number| f32::from(*number).to_le_bytes()).collect())
    }

    fn validity(&self) -> Validity {
        Validity { from_ms: self.valid_from, to_ms: self.valid_to }
    }
}

/// An association between two slots.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EdgeSlots {
    /// Where it starts.
    pub source: Slot,
    /// Where it ends.
    pub target: Slot,
    /// Its class.
    pub class: AssociationClass,
    /// Its label, by number.
    pub label: Option<u8>,
}

impl EdgeSlots {
    /// What it is known by.
    #[must_use]
    pub fn key(&self) -> EdgeKey {
        EdgeKey {
            source: self.source.id(),
            target: self.target.id(),
            class: self.class,
            label: self.label.map(|number| format!("label {number}")),
        }
    }
}

/// What an association is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EdgeFields {
    /// New confidence.
    pub confidence: Option<f64>,
    /// New weight.
    pub weight: Option<f64>,
    /// New attributes: one small number.
    pub attributes: Option<u8>,
    /// New start of validity.
    pub valid_from: Option<i64>,
    /// New end of validity.
    pub valid_to: Option<i64>,
}

impl EdgeFields {
    /// The attributes encoded.
    #[must_use]
    pub fn attributes_bytes(&self) -> Option<Vec<u8>> {
        self.attributes.map(encode_attributes)
    }
}

/// One operation of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Creates or changes a concept.
    Learn {
        /// The concept.
        slot: Slot,
        /// What it is given.
        fields: Fields,
    },
    /// Changes a concept.
    Update {
        /// The concept.
        slot: Slot,
        /// What it is given.
        fields: Fields,
    },
    /// Removes a concept and its associations.
    Delete {
        /// The concept.
        slot: Slot,
    },
    /// Creates or changes an association.
    Associate {
        /// The association.
        edge: EdgeSlots,
        /// What it is given.
        fields: EdgeFields,
    },
    /// Removes an association.
    Dissociate {
        /// The association.
        edge: EdgeSlots,
    },
}

/// The batch as the engine takes it.
#[must_use]
pub fn encode(batch: &[Operation]) -> Batch {
    let mut builder = BatchBuilder::new();
    for operation in batch {
        builder = add(builder, operation);
    }
    builder.build()
}

fn add(builder: BatchBuilder, operation: &Operation) -> BatchBuilder {
    match operation {
        Operation::Learn { slot, fields } => learn(builder, *slot, fields),
        Operation::Update { slot, fields } => builder.update(&Update {
            id: slot.id(),
            content: fields.text.map(Text::content).as_deref(),
            vector: fields.vector_bytes().as_deref(),
            attributes: fields.attributes_bytes().as_deref(),
            strength: fields.strength,
            confidence: fields.confidence,
            validity: fields.validity(),
        }),
        Operation::Delete { slot } => builder.delete(slot.id()),
        Operation::Associate { edge, fields } => {
            let key = edge.key();
            builder.associate(&Associate {
                name: edge_name(&key),
                confidence: fields.confidence,
                weight: fields.weight,
                attributes: fields.attributes_bytes().as_deref(),
                validity: Validity { from_ms: fields.valid_from, to_ms: fields.valid_to },
            })
        }
        Operation::Dissociate { edge } => builder.dissociate(&edge_name(&edge.key())),
    }
}

fn learn(builder: BatchBuilder, slot: Slot, fields: &Fields) -> BatchBuilder {
    let name = slot.name();
    builder.learn(&Learn {
        identity: match slot.0 % 3 {
            0 => Identity::Id(slot.id()),
            1 => Identity::Key(&name),
            _ => Identity::Content,
        },
        namespace: slot.namespace(),
        content: &slot.content(fields),
        vector: fields.vector_bytes().as_deref(),
        attributes: fields.attributes_bytes().as_deref(),
        strength: fields.strength,
        confidence: fields.confidence,
        validity: fields.validity(),
    })
}

fn edge_name(key: &EdgeKey) -> EdgeName<'_> {
    EdgeName {
        source: key.source,
        target: key.target,
        class: key.class,
        label: key.label.as_deref(),
    }
}

/// The map `{"n": number}`; the number must be below 128.
fn encode_attributes(number: u8) -> Vec<u8> {
    vec![0x81, 0xa1, b'n', number & 0x7f]
}

#[cfg(test)]
mod tests {
    use super::*;
    use sutra_format::{Limits, Op};

    #[test]
    fn every_operation_is_one_the_engine_reads() {
        let edge = EdgeSlots {
            source: Slot(0),
            target: Slot(10),
            class: AssociationClass::Causal,
            label: Some(1),
        };
        let text = Some(Text { version: 7, bytes: 100 });
        let fields = Fields { text, vector: Some([1, 0, 0, -1]), ..Fields::default() };
        let mut batch: Vec<_> = (0..SLOTS)
            .map(|slot| Operation::Learn { slot: Slot(slot), fields: fields.clone() })
            .collect();
        batch.push(Operation::Update { slot: Slot(1), fields });
        let attributes = EdgeFields { attributes: Some(3), ..EdgeFields::default() };
        batch.push(Operation::Associate { edge, fields: attributes });
        batch.push(Operation::Dissociate { edge });
        batch.push(Operation::Delete { slot: Slot(2) });
        let encoded = encode(&batch);
        let decoded = encoded.decode(&Limits::default()).unwrap();
        assert_eq!(decoded.len(), batch.len());
        for (operation, slot) in decoded.iter().zip(0..SLOTS) {
            assert!(matches!(operation, Op::Learn(learn) if learn.id() == Slot(slot).id()));
        }
    }
}
