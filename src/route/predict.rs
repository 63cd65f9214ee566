//! What a turn is expected to take on a route.

use std::time::Duration;

use crate::chat::Candidate;
use crate::chat::Prediction;
use crate::chat::Route;
use crate::route::request::Facts;
use crate::route::request::LocalFacts;
use crate::route::request::Policy;
use crate::route::request::RemoteFacts;
use crate::route::request::Request;
use crate::route::request::RouteView;

/// Looks at a route: what it promises and costs. Nothing is rejected yet.
pub(super) fn candidate(request: &Request, view: &RouteView) -> Candidate {
    let (predicted, new_tokens, upload_bytes, cost_micros) = match &view.facts {
        Facts::Local(facts) => {
            let cached = facts.probe.map_or(0, |probe| probe.cached_tokens);
            let new = prompt_tokens(request, facts).saturating_sub(cached);
            (local(request, facts), new, 0, 0)
        }
        Facts::Remote(facts) => {
            let predicted = Some(remote(request, facts));
            let cost = facts.price.of(request.prompt_tokens, request.answer_tokens);
            (predicted, request.prompt_tokens, request.upload_bytes, cost)
        }
    };
    let (route, model) = (view.route.clone(), view.model.clone());
    Candidate { route, model, rejected: None, predicted, new_tokens, upload_bytes, cost_micros }
}

/// Returns the prompt's tokens: counted if the engine was asked.
pub(super) fn prompt_tokens(request: &Request, facts: &LocalFacts) -> u32 {
    facts.probe.map_or(request.prompt_tokens, |probe| probe.prompt_tokens)
}

/// Predicts a local turn: work ahead, the rest of a load, what is new of the prompt, one token.
/// `None` while a rate is not measured.
fn local(request: &Request, facts: &LocalFacts) -> Option<Prediction> {
    let prefill = facts.rates.prefill_tps.filter(|rate| *rate > 0.0)?;
    let decode = facts.rates.decode_tps.filter(|rate| *rate > 0.0)?;
    let probe = facts.probe?;
    // The last token is always evaluated: the next one is drawn from it.
    let new = probe.prompt_tokens.saturating_sub(probe.cached_tokens).max(1);
    let evaluated = f64::from(new) + f64::from(probe.queued_tokens);
    let tbt = time(1.0 / decode);
    let ttft = facts.load.saturating_add(time(evaluated / prefill)).saturating_add(tbt);
    Some(Prediction {
        ttft,
        ttft_risk: scaled(ttft, facts.risk),
        tbt,
        total: ttft.saturating_add(scaled(tbt, request.answer_tokens.into())),
    })
}

/// Predicts a remote turn from what past ones took; the worst of twenty counts as risk at least.
fn remote(request: &Request, facts: &RemoteFacts) -> Prediction {
    let forecast = facts.forecast;
    let ttft = forecast.ttft;
    Prediction {
        ttft,
        ttft_risk: scaled(ttft, facts.risk).max(forecast.ttft_q95),
        tbt: forecast.tbt,
        total: ttft.saturating_add(scaled(forecast.tbt, request.answer_tokens.into())),
    }
}

/// Returns how likely a turn is in time, 0 to 1: its time to the first token is taken for log-normal,
/// with the prediction as median and the risk as the worst of twenty. Tokens too far apart are never in
/// time.
pub(super) fn chance(predicted: &Prediction, policy: &Policy) -> f64 {
    /// What nineteen of twenty draws of a normal distribution lie below.
    const NINETEEN: f64 = 1.645;
    let Prediction { ttft, ttft_risk, tbt, .. } = predicted;
    if *tbt > policy.tbt {
        return 0.0;
    }
    let by = |time: &Duration| (time.as_secs_f64() / ttft.as_secs_f64().max(1e-6)).ln();
    let spread = by(ttft_risk) / NINETEEN;
    if spread <= f64::EPSILON {
        return if *ttft <= policy.ttft { 1.0 } else { 0.0 };
    }
    normal(by(&policy.ttft) / spread)
}

/// The cumulative normal distribution, by E. Page's approximation (Applied Statistics 26, 1977), right to
/// three digits.
fn normal(z: f64) -> f64 {
    1.0 / (1.0 + (-1.5976 * z - 0.070_56 * z.powi(3)).exp())
}

fn time(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

pub(super) fn scaled(duration: Duration, factor: f64) -> Duration {
    time(duration.as_secs_f64() * factor)
}

/// Returns whether this is the engine on this device.
pub(super) fn is_local(candidate: &Candidate) -> bool {
    candidate.route == Route::Local
}
