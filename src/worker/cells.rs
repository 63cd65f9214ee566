//! What a sequence holds, token by token, and which cells hold it; pure.
//!
//! Sequences share cells by their beginnings only, so what two of them share is a common prefix.

use crate::prompt::Unit;

/// Numbers cells in the order in which they were filled.
#[derive(Debug, Default)]
pub(super) struct Numbers(u64);

/// The tokens of a sequence as far as they are known to be in the cache, and the cell of each.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    units: Vec<Unit>,
    numbers: Vec<u64>,
}

impl Cells {
    /// Returns the tokens.
    pub(super) fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> usize {
        self.units.len()
    }

    /// Returns whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Adds tokens in cells of their own.
    pub(super) fn fill(&mut self, units: &[Unit], numbers: &mut Numbers) {
        self.units.extend_from_slice(units);
        for _ in units {
            numbers.0 += 1;
            self.numbers.push(numbers.0);
        }
    }

    /// Keeps the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.units.truncate(len);
        self.numbers.truncate(len);
    }

    /// Returns the first `len`, in the same cells.
    pub(super) fn share(&self, len: usize) -> Self {
        let mut shared = self.clone();
        shared.truncate(len);
        shared
    }

    /// Returns how many cells both hold.
    pub(super) fn overlap(&self, other: &Self) -> usize {
        let pairs = self.numbers.iter().zip(&other.numbers);
        pairs.take_while(|(one, other)| one == other).count()
    }
}

/// Counts the cells that any of the sequences holds; one in several counts once.
pub(super) fn distinct(sequences: &[&Cells]) -> usize {
    let own = sequences.iter().enumerate().map(|(index, cells)| {
        let before = sequences[..index].iter().map(|other| cells.overlap(other));
        cells.len() - before.max().unwrap_or(0)
    });
    own.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn units(len: usize) -> Vec<Unit> {
        vec![Unit::Token(1); len]
    }

    #[test]
    fn equal_tokens_are_shared_only_where_the_cells_are() {
        let mut numbers = Numbers::default();
        let mut one = Cells::default();
        one.fill(&units(10), &mut numbers);
        let mut two = one.share(6);
        two.fill(&units(4), &mut numbers);
        assert_eq!((one.overlap(&two), distinct(&[&one, &two])), (6, 14));
        // The one that had them first may let go of them.
        assert_eq!(distinct(&[&two]), 10);
        one.truncate(2);
        one.fill(&units(8), &mut numbers);
        assert_eq!((one.overlap(&two), distinct(&[&one, &two])), (2, 18));
    }

    proptest! {
        #[test]
        fn the_count_is_that_of_the_set(
            steps in proptest::collection::vec((0_usize..4, 0_usize..4, 0_usize..12), 1..30),
        ) {
            let mut numbers = Numbers::default();
            let mut all = vec![Cells::default(); 4];
            for (to, of, len) in steps {
                let mut cells = all[of].share(len);
                cells.fill(&units(12 - len), &mut numbers);
                all[to] = cells;
            }
            let set: HashSet<u64> = all.iter().flat_map(|cells| cells.numbers.clone()).collect();
            prop_assert_eq!(distinct(&all.iter().collect::<Vec<_>>()), set.len());
        }
    }
}
