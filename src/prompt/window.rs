//! What of a conversation goes when it is longer than the context. Nothing here drops anything: it
//! says what would go, and the user decides.

/// Tokens that a chat template puts around a message, at the most in the known families.
const AROUND_MESSAGE: u32 = 8;

/// Tokens of a byte of text where nothing is known of the tokeniser: a word of English in two.
const TOKENS_PER_BYTE: f64 = 0.35;

/// How many tokens a byte of this conversation takes, learned from prompts that were counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Density(f64);

impl Default for Density {
    fn default() -> Self {
        Self(TOKENS_PER_BYTE)
    }
}

impl Density {
    /// Learns from a prompt of `bytes` in `messages` that took `tokens`.
    #[must_use]
    pub fn counted(bytes: usize, messages: usize, tokens: u32) -> Self {
        let around = AROUND_MESSAGE.saturating_mul(u32::try_from(messages).unwrap_or(u32::MAX));
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let text = tokens.saturating_sub(around);
        if bytes == 0 || text == 0 {
            return Self::default();
        }
        Self(f64::from(text) / f64::from(bytes))
    }

    /// Estimates the tokens of a message of `bytes`, its frame included; rather too many.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and the cast saturates"
    )]
    pub fn estimate(self, bytes: usize) -> u32 {
        let text = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) * self.0;
        (text.ceil() as u32).saturating_add(AROUND_MESSAGE)
    }
}

/// Returns how many of the oldest `turns`, in tokens each, would go so that the others take at most
/// `room` tokens. All of them may.
pub fn oldest_to_drop(turns: &[u32], room: u32) -> usize {
    let mut kept = 0_u64;
    let fits = turns.iter().rev().take_while(|tokens| {
        kept += u64::from(**tokens);
        kept <= u64::from(room)
    });
    turns.len() - fits.count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_newest_that_fit_are_kept() {
        assert_eq!(oldest_to_drop(&[10, 20, 30], 100), 0);
        assert_eq!(oldest_to_drop(&[10, 20, 30], 50), 1);
        assert_eq!(oldest_to_drop(&[10, 20, 30], 49), 2);
        assert_eq!(oldest_to_drop(&[10, 20, 30], 0), 3);
        assert_eq!(oldest_to_drop(&[], 0), 0);
        assert_eq!(oldest_to_drop(&[u32::MAX, u32::MAX], u32::MAX), 1);
    }

    #[test]
    fn a_density_is_learned_from_what_was_counted() {
        let density = Density::counted(1000, 2, 516);
        assert_eq!(density.estimate(100), 58);
        assert_eq!(Density::counted(0, 2, 16), Density::default());
        assert_eq!(Density::default().estimate(0), 8);
    }

    proptest! {
        /// What is kept fits, and one more would not.
        #[test]
        fn as_much_as_fits_is_kept(turns in prop::collection::vec(0..500_u32, 0..40), room in 0..5000_u32) {
            let dropped = oldest_to_drop(&turns, room);
            let total = |from: usize| turns[from..].iter().sum::<u32>();
            prop_assert!(total(dropped) <= room);
            prop_assert!(dropped == 0 || total(dropped - 1) > room);
        }
    }
}
