//! What the tests of this crate share: JSON, documents that own their bytes, sections in memory,
//! and filters evaluated over the JSON itself, written apart from the engine.

mod json;
mod naive;
mod random;

pub use json::Json;
pub use naive::matches;
pub use random::{documents, filter};

use crate::attributes::{AttributeBuilder, AttributeIndex};
use crate::docs::{DocTable, DocTableBuilder};
use crate::document::Document;
use crate::filter::PartColumns;
use crate::sink::{PartSection, PartSink};
use std::convert::Infallible;
use sutra_format::ConceptId;
use sutra_format::op_fields::Validity;

/// A document that owns what [`Document`] borrows.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub id: ConceptId,
    pub seqno: u64,
    pub ordinal: u32,
    pub namespace: u32,
    pub row: Option<u32>,
    pub attributes: Json,
    pub encoded: Vec<u8>,
    pub key: String,
    pub created_us: u64,
    pub updated_us: u64,
    pub strength: f64,
    pub confidence: f64,
    pub validity: Validity,
}

impl Version {
    pub fn new(seqno: u64, attributes: &str) -> Self {
        let attributes = Json::parse(attributes);
        Self {
            id: ConceptId([seqno as u8; 16]),
            seqno,
            ordinal: 0,
            namespace: 0,
            row: None,
            encoded: attributes.encode(),
            attributes,
            key: String::new(),
            created_us: 0,
            updated_us: 0,
            strength: 1.0,
            confidence: 1.0,
            validity: Validity::default(),
        }
    }

    pub fn document(&self) -> Document<'_> {
        Document {
            id: self.id,
            seqno: self.seqno,
            ordinal: self.ordinal,
            namespace: self.namespace,
            row: self.row,
            content: b"",
            attributes: &self.encoded,
            key: self.key.as_bytes(),
            created_us: self.created_us,
            updated_us: self.updated_us,
            strength: self.strength,
            confidence: self.confidence,
            validity: self.validity,
        }
    }
}

/// Sections in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sections {
    bytes: [Vec<u8>; PartSection::ALL.len()],
}

impl Sections {
    pub fn of(&self, section: PartSection) -> &[u8] {
        &self.bytes[Self::index(section)]
    }

    pub fn of_mut(&mut self, section: PartSection) -> &mut Vec<u8> {
        &mut self.bytes[Self::index(section)]
    }

    fn index(section: PartSection) -> usize {
        PartSection::ALL.iter().position(|other| *other == section).unwrap()
    }

    /// Builds a part of documents.
    pub fn build<'a>(versions: impl IntoIterator<Item = &'a Version>) -> Self {
        let mut sections = Self::default();
        let (mut docs, mut attributes) = (DocTableBuilder::new(), AttributeBuilder::new());
        for version in versions {
            attributes.add(docs.documents(), &version.document()).unwrap();
            docs.add(&version.document(), version.seqno as u32 * 3);
        }
        let Ok(()) = docs.write(&mut sections);
        let Ok(()) = attributes.write(&mut sections);
        sections
    }

    pub fn docs(&self, documents: usize) -> DocTable<'_> {
        DocTable::open(self.of(PartSection::Docs), documents as u32).unwrap()
    }

    pub fn attributes(&self) -> AttributeIndex<'_> {
        AttributeIndex::open(
            self.of(PartSection::ValueEntries),
            self.of(PartSection::ValueBytes),
            self.of(PartSection::ValueDocs),
        )
        .unwrap()
    }

    pub fn columns(&self, documents: usize) -> PartColumns<'_> {
        PartColumns { docs: self.docs(documents), attributes: self.attributes() }
    }
}

impl PartSink for Sections {
    type Error = Infallible;

    fn append(&mut self, section: PartSection, bytes: &[u8]) -> Result<(), Infallible> {
        self.of_mut(section).extend_from_slice(bytes);
        Ok(())
    }
}
