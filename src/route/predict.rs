//! What a turn is expected to take on a route.

use std::time::Duration;

use crate::chat::Candidate;
use crate::chat::Prediction;
use crate::chat::Route;
use crate::route::request::Facts;
use crate::route::request::LocalFacts;
use crate::route::request::RemoteFacts;
use crate::route::request::Request;
use crate::route::request::RouteView;

/// Tokens of a million, for which prices are said.
const MILLION: u64 = 1_000_000;

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
            (predicted, request.prompt_tokens, request.upload_bytes, cost(request, facts))
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

fn cost(request: &Request, facts: &RemoteFacts) -> u64 {
    let part = |tokens: u32, micros: u64| u64::from(tokens).saturating_mul(micros) / MILLION;
    part(request.prompt_tokens, facts.price.prompt_micros)
        .saturating_add(part(request.answer_tokens, facts.price.answer_micros))
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
