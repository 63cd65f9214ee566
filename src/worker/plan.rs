//! Which tokens go into the next batch; pure.

use std::time::Duration;

use crate::chat::Priority;

/// The smallest slice of a prompt: below it a graph's fixed cost weighs more than its tokens.
pub(super) const SLICE_TOKENS_MIN: usize = 32;

/// The smallest slice beside streams: a slow machine evaluates few tokens in a pause that a reader
/// accepts, and fixed cost matters less than the pause.
const SLICE_BESIDE_STREAMS_MIN: usize = 4;

/// How long a slice may hold up tokens that stream beside it: below the pause that a reader
/// notices in a stream.
const SLICE_BESIDE_STREAMS: Duration = Duration::from_millis(100);

/// How long a slice may take when nothing streams: the progress bar still moves, and a turn that
/// arrives waits no longer. Shorter slices are small batches, which cost up to a fifth of the rate
/// on a slow machine.
const SLICE_ALONE: Duration = Duration::from_millis(1200);

/// A running turn, as far as planning goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// Which slot.
    pub(crate) slot: usize,
    /// Tokens that are not in the cache yet, at least one.
    pub(crate) missing: usize,
    /// Whether the one missing token was generated: it streams.
    pub(crate) streams: bool,
    /// Who goes first.
    pub(crate) priority: Priority,
}

/// How many tokens of a slot go into the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Which slot.
    pub(crate) slot: usize,
    /// How many of its missing tokens, at least one.
    pub(crate) take: usize,
}

/// Returns the tokens per second that a slice took by itself, of a step of `time` that would have
/// taken about `without` it. On a crowded machine a step costs the same whatever it holds: then a
/// smaller slice makes no shorter pause. At least a quarter of the step is the slice's.
pub(super) fn slice_rate(tokens: usize, time: Duration, without: Option<Duration>) -> f64 {
    let (time, without) = (time.as_secs_f64(), without.unwrap_or_default().as_secs_f64());
    tokens as f64 / (time - without).max(time / 4.0).max(f64::EPSILON)
}

/// Returns how many prompt tokens a batch may hold, from the measured rate in tokens per second.
pub(super) fn slice_tokens(rate: Option<f64>, streams: bool, batch_tokens: usize) -> usize {
    let time = if streams { SLICE_BESIDE_STREAMS } else { SLICE_ALONE };
    // Nothing measured yet: small enough for a slow model, and the next slice knows better.
    let tokens = rate.map_or(SLICE_TOKENS_MIN as f64 * 2.0, |rate| rate * time.as_secs_f64());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is positive, and the cast saturates"
    )]
    let tokens = tokens as usize;
    let least = if streams { SLICE_BESIDE_STREAMS_MIN } else { SLICE_TOKENS_MIN };
    // Multiples of 32 fill the kernels' tiles.
    let whole = tokens / SLICE_TOKENS_MIN * SLICE_TOKENS_MIN;
    (if whole > 0 { whole } else { tokens }).clamp(least.min(batch_tokens), batch_tokens)
}

/// Fills a batch: every stream's next token first, then the prompts of the highest priority that
/// has any, in equal shares of what `slice` and `batch_tokens` leave.
pub(crate) fn plan(views: &[View], slice: usize, batch_tokens: usize) -> Vec<Share> {
    let streams = views.iter().filter(|view| view.streams);
    let mut shares: Vec<Share> =
        streams.map(|view| Share { slot: view.slot, take: 1 }).take(batch_tokens).collect();
    let mut left = batch_tokens - shares.len();
    let mut room = slice.min(left);
    let Some(first) = views.iter().filter(|view| !view.streams).map(|view| view.priority).max()
    else {
        return shares;
    };
    let mut prompts: Vec<&View> =
        views.iter().filter(|view| !view.streams && view.priority == first).collect();
    // Short prompts first: what they leave of their share goes to the longer ones.
    prompts.sort_by_key(|view| view.missing);
    for (index, view) in prompts.iter().enumerate() {
        let share = (room / (prompts.len() - index)).max(SLICE_TOKENS_MIN.min(room));
        // A small rest goes along: a step of its own costs more than that delays anybody.
        let whole = view.missing <= share + share / 4;
        let take = if whole { view.missing.min(left) } else { share };
        if take > 0 {
            shares.push(Share { slot: view.slot, take });
            room = room.saturating_sub(take);
            left -= take;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn prompt(slot: usize, missing: usize) -> View {
        View { slot, missing, streams: false, priority: Priority::Interactive }
    }

    fn stream(slot: usize) -> View {
        View { slot, missing: 1, streams: true, priority: Priority::Background }
    }

    #[test]
    fn streams_go_first_and_prompts_share_the_slice() {
        let views = [prompt(0, 1000), stream(1), prompt(2, 40)];
        let shares = plan(&views, 128, 512);
        let expected =
            [Share { slot: 1, take: 1 }, Share { slot: 2, take: 40 }, Share { slot: 0, take: 88 }];
        assert_eq!(shares, expected);
    }

    #[test]
    fn a_small_rest_goes_along() {
        assert_eq!(plan(&[prompt(0, 80)], 64, 512), [Share { slot: 0, take: 80 }]);
        assert_eq!(plan(&[prompt(0, 81)], 64, 512), [Share { slot: 0, take: 64 }]);
        assert_eq!(plan(&[prompt(0, 80)], 64, 70), [Share { slot: 0, take: 70 }]);
    }

    #[test]
    fn a_script_waits_while_somebody_looks_on() {
        let script = View { priority: Priority::Background, ..prompt(1, 500) };
        assert_eq!(plan(&[prompt(0, 500), script], 64, 512), [Share { slot: 0, take: 64 }]);
    }

    #[test]
    fn slices_do_not_shrink_for_what_they_do_not_cost() {
        let settle = |fixed: f64, each: f64| {
            let mut tokens = 4;
            for _ in 0..20 {
                let time = Duration::from_secs_f64((tokens as f64).mul_add(each, fixed));
                let without = Some(Duration::from_secs_f64(fixed));
                tokens = slice_tokens(Some(slice_rate(tokens, time, without)), true, 512);
            }
            tokens
        };
        assert_eq!(settle(0.15, 0.001), 96, "a crowded machine: the step costs, not the tokens");
        assert_eq!(settle(0.066, 0.02), 5, "a large model: every token costs");
        assert_eq!(settle(0.007, 0.001), 96);
        assert!((slice_rate(10, Duration::from_secs(1), None) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn slices_follow_the_measured_rate() {
        assert_eq!(slice_tokens(Some(1000.0), true, 512), 96);
        assert_eq!(slice_tokens(Some(500.0), false, 512), 512);
        assert_eq!(slice_tokens(Some(10.0), true, 512), 4);
        assert_eq!(slice_tokens(Some(110.0), true, 512), 11);
        assert_eq!(slice_tokens(Some(10.0), false, 512), 32);
        assert_eq!(slice_tokens(Some(300.0), false, 512), 352);
        assert_eq!(slice_tokens(Some(1e9), false, 512), 512);
        assert_eq!(slice_tokens(None, false, 512), 64);
    }

    proptest! {
        #[test]
        fn a_plan_fits_and_makes_progress(
            missing in proptest::collection::vec((1_usize..2000, any::<bool>(), 0..3_u8), 1..16),
            slice in 1_usize..512,
        ) {
            let views: Vec<View> = missing
                .iter()
                .enumerate()
                .map(|(slot, (missing, streams, priority))| View {
                    slot,
                    missing: if *streams { 1 } else { *missing },
                    streams: *streams,
                    priority: match priority {
                        0 => Priority::Ahead,
                        1 => Priority::Background,
                        _ => Priority::Interactive,
                    },
                })
                .collect();
            let shares = plan(&views, slice, 512);
            prop_assert!(shares.iter().map(|share| share.take).sum::<usize>() <= 512);
            prop_assert!(!shares.is_empty());
            for share in &shares {
                prop_assert!(share.take >= 1 && share.take <= views[share.slot].missing);
            }
            for view in views.iter().filter(|view| view.streams) {
                let share = Share { slot: view.slot, take: 1 };
                prop_assert!(shares.contains(&share));
            }
        }
    }
}
