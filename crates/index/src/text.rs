//! Words of documents: how text becomes words, the bytes that say which documents hold a word and
//! where, and the ranking of documents for a query.

mod analyzer;
mod bm25;
mod builder;
mod index;
mod language;
mod loose;
mod merge;
mod phrase;
mod postings;
mod query;
mod query_parser;
mod scripts;
mod search;
mod search_plan;
mod source;
mod term_list;
mod term_writer;
mod top_hits;
mod varint;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod part_bytes;

pub use analyzer::Analyzer;
pub use bm25::Corpus;
pub use builder::TextBuilder;
pub use index::{Term, TermsByPrefix, TextIndex};
pub use language::Language;
pub use loose::{LooseDocument, LooseText};
pub use merge::{TextInput, merge_text};
pub use postings::Postings;
pub use query::TextQuery;
pub use search::{SearchedPart, TextSearch, TextSearchError};
pub use top_hits::{Place, TextHit};
