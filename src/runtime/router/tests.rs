use super::*;
use crate::chat::DeviceLevel;
use crate::chat::DeviceSample;
use crate::chat::Rates;
use crate::runtime::simulation::front_with_endpoints;

const SESSION: SessionId = SessionId(1);

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn router(mode: Mode, privacy: PrivacyClass) -> Router {
    let mut front = front_with_endpoints();
    front.profile.mode = mode;
    front.profile.privacy = privacy;
    Router::new(&front)
}

/// An engine that evaluates 200 and draws 50 tokens a second, and a quarter of that where it is
/// overloaded.
fn health(level: DeviceLevel, ratio: Option<f64>) -> Health {
    let share = if level == DeviceLevel::Overloaded { 0.25 } else { 1.0 };
    let rates = Rates {
        prefill_tps: Some(200.0 * share),
        decode_tps: Some(50.0 * share),
        decode_ratio: ratio,
    };
    Health { level, rates, sample: DeviceSample::default(), ..Health::default() }
}

/// Asks for an answer to a prompt of so many tokens, none of them cached.
fn asked(prompt_tokens: u32, at: Duration) -> Asked {
    let probe = Probe { prompt_tokens, exact: true, ..Probe::default() };
    Asked { probe: Some(probe), consent: Consent::All, at, ..Asked::default() }
}

fn begin(router: &mut Router, turn: u64, asked: Asked) -> Result<Decision, Fault> {
    let generation = router.front.question(SESSION, &[], "How are you?", true);
    router.begin(TurnId(turn), &generation, asked)
}

fn end(router: &mut Router, turn: u64, at: Duration, tokens: u32) {
    let usage = Usage { completion_tokens: tokens, ..Usage::default() };
    let end = TokenEvent::Finished(StopReason::EndOfTurn, usage);
    router.hear(TurnId(turn), &TurnEvent::Token(end), at);
}

fn text(router: &mut Router, turn: u64, at: Duration) {
    let delta = TokenEvent::Delta("Fine".to_owned());
    router.hear(TurnId(turn), &TurnEvent::Token(delta), at);
}

#[test]
fn it_stays_while_the_device_keeps_up_and_leaves_when_it_does_not() {
    let mut router = router(Mode::PreferLocal, PrivacyClass::Open);
    router.observe(&health(DeviceLevel::Normal, Some(1.0)), s(0));
    assert_eq!(begin(&mut router, 1, asked(100, s(1))).expect("a route").route, Route::Local);
    router.observe(&health(DeviceLevel::Overloaded, Some(0.3)), s(2));
    let left = begin(&mut router, 2, asked(100, s(2))).expect("a route");
    assert_eq!(left.route, Route::Remote("a".to_owned()));
    assert!(left.price.is_some(), "nothing forced it: {left:?}");
}

#[test]
fn a_local_only_profile_never_leaves_whatever_the_device_does() {
    for mode in [Mode::PreferLocal, Mode::Auto] {
        let mut router = router(mode, PrivacyClass::LocalOnly);
        router.observe(&health(DeviceLevel::Overloaded, Some(0.1)), s(0));
        assert_eq!(begin(&mut router, 1, asked(5000, s(1))).expect("a route").route, Route::Local);
        let pin = Some(Pin::Remote(None));
        let pinned = begin(&mut router, 2, Asked { pin, ..asked(10, s(2)) });
        assert!(pinned.is_err(), "{pinned:?}");
    }
}

#[test]
fn it_comes_back_once_nobody_has_looked_at_an_overloaded_device_for_a_minute() {
    let mut router = router(Mode::PreferLocal, PrivacyClass::Open);
    // Measured at a quarter of what an undisturbed machine does.
    router.observe(&health(DeviceLevel::Overloaded, Some(0.25)), s(0));
    // Afterwards nothing decodes.
    router.observe(&health(DeviceLevel::Overloaded, None), s(10));
    let prompt = |at| asked(300, s(at));
    assert_ne!(begin(&mut router, 1, prompt(11)).expect("a route").route, Route::Local);
    assert_ne!(begin(&mut router, 2, prompt(69)).expect("a route").route, Route::Local);
    assert_eq!(begin(&mut router, 3, prompt(71)).expect("a route").route, Route::Local);
}

#[test]
fn a_turn_that_would_wait_is_away_alone_and_the_session_stays_at_home() {
    let mut router = router(Mode::Auto, PrivacyClass::Open);
    router.observe(&health(DeviceLevel::Normal, Some(1.0)), s(0));
    // 200 tokens a second: 2000 of them are late, 20 are not.
    for (turn, (tokens, route, why)) in [
        (2000, "remote:a", Why::ThisTurn),
        (20, "local", Why::Suffices),
        (2000, "remote:a", Why::ThisTurn),
        (2000, "remote:a", Why::ThisTurn),
        (20, "local", Why::Suffices),
        (2000, "remote:a", Why::ThisTurn),
    ]
    .into_iter()
    .enumerate()
    {
        let turn = turn as u64;
        let decision = begin(&mut router, turn, asked(tokens, s(turn))).expect("a route");
        let reason = decision.reason.clone();
        assert_eq!((decision.route.to_string().as_str(), decision.why), (route, why), "{reason}");
        let changes = [1, 2, 4, 5].contains(&turn);
        assert_eq!(decision.price.is_some(), changes, "{turn}: {reason}");
        router.hear(TurnId(turn), &TurnEvent::Routed(decision), s(turn));
        end(&mut router, turn, s(turn), 20);
    }
    assert_eq!(router.sessions[&SESSION].switches.hold(s(5)), None, "nothing moved");
    assert_eq!(router.sessions[&SESSION].home(Mode::Auto), Some(Route::Local));
}

#[test]
fn a_pin_holds_for_its_turn_and_does_not_move_the_session() {
    let mut router = router(Mode::PreferLocal, PrivacyClass::Open);
    router.observe(&health(DeviceLevel::Normal, Some(1.0)), s(0));
    begin(&mut router, 1, asked(100, s(1))).expect("a route");
    let pin = Some(Pin::Remote(Some("b".to_owned())));
    let pinned = begin(&mut router, 2, Asked { pin, ..asked(100, s(2)) }).expect("a route");
    assert_eq!(pinned.route, Route::Remote("b".to_owned()));
    router.hear(TurnId(2), &TurnEvent::Routed(pinned), s(2));
    let next = begin(&mut router, 3, asked(100, s(3))).expect("a route");
    assert_eq!((next.route, next.price), (Route::Local, None));
}

#[test]
fn who_has_not_agreed_goes_nowhere() {
    let mut router = router(Mode::RemoteOnly, PrivacyClass::Open);
    let unasked = Asked { consent: Consent::None, ..asked(10, s(1)) };
    let refused = begin(&mut router, 1, unasked).expect_err("nowhere to go");
    assert!(refused.message.contains(Reject::Consent.words()), "{refused}");
}

#[test]
fn what_was_promised_and_missed_makes_the_next_promise_less_believed() {
    let mut router = router(Mode::PreferLocal, PrivacyClass::Open);
    router.observe(&health(DeviceLevel::Normal, Some(1.0)), s(0));
    let first = begin(&mut router, 1, asked(100, s(1))).expect("a route");
    let promised = first.predicted().expect("rates are known").ttft;
    for turn in 2..12 {
        let at = s(turn * 10);
        begin(&mut router, turn, asked(100, at)).expect("a route");
        text(&mut router, turn, at + promised * 3);
        end(&mut router, turn, at + s(9), 50);
    }
    let later = begin(&mut router, 12, asked(100, s(125))).expect("a route");
    let local = later.considered.iter().find(|it| it.route == Route::Local).expect("local");
    let risk = local.predicted.expect("rates").ttft_risk;
    assert!(risk > promised.mul_f64(2.5), "{risk:?} after {promised:?}");
}

#[test]
fn answers_to_come_are_as_long_as_most_were() {
    let mut router = router(Mode::Auto, PrivacyClass::Open);
    router.observe(&health(DeviceLevel::Normal, Some(1.0)), s(0));
    let decoding = |decision: &Decision| {
        let local = decision.considered.iter().find(|it| it.route == Route::Local);
        let predicted = local.and_then(|it| it.predicted).expect("rates are known");
        predicted.total.saturating_sub(predicted.ttft).as_millis()
    };
    router.front.profile.max_tokens = None;
    let before = begin(&mut router, 1, asked(100, s(1))).expect("a route");
    assert_eq!(decoding(&before), u128::from(ANSWER_TOKENS) * 20);
    for turn in 2..12 {
        begin(&mut router, turn, asked(100, s(turn))).expect("a route");
        end(&mut router, turn, s(turn), 10 * u32::try_from(turn).expect("small"));
    }
    let after = begin(&mut router, 12, asked(100, s(20))).expect("a route");
    assert_eq!(decoding(&after), 90 * 20, "seven of ten were no longer");
    router.forget(SESSION);
    let anew = begin(&mut router, 13, asked(100, s(30))).expect("a route");
    assert_eq!(decoding(&anew), u128::from(ANSWER_TOKENS) * 20);
}

#[test]
fn what_is_promised_before_a_turn_is_what_its_decision_weighs() {
    let mut router = router(Mode::PreferLocal, PrivacyClass::Open);
    router.observe(&health(DeviceLevel::Normal, Some(1.0)), s(0));
    let generation = router.front.question(SESSION, &[], "How are you?", true);
    let promised = router.promises(&generation, &asked(400, s(1)));
    assert!(router.sessions.values().all(|known| known.last.is_none()), "nothing is decided");
    let decision = begin(&mut router, 1, asked(400, s(1))).expect("a route");
    let weighed: Vec<_> =
        decision.considered.iter().map(|it| (it.route.clone(), it.predicted)).collect();
    let told: Vec<_> = promised.iter().map(|it| (it.route.clone(), it.predicted)).collect();
    assert_eq!(told, weighed);
    let measured: Vec<bool> = promised.iter().map(|it| it.measured).collect();
    assert_eq!(measured[..2], [true, false], "no turn has run at an endpoint yet");
    // One that waits for the user's word only is told of, one that may not be is not.
    let unasked = Asked { consent: Consent::None, ..asked(400, s(1)) };
    assert_eq!(router.promises(&generation, &unasked).len(), promised.len());
    let private = Generation { class: PrivacyClass::LocalOnly, ..generation };
    let stays = router.promises(&private, &asked(400, s(1)));
    assert_eq!(stays.iter().map(|it| &it.route).collect::<Vec<_>>(), [&Route::Local]);
}

#[test]
fn a_short_draft_is_estimated_by_the_speed_of_answers_until_prompts_are_measured() {
    let mut router = router(Mode::PreferLocal, PrivacyClass::Open);
    let generation = router.front.question(SESSION, &[], "How are you?", true);
    let here = |router: &mut Router, asked: Asked| {
        let mut promises = router.promises(&generation, &asked).into_iter();
        promises.find(|promise| promise.route == Route::Local).expect("this device")
    };
    assert_eq!(here(&mut router, asked(9, s(1))).predicted, None, "nothing is known");
    let mut health = health(DeviceLevel::Normal, Some(1.0));
    health.rates.prefill_tps = None;
    router.observe(&health, s(1));
    let short = here(&mut router, asked(9, s(1)));
    assert_eq!(short.predicted.map(|it| it.ttft), Some(Duration::from_millis(200)));
    assert!(!short.measured);
    assert_eq!(here(&mut router, asked(900, s(1))).predicted, None, "it would be far too much");
    health.rates.prefill_tps = Some(200.0);
    router.observe(&health, s(2));
    let measured = here(&mut router, asked(9, s(2)));
    assert!(measured.measured && measured.predicted.is_some_and(|it| it.ttft < s(1)));
}
