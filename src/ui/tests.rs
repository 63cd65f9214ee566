//! What the screen looks like, at three sizes, and what drawing it costs.

use std::time::Duration;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::TerminalOptions;
use ratatui::Viewport;
use ratatui::backend::CrosstermBackend;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::Growth;
use crate::app::Model;
use crate::app::Msg;
use crate::app::Settings;
use crate::chat;
use crate::chat::Candidate;
use crate::chat::Decision;
use crate::chat::DeviceLevel;
use crate::chat::DeviceSample;
use crate::chat::Fault;
use crate::chat::Health;
use crate::chat::Hit;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::Limits;
use crate::chat::Listed;
use crate::chat::LoadState;
use crate::chat::Message;
use crate::chat::MessageId;
use crate::chat::ModelInfo;
use crate::chat::Mods;
use crate::chat::Prediction;
use crate::chat::Rates;
use crate::chat::Reject;
use crate::chat::Route;
use crate::chat::Saving;
use crate::chat::SessionId;
use crate::chat::SessionInfo;
use crate::chat::StopReason;
use crate::chat::SwitchPrice;
use crate::chat::Timestamp;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;
use crate::theme::Theme;
use crate::ui::Stats;
use crate::ui::View;
use crate::ui::draw;

const SIZES: [(u16, u16); 3] = [(80, 24), (40, 12), (160, 50)];

const RAYLEIGH: &str = "Sunlight is scattered by the molecules of the air. Blue light has a shorter \
    wavelength than red and is scattered about ten times as much, so the light that reaches you \
    from every part of the sky is mostly blue.\n\nAt sunset the light has a longer way through the \
    air: most of the blue is gone, and what is left is red.\n";

/// A model, its view and a terminal, driven by messages.
struct Stage {
    model: Model,
    view: View,
    theme: Theme,
    terminal: Terminal<TestBackend>,
    ms: u64,
}

impl Stage {
    fn new(width: u16, height: u16) -> Self {
        let settings = Settings {
            profile: "quick".into(),
            model: "smollm2-135m-instruct".into(),
            limits: Limits { n_ctx: 4096, ..Limits::default() },
            growth: Some(Growth { token_bytes: 23_040, train_tokens: 8192 }),
            ..Settings::default()
        };
        let backend = TestBackend::new(width, height);
        let mut stage = Self {
            model: Model::new(settings, SessionId(1), width, height),
            view: View::default(),
            theme: Theme::named("dark").expect("built in"),
            terminal: Terminal::new(backend).expect("a test terminal"),
            ms: 0,
        };
        stage.draw();
        stage
    }

    fn ready(width: u16, height: u16) -> Self {
        let mut stage = Self::new(width, height);
        let info = ModelInfo {
            name: "SmolLM2 135M Instruct".into(),
            description: "llama 135M Q4_1".into(),
            pool_tokens: 4096,
            train_tokens: 8192,
            weight_bytes: 98_362_432,
            system: "AVX2".into(),
        };
        stage.load(LoadState::Ready(info));
        let health = Health { resident_bytes: 181_600_000, threads: 2, ..Health::default() };
        stage.send(Msg::Health(health));
        stage
    }

    fn at(&self) -> Duration {
        Duration::from_millis(self.ms)
    }

    fn send(&mut self, msg: Msg) {
        self.model.update(msg);
        self.draw();
    }

    fn load(&mut self, state: LoadState) {
        let at = self.at();
        self.send(Msg::Load { state, at });
    }

    fn key(&mut self, key: Key) {
        let at = self.at();
        self.send(Msg::Key { key, at });
    }

    fn plain(&mut self, code: KeyCode) {
        self.key(Key::plain(code));
    }

    fn ask(&mut self, question: &str) {
        self.send(Msg::Paste(question.into()));
        self.plain(KeyCode::Enter);
    }

    fn event(&mut self, turn: u64, event: TurnEvent) {
        let at = self.at();
        self.send(Msg::Turn { turn: TurnId(turn), event, at });
    }

    fn token(&mut self, turn: u64, event: TokenEvent) {
        self.event(turn, TurnEvent::Token(event));
    }

    fn prefilled(&mut self, turn: u64) {
        let decision =
            Decision::new(Route::Local, "smollm2-135m-instruct", "this device comes first");
        self.event(turn, TurnEvent::Routed(decision));
        self.token(turn, TokenEvent::Prefill { done: 64, total: 512, cached: 64 });
        self.ms += 600;
        self.token(turn, TokenEvent::Prefill { done: 288, total: 512, cached: 64 });
    }

    fn streamed(&mut self, turn: u64, text: &str) {
        self.ms += 600;
        for word in text.split_inclusive(' ') {
            self.ms += 10;
            self.token(turn, TokenEvent::Delta(word.into()));
        }
    }

    fn finished(&mut self, turn: u64, reason: StopReason) {
        let usage = Usage {
            prompt_tokens: 512,
            cached_tokens: 64,
            completion_tokens: 84,
            prefill: Duration::from_millis(1200),
            decode: Duration::from_millis(863),
        };
        self.token(turn, TokenEvent::Finished(reason, usage));
    }

    fn answered(&mut self, turn: u64, question: &str, text: &str) {
        self.ask(question);
        self.prefilled(turn);
        self.streamed(turn, text);
        self.finished(turn, StopReason::EndOfTurn);
    }

    /// Draws a frame as the runtime does and tells the model what came out.
    fn draw(&mut self) {
        let Self { model, view, theme, terminal, .. } = self;
        let mut laid = None;
        let drawn = terminal.draw(|frame| {
            let drawn = draw(model, theme, view, frame.area(), frame.buffer_mut());
            if let Some(cursor) = drawn.cursor {
                frame.set_cursor_position(cursor);
            }
            laid = drawn.laid;
        });
        drawn.expect("a test terminal draws");
        if let Some(laid) = laid {
            let version = model.version();
            assert!(model.update(Msg::Laid(laid)).is_empty());
            assert_eq!(model.version(), version, "drawing asks for no drawing");
        }
    }

    /// Returns the screen as it is drawn from nothing, one line a row.
    fn shot(&self) -> String {
        let area = *self.terminal.backend().buffer().area();
        let mut terminal =
            Terminal::new(TestBackend::new(area.width, area.height)).expect("a test terminal");
        let (mut view, model) = (View::default(), &self.model);
        let drawn = terminal.draw(|frame| {
            draw(model, &self.theme, &mut view, frame.area(), frame.buffer_mut());
        });
        drawn.expect("a test terminal draws");
        let shot = terminal.backend().to_string();
        let rows = shot.lines().map(|row| row.split(" Hidden by").next().unwrap_or(row));
        rows.map(|row| row.trim_matches('"').trim_end()).collect::<Vec<_>>().join("\n")
    }
}

fn snapshot(name: &str, scene: impl Fn(&mut Stage)) {
    for (width, height) in SIZES {
        let mut stage = Stage::ready(width, height);
        scene(&mut stage);
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), stage.shot());
    }
}

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
        insta::assert_snapshot!(format!("loading_{width}x{height}"), stage.shot());
    }
}

#[test]
fn loading_with_a_question() {
    let mut stage = Stage::new(80, 24);
    stage.ask("Why is the sky blue?");
    stage.ms = 800;
    stage.load(LoadState::Loading(42));
    insta::assert_snapshot!(stage.shot());
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
    insta::assert_snapshot!(stage.shot());
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
    insta::assert_snapshot!(stage.shot());
}

#[test]
fn leaving_says_what_it_waits_for() {
    let mut stage = Stage::ready(80, 24);
    stage.ask("Why is the sky blue?");
    stage.send(Msg::Quit(stage.at()));
    let shot = stage.shot();
    let status = shot.lines().last().unwrap_or_default();
    assert!(status.starts_with(" leaving · 1 still stopping "), "{shot}");
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
    insta::assert_snapshot!(stage.shot());
}

#[test]
fn search() {
    snapshot("search", |stage| {
        stage.key(Key::ctrl('r'));
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

/// The rows of transcript on the screen.
fn body(stage: &Stage) -> Vec<String> {
    let shot = stage.shot();
    let rows = shot.lines().skip(1);
    rows.take_while(|row| !row.starts_with("──")).map(str::to_owned).collect()
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
    insta::assert_snapshot!(stage.shot());
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
        let words = ["remote:lan", "first token in 0.4 s", "saves about 6.6 s", "failed too often"];
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

#[test]
fn a_mistaken_command() {
    let mut stage = Stage::ready(80, 24);
    stage.ask("/nwe");
    insta::assert_snapshot!(stage.shot());
}

#[test]
fn many_sessions_keep_the_one_in_front_on_the_screen() {
    let mut stage = Stage::ready(40, 12);
    for turn in 0..12 {
        stage.answered(turn, &format!("question number {turn}"), "ok");
        stage.key(Key::ctrl('n'));
    }
    stage.key(Key::alt(KeyCode::Char('p')));
    insta::assert_snapshot!(stage.shot());
}

#[test]
fn without_colour_everything_is_there() {
    let mut stage = Stage::ready(80, 24);
    stage.answered(0, "Why is the sky blue?", RAYLEIGH);
    let coloured = stage.shot();
    stage.theme = Theme::plain();
    stage.send(Msg::Redraw);
    assert_eq!(stage.shot(), coloured);
    let cells = stage.terminal.backend().buffer().content();
    let ink = |cell: &ratatui::buffer::Cell| cell.fg == ratatui::style::Color::Reset;
    assert!(cells.iter().all(ink));
}

#[test]
fn any_size_draws_and_a_small_one_says_so() {
    for width in 0..45 {
        for height in 0..14 {
            let mut stage = Stage::ready(width.max(1), height.max(1));
            stage.answered(0, "Why is the sky 漢字 blue?", RAYLEIGH);
            stage.send(Msg::Paste("a\nb\nc\nd\ne 漢字".into()));
            let small = width < 20 || height < 5;
            assert_eq!(stage.shot().contains("window"), small && width >= 6);
            stage.plain(KeyCode::F(1));
        }
    }
}

#[test]
fn another_width_keeps_what_is_read_on_the_screen() {
    let mut stage = Stage::ready(80, 24);
    let numbers = (0..300).map(|n| format!("sentence number {n} of many.")).collect::<Vec<_>>();
    let text = numbers.join(" ");
    stage.answered(0, "Count", &text);
    stage.plain(KeyCode::PageUp);
    stage.plain(KeyCode::PageUp);
    let first = |stage: &Stage| {
        let rows = body(stage);
        let number = rows[0].split("number ").nth(1).and_then(|rest| rest.split(' ').next());
        number.and_then(|number| number.parse::<i32>().ok()).expect("a sentence")
    };
    let before = first(&stage);
    for width in [40, 120, 57, 80] {
        stage.terminal.backend_mut().resize(width, 24);
        stage.send(Msg::Resize { width, height: 24 });
        let now = first(&stage);
        // Each change may go up by what a row holds.
        assert!((now - before).abs() <= 6, "{width}: {now} instead of {before}");
        let shown = body(&stage);
        stage.send(Msg::Redraw);
        assert_eq!(body(&stage), shown, "the next frame is the same");
    }
}

/// The most bytes of an answer that its next token can change: one endless paragraph's.
const OPEN_TAIL: usize = 8 * 1024;

#[test]
fn a_frame_costs_what_is_on_the_screen_however_long_the_answer_is() {
    let mut stage = Stage::ready(80, 24);
    stage.ask("Write 50,000 words");
    stage.prefilled(0);
    let at = stage.at();
    for _ in 0..50_000 {
        let event = TurnEvent::Token(TokenEvent::Delta("word ".into()));
        stage.model.update(Msg::Turn { turn: TurnId(0), event, at });
    }
    stage.draw();
    let cost = |before: Stats, after: Stats| {
        (after.wrapped_bytes - before.wrapped_bytes, after.drawn_rows - before.drawn_rows)
    };
    let before = stage.view.stats();
    stage.send(Msg::Redraw);
    assert_eq!(cost(before, stage.view.stats()), (0, 19), "nothing new: nothing is wrapped");

    let before = stage.view.stats();
    stage.token(0, TokenEvent::Delta("more".into()));
    let (wrapped, rows) = cost(before, stage.view.stats());
    assert!(wrapped <= OPEN_TAIL && rows == 19, "{wrapped} bytes, {rows} rows");

    let before = stage.view.stats();
    stage.plain(KeyCode::PageUp);
    stage.finished(0, StopReason::EndOfTurn);
    stage.ask("short");
    let (wrapped, _) = cost(before, stage.view.stats());
    assert!(wrapped <= 2 * 80, "{wrapped} bytes");
}

#[test]
fn a_frame_looks_at_no_turn_that_has_ended() {
    let mut stage = Stage::ready(80, 24);
    for turn in 0..50 {
        stage.answered(turn, "again", "answer");
    }
    let before = stage.view.stats();
    stage.plain(KeyCode::Home);
    assert_eq!(stage.view.stats().laid_turns, before.laid_turns);
    stage.ask("more");
    stage.token(50, TokenEvent::Delta("word".into()));
    assert_eq!(stage.view.stats().laid_turns, before.laid_turns + 2);
}

#[test]
fn a_box_over_wide_characters_is_whole() {
    for width in [40, 41] {
        let mut stage = Stage::ready(width, 12);
        stage.ask("?");
        stage.streamed(0, &"漢".repeat(200));
        stage.key(Key::ctrl('d'));
        let shot = stage.shot();
        let edges = shot.lines().filter(|row| row.matches('│').count() == 2).count();
        assert_eq!(edges, 3, "{shot}");
    }
}

/// A terminal's screen that ratatui writes escape sequences to.
#[derive(Clone)]
struct Emulated(std::rc::Rc<std::cell::RefCell<vt100::Parser>>);

impl std::io::Write for Emulated {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().process(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn frame_upon_frame_leaves_nothing_behind() {
    let (width, height) = (40, 12);
    let screen = Emulated(std::rc::Rc::new(vt100::Parser::new(height, width, 0).into()));
    let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
    let mut terminal =
        Terminal::with_options(CrosstermBackend::new(screen.clone()), TerminalOptions { viewport })
            .expect("a terminal");
    let mut stage = Stage::ready(width, height);
    stage.ask("夜空はなぜ暗いのですか");
    stage.prefilled(0);
    let mut compare = |stage: &mut Stage| {
        let Stage { model, view, theme, .. } = stage;
        let drawn = terminal.draw(|frame| {
            draw(model, theme, view, frame.area(), frame.buffer_mut());
        });
        drawn.expect("a terminal draws");
        let rows = screen.0.borrow().screen().rows(0, width).collect::<Vec<_>>();
        let rows = rows.iter().map(|row| row.trim_end()).collect::<Vec<_>>().join("\n");
        assert_eq!(rows, stage.shot());
    };
    for _ in 0..6 {
        compare(&mut stage);
        stage.streamed(0, "これは夜空の話です。a漢b字c ");
        compare(&mut stage);
        for key in [KeyCode::F(1), KeyCode::Esc, KeyCode::PageUp, KeyCode::Char('漢')] {
            stage.plain(key);
            compare(&mut stage);
        }
        stage.key(Key::ctrl('d'));
        stage.key(Key::ctrl('u'));
        stage.key(Key::ctrl('d'));
        compare(&mut stage);
        stage.plain(KeyCode::Esc);
    }
}

#[test]
fn the_cursor_is_where_the_next_character_goes() {
    let mut stage = Stage::ready(40, 12);
    let cursor = |stage: &mut Stage| {
        let position = stage.terminal.get_cursor_position().expect("a cursor");
        (position.x, position.y)
    };
    assert_eq!(cursor(&mut stage), (2, 10));
    stage.send(Msg::Paste("漢字e\u{301}".into()));
    assert_eq!(cursor(&mut stage), (7, 10));
    stage.key(Key::alt(KeyCode::Enter));
    assert_eq!(cursor(&mut stage), (2, 10));
    stage.plain(KeyCode::Left);
    assert_eq!(cursor(&mut stage), (7, 9));
    stage.send(Msg::Paste("x".repeat(300)));
    let (x, y) = cursor(&mut stage);
    assert!(x < 40 && (7..11).contains(&y), "{x},{y}");
    let end = Key { code: KeyCode::Char('u'), mods: Mods { ctrl: true, ..Mods::default() } };
    stage.key(end);
    assert_eq!(cursor(&mut stage).0, 2);
}

#[test]
fn what_a_model_writes_is_drawn_clean() {
    let mut stage = Stage::ready(80, 24);
    stage.ask("Clear \u{1b}[2J my screen\u{7}");
    stage.prefilled(0);
    for part in ["\u{1b}", "]0;owned\u{7}a\u{9b}31mb", "\u{202e}c\u{8}"] {
        stage.token(0, TokenEvent::Delta(part.into()));
    }
    let shot = stage.shot();
    assert!(shot.contains("ab<U+202E>c"), "{shot}");
    assert!(!shot.contains("owned"), "{shot}");
    let cells = stage.terminal.backend().buffer().content();
    assert!(cells.iter().all(|cell| !cell.symbol().contains(char::is_control)));
}

/// One step of a random conversation on the screen.
#[derive(Clone, Debug)]
enum Step {
    Ask,
    Grow(String),
    Finish,
    Key(Key),
}

fn step() -> impl Strategy<Value = Step> {
    let keys = vec![
        Key::plain(KeyCode::PageUp),
        Key::plain(KeyCode::PageDown),
        Key::plain(KeyCode::End),
        Key::plain(KeyCode::F(1)),
        Key::plain(KeyCode::Esc),
        Key::plain(KeyCode::Char('x')),
        Key::plain(KeyCode::Char('r')),
        Key::plain(KeyCode::Up),
        Key::plain(KeyCode::Left),
        Key::ctrl('n'),
        Key::alt(KeyCode::Char('p')),
    ];
    prop_oneof![
        2 => Just(Step::Ask),
        6 => "[a-c \n漢。👍🏽é\u{301}]{0,30}".prop_map(Step::Grow),
        2 => Just(Step::Finish),
        3 => prop::sample::select(keys).prop_map(Step::Key),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// What is kept between frames changes no cell of them.
    #[test]
    fn a_kept_view_draws_what_a_new_one_draws(steps in prop::collection::vec(step(), 0..60)) {
        let area = Rect::new(0, 0, 40, 12);
        let mut stage = Stage::ready(area.width, area.height);
        for step in steps {
            let running = stage.model.current().running().map(|turn| turn.id().0);
            match (step, running) {
                (Step::Ask, None) => stage.ask("why?"),
                (Step::Grow(text), Some(turn)) => stage.token(turn, TokenEvent::Delta(text)),
                (Step::Finish, Some(turn)) => stage.finished(turn, StopReason::EndOfTurn),
                (Step::Key(key), _) => stage.key(key),
                (Step::Ask, Some(_)) | (Step::Grow(_) | Step::Finish, None) => {}
            }
            let frame = |view: &mut View| {
                let mut buf = Buffer::empty(area);
                let drawn = draw(&stage.model, &stage.theme, view, area, &mut buf);
                (drawn, buf)
            };
            prop_assert_eq!(frame(&mut stage.view), frame(&mut View::default()));
        }
    }
}
