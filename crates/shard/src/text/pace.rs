//! How often the reconciler works: what it measures, and what it decides from that.

/// Settings, in the units of their names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PaceOptions {
    /// Shortest interval, above 0.
    pub interval_us_min: u64,
    /// Interval under little load.
    pub interval_us_base: u64,
    /// Longest interval.
    pub interval_us_max: u64,
    /// Weight of the newest measurement in moving averages, above 0 and up to 1.
    pub ema_alpha: f64,
    /// Entries that may wait: at it, writers wait.
    pub queue_capacity: u64,
    /// Part of the capacity from which on it works as often as it may.
    pub queue_warning: f64,
    /// Part of the capacity from which on its health is called critical.
    pub queue_critical: f64,
}

impl Default for PaceOptions {
    fn default() -> Self {
        Self {
            interval_us_min: 1_000,
            interval_us_base: 10_000,
            interval_us_max: 100_000,
            ema_alpha: 0.3,
            queue_capacity: 100_000,
            queue_warning: 0.7,
            queue_critical: 0.9,
        }
    }
}

/// Part of the time that indexing may take before intervals get longer.
const BUSY_SHARE_MAX: f64 = 0.25;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measured {
    /// Entries that wait.
    pub queue_depth: u64,
    /// Entries that come in, each second, on average.
    pub arrivals_per_s: f64,
    /// Microseconds that a round took, on average.
    pub round_us: f64,
}

/// Microseconds until the next round. A pure function.
///
/// - An empty queue that is filled a little: the base interval.
/// - The fuller the queue, the shorter, down to the shortest at the warning.
/// - Rounds that take long beside the interval come more seldom, up to the longest: each of them
///   then has more to do, which costs less for each entry.
#[must_use]
pub fn interval_us(options: &PaceOptions, measured: &Measured) -> u64 {
    let fill = float(measured.queue_depth) / float(options.queue_capacity.max(1));
    let pressure = (fill / options.queue_warning).clamp(0.0, 1.0);
    let (min, base) = (float(options.interval_us_min), float(options.interval_us_base));
    let by_fill = base + (min - base) * pressure;
    // Under pressure nothing is saved.
    let by_cost = measured.round_us / BUSY_SHARE_MAX * (1.0 - pressure);
    let interval = by_fill.max(by_cost).min(float(options.interval_us_max));
    whole(interval.max(min))
}

/// A count for being computed with.
#[expect(clippy::cast_precision_loss, reason = "counts and times stay far below 2^53")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

/// The whole part; 0 for what is negative.
#[expect(clippy::cast_sign_loss, reason = "what is negative becomes 0")]
pub(super) fn whole(number: f64) -> u64 {
    number as u64
}

/// A moving average: what it is after one more value.
#[must_use]
pub fn average(before: f64, value: f64, alpha: f64) -> f64 {
    before + alpha * (value - before)
}

#[cfg(test)]
mod tests {
    use super::{Measured, PaceOptions, average, interval_us};

    const OPTIONS: PaceOptions = PaceOptions {
        interval_us_min: 1_000,
        interval_us_base: 10_000,
        interval_us_max: 100_000,
        ema_alpha: 0.3,
        queue_capacity: 1000,
        queue_warning: 0.7,
        queue_critical: 0.9,
    };

    fn of(queue_depth: u64, round_us: f64) -> u64 {
        interval_us(&OPTIONS, &Measured { queue_depth, round_us, ..Measured::default() })
    }

    #[test]
    fn the_fuller_the_queue_the_shorter_the_interval() {
        assert_eq!(of(0, 0.0), 10_000);
        assert_eq!(of(350, 0.0), 5_500);
        assert_eq!(of(700, 0.0), 1_000);
        assert_eq!(of(5000, 0.0), 1_000);
    }

    #[test]
    fn rounds_that_take_long_come_more_seldom_unless_the_queue_is_full() {
        assert_eq!(of(0, 2_500.0), 10_000);
        assert_eq!(of(0, 10_000.0), 40_000);
        assert_eq!(of(0, 1e9), 100_000);
        assert_eq!(of(700, 1e9), 1_000);
    }

    #[test]
    fn an_average_moves_towards_the_value() {
        assert!((average(10.0, 20.0, 0.3) - 13.0).abs() < 1e-9);
        assert!((average(10.0, 20.0, 1.0) - 20.0).abs() < 1e-9);
    }
}
