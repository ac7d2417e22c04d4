//! Concepts by vector, by text, and by what they are associated with.

mod expand;
mod fuse;
mod query;

pub use query::{Expand, SearchQuery, Weights};

use crate::store::Store;
use expand::{Reached, expand};
use fuse::{Fused, Source, fuse};
use std::sync::atomic::AtomicBool;
use sutra_format::ConceptId;
use sutra_index::TextQuery;
use sutra_shard::text::Searcher;
use sutra_shard::vector::Nearest;
use sutra_shard::{ConceptRef, Result, View};

/// Places of each source that count where there are several, at least.
const DEPTH_MIN: usize = 100;

/// A concept found.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchHit {
    /// Its location; `View::concept_at` gives the concept.
    pub location: u64,
    /// The higher the better. Of one source its own: cosine, dot product or `1 / (1 + distance)`
    /// for l2; BM25 for a text. Of several, from 0 to 1: 1 is the first place of all of them.
    pub score: f64,
    /// Its place by vector, if it has one.
    pub vector: Option<Placed>,
    /// Its place by text.
    pub text: Option<Placed>,
    /// How it was reached from another hit.
    pub way: Vec<Via>,
}

/// A place among the hits of one source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// From 1.
    pub rank: usize,
    /// Score in that source.
    pub score: f64,
}

/// An association on the way to a concept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Via {
    /// Where it was gone on from.
    pub from: ConceptId,
    /// Where it leads.
    pub to: ConceptId,
    /// The association; `View::edge_at` gives it.
    pub edge: sutra_shard::EdgeRef,
    /// Whether it was gone against its direction.
    pub is_reversed: bool,
}

impl Store {
    /// The `k` best concepts, best first; all that match if there are fewer. The same query gives
    /// the same hits in the same order at the same commit. Unless the query says `exact`, a concept
    /// that is near by its vector may be missed for one that is farther; what was written a moment
    /// ago is not.
    ///
    /// # Errors
    /// `Refused` naming the field, `Aborted`, `Corrupt`.
    pub fn search(
        &self,
        view: &View,
        query: &SearchQuery<'_>,
        cancelled: &AtomicBool,
    ) -> Result<Vec<SearchHit>> {
        query.check(self.limits())?;
        let analyzer = view.parts().analyzer();
        let text = query.text.filter(|_| query.wants_text());
        let text = text.map(|text| TextQuery::parse(text, analyzer)).transpose()?;
        let Some((number, namespace)) = view.namespace_named(query.namespace) else {
            // Reading never creates a namespace, and there is nothing in one that is not there.
            let meta = self.meta();
            query.check_vector(meta.vector_dimension, meta.metric)?;
            return Ok(Vec::new());
        };
        query.check_vector_of(namespace)?;
        let search = Search { store: self, view, number, query, cancelled };
        search.run(text.as_ref())
    }
}

/// A query on its way.
struct Search<'a> {
    store: &'a Store,
    view: &'a View,
    number: u32,
    query: &'a SearchQuery<'a>,
    cancelled: &'a AtomicBool,
}

impl Search<'_> {
    fn run(&self, text: Option<&TextQuery>) -> Result<Vec<SearchHit>> {
        let query = self.query;
        let needs_index = text.is_some() || query.filter.is_some();
        let mut searcher =
            if needs_index { Some(self.view.searcher(self.number, query.filter)?) } else { None };
        let is_alone = query.expansion().is_none() && !(text.is_some() && query.wants_vector());
        let depth = if is_alone { query.k } else { query.k.max(DEPTH_MIN) };
        let mut sources = Vec::with_capacity(3);
        if query.wants_vector() {
            let hits = self.nearest(searcher.as_ref(), depth)?;
            sources.push(Source { weight: query.weights.vector, hits });
        }
        if let (Some(text), Some(searcher)) = (text, &mut searcher) {
            let hits = searcher.text(text, depth, self.cancelled)?;
            let hits = hits.into_iter().map(|hit| (hit.id, hit.score)).collect();
            sources.push(Source { weight: query.weights.text, hits });
        }
        let has_vector = query.wants_vector();
        if is_alone {
            return self.alone(&sources, has_vector);
        }
        let mut fused = fuse(&sources);
        let mut reached = Vec::new();
        if let Some(expansion) = query.expansion() {
            let wants = |concept: &ConceptRef<'_>| match &searcher {
                Some(searcher) => searcher.wants(concept),
                None => Ok(concept.namespace() == self.number),
            };
            let seeds = fused.get(..query.k.min(fused.len())).unwrap_or_default();
            reached = expand(self.view, &wants, seeds, &expansion, self.cancelled)?;
            let hits = reached.iter().map(|found| (found.id, found.score)).collect();
            sources.push(Source { weight: query.weights.graph, hits });
            fused = fuse(&sources);
        }
        self.hits(&fused, has_vector, &reached)
    }

    fn nearest(&self, searcher: Option<&Searcher<'_>>, k: usize) -> Result<Vec<(ConceptId, f64)>> {
        let query = self.query;
        let ef_search = query.ef_search.unwrap_or(self.store.options().ef_search);
        let rows = match searcher.filter(|_| query.filter.is_some()) {
            Some(searcher) => Some(searcher.rows()?),
            None => None,
        };
        let wants = |concept: &ConceptRef<'_>| {
            searcher.map_or(Ok(true), |searcher| searcher.wants(concept))
        };
        let nearest = Nearest {
            query: query.vector.unwrap_or_default(),
            k,
            width: (!query.exact).then_some(ef_search as usize),
            allowed: rows.as_ref(),
            wants: searcher.filter(|searcher| searcher.must_ask()).map(|_| &wants as _),
            seqno: self.view.seqno(),
            cancelled: self.cancelled,
        };
        let scored = self.view.nearest_within(self.number, &nearest)?;
        Ok(scored.into_iter().map(|hit| (hit.id, hit.score)).collect())
    }

    /// The hits of the only source.
    fn alone(&self, sources: &[Source], has_vector: bool) -> Result<Vec<SearchHit>> {
        let hits = sources.first().map_or(&[][..], |source| &source.hits);
        let score_min = self.query.score_min.unwrap_or(f64::NEG_INFINITY);
        let mut found = Vec::with_capacity(hits.len());
        for (rank, (id, score)) in (1..).zip(hits) {
            let Some(concept) = self.view.get(id)?.filter(|_| *score >= score_min) else {
                continue;
            };
            let placed = Some(Placed { rank, score: *score });
            let (vector, text) = if has_vector { (placed, None) } else { (None, placed) };
            let (location, way) = (concept.location(), Vec::new());
            found.push(SearchHit { location, score: *score, vector, text, way });
        }
        Ok(found)
    }

    fn hits(
        &self,
        fused: &[Fused],
        has_vector: bool,
        reached: &[Reached],
    ) -> Result<Vec<SearchHit>> {
        let score_min = self.query.score_min.unwrap_or(f64::NEG_INFINITY);
        let mut found = Vec::with_capacity(self.query.k);
        for hit in fused.iter().take_while(|hit| hit.score >= score_min) {
            if found.len() == self.query.k {
                break;
            }
            let Some(concept) = self.view.get(&hit.id)? else { continue };
            let place = |source: usize| hit.places.get(source).copied().flatten();
            let (vector, text) = if has_vector { (place(0), place(1)) } else { (None, place(0)) };
            let is_by_text = self.query.wants_text();
            let text = text.filter(|_| is_by_text);
            let way = reached.iter().find(|reached| reached.id == hit.id);
            found.push(SearchHit {
                location: concept.location(),
                score: hit.score,
                vector,
                text,
                way: way.map(|reached| reached.way.clone()).unwrap_or_default(),
            });
        }
        Ok(found)
    }
}
