//! The chat in a terminal: the real program, the real model, a real pseudo-terminal.

mod support;

#[path = "support/pty.rs"]
#[expect(dead_code, reason = "other tests look at more of the terminal")]
mod terminal;

use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;

use terminal::Frame;
use terminal::Home;
use terminal::Pty;

const CTRL_C: &str = "\x03";
const CTRL_J: &str = "\n";
const CTRL_L: &str = "\x0c";
const CTRL_N: &str = "\x0e";
const CTRL_Z: &str = "\x1a";
const ALT_ENTER: &str = "\x1b\r";
const F1: &str = "\x1bOP";
const ESC: &str = "\x1b";

/// What the model answers at length.
const STORY: &str = "Write a long story about a dragon.";

fn alt(digit: u8) -> Vec<u8> {
    vec![0x1b, digit]
}

fn paste(text: &str) -> String {
    format!("\x1b[200~{text}\x1b[201~")
}

/// Says whether an answer is being written on the screen.
fn streams(frame: &Frame) -> bool {
    frame.has("\n• ") && frame.has("ctx ") && frame.row(0).contains('●') && frame.has(" tok/s")
}

/// Says whether an answer stands there with its figures.
fn answered(frame: &Frame) -> bool {
    frame.has(" tok prefill ") && frame.has("TTFT ") && frame.has(" ready · ")
}

/// Says whether the figures of two answers are on the screen.
fn twice(frame: &Frame) -> bool {
    frame.text.matches(" tok prefill ").count() == 2
}

/// Starts the chat and an answer in it.
fn streaming(home: &Home) -> Pty {
    let mut pty = Pty::start(home, &[], &[]);
    pty.ready();
    pty.ask(STORY);
    pty.see("an answer", streams);
    pty
}

fn quit(pty: &mut Pty) {
    let (front, engines) = (pty.front(), pty.front().engines());
    pty.send(CTRL_C);
    pty.see_text("Quit?");
    pty.send("y");
    pty.given_back(0);
    front.gone();
    for engine in engines {
        engine.gone();
    }
}

#[test]
fn an_answer_streams_and_its_cost_is_told() {
    let home = Home::new();
    // Enter pays for the whole prompt, so that its evaluation can be seen.
    let config =
        "[engine]\nkeep_alive = \"0s\"\nprefill_ahead = false\n[profiles.default]\nthreads = 1\n";
    std::fs::write(home.path().join("c/config.toml"), config).expect("a file");
    let mut pty = Pty::start(&home, &["--max-tokens", "24"], &[]);
    let ready = pty.ready();
    assert!(ready.has("SmolLM2") && ready.has("on this device"), "{}", ready.text);
    assert!(pty.is_taken());
    let engine = pty.front().engine();
    // Long enough for the bar of its evaluation to be seen.
    let question = "Which of these is a fruit: ".to_owned() + &"apple, stone, cloud, ".repeat(20);
    pty.send(paste(&question));
    pty.see_text("apple, stone");
    pty.send("\r");
    // In this order; the route comes before the first token.
    let decided = pty.see("the route", |frame| frame.has("local · SmolLM2"));
    assert!(decided.has("prefer-local: "), "the reason is told:\n{}", decided.text);
    assert!(!decided.has("• "), "before the answer");
    let bar = pty.see("the bar", |frame| frame.has("prefill  ━") || frame.has("prefill  ─"));
    assert!(bar.has("Ctrl-C stops it"), "{}", bar.text);
    let first = pty.see("an answer", streams);
    assert!(first.row(0).contains(" MB") && first.row(0).contains("thread"), "{}", first.text);
    let figures = pty.see("its figures", |frame| streams(frame) && frame.has("TTFT "));
    let more = pty.see("growth", |frame| frame.context() > figures.context());
    assert!(more.has("prefill "), "{}", more.text);
    let done = pty.see("its end", answered);
    assert!(done.has("24 tok "), "{}", done.text);
    assert!(done.has("length limit"), "{}", done.text);
    assert!(!done.row(0).contains('●'), "{}", done.text);
    pty.assert_clean();
    // A second question evaluates only what is new.
    pty.ask("Why?");
    let second = pty.see("the second answer", |frame| answered(frame) && twice(frame));
    let evaluated = second.number_before(" tok prefill");
    assert!(evaluated < done.number_before(" tok prefill"), "{}", second.text);
    let front = pty.front();
    // Twice within a second, with nothing to stop and nothing to clear.
    pty.send([CTRL_C, CTRL_C].concat());
    pty.given_back(0);
    front.gone();
    engine.gone();
}

#[cfg(not(any(feature = "vulkan", feature = "cuda", feature = "metal", target_os = "macos")))]
#[test]
fn a_fall_back_to_the_cpu_is_on_the_screen() {
    let home = Home::new();
    let config = "[engine]\nkeep_alive = \"0s\"\n[profiles.default]\nthreads = 1\n\
        compute = { gpu_layers = 12 }\n";
    std::fs::write(home.path().join("c/config.toml"), config).expect("a file");
    let mut pty = Pty::start(&home, &[], &[]);
    pty.see_text("no GPU is used: answers come from the CPU");
    quit(&mut pty);
}

#[test]
fn sessions_stream_side_by_side_and_one_is_stopped() {
    let home = Home::new();
    let mut pty = streaming(&home);
    let left = pty.last().context();
    pty.send(CTRL_N);
    let new = pty.see("a new session", |frame| frame.has(" 2 new"));
    assert!(new.row(0).contains("1 Write") && new.row(0).contains('●'), "{}", new.text);
    pty.ask("Tell me all about the sea.");
    let both =
        pty.see("both answers", |frame| streams(frame) && frame.row(0).matches('●').count() == 2);
    assert!(both.row(0).contains("1 Write") && both.row(0).contains("2 Tell"), "{}", both.text);
    // The first went on meanwhile, and goes on.
    pty.send(alt(b'1'));
    let first = pty.see("the first", |frame| frame.has(&format!("› {STORY}")));
    assert!(first.context() > left, "{} and {left}:\n{}", first.context(), first.text);
    pty.see("growth", |frame| frame.context() > first.context());
    pty.send(CTRL_C);
    let stopped = pty.see_text("stopped by you");
    assert!(stopped.has("• ") && stopped.has("TTFT "), "the partial stays:\n{}", stopped.text);
    // Only that one was stopped.
    assert_eq!(stopped.row(0).matches('●').count(), 1, "{}", stopped.text);
    pty.send(alt(b'2'));
    let second = pty.see("the second", |frame| frame.has("› Tell me"));
    pty.see("growth", |frame| frame.context() > second.context());
    // Leaving asks, says what runs, and stops it.
    pty.send("\x04");
    pty.see_text("1 answer is still running");
    let (front, engine) = (pty.front(), pty.front().engine());
    pty.send("y");
    pty.given_back(0);
    front.gone();
    engine.gone();
}

#[test]
fn only_enter_sends() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &["--max-tokens", "4"], &[]);
    pty.ready();
    pty.send(paste("one\rtwo\r"));
    let pasted = pty.see_text("  two");
    assert!(pasted.has("› one"), "{}", pasted.text);
    pty.send(format!("three{ALT_ENTER}four{CTRL_J}five\x1b[13;2usix"));
    let lines = pty.see_text("  six");
    for line in ["› one", "  two", "  three", "  four", "  five"] {
        assert!(lines.text.lines().any(|row| row == line), "{line}:\n{}", lines.text);
    }
    // Nothing was sent yet.
    assert!(lines.row(0).contains("1 new"), "{}", lines.text);
    // Cleared, and brought back.
    pty.send(CTRL_C);
    pty.see("an empty draft", |frame| !frame.has("six"));
    pty.send("\x1f");
    pty.see_text("  six");
    pty.send("\r");
    let asked = pty.see("an answer", answered);
    assert!(asked.has("› one\n  two\n  three\n  four\n  five\n  six\n"), "{}", asked.text);
    quit(&mut pty);
}

#[test]
fn a_question_on_the_command_line_is_asked() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &["--max-tokens", "4", "Say hello."], &[]);
    let frame = pty.see("an answer", answered);
    assert!(frame.has("› Say hello.") && frame.has("\n• "), "{}", frame.text);
    quit(&mut pty);
}

#[test]
fn signals_that_end_it_give_the_terminal_back() {
    let home = Home::new();
    for (signal, number) in
        [(Signal::TERM, 15), (Signal::INT, 2), (Signal::QUIT, 3), (Signal::HUP, 1)]
    {
        let mut pty = streaming(&home);
        let (front, engine) = (pty.front(), pty.front().engine());
        front.signal(signal);
        // It dies by that very signal, as the shell sees.
        pty.given_back(128 + number);
        front.gone();
        engine.gone();
    }
}

#[test]
fn it_stops_and_goes_on() {
    let home = Home::new();
    let mut pty = streaming(&home);
    let front = pty.front();
    for by_key in [false, true] {
        if by_key {
            pty.send(CTRL_Z);
        } else {
            pty.send("x");
            pty.see_text("› x");
            front.signal(Signal::TSTP);
        }
        // A shell sees the signal that it stops by: SIGSTOP is 19.
        pty.given_back(128 + 19);
        pty.send("fg\n");
        let back = pty.see("the chat", |frame| frame.alternate && frame.has(STORY));
        assert!(back.pasting && pty.is_taken(), "{}", back.text);
        pty.send("y");
        pty.see("typing", |frame| frame.has(if by_key { "› xyy" } else { "› xy" }));
        let now = pty.last().context();
        pty.see("growth", |frame| frame.context() > now);
    }
    // One clears the running answer, one the draft, two quit.
    pty.send(CTRL_C);
    pty.see_text("stopped by you");
    pty.assert_clean();
    pty.send(CTRL_C);
    pty.see("an empty draft", |frame| !frame.has("› xyy"));
    quit(&mut pty);
}

#[test]
fn a_vanished_terminal_ends_everything() {
    let home = Home::new();
    let mut pty = streaming(&home);
    let (front, engine) = (pty.front(), pty.front().engine());
    pty.vanish();
    front.gone();
    engine.gone();
}

#[test]
fn a_vanished_terminal_ends_an_idle_chat() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &[], &[]);
    pty.ready();
    let (front, engine) = (pty.front(), pty.front().engine());
    pty.vanish();
    front.gone();
    engine.gone();
}

#[test]
fn a_terminal_that_reads_nothing_does_not_hold_up_the_end() {
    let home = Home::new();
    let idle = |home: &Home| {
        let mut pty = Pty::start(home, &[], &[]);
        pty.ready();
        pty
    };
    // With a frame on its way, and without one.
    for start in [streaming, idle] {
        let mut pty = start(&home);
        let (front, engine) = (pty.front(), pty.front().engine());
        pty.stall();
        front.signal(Signal::TERM);
        front.gone();
        engine.gone();
        pty.go_on();
        pty.given_back(128 + 15);
    }
}

#[test]
fn a_panicking_task_fails_its_turn_alone() {
    let home = Home::new();
    let arguments = ["--max-tokens", "8"];
    let mut pty = Pty::start(&home, &arguments, &[("EDGEWISE_TEST_PANIC", "turn")]);
    pty.ready();
    pty.ask("Say hello.");
    let failed = pty.see_text("✗ failed");
    assert!(failed.alternate && !failed.has("provoked"), "{}", failed.text);
    pty.assert_clean();
    pty.ask("My name is Ada.");
    let first = pty.see("an answer", answered);
    pty.ask("Who am I?");
    let second = pty.see("another", |frame| answered(frame) && twice(frame));
    // The second knows the first: its prompt is longer.
    assert!(second.context() > first.context(), "{}", second.text);
    quit(&mut pty);
}

#[test]
fn a_panic_of_the_program_gives_the_terminal_back_and_says_so() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &[], &[("EDGEWISE_TEST_PANIC", "draw")]);
    pty.ready();
    let (front, engine) = (pty.front(), pty.front().engine());
    pty.ask("Say hello.");
    let ended = pty.given_back(101);
    assert!(ended.has("provoked in draw"), "{}", ended.text);
    front.gone();
    engine.gone();
}

#[test]
fn a_panic_of_the_thread_that_writes_ends_the_chat_in_good_order() {
    let home = Home::new();
    // At the first frame: there is no screen to wait for.
    let mut pty = Pty::start(&home, &[], &[("EDGEWISE_TEST_PANIC", "write")]);
    let ended = pty.given_back(1);
    assert!(ended.has("the thread that writes to it panicked"), "{}", ended.text);
}

#[test]
fn a_dead_engine_interrupts_the_answer_and_the_next_one_knows_it() {
    let home = Home::new();
    for (signal, name) in [(Signal::KILL, "SIGKILL"), (Signal::ABORT, "SIGABRT")] {
        let mut pty = streaming(&home);
        let front = pty.front();
        let begun = pty.last().context();
        pty.see("some tokens", |frame| frame.context() > begun + 12);
        let engine = front.engine();
        engine.signal(signal);
        let cut = pty.see_text(&format!("✗ interrupted: the engine was ended by {name}"));
        assert!(cut.has("\n• "), "the partial stays:\n{}", cut.text);
        engine.gone();
        let asked = cut.context();
        // The terminal still works, and the engine comes back.
        pty.ask("Go on.");
        let next = pty.see("an answer", |frame| streams(frame) && frame.has("› Go on."));
        assert_ne!(front.engine().pid, engine.pid);
        pty.send(CTRL_C);
        let next = pty.see("its figures", |frame| {
            frame.context() >= next.context() && frame.has("stopped by you")
        });
        // A new engine has nothing cached: it evaluated the earlier turn as well.
        let evaluated = next.number_before(" tok prefill").unwrap_or(0);
        assert!(evaluated > asked, "{evaluated} of more than {asked}:\n{}", next.text);
        pty.assert_clean();
        quit(&mut pty);
    }
}

/// Says whether an answer stands there and nothing runs.
fn at_rest(frame: &Frame) -> bool {
    frame.has(" ready · ") && !frame.row(0).contains('●')
}

#[test]
fn a_conversation_comes_back_and_is_found() {
    let home = Home::new();
    let arguments = ["--max-tokens", "12"];
    let mut pty = Pty::start(&home, &arguments, &[]);
    pty.ready();
    pty.ask("Tell me about the sea.");
    pty.see("an answer", answered);
    pty.send("a draft that wai");
    pty.see_text("› a draft that wai");
    pty.send("\x01!");
    pty.see_text("› !a draft that wai");
    // Ctrl-D would delete: a signal leaves with the draft as it is.
    let front = pty.front();
    front.signal(Signal::TERM);
    pty.given_back(128 + 15);
    front.gone();

    let mut pty = Pty::start(&home, &[&arguments[..], &["-s", "last"]].concat(), &[]);
    let back = pty.see("the conversation", |frame| frame.has("› Tell me about the sea."));
    assert!(back.has("• ") && back.has("› !a draft that wai"), "{}", back.text);
    pty.see("the engine", at_rest);
    // The cursor was behind the first character.
    pty.send(" ");
    pty.see_text("› ! a draft that wai");
    pty.send(CTRL_C);
    pty.see_text("› ask something");
    // Another wording is a sibling; the first one is a key away.
    pty.send(ESC);
    pty.see_text("▌ ");
    pty.send("e");
    pty.see_text("another wording");
    pty.send("\x7f and the sky.");
    pty.see_text("› Tell me about the sea and the sky.");
    pty.send("\r");
    let second = pty.see("the second", |frame| answered(frame) && frame.has("sky."));
    assert!(second.has("‹2/2›") && !second.has("› Tell me about the sea.\n"), "{}", second.text);
    pty.send(ESC);
    pty.see_text("▌ ");
    pty.send("k");
    pty.see_text("▌ Tell me about the sea and the sky.");
    pty.send("h");
    let first = pty.see("the first", |frame| frame.has("▌ Tell me about the sea.\n"));
    assert!(first.has("‹1/2›"), "{}", first.text);
    // In another session a search finds the branch that is not shown, and goes there.
    find_the_other_branch(&mut pty);
    quit(&mut pty);
    // An ephemeral chat leaves no trace of itself and knows of none.
    let before = stored(&home);
    let mut pty = Pty::start(&home, &[&arguments[..], &["--ephemeral"]].concat(), &[]);
    pty.ready();
    pty.ask("Say hello.");
    pty.see("an answer", answered);
    quit(&mut pty);
    assert_eq!(stored(&home), before);
}

/// Searches from another session, with conditions, and goes to what is found.
fn find_the_other_branch(pty: &mut Pty) {
    pty.send(CTRL_N);
    pty.see_text(" 2 new");
    pty.send("\x13");
    pty.see_text("search ›");
    pty.send("sky");
    pty.see("what is found", |frame| frame.has("› Tell me about the sea and the sky."));
    // A condition narrows it: nothing was answered by such a model, and all of it locally.
    pty.send(" model:none");
    pty.see("nothing", |frame| frame.has("0 messages"));
    pty.send("\x7f".repeat(" model:none".len()));
    pty.send(" route:local");
    pty.see("what is found", |frame| frame.has("› Tell me about the sea and the sky."));
    // The oldest is the question.
    pty.send("\x1b[F");
    pty.see("the last one", |frame| !frame.has("searching"));
    pty.send("\r");
    let found = pty.see("the message", |frame| frame.has("▌ Tell me about the sea and the sky."));
    assert!(found.row(0).contains("1 Tell me"), "{}", found.text);
    pty.send(ESC);
    pty.see_text("› ask something");
}

/// Returns the messages in the store, as the command line tells.
fn stored(home: &Home) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgewise"));
    command.env_clear().envs(home.environment()).args(["sessions", "list", "--json"]);
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn an_answer_whose_window_is_killed_is_there_and_goes_on() {
    let home = Home::new();
    let mut pty = streaming(&home);
    // A second of it is at risk at the most: what was there before that is kept.
    pty.frames_within(Duration::from_millis(1500));
    let (front, engine) = (pty.front(), pty.front().engine());
    front.signal(Signal::KILL);
    front.gone();
    engine.gone();

    let mut pty = Pty::start(&home, &["--max-tokens", "8", "-s", "last"], &[]);
    let back = pty.see_text("✗ interrupted: the program ended before the answer was complete");
    assert!(back.has(&format!("› {STORY}")) && back.has("\n• "), "{}", back.text);
    let words = |frame: &Frame| {
        let answer = frame.text.split("\n• ").nth(1).unwrap_or_default();
        // However little of it there was: what stands under it is no part of it.
        answer.lines().next().unwrap_or_default().chars().take(40).collect::<String>()
    };
    let cut = words(&back);
    pty.see("the engine", at_rest);
    pty.send(ESC);
    pty.see_text("▌ ");
    pty.send("x");
    let next = pty.see("the rest", |frame| answered(frame) && frame.has("‹2/2›"));
    assert!(words(&next).starts_with(&cut), "{cut} is not gone on from:\n{}", next.text);
    quit(&mut pty);
}

#[test]
fn two_windows_on_one_session_do_not_answer_at_once() {
    let home = Home::new();
    let mut one = streaming(&home);
    let mut two = Pty::start(&home, &["-s", "last"], &[]);
    let shown = two.see("the session", |frame| frame.has("being answered in another window"));
    assert!(shown.has(&format!("› {STORY}")), "{}", shown.text);
    two.see("the engine", at_rest);
    two.send("me too");
    two.see_text("› me too");
    two.send("\r");
    let refused = two.see_text("another window answers in this session");
    assert!(refused.has("› me too"), "the question is in the draft again:\n{}", refused.text);
    one.send(CTRL_C);
    one.see_text("stopped by you");
    let complete = two.see("the answer", |frame| frame.has("stopped by you"));
    assert!(!complete.has("being answered"), "{}", complete.text);
    two.send("\r");
    two.see("its own answer", |frame| streams(frame) && frame.has("› me too"));
    for pty in [&mut one, &mut two] {
        let front = pty.front();
        front.signal(Signal::TERM);
        pty.given_back(128 + 15);
        front.gone();
    }
}

#[test]
fn an_idle_window_shows_what_another_one_adds() {
    let home = Home::new();
    let mut one = Pty::start(&home, &["--max-tokens", "8"], &[]);
    one.ready();
    one.ask("Say hello.");
    one.see("an answer", answered);
    let mut two = Pty::start(&home, &["--max-tokens", "8", "-s", "last"], &[]);
    two.see("the session", |frame| frame.has("› Say hello.") && at_rest(frame));
    two.ask("And goodbye.");
    two.see("its answer", |frame| frame.has("› And goodbye.") && at_rest(frame) && twice(frame));
    one.see("the same", |frame| frame.has("› And goodbye.") && twice(frame));
    one.ask("Once more.");
    let third = |frame: &Frame| frame.has("› Once more.") && at_rest(frame);
    let asked = one.see("its answer", third);
    assert!(!asked.has("‹"), "no sibling: {}", asked.text);
    let next = two.see("the same", third);
    assert!(!next.has("‹"), "{}", next.text);
    for pty in [&mut one, &mut two] {
        let front = pty.front();
        front.signal(Signal::TERM);
        pty.given_back(128 + 15);
        front.gone();
    }
}

#[test]
fn a_context_that_is_full_is_enlarged() {
    let home = Home::new();
    let config = "[engine]\nkeep_alive = \"0s\"\n[profiles.default]\nthreads = 1\nn_ctx = 256\n";
    std::fs::write(home.path().join("c/config.toml"), config).expect("a file");
    let mut pty = Pty::start(&home, &["--max-tokens", "8"], &[]);
    pty.ready();
    pty.send(paste(&format!("Which is a fruit: {}", "apple, stone, cloud, ".repeat(44))));
    pty.see_text("apple, stone");
    pty.send("\r");
    let asked = pty.see_text("It does not fit the context");
    assert!(asked.has("l larger: 512 tokens, +"), "{}", asked.text);
    let engine = pty.front().engine();
    pty.send("l");
    let done = pty.see("its answer", |frame| answered(frame) && frame.has("/512"));
    assert!(done.has("8 tok "), "{}", done.text);
    // Another one has the room.
    engine.gone();
    quit(&mut pty);
}

#[test]
fn two_windows_share_one_engine() {
    let home = Home::new();
    let mut one = streaming(&home);
    let mut two = streaming(&home);
    let (first, second) = (one.front(), two.front());
    let engine = first.engine();
    assert!(second.engines().is_empty(), "the second started none");
    for pty in [&mut one, &mut two] {
        let now = pty.last().context();
        pty.see("growth", |frame| frame.context() > now && streams(frame));
    }
    // The one that started it leaves; the other one's answer goes on.
    first.signal(Signal::TERM);
    one.given_back(128 + 15);
    first.gone();
    let now = two.last().context();
    two.see("growth", |frame| frame.context() > now + 2 && streams(frame));
    second.signal(Signal::TERM);
    two.given_back(128 + 15);
    engine.gone();
}

#[test]
fn the_screen_takes_any_size_while_it_streams() {
    let home = Home::new();
    let mut pty = streaming(&home);
    for (columns, rows) in [(40, 12), (160, 50), (8, 3), (1, 1), (80, 24)] {
        pty.resize(columns, rows);
        if rows < 10 {
            // Too small to say anything; it only has to survive it.
            continue;
        }
        // On a wide screen the open sessions stand beside the conversation.
        let beside = if columns < 120 { 0 } else { 28 };
        let rule = "─".repeat(usize::from(columns) - beside);
        let is_rule = |row: &&str| row.trim_start_matches(|c| c != '─') == rule;
        let whole = |frame: &Frame| {
            frame.text.lines().count() == usize::from(rows)
                && frame.text.lines().filter(is_rule).count() == 1
                && frame.row(usize::from(rows) - 1).contains("ctx ")
        };
        let shown = pty.see("the new size", whole);
        pty.see("growth", |frame| whole(frame) && frame.context() > shown.context());
    }
    pty.send(CTRL_C);
    pty.see_text("stopped by you");
    pty.assert_clean();
    // Wide characters take two columns, joined ones one place.
    pty.send("夜空👩‍🚀e\u{301}x");
    pty.see("the draft", |frame| frame.has("› 夜空") && frame.has("e\u{301}x"));
    pty.assert_clean();
    pty.send("\x7f\x7f\x7f");
    pty.see("deleting", |frame| frame.text.lines().any(|row| row == "› 夜空"));
    pty.assert_clean();
    pty.send(CTRL_C);
    pty.see("an empty draft", |frame| !frame.has("夜空"));
    for (open, close) in [("?", ESC), (F1, "q")] {
        pty.send(open);
        let help = pty.see_text("break the line");
        assert!(help.has("Ctrl-N"), "{}", help.text);
        pty.send(close);
        pty.see("the transcript", |frame| frame.has(STORY) && !frame.has("break the line"));
    }
    pty.send(CTRL_L);
    quit(&mut pty);
}

#[test]
fn a_draft_is_counted_while_it_is_written_and_a_route_is_chosen_from_a_list() {
    const F4: &str = "\x1bOS";
    let home = Home::new();
    let mut pty = Pty::start(&home, &[], &[]);
    pty.ready();
    // Counted by the model's own tokeniser: no estimate any more.
    let counts = |tokens: &str| {
        let told = format!("── {tokens} tok");
        move |frame: &Frame| frame.text.lines().any(|row| row.starts_with(&told))
    };
    pty.send("Why is the sky blue?");
    pty.see("the count", counts("6"));
    pty.send(" Why?");
    pty.see("the next count", counts("8"));
    pty.send(CTRL_C);
    pty.see("no count", |frame| !frame.has(" tok · device"));
    pty.send(F4);
    let list = pty.see("the list", |frame| frame.has("route or model ›") && frame.has("model: "));
    assert!(list.has("route: this device") && list.has("(now)"), "{}", list.text);
    pty.send("this device\r");
    pty.see_text("every turn runs on this device");
    quit(&mut pty);
}

#[test]
fn the_chat_needs_a_terminal() {
    let home = Home::new();
    let model = support::model();
    let run = |stdin: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgewise"));
        command.env_clear().envs(home.environment()).arg("-m").arg(&model);
        command.stdin(stdin).output().expect("it runs")
    };
    for stdin in [Stdio::null(), Stdio::piped()] {
        let output = run(stdin);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(output.stdout.is_empty() && said.starts_with("error: "), "{said}");
    }
    // A terminal on stdin, none on stdout.
    let mut pty =
        Pty::run(&home, "sh", &["-c", "\"$0\" > out", env!("CARGO_BIN_EXE_edgewise")], &[]);
    let ended = pty.given_back(2);
    assert!(ended.has("the chat needs a terminal"), "{}", ended.text);
}

#[test]
fn slow_nobody_wakes_up_for_nothing() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &["--max-tokens", "8"], &[]);
    pty.ready();
    pty.ask("Say hello.");
    pty.see("an answer", answered);
    let (front, engine) = (pty.front(), pty.front().engine());
    // The device is looked at for 10 s after a turn.
    pty.frames_within(Duration::from_secs(13));
    let naps = || (front.naps(), engine.naps());
    let before = naps();
    let frames = pty.frames_within(Duration::from_secs(5));
    let after = naps();
    assert_eq!((frames, before), (0, after));
    quit(&mut pty);
}

/// Everything that a terminal was sent and what it had sent before it ended, without frames.
fn transcript_of(home: &Home, arguments: &[&str], answers: &[(&str, &str)]) -> String {
    let size = portable_pty::PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = portable_pty::native_pty_system().openpty(size).expect("a terminal");
    let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_edgewise"));
    command.args(arguments);
    command.cwd(home.path());
    command.env_clear();
    for (name, value) in home.environment() {
        command.env(name, value);
    }
    command.env("TERM", "dumb");
    let mut child = pair.slave.spawn_command(command).expect("the program");
    drop(pair.slave);
    let (tell, told) = std::sync::mpsc::sync_channel::<Vec<u8>>(1024);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = std::io::Read::read(&mut reader, &mut buffer) {
            if tell.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut writer = pair.master.take_writer().expect("a writer");
    let mut seen = String::new();
    for (wanted, answer) in answers {
        let from = seen.len();
        while !seen[from..].contains(wanted) {
            let more = told.recv_timeout(Duration::from_mins(1));
            let more = more.unwrap_or_else(|_| panic!("no {wanted:?} in {seen:?}"));
            seen.push_str(&String::from_utf8_lossy(&more));
        }
        std::io::Write::write_all(&mut writer, answer.as_bytes()).expect("it is read");
    }
    assert!(child.wait().expect("it ends").success(), "{seen}");
    while let Ok(more) = told.recv_timeout(Duration::from_secs(2)) {
        seen.push_str(&String::from_utf8_lossy(&more));
    }
    seen
}

#[test]
fn in_plain_lines_everything_is_only_added() {
    let home = Home::new();
    let model = support::model();
    let model = model.to_str().expect("UTF-8");
    let arguments = ["-m", model, "--temp", "0", "--max-tokens", "8", "--plain"];
    let answers = [
        ("the model is ready\r\nyou: ", "Say hello.\n"),
        ("end of the answer", "/nwe\n"),
        ("no command /nwe", "And again.\n"),
        ("end of the answer", "\x04"),
    ];
    let seen = transcript_of(&home, &arguments, &answers);
    assert!(seen.contains("answer: "), "{seen:?}");
    // A terminal writes each line's end as two characters; nothing else goes back.
    let text = seen.replace("\r\n", "\n");
    assert!(!text.contains(['\x1b', '\r', '\x08', '\x07']), "{text:?}");
}

#[test]
fn the_chat_speaks_the_language_of_the_environment() {
    let home = Home::new();
    let words = home.path().join("c/words");
    std::fs::create_dir(&words).expect("a directory");
    let messages = "status-ready = bereit\nquit = Beenden?\nquit-running =\n    { $count ->\n\
                    \x20       [one] eine Antwort läuft noch\n       *[other] { $count } laufen\n    }\n";
    std::fs::write(words.join("de.ftl"), messages).expect("a file");
    std::fs::write(words.join("fr.ftl"), "quit = Quitter ?\nquit-keys\n").expect("a file");
    let mut pty = Pty::start(&home, &[], &[("LANG", "de_DE.UTF-8")]);
    pty.see_text(" bereit ");
    pty.ask(STORY);
    pty.see("an answer that streams", streams);
    pty.send("\x04");
    let asked = pty.see_text("Beenden?");
    assert!(asked.has("eine Antwort läuft noch") && asked.has("y quit · n stay"), "{}", asked.text);
    pty.send("y");
    pty.given_back(0);
    let mut pty = Pty::start(&home, &[], &[("LC_ALL", "fr_FR.UTF-8")]);
    let told = pty.see_text("words/fr.ftl:2: expected");
    assert!(told.has("ask something"), "{}", told.text);
    quit(&mut pty);
}
