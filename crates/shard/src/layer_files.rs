//! Files that come into the manifest, take the place of others in it, or are no longer needed.

use crate::segment::{Segment, SegmentDir};
use crate::text::Part;
use crate::vector::SealedVectors;
use crate::vector::graph::Graph;
use std::path::PathBuf;
use std::sync::Arc;
use sutra_format::manifest::{ManifestSegment, ManifestVectors};

/// Files that were written and synced, and are in no manifest yet.
#[derive(Default)]
pub(crate) struct NewFiles {
    pub(crate) segment: Option<(ManifestSegment, Arc<Segment>)>,
    pub(crate) vectors: Vec<(ManifestVectors, Arc<SealedVectors>)>,
}

impl NewFiles {
    /// Bytes of all of them.
    pub(crate) fn bytes(&self) -> u64 {
        let segment = self.segment.as_ref().map_or(0, |(entry, _)| entry.file_bytes);
        segment + self.vectors.iter().map(|(entry, _)| entry.file_bytes).sum::<u64>()
    }

    pub(crate) fn paths(&self, dir: &SegmentDir) -> Vec<PathBuf> {
        let segment = self.segment.iter().map(|(entry, _)| dir.segment_path(entry.number));
        segment.chain(self.vectors.iter().map(|(v, _)| dir.vectors_path(v.number))).collect()
    }

    /// Removes them, as far as that works: what stays behind is an orphan.
    pub(crate) fn discard(&self, dir: &SegmentDir) {
        for path in self.paths(dir) {
            let _ = dir.remove(&path);
        }
    }
}

/// Vector files that others take the place of.
pub(crate) struct OldVectors<'a> {
    pub(crate) files: &'a [Arc<SealedVectors>],
    /// Their dead rows, when it was looked which rows to keep.
    pub(crate) dead_rows: u32,
}

impl OldVectors<'_> {
    /// There are none.
    pub(crate) const NONE: Self = Self { files: &[], dead_rows: 0 };
}

/// A file that only views still need.
pub(crate) enum Obsolete {
    Segment(Arc<Segment>),
    Vectors(Arc<SealedVectors>),
    Graph(Arc<Graph>),
    Text(Arc<Part>),
}

impl Obsolete {
    pub(crate) fn is_read(&self) -> bool {
        match self {
            Self::Segment(segment) => Arc::strong_count(segment) > 1,
            Self::Vectors(vectors) => Arc::strong_count(vectors) > 1,
            Self::Graph(graph) => Arc::strong_count(graph) > 1,
            Self::Text(part) => Arc::strong_count(part) > 1,
        }
    }

    pub(crate) fn path(&self, dir: &SegmentDir) -> PathBuf {
        match self {
            Self::Segment(segment) => dir.segment_path(segment.number()),
            Self::Vectors(vectors) => dir.vectors_path(vectors.number()),
            Self::Graph(graph) => graph.file().path().into(),
            Self::Text(part) => part.file().map(|file| file.path().into()).unwrap_or_default(),
        }
    }
}
