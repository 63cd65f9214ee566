//! Which of the likeliest tokens a grammar allows; pure.

use super::ffi::Candidate;

/// How many of the likeliest are asked about first, and how much more with every further time.
const FIRST: usize = 32;
const FURTHER: usize = 4;

/// How many candidates the sampler looks at, and how far below the likeliest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reach {
    /// As many as this.
    pub(super) count: usize,
    /// Logits lower than the highest by more than this have no share in the draw.
    pub(super) logits: f32,
}

/// Returns the allowed candidates within `reach`, likeliest first; the order of `candidates` is
/// lost. `refuse` gives what is not allowed a logit of minus infinity.
///
/// A grammar is slow to ask about a whole vocabulary, and what it allows is mostly among the
/// likeliest: they are asked about in growing portions.
pub(super) fn allowed(
    candidates: &mut [Candidate],
    reach: Reach,
    mut refuse: impl FnMut(&mut [Candidate]),
) -> Vec<Candidate> {
    let likelier = |a: &Candidate, b: &Candidate| b.logit.total_cmp(&a.logit);
    let mut found: Vec<Candidate> = Vec::new();
    let mut rest = candidates;
    let mut portion = FIRST;
    while !rest.is_empty() {
        let take = portion.min(rest.len());
        if take < rest.len() {
            rest.select_nth_unstable_by(take - 1, likelier);
        }
        let (head, tail) = rest.split_at_mut(take);
        head.sort_unstable_by(likelier);
        let lowest = head[take - 1].logit;
        refuse(head);
        found.extend(head.iter().filter(|candidate| candidate.logit > f32::NEG_INFINITY));
        let far = found.first().is_some_and(|best| lowest < best.logit - reach.logits);
        if far || found.len() >= reach.count {
            break;
        }
        (rest, portion) = (tail, portion * FURTHER);
    }
    found.truncate(reach.count);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidates(logits: &[f32]) -> Vec<Candidate> {
        (0..).zip(logits).map(|(id, logit)| Candidate { id, logit: *logit, p: 0.0 }).collect()
    }

    /// What the grammar of these tests allows.
    fn fits(id: i32) -> bool {
        id % 7 == 3
    }

    fn refuse(head: &mut [Candidate]) {
        for candidate in head.iter_mut().filter(|candidate| !fits(candidate.id)) {
            candidate.logit = f32::NEG_INFINITY;
        }
    }

    #[test]
    fn nothing_allowed_is_nothing_found() {
        let reach = Reach { count: 3, logits: 10.0 };
        let none = |head: &mut [Candidate]| {
            for candidate in head {
                candidate.logit = f32::NEG_INFINITY;
            }
        };
        assert!(allowed(&mut candidates(&[1.0; 300]), reach, none).is_empty());
        assert!(allowed(&mut [], reach, refuse).is_empty());
    }

    #[test]
    fn only_the_likeliest_are_asked_about() {
        let logits: Vec<f32> = (0_u16..40_000).map(|at| -f32::from(at) / 100.0).collect();
        let mut asked = 0;
        let reach = Reach { count: 2, logits: 16.0 };
        let found = allowed(&mut candidates(&logits), reach, |head| {
            asked += head.len();
            refuse(head);
        });
        assert_eq!((found.len(), found[0].id, found[1].id, asked), (2, 3, 10, FIRST));
    }

    proptest! {
        #[test]
        fn it_finds_what_asking_about_all_of_them_finds(
            logits in proptest::collection::vec(-30.0_f32..30.0, 0..900),
            count in 1_usize..60,
        ) {
            // The same logit twice would leave the order open.
            let mut all: Vec<Candidate> =
                candidates(&logits).into_iter().filter(|candidate| fits(candidate.id)).collect();
            all.sort_by(|a, b| b.logit.total_cmp(&a.logit));
            let best = all.first().map_or(0.0, |best| best.logit);
            let reach = Reach { count, logits: 12.0 };
            let found = allowed(&mut candidates(&logits), reach, refuse);
            let expected: Vec<u32> = all
                .iter()
                .take(count)
                .filter(|candidate| candidate.logit >= best - reach.logits)
                .map(|candidate| candidate.logit.to_bits())
                .collect();
            let found: Vec<u32> = found.iter().map(|found| found.logit.to_bits()).collect();
            prop_assert_eq!(&found[..expected.len()], &expected[..]);
        }
    }
}
