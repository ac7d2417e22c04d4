//! Sizes the engine refuses to exceed, whatever the entrance.

use crate::refusal::Refusal;

/// Upper bounds of a request. Lower freely; raise up to [`Limits::CEILING`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// UTF-8 bytes of a concept's content.
    pub content_bytes_max: usize,
    /// Numbers in a vector of a request.
    pub vector_dimension_max: usize,
    /// Operations in one batch.
    pub batch_operations_max: usize,
    /// Encoded bytes of one batch, and of one message of a protocol.
    pub frame_bytes_max: usize,
    /// Associations in one path.
    pub path_hops_max: usize,
    /// Results of one search.
    pub search_k_max: usize,
    /// Encoded bytes of the attributes of one concept or association.
    pub attributes_bytes_max: usize,
    /// UTF-8 bytes of a key or a label.
    pub key_bytes_max: usize,
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// UTF-8 bytes of a namespace's name.
pub const NAMESPACE_BYTES_MAX: usize = 64;
/// Arrays and maps inside each other in attributes.
pub const ATTRIBUTES_DEPTH_MAX: usize = 64;
/// Largest vector dimension a store or namespace may be configured with.
pub const VECTOR_DIMENSION_CONFIG_MAX: u32 = 4096;

impl Default for Limits {
    fn default() -> Self {
        Self {
            content_bytes_max: 10 * MIB,
            vector_dimension_max: 2048,
            batch_operations_max: 1000,
            frame_bytes_max: 100 * MIB,
            path_hops_max: 20,
            search_k_max: 1000,
            attributes_bytes_max: 64 * KIB,
            key_bytes_max: 512,
        }
    }
}

impl Limits {
    /// The largest values that can be configured. The log is read with these, so lowering a limit
    /// never makes stored data unreadable.
    pub const CEILING: Self = Self {
        content_bytes_max: 64 * MIB,
        vector_dimension_max: VECTOR_DIMENSION_CONFIG_MAX as usize,
        batch_operations_max: 10_000,
        frame_bytes_max: 512 * MIB,
        path_hops_max: 64,
        search_k_max: 10_000,
        attributes_bytes_max: MIB,
        key_bytes_max: 4 * KIB,
    };

    /// Every limit with its name as it stands in the options.
    #[must_use]
    pub fn named(&self) -> [(&'static str, usize); 8] {
        [
            ("limits.contentBytesMax", self.content_bytes_max),
            ("limits.vectorDimensionMax", self.vector_dimension_max),
            ("limits.batchOperationsMax", self.batch_operations_max),
            ("limits.frameBytesMax", self.frame_bytes_max),
            ("limits.pathHopsMax", self.path_hops_max),
            ("limits.searchKMax", self.search_k_max),
            ("limits.attributesBytesMax", self.attributes_bytes_max),
            ("limits.keyBytesMax", self.key_bytes_max),
        ]
    }

    /// Refuses limits of zero or over the ceiling; all problems at once.
    #[must_use]
    pub fn problems(&self) -> Vec<Refusal> {
        let mut problems = Vec::new();
        for ((name, value), (_, ceiling)) in self.named().into_iter().zip(Self::CEILING.named()) {
            if value == 0 || value > ceiling {
                let message = format!("{value} is outside 1 to {ceiling}");
                problems.push(Refusal::invalid(name, message));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn defaults_are_within_the_ceiling_and_every_limit_is_checked() {
        assert!(Limits::default().problems().is_empty());
        assert!(Limits::CEILING.problems().is_empty());
        let over = Limits { content_bytes_max: usize::MAX, search_k_max: 0, ..Limits::default() };
        let fields: Vec<_> = over.problems().iter().map(|p| p.field().to_owned()).collect();
        assert_eq!(fields, ["limits.contentBytesMax", "limits.searchKMax"]);
    }
}
