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
use crate::chat::Why;
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

/// How far beyond the SLO this device may be before a session that prefers it leaves.
const PATIENCE: f64 = 2.0;

/// The share of the time that has to be gained to leave a route where none is good enough.
const GAIN: f64 = 0.25;

/// The least chance of being in time that makes it worth choosing by that chance: two turns of five in
/// time are better than none, and an endpoint that few turns have shown promises no more at first.
const LIKELY: f64 = 0.2;

/// Chances that differ by less are as good as each other: they are estimates.
const ALIKE: f64 = 0.1;

/// How much later an answer may be complete for a first word in time. Over Azure's trace of 2023
/// (`benches/route`) half a second more brings one turn of a hundred in time on a good network, for a
/// twelfth more remote tokens.
const WORTH: Duration = Duration::from_secs(2);

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
    let mut reason = words::reason(request, &considered, chosen, (why, device, policy.hold));
    if let Some(price) = &price {
        reason = format!("{reason}; the change: {}", words::price(price));
    }
    let Candidate { route, model, .. } = chosen;
    let (route, model) = (route.clone(), model.clone());
    Ok(Decision { route, model, why, reason, considered, price })
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

    /// Returns the cheapest of the allowed routes that are as likely as any to be in time, else the soonest.
    fn best(&self) -> (&'a Candidate, Why) {
        let likeliest = self.likeliest();
        if self.chance(likeliest) >= LIKELY {
            let good = self.allowed().filter(|candidate| self.is_good(candidate, likeliest));
            let cheapest = good.min_by_key(|candidate| self.cost(candidate)).unwrap_or(likeliest);
            let local = self.allowed().find(|candidate| is_local(candidate));
            let passed = local.is_some_and(|local| local.route != cheapest.route);
            return (cheapest, if passed { Why::OtherTooSlow } else { Why::Suffices });
        }
        let soonest = self.allowed().min_by_key(|candidate| total(candidate));
        let soonest = soonest.unwrap_or(likeliest);
        let current = self.allowed().find(|candidate| self.is_current(candidate));
        match current {
            Some(current) if total(soonest) > scaled(total(current), 1.0 - GAIN) => {
                (current, Why::Soonest)
            }
            Some(_) | None => (soonest, Why::Soonest),
        }
    }

    /// Keeps the session where it is if leaving is not forced and came too soon. A route that would be
    /// late holds nobody: who leaves it for that is away for this turn only.
    fn steady(&self, wanted: &'a Candidate, why: Why) -> (&'a Candidate, Why) {
        let current = self.allowed().find(|candidate| self.is_current(candidate));
        match current {
            Some(current) if current.route == wanted.route => (wanted, why),
            Some(current) if !self.is_good(current, self.likeliest()) => (wanted, Why::ThisTurn),
            Some(current) if self.policy.hold.is_some() => (current, Why::Stays),
            Some(_) | None => (wanted, why),
        }
    }

    fn is_current(&self, candidate: &Candidate) -> bool {
        self.request.current.as_ref() == Some(&candidate.route)
    }

    /// Money, then bytes that leave, then time; the session's own route before its like.
    fn cost(&self, candidate: &Candidate) -> (u64, u64, Duration, bool) {
        let elsewhere = !self.is_current(candidate);
        (candidate.cost_micros, candidate.upload_bytes, total(candidate), elsewhere)
    }

    /// Returns the allowed route that is likeliest to be in time; there is one, or nothing is chosen.
    fn likeliest(&self) -> &'a Candidate {
        let chances = self.allowed().map(|candidate| (self.chance(candidate), candidate));
        let best = chances.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.expect("a route is allowed").1
    }

    /// Returns how likely a route keeps what the profile asks for, 0 to 1. Nothing measured yet is no
    /// reason against this device, but being overloaded is.
    fn chance(&self, candidate: &Candidate) -> f64 {
        if is_local(candidate) && self.device.level == DeviceLevel::Overloaded {
            return 0.0;
        }
        let unmeasured = if is_local(candidate) { 1.0 } else { 0.0 };
        candidate.predicted.as_ref().map_or(unmeasured, |it| predict::chance(it, self.policy))
    }

    /// Returns whether a route is as good as the likeliest: as likely to be in time, or so much sooner
    /// complete that it is worth the difference.
    fn is_good(&self, candidate: &Candidate, likeliest: &Candidate) -> bool {
        let less = self.chance(likeliest) - self.chance(candidate);
        let totals = candidate.predicted.zip(likeliest.predicted);
        let sooner =
            totals.map_or(Duration::ZERO, |(it, best)| best.total.saturating_sub(it.total));
        let soon = |it: Prediction| it.ttft <= scaled(self.policy.ttft, PATIENCE);
        less <= ALIKE || (candidate.predicted.is_some_and(soon) && scaled(WORTH, less) < sooner)
    }

    /// Returns whether this device is good enough for a session that prefers it.
    fn suffices(&self, local: &Candidate) -> bool {
        if self.device.level == DeviceLevel::Overloaded {
            return false;
        }
        let within = |it: &Prediction| {
            it.ttft_risk <= scaled(self.policy.ttft, PATIENCE)
                && it.tbt <= scaled(self.policy.tbt, PATIENCE)
        };
        local.predicted.as_ref().is_none_or(within)
    }

    /// Returns what leaving the route of the last turn without need costs and brings.
    fn price(&self, chosen: &Candidate) -> Option<SwitchPrice> {
        let last = self.request.last.as_ref()?;
        let last = self.allowed().find(|candidate| candidate.route == *last)?;
        if last.route == chosen.route || self.request.pin.is_some() {
            return None;
        }
        let gain = last.predicted.zip(chosen.predicted);
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
