//! Rows of vectors, for asking whether one is among them.

/// A set of rows of one namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowSet {
    /// One bit for each row.
    words: Vec<u64>,
    rows: usize,
}

impl RowSet {
    /// Adds a row.
    pub(crate) fn insert(&mut self, row: u32) {
        let at = (row / u64::BITS) as usize;
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        if let Some(word) = self.words.get_mut(at) {
            let bit = 1 << (row % u64::BITS);
            self.rows += usize::from(*word & bit == 0);
            *word |= bit;
        }
    }

    /// Whether a row is among them.
    #[inline]
    #[must_use]
    pub fn contains(&self, row: u32) -> bool {
        let word = self.words.get((row / u64::BITS) as usize);
        word.is_some_and(|word| word >> (row % u64::BITS) & 1 == 1)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The rows, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        (0_u32..).zip(&self.words).flat_map(|(at, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(at * u64::BITS + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::RowSet;

    #[test]
    fn rows_come_back_once_and_ascending() {
        let mut rows = RowSet::default();
        for row in [200, 3, 63, 64, 3, 0] {
            rows.insert(row);
        }
        assert!(rows.iter().eq([0, 3, 63, 64, 200]));
        assert_eq!(rows.len(), 5);
        assert!(rows.contains(64) && !rows.contains(65) && !rows.contains(1 << 30));
        assert!(RowSet::default().is_empty());
    }
}
