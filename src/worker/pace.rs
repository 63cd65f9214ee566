//! How fast one answer is decoded, and how fast it would be on an undisturbed machine; pure.

use std::collections::BTreeMap;
use std::time::Duration;

use super::slot::Rate;

/// Steps that are too few to tell a speed.
const STEPS_MIN: u32 = 8;

/// The waiting share below which a machine counts as undisturbed.
const QUIET: f64 = 0.05;

/// How much of a faster measure goes into the baseline at once: the first steps are cold.
const LEARN: f64 = 0.3;

/// How much of a slower one does: a machine that gets hot, or shares its memory's bandwidth, looks
/// undisturbed to a scheduler, and must not lower what it is measured by within minutes.
const UNLEARN: f64 = 0.005;

/// What the time of a step depends on, beside the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bucket {
    threads: u32,
    streams: usize,
    depth: u32,
}

impl Bucket {
    /// Makes the bucket of a step that decodes for `streams` answers with `used` cells in the pool:
    /// with one pool for all, every used cell costs time. Depths fall into half octaves.
    pub(super) fn new(threads: u32, streams: usize, used: usize) -> Self {
        /// Below this a context costs next to nothing.
        const SHALLOW: f64 = 512.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a logarithm of at least 1 is small and positive"
        )]
        let depth = ((used as f64 / SHALLOW).max(1.0).log2() * 2.0) as u32;
        Self { threads, streams, depth }
    }
}

/// Measures steps, in windows that [`Pace::close`] ends.
#[derive(Debug, Default)]
pub(super) struct Pace {
    window: BTreeMap<Bucket, (u32, Duration)>,
    /// Whether anything was decoded since a window was last to end.
    busy: bool,
    /// Steps per second of an undisturbed machine.
    baselines: BTreeMap<Bucket, f64>,
    decode: Rate,
    ratio: Option<f64>,
}

impl Pace {
    /// Adds a step that only decoded: one token for each of its answers.
    pub(super) fn note(&mut self, bucket: Bucket, time: Duration) {
        self.busy = true;
        let (steps, total) = self.window.entry(bucket).or_default();
        *steps += 1;
        *total += time;
    }

    /// Ends a window in which the threads waited for `wait_share` of the time that they wanted;
    /// one with too few steps goes on as long as something decodes. Where waiting is unknown the
    /// fastest window is the baseline.
    pub(super) fn close(&mut self, wait_share: Option<f64>) {
        if !std::mem::take(&mut self.busy) {
            // The last steps of an answer are no news of the time behind it.
            self.window.clear();
            self.ratio = None;
            return;
        }
        let steps: u32 = self.window.values().map(|(steps, _)| steps).sum();
        if steps < STEPS_MIN {
            return;
        }
        let (mut wanted, mut known, mut took) = (0.0, Duration::ZERO, Duration::ZERO);
        for (bucket, (steps, time)) in std::mem::take(&mut self.window) {
            took += time;
            let rate = f64::from(steps) / time.as_secs_f64().max(f64::EPSILON);
            if steps >= STEPS_MIN {
                self.learn(bucket, rate, wait_share);
            }
            if let Some(baseline) = self.baselines.get(&bucket) {
                wanted += f64::from(steps) / baseline;
                known += time;
            }
        }
        self.decode.add(steps as usize, took);
        let known = known.as_secs_f64();
        self.ratio = (known > 0.0).then(|| wanted / known);
    }

    fn learn(&mut self, bucket: Bucket, rate: f64, wait_share: Option<f64>) {
        let baseline = self.baselines.get(&bucket).copied();
        let learnt = match (baseline, wait_share) {
            (_, Some(share)) if share > QUIET => return,
            (None, _) => rate,
            (Some(was), None) => was.max(rate),
            (Some(was), Some(_)) if rate > was => was + (rate - was) * LEARN,
            (Some(was), Some(_)) => was + (rate - was) * UNLEARN,
        };
        self.baselines.insert(bucket, learnt);
    }

    /// Returns tokens per second of one answer, lately.
    pub(super) fn decode_tps(&self) -> Option<f64> {
        self.decode.get()
    }

    /// Returns the newest window's speed by its baseline, 1 for undisturbed; `None` while nothing
    /// decodes and before there is a baseline.
    pub(super) fn ratio(&self) -> Option<f64> {
        self.ratio
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(pace: &mut Pace, bucket: Bucket, ms: u64, wait: Option<f64>) -> Option<f64> {
        for _ in 0..20 {
            pace.note(bucket, Duration::from_millis(ms));
        }
        pace.close(wait);
        pace.ratio()
    }

    fn close(found: Option<f64>, wanted: f64) {
        let found = found.expect("a ratio");
        assert!((found - wanted).abs() < 0.02, "{found} is not {wanted}");
    }

    #[test]
    fn a_disturbed_machine_is_measured_by_the_undisturbed_one() {
        let (mut pace, one) = (Pace::default(), Bucket::new(2, 1, 100));
        assert_eq!(window(&mut pace, one, 30, Some(0.4)), None, "no baseline yet");
        close(window(&mut pace, one, 10, Some(0.0)), 1.0);
        close(window(&mut pace, one, 30, Some(0.4)), 0.33);
        assert_eq!(window(&mut pace, Bucket::new(1, 1, 100), 18, Some(0.4)), None);
    }

    #[test]
    fn heat_looks_quiet_and_is_not_taken_for_the_baseline() {
        let (mut pace, one) = (Pace::default(), Bucket::new(2, 1, 100));
        window(&mut pace, one, 10, Some(0.0));
        for _ in 0..30 {
            window(&mut pace, one, 25, Some(0.0));
        }
        assert!(pace.ratio().is_some_and(|ratio| ratio < 0.5), "{:?}", pace.ratio());
    }

    #[test]
    fn where_waiting_is_unknown_the_fastest_window_counts() {
        let (mut pace, one) = (Pace::default(), Bucket::new(2, 1, 100));
        close(window(&mut pace, one, 20, None), 1.0);
        close(window(&mut pace, one, 10, None), 1.0);
        close(window(&mut pace, one, 20, None), 0.5);
    }

    #[test]
    fn few_steps_tell_nothing_and_none_end_what_was_told() {
        let (mut pace, one) = (Pace::default(), Bucket::new(2, 1, 100));
        window(&mut pace, one, 10, Some(0.0));
        pace.note(one, Duration::from_secs(1));
        pace.close(Some(0.0));
        close(pace.ratio(), 1.0);
        for _ in 0..7 {
            pace.note(one, Duration::from_secs(1));
        }
        pace.close(Some(0.9));
        close(pace.ratio(), 0.01);
        pace.close(Some(0.0));
        assert_eq!(pace.ratio(), None);
    }

    #[test]
    fn the_rest_of_an_answer_says_nothing_of_the_silence_behind_it() {
        let (mut pace, one) = (Pace::default(), Bucket::new(2, 1, 100));
        window(&mut pace, one, 10, Some(0.0));
        close(window(&mut pace, one, 20, Some(0.4)), 0.5);
        pace.note(one, Duration::from_millis(20));
        pace.close(Some(0.0));
        close(pace.ratio(), 0.5);
        pace.close(Some(0.0));
        assert_eq!(pace.ratio(), None);
    }

    #[test]
    fn depths_fall_into_half_octaves() {
        let depth = |used| Bucket::new(1, 1, used).depth;
        assert_eq!([0, 511, 512, 723, 725, 1024, 4096].map(depth), [0, 0, 0, 0, 1, 2, 6]);
    }
}
