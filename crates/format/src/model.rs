//! The closed sets of values in the model: association classes and vector metrics.

/// Class of an association. The numbers are part of the format and of the wire protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum AssociationClass {
    /// Related in meaning.
    Semantic = 0,
    /// The source brings about the target.
    Causal = 1,
    /// The source comes before the target.
    Temporal = 2,
    /// The source is a kind of, or stands below, the target.
    Hierarchical = 3,
    /// The source is part of, or made with, the target.
    Compositional = 4,
}

impl AssociationClass {
    /// All classes, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::Semantic, Self::Causal, Self::Temporal, Self::Hierarchical, Self::Compositional];

    /// The class with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its number in the format.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }
}

/// How two vectors are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Metric {
    /// Cosine of the angle: dot product over the product of lengths.
    Cosine = 0,
    /// Dot product.
    Dot = 1,
    /// Euclidean distance.
    L2 = 2,
}

impl Metric {
    /// The metric with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Cosine, Self::Dot, Self::L2].get(usize::from(number)).copied()
    }

    /// Its number in the format.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Its name in options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Dot => "dot",
            Self::L2 => "l2",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AssociationClass, Metric};

    #[test]
    fn numbers_round_trip_and_unknown_ones_are_refused() {
        for class in AssociationClass::ALL {
            assert_eq!(AssociationClass::from_number(class.number()), Some(class));
        }
        assert_eq!(AssociationClass::from_number(5), None);
        for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
            assert_eq!(Metric::from_number(metric.number()), Some(metric));
        }
        assert_eq!(Metric::from_number(3), None);
    }
}
