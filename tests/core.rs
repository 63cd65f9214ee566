//! The batch over the real model: what it generates does not depend on what runs beside it.

mod support;

#[path = "support/batch.rs"]
mod batch;

use std::collections::HashMap;
use std::sync::Arc;

use edgewise::chat::Constraint;
use edgewise::chat::FaultKind;
use edgewise::chat::Foresight;
use edgewise::chat::Generation;
use edgewise::chat::Limits;
use edgewise::chat::Message;
use edgewise::chat::Priority;
use edgewise::chat::Role;
use edgewise::chat::Sampling;
use edgewise::chat::SessionId;
use edgewise::chat::StopReason;
use edgewise::chat::TokenEvent;
use edgewise::chat::Usage;
use edgewise::worker::Core;
use edgewise::worker::TurnKey;

use crate::batch::CLIENT;
use crate::batch::Kept;
use crate::batch::answer;
use crate::batch::greedy;
use crate::batch::key;
use crate::batch::plain;
use crate::batch::probe;
use crate::batch::run;
use crate::batch::submit;
use crate::batch::user;

fn core(pool_tokens: u32) -> Core<Kept> {
    batch::core(&support::model(), pool_tokens, &Arc::default())
}

#[test]
fn greedy_tokens_equal_those_of_a_plain_loop() {
    let question = [user("Name three colours of the rainbow.")];
    let mut core = core(2048);
    submit(&mut core, key(1), greedy(1, question.to_vec(), 40));
    run(&mut core);
    let (text, reason, usage) = answer(&mut core, 1);
    let scratch = plain(&support::model(), &question, 40);
    assert_eq!(text[..scratch.sure], scratch.text[..scratch.sure]);
    assert!(scratch.sure > 10, "{scratch:?}");
    assert!(!text.trim().is_empty());
    assert!(matches!(reason, StopReason::Length | StopReason::EndOfTurn), "{reason:?}");
    assert!(usage.completion_tokens > 5 && usage.prompt_tokens > 10, "{usage:?}");
}

#[test]
fn a_second_turn_evaluates_only_what_is_new() {
    let mut core = core(2048);
    let mut messages = vec![user("What is the capital of France?")];
    submit(&mut core, key(1), greedy(1, messages.clone(), 24));
    run(&mut core);
    let (first, _, usage) = answer(&mut core, 1);
    assert_eq!(usage.cached_tokens, 0);
    messages.push(Message::text(Role::Assistant, first));
    messages.push(user("And of Spain?"));
    let probe = probe(&core, &greedy(1, messages.clone(), 24));
    submit(&mut core, key(2), greedy(1, messages.clone(), 24));
    run(&mut core);
    let (second, _, usage) = answer(&mut core, 2);
    assert!(usage.cached_tokens >= usage.prompt_tokens - 16, "{usage:?}");
    assert_eq!(
        (probe.prompt_tokens, probe.cached_tokens),
        (usage.prompt_tokens, usage.cached_tokens)
    );
    assert!(!second.is_empty());
}

#[test]
fn an_answer_that_was_cut_short_goes_on_where_it_stopped() {
    let mut core = core(1024);
    let question = user("Tell me about the sea.");
    submit(&mut core, key(1), greedy(1, vec![question.clone()], 40));
    run(&mut core);
    let (whole, ..) = answer(&mut core, 1);
    submit(&mut core, key(2), greedy(2, vec![question.clone()], 12));
    run(&mut core);
    let (begun, ..) = answer(&mut core, 2);
    assert!(whole.starts_with(&begun) && begun.len() < whole.len(), "{begun:?} of {whole:?}");
    let messages = vec![question, Message::text(Role::Assistant, begun.clone())];
    submit(&mut core, key(3), greedy(2, messages, 28));
    run(&mut core);
    let (rest, _, usage) = answer(&mut core, 3);
    assert_eq!(begun + &rest, whole);
    assert!(usage.cached_tokens + 2 > usage.prompt_tokens, "nothing is evaluated again: {usage:?}");
}

#[test]
fn two_sessions_decode_together() {
    let mut core = core(2048);
    let questions = ["Count from one to ten.", "Write a line about the sea."];
    for (turn, question) in (1..).zip(questions) {
        submit(&mut core, key(turn), greedy(u128::from(turn), vec![user(question)], 20));
    }
    run(&mut core);
    let order: Vec<u64> = core
        .outlet()
        .events
        .iter()
        .filter(|(_, event)| matches!(event, TokenEvent::Delta(_)))
        .map(|(key, _)| key.turn)
        .collect();
    let switches = order.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(switches > 20, "the deltas interleave: {order:?}");
    for turn in 1..=2 {
        assert_eq!(answer(&mut core, turn).2.completion_tokens, 20);
    }
}

/// Tokens of a stream that a long prompt comes beside.
const STREAM: u32 = 60;

#[test]
fn a_long_prompt_is_sliced_between_the_tokens_of_a_stream() {
    let mut core = core(4096);
    submit(&mut core, key(1), greedy(1, vec![user("Tell a long story.")], STREAM));
    while !core.outlet().events.iter().any(|(_, event)| matches!(event, TokenEvent::Delta(_))) {
        assert!(core.step());
    }
    let long = "All work and no play makes a dull day. ".repeat(60);
    submit(&mut core, key(2), greedy(2, vec![user(&long)], 4));
    run(&mut core);
    let events = &core.outlet().events;
    let begun = events.iter().position(|(of, _)| *of == key(2)).expect("the prompt begins");
    let first = events
        .iter()
        .position(|(of, event)| *of == key(2) && matches!(event, TokenEvent::Delta(_)))
        .expect("the prompt is answered");
    let between = &events[begun..first];
    let slices = between.iter().filter(|(of, _)| *of == key(2)).count();
    let streamed = between.iter().filter(|(of, _)| *of == key(1)).count();
    // The stream may end before the prompt does, where slices are small.
    let wanted = (slices - 2).min(STREAM as usize - 1);
    assert!(slices > 3 && streamed >= wanted, "{slices} slices, {streamed} tokens between");
}

#[test]
fn cancelling_keeps_what_is_cached_and_disturbs_nobody() {
    let mut core = core(2048);
    let question = vec![user("Write about mountains.")];
    submit(&mut core, key(1), greedy(1, question.clone(), 40));
    submit(&mut core, key(2), greedy(2, vec![user("Write about rivers.")], 10));
    for _ in 0..8 {
        core.step();
    }
    core.cancel(key(1));
    run(&mut core);
    assert_eq!(answer(&mut core, 1).1, StopReason::Cancelled);
    assert_eq!(answer(&mut core, 2).2.completion_tokens, 10);
    submit(&mut core, key(3), greedy(1, question, 4));
    run(&mut core);
    let usage = answer(&mut core, 3).2;
    assert_eq!(usage.cached_tokens, usage.prompt_tokens - 1);
}

#[test]
fn a_full_pool_evicts_the_idle_then_makes_a_turn_wait_and_loses_no_token() {
    // Two turns of 200 tokens do not fit 256 cells together; alone each does.
    let tale = |about: &str| vec![user(&format!("Write a very long tale about {about}."))];
    let mut together = core(256);
    submit(&mut together, key(7), greedy(7, vec![user("Hello.")], 8));
    run(&mut together);
    for (turn, about) in [(1, "a fox"), (2, "a ship")] {
        submit(&mut together, key(turn), greedy(u128::from(turn), tale(about), 150));
    }
    run(&mut together);
    let events = &together.outlet().events;
    let streamed = |of: TurnKey| {
        events.iter().position(|(key, event)| *key == of && matches!(event, TokenEvent::Delta(_)))
    };
    let put_back = [key(1), key(2)].into_iter().any(|of| {
        let first = streamed(of).expect("both stream");
        events[first..]
            .iter()
            .any(|(key, event)| *key == of && matches!(event, TokenEvent::Queued(_)))
    });
    assert!(put_back, "one of them has to step back");
    for turn in [1, 2] {
        let (_, reason, usage) = answer(&mut together, turn);
        assert!(reason.fault().is_none() && reason != StopReason::ContextFull, "{reason:?}");
        assert!(usage.completion_tokens > 100, "{usage:?}");
    }
    // What the last one holds in its cells is what it said, without a gap.
    let ends = together.outlet().events.iter().rev();
    let mut ends = ends.filter(|(_, event)| matches!(event, TokenEvent::Finished(..)));
    let last = ends.next().expect("both end").0.turn;
    let (text, _, usage) = answer(&mut together, last);
    let mut messages = tale(if last == 1 { "a fox" } else { "a ship" });
    messages.push(Message::text(Role::Assistant, text));
    let probe = probe(&together, &greedy(u128::from(last), messages, 1));
    assert!(probe.cached_tokens + 8 > usage.prompt_tokens + usage.completion_tokens, "{probe:?}");
}

#[test]
fn a_client_that_does_not_listen_pauses_its_own_turn_only() {
    let mut core = core(2048);
    submit(&mut core, key(1), greedy(1, vec![user("Count to ten.")], 12));
    let other = TurnKey { client: 2, turn: 1 };
    submit(&mut core, other, greedy(2, vec![user("Count to ten.")], 12));
    for _ in 0..4 {
        core.step();
    }
    core.outlet().deaf.push(CLIENT);
    let before = core.outlet().events.iter().filter(|(of, _)| *of == key(1)).count();
    run(&mut core);
    let after = core.outlet().events.iter().filter(|(of, _)| *of == key(1)).count();
    assert_eq!(before, after);
    core.outlet().deaf.clear();
    run(&mut core);
    let mut texts: HashMap<TurnKey, String> = HashMap::new();
    for (of, event) in &core.outlet().events {
        if let TokenEvent::Delta(delta) = event {
            texts.entry(*of).or_default().push_str(delta);
        }
    }
    assert_eq!(texts[&key(1)], texts[&other]);
}

#[test]
fn a_prompt_longer_than_the_context_is_refused_with_both_numbers() {
    let mut core = core(512);
    let long = "word ".repeat(700);
    submit(&mut core, key(1), greedy(1, vec![user(&long)], 4));
    let (_, reason, _) = answer(&mut core, 1);
    let fault = reason.fault().expect("a fault");
    assert!(fault.message.contains("512"), "{fault}");
    assert_eq!(fault.kind, FaultKind::TooLong);
}

#[test]
fn stop_strings_and_the_context_end_an_answer() {
    let mut core = core(2048);
    let mut generation = greedy(1, vec![user("Count: one, two, three, four, five.")], 60);
    submit(&mut core, key(1), generation.clone());
    run(&mut core);
    let (whole, _, _) = answer(&mut core, 1);
    let stop: String = whole.chars().skip(whole.chars().count() / 2).take(4).collect();
    generation.limits.stop = vec![stop.clone()];
    submit(&mut core, key(2), generation.clone());
    run(&mut core);
    let (text, reason, _) = answer(&mut core, 2);
    assert_eq!(reason, StopReason::Stop);
    assert!(whole.starts_with(&text) && !text.contains(&stop), "{text:?} stops at {stop:?}");
    generation.limits = Limits { max_tokens: None, stop: Vec::new(), n_ctx: 48 };
    generation.messages = vec![user("Tell a very long story about a dragon.")];
    submit(&mut core, key(3), generation);
    run(&mut core);
    let (_, reason, usage) = answer(&mut core, 3);
    assert_eq!(reason, StopReason::ContextFull);
    assert_eq!(usage.prompt_tokens + usage.completion_tokens, 48);
}

/// Steps until a turn has said something.
fn until_first_token(core: &mut Core<Kept>, of: TurnKey) {
    let said = |core: &mut Core<Kept>| {
        let mut events = core.outlet().events.iter();
        events.any(|(key, event)| *key == of && matches!(event, TokenEvent::Delta(_)))
    };
    while !said(core) {
        assert!(core.step(), "{of:?} never says anything");
    }
}

#[test]
fn somebody_who_looks_on_goes_before_scripts_even_when_all_slots_are_taken() {
    let mut core = core(2048);
    for turn in 1..=4 {
        let script = greedy(u128::from(turn), vec![user("Count to a thousand.")], 60);
        submit(&mut core, key(turn), Generation { priority: Priority::Background, ..script });
    }
    until_first_token(&mut core, key(4));
    submit(&mut core, key(5), greedy(5, vec![user("Say hello.")], 4));
    run(&mut core);
    let events = &core.outlet().events;
    let end = |turn| {
        let ended = |(of, event): &(TurnKey, TokenEvent)| {
            *of == key(turn) && matches!(event, TokenEvent::Finished(..))
        };
        events.iter().position(ended).expect("it ends")
    };
    assert!((1..=4).all(|script| end(5) < end(script)));
    for script in 1..=4 {
        assert_eq!(answer(&mut core, script).2.completion_tokens, 60);
    }
}

#[test]
fn on_a_strained_machine_a_script_waits_for_whoever_looks_on() {
    let deltas = |core: &mut Core<Kept>, turn| {
        let events = &core.outlet().events;
        let of_turn = |(of, event): &&(TurnKey, TokenEvent)| {
            *of == key(turn) && matches!(event, TokenEvent::Delta(_))
        };
        events.iter().filter(of_turn).count()
    };
    let mut core = core(2048);
    let script =
        Generation { priority: Priority::Background, ..greedy(1, vec![user("Count to 20.")], 12) };
    submit(&mut core, key(1), script);
    until_first_token(&mut core, key(1));
    core.set_strained(true);
    submit(&mut core, key(2), greedy(2, vec![user("Hi")], 8));
    until_first_token(&mut core, key(2));
    let before = deltas(&mut core, 1);
    for _ in 0..5 {
        core.step();
    }
    assert_eq!(deltas(&mut core, 1), before, "it waits");
    assert_eq!(deltas(&mut core, 2), 6, "somebody looks on");
    run(&mut core);
    assert_eq!(answer(&mut core, 1).2.completion_tokens, 12, "and comes to its end");
    let rates = core.rates(Some(0.0));
    assert!(rates.decode_tps.is_some_and(|rate| rate > 0.0), "{rates:?}");
    assert!(rates.decode_ratio.is_some(), "a quiet window is its own baseline: {rates:?}");
}

#[test]
fn a_client_that_does_not_listen_gives_way_to_one_that_does() {
    let mut core = core(256);
    submit(&mut core, key(1), greedy(1, vec![user("Write a very long tale.")], 200));
    until_first_token(&mut core, key(1));
    for _ in 0..60 {
        core.step();
    }
    core.outlet().deaf.push(CLIENT);
    let other = TurnKey { client: 2, turn: 1 };
    submit(&mut core, other, greedy(2, vec![user("Write another long tale.")], 180));
    run(&mut core);
    let events = &core.outlet().events;
    assert!(events.iter().any(|(of, event)| {
        *of == other && matches!(event, TokenEvent::Finished(reason, _) if reason.fault().is_none())
    }));
    core.outlet().deaf.clear();
    run(&mut core);
    assert!(answer(&mut core, 1).2.completion_tokens > 100);
}

#[test]
fn a_session_that_is_forgotten_while_it_runs_leaves_nothing() {
    let mut core = core(2048);
    submit(&mut core, key(1), greedy(1, vec![user("Write a long tale.")], 200));
    until_first_token(&mut core, key(1));
    core.forget(SessionId(1));
    core.cancel(key(1));
    assert_eq!(core.used_tokens(), 0);
}

#[test]
fn numbers_that_are_none_are_refused() {
    let mut core = core(512);
    let mut generation = greedy(1, vec![user("Hello.")], 4);
    generation.sampling.temp = f32::NAN;
    submit(&mut core, key(1), generation);
    assert!(matches!(answer(&mut core, 1).1, StopReason::Failed(_)));
}

#[test]
fn what_is_typed_is_evaluated_ahead_and_enter_pays_for_the_rest() {
    let mut core = core(2048);
    let question = "Name the capital of France, and tell in a few words what it is known for.";
    let typed = &question[..question.len() - 8];
    core.prepare(CLIENT, &greedy(1, vec![user(typed)], 8), Foresight::Sure);
    run(&mut core);
    assert!(core.used_tokens() > 20);
    submit(&mut core, key(1), greedy(1, vec![user(question)], 8));
    run(&mut core);
    let (text, _, usage) = answer(&mut core, 1);
    assert!(usage.prompt_tokens - usage.cached_tokens <= 12, "{usage:?}");
    // The next turn's history is brought up to date, however the template words it.
    let history = vec![user(question), Message::text(Role::Assistant, text), user("")];
    core.prepare(CLIENT, &greedy(1, history.clone(), 8), Foresight::Sure);
    run(&mut core);
    let mut next = history;
    next[2] = user("And of Spain?");
    submit(&mut core, key(2), greedy(1, next, 8));
    run(&mut core);
    let usage = answer(&mut core, 2).2;
    assert!(usage.prompt_tokens - usage.cached_tokens <= 12, "{usage:?}");
}

#[test]
fn a_draft_that_looks_finished_leaves_one_token_to_evaluate() {
    let mut core = core(2048);
    let question = vec![user("Name the capital of France.")];
    core.prepare(CLIENT, &greedy(1, question.clone(), 8), Foresight::Whole);
    run(&mut core);
    submit(&mut core, key(1), greedy(1, question, 8));
    run(&mut core);
    let (text, _, usage) = answer(&mut core, 1);
    assert_eq!(usage.prompt_tokens - usage.cached_tokens, 1, "{usage:?}");
    let scratch = plain(&support::model(), &[user("Name the capital of France.")], 8);
    assert_eq!(text[..scratch.sure], scratch.text[..scratch.sure]);
    // It was not finished: what was foreseen wrongly goes.
    let grown = vec![user("Where is Rome. Tell me in one word.")];
    core.prepare(CLIENT, &greedy(2, vec![user("Where is Rome.")], 8), Foresight::Whole);
    run(&mut core);
    core.prepare(CLIENT, &greedy(2, grown.clone(), 8), Foresight::Whole);
    run(&mut core);
    submit(&mut core, key(2), greedy(2, grown.clone(), 8));
    run(&mut core);
    let (text, _, usage) = answer(&mut core, 2);
    assert_eq!(usage.prompt_tokens - usage.cached_tokens, 1, "{usage:?}");
    let scratch = plain(&support::model(), &grown, 8);
    assert_eq!(text[..scratch.sure], scratch.text[..scratch.sure]);
}

#[test]
fn an_edit_rolls_back_and_a_turn_goes_first() {
    let mut core = core(2048);
    core.prepare(
        CLIENT,
        &greedy(1, vec![user("Tell me about the history of the old river")], 8),
        Foresight::Sure,
    );
    run(&mut core);
    let typed = core.used_tokens();
    core.prepare(CLIENT, &greedy(1, vec![user("Tell me about")], 8), Foresight::Sure);
    run(&mut core);
    // What is already there may serve again; less is never evaluated twice.
    assert_eq!(core.used_tokens(), typed);
    core.prepare(CLIENT, &greedy(1, vec![user("Tell me about the sea and")], 8), Foresight::Sure);
    submit(&mut core, key(1), greedy(2, vec![user("Say hello.")], 4));
    assert_eq!(core.works_ahead(), None);
    run(&mut core);
    assert_eq!(answer(&mut core, 1).2.completion_tokens, 4);
    assert_eq!(core.works_ahead(), None);
    submit(&mut core, key(2), greedy(1, vec![user("Tell me about the sea and its tides.")], 4));
    run(&mut core);
    let usage = answer(&mut core, 2).2;
    assert!(usage.prompt_tokens - usage.cached_tokens <= 12, "{usage:?}");
    core.prepare(
        CLIENT,
        &greedy(3, vec![user("A guess that nobody waits for")], 4),
        Foresight::Sure,
    );
    core.drop_client(CLIENT);
    assert!(!core.step());
}

#[test]
fn a_limit_in_the_middle_of_a_character_leaves_half_of_it_out() {
    let mut core = core(2048);
    for turn in 1..=8 {
        let question = "Repeat this: \u{1F980}\u{1F980}\u{1F980} \u{65E5}\u{672C}\u{8A9E}";
        let limit = u32::try_from(turn).expect("small");
        submit(&mut core, key(turn), greedy(u128::from(turn), vec![user(question)], limit));
    }
    run(&mut core);
    for turn in 1..=8 {
        let (text, _, _) = answer(&mut core, turn);
        assert!(!text.contains(char::REPLACEMENT_CHARACTER), "{text:?}");
    }
}

/// Returns the answer to a question that is held to a constraint.
fn held(
    constraint: Constraint,
    sampling: Sampling,
    max_tokens: u32,
) -> (String, StopReason, Usage) {
    let mut core = core(2048);
    let question = greedy(1, vec![user("Describe a person in JSON.")], max_tokens);
    submit(&mut core, key(1), Generation { constraint, sampling, ..question });
    run(&mut core);
    answer(&mut core, 1)
}

const PERSON: &str = r#"{"type": "object", "properties": {"name": {"type": "string", "maxLength": 30},
    "age": {"type": "integer", "minimum": 1, "maximum": 120}, "kind": {"enum": ["cat", "dög"]}},
    "required": ["name", "age", "kind"], "additionalProperties": false}"#;

#[test]
fn an_answer_is_what_the_schema_allows_however_wild_the_draw() {
    let schema = Constraint::JsonSchema(PERSON.to_owned());
    let validator =
        jsonschema::validator_for(&serde_json::from_str(PERSON).expect("JSON")).expect("a schema");
    let wild = |seed, top_k, min_p, repeat_penalty| Sampling {
        temp: 3.0,
        top_p: 1.0,
        seed: Some(seed),
        top_k,
        min_p,
        repeat_penalty,
    };
    let greedy = Sampling { temp: 0.0, ..Sampling::default() };
    let draws = [greedy, wild(1, 40, 0.05, 1.0), wild(2, 0, 0.0, 1.0), wild(3, 40, 0.0, 1.3)];
    for sampling in draws {
        let (text, reason, _) = held(schema.clone(), sampling.clone(), 400);
        assert_eq!(reason, StopReason::EndOfTurn, "{sampling:?}: {text}");
        let value = serde_json::from_str(&text).expect(&text);
        validator.validate(&value).expect(&text);
    }
}

#[test]
fn a_grammar_leads_and_one_that_is_none_is_refused() {
    let greedy = || Sampling { temp: 0.0, ..Sampling::default() };
    let colours = Constraint::Grammar("root ::= (\"red\" | \"green\") \"!\"".to_owned());
    let (text, reason, _) = held(colours, greedy(), 40);
    assert!(["red!", "green!"].contains(&text.as_str()), "{text}");
    assert_eq!(reason, StopReason::EndOfTurn);
    let bad = [
        Constraint::Grammar("root ::= nowhere".to_owned()),
        Constraint::Grammar("root ::= root \"a\"".to_owned()),
        Constraint::Grammar("other ::= \"a\"".to_owned()),
        Constraint::Grammar("root ::= (\"a\"".to_owned()),
        Constraint::Grammar("\0".to_owned()),
        Constraint::Grammar(String::new()),
        Constraint::JsonSchema("{".to_owned()),
        Constraint::JsonSchema(r##"{"$ref": "#/$defs/nowhere"}"##.to_owned()),
        Constraint::JsonSchema(r#"{"type": "string", "minLength": 9999999}"#.to_owned()),
        Constraint::JsonSchema("[".repeat(100_000)),
    ];
    for constraint in bad {
        let (text, reason, _) = held(constraint.clone(), greedy(), 4);
        let fault = reason.fault().expect("a fault");
        assert_eq!((text.as_str(), fault.kind), ("", FaultKind::Usage), "{constraint:?}");
    }
}
