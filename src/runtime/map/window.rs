//! Results that come in any order, given back in one; pure.

use std::collections::VecDeque;

/// Places in order, each open until its result is there.
#[derive(Debug)]
pub(super) struct Window<T> {
    /// The number of the first place.
    first: u64,
    places: VecDeque<Option<T>>,
    most: usize,
}

impl<T> Window<T> {
    /// Makes a window of at most so many places.
    pub(super) fn new(most: usize) -> Self {
        Self { first: 0, places: VecDeque::new(), most }
    }

    /// Returns whether another place can be opened.
    pub(super) fn has_room(&self) -> bool {
        self.places.len() < self.most
    }

    /// Opens the next place and returns its number; numbers count up from 0.
    pub(super) fn open(&mut self) -> u64 {
        self.places.push_back(None);
        self.first + self.places.len() as u64 - 1
    }

    /// Puts a result in its place; a place that was cut is none any more.
    pub(super) fn fill(&mut self, number: u64, result: T) {
        let place = number.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        if let Some(place) = place.and_then(|at| self.places.get_mut(at)) {
            *place = Some(result);
        }
    }

    /// Takes all places behind `number` back.
    pub(super) fn cut_after(&mut self, number: u64) {
        let kept = (number + 1).saturating_sub(self.first);
        self.places.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
    }

    /// Returns the first place's result if it is there, and closes the place.
    pub(super) fn next(&mut self) -> Option<T> {
        let result = self.places.front_mut()?.take()?;
        self.places.pop_front();
        self.first += 1;
        Some(result)
    }

    /// Returns whether no place is open.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_was_cut_does_not_come() {
        let mut window = Window::new(4);
        let numbers: Vec<u64> = (0..4).map(|_| window.open()).collect();
        assert!(!window.has_room());
        window.fill(numbers[3], "d");
        window.cut_after(numbers[1]);
        window.fill(numbers[2], "c");
        window.fill(numbers[1], "b");
        assert_eq!(window.next(), None);
        window.fill(numbers[0], "a");
        assert_eq!((window.next(), window.next(), window.next()), (Some("a"), Some("b"), None));
        assert!(window.is_empty());
        // A result that comes after its place has gone is nobody's.
        window.fill(numbers[0], "late");
        assert!(window.is_empty());
    }

    proptest! {
        #[test]
        fn any_order_gives_back_the_order_of_the_places(
            order in Just((0..20_u64).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let mut window = Window::new(order.len());
            for expected in 0..20 {
                prop_assert_eq!(window.open(), expected);
            }
            let mut seen = Vec::new();
            for number in order {
                window.fill(number, number);
                seen.extend(std::iter::from_fn(|| window.next()));
            }
            prop_assert_eq!(seen, (0..20).collect::<Vec<_>>());
        }
    }
}
