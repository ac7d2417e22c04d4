//! The index of texts and attributes: derived from the layers, and brought up to the last commit in
//! the background. What it does not have yet is read by the search itself, so an answer never
//! depends on how far it is.

mod build;
mod collect;
mod files;
mod load;
mod merge;
mod pace;
mod part;
mod parts;
mod reconciler;
mod row_set;
mod saver;
mod searcher;
mod texts;

pub(crate) use files::{TextDir, text_number};
pub(crate) use load::{Layers, load};
pub use pace::{Measured, PaceOptions, interval_us};
pub(crate) use part::Part;
pub use parts::Parts;
pub(crate) use reconciler::Reconciler;
pub use row_set::RowSet;
pub(crate) use saver::Saver;
pub use searcher::{Searcher, TextScored};
pub(crate) use texts::Texts;
