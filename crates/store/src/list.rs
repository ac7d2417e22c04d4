//! Concepts page by page, by id or newest first.

use crate::store::Store;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use sutra_format::{ConceptId, Refusal};
use sutra_index::Filter;
use sutra_shard::{ConceptRef, Error, RecentAt, Result, View};

/// Concepts of one page.
const LIMIT_MAX: usize = 10_000;
/// Concepts looked at between two looks at the caller's flag.
const STEPS_PER_LOOK: usize = 4096;

/// In what order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Last changed first. Continues after a concept, `None` at the start.
    Recent {
        /// Last concept of the page before.
        before: Option<RecentAt>,
    },
    /// By id. Continues after an id, `None` at the start.
    Id {
        /// Last id of the page before.
        after: Option<ConceptId>,
    },
}

/// Which page.
#[derive(Debug, Clone, Copy)]
pub struct ListQuery<'a> {
    /// Only this namespace; all of them if left out.
    pub namespace: Option<&'a str>,
    /// Only concepts that pass it.
    pub filter: Option<&'a Filter>,
    /// Order and place to continue.
    pub order: Order,
    /// Concepts of the page, 1 to 10,000.
    pub limit: usize,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Locations of the concepts, in order; `View::concept_at` gives each.
    pub locations: Vec<u64>,
    /// Where the next page continues; nothing after the last one.
    pub next: Option<Order>,
}

impl Store {
    /// One page of the concepts in a view.
    ///
    /// # Errors
    /// `Refused` naming `limit`, `Aborted`.
    pub fn list(
        &self,
        view: &View,
        query: &ListQuery<'_>,
        cancelled: &AtomicBool,
    ) -> Result<Listed> {
        if query.limit == 0 {
            return Err(Refusal::invalid("limit", "at least 1 is expected").into());
        }
        Refusal::check_limit("limit", query.limit, LIMIT_MAX)?;
        let namespace = match query.namespace {
            None => None,
            Some(name) => match view.namespace_named(name) {
                Some((number, _)) => Some(number),
                None => return Ok(Listed { locations: Vec::new(), next: None }),
            },
        };
        let page = Page { view, namespace, limit: query.limit, cancelled };
        if let Some(filter) = query.filter {
            return page.filtered(filter, query.order);
        }
        match query.order {
            Order::Recent { before } => page.recent(before),
            Order::Id { after } => page.by_id(after),
        }
    }
}

struct Page<'a> {
    view: &'a View,
    namespace: Option<u32>,
    limit: usize,
    cancelled: &'a AtomicBool,
}

impl Page<'_> {
    fn holds(&self, concept: &ConceptRef<'_>) -> bool {
        self.namespace.is_none_or(|namespace| namespace == concept.namespace())
    }

    fn is_cancelled(&self, step: usize) -> bool {
        step.is_multiple_of(STEPS_PER_LOOK) && self.cancelled.load(Ordering::Relaxed)
    }

    fn recent(&self, before: Option<RecentAt>) -> Result<Listed> {
        let mut locations = Vec::with_capacity(self.limit.min(1024));
        let mut last = None;
        let mut is_full = false;
        let mut step = 0;
        let walked = self.view.recent(before, |concept| {
            step += 1;
            if self.is_cancelled(step) {
                return ControlFlow::Break(());
            }
            if self.holds(&concept) {
                // One more than fits is looked for, to know whether another page follows.
                is_full = locations.len() == self.limit;
                if is_full {
                    return ControlFlow::Break(());
                }
                locations.push(concept.location());
                last = Some(RecentAt { seqno: concept.seqno(), ordinal: concept.ordinal() });
            }
            ControlFlow::Continue(())
        })?;
        if walked.is_break() && !is_full {
            return Err(Error::Aborted);
        }
        let next = last.filter(|_| is_full).map(|last| Order::Recent { before: Some(last) });
        Ok(Listed { locations, next })
    }

    /// What passes a filter, as the index has it.
    fn filtered(&self, filter: &Filter, order: Order) -> Result<Listed> {
        let namespaces = match self.namespace {
            Some(number) => number..number + 1,
            None => 0..self.view.namespaces(),
        };
        // One more than fits shows that another page follows.
        let wanted = self.limit + 1;
        let mut found: Vec<(RecentAt, ConceptId, u64)> = Vec::new();
        for number in namespaces {
            let searcher = self.view.searcher(number, Some(filter))?;
            let before = match order {
                Order::Recent { before } => before,
                Order::Id { .. } => None,
            };
            let mut step = 0;
            let mut left = wanted;
            let mut is_cancelled = false;
            let _ = searcher.newest(before, &mut |concept| {
                step += 1;
                is_cancelled |= self.is_cancelled(step);
                let at = RecentAt { seqno: concept.seqno(), ordinal: concept.ordinal() };
                match order {
                    Order::Id { after } if after.is_some_and(|after| concept.id() <= after) => {}
                    _ => found.push((at, concept.id(), concept.location())),
                }
                left -= usize::from(matches!(order, Order::Recent { .. }));
                if is_cancelled || left == 0 {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })?;
            if is_cancelled {
                return Err(Error::Aborted);
            }
        }
        match order {
            Order::Recent { .. } => found.sort_unstable_by_key(|(at, ..)| std::cmp::Reverse(*at)),
            Order::Id { .. } => found.sort_unstable_by_key(|(_, id, _)| *id),
        }
        let has_next = found.len() > self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| has_next).map(|(at, id, _)| match order {
            Order::Recent { .. } => Order::Recent { before: Some(*at) },
            Order::Id { .. } => Order::Id { after: Some(*id) },
        });
        Ok(Listed { locations: found.into_iter().map(|(.., location)| location).collect(), next })
    }

    /// Keeps the smallest ids after the last page in a set while it looks at every id once.
    fn by_id(&self, after: Option<ConceptId>) -> Result<Listed> {
        let mut smallest: BTreeMap<ConceptId, u64> = BTreeMap::new();
        let mut step = 0;
        let mut failed = Ok(());
        let walked = self.view.ids(|id| {
            step += 1;
            if self.is_cancelled(step) {
                return ControlFlow::Break(());
            }
            let is_after = after.is_none_or(|after| *id > after);
            let is_among = smallest.len() <= self.limit
                || smallest.last_key_value().is_some_and(|(largest, _)| id < largest);
            if !is_after || !is_among || smallest.contains_key(id) {
                return ControlFlow::Continue(());
            }
            match self.view.get(id) {
                Ok(Some(concept)) if self.holds(&concept) => {
                    smallest.insert(*id, concept.location());
                    if smallest.len() > self.limit + 1 {
                        smallest.pop_last();
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    failed = Err(error);
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })?;
        failed?;
        if walked.is_break() {
            return Err(Error::Aborted);
        }
        let has_next = smallest.len() > self.limit;
        if has_next {
            smallest.pop_last();
        }
        let last = smallest.last_key_value().map(|(id, _)| *id).filter(|_| has_next);
        Ok(Listed {
            locations: smallest.into_values().collect(),
            next: last.map(|id| Order::Id { after: Some(id) }),
        })
    }
}
