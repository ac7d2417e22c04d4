//! Text and attributes of concepts as immutable parts of an index. A part is made of versions of
//! concepts in the order of their commits, numbered from 0: a document is such a number. Parts are
//! bytes, in memory or in a file; nothing here does I/O.

mod attributes;
mod docs;
mod document;
mod filter;
mod merge_error;
mod sink;
mod text;

pub use attributes::{AttributeBuilder, AttributeIndex, PATH_BYTES_MAX, merge_attributes};
pub use docs::{DocTable, DocTableBuilder, merge_docs};
pub use document::Document;
pub use filter::{FILTER_BYTES_MAX, Filter, PartColumns};
pub use merge_error::MergeError;
pub use sink::{PartSection, PartSink};
pub use text::{
    Analyzer, Corpus, Language, LooseDocument, LooseText, Place, Postings, SearchedPart, Term,
    TermsByPrefix, TextBuilder, TextHit, TextIndex, TextInput, TextQuery, TextSearch,
    TextSearchError, merge_text,
};
