//! The decision: hard filters in order, each with a reason, then a choice among what is left.

use std::time::Duration;

use crate::chat::Candidate;
use crate::chat::Decision;
use crate::chat::DeviceLevel;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Mode;
use crate::chat::Prediction;
use crate::chat::Reject;
use crate::chat::Route;
use crate::chat::SwitchPrice;
use crate::route::filter;
use crate::route::predict;
use crate::route::predict::is_local;
use crate::route::predict::scaled;
use crate::route::request::DeviceState;
use crate::route::request::Egress;
use crate::route::request::Pin;
use crate::route::request::Policy;
use crate::route::request::Request;
use crate::route::request::RouteView;
use crate::route::words;

/// What a route that is not the session's has to promise: less than the whole SLO, so that two
/// routes near it do not take turns.
const ELSEWHERE: f64 = 0.75;

/// How far beyond the SLO this device may be before a session that prefers it leaves.
const PATIENCE: f64 = 2.0;

/// The share of the time that has to be gained to leave a route where none is good enough.
const GAIN: f64 = 0.25;

/// Why a route was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The user said so.
    Pinned,
    /// The mode puts it first.
    First,
    /// Nothing else can be had.
    Only,
    /// The cheapest that is fast enough.
    Suffices,
    /// The other one is not fast enough, and this one is.
    OtherTooSlow,
    /// None is fast enough; this one is the soonest.
    Soonest,
    /// Another would be better, and the route changed a moment ago.
    Stays,
}

/// Decides where a turn runs and says why, in one lower-case clause.
///
/// The routes come in the user's order. Cheapest means money, then bytes that leave, then time.
///
/// # Errors
/// No route is allowed (`NoRoute`); the message names what stands against each.
pub fn decide(
    request: &Request,
    routes: &[RouteView],
    device: &DeviceState,
    policy: &Policy,
) -> Result<Decision, Fault> {
    let considered = look(request, routes, policy);
    let table = Table { request, considered: &considered, device, policy };
    let (chosen, why) = table.choose().ok_or_else(|| refusal(request, policy, &considered))?;
    let price = table.price(chosen);
    let mut reason = words::reason(request, &considered, chosen, (why, device));
    if let Some(price) = &price {
        reason = format!("{reason}; the change: {}", words::price(price));
    }
    let Candidate { route, model, .. } = chosen;
    Ok(Decision { route: route.clone(), model: model.clone(), reason, price, considered })
}

/// Looks at every route: what it promises and costs, and what stands against it.
pub fn look(request: &Request, routes: &[RouteView], policy: &Policy) -> Vec<Candidate> {
    let looked_at = routes.iter().map(|view| {
        let candidate = predict::candidate(request, view);
        let rejected = filter::reject(request, view, &candidate, policy);
        Candidate { rejected, ..candidate }
    });
    looked_at.collect()
}

struct Table<'a> {
    request: &'a Request,
    considered: &'a [Candidate],
    device: &'a DeviceState,
    policy: &'a Policy,
}

impl<'a> Table<'a> {
    fn allowed(&self) -> impl Iterator<Item = &'a Candidate> + Clone {
        self.considered.iter().filter(|candidate| candidate.rejected.is_none())
    }

    fn choose(&self) -> Option<(&'a Candidate, Why)> {
        let first = self.allowed().next()?;
        if self.request.pin.is_some() {
            return Some((first, Why::Pinned));
        }
        let local = self.allowed().find(|candidate| is_local(candidate));
        let remote = self.allowed().find(|candidate| !is_local(candidate));
        let (wanted, why) = match (self.request.mode, local, remote) {
            (Mode::LocalOnly | Mode::RemoteOnly, ..) => (first, Why::First),
            (Mode::PreferRemote, _, Some(remote)) => return Some((remote, Why::First)),
            (_, Some(local), None) => (local, Why::Only),
            (_, None, Some(_)) if self.considered.len() == 1 => (first, Why::Only),
            (Mode::PreferLocal, Some(local), Some(_)) if self.suffices(local) => {
                (local, Why::First)
            }
            _ => self.best(),
        };
        Some(self.steady(wanted, why))
    }

    /// Returns the cheapest allowed route that is fast enough, else the soonest.
    fn best(&self) -> (&'a Candidate, Why) {
        let cost = |candidate: &Candidate| {
            (
                candidate.cost_micros,
                candidate.upload_bytes,
                total(candidate),
                !self.is_current(candidate),
            )
        };
        let good = self.allowed().filter(|candidate| self.meets(candidate));
        let good = good.min_by_key(|candidate| cost(candidate));
        if let Some(cheapest) = good.or_else(|| self.least_bad()) {
            let local = self.allowed().find(|candidate| is_local(candidate));
            let passed = local.is_some_and(|local| local.route != cheapest.route);
            return (cheapest, if passed { Why::OtherTooSlow } else { Why::Suffices });
        }
        let soonest = self.allowed().min_by_key(|candidate| total(candidate));
        let soonest = soonest.expect("there is one, or nothing would have been chosen");
        let current = self.allowed().find(|candidate| self.is_current(candidate));
        match current {
            Some(current) if total(soonest) > scaled(total(current), 1.0 - GAIN) => {
                (current, Why::Soonest)
            }
            Some(_) | None => (soonest, Why::Soonest),
        }
    }

    /// Keeps the session where it is if leaving is not forced and came too soon.
    fn steady(&self, wanted: &'a Candidate, why: Why) -> (&'a Candidate, Why) {
        let current = self.allowed().find(|candidate| self.is_current(candidate));
        match current {
            Some(current) if current.route != wanted.route && !self.policy.may_switch => {
                (current, Why::Stays)
            }
            Some(_) | None => (wanted, why),
        }
    }

    fn is_current(&self, candidate: &Candidate) -> bool {
        self.request.current.as_ref() == Some(&candidate.route)
    }

    /// Returns whether a route promises what the profile asks for. Nothing measured yet is no
    /// reason against this device, but being overloaded is.
    fn meets(&self, candidate: &Candidate) -> bool {
        let here = self.is_current(candidate);
        let share = if here || self.request.current.is_none() { 1.0 } else { ELSEWHERE };
        self.within(candidate, share)
    }

    /// Returns whether this device is good enough for a session that prefers it.
    fn suffices(&self, local: &Candidate) -> bool {
        self.within(local, PATIENCE)
    }

    fn within(&self, candidate: &Candidate, share: f64) -> bool {
        if is_local(candidate) && self.device.level == DeviceLevel::Overloaded {
            return false;
        }
        let Some(predicted) = candidate.predicted else { return is_local(candidate) };
        predicted.ttft_risk <= scaled(self.policy.ttft, share)
            && predicted.tbt <= scaled(self.policy.tbt, share)
    }

    /// Returns, where no route is sure to keep the SLO, the cheapest that is likely to: it comes
    /// before one that would leave the user without a word for far longer, however soon that one's
    /// answer would be complete.
    fn least_bad(&self) -> Option<&'a Candidate> {
        let soonest = self.allowed().min_by_key(|candidate| total(candidate))?;
        let late = soonest.predicted.is_some_and(|it| it.ttft > scaled(self.policy.ttft, PATIENCE));
        let likely = self.allowed().filter(|candidate| late && self.is_likely(candidate));
        likely.min_by_key(|candidate| (candidate.cost_micros, candidate.upload_bytes))
    }

    /// Returns whether a route keeps what the profile asks for more often than not.
    fn is_likely(&self, candidate: &Candidate) -> bool {
        let here = is_local(candidate) && self.device.level == DeviceLevel::Overloaded;
        let slo = self.policy;
        let likely = |it: &Prediction| it.ttft <= slo.ttft && it.tbt <= slo.tbt;
        !here && candidate.predicted.as_ref().is_some_and(likely)
    }

    /// Returns what leaving the session's route without need costs and brings.
    fn price(&self, chosen: &Candidate) -> Option<SwitchPrice> {
        let current = self.allowed().find(|candidate| self.is_current(candidate))?;
        if current.route == chosen.route || self.request.pin.is_some() {
            return None;
        }
        let gain = current.predicted.zip(chosen.predicted);
        Some(SwitchPrice {
            tokens_again: chosen.new_tokens,
            bytes_out: chosen.upload_bytes,
            cost_micros: chosen.cost_micros,
            gain: gain.map_or(Duration::ZERO, |(was, now)| was.total.saturating_sub(now.total)),
        })
    }
}

/// Returns when an answer would be there, with the risk of its beginning; a route of which nothing
/// is known comes last.
fn total(candidate: &Candidate) -> Duration {
    candidate.predicted.map_or(Duration::MAX, |predicted| {
        let risk = predicted.ttft_risk.saturating_sub(predicted.ttft);
        predicted.total.saturating_add(risk)
    })
}

fn refusal(request: &Request, policy: &Policy, considered: &[Candidate]) -> Fault {
    let asked = match &request.pin {
        Some(Pin::Local) => "pinned to this device".to_owned(),
        Some(Pin::Remote(None)) => "pinned to an endpoint".to_owned(),
        Some(Pin::Remote(Some(endpoint))) => format!("pinned to {endpoint}"),
        None => format!("mode {}", request.mode),
    };
    // What stands against the routes that were asked for, not that the others were not.
    let against: Vec<String> = considered
        .iter()
        .filter_map(|candidate| {
            let reject = candidate.rejected?;
            let asked_for = !matches!(reject, Reject::Pin | Reject::Mode);
            asked_for.then(|| match &candidate.route {
                Route::Local => reject.words().to_owned(),
                Route::Remote(_) if reject.is_general() => reject.words().to_owned(),
                Route::Remote(endpoint) => format!("{endpoint}: {}", reject.words()),
            })
        })
        .collect();
    let why = match (against.first(), policy.egress) {
        (_, Egress::Offline) if !may_stay(request) => Reject::Offline.words().to_owned(),
        (_, Egress::KillSwitch) if !may_stay(request) => Reject::KillSwitch.words().to_owned(),
        (Some(_), _) => dedup(against.clone()).join("; "),
        (None, _) if may_stay(request) => Reject::NoModel.words().to_owned(),
        (None, _) if request.pin.is_some() => "the profile names no such endpoint".to_owned(),
        (None, _) => "there is no endpoint to send turns to".to_owned(),
    };
    let hint = match request.pin {
        Some(Pin::Remote(_)) if against.is_empty() => {
            "endpoint = \"NAME\" in the profile, or --endpoint NAME; /route auto lets the mode decide"
        }
        Some(_) => "/route auto lets the mode decide again",
        None if may_stay(request) => "name a model with -m, or an endpoint in the profile",
        None => "answer on this device with --mode local-only",
    };
    Fault::new(format!("{asked}: {why}")).kind(FaultKind::NoRoute).hint(hint)
}

/// Returns whether the user's word allows this device at all.
fn may_stay(request: &Request) -> bool {
    match request.pin {
        Some(Pin::Local) => true,
        Some(Pin::Remote(_)) => false,
        None => request.mode != Mode::RemoteOnly,
    }
}

fn dedup(mut words: Vec<String>) -> Vec<String> {
    words.dedup();
    words
}

#[cfg(test)]
mod tests;
