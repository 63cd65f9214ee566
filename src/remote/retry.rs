//! Whether a turn is tried again at the same endpoint, and when. Pure: time and chance come in.

use std::time::Duration;

use super::trouble::Kind;

/// A wait that is not worth asking anybody else.
const SHORT_WAIT: Duration = Duration::from_secs(2);

/// The longest wait that is honoured; whoever asks for more is not waited for.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Tries of one turn at one endpoint, the first included.
const TRIES: u32 = 2;

/// Waits that an endpoint may ask for within one turn.
const ASKED_WAITS: u32 = 3;

/// The least and the most that is waited when the endpoint does not say: full jitter between.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// What follows an attempt that brought nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The same again after this long.
    Again(Duration),
    /// Not here any more.
    Over,
}

/// Decides after `tries` attempts of which the last ended in `kind`; `alone` when nobody else can
/// answer; `draw` is a random number from 0 to 1.
pub(super) fn next(kind: Kind, tries: u32, alone: bool, draw: f64) -> Next {
    let backoff = || {
        let (least, most) = BACKOFF;
        least + (most.saturating_sub(least)).mul_f64(draw.clamp(0.0, 1.0))
    };
    match kind {
        Kind::Final => Next::Over,
        Kind::Gone if !alone || tries >= TRIES => Next::Over,
        Kind::Transient | Kind::Limited(None) if tries >= TRIES => Next::Over,
        Kind::Gone | Kind::Transient | Kind::Limited(None) => Next::Again(backoff()),
        Kind::Limited(Some(wait)) => {
            let most = if alone { LONGEST_WAIT } else { SHORT_WAIT };
            let may = wait <= most && tries <= ASKED_WAITS;
            if may { Next::Again(wait.max(BACKOFF.0)) } else { Next::Over }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_stays_is_not_tried_again_and_what_passes_is_once() {
        assert_eq!(next(Kind::Final, 1, true, 0.5), Next::Over);
        assert_eq!(next(Kind::Transient, 1, false, 0.0), Next::Again(BACKOFF.0));
        assert_eq!(next(Kind::Transient, 1, false, 1.0), Next::Again(BACKOFF.1));
        assert_eq!(next(Kind::Transient, 2, false, 0.5), Next::Over);
        // Nobody there: the next endpoint at once, if there is one.
        assert_eq!(next(Kind::Gone, 1, false, 0.5), Next::Over);
        assert!(matches!(next(Kind::Gone, 1, true, 0.5), Next::Again(_)));
    }

    #[test]
    fn an_asked_for_wait_is_honoured_if_it_is_short_or_nobody_else_is_there() {
        let limited = |wait| Kind::Limited(Some(secs(wait)));
        assert_eq!(next(limited(2), 1, false, 0.5), Next::Again(secs(2)));
        assert_eq!(next(limited(3), 1, false, 0.5), Next::Over);
        assert_eq!(next(limited(60), 1, true, 0.5), Next::Again(secs(60)));
        assert_eq!(next(limited(61), 1, true, 0.5), Next::Over);
        assert_eq!(next(limited(0), 1, true, 0.5), Next::Again(BACKOFF.0));
    }

    proptest! {
        #[test]
        fn it_always_ends_and_never_waits_longer_than_a_minute(
            wait in proptest::option::of(0_u64..u64::MAX), alone: bool, draw in -1.0..2.0_f64,
        ) {
            for kind in [Kind::Gone, Kind::Transient, Kind::Limited(wait.map(secs))] {
                let mut tries = 0;
                loop {
                    tries += 1;
                    prop_assert!(tries <= 5);
                    match next(kind, tries, alone, draw) {
                        Next::Again(wait) => prop_assert!(wait <= LONGEST_WAIT),
                        Next::Over => break,
                    }
                }
            }
        }
    }
}
