//! Command lines and what they say.

use super::*;
use crate::chat::Mode;

/// One turn, a prompt, stdin left alone.
type Facts = (bool, bool, bool);

fn read(args: &[&str]) -> Result<Cli, Stop> {
    Cli::read(std::iter::once("edgewise").chain(args.iter().copied()).map(OsString::from))
}

fn refused(args: &[&str]) -> Fault {
    read(args).expect("parses").check().expect_err("refused")
}

#[test]
fn the_grammar_holds_together() {
    Cli::grammar().debug_assert();
}

#[test]
fn the_question_is_found_whichever_way_it_is_asked() {
    let table: [(&[&str], Option<&str>); 8] = [
        (&[], None),
        (&["why is the sky blue"], Some("why is the sky blue")),
        (&["Hello"], Some("Hello")),
        (&["ask", "why"], Some("why")),
        (&["ask", "models"], Some("models")),
        (&["ask", "--", "-x"], Some("-x")),
        (&["--json", "ask", "why", "-q"], Some("why")),
        (&["ask"], None),
    ];
    for (args, question) in table {
        let cli = read(args).expect("parses");
        cli.check().expect("nothing to refuse");
        assert_eq!(cli.question(), question, "{args:?}");
    }
}

#[test]
fn flags_stand_before_and_after_the_command() {
    let before = read(&["-p", "quick", "--temp", "0", "--seed", "7", "ask", "x"]).expect("parses");
    let after = read(&["ask", "x", "--seed=7", "--temp=0", "-pquick"]).expect("parses");
    assert_eq!(before.common.overrides(), after.common.overrides());
    assert_eq!(after.common.profile.as_deref(), Some("quick"));
    let cli = read(&["ask", "--mode", "remote-only", "--stop", "a", "--stop", "b", "x"]);
    let flags = cli.expect("parses").common.overrides();
    assert_eq!((flags.mode, flags.stop.len()), (Some(Mode::RemoteOnly), 2));
}

#[test]
fn a_wrong_argument_is_a_usage_error_and_help_is_not() {
    let wrong: [&[&str]; 13] = [
        &["--nonsense"],
        &["ask", "a", "b"],
        &["--temp", "-1", "x"],
        &["--temp", "nan", "x"],
        &["--temp", "warm", "x"],
        &["--max-tokens", "0", "x"],
        &["--max-tokens", "-5", "x"],
        &["--seed", "4294967295", "x"],
        &["--mode", "cloud", "x"],
        &["--stop", "", "x"],
        &["--color", "pink", "x"],
        &["-q", "-v", "x"],
        &["completions", "tcsh9"],
    ];
    for args in wrong {
        assert_eq!(read(args).expect_err("wrong").exit, Exit::Usage, "{args:?}");
    }
    for args in [["--help"], ["-h"], ["--version"], ["help"]] {
        assert_eq!(read(&args).expect_err("no command").exit, Exit::Answered, "{args:?}");
    }
    let escape = read(&["--\u{1b}[31m"]).expect_err("wrong");
    assert!(!escape.text.contains('\u{1b}'), "{escape:?}");
}

#[test]
fn what_is_not_there_yet_is_refused_by_name() {
    let fault = refused(&["bench"]);
    assert_eq!(fault.message, "the command `bench` is not there yet");
    assert_eq!(fault.kind, FaultKind::Usage);
}

#[test]
fn one_word_near_a_command_is_refused_and_a_sentence_is_not() {
    for (word, near) in [
        ("aks", "ask"),
        ("Ask", "ask"),
        ("hlep", "help"),
        ("sesions", "sessions"),
        ("completion", "completions"),
    ] {
        let fault = refused(&[word]);
        assert_eq!(fault.message, format!("no command `{word}`; the nearest is `{near}`"));
        assert!(fault.hint.is_some());
    }
    for prompt in ["aks me", "hi", "no", "hello", "yes!!", "42", "こんにちは"] {
        read(&[prompt]).expect("parses").check().expect(prompt);
    }
    assert_eq!(refused(&["what now", "ask", "x"]).kind, FaultKind::Usage);
}

#[test]
fn the_engine_command_takes_anything_and_is_hidden() {
    let cli = read(&["engine", "--", "--fd", "3"]).expect("parses");
    assert!(matches!(cli.command, Some(Command::Engine(engine)) if engine.rest == ["--fd", "3"]));
}

#[test]
fn the_wish_is_what_was_typed() {
    let table: [(&[&str], Facts); 6] = [
        (&[], (false, false, false)),
        (&["why not"], (false, true, false)),
        (&[" "], (false, false, false)),
        (&["ask", "why", "--no-stdin"], (true, true, true)),
        (&["--json"], (true, false, false)),
        (&["--plain", "why not"], (true, true, false)),
    ];
    for (args, (one_turn, prompt, no_stdin)) in table {
        let wish = read(args).expect("parses").wish();
        assert_eq!(wish, Wish { one_turn, prompt, no_stdin }, "{args:?}");
    }
}

#[test]
fn the_help_answers() {
    // A width of its own: the terminal's would change the lines.
    let help = Cli::grammar().term_width(100).render_long_help().to_string();
    assert!(!help.contains("engine process"), "{help}");
    assert_eq!(read(&["--help"]).expect_err("help").exit, Exit::Answered);
    insta::assert_snapshot!("help", help);
}
