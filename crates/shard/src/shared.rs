//! What readers and background tasks of a shard share: its state, the last commit that readers see,
//! and what exists at it.
//!
//! Invariant: a state is in place before any commit of its newest delta is published. So a reader
//! that loads the published seqno, and after it finds the state unchanged, has both of one instant.

use crate::delta::Counts;
use crate::state::State;
use crate::sync::{ArcSwap, AtomicU64, Mutex, Ordering, spin_loop};
use crate::text::Parts;
use crate::view::View;
use std::sync::Arc;

/// Loaded by anybody; stored by the committer (`publish`) and, one at a time, by whoever changes
/// the layers (`install`).
pub struct Shared {
    state: ArcSwap<State>,
    /// The index of texts and attributes.
    parts: ArcSwap<Parts>,
    generation: AtomicU64,
    published_seqno: AtomicU64,
    concepts: AtomicU64,
    edges: AtomicU64,
    vectors: AtomicU64,
    written: AtomicU64,
    changed: Hook,
    freed: Hook,
    #[cfg(feature = "planted-bugs")]
    planted_bug: Option<crate::PlantedBug>,
}

/// What somebody else wants to be called for.
type Hook = Mutex<Option<Box<dyn Fn() + Send + Sync>>>;

impl Shared {
    pub(crate) fn new(state: Arc<State>, parts: Parts) -> Self {
        Self {
            generation: AtomicU64::new(state.generation()),
            state: ArcSwap::new(state),
            parts: ArcSwap::from_pointee(parts),
            published_seqno: AtomicU64::new(0),
            concepts: AtomicU64::new(0),
            edges: AtomicU64::new(0),
            vectors: AtomicU64::new(0),
            written: AtomicU64::new(0),
            changed: Mutex::new(None),
            freed: Mutex::new(None),
            #[cfg(feature = "planted-bugs")]
            planted_bug: None,
        }
    }

    #[cfg(feature = "planted-bugs")]
    pub(crate) fn with_bug(self, planted_bug: Option<crate::PlantedBug>) -> Self {
        Self { planted_bug, ..self }
    }

    /// Seqno of the last commit that readers see.
    #[inline]
    #[must_use]
    pub fn published_seqno(&self) -> u64 {
        self.published_seqno.load(Ordering::Acquire)
    }

    /// Generation of the state in place. Load it after the published seqno: if it is that of a
    /// state, the seqno is of the same instant.
    #[inline]
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The last published commit, if a state is still the one in place; nothing if a newer one is.
    #[inline]
    #[must_use]
    pub fn seqno_in(&self, state: &State) -> Option<u64> {
        #[cfg(feature = "planted-bugs")]
        if self.planted_bug == Some(crate::PlantedBug::GenerationBeforeSeqno) {
            let is_in_place = self.generation() == state.generation();
            return is_in_place.then(|| self.published_seqno());
        }
        let seqno = self.published_seqno();
        (self.generation() == state.generation()).then_some(seqno)
    }

    /// Has a function called whenever other layers were put in place, on the thread that did it. It
    /// must hand over, not work.
    pub fn on_change(&self, told: impl Fn() + Send + Sync + 'static) {
        *self.changed.lock() = Some(Box::new(told));
    }

    /// Has a function called whenever the memory of a delta was given back to the allocator, on a
    /// background thread that may work.
    pub fn on_freed(&self, told: impl Fn() + Send + Sync + 'static) {
        *self.freed.lock() = Some(Box::new(told));
    }

    pub(crate) fn tell_freed(&self) {
        if let Some(told) = &*self.freed.lock() {
            told();
        }
    }

    /// What exists at the published seqno.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            concepts: self.concepts.load(Ordering::Relaxed),
            edges: self.edges.load(Ordering::Relaxed),
            vectors: self.vectors.load(Ordering::Relaxed),
            written: self.written.load(Ordering::Relaxed),
        }
    }

    /// The shard after the last published commit.
    #[must_use]
    pub fn view(&self) -> View {
        loop {
            let state = self.state.load_full();
            // Before the commit: parts give up what nobody sees after them, which a commit before
            // may. After the layers: older parts may not have heard of what these gave up.
            let parts = self.parts();
            if let Some(seqno) = self.seqno_in(&state) {
                return View::new(state, seqno, parts);
            }
            spin_loop();
        }
    }

    /// The index as it is now. Load it before the commit that is read at.
    #[must_use]
    pub fn parts(&self) -> Arc<Parts> {
        self.parts.load_full()
    }

    /// Puts other parts of the index in place, one thread at a time.
    pub(crate) fn install_parts(&self, parts: Parts) {
        self.parts.store(Arc::new(parts));
    }

    /// The layers as they are now.
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// Puts other layers in place, which hold everything that is published.
    pub(crate) fn install(&self, state: Arc<State>) {
        let generation = state.generation();
        self.state.store(state);
        self.generation.store(generation, Ordering::Release);
        if let Some(told) = &*self.changed.lock() {
            told();
        }
    }

    /// Lets readers see every commit up to `seqno`.
    pub(crate) fn publish(&self, seqno: u64, counts: Counts) {
        self.concepts.store(counts.concepts, Ordering::Relaxed);
        self.edges.store(counts.edges, Ordering::Relaxed);
        self.vectors.store(counts.vectors, Ordering::Relaxed);
        self.written.store(counts.written, Ordering::Relaxed);
        // Release: whoever loads this seqno sees everything stored before.
        self.published_seqno.store(seqno, Ordering::Release);
    }
}
