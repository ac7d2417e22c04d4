//! Segments: immutable, mapped files of concepts and associations, see docs/format/segment.md.

mod delta_file;
mod dir;
mod mapped_file;
mod numbered_dir;
mod positions;
mod reader;
mod segment_file;
mod vectors_file;
mod writer;

pub(crate) use delta_file::{version_of, write_delta};
pub(crate) use dir::SegmentDir;
pub(crate) use mapped_file::{Expected, MappedFile, Named, checksum_bytes};
pub(crate) use numbered_dir::{NumberedDir, file_number};
pub(crate) use reader::{EdgeHere, Segment};
pub(crate) use segment_file::{
    SegmentSource, SourceConcept, SourceEdge, SourceNode, VisitConcept, VisitNode, write_segment,
};
pub(crate) use sutra_format::segment::node::Node;
pub(crate) use vectors_file::{VectorRow, VectorSpace, open_vectors, write_vectors};
pub(crate) use writer::{SealedFile, SealedFileWriter};
