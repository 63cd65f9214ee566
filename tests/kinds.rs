//! Models whose memory can be cut, cannot, or not everywhere: what cannot be kept is evaluated again,
//! and all say the same as from scratch, whatever happened before.

#[path = "support/batch.rs"]
mod batch;

#[path = "support/tiny.rs"]
#[expect(dead_code, reason = "other tests fill a disk")]
mod tiny;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use edgewise::chat::Foresight;
use edgewise::chat::Message;
use edgewise::chat::Role;
use edgewise::chat::SessionId;
use edgewise::chat::StopReason;
use edgewise::chat::TokenEvent;
use edgewise::worker::Core;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::RngAlgorithm;
use proptest::test_runner::TestRng;
use proptest::test_runner::TestRunner;

use crate::batch::CLIENT;
use crate::batch::Kept;
use crate::batch::Plain;
use crate::batch::answer;
use crate::batch::greedy;
use crate::batch::key;
use crate::batch::plain;
use crate::batch::probe;
use crate::batch::run;
use crate::batch::submit;
use crate::batch::user;
use crate::tiny::Kind;

/// A model file of one kind, a batch over it, and what it says from scratch.
struct Tiny {
    directory: tempfile::TempDir,
    core: Core<Kept>,
    abort: Arc<AtomicBool>,
    turns: u64,
}

impl Tiny {
    fn new(kind: Kind) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        tiny::write(&directory.path().join("m.gguf"), kind);
        let abort = Arc::new(AtomicBool::new(false));
        let mut core = batch::core(&directory.path().join("m.gguf"), 1024, &abort);
        core.set_shelf_bytes(100_000_000);
        Self { directory, core, abort, turns: 0 }
    }

    fn begin(&mut self, session: u128, messages: &[Message]) -> u64 {
        self.turns += 1;
        submit(&mut self.core, key(self.turns), greedy(session, messages.to_vec(), 24));
        self.turns
    }

    /// Runs a turn to its end, and compares what it says to the same from scratch. Returns it, and
    /// how many tokens of its prompt were there already.
    fn ask(&mut self, session: u128, messages: &[Message]) -> (String, u32) {
        let turn = self.begin(session, messages);
        run(&mut self.core);
        self.check(turn, messages)
    }

    fn check(&mut self, turn: u64, messages: &[Message]) -> (String, u32) {
        let (text, reason, usage) = answer(&mut self.core, turn);
        assert_eq!(reason, StopReason::Length, "{text:?}");
        let scratch = plain(&self.directory.path().join("m.gguf"), messages, 24);
        assert_eq!(text[..scratch.sure], scratch.text[..scratch.sure]);
        assert!(text.bytes().any(|byte| byte != text.as_bytes()[0]), "it varies: {text:?}");
        (text, usage.cached_tokens)
    }
}

const KINDS: [Kind; 4] = [Kind::Cells, Kind::Recurrent, Kind::Hybrid, Kind::Window];

fn then(mut messages: Vec<Message>, answer: &str, question: &str) -> Vec<Message> {
    messages.push(Message::text(Role::Assistant, answer));
    messages.push(user(question));
    messages
}

#[test]
fn a_text_that_is_cut_behind_an_end_has_the_same_tokens() {
    // A vocabulary that puts a space before what follows a special token.
    let tiny = Tiny::new(Kind::Cells);
    let weights = tiny.core.model().weights();
    let tokens = |text: &str| weights.vocab().tokenize(text.as_bytes(), false, true);
    for (before, behind) in [("", "a"), ("a", " a"), ("a ", "\n\na</s>b"), ("a</s>", "</s>")] {
        let apart = [tokens(&format!("{before}</s>")), tokens(behind)].concat();
        assert_eq!(tokens(&format!("{before}</s>{behind}")), apart, "{before:?} {behind:?}");
    }
    assert_ne!(tokens("a</s>"), tokens("a<"), "it is one");
}

#[test]
fn an_answer_depends_on_every_word_before_it() {
    for kind in KINDS {
        let mut tiny = Tiny::new(kind);
        let (one, _) = tiny.ask(1, &[user("where does the fox sleep")]);
        let (two, _) = tiny.ask(2, &[user("where did the fox sleep")]);
        assert_ne!(one, two, "{kind:?}: or nothing below shows anything");
    }
}

#[test]
fn a_second_turn_an_edit_and_a_shorter_history_say_the_same_as_from_scratch() {
    for kind in KINDS {
        let mut tiny = Tiny::new(kind);
        let first = vec![user("where does the fox sleep")];
        let (text, _) = tiny.ask(1, &first);
        let second = then(first.clone(), &text, "and what does it eat");
        let (text, cached) = tiny.ask(1, &second);
        assert!(cached > 0, "{kind:?}: what only grows is not evaluated again");
        let third = then(second.clone(), &text, "why");
        tiny.ask(1, &third);
        // Rolled back to the first answer, then edited at its very end.
        tiny.ask(1, &second);
        let (_, cached) = tiny.ask(1, &[user("where does the fox eat")]);
        let can_be_cut = matches!(kind, Kind::Cells | Kind::Window);
        assert_eq!(cached > 0, can_be_cut, "{kind:?}: a state cannot be cut");
        tiny.ask(1, &first);
    }
}

#[test]
fn a_session_that_was_moved_says_the_same_as_from_scratch() {
    for kind in KINDS {
        let mut tiny = Tiny::new(kind);
        let first = vec![user("where does the fox sleep")];
        let (text, _) = tiny.ask(1, &first);
        tiny.ask(2, &[user("say hello")]);
        assert!(tiny.core.shelf_bytes() > 0);
        // It grows: all of it is of use.
        let second = then(first.clone(), &text, "and what does it eat");
        let expected = probe(&tiny.core, &greedy(1, second.clone(), 24)).cached_tokens;
        let (_, cached) = tiny.ask(1, &second);
        assert!(cached > 40 && cached == expected, "{kind:?}: {cached} of {expected}");
        // It was edited while it was away.
        tiny.ask(2, &[user("say hello")]);
        tiny.ask(1, &[user("where does the fox eat")]);
    }
}

#[test]
fn turns_in_one_batch_a_cancel_and_a_stop_in_the_middle_disturb_nobody() {
    for kind in KINDS {
        let mut tiny = Tiny::new(kind);
        let questions = ["where does the fox sleep", "where does the fox eat", "say hello"];
        let long = "nobody has ever seen it in the hills by the sea ".repeat(6);
        let ask = |question| vec![user(&format!("{long}{question}"))];
        let asked: Vec<Vec<Message>> = questions.map(ask).to_vec();
        let turns: Vec<u64> = (1..).zip(&asked).map(|(of, ask)| tiny.begin(of, ask)).collect();
        // Steps are stopped between any two graph nodes, as for a cancel.
        let abort = Arc::clone(&tiny.abort);
        let go = Arc::new(Barrier::new(2));
        let begin = Arc::clone(&go);
        let stopper = std::thread::spawn(move || {
            begin.wait();
            for _ in 0..200 {
                for (stop, spins) in [(true, 20_000), (false, 30_000)] {
                    abort.store(stop, Ordering::Relaxed);
                    (0..spins).for_each(|_| std::hint::spin_loop());
                }
            }
        });
        go.wait();
        while !stopper.is_finished() {
            tiny.core.step();
        }
        tiny.core.cancel(key(turns[2]));
        run(&mut tiny.core);
        tiny.check(turns[0], &asked[0]);
        tiny.check(turns[1], &asked[1]);
        let reason = answer(&mut tiny.core, turns[2]).1;
        assert!(matches!(reason, StopReason::Cancelled | StopReason::Length), "{reason:?}");
        tiny.ask(3, &asked[2]);
        tiny.ask(2, &asked[1]);
    }
}

#[test]
fn what_is_typed_ahead_and_edited_says_the_same_as_from_scratch() {
    for kind in KINDS {
        let mut tiny = Tiny::new(kind);
        let first = vec![user("where does the fox sleep")];
        let (text, _) = tiny.ask(1, &first);
        for draft in ["", "and what", "and what does", "but"] {
            let typed = then(first.clone(), &text, draft);
            tiny.core.prepare(CLIENT, &greedy(1, typed, 24), Foresight::Sure);
            run(&mut tiny.core);
        }
        let (_, cached) = tiny.ask(1, &then(first, &text, "but why"));
        assert!(cached > 40, "{kind:?}: the history is there, edits or not: {cached}");
    }
}

#[test]
fn reasoning_that_the_template_drops_is_gone_before_the_next_question() {
    for kind in KINDS {
        let mut tiny = Tiny::new(kind);
        let first = vec![user("where does the fox sleep")];
        let (text, _) = tiny.ask(1, &first);
        let thought = format!("<think>\nit is an old fox\n</think>\n\n{text}");
        let typed = |draft| greedy(1, then(first.clone(), &thought, draft), 24);
        let before = probe(&tiny.core, &typed("and why")).cached_tokens;
        // While the answer is read, the history is made what the next turn will find.
        tiny.core.prepare(CLIENT, &typed(""), Foresight::Sure);
        run(&mut tiny.core);
        let after = probe(&tiny.core, &typed("and why"));
        assert!(after.cached_tokens > before + 24, "{kind:?}: {before}, then {after:?}");
        let (_, cached) = tiny.ask(1, &then(first.clone(), &thought, "and why"));
        assert_eq!(cached, after.cached_tokens, "{kind:?}");
        // What is left is the question and the template's words around it, byte by byte.
        let rest = after.prompt_tokens - cached;
        assert!(rest < 60, "{kind:?}: {rest} of {after:?}");
    }
}

#[test]
fn a_pool_that_overflows_says_the_same_as_from_scratch() {
    for kind in KINDS {
        let mut tiny = Tiny::new(kind);
        let long = "the old fox sleeps in the hills by the sea and nobody sees it ".repeat(5);
        let asked: Vec<Vec<Message>> =
            ["a", "b", "c"].map(|of| vec![user(&format!("{of} {long}"))]).to_vec();
        let turns: Vec<u64> = (1..).zip(&asked).map(|(of, ask)| tiny.begin(of, ask)).collect();
        run(&mut tiny.core);
        for (turn, ask) in turns.into_iter().zip(&asked) {
            tiny.check(turn, ask);
        }
        tiny.ask(1, &asked[0]);
    }
}

/// One thing that may happen.
#[derive(Clone, Debug)]
enum Happens {
    /// A session's next turn, or its last one once more, or a new beginning.
    Asks {
        session: usize,
        question: usize,
        goes_on: bool,
    },
    Types {
        session: usize,
        question: usize,
    },
    Steps(usize),
    Cancels,
    Forgets(usize),
    /// Memory runs short, and there is enough again.
    Short,
}

fn happens() -> impl Strategy<Value = Happens> {
    let (session, question) = (0..3_usize, 0..QUESTIONS.len());
    prop_oneof![
        4 => (session.clone(), question.clone(), any::<bool>()).prop_map(
            |(session, question, goes_on)| Happens::Asks { session, question, goes_on }
        ),
        2 => (session.clone(), question)
            .prop_map(|(session, question)| Happens::Types { session, question }),
        4 => (1..40_usize).prop_map(Happens::Steps),
        1 => Just(Happens::Cancels),
        1 => session.prop_map(Happens::Forgets),
        1 => Just(Happens::Short),
    ]
}

const QUESTIONS: [&str; 5] = [
    "where does the fox sleep",
    "where does the fox eat",
    "why",
    "tell me of the hills by the sea and of all who live there and of those who went away",
    "say hello",
];

/// Lets things happen, and checks every answer that came to its end.
fn live(kind: Kind, events: &[Happens], known: &mut HashMap<String, Plain>) {
    let mut tiny = Tiny::new(kind);
    let mut histories: Vec<Vec<Message>> = vec![Vec::new(); 3];
    let mut asked: HashMap<u64, (usize, Vec<Message>)> = HashMap::new();
    for event in events {
        match event {
            Happens::Asks { session, question, goes_on } => {
                let mut messages = histories[*session].clone();
                if !goes_on {
                    messages.clear();
                }
                messages.push(user(QUESTIONS[*question]));
                let turn = tiny.begin(*session as u128, &messages);
                asked.insert(turn, (*session, messages));
            }
            Happens::Types { session, question } => {
                let mut messages = histories[*session].clone();
                messages.push(user(QUESTIONS[*question]));
                tiny.core.prepare(CLIENT, &greedy(*session as u128, messages, 24), Foresight::Sure);
            }
            Happens::Steps(steps) => {
                for _ in 0..*steps {
                    tiny.core.step();
                }
            }
            Happens::Cancels => tiny.core.cancel(key(tiny.turns)),
            Happens::Forgets(session) => tiny.core.forget(SessionId(*session as u128)),
            Happens::Short => {
                tiny.core.set_shelf_bytes(0);
                tiny.core.set_shelf_bytes(100_000_000);
            }
        }
        settle(&mut tiny, &mut asked, &mut histories, known);
    }
    run(&mut tiny.core);
    settle(&mut tiny, &mut asked, &mut histories, known);
    assert!(asked.is_empty(), "every turn ends");
}

/// Takes the turns that have ended.
fn settle(
    tiny: &mut Tiny,
    asked: &mut HashMap<u64, (usize, Vec<Message>)>,
    histories: &mut [Vec<Message>],
    known: &mut HashMap<String, Plain>,
) {
    let events = &tiny.core.outlet().events;
    let ended = events.iter().filter(|(_, event)| matches!(event, TokenEvent::Finished(..)));
    let ended: Vec<u64> =
        ended.map(|(of, _)| of.turn).filter(|turn| asked.contains_key(turn)).collect();
    for turn in ended {
        let Some((session, mut messages)) = asked.remove(&turn) else { continue };
        let (text, reason, _) = answer(&mut tiny.core, turn);
        if reason == StopReason::Cancelled || reason.fault().is_some() {
            continue;
        }
        let path = tiny.directory.path().join("m.gguf");
        let scratch = known.entry(format!("{messages:?}"));
        let scratch = scratch.or_insert_with(|| plain(&path, &messages, 24));
        assert_eq!(text[..scratch.sure], scratch.text[..scratch.sure], "{messages:?}");
        messages.push(Message::text(Role::Assistant, text));
        histories[session] = messages;
    }
}

#[test]
fn whatever_happens_answers_are_the_same_as_from_scratch() {
    for kind in KINDS {
        let known = RefCell::new(HashMap::new());
        // The same every time: what is unsure of one machine's rounding is unsure of all.
        let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
        let dice = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(config, dice);
        let events = proptest::collection::vec(happens(), 4..30);
        let lived = runner.run(&events, |events| {
            live(kind, &events, &mut known.borrow_mut());
            Ok(())
        });
        lived.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        let known = known.into_inner();
        let sure: usize = known.values().map(|answer| answer.sure).sum();
        assert!(sure > 8 * known.len(), "{sure} sure tokens of {} answers", known.len());
    }
}
