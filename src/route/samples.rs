//! What past turns tell of the next one: a ring of samples that lose weight with age, and how wrong
//! predictions from it were.
//!
//! Times are since any fixed moment, the same for all of them.

use std::collections::VecDeque;
use std::time::Duration;

/// Samples of a ring; older ones make room.
const RING: usize = 50;

/// After this time a sample weighs half as much: networks and servers change within the hour.
const HALF_LIFE: Duration = Duration::from_mins(10);

/// A ring whose newest sample is older than this says less of now.
const STALE_AFTER: Duration = Duration::from_mins(10);

/// By how much a stale ring's worst case is widened.
const STALE_FACTOR: f64 = 1.5;

/// Samples from which a slope is told from noise, and the least spread of prompts, in tokens.
const SLOPE_SAMPLES: usize = 6;
const SLOPE_SPREAD: f64 = 200.0;

/// Past errors that the risk follows from.
const ERRORS: usize = 30;

/// The risk before anything was predicted, and its bounds.
const RISK_START: f64 = 1.3;
const RISK_MOST: f64 = 4.0;

/// A turn that an endpoint answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When it ended.
    pub at: Duration,
    /// Tokens of its prompt.
    pub prompt_tokens: u32,
    /// Time to its first token.
    pub ttft: Duration,
    /// Mean time between its tokens; `None` for fewer than two.
    pub tbt: Option<Duration>,
}

/// What a ring says of a prompt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// The likely time to the first token.
    pub ttft: Duration,
    /// The same in the worst of twenty cases.
    pub ttft_q95: Duration,
    /// The likely time between tokens.
    pub tbt: Duration,
    /// The same in the worst of twenty cases.
    pub tbt_q95: Duration,
}

/// What is believed of a route that was never tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prior(Forecasts);

type Forecasts = [Duration; 4];

impl Prior {
    /// A server on this machine or in its network.
    pub const NEAR: Self = Self([
        Duration::from_millis(300),
        Duration::from_secs(1),
        Duration::from_millis(30),
        Duration::from_millis(60),
    ]);
    /// A server somewhere else.
    pub const FAR: Self = Self([
        Duration::from_millis(800),
        Duration::from_millis(2500),
        Duration::from_millis(30),
        Duration::from_millis(80),
    ]);

    fn forecast(self) -> Forecast {
        let [ttft, ttft_q95, tbt, tbt_q95] = self.0;
        Forecast { ttft, ttft_q95, tbt, tbt_q95 }
    }
}

/// The newest turns of one endpoint and model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ring {
    samples: VecDeque<Sample>,
}

impl Ring {
    /// Samples that it holds at most.
    pub const MOST: usize = RING;

    /// Adds a turn that was answered.
    pub fn push(&mut self, sample: Sample) {
        if self.samples.len() == RING {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// Returns the samples, oldest first.
    pub fn samples(&self) -> impl ExactSizeIterator<Item = &Sample> {
        self.samples.iter()
    }

    /// Predicts a turn with a prompt of so many tokens at `at`; the prior where nothing is known.
    ///
    /// The time to the first token is `a + b * tokens` (`DiSCo`, arXiv 2502.11417: server TTFT is
    /// noisy and weakly tied to length), `b` by weighted least squares where prompts differ enough,
    /// `a` by the weighted median of what is left.
    pub fn forecast(&self, prompt_tokens: u32, at: Duration, prior: Prior) -> Forecast {
        let Some(newest) = self.samples.back() else { return prior.forecast() };
        let weigh = |sample: &Sample| weight(at.saturating_sub(sample.at));
        let slope = self.slope(weigh);
        let rest =
            |sample: &Sample| sample.ttft.as_secs_f64() - slope * f64::from(sample.prompt_tokens);
        let mut rests: Vec<(f64, f64)> =
            self.samples.iter().map(|sample| (rest(sample), weigh(sample))).collect();
        let mut gaps: Vec<(f64, f64)> = self
            .samples
            .iter()
            .filter_map(|sample| Some((sample.tbt?.as_secs_f64(), weigh(sample))))
            .collect();
        let stale = at.saturating_sub(newest.at) > STALE_AFTER;
        let widen = if stale { STALE_FACTOR } else { 1.0 };
        let base = slope * f64::from(prompt_tokens);
        let gap = |seconds: Option<f64>, otherwise| seconds.map_or(otherwise, seconds_of);
        let believed = prior.forecast();
        Forecast {
            ttft: seconds_of(base + quantile(&mut rests, 0.5).unwrap_or_default()),
            ttft_q95: seconds_of((base + quantile(&mut rests, 0.95).unwrap_or_default()) * widen),
            tbt: gap(quantile(&mut gaps, 0.5), believed.tbt),
            tbt_q95: gap(quantile(&mut gaps, 0.95).map(|it| it * widen), believed.tbt_q95),
        }
    }

    /// Returns seconds per prompt token; 0 where that cannot be told from noise.
    fn slope(&self, weigh: impl Fn(&Sample) -> f64) -> f64 {
        let tokens = |sample: &Sample| f64::from(sample.prompt_tokens);
        let mean = |of: &dyn Fn(&Sample) -> f64| {
            let (sum, weights) = self.samples.iter().fold((0.0, 0.0), |(sum, weights), sample| {
                (sum + of(sample) * weigh(sample), weights + weigh(sample))
            });
            if weights > 0.0 { sum / weights } else { 0.0 }
        };
        let (x, y) = (mean(&tokens), mean(&|sample| sample.ttft.as_secs_f64()));
        let spread = mean(&|sample| (tokens(sample) - x).powi(2));
        if self.samples.len() < SLOPE_SAMPLES || spread.sqrt() < SLOPE_SPREAD {
            return 0.0;
        }
        let together = mean(&|sample| (tokens(sample) - x) * (sample.ttft.as_secs_f64() - y));
        (together / spread).max(0.0)
    }
}

fn weight(age: Duration) -> f64 {
    0.5_f64.powf(age.as_secs_f64() / HALF_LIFE.as_secs_f64())
}

fn seconds_of(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

/// Returns the value below which this share of the weight lies.
fn quantile(weighted: &mut [(f64, f64)], share: f64) -> Option<f64> {
    weighted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = weighted.iter().map(|(_, weight)| weight).sum();
    let mut passed = 0.0;
    let found = weighted.iter().find(|(_, weight)| {
        passed += weight;
        passed >= total * share
    });
    found.or(weighted.last()).map(|(value, _)| *value)
}

/// How wrong a route's predictions were: the factor that covers nine of ten.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Risk {
    ratios: VecDeque<f64>,
}

impl Risk {
    /// Adds what was predicted and what came.
    pub fn push(&mut self, predicted: Duration, actual: Duration) {
        let predicted = predicted.as_secs_f64();
        if predicted <= 0.0 {
            return;
        }
        if self.ratios.len() == ERRORS {
            self.ratios.pop_front();
        }
        self.ratios.push_back(actual.as_secs_f64() / predicted);
    }

    /// Returns the factor: the ninth of ten ratios of actual to predicted, 1 to 4. Few ratios are
    /// filled up with the start, so that one bad turn does not condemn a route.
    pub fn factor(&self) -> f64 {
        const FEW: usize = 5;
        let fill = FEW.saturating_sub(self.ratios.len());
        let filled = std::iter::repeat_n(RISK_START, fill);
        let mut ratios: Vec<(f64, f64)> =
            self.ratios.iter().copied().chain(filled).map(|ratio| (ratio, 1.0)).collect();
        quantile(&mut ratios, 0.9).unwrap_or(RISK_START).clamp(1.0, RISK_MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn sample(at: u64, prompt_tokens: u32, ttft_ms: u64) -> Sample {
        let ttft = Duration::from_millis(ttft_ms);
        Sample { at: seconds(at), prompt_tokens, ttft, tbt: Some(Duration::from_millis(25)) }
    }

    fn ring(samples: impl IntoIterator<Item = Sample>) -> Ring {
        let mut ring = Ring::default();
        samples.into_iter().for_each(|sample| ring.push(sample));
        ring
    }

    #[test]
    fn nothing_known_is_what_is_believed_of_such_a_server() {
        let forecast = Ring::default().forecast(100, seconds(0), Prior::FAR);
        assert_eq!(forecast, Prior::FAR.forecast());
        assert!(Prior::NEAR.forecast().ttft < forecast.ttft);
    }

    #[test]
    fn the_time_to_the_first_token_grows_with_the_prompt_where_it_did() {
        let grew = (0..20_u32).map(|i| sample(u64::from(i), i * 100, 200 + u64::from(i) * 50));
        let grew = ring(grew);
        let ms = |tokens| grew.forecast(tokens, seconds(20), Prior::FAR).ttft.as_millis();
        assert!((195..=205).contains(&ms(0)), "{}", ms(0));
        assert!((1190..=1210).contains(&ms(2000)), "{}", ms(2000));
        let alike = ring((0..20).map(|i| sample(i, 100, 200 + i * 50)));
        let of = |tokens| alike.forecast(tokens, seconds(20), Prior::FAR).ttft;
        assert_eq!(of(0), of(5000), "equal prompts tell nothing of length");
    }

    #[test]
    fn what_is_old_weighs_less_and_says_less() {
        let changed =
            (0..20).map(|i| sample(i, 100, 2000)).chain((0..8).map(|i| sample(3600 + i, 100, 400)));
        let changed = ring(changed);
        let now = changed.forecast(100, seconds(3610), Prior::FAR);
        assert_eq!(now.ttft, Duration::from_millis(400));
        let later = changed.forecast(100, seconds(3610 + 700), Prior::FAR);
        assert!(later.ttft_q95 > now.ttft_q95, "{later:?} after {now:?}");
    }

    #[test]
    fn a_ring_forgets_its_oldest() {
        let full = ring((0..80).map(|i| sample(i, 100, i)));
        assert_eq!(full.samples().len(), RING);
        assert_eq!(full.samples().next().map(|sample| sample.at), Some(seconds(30)));
    }

    #[test]
    fn risk_follows_past_errors_within_bounds() {
        let mut risk = Risk::default();
        assert!((risk.factor() - RISK_START).abs() < 1e-9);
        (0..30).for_each(|_| risk.push(seconds(1), seconds(1)));
        assert!((risk.factor() - 1.0).abs() < 1e-9);
        (0..10).for_each(|_| risk.push(seconds(1), seconds(2)));
        assert!((risk.factor() - 2.0).abs() < 1e-9);
        (0..30).for_each(|_| risk.push(seconds(1), seconds(60)));
        assert!((risk.factor() - RISK_MOST).abs() < 1e-9);
        risk.push(Duration::ZERO, seconds(1));
        assert!(risk.factor().is_finite());
    }
}
