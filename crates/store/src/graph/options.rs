//! What a path search is asked for.

use sutra_format::{AssociationClass, Limits, Refusal};

/// Most paths one search gives.
const PATHS_MAX: usize = 100;

/// The two nodes to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends<N> {
    /// Where every path starts.
    pub from: N,
    /// Where every path ends.
    pub to: N,
}

/// A set of association classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassSet(u8);

/// Bounds and filters of a path search.
#[derive(Debug, Clone, PartialEq)]
pub struct PathOptions {
    /// Most associations in a path, 1 to `Limits::path_hops_max`. Default 6.
    pub hops_max: usize,
    /// Most paths in the answer, 1 to 100. Default 3.
    pub paths_max: usize,
    /// Classes of associations to walk over. Default: all.
    pub classes: ClassSet,
    /// Walk over associations from target to source as well. Default: no.
    pub both_directions: bool,
    /// Least confidence of a whole path, 0 to 1, compared up to 1 part in 10^10. Default 0.
    pub confidence_min: f64,
    /// Walk only over associations that hold at this moment, in milliseconds from 1970: validity
    /// includes its start and excludes its end. Default: over all, whenever they hold.
    pub valid_at_ms: Option<i64>,
    /// Most associations looked at, walked over or not. Default 1,000,000.
    pub visited_max: u64,
    /// Most time in microseconds, looked at every 1,024 steps. Default 10 seconds.
    pub time_us_max: u64,
}

impl Default for PathOptions {
    fn default() -> Self {
        Self {
            hops_max: 6,
            paths_max: 3,
            classes: ClassSet::ALL,
            both_directions: false,
            confidence_min: 0.0,
            valid_at_ms: None,
            visited_max: 1_000_000,
            time_us_max: 10_000_000,
        }
    }
}

impl PathOptions {
    /// Refuses values out of their range.
    ///
    /// # Errors
    /// `Limit` for more hops or paths than allowed, `Invalid` for the rest; the field is named as
    /// in the public options.
    pub fn check(&self, limits: &Limits) -> Result<(), Refusal> {
        for (field, value) in [("hopsMax", self.hops_max), ("pathsMax", self.paths_max)] {
            if value == 0 {
                return Err(Refusal::invalid(field, "at least 1 is expected"));
            }
        }
        let hops_max = limits.path_hops_max.min(Limits::CEILING.path_hops_max);
        Refusal::check_limit("hopsMax", self.hops_max, hops_max)?;
        Refusal::check_limit("pathsMax", self.paths_max, PATHS_MAX)?;
        if !(0.0..=1.0).contains(&self.confidence_min) {
            return Err(Refusal::invalid("confidenceMin", "a number from 0 to 1 is expected"));
        }
        Ok(())
    }
}

impl ClassSet {
    /// Every class.
    pub const ALL: Self = Self(u8::MAX);

    /// Whether the class is in the set.
    #[must_use]
    pub fn contains(self, class: AssociationClass) -> bool {
        self.0 & Self::bit(class) != 0
    }

    fn bit(class: AssociationClass) -> u8 {
        1 << class.number()
    }
}

impl FromIterator<AssociationClass> for ClassSet {
    fn from_iter<Classes: IntoIterator<Item = AssociationClass>>(classes: Classes) -> Self {
        Self(classes.into_iter().fold(0, |bits, class| bits | Self::bit(class)))
    }
}
