//! The one sentence that says why.

use std::time::Duration;

use crate::chat::Candidate;
use crate::chat::DeviceLevel;
use crate::chat::Mode;
use crate::chat::Reject;
use crate::chat::Route;
use crate::chat::SwitchPrice;
use crate::chat::Why;
use crate::route::predict::is_local;
use crate::route::request::DeviceState;
use crate::route::request::Request;
use crate::route::switches::Hold;

/// Words a decision: the mode, what the chosen route promises, and what speaks against the other.
pub(super) fn reason(
    request: &Request,
    considered: &[Candidate],
    chosen: &Candidate,
    (why, device, hold): (Why, &DeviceState, Option<Hold>),
) -> String {
    let said = match hold.filter(|_| why == Why::Stays) {
        Some(hold) => format!("{}: {}{}", request.mode, stays(hold), promise(chosen)),
        None => why_there(request, considered, chosen, (why, device)),
    };
    match &request.broke_off {
        Some(route) => format!("begun anew, because {route} broke off; {said}"),
        None => said,
    }
}

fn why_there(
    request: &Request,
    considered: &[Candidate],
    chosen: &Candidate,
    (why, device): (Why, &DeviceState),
) -> String {
    let mode = request.mode;
    let here = considered.iter().find(|candidate| is_local(candidate));
    let barred = here.and_then(|here| here.rejected).filter(|reject| *reject != Reject::Mode);
    let weighed = matches!(why, Why::Suffices | Why::OtherTooSlow | Why::Soonest | Why::ThisTurn);
    if barred.is_some() && weighed {
        return format!("{mode}: {}", only_there(here, chosen));
    }
    let told = match why {
        Why::Pinned => return format!("pinned by you{}", promise(chosen)),
        Why::First if mode == Mode::LocalOnly => "nothing leaves this device".to_owned(),
        Why::First if is_local(chosen) => format!("{}{}", keeping_up(device), promise(chosen)),
        Why::First => format!("an endpoint comes first{}", promise(chosen)),
        Why::Only if is_local(chosen) => only_here(mode, considered, device, chosen),
        Why::Only => only_there(here, chosen),
        Why::Suffices => format!("cheapest that is fast enough{}", promise(chosen)),
        Why::OtherTooSlow | Why::Soonest if is_local(chosen) => {
            format!("soonest here{}; {}", promise(chosen), keeping_up(device))
        }
        Why::OtherTooSlow | Why::Soonest => leaves(here, chosen, device),
        Why::ThisTurn if is_local(chosen) => {
            format!("for this turn: {}{}", keeping_up(device), promise(chosen))
        }
        Why::ThisTurn => format!("for this turn: {}", leaves(here, chosen, device)),
        // What happens to a turn on its way is worded where it happens.
        Why::Stays | Why::Rerouted | Why::HandedOn => promise(chosen),
    };
    format!("{mode}: {told}")
}

/// Words that a route would be left, and the limit on changes without need holds the session there.
fn stays(hold: Hold) -> String {
    let limit = match hold {
        Hold::TooSoon => "changes without need are 30 s and two turns apart".to_owned(),
        Hold::TooOften(left) => {
            let minutes = left.as_secs().div_ceil(60).max(1);
            format!("the route changed four times in ten minutes and is held for {minutes} min")
        }
    };
    format!("stays: {limit}")
}

/// Words that a route's answer is elsewhere than here, and what for.
fn leaves(here: Option<&Candidate>, chosen: &Candidate, device: &DeviceState) -> String {
    let first = |candidate: &Candidate| candidate.predicted.map(|it| seconds(it.ttft));
    let whole = |candidate: &Candidate| candidate.predicted.map(|it| seconds(it.total));
    let compared = match here.and_then(|here| Some((first(here)?, first(chosen)?))) {
        Some((here, there)) if here != there => format!("first token in {there}, here {here}"),
        _ => match here.and_then(|here| Some((whole(here)?, whole(chosen)?))) {
            Some((here, there)) => format!("answer in {there}, here {here}"),
            None => promise(chosen).trim_start_matches("; ").to_owned(),
        },
    };
    if device.level == DeviceLevel::Normal {
        return compared;
    }
    format!("{}; {compared}", keeping_up(device))
}

fn only_here(
    mode: Mode,
    considered: &[Candidate],
    device: &DeviceState,
    chosen: &Candidate,
) -> String {
    let other = considered.iter().find(|candidate| !is_local(candidate));
    let told = keeping_up(device);
    let promised = promise(chosen);
    match (mode, other.and_then(|other| Some((other, other.rejected?)))) {
        (_, Some((other, reject))) => {
            format!("{told}{promised}; not {}: {}", name(&other.route), reject.words())
        }
        (_, None) if device.level == DeviceLevel::Overloaded => {
            format!("{told}, but nothing else can answer{promised}")
        }
        (Mode::Auto, None) => format!("the only route there is; {told}{promised}"),
        (_, None) => format!("{told}{promised}"),
    }
}

fn only_there(here: Option<&Candidate>, chosen: &Candidate) -> String {
    match here.and_then(|here| here.rejected).filter(|reject| *reject != Reject::Mode) {
        Some(reject) => format!("not here: {}{}", reject.words(), promise(chosen)),
        None => format!("the only route there is{}", promise(chosen)),
    }
}

fn name(route: &Route) -> &str {
    match route {
        Route::Local => "here",
        Route::Remote(endpoint) => endpoint,
    }
}

fn promise(candidate: &Candidate) -> String {
    let first = candidate.predicted.map(|predicted| seconds(predicted.ttft));
    first.map_or_else(String::new, |first| format!("; first token in {first}"))
}

/// Words what leaving a route without need costs and brings: tokens that are evaluated again, bytes
/// that leave, money in the currency of the user's prices, time that is gained.
pub fn price(price: &SwitchPrice) -> String {
    let mut costs = vec![format!("{} tokens again", price.tokens_again)];
    if price.bytes_out > 0 {
        costs.push(format!("{} sent", bytes(price.bytes_out)));
    }
    if price.cost_micros > 0 {
        costs.push(format!("{:.4} paid", price.cost_micros as f64 / 1e6));
    }
    let costs = costs.join(", ");
    match price.gain {
        Duration::ZERO => costs,
        gain => format!("{costs}, to save {}", seconds(gain)),
    }
}

/// Words a size of text.
fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// Words a time that is a guess.
fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds @ ..0.0995 => format!("{:.0} ms", (seconds * 100.0).ceil() * 10.0),
        seconds @ ..9.95 => format!("{seconds:.1} s"),
        seconds => format!("{seconds:.0} s"),
    }
}

/// Words how this device does.
fn keeping_up(device: &DeviceState) -> String {
    let level = match device.level {
        DeviceLevel::Normal if device.wait_share.is_none() => {
            return "this device comes first".to_owned();
        }
        DeviceLevel::Normal => return "this device keeps up".to_owned(),
        DeviceLevel::Strained => "this device is strained",
        DeviceLevel::Recovering => "this device is recovering",
        DeviceLevel::Overloaded => "this device is overloaded",
    };
    match device.wait_share {
        Some(share) => format!("{level}, CPU wait {:.0} %", share * 100.0),
        None => level.to_owned(),
    }
}
