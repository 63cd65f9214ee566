//! The hard filters: what stands against a route whatever it promises, in order.

use crate::chat::Candidate;
use crate::chat::Mode;
use crate::chat::PrivacyClass;
use crate::chat::Reject;
use crate::chat::Route;
use crate::route::breaker::Gate;
use crate::route::predict;
use crate::route::request::Egress;
use crate::route::request::Facts;
use crate::route::request::LocalFacts;
use crate::route::request::Pin;
use crate::route::request::Policy;
use crate::route::request::RemoteFacts;
use crate::route::request::Request;
use crate::route::request::RouteView;

/// Returns the first thing that stands against a route.
pub(super) fn reject(
    request: &Request,
    view: &RouteView,
    candidate: &Candidate,
    policy: &Policy,
) -> Option<Reject> {
    let again = request.broke_off.as_ref() == Some(&view.route);
    let stands_against = match (&view.route, &view.facts) {
        (Route::Local, Facts::Local(facts)) => local(request, facts),
        (Route::Remote(endpoint), Facts::Remote(facts)) => may_go(request, endpoint, policy)
            .or_else(|| endpoint_is_able(request, facts))
            .or_else(|| dear(candidate, policy)),
        // Facts of one kind say nothing of a route of the other.
        (Route::Local, Facts::Remote(_)) | (Route::Remote(_), Facts::Local(_)) => {
            Some(Reject::NoModel)
        }
    };
    stands_against.or(again.then_some(Reject::BrokeOff))
}

fn local(request: &Request, facts: &LocalFacts) -> Option<Reject> {
    if matches!(request.pin, Some(Pin::Remote(_))) {
        return Some(Reject::Pin);
    }
    if request.pin.is_none() && request.mode == Mode::RemoteOnly {
        return Some(Reject::Mode);
    }
    // One more token has to fit.
    let long = predict::prompt_tokens(request, facts) >= facts.n_ctx;
    let rejects = [(long, Reject::TooLong), (facts.lacks_room, Reject::Memory)];
    rejects.into_iter().find(|(holds, _)| *holds).map(|(_, reject)| reject)
}

/// Whether the user and the conversation allow that anything goes there.
fn may_go(request: &Request, endpoint: &str, policy: &Policy) -> Option<Reject> {
    if request.class == PrivacyClass::LocalOnly {
        return Some(Reject::Privacy);
    }
    match &request.pin {
        Some(Pin::Local) => return Some(Reject::Pin),
        Some(Pin::Remote(Some(other))) if other != endpoint => return Some(Reject::Pin),
        // A pin chooses; what a local-only session promises is no choice.
        Some(Pin::Remote(_)) | None if request.mode == Mode::LocalOnly => {
            return Some(Reject::Mode);
        }
        Some(Pin::Remote(_)) | None => {}
    }
    match policy.egress {
        Egress::Allowed => None,
        Egress::Offline => Some(Reject::Offline),
        Egress::KillSwitch => Some(Reject::KillSwitch),
    }
}

fn endpoint_is_able(request: &Request, facts: &RemoteFacts) -> Option<Reject> {
    let rejects = [
        (!facts.has_key, Reject::NoKey),
        (facts.refused, Reject::Consent),
        (facts.n_ctx.is_some_and(|n_ctx| request.prompt_tokens >= n_ctx), Reject::TooLong),
        (request.more_than_text && !facts.more_than_text, Reject::Capability),
        (matches!(facts.gate, Gate::Open { .. } | Gate::Trying), Reject::Breaker),
        (!facts.rests.is_zero(), Reject::RateLimit),
    ];
    rejects.into_iter().find(|(holds, _)| *holds).map(|(_, reject)| reject)
}

fn dear(candidate: &Candidate, policy: &Policy) -> Option<Reject> {
    let over = policy.budget_micros.is_some_and(|left| candidate.cost_micros > left);
    over.then_some(Reject::Budget)
}
