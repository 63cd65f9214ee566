//! What lies over the conversation: lists, questions, panels.

use super::*;

#[test]
fn leaving_says_what_it_waits_for() {
    let mut stage = Stage::ready(80, 24);
    stage.ask("Why is the sky blue?");
    stage.send(Msg::Quit(stage.at()));
    let shot = stage.shot();
    let status = shot.lines().last().unwrap_or_default();
    assert!(status.starts_with(" leaving · 1 still stopping "), "{shot}");
}

/// Saved sessions, changed these many minutes before the clock's zero.
fn listed() -> Vec<Listed> {
    let saved = [
        ("Why is the sky blue?", 2, "", false),
        ("夜空はなぜ暗いのですか", 70, "work", false),
        ("Tell me a long story about a dragon that nobody", 3000, "home story", false),
        ("Traits in Rust", 20_000, "", true),
    ];
    let entry = |(id, (title, minutes, tags, archived)): (u128, (&str, i64, &str, bool))| {
        let mut info = SessionInfo::new(SessionId(id), "quick", Timestamp(0));
        info.title = title.to_owned();
        info.updated = Timestamp(-minutes * 60_000);
        info.tags = tags.split_whitespace().map(str::to_owned).collect();
        info.archived = archived;
        let messages = 4 * u64::try_from(id).expect("small");
        Listed { info, messages, answering: id == 12 }
    };
    (10..).zip(saved).map(entry).collect()
}

fn picking(stage: &mut Stage) {
    stage.answered(0, "Why is the sky blue?", RAYLEIGH);
    stage.key(Key::ctrl('o'));
    stage.send(Msg::Listed(listed()));
    let messages = vec![
        Message::text(chat::Role::User, "Why is the sky blue?"),
        Message::text(chat::Role::Assistant, RAYLEIGH),
    ];
    stage.send(Msg::Previewed { session: SessionId(10), messages });
}

#[test]
fn picker() {
    snapshot("picker", picking);
}

#[test]
fn the_picker_asks_before_it_deletes() {
    let mut stage = Stage::ready(80, 24);
    picking(&mut stage);
    stage.plain(KeyCode::Tab);
    stage.plain(KeyCode::Delete);
    kept("the_picker_asks_before_it_deletes", &stage);
}

#[test]
fn search() {
    snapshot("search", |stage| {
        stage.key(Key::ctrl('s'));
        for c in "sky".chars() {
            stage.plain(KeyCode::Char(c));
        }
        let context =
            "of the air. Blue light has a shorter wavelength; the sky is mostly blue, and";
        let hit = |minutes: i64, role, title: &str, context: &str| Hit {
            session: SessionId(10),
            title: title.to_owned(),
            message: MessageId(1),
            role,
            created: Timestamp(-minutes * 60_000),
            context: context.to_owned(),
            place: context.find("sky").map_or(0..0, |at| at..at + 3),
        };
        let hits = vec![
            hit(2, chat::Role::Assistant, "Why is the sky blue?", context),
            hit(3, chat::Role::User, "Why is the sky blue?", "Why is the sky blue?"),
            hit(
                9000,
                chat::Role::Assistant,
                "夜空はなぜ暗いのですか",
                "夜空 the night sky 宇宙の年齢",
            ),
        ];
        stage.send(Msg::Found { query: "sky".into(), hits: Ok(hits) });
        stage.plain(KeyCode::Down);
    });
}

fn overflowing(stage: &mut Stage) {
    for turn in 0..6 {
        stage.answered(
            turn,
            &format!("Question number {turn}, about the sky"),
            &RAYLEIGH.repeat(5),
        );
    }
    stage.ask("And at night?");
    let fault = Fault::new("the conversation has 4410 tokens, the context holds 4096")
        .kind(chat::FaultKind::TooLong)
        .hint("shorten it, begin a new session, or raise n_ctx in the profile");
    stage.token(6, TokenEvent::Finished(StopReason::Failed(fault), Usage::default()));
}

#[test]
fn a_full_context_asks() {
    snapshot("full", overflowing);
}

#[test]
fn what_is_not_sent_any_more_is_marked() {
    let mut stage = Stage::ready(80, 24);
    overflowing(&mut stage);
    stage.plain(KeyCode::Char('d'));
    stage.plain(KeyCode::Esc);
    let mark = "↑ not sent any more";
    let seen = (0..12).any(|_| {
        stage.plain(KeyCode::Up);
        stage.shot().contains(mark)
    });
    assert!(seen, "{}", stage.shot());
}

#[test]
fn the_meter_warns() {
    let mut stage = Stage::ready(80, 24);
    stage.ask("Why?");
    let usage = Usage { prompt_tokens: 3500, completion_tokens: 84, ..Usage::default() };
    stage.token(0, TokenEvent::Finished(StopReason::EndOfTurn, usage));
    assert!(stage.shot().contains("ctx 3584/4096 · nearly full"), "{}", stage.shot());
}

#[test]
fn help() {
    snapshot("help", |stage| stage.plain(KeyCode::F(1)));
}

/// Figures as they come once a second while an answer streams beside a busy program.
fn busy(second: u32) -> Health {
    let decode = f64::from(20 + second * 7 % 80);
    Health {
        resident_bytes: 181_600_000,
        threads: 1,
        pool_used: 596,
        pool_tokens: 8192,
        running: 1,
        clients: 1,
        level: DeviceLevel::Strained,
        rates: Rates {
            prefill_tps: Some(310.0),
            decode_tps: Some(decode),
            decode_ratio: Some(decode / 100.0),
        },
        sample: DeviceSample {
            run_wait: Some(Duration::from_millis(410)),
            run_time: Some(Duration::from_millis(590)),
            available_bytes: Some(3_210_000_000),
            total_bytes: Some(8_000_000_000),
            cpu_some_percent: Some(51.0),
            memory_some_percent: Some(0.0),
            cores: Some(2.0),
            on_battery: Some(false),
            ..DeviceSample::default()
        },
        ..Health::default()
    }
}

#[test]
fn device() {
    snapshot("device", |stage| {
        stage.answered(0, "Why is the sky blue?", RAYLEIGH);
        for second in 0..24 {
            stage.send(Msg::Health(busy(second)));
        }
        stage.plain(KeyCode::F(2));
    });
}

#[test]
fn the_device_before_anything_is_known() {
    let mut stage = Stage::new(80, 24);
    stage.plain(KeyCode::F(2));
    kept("the_device_before_anything_is_known", &stage);
}

#[test]
fn why() {
    for (width, height) in SIZES {
        let mut stage = Stage::ready(width, height);
        stage.ask("Why is the sky blue?");
        let ms = Duration::from_millis;
        let predicted = |ttft, total| {
            Some(Prediction {
                ttft: ms(ttft),
                ttft_risk: ms(ttft * 2),
                tbt: ms(20),
                total: ms(total),
            })
        };
        let candidate = |route, predicted, upload_bytes| Candidate {
            route,
            model: "m".into(),
            rejected: None,
            predicted,
            new_tokens: 1200,
            upload_bytes,
            cost_micros: upload_bytes,
        };
        let lan = Route::Remote("lan".into());
        let cloud = Candidate {
            rejected: Some(Reject::Breaker),
            ..candidate(Route::Remote("cloud".into()), None, 0)
        };
        let decision = Decision {
            considered: vec![
                candidate(Route::Local, predicted(4200, 9000), 0),
                candidate(lan.clone(), predicted(400, 2400), 12_345),
                cloud,
            ],
            price: Some(SwitchPrice {
                tokens_again: 1200,
                bytes_out: 12_345,
                cost_micros: 12_345,
                gain: ms(6600),
            }),
            ..Decision::new(lan, "big", "auto: first token in 0.4 s, here 4.2 s")
        };
        stage.event(0, TurnEvent::Routed(decision));
        stage.ask("/route why");
        let shot = stage.shot();
        let words = ["remote:lan", "first token in 0.4 s", "to save 6.6 s", "failed too often"];
        // A small screen shows the beginning and can be scrolled.
        let shown = if height > 20 { words.len() } else { 1 };
        for word in &words[..shown] {
            assert!(shot.contains(word), "{word} in {shot}");
        }
    }
}

#[test]
fn the_help_scrolls_to_its_end_and_not_beyond() {
    let mut stage = Stage::ready(40, 12);
    stage.plain(KeyCode::Char('?'));
    stage.plain(KeyCode::End);
    let end = stage.shot();
    stage.plain(KeyCode::Down);
    assert_eq!(stage.shot(), end);
    assert!(end.contains("//text"), "{end}");
    stage.plain(KeyCode::Up);
    assert_ne!(stage.shot(), end);
    stage.plain(KeyCode::Esc);
    assert!(stage.model.overlay().is_none());
}

#[test]
fn quit() {
    snapshot("quit", |stage| {
        stage.ask("Why is the sky blue?");
        stage.prefilled(0);
        stage.plain(KeyCode::Esc);
        stage.key(Key::ctrl('d'));
    });
}
