//! Dense f32 rows in chunks that never move.
//!
//! Invariants:
//! - There is one `VectorWriter` for a set, it is not `Clone`, and appending needs it exclusively:
//!   two threads never write at once.
//! - The floats of a row are written once, before `published` is raised above its number with
//!   `Release`, and never again. Readers touch only rows below a `published` they loaded with
//!   `Acquire`, so no reader and writer ever touch the same float.
//! - A chunk is put into its slot once and freed only with the set, so slices of rows may live as
//!   long as the borrow of the set.
//! - Rows start on 64 bytes: the stride is the dimension rounded up to 16 floats, the rest is zero.

use std::alloc::{self, Layout};
use std::ptr::NonNull;
use std::sync::{Arc, OnceLock};

use sutra_format::{ConceptId, Metric};

use super::chunk_sizes::ChunkSizes;
use super::kernel;
use super::top_k::Ranked;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// Alignment of a row: one cache line, and the widest vector register.
const ROW_ALIGN: usize = 64;
/// The floats of a row are filled up to a multiple of these.
pub(super) const FLOATS_PER_ALIGN: usize = ROW_ALIGN / size_of::<f32>();
/// Directory levels; level n has 2^n slots, so 32 levels hold more chunks than there are rows.
const LEVELS: usize = 32;
/// A row without an end is visible for ever.
const NO_END: u64 = u64::MAX;

/// Vectors of one namespace: searched by any thread, appended to by one `VectorWriter`.
pub struct VectorSet {
    dimension: usize,
    /// Floats from one row to the next.
    stride: usize,
    chunk_sizes: ChunkSizes,
    metric: Metric,
    first_row: u32,
    /// How many rows readers may look at.
    published: AtomicU32,
    directory: [OnceLock<Box<[OnceLock<Chunk>]>>; LEVELS],
}

/// The one writer of a `VectorSet`.
pub struct VectorWriter {
    set: Arc<VectorSet>,
}

/// What is known of a row besides its floats. Relaxed throughout: `published` orders the first
/// writes before every reader, and `end` is ordered by the seqno, see `VectorWriter::retire`.
pub(super) struct RowHead {
    begin: AtomicU64,
    end: AtomicU64,
    inverse_norm: AtomicU64,
    id: [AtomicU64; 2],
}

/// What a row is besides its floats, as it is to be written to a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowFacts {
    /// Concept it was appended for.
    pub id: ConceptId,
    /// First seqno that sees it.
    pub begin: u64,
    /// First seqno that does not see it any more, if it was retired; like every seqno of a set it
    /// may be one that readers do not see yet.
    pub end: Option<u64>,
    /// One over the length of the vector under the cosine metric, 1 under the others.
    pub inverse_norm: f64,
}

/// Published rows of one chunk.
pub(super) struct Block<'a> {
    /// Number of the first row.
    pub(super) first_row: u32,
    pub(super) heads: &'a [RowHead],
    /// `stride` floats for each head.
    pub(super) floats: &'a [f32],
}

struct Chunk {
    floats: NonNull<f32>,
    layout: Layout,
    heads: Box<[RowHead]>,
}

impl VectorSet {
    /// An empty set whose rows will be numbered from `first_row` on, and the only handle that may
    /// append to it.
    ///
    /// # Panics
    /// When `dimension` is 0: the caller has checked it against the limits.
    #[must_use]
    pub fn new(dimension: u32, metric: Metric, first_row: u32) -> (Arc<Self>, VectorWriter) {
        assert!(dimension > 0, "a vector has at least one dimension");
        let dimension = dimension as usize;
        let stride = dimension.next_multiple_of(FLOATS_PER_ALIGN);
        let set = Arc::new(Self {
            dimension,
            stride,
            chunk_sizes: ChunkSizes::new(stride * size_of::<f32>()),
            metric,
            first_row,
            published: AtomicU32::new(0),
            directory: [const { OnceLock::new() }; LEVELS],
        });
        (Arc::clone(&set), VectorWriter { set })
    }

    /// Floats per vector.
    #[must_use]
    pub fn dimension(&self) -> u32 {
        self.dimension as u32
    }

    /// How vectors are compared.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Rows appended so far, whether visible or not.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.published.load(Ordering::Acquire)
    }

    /// Number of the first row, whether there is one or not.
    #[must_use]
    pub fn first_row(&self) -> u32 {
        self.first_row
    }

    /// Number that the next row will have.
    #[must_use]
    pub fn next_row(&self) -> u32 {
        self.first_row + self.rows()
    }

    /// The vector in a row, `None` when the set has no such row. Visibility is not looked at.
    #[must_use]
    pub fn row(&self, row: u32) -> Option<&[f32]> {
        let (chunk, place) = self.published_place(row)?;
        let floats = self.chunk(chunk)?.published_floats((place + 1) * self.stride);
        let start = place * self.stride;
        floats.get(start..start + self.dimension)
    }

    /// The concept a row was appended for, `None` when the set has no such row.
    #[must_use]
    pub fn id_of(&self, row: u32) -> Option<ConceptId> {
        self.head(row).map(RowHead::id)
    }

    /// What a row is besides its floats, `None` when the set has no such row.
    #[must_use]
    pub fn facts(&self, row: u32) -> Option<RowFacts> {
        let head = self.head(row)?;
        let end = head.end.load(Ordering::Relaxed);
        Some(RowFacts {
            id: head.id(),
            begin: head.begin.load(Ordering::Relaxed),
            end: (end != NO_END).then_some(end),
            inverse_norm: head.inverse_norm(),
        })
    }

    /// A row with its rank for a query; nothing when it is not here, or not visible at a commit.
    pub(super) fn ranked(
        &self,
        row: u32,
        seqno: u64,
        rank: impl Fn(&[f32], f64) -> f64,
    ) -> Option<Ranked> {
        let (head, floats) = (self.head(row)?, self.row(row)?);
        // Adding 0 makes -0 equal to 0, which the total order would tell apart.
        let rank = rank(floats, head.inverse_norm()) + 0.0;
        head.is_visible(seqno).then(|| Ranked { rank, row, id: head.id() })
    }

    /// Bytes allocated for rows, their heads and the directory.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let row_bytes = self.stride * size_of::<f32>() + size_of::<RowHead>();
        let chunks = self.chunk_sizes.chunks(self.rows() as usize);
        let rows_allocated = self.chunk_sizes.first_row(chunks);
        let levels = self.directory.iter().filter_map(OnceLock::get);
        let slots: usize = levels.map(|level| level.len()).sum();
        let slot_bytes = slots * size_of::<OnceLock<Chunk>>();
        (rows_allocated * row_bytes + slot_bytes + size_of::<Self>()) as u64
    }

    /// Floats from one row to the next in a `Block`.
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// The published rows, chunk by chunk, in the order of their numbers.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        let published = self.rows() as usize;
        (0..self.chunk_sizes.chunks(published)).map_while(move |number| {
            let first = self.chunk_sizes.first_row(number);
            let rows = self.chunk_sizes.rows(number).min(published - first);
            let chunk = self.chunk(number)?;
            Some(Block {
                first_row: self.first_row + first as u32,
                heads: chunk.heads.get(..rows)?,
                floats: chunk.published_floats(rows * self.stride),
            })
        })
    }

    fn head(&self, row: u32) -> Option<&RowHead> {
        let (chunk, place) = self.published_place(row)?;
        self.chunk(chunk)?.heads.get(place)
    }

    /// Number of the chunk a published row lies in, and its place in it.
    fn published_place(&self, row: u32) -> Option<(usize, usize)> {
        let place = row.checked_sub(self.first_row)?;
        (place < self.rows()).then(|| self.chunk_sizes.locate(place as usize))
    }

    fn chunk(&self, number: usize) -> Option<&Chunk> {
        let (level, slot) = directory_slot(number);
        self.directory.get(level)?.get()?.get(slot)?.get()
    }

    fn chunk_or_new(&self, number: usize) -> Option<&Chunk> {
        let (level, slot) = directory_slot(number);
        let new_level = || (0..1_usize << level).map(|_| OnceLock::new()).collect();
        let level = self.directory.get(level)?.get_or_init(new_level);
        let new_chunk = || Chunk::new(self.chunk_sizes.rows(number), self.stride);
        Some(level.get(slot)?.get_or_init(new_chunk))
    }
}

impl VectorWriter {
    /// Appends a vector for the concept `id`, visible to readers whose seqno is `begin` or later,
    /// and returns its row number.
    ///
    /// # Panics
    /// When the vector has another dimension than the set, or all row numbers are used.
    pub fn append(&mut self, vector: &[f32], id: ConceptId, begin: u64) -> u32 {
        assert_eq!(vector.len(), self.set.dimension, "a vector of the set's dimension");
        self.append_with(id, begin, |row| row.copy_from_slice(vector))
    }

    /// `append` for little-endian bytes at any alignment, as the log holds them.
    ///
    /// # Panics
    /// As `append`.
    pub fn append_bytes(&mut self, vector: &[u8], id: ConceptId, begin: u64) -> u32 {
        let (floats, rest) = vector.as_chunks::<{ size_of::<f32>() }>();
        let whole = rest.is_empty() && floats.len() == self.set.dimension;
        assert!(whole, "4 bytes for each of the set's dimensions");
        self.append_with(id, begin, |row| {
            for (place, bytes) in row.iter_mut().zip(floats) {
                *place = f32::from_le_bytes(*bytes);
            }
        })
    }

    /// Ends the visibility of a row: readers whose seqno is `end` or later do not see it.
    ///
    /// Call it before `end` is published to readers: a reader at an earlier seqno is right with
    /// either value, one at `end` or later synchronised with that publication.
    ///
    /// # Panics
    /// When the set has no such row: it may be in an older layer, see `VectorSet::first_row`.
    pub fn retire(&mut self, row: u32, end: u64) {
        #[expect(clippy::expect_used, reason = "a row that stays visible would be a wrong answer")]
        let head = self.set.head(row).expect("only rows of the set can be retired");
        debug_assert_eq!(head.end.load(Ordering::Relaxed), NO_END, "a row ends once");
        head.end.store(end, Ordering::Relaxed);
    }

    /// The set this writer appends to.
    #[must_use]
    pub fn set(&self) -> &Arc<VectorSet> {
        &self.set
    }

    #[expect(clippy::expect_used, reason = "the directory has a slot for every u32 row")]
    fn append_with(&mut self, id: ConceptId, begin: u64, fill: impl FnOnce(&mut [f32])) -> u32 {
        let set = &*self.set;
        // Relaxed: only this writer, held exclusively, ever changes the count.
        let published = set.published.load(Ordering::Relaxed);
        let row = set.first_row.checked_add(published).filter(|row| *row < u32::MAX);
        let row = row.expect("row numbers are 32 bits");
        let (chunk, place) = set.chunk_sizes.locate(published as usize);
        let chunk = set.chunk_or_new(chunk).expect("a directory slot");
        // SAFETY: this is the first unpublished row, so no reader has or makes a slice that
        // covers it (`published_floats` is called with published rows only), and `&mut self` of
        // the only writer excludes a second slice like this one. `place` is below the rows of the
        // chunk by `locate`, so `place * stride .. place * stride + dimension` lies in its floats.
        let floats = unsafe {
            let start = chunk.floats.as_ptr().add(place * set.stride);
            std::slice::from_raw_parts_mut(start, set.dimension)
        };
        fill(floats);
        debug_assert!(floats.iter().all(|value| value.is_finite()), "refused before it gets here");
        let head = chunk.heads.get(place).expect("a head for each row");
        let inverse_norm = inverse_norm(set.metric, floats);
        debug_assert!(inverse_norm > 0.0, "zero vectors are refused before they get here");
        head.set(id, begin, inverse_norm);
        set.published.store(published + 1, Ordering::Release);
        row
    }
}

impl RowHead {
    fn empty() -> Self {
        Self {
            begin: AtomicU64::new(NO_END),
            end: AtomicU64::new(NO_END),
            inverse_norm: AtomicU64::new(0),
            id: [const { AtomicU64::new(0) }; 2],
        }
    }

    fn set(&self, id: ConceptId, begin: u64, inverse_norm: f64) {
        let (halves, _) = id.0.as_chunks::<8>();
        for (word, half) in self.id.iter().zip(halves) {
            word.store(u64::from_le_bytes(*half), Ordering::Relaxed);
        }
        self.begin.store(begin, Ordering::Relaxed);
        self.inverse_norm.store(inverse_norm.to_bits(), Ordering::Relaxed);
    }

    /// Whether a reader at `seqno` sees the row.
    pub(super) fn is_visible(&self, seqno: u64) -> bool {
        self.begin.load(Ordering::Relaxed) <= seqno && seqno < self.end.load(Ordering::Relaxed)
    }

    pub(super) fn id(&self) -> ConceptId {
        let mut id = [0; 16];
        for (half, word) in id.chunks_exact_mut(8).zip(&self.id) {
            half.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        ConceptId(id)
    }

    /// One over the length of the vector under the cosine metric, 1 under the others.
    pub(super) fn inverse_norm(&self) -> f64 {
        f64::from_bits(self.inverse_norm.load(Ordering::Relaxed))
    }
}

impl Chunk {
    fn new(rows: usize, stride: usize) -> Self {
        #[expect(clippy::expect_used, reason = "a chunk is at most 256 KiB or one row")]
        let layout = Layout::array::<f32>(rows * stride)
            .and_then(|layout| layout.align_to(ROW_ALIGN))
            .expect("a layout of a few hundred KiB");
        // SAFETY: the layout is not empty, `rows` and `stride` are at least 1.
        let start = unsafe { alloc::alloc_zeroed(layout) };
        #[expect(clippy::cast_ptr_alignment, reason = "the layout is aligned to 64 bytes")]
        let Some(floats) = NonNull::new(start.cast::<f32>()) else {
            alloc::handle_alloc_error(layout)
        };
        Self { floats, layout, heads: (0..rows).map(|_| RowHead::empty()).collect() }
    }

    /// The first `count` floats. They must belong to rows below a `published` that this thread
    /// loaded; `VectorSet` is the only caller.
    fn published_floats(&self, count: usize) -> &[f32] {
        assert!(count <= self.layout.size() / size_of::<f32>(), "within the chunk");
        // SAFETY: the range is inside the allocation by the assertion above, aligned by its
        // layout and initialised by `alloc_zeroed`. It covers published rows only, which are
        // never written again, and the Acquire load of `published` makes their floats visible.
        // The allocation lives until `self` is dropped.
        unsafe { std::slice::from_raw_parts(self.floats.as_ptr(), count) }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout and freed nowhere else; `&mut self` means
        // no slice of it is left.
        unsafe { alloc::dealloc(self.floats.as_ptr().cast::<u8>(), self.layout) }
    }
}

// SAFETY: the pointer owns its allocation, as a `Box<[f32]>` would; any thread may drop it.
unsafe impl Send for Chunk {}
// SAFETY: shared access reads published rows only, and the one writer writes unpublished rows
// only (see the invariants at the top), so no float is read and written at the same time.
unsafe impl Sync for Chunk {}

/// Level and slot of a chunk: level n holds chunks `2^n - 1 ..= 2^(n+1) - 2`.
fn directory_slot(chunk: usize) -> (usize, usize) {
    let position = chunk + 1;
    let level = position.ilog2();
    (level as usize, position - (1 << level))
}

/// One over the length of a vector under the cosine metric, 1 under the others. Nothing writes a
/// vector without a length under the cosine metric; one in a file that says so gives 0.
pub(crate) fn inverse_norm(metric: Metric, vector: &[f32]) -> f64 {
    if metric != Metric::Cosine {
        return 1.0;
    }
    let norm = kernel::dot(vector, vector).sqrt();
    if norm > 0.0 { norm.recip() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunk_has_its_own_slot() {
        let slots: Vec<_> = (0..1_000).map(directory_slot).collect();
        assert_eq!(&slots[..4], &[(0, 0), (1, 0), (1, 1), (2, 0)]);
        for (level, slot) in &slots {
            assert!(*slot < 1 << level);
        }
        let distinct: std::collections::BTreeSet<_> = slots.iter().collect();
        assert_eq!(distinct.len(), slots.len());
        let (level, slot) = directory_slot(u32::MAX as usize - 1);
        assert!(level < LEVELS && slot < 1 << level);
    }

    #[test]
    fn rows_are_aligned_and_keep_their_place() {
        let rows: u8 = if cfg!(miri) { 10 } else { 100 };
        for dimension in [1, 3, 16, 17, 768, 4096] {
            let (set, mut writer) = VectorSet::new(dimension, Metric::Dot, 0);
            let mut vector = vec![0.5; dimension as usize];
            writer.append(&vector, ConceptId::default(), 1);
            let first = set.row(0).map(<[f32]>::as_ptr);
            for row in 1..rows {
                vector[0] = f32::from(row);
                writer.append(&vector, ConceptId([row; 16]), 1);
            }
            assert_eq!(set.row(0).map(<[f32]>::as_ptr), first);
            for row in 0..rows.into() {
                let found = set.row(row).unwrap_or_default();
                assert_eq!(found.len(), dimension as usize);
                assert_eq!(found.as_ptr().align_offset(ROW_ALIGN), 0);
            }
            let last = set.row(u32::from(rows) - 1).and_then(|row| row.first());
            assert_eq!(last, Some(&f32::from(rows - 1)));
            assert_eq!(set.row(rows.into()), None);
        }
    }
}
