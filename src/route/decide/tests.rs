//! A table of situations first, then what holds in every one.

use proptest::prelude::*;

use super::*;
use crate::chat::PrivacyClass;
use crate::chat::Probe;
use crate::chat::Rates;
use crate::route::Forecast;
use crate::route::Gate;
use crate::route::Hold;
use crate::route::LocalFacts;
use crate::route::Prior;
use crate::route::RemoteFacts;
use crate::route::Ring;
use crate::route::TokenPrice;
use crate::route::price_words;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// An engine that evaluates 300 and decodes 100 tokens per second, asked for `new` tokens.
fn here(new: u32) -> RouteView {
    let probe = Probe { prompt_tokens: new + 50, cached_tokens: 50, queued_tokens: 0, exact: true };
    let rates = Rates { prefill_tps: Some(300.0), decode_tps: Some(100.0), decode_ratio: None };
    RouteView::local(
        "small",
        LocalFacts { probe: Some(probe), rates, n_ctx: 4096, ..LocalFacts::default() },
    )
}

fn facts(ttft: u64) -> RemoteFacts {
    let forecast =
        Forecast { ttft: ms(ttft), ttft_q95: ms(ttft * 2), tbt: ms(20), tbt_q95: ms(40) };
    RemoteFacts {
        forecast,
        risk: 1.0,
        gate: Gate::Closed,
        rests: Duration::ZERO,
        has_key: true,
        trouble: None,
        refused: false,
        n_ctx: None,
        more_than_text: false,
        price: TokenPrice::default(),
    }
}

fn lan(ttft: u64) -> RouteView {
    RouteView::remote("lan", "big", facts(ttft))
}

fn open(mode: Mode) -> Request {
    Request {
        mode,
        class: PrivacyClass::Open,
        prompt_tokens: 500,
        upload_bytes: 2000,
        answer_tokens: 100,
        ..Request::default()
    }
}

fn device(level: DeviceLevel) -> DeviceState {
    DeviceState { level, wait_share: Some(0.41), ..DeviceState::default() }
}

fn normal() -> DeviceState {
    DeviceState { wait_share: Some(0.01), ..device(DeviceLevel::Normal) }
}

fn to(request: &Request, routes: &[RouteView], device: &DeviceState) -> (String, String) {
    let decision = decide(request, routes, device, &Policy::default()).expect("a route");
    (decision.route.to_string(), decision.reason)
}

fn refused(request: &Request, routes: &[RouteView], policy: &Policy) -> Fault {
    let fault = decide(request, routes, &normal(), policy).expect_err("no route");
    assert_eq!(fault.kind, FaultKind::NoRoute);
    assert!(fault.hint.is_some());
    fault
}

#[test]
fn without_a_choice_the_device_says_how_it_does() {
    let nothing = RouteView::local("small", LocalFacts::default());
    let overloaded =
        "prefer-local: this device is overloaded, CPU wait 41 %, but nothing else can answer";
    let table = [
        (Mode::LocalOnly, device(DeviceLevel::Strained), "local-only: nothing leaves this device"),
        (Mode::PreferLocal, normal(), "prefer-local: this device keeps up"),
        (Mode::PreferLocal, DeviceState::default(), "prefer-local: this device comes first"),
        (
            Mode::PreferLocal,
            device(DeviceLevel::Strained),
            "prefer-local: this device is strained, CPU wait 41 %",
        ),
        (Mode::PreferLocal, device(DeviceLevel::Overloaded), overloaded),
        (Mode::Auto, normal(), "auto: the only route there is; this device keeps up"),
        (Mode::PreferRemote, normal(), "prefer-remote: this device keeps up"),
    ];
    for (mode, device, reason) in table {
        for egress in [Egress::Allowed, Egress::Offline, Egress::KillSwitch] {
            let policy = Policy { egress, ..Policy::default() };
            let request = Request { mode, ..Request::default() };
            let routes = std::slice::from_ref(&nothing);
            let decision = decide(&request, routes, &device, &policy).expect("answered here");
            assert_eq!((decision.route, decision.reason.as_str()), (Route::Local, reason));
            assert_eq!(decision.model, "small");
        }
    }
}

/// Checks where a turn with so many new tokens here, or such a wait there, goes.
#[track_caller]
fn goes(mode: Mode, (new, ttft): (u32, u64), device: &DeviceState, route: &str, reason: &str) {
    let found = to(&open(mode), &[here(new), lan(ttft)], device);
    assert_eq!((found.0.as_str(), found.1), (route, format!("{mode}: {reason}")));
}

#[test]
fn the_cheapest_that_is_fast_enough_answers_and_says_why() {
    // The device meets the SLO: it is the cheapest.
    let why = "cheapest that is fast enough; first token in 0.3 s";
    goes(Mode::Auto, (100, 100), &normal(), "local", why);
    let why = "this device keeps up; first token in 0.3 s";
    goes(Mode::PreferLocal, (100, 100), &normal(), "local", why);
    // It does not: two seconds for 600 tokens.
    let why = "first token in 0.4 s, here 2.0 s";
    goes(Mode::Auto, (600, 400), &normal(), "remote:lan", why);
    // Whoever prefers it has more patience, but not without end.
    let why = "this device keeps up; first token in 2.0 s";
    goes(Mode::PreferLocal, (600, 400), &normal(), "local", why);
    let why = "first token in 0.4 s, here 4.0 s";
    goes(Mode::PreferLocal, (1200, 400), &normal(), "remote:lan", why);
}

#[test]
fn where_none_is_fast_enough_or_the_device_is_overloaded_the_other_answers() {
    let overloaded = device(DeviceLevel::Overloaded);
    let why = "this device is overloaded, CPU wait 41 %; first token in 0.4 s, here 0.3 s";
    goes(Mode::PreferLocal, (100, 400), &overloaded, "remote:lan", why);
    let why = "first token in 3.0 s, here 10 s";
    goes(Mode::Auto, (3000, 3000), &normal(), "remote:lan", why);
    let why = "soonest here; first token in 2.0 s; this device keeps up";
    goes(Mode::Auto, (600, 9000), &normal(), "local", why);
    for mode in [Mode::PreferRemote, Mode::RemoteOnly] {
        let why = "an endpoint comes first; first token in 9.0 s";
        goes(mode, (10, 9000), &normal(), "remote:lan", why);
    }
}

#[test]
fn nobody_waits_long_for_a_first_token_because_the_last_would_come_sooner() {
    // Likely in time, but not surely; slow after that.
    let mut slow = facts(1000);
    slow.forecast.tbt = ms(60);
    let lan = RouteView::remote("lan", "big", slow);
    let route = |new| to(&open(Mode::Auto), &[here(new), lan.clone()], &normal()).0;
    assert_eq!(route(600), "local", "two seconds");
    assert_eq!(route(1200), "remote:lan", "four seconds");
    slow.forecast = Forecast { ttft: ms(2000), ttft_q95: ms(4000), ..slow.forecast };
    let late = RouteView::remote("lan", "big", slow);
    let both = [here(1200), late];
    assert_eq!(
        to(&open(Mode::Auto), &both, &normal()).0,
        "remote:lan",
        "one turn of four is in time"
    );
    slow.forecast = Forecast { ttft: ms(3000), ttft_q95: ms(4000), ..slow.forecast };
    let late = RouteView::remote("lan", "big", slow);
    let both = [here(1200), late];
    assert_eq!(to(&open(Mode::Auto), &both, &normal()).0, "local", "both are late");
}

#[test]
fn risk_and_cost_count() {
    let risky = RemoteFacts { risk: 4.0, ..facts(800) };
    let risky = RouteView::remote("lan", "big", risky);
    let dear = RemoteFacts {
        price: TokenPrice { prompt_micros: 3_000_000, answer_micros: 15_000_000 },
        ..facts(100)
    };
    let dear = RouteView::remote("cloud", "big", dear);
    let slow = [here(3000), lan(600), dear.clone()];
    assert_eq!(to(&open(Mode::Auto), &slow, &normal()).0, "remote:lan", "free before fast");
    let slow = [here(3000), risky, dear.clone()];
    assert_eq!(to(&open(Mode::Auto), &slow, &normal()).0, "remote:cloud", "sure before free");
    // 500 tokens at 3 and 100 at 15 for a million are 3000 millionths.
    for (budget, route) in [(3000, "remote:cloud"), (2999, "local")] {
        let policy = Policy { budget_micros: Some(budget), ..Policy::default() };
        let decision = decide(&open(Mode::Auto), &[here(3000), dear.clone()], &normal(), &policy);
        assert_eq!(decision.expect("a route").route.to_string(), route);
    }
}

#[test]
fn every_filter_has_its_reason() {
    let closed = |facts: RemoteFacts| RouteView::remote("lan", "big", facts);
    let local_only = Request { class: PrivacyClass::LocalOnly, ..open(Mode::Auto) };
    let attached = Request { more_than_text: true, ..open(Mode::Auto) };
    let kept = Request { mode: Mode::LocalOnly, ..open(Mode::Auto) };
    let table = [
        (local_only, facts(1), Egress::Allowed, Reject::Privacy),
        (kept, facts(1), Egress::Allowed, Reject::Mode),
        (open(Mode::Auto), facts(1), Egress::Offline, Reject::Offline),
        (open(Mode::Auto), facts(1), Egress::KillSwitch, Reject::KillSwitch),
        (
            open(Mode::Auto),
            RemoteFacts { has_key: false, ..facts(1) },
            Egress::Allowed,
            Reject::NoKey,
        ),
        (
            open(Mode::Auto),
            RemoteFacts { refused: true, ..facts(1) },
            Egress::Allowed,
            Reject::Consent,
        ),
        (
            open(Mode::Auto),
            RemoteFacts { n_ctx: Some(500), ..facts(1) },
            Egress::Allowed,
            Reject::TooLong,
        ),
        (attached, facts(1), Egress::Allowed, Reject::Capability),
        (
            open(Mode::Auto),
            RemoteFacts { gate: Gate::Open { until: ms(1) }, ..facts(1) },
            Egress::Allowed,
            Reject::Breaker,
        ),
        (
            open(Mode::Auto),
            RemoteFacts { gate: Gate::Trying, ..facts(1) },
            Egress::Allowed,
            Reject::Breaker,
        ),
        (
            open(Mode::Auto),
            RemoteFacts { rests: ms(1), ..facts(1) },
            Egress::Allowed,
            Reject::RateLimit,
        ),
    ];
    for (request, facts, egress, reject) in table {
        let policy = Policy { egress, ..Policy::default() };
        let routes = [here(3000), closed(facts)];
        let decision = decide(&request, &routes, &normal(), &policy).expect("answered here");
        assert_eq!(decision.route, Route::Local, "{reject:?}");
        assert_eq!(decision.considered[1].rejected, Some(reject));
        if reject != Reject::Mode {
            assert!(decision.reason.contains(reject.words()), "{}", decision.reason);
        }
    }
    let trial = closed(RemoteFacts { gate: Gate::Trial, ..facts(1) });
    assert_eq!(to(&open(Mode::Auto), &[here(3000), trial], &normal()).0, "remote:lan");
}

#[test]
fn a_model_without_room_here_is_passed_over_by_name() {
    let full = LocalFacts { lacks_room: true, ..LocalFacts::default() };
    let routes = [RouteView::local("small", full), lan(1)];
    let decision = decide(&open(Mode::PreferLocal), &routes, &normal(), &Policy::default());
    let decision = decision.expect("answered there");
    assert_eq!(decision.considered[0].rejected, Some(Reject::Memory));
    assert!(decision.reason.contains(Reject::Memory.words()), "{}", decision.reason);
}

#[test]
fn pins_are_absolute() {
    let pinned = |pin| Request { pin: Some(pin), ..open(Mode::Auto) };
    let routes = [here(3000), lan(1), RouteView::remote("cloud", "big", facts(1))];
    let overloaded = device(DeviceLevel::Overloaded);
    assert_eq!(to(&pinned(Pin::Local), &routes, &overloaded).0, "local");
    let cloud = Pin::Remote(Some("cloud".into()));
    let (route, reason) = to(&pinned(cloud.clone()), &routes, &normal());
    assert_eq!(
        (route.as_str(), reason.as_str()),
        ("remote:cloud", "pinned by you; first token in 10 ms")
    );
    assert_eq!(to(&pinned(Pin::Remote(None)), &routes, &normal()).0, "remote:lan");
    let policy = Policy { hold: Some(Hold::TooSoon), ..Policy::default() };
    let stuck = Request { current: Some(Route::Local), ..pinned(cloud.clone()) };
    let decision = decide(&stuck, &routes, &normal(), &policy).expect("a route");
    assert_eq!(decision.route, Route::Remote("cloud".into()), "limits are for unforced switches");

    let down = RemoteFacts { gate: Gate::Open { until: ms(1) }, ..facts(1) };
    let routes = [here(1), lan(1), RouteView::remote("cloud", "big", down)];
    let fault = refused(&pinned(cloud.clone()), &routes, &Policy::default());
    assert_eq!(fault.message, "pinned to cloud: cloud: it failed too often lately");
    assert!(fault.hint.is_some_and(|hint| hint.contains("/route auto")));
    let private = Request { class: PrivacyClass::LocalOnly, ..pinned(cloud.clone()) };
    assert!(refused(&private, &routes, &Policy::default()).message.contains("may not leave"));
    let kept = Request { mode: Mode::LocalOnly, ..pinned(cloud) };
    refused(&kept, &routes, &Policy::default());
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let policy = |egress| Policy { egress, ..Policy::default() };
    let remote_only = open(Mode::RemoteOnly);
    let both = [here(1), lan(1)];
    for (routes, egress, words) in [
        (&both[..1], Egress::Allowed, "mode remote-only: there is no endpoint to send turns to"),
        (&both[..], Egress::Offline, "mode remote-only: nothing may leave with --offline"),
        (
            &both[..1],
            Egress::KillSwitch,
            "mode remote-only: nothing may leave while EDGEWISE_NO_REMOTE is set",
        ),
    ] {
        assert_eq!(refused(&remote_only, routes, &policy(egress)).message, words);
    }
    let none: [RouteView; 0] = [];
    let fault = refused(&open(Mode::LocalOnly), &none, &Policy::default());
    assert_eq!(fault.message, "mode local-only: there is no local model");
    let twice = [lan(1), RouteView::remote("cloud", "x", facts(1))];
    let private = Request { class: PrivacyClass::LocalOnly, ..remote_only };
    let fault = refused(&private, &twice, &Policy::default());
    assert_eq!(fault.message.matches("may not leave").count(), 1, "{}", fault.message);
}

#[test]
fn a_session_stays_unless_leaving_is_worth_it_and_not_too_soon() {
    let from = |route: &str, mode| Request {
        current: Some(if route == "local" { Route::Local } else { Route::Remote(route.into()) }),
        ..open(mode)
    };
    // Both fast enough: this device is cheaper; one that might be late is not.
    assert_eq!(to(&from("lan", Mode::Auto), &[here(300), lan(300)], &normal()).0, "local");
    assert_eq!(to(&from("lan", Mode::Auto), &[here(600), lan(300)], &normal()).0, "remote:lan");
    // None is fast enough: a gain of a quarter at least.
    assert_eq!(to(&from("local", Mode::Auto), &[here(1200), lan(3000)], &normal()).0, "local");
    assert_eq!(to(&from("local", Mode::Auto), &[here(3000), lan(3000)], &normal()).0, "remote:lan");
    let held = |hold| Policy { hold: Some(hold), ..Policy::default() };
    let stays = |route: &str, routes: &[RouteView], hold| {
        decide(&from(route, Mode::Auto), routes, &normal(), &held(hold)).expect("a route")
    };
    for (hold, words) in [
        (Hold::TooSoon, "changes without need are 30 s and two turns apart"),
        (Hold::TooOften(ms(61_000)), "four times in ten minutes and is held for 2 min"),
    ] {
        let decision = stays("lan", &[here(10), lan(300)], hold);
        assert_eq!(decision.route, Route::Remote("lan".into()), "this device would be cheaper");
        assert_eq!(decision.why, Why::Stays);
        assert!(decision.reason.contains(words), "{}", decision.reason);
    }
    // What would be late holds nobody, and moves nobody for good.
    let decision = stays("local", &[here(3000), lan(300)], Hold::TooSoon);
    assert_eq!(decision.route, Route::Remote("lan".into()));
    assert_eq!(decision.why, Why::ThisTurn);
    let held = held(Hold::TooSoon);
    // A route that cannot be taken any more is left at once.
    let down = RouteView::remote("lan", "big", RemoteFacts { has_key: false, ..facts(1) });
    let decision = decide(&from("lan", Mode::Auto), &[here(10), down], &normal(), &held);
    assert_eq!(decision.expect("a route").route, Route::Local);
}

#[test]
fn the_price_of_an_unforced_switch_is_told() {
    let (home, last) = (Some(Route::Local), Some(Route::Local));
    let request = Request { current: home, last, ..open(Mode::Auto) };
    let decision = decide(&request, &[here(3000), lan(400)], &normal(), &Policy::default());
    let decision = decision.expect("a route");
    let said = "auto: for this turn: first token in 0.4 s, here 10 s; the change: 500 tokens again, 2000 bytes sent, \
        to save 8.6 s";
    assert_eq!(decision.reason, said);
    let price = decision.price.expect("it leaves without need");
    assert_eq!((price.tokens_again, price.bytes_out, price.cost_micros), (500, 2000, 0));
    // 10.01 s and 100 tokens at 10 ms, against 0.4 s and 100 at 20 ms.
    assert_eq!(price.gain.as_millis(), 11_010 - 2_400);
    for free in [Some(Route::Remote("lan".into())), None] {
        let request = Request { last: free, ..request.clone() };
        let decision = decide(&request, &[here(3000), lan(400)], &normal(), &Policy::default());
        let decision = decision.expect("a route");
        assert_eq!(decision.price, None);
        assert!(!decision.reason.contains("the change"), "{}", decision.reason);
    }
}

#[test]
fn a_price_names_only_what_is_paid() {
    let (tokens_again, gain) = (1200, ms(6600));
    let home = SwitchPrice { tokens_again, gain, ..SwitchPrice::default() };
    let table = [
        (home, "1200 tokens again, to save 6.6 s"),
        (
            SwitchPrice { bytes_out: 12_345, cost_micros: 12_345, ..home },
            "1200 tokens again, 12 kB sent, 0.0123 paid, to save 6.6 s",
        ),
        (
            SwitchPrice { bytes_out: 2_345_678, gain: Duration::ZERO, ..home },
            "1200 tokens again, 2.3 MB sent",
        ),
    ];
    for (price, words) in table {
        assert_eq!(price_words(&price), words);
    }
}

#[test]
fn an_engine_that_was_never_measured_is_tried_first() {
    let new = RouteView::local("small", LocalFacts::default());
    for mode in [Mode::Auto, Mode::PreferLocal] {
        assert_eq!(to(&open(mode), &[new.clone(), lan(10)], &normal()).0, "local");
    }
    let overloaded = device(DeviceLevel::Overloaded);
    assert_eq!(to(&open(Mode::Auto), &[new, lan(10)], &overloaded).0, "remote:lan");
}

#[test]
fn a_first_word_in_time_is_worth_a_little_of_the_last_one() {
    // In time for sure, in half of all cases, and hardly ever.
    let policy = Policy::default();
    let chance = |ttft, ttft_risk| {
        let tbt = ms(20);
        predict::chance(&Prediction { ttft, ttft_risk, tbt, total: ttft }, &policy)
    };
    for (ttft, risk, likely) in [
        (ms(100), ms(300), 0.99..1.0),
        (ms(1500), ms(3000), 0.499..0.501),
        (ms(710), ms(1680), 0.91..0.93),
        (ms(3000), ms(3300), 0.0..0.001),
        (ms(1500), ms(1500), 1.0..1.001),
        (ms(1501), ms(1501), 0.0..0.001),
        (ms(0), ms(0), 1.0..1.001),
    ] {
        let chance = chance(ttft, risk);
        assert!(likely.contains(&chance), "{ttft:?}, {risk:?}: {chance}");
    }
    // An endpoint that is in time, and whose answers take as long as is said.
    let there = |tbt| {
        let mut facts = facts(300);
        facts.forecast.tbt = ms(tbt);
        [here(600), RouteView::remote("lan", "big", facts)]
    };
    let route = |tbt| to(&open(Mode::Auto), &there(tbt), &normal()).0;
    assert_eq!(route(40), "remote:lan", "1.3 s longer");
    assert_eq!(route(70), "local", "4.3 s longer");
}

fn any_gate() -> impl Strategy<Value = Gate> {
    prop_oneof![
        Just(Gate::Closed),
        Just(Gate::Trial),
        Just(Gate::Trying),
        Just(Gate::Open { until: ms(1) })
    ]
}

prop_compose! {
    fn any_remote()(
        name in "[ab]", ttft in 1_u64..9000, risk in 1.0..4.0_f64, gate in any_gate(),
        has_key in any::<bool>(), refused in any::<bool>(), n_ctx in proptest::option::of(1_u32..9000),
        price in 0_u64..10_000_000,
    ) -> RouteView {
        let price = TokenPrice { prompt_micros: price, answer_micros: price };
        RouteView::remote(name, "m", RemoteFacts { risk, gate, has_key, refused, n_ctx, price, ..facts(ttft) })
    }
}

prop_compose! {
    fn any_routes()(
        new in 1_u32..5000, known in any::<bool>(), there in any::<bool>(),
        mut remotes in proptest::collection::vec(any_remote(), 0..3),
    ) -> Vec<RouteView> {
        if there {
            let unknown = RouteView::local("small", LocalFacts::default());
            remotes.insert(0, if known { here(new) } else { unknown });
        }
        remotes
    }
}

fn any_pin() -> impl Strategy<Value = Option<Pin>> {
    prop_oneof![
        4 => Just(None),
        1 => Just(Some(Pin::Local)),
        1 => Just(Some(Pin::Remote(None))),
        1 => "[ab]".prop_map(|name| Some(Pin::Remote(Some(name)))),
    ]
}

prop_compose! {
    fn any_request()(
        mode in proptest::sample::select(Mode::NAMES.map(|(_, mode)| mode).to_vec()),
        pin in any_pin(), open in any::<bool>(), prompt_tokens in 0_u32..9000,
        current in proptest::option::of(proptest::sample::select(vec![Route::Local, Route::Remote("a".into())])),
    ) -> Request {
        let class = if open { PrivacyClass::Open } else { PrivacyClass::LocalOnly };
        Request { mode, pin, class, prompt_tokens, current, upload_bytes: 100, ..Request::default() }
    }
}

prop_compose! {
    fn any_policy()(
        egress in proptest::sample::select(vec![Egress::Allowed, Egress::Allowed, Egress::Offline, Egress::KillSwitch]),
        may_switch in any::<bool>(), budget in proptest::option::of(0_u64..10_000),
    ) -> Policy {
        let hold = (!may_switch).then_some(Hold::TooSoon);
        Policy { egress, hold, budget_micros: budget, ..Policy::default() }
    }
}

proptest! {
    #[test]
    fn whatever_the_situation(
        request in any_request(), routes in any_routes(), policy in any_policy(),
        level in proptest::sample::select(vec![DeviceLevel::Normal, DeviceLevel::Overloaded]),
    ) {
        let Ok(decision) = decide(&request, &routes, &device(level), &policy) else {
            return Ok(());
        };
        let remote = decision.route != Route::Local;
        // Nothing private leaves, whatever fails.
        prop_assert!(!remote || request.class == PrivacyClass::Open);
        prop_assert!(!remote || policy.egress == Egress::Allowed);
        prop_assert!(!remote || request.mode != Mode::LocalOnly);
        // A pin is never overridden.
        match &request.pin {
            Some(Pin::Local) => prop_assert!(!remote),
            Some(Pin::Remote(Some(name))) => prop_assert_eq!(&decision.route, &Route::Remote(name.clone())),
            Some(Pin::Remote(None)) => prop_assert!(remote),
            None => {}
        }
        let chosen = decision.considered.iter().any(|candidate| {
            candidate.route == decision.route && candidate.rejected.is_none()
        });
        prop_assert!(chosen, "a rejected route was taken");
        prop_assert!(!decision.reason.is_empty() && !decision.reason.ends_with('.'));
        prop_assert_eq!(decision.considered.len(), routes.len());
        // A session that may not switch stays where it can, unless it would wait there.
        let current = decision.considered.iter().find(|candidate| {
            Some(&candidate.route) == request.current.as_ref() && candidate.rejected.is_none()
        });
        let free = matches!(request.mode, Mode::Auto) && request.pin.is_none();
        if let Some(current) = current.filter(|_| free && policy.hold.is_some()) {
            let overloaded = current.route == Route::Local && level == DeviceLevel::Overloaded;
            let sure = current.predicted.is_none_or(|it| {
                it.ttft_risk <= policy.ttft && it.tbt <= policy.tbt
            });
            let stays = decision.route == current.route;
            prop_assert!(stays || overloaded || !sure, "{:?}", decision);
            prop_assert!(!stays || decision.why != Why::ThisTurn);
        }
    }

    #[test]
    fn there_is_an_answer_here_whenever_here_is_allowed(
        request in any_request(), policy in any_policy(),
        mut routes in any_routes(),
    ) {
        routes.retain(|view| view.route != Route::Local);
        routes.insert(0, here(10));
        let request = Request { pin: None, ..request };
        if request.mode != Mode::RemoteOnly {
            prop_assert!(decide(&request, &routes, &normal(), &policy).is_ok());
        }
    }
}

#[test]
fn a_ring_feeds_the_decision() {
    let forecast = Ring::default().forecast(500, ms(0), Prior::NEAR);
    let view = RouteView::remote("lan", "big", RemoteFacts { forecast, ..facts(0) });
    assert_eq!(to(&open(Mode::Auto), &[here(3000), view], &normal()).0, "remote:lan");
}
