//! What to look for, checked before anything is looked for.

use crate::graph::ClassSet;
use sutra_format::op_fields::DEFAULT_NAMESPACE;
use sutra_format::{Limits, Metric, Refusal};
use sutra_index::Filter;
use sutra_shard::Result;
use sutra_shard::names::Namespace;

/// Hops that an expansion goes at most.
const HOPS_MAX: usize = 5;

/// What to look for: a text, a vector, or both.
#[derive(Debug, Clone, Copy)]
pub struct SearchQuery<'a> {
    /// The vector to be near to, of the namespace's dimension.
    pub vector: Option<&'a [f32]>,
    /// Words, "phrases in quotes" and the beginnings of words (`begin*`), any of which may match.
    pub text: Option<&'a str>,
    /// Most hits, 1 to `Limits::search_k_max`.
    pub k: usize,
    /// Namespace to search.
    pub namespace: &'a str,
    /// Only concepts that pass it.
    pub filter: Option<&'a Filter>,
    /// How much each source counts where there are several.
    pub weights: Weights,
    /// Also concepts that are associated with what was found.
    pub expand: Option<Expand>,
    /// Only hits with at least this score.
    pub score_min: Option<f64>,
    /// Compares every vector: nothing is missed.
    pub exact: bool,
    /// Candidates that each graph is asked for, 1 to 10,000: the more, the less is missed. Nothing
    /// for what the store was opened with.
    pub ef_search: Option<u32>,
}

/// How much each source counts, from 0, which leaves it out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Nearness of vectors.
    pub vector: f64,
    /// Words.
    pub text: f64,
    /// Associations with what was found.
    pub graph: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { vector: 1.0, text: 1.0, graph: 1.0 }
    }
}

/// Which associations lead on from what was found.
#[derive(Debug, Clone, Copy)]
pub struct Expand {
    /// How far, 1 to 5.
    pub hops: usize,
    /// Of which classes, in both directions.
    pub classes: ClassSet,
}

impl Default for SearchQuery<'_> {
    fn default() -> Self {
        Self {
            vector: None,
            text: None,
            k: 10,
            namespace: DEFAULT_NAMESPACE,
            filter: None,
            weights: Weights::default(),
            expand: None,
            score_min: None,
            exact: false,
            ef_search: None,
        }
    }
}

impl SearchQuery<'_> {
    /// Refuses what makes no sense whatever is in the namespace.
    ///
    /// # Errors
    /// `Refused` naming the field.
    pub(super) fn check(&self, limits: &Limits) -> Result<()> {
        if self.k == 0 {
            return Err(Refusal::invalid("k", "at least 1 is expected").into());
        }
        Refusal::check_limit("k", self.k, limits.search_k_max)?;
        if self.text.is_none() && self.vector.is_none() {
            return Err(Refusal::invalid("text", "a text, a vector or both are expected").into());
        }
        let Weights { vector, text, graph } = self.weights;
        for (name, weight) in [("vector", vector), ("text", text), ("graph", graph)] {
            if !(weight.is_finite() && weight >= 0.0) {
                let message = "a number that is not negative is expected";
                return Err(Refusal::invalid(format!("weights.{name}"), message).into());
            }
        }
        if !(self.wants_text() || self.wants_vector()) {
            let message = "every source that the query has a value for has weight 0";
            return Err(Refusal::invalid("weights", message).into());
        }
        if let Some(expand) = self.expand {
            if expand.hops == 0 {
                return Err(Refusal::invalid("expand.hops", "at least 1 is expected").into());
            }
            Refusal::check_limit("expand.hops", expand.hops, HOPS_MAX)?;
        }
        Ok(())
    }

    pub(super) fn expansion(&self) -> Option<Expand> {
        self.expand.filter(|_| self.weights.graph > 0.0)
    }

    pub(super) fn wants_text(&self) -> bool {
        self.text.is_some() && self.weights.text > 0.0
    }

    pub(super) fn wants_vector(&self) -> bool {
        self.vector.is_some() && self.weights.vector > 0.0
    }

    /// Refuses a vector that cannot be compared with those of the namespace.
    ///
    /// # Errors
    /// `Refused`.
    pub(super) fn check_vector(&self, dimension: u32, metric: Metric) -> Result<()> {
        let Some(vector) = self.vector else { return Ok(()) };
        let numbers = vector.len();
        if numbers != dimension as usize {
            let message = format!(
                "{numbers} numbers, but namespace {} has dimension {dimension}",
                self.namespace
            );
            return Err(Refusal::invalid("vector", message).into());
        }
        if vector.iter().any(|number| !number.is_finite()) {
            return Err(Refusal::invalid("vector", "every number must be finite").into());
        }
        if metric == Metric::Cosine && vector.iter().all(|number| *number == 0.0) {
            let message = "a vector of zeros has no direction to compare by cosine";
            return Err(Refusal::invalid("vector", message).into());
        }
        Ok(())
    }

    pub(super) fn check_vector_of(&self, namespace: &Namespace) -> Result<()> {
        self.check_vector(namespace.dimension, namespace.metric)
    }
}
