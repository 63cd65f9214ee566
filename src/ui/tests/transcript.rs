//! What is talked about, the composer and the bars.

use super::*;

#[test]
fn empty() {
    snapshot("empty", |_| {});
}

#[test]
fn loading() {
    for (width, height) in SIZES {
        let mut stage = Stage::new(width, height);
        stage.load(LoadState::Loading(10));
        stage.ms = 800;
        stage.load(LoadState::Loading(42));
        kept(&format!("loading_{width}x{height}"), &stage);
    }
}

#[test]
fn loading_with_a_question() {
    let mut stage = Stage::new(80, 24);
    stage.ask("Why is the sky blue?");
    stage.ms = 800;
    stage.load(LoadState::Loading(42));
    kept("loading_with_a_question", &stage);
}

#[test]
fn prefill() {
    snapshot("prefill", |stage| {
        stage.ask("Why is the sky blue?");
        stage.prefilled(0);
    });
}

#[test]
fn streaming() {
    snapshot("streaming", |stage| {
        stage.ask("Why is the sky blue?");
        stage.prefilled(0);
        stage.streamed(0, RAYLEIGH);
    });
}

#[test]
fn finished() {
    snapshot("finished", |stage| {
        stage.answered(0, "Why is the sky blue?", RAYLEIGH);
        stage.send(Msg::Paste("And why is it black\nat night?".into()));
    });
}

#[test]
fn failed_with_a_part() {
    snapshot("failed", |stage| {
        stage.ask("Why is the sky blue?");
        stage.prefilled(0);
        stage.streamed(0, "Sunlight is scattered by the molecules ");
        let fault = Fault::new("the engine stopped unexpectedly (signal 6)")
            .hint("ask again: it is started anew and knows what was said");
        stage.send(Msg::Lost(fault.clone()));
        stage.token(0, TokenEvent::Finished(StopReason::Interrupted(fault), Usage::default()));
    });
}

#[test]
fn failed_without_a_word() {
    let mut stage = Stage::ready(80, 24);
    stage.ask("Summarise this");
    let fault = Fault::new("the prompt takes 5210 tokens, the context has 4096")
        .hint("shorten the question or raise n_ctx");
    stage.token(0, TokenEvent::Finished(StopReason::Failed(fault), Usage::default()));
    kept("failed_without_a_word", &stage);
}

#[test]
fn two_sessions() {
    snapshot("two_sessions", |stage| {
        stage.answered(0, "Why is the sky blue?", RAYLEIGH);
        stage.ask("Tell me a long story");
        stage.prefilled(1);
        stage.key(Key::ctrl('n'));
        stage.ask("What is a trait in Rust?");
        stage.prefilled(2);
        stage.streamed(2, "A trait says what a type can do. ");
    });
}

#[test]
fn news_of_a_session_behind_and_a_busy_device() {
    let mut stage = Stage::ready(80, 24);
    stage.ask("Why is the sky blue?");
    stage.key(Key::ctrl('n'));
    stage.ask("And at night?");
    stage.prefilled(0);
    stage.streamed(0, RAYLEIGH);
    stage.finished(0, StopReason::EndOfTurn);
    stage.token(1, TokenEvent::Queued(2));
    stage.send(Msg::Health(Health { level: DeviceLevel::Strained, ..Health::default() }));
    kept("news_of_a_session_behind_and_a_busy_device", &stage);
}

#[test]
fn reading() {
    snapshot("reading", |stage| {
        stage.answered(0, "Why is the sky blue?", RAYLEIGH);
        stage.answered(1, "Why is it red at sunset?", "Most of the blue is gone.");
        stage.plain(KeyCode::Esc);
        stage.plain(KeyCode::Char('r'));
        stage.prefilled(2);
        stage.streamed(2, "The light has a longer way.");
        stage.finished(2, StopReason::Cancelled);
        stage.plain(KeyCode::Esc);
    });
}

#[test]
fn rewording() {
    snapshot("rewording", |stage| {
        stage.answered(0, "Why is the sky blue?", RAYLEIGH);
        stage.plain(KeyCode::Esc);
        stage.plain(KeyCode::Char('e'));
    });
}

#[test]
fn a_marked_message_comes_onto_the_screen() {
    let mut stage = Stage::ready(40, 12);
    for turn in 0..8 {
        stage.answered(turn, &format!("question number {turn}"), RAYLEIGH);
    }
    stage.plain(KeyCode::Esc);
    for turn in (0..8).rev() {
        stage.plain(KeyCode::Up);
        let shot = stage.shot();
        assert!(shot.contains(&format!("▌ question number {turn}")), "{shot}");
        stage.plain(KeyCode::Up);
    }
    stage.plain(KeyCode::Esc);
    assert!(!stage.shot().contains('▌'));
    assert_eq!(stage.model.current().scroll().top(), None, "back at the end");
}

#[test]
fn what_is_not_saved_is_said() {
    let mut stage = Stage::ready(80, 24);
    stage.answered(0, "Why is the sky blue?", "Rayleigh.");
    let fault = Fault::new("no space to save the conversation").hint("free some");
    stage.send(Msg::Saving(Saving::Held { fault, waiting: 1 }));
    stage.ask("/nwe");
    let shot = stage.shot();
    let rows = shot.lines().rev().skip(3).take(2).collect::<Vec<_>>();
    assert_eq!(rows[0], " not saved yet: no space to save the conversation · free some");
    assert!(rows[1].contains("no command /nwe"), "{shot}");
}

#[test]
fn queued() {
    snapshot("queued", |stage| {
        stage.ask("Why is the sky blue?");
        stage.prefilled(0);
        stage.streamed(0, RAYLEIGH);
        for number in 1..=5 {
            stage.ask(&format!("And question number {number}, which is a longer one?"));
        }
    });
}

#[test]
fn wide_characters() {
    snapshot("wide", |stage| {
        let answer = "夜空はなぜ暗いのか。これはオルバースのパラドックスと呼ばれ、宇宙の年齢が有限である\
            ことが答えの一つです。👩‍🚀🔭 e\u{301}toile\n\ttab\n한국어 텍스트도 제 너비를 가집니다.";
        stage.answered(0, "夜空はなぜ暗いのですか？ 🌌", answer);
        stage.send(Msg::Paste("漢字🙂".into()));
    });
}

#[test]
fn scrolled() {
    snapshot("scrolled", |stage| {
        stage.answered(0, "Why is the sky blue?", RAYLEIGH);
        stage.answered(1, "Why is it red at sunset?", &RAYLEIGH.repeat(30));
        stage.plain(KeyCode::Home);
        stage.ask("and at night?");
        assert!(stage.shot().contains("› and at night?"), "a question goes to the end");
        stage.prefilled(2);
        stage.plain(KeyCode::Home);
        let before = body(stage);
        stage.streamed(2, RAYLEIGH);
        assert_eq!(body(stage), before, "an answer moves nothing");
        stage.finished(2, StopReason::EndOfTurn);
        assert_eq!(body(stage), before, "its end moves nothing");
    });
}

#[test]
fn a_mistaken_command() {
    let mut stage = Stage::ready(80, 24);
    stage.ask("/nwe");
    kept("a_mistaken_command", &stage);
}

#[test]
fn many_sessions_keep_the_one_in_front_on_the_screen() {
    let mut stage = Stage::ready(40, 12);
    for turn in 0..12 {
        stage.answered(turn, &format!("question number {turn}"), "ok");
        stage.key(Key::ctrl('n'));
    }
    stage.key(Key::alt(KeyCode::Char('p')));
    kept("many_sessions_keep_the_one_in_front_on_the_screen", &stage);
}

#[test]
fn a_change_of_the_route_says_its_price_before_the_first_token() {
    snapshot("switching", |stage| {
        stage.ask("Why is the sky blue?");
        let price = SwitchPrice {
            tokens_again: 1200,
            bytes_out: 12_345,
            cost_micros: 12_345,
            gain: Duration::from_millis(6600),
        };
        let reason = format!(
            "auto: this device is overloaded, CPU wait 41 %; first token in 0.4 s, here 4.2 s; the \
             change: {}",
            crate::route::price_words(&price)
        );
        let lan = Route::Remote("lan".into());
        let decision = Decision { price: Some(price), ..Decision::new(lan, "big", reason) };
        stage.event(0, TurnEvent::Routed(decision));
    });
}
