//! What a concept or association becomes when the fields given are put over those it has. A field
//! left out stays as it is.

use crate::edge_fields::EdgeFields;
use sutra_format::op_fields::Validity;
use sutra_format::{Associate, Learn, Update};

/// The fields of a concept that a write may give.
#[derive(Debug, Clone, Copy)]
pub struct ConceptFields<'a> {
    pub content: Option<&'a str>,
    pub vector: Option<&'a [u8]>,
    pub attributes: Option<&'a [u8]>,
    pub strength: Option<f64>,
    pub confidence: Option<f64>,
    pub validity: Validity,
}

impl<'a> From<&Learn<'a>> for ConceptFields<'a> {
    fn from(learn: &Learn<'a>) -> Self {
        Self {
            content: Some(learn.content),
            vector: learn.vector,
            attributes: learn.attributes,
            strength: learn.strength,
            confidence: learn.confidence,
            validity: learn.validity,
        }
    }
}

impl<'a> From<&Update<'a>> for ConceptFields<'a> {
    fn from(update: &Update<'a>) -> Self {
        Self {
            content: update.content,
            vector: update.vector,
            attributes: update.attributes,
            strength: update.strength,
            confidence: update.confidence,
            validity: update.validity,
        }
    }
}

/// Validity of a concept after a write.
pub fn concept_validity(before: Option<Validity>, given: Validity) -> Validity {
    merge_validity(before, given)
}

/// Validity of an association after a write.
pub fn edge_validity(before: Option<Validity>, given: Validity) -> Validity {
    merge_validity(before, given)
}

fn merge_validity(before: Option<Validity>, given: Validity) -> Validity {
    let before = before.unwrap_or_default();
    Validity { from_ms: given.from_ms.or(before.from_ms), to_ms: given.to_ms.or(before.to_ms) }
}

/// Confidence and weight of an association after a write.
pub fn edge_strengths(before: Option<&EdgeFields<'_>>, given: &Associate<'_>) -> (f64, f64) {
    let confidence = given.confidence.or(before.map(|before| before.confidence)).unwrap_or(1.0);
    let weight = given.weight.or(before.map(|before| before.weight)).unwrap_or(1.0);
    (confidence, weight)
}
