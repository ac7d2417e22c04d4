//! What a search of one namespace looks at: the parts of the index, without what the reader does
//! not see, and the versions that no part has yet.

use super::build::PartBuilder;
use super::collect::{document_of, versions_between};
use super::part::{Held, Part};
use super::parts::Parts;
use super::row_set::RowSet;
use crate::concept_ref::ConceptRef;
use crate::error::{Error, Result};
use crate::recent::RecentAt;
use crate::view::View;
use hashbrown::HashSet;
use roaring::RoaringBitmap;
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;
use sutra_format::ConceptId;
use sutra_index::{
    Corpus, Filter, LooseDocument, LooseText, PartColumns, Place, SearchedPart, TextHit, TextQuery,
    TextSearch, TextSearchError,
};

/// Versions in no part above which they are made into one for the search.
const LOOSE_MAX: usize = 64;

/// A namespace as a view shows it, and which of its concepts are wanted.
pub struct Searcher<'a> {
    view: &'a View,
    namespace: u32,
    /// Its name.
    name: &'a str,
    filter: Option<&'a Filter>,
    places: Vec<Searched<'a>>,
    /// Newer than everything in the parts, oldest first.
    loose: Vec<Loose<'a>>,
    held: Held,
}

/// A part.
struct Searched<'a> {
    part: Source<'a>,
    /// Documents that are not seen.
    hidden: Cow<'a, RoaringBitmap>,
    /// Documents that are wanted, seen or not; nothing for all of them.
    allowed: Option<RoaringBitmap>,
}

enum Source<'a> {
    Kept(&'a Part),
    /// Of what no part has yet.
    Made(Box<Part>),
}

impl Searched<'_> {
    /// Documents that are wanted and seen, ascending. Of a part without a filter all of them may
    /// be of other namespaces.
    fn wanted(&self) -> Box<dyn DoubleEndedIterator<Item = u32> + '_> {
        let is_seen = |document: &u32| !self.hidden.contains(*document);
        match &self.allowed {
            Some(allowed) => Box::new(allowed.iter().filter(is_seen)),
            None => Box::new((0..self.part.part().documents()).filter(is_seen)),
        }
    }
}

impl Source<'_> {
    fn part(&self) -> &Part {
        match self {
            Source::Kept(part) => part,
            Source::Made(part) => part,
        }
    }
}

struct Loose<'a> {
    concept: ConceptRef<'a>,
    is_allowed: bool,
}

/// A concept whose text matches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextScored {
    /// The concept.
    pub id: ConceptId,
    /// By BM25, above 0.
    pub score: f64,
}

impl<'a> Searcher<'a> {
    /// Looks a namespace up in a view. Only what passes the filter is wanted.
    ///
    /// # Errors
    /// `Corrupt`.
    pub(crate) fn new(view: &'a View, namespace: u32, filter: Option<&'a Filter>) -> Result<Self> {
        let name = view.namespace(namespace).map_or("", |namespace| &*namespace.name);
        let (places, loose, held) = (Vec::new(), Vec::new(), Held::default());
        let mut searcher = Self { view, namespace, name, filter, places, loose, held };
        let parts: &'a Parts = view.parts();
        let covered_seqno = parts.covered_seqno();
        for entry in &parts.entries {
            let hidden = entry.hidden(view.seqno())?;
            let total = entry.part.totals().get(&namespace).copied().unwrap_or_default();
            searcher.held.documents += total.documents;
            searcher.held.words += total.words;
            let is_current = matches!(hidden, Cow::Borrowed(_));
            let ended = entry.ended.totals.get(&namespace).copied().filter(|_| is_current);
            let part = Source::Kept(&entry.part);
            searcher.places.push(Searched { part, hidden, allowed: None });
            match ended {
                Some(ended) => searcher.take_away(ended),
                None if is_current => {}
                None => searcher.take_away_hidden(searcher.places.len() - 1)?,
            }
        }
        if view.seqno() > covered_seqno {
            searcher.add_rest(parts)?;
        }
        searcher.choose()?;
        Ok(searcher)
    }

    fn take_away(&mut self, held: Held) {
        self.held.documents = self.held.documents.saturating_sub(held.documents);
        self.held.words = self.held.words.saturating_sub(held.words);
    }

    fn take_away_hidden(&mut self, place: usize) -> Result<()> {
        let Some(searched) = self.places.get(place) else { return Ok(()) };
        let docs = searched.part.part().docs()?;
        let mut held = Held::default();
        for document in searched.hidden.iter() {
            if docs.namespace(document) == Some(self.namespace) {
                held.documents += 1;
                held.words += u64::from(docs.words(document).unwrap_or_default());
            }
        }
        self.take_away(held);
        Ok(())
    }

    /// What the parts do not have yet: versions that are seen, and those in parts that are not
    /// seen any more.
    fn add_rest(&mut self, parts: &'a Parts) -> Result<()> {
        let view = self.view;
        let state = &**view.state();
        let (covered_seqno, seqno) = (parts.covered_seqno(), view.seqno());
        let mut seen = HashSet::new();
        let mut rest: Vec<(u64, ConceptId)> = Vec::new();
        let _ = versions_between(state, covered_seqno, seqno, &mut |version| {
            if seen.insert(version.id())
                && let Some(before) = state.concept(&version.id(), covered_seqno)?
                && let Some((place, document)) = parts.find(before.seqno(), before.ordinal())?
            {
                self.hide(place, document)?;
            }
            if version.namespace() == self.namespace && !version.record().is_tombstone() {
                rest.push((version.location(), version.id()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let mut visible = Vec::with_capacity(rest.len());
        for (location, id) in rest {
            if let Some(concept) = state.concept(&id, seqno)?
                && concept.location() == location
            {
                visible.push(concept);
            }
        }
        if visible.len() <= LOOSE_MAX {
            let loose = visible.into_iter().map(|concept| Loose { concept, is_allowed: true });
            self.loose.extend(loose);
            return Ok(());
        }
        let mut builder = PartBuilder::new(parts.analyzer());
        for concept in &visible {
            builder.add(concept)?;
        }
        let part = builder.finish(covered_seqno, seqno);
        let total = part.totals().get(&self.namespace).copied().unwrap_or_default();
        self.held.documents += total.documents;
        self.held.words += total.words;
        self.places.push(Searched {
            part: Source::Made(Box::new(part)),
            hidden: Cow::Owned(RoaringBitmap::new()),
            allowed: None,
        });
        Ok(())
    }

    fn hide(&mut self, place: usize, document: u32) -> Result<()> {
        let Some(searched) = self.places.get_mut(place) else { return Ok(()) };
        if !searched.hidden.to_mut().insert(document) {
            return Ok(());
        }
        let docs = searched.part.part().docs()?;
        if docs.namespace(document) == Some(self.namespace) {
            let words = u64::from(docs.words(document).unwrap_or_default());
            self.take_away(Held { documents: 1, words });
        }
        Ok(())
    }

    /// Looks which documents pass the filter.
    fn choose(&mut self) -> Result<()> {
        let Some(filter) = self.filter else { return Ok(()) };
        for searched in &mut self.places {
            let part = searched.part.part();
            let columns = PartColumns { docs: part.docs()?, attributes: part.attributes()? };
            let allowed = filter.select(&columns, self.namespace, self.name);
            searched.allowed = Some(allowed.map_err(|error| part.undecodable(&error))?);
        }
        for loose in &mut self.loose {
            loose.is_allowed = passes(filter, &loose.concept, self.name)?;
        }
        Ok(())
    }

    /// Whether concepts have to be asked whether they are wanted, besides the rows that the index
    /// gives: it has not been compared with the layers yet.
    #[must_use]
    pub fn must_ask(&self) -> bool {
        self.filter.is_some() && !self.view.parts().is_compared
    }

    /// Whether a concept of the view is one that is wanted.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn wants(&self, concept: &ConceptRef<'_>) -> Result<bool> {
        if concept.namespace() != self.namespace {
            return Ok(false);
        }
        self.filter.map_or(Ok(true), |filter| passes(filter, concept, self.name))
    }

    /// The concepts whose text matches best, best first, equally good ones in the order of the
    /// commits that made them; all that match when there are fewer than `k`.
    ///
    /// # Errors
    /// `Corrupt`, `Aborted`.
    pub fn text(
        &mut self,
        query: &TextQuery,
        k: usize,
        cancelled: &AtomicBool,
    ) -> Result<Vec<TextScored>> {
        loop {
            let hits = self.text_hits(query, k, cancelled)?;
            let mut scored = Vec::with_capacity(hits.len());
            let mut unseen = Vec::new();
            for hit in hits {
                match self.found(hit.place)? {
                    Some(id) => scored.push(TextScored { id, score: hit.score }),
                    None => unseen.push(hit.place),
                }
            }
            if unseen.is_empty() {
                return Ok(scored);
            }
            // The index is catching up, and has not heard of their end yet.
            for place in unseen {
                if let Place::Part { part, document } = place {
                    self.hide(part, document)?;
                }
            }
        }
    }

    fn text_hits(
        &self,
        query: &TextQuery,
        k: usize,
        cancelled: &AtomicBool,
    ) -> Result<Vec<TextHit>> {
        let mut docs = Vec::with_capacity(self.places.len());
        for searched in &self.places {
            docs.push(searched.part.part().docs()?);
        }
        let mut parts = Vec::with_capacity(self.places.len());
        for (searched, docs) in self.places.iter().zip(&docs) {
            parts.push(SearchedPart {
                text: searched.part.part().text()?,
                lengths: docs.all_words(),
                dead: Some(&*searched.hidden).filter(|hidden| !hidden.is_empty()),
                allowed: searched.allowed.as_ref(),
            });
        }
        let mut loose = Vec::with_capacity(self.loose.len());
        let mut corpus = Corpus { documents: self.held.documents, words: self.held.words };
        for Loose { concept, is_allowed } in &self.loose {
            let content = std::str::from_utf8(concept.content()?);
            let content = content.map_err(|_| concept.state.bad_text_of(concept))?;
            let text = LooseText::new(content, self.view.parts().analyzer(), query);
            corpus.documents += 1;
            corpus.words += u64::from(text.length());
            loose.push(LooseDocument { text, allowed: *is_allowed });
        }
        let (parts, loose) = (parts.as_slice(), loose.as_slice());
        let search = TextSearch { query, namespace: self.namespace, parts, loose, corpus, k };
        search.run(cancelled).map_err(|error| match error {
            TextSearchError::Cancelled => Error::Aborted,
            TextSearchError::Damaged { part, error } => self
                .places
                .get(part)
                .map_or(Error::Aborted, |searched| searched.part.part().undecodable(&error)),
        })
    }

    /// The concept of a document, if the view has that version of it.
    fn found(&self, place: Place) -> Result<Option<ConceptId>> {
        match place {
            Place::Loose(index) => Ok(self.loose.get(index).map(|loose| loose.concept.id())),
            Place::Part { part, document } => {
                let Some(searched) = self.places.get(part) else { return Ok(None) };
                Ok(self.concept_of(searched.part.part(), document)?.map(|concept| concept.id()))
            }
        }
    }

    fn concept_of(&self, part: &Part, document: u32) -> Result<Option<ConceptRef<'a>>> {
        let docs = part.docs()?;
        let Some(id) = docs.id(document) else { return Ok(None) };
        let concept = self.view.get(&id)?;
        let made = (docs.seqno(document), docs.ordinal(document));
        Ok(concept.filter(|found| made == (Some(found.seqno()), Some(found.ordinal()))))
    }

    /// The rows of the vectors of what is wanted.
    ///
    /// # Errors
    /// `Corrupt`.
    pub fn rows(&self) -> Result<RowSet> {
        let mut rows = RowSet::default();
        for searched in &self.places {
            let docs = searched.part.part().docs()?;
            for document in searched.wanted() {
                docs.row(document).inspect(|row| rows.insert(*row));
            }
        }
        let wanted = self.loose.iter().filter(|loose| loose.is_allowed);
        wanted.filter_map(|loose| loose.concept.row()).for_each(|row| rows.insert(row));
        Ok(rows)
    }

    /// Gives what is wanted and was changed before a place, newest first.
    ///
    /// # Errors
    /// `Corrupt`; some may have been given before.
    pub fn newest(
        &self,
        before: Option<RecentAt>,
        visit: &mut dyn FnMut(ConceptRef<'a>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>> {
        let is_before = |concept: &ConceptRef<'_>| {
            let at = RecentAt { seqno: concept.seqno(), ordinal: concept.ordinal() };
            before.is_none_or(|before| at < before)
        };
        for Loose { concept, is_allowed } in self.loose.iter().rev() {
            if *is_allowed && is_before(concept) && visit(*concept).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        for searched in self.places.iter().rev() {
            let part = searched.part.part();
            for document in searched.wanted().rev() {
                if let Some(concept) = self.concept_of(part, document)?
                    && concept.namespace() == self.namespace
                    && is_before(&concept)
                    && visit(concept).is_break()
                {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn passes(filter: &Filter, concept: &ConceptRef<'_>, name: &str) -> Result<bool> {
    let passes = filter.matches(&document_of(concept)?, name);
    passes.map_err(|_| concept.state.bad_text_of(concept))
}
