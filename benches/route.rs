//! What a decision costs, and what the decisions amount to over a trace of real requests.
//!
//! `cargo bench --bench route` needs no model. `cargo bench --bench route -- --trace FILE` plays a
//! trace (CSV: time, tokens of the context, tokens generated, as Azure's public traces have them)
//! through the functions that the front decides by, over three networks; `--every N` takes each Nth
//! request, `--prefill` and `--decode` give this device's tokens a second, as `scripts/bench`
//! measures them; with `--not-ahead` this device has to evaluate what other routes answered when a session
//! comes back to it, as for scripts, where a chat would have had it evaluated while nobody typed.

#[path = "route/trace.rs"]
mod trace;

use std::hint::black_box;
use std::io::Write as _;
use std::time::Duration;
use std::time::Instant;

use edgewise::chat::Mode;
use edgewise::chat::PrivacyClass;
use edgewise::chat::Probe;
use edgewise::chat::Rates;
use edgewise::route::DeviceState;
use edgewise::route::LocalFacts;
use edgewise::route::Policy;
use edgewise::route::Prior;
use edgewise::route::RemoteFacts;
use edgewise::route::Request;
use edgewise::route::Ring;
use edgewise::route::RouteView;
use edgewise::route::Sample;
use edgewise::route::decide;

const DECISIONS: u32 = 20_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let number = |name: &str, otherwise: f64| {
        value(name).map_or(otherwise, |text| text.parse().expect("a number"))
    };
    let Some(file) = value("--trace") else {
        say(&format!("a decision among three routes: {:.1} us", decision_us()));
        return;
    };
    let text = std::fs::read_to_string(file).expect("the trace can be read");
    let device =
        trace::Speed { prefill: number("--prefill", 400.0), decode: number("--decode", 120.0) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
    let every = number("--every", 40.0) as usize;
    let ahead = !arguments.iter().any(|argument| argument == "--not-ahead");
    say(&trace::table(&text, every.max(1), device, ahead));
}

/// Returns the microseconds of a decision, forecasts from two full rings included.
fn decision_us() -> f64 {
    let mut ring = Ring::default();
    for at in 0..Ring::MOST as u64 {
        let sample = Sample {
            at: Duration::from_secs(at * 7),
            prompt_tokens: 100 + u32::try_from(at * 40).expect("small"),
            ttft: Duration::from_millis(400 + at * 9),
            tbt: Some(Duration::from_millis(25)),
        };
        ring.push(sample);
    }
    let request = Request {
        mode: Mode::Auto,
        class: PrivacyClass::Open,
        prompt_tokens: 900,
        upload_bytes: 3600,
        ..Request::default()
    };
    let local = LocalFacts {
        probe: Some(Probe { prompt_tokens: 900, cached_tokens: 200, ..Probe::default() }),
        rates: Rates { prefill_tps: Some(300.0), decode_tps: Some(90.0), decode_ratio: None },
        ..LocalFacts::default()
    };
    let begun = now();
    for at in 0..DECISIONS {
        let remote = |name: &str| {
            let at = Duration::from_secs(400 + u64::from(at));
            let forecast = ring.forecast(black_box(900), at, Prior::FAR);
            RouteView::remote(name, "big", remote_facts(forecast))
        };
        let routes = [RouteView::local("small", local), remote("a"), remote("b")];
        let decision = decide(&request, &routes, &DeviceState::default(), &Policy::default());
        black_box(decision.expect("a route"));
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(DECISIONS)
}

fn remote_facts(forecast: edgewise::route::Forecast) -> RemoteFacts {
    RemoteFacts {
        forecast,
        risk: 1.3,
        gate: edgewise::route::Gate::Closed,
        rests: Duration::ZERO,
        has_key: true,
        trouble: None,
        refused: false,
        n_ctx: None,
        more_than_text: false,
        price: edgewise::route::TokenPrice::default(),
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}

fn say(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("stdout is open");
}
