//! The order of paths as one whole number.
//!
//! The confidence of a path is a product, so its negated logarithm is a sum. Taken as a whole
//! number of 2^-40, sums are exact in any order: two paths over the same confidences are equal
//! however they are added up. The number of hops sits in the lowest bits of the same number, so
//! the smaller weight is the more confident path or, among equally confident ones, the shorter.

/// What every hop after the first multiplies the confidence of a path by.
pub const HOP_DECAY: f64 = 0.85;

/// Negated logarithm of a confidence, in units of 2^-40.
pub(super) type Cost = u64;

/// Cost in the high bits, hops in the low ones. The sum over a path fits: 64 hops of the smallest
/// positive confidence cost less than 2^56.
pub(super) type Weight = u64;

const UNITS: f64 = 1_099_511_627_776.0;
/// Cost of one hop's decay.
pub(super) const DECAY_COST: Cost = 178_691_452_717;
const HOPS_BITS: u32 = 7;
/// Weight of what cannot be reached. Adding one edge to it does not overflow.
pub(super) const UNREACHABLE: Weight = Weight::MAX / 2;
/// Rounding of at most half a unit for each of 64 hops and for a bound itself.
const ROUNDING: Cost = 64;

/// Cost of a confidence above 0.
#[expect(clippy::cast_sign_loss, reason = "the logarithm of at most 1 is not above 0")]
pub(super) fn cost(confidence: f64) -> Cost {
    if confidence >= 1.0 { 0 } else { (-confidence.ln() * UNITS).round() as Cost }
}

/// Weight of one hop over an edge of this cost. The first hop carries a decay as well, so that
/// weights are sums; `path_cost` takes it off.
pub(super) fn hop_weight(cost: Cost) -> Weight {
    ((cost + DECAY_COST) << HOPS_BITS) + 1
}

/// Cost of a path of at least one hop, from the sum of the weights of its hops.
pub(super) fn path_cost(weight: Weight) -> Cost {
    (weight >> HOPS_BITS) - DECAY_COST
}

/// What a path may cost, and how many hops that allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) cost_max: Cost,
    pub(super) hops_max: u8,
}

impl Bound {
    /// Paths of at most `hops_max` hops and at least this confidence.
    pub(super) fn new(hops_max: u8, confidence_min: f64) -> Self {
        let any = Self { cost_max: Cost::MAX, hops_max };
        if confidence_min > 0.0 { any.tightened(cost(confidence_min)) } else { any }
    }

    /// The same, but only paths that cost no more than `cost_max`.
    pub(super) fn tightened(self, cost_max: Cost) -> Self {
        let cost_max = self.cost_max.min(cost_max.saturating_add(ROUNDING));
        // Edges cost at least 0, so the decay alone bounds the number of hops.
        let hops_max = u8::try_from(cost_max / DECAY_COST + 1).unwrap_or(u8::MAX);
        Self { cost_max, hops_max: self.hops_max.min(hops_max) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_add_up_to_the_cost_of_the_product() {
        assert_eq!(cost(HOP_DECAY), DECAY_COST);
        assert_eq!(cost(1.0), 0);
        assert_eq!(cost(0.5) * 2, cost(0.25));
        assert!(cost(0.9).abs_diff(cost(0.3)).abs_diff(cost(1.0 / 3.0)) <= 2);
    }

    #[test]
    fn the_longest_path_of_the_smallest_confidence_fits() {
        let least = hop_weight(cost(f64::from_bits(1)));
        assert!(least.checked_mul(64).is_some_and(|sum| sum < UNREACHABLE));
        assert!(UNREACHABLE.checked_add(least).is_some());
        assert_eq!(path_cost(hop_weight(17) + hop_weight(4)), 21 + DECAY_COST);
    }

    #[test]
    fn a_least_confidence_bounds_the_hops() {
        assert_eq!(Bound::new(20, 0.0).hops_max, 20);
        assert_eq!(Bound::new(20, 1.0).hops_max, 1);
        assert_eq!(Bound::new(20, HOP_DECAY).hops_max, 2);
        assert_eq!(Bound::new(20, 0.5).hops_max, 5);
        assert_eq!(Bound::new(3, 0.5).hops_max, 3);
    }
}
