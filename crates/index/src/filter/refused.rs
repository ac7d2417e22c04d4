//! Refusals of filters. The path of the field is built from the inside out while the decoder
//! returns, so a good filter costs nothing.

use sutra_format::Refusal;

/// Name of the whole in a refusal.
const FILTER: &str = "filter";
/// Characters of a key that the path in a refusal shows.
const KEY_SHOWN_CHARACTERS_MAX: usize = 64;

/// Refuses the value that is looked at.
pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::invalid("", message)
}

/// Refuses the whole filter for its size.
pub(super) fn over_limit(value: usize, limit: usize) -> Refusal {
    Refusal::Limit { field: FILTER.into(), value: value as u64, limit: limit as u64 }
}

/// The same refusal seen from outside of a key.
pub(super) fn under(refusal: Refusal, key: &str) -> Refusal {
    // A key of thousands of bytes must not make such a refusal.
    match key.char_indices().nth(KEY_SHOWN_CHARACTERS_MAX) {
        Some((end, _)) => below(refusal, &format!(".{}...", key.get(..end).unwrap_or_default())),
        None => below(refusal, &format!(".{key}")),
    }
}

/// The same refusal seen from outside of an index or the whole filter.
pub(super) fn below(refusal: Refusal, step: &str) -> Refusal {
    match refusal {
        Refusal::Invalid { field, message } => {
            Refusal::Invalid { field: format!("{step}{field}"), message }
        }
        limit @ Refusal::Limit { .. } => limit,
    }
}

/// The refusal as the caller sees it.
pub(super) fn in_filter(refusal: Refusal) -> Refusal {
    below(refusal, FILTER)
}
