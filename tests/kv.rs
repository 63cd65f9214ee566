//! Idle sessions outside the pool, and beginnings that sessions share: what is evaluated is
//! counted, and what comes back is what went.

mod support;

#[path = "support/batch.rs"]
mod batch;

use std::sync::Arc;

use edgewise::chat::CacheType;
use edgewise::chat::Compute;
use edgewise::chat::FlashAttention;
use edgewise::chat::Foresight;
use edgewise::chat::Generation;
use edgewise::chat::GpuLayers;
use edgewise::chat::Message;
use edgewise::chat::Priority;
use edgewise::chat::Role;
use edgewise::chat::SessionId;
use edgewise::chat::StopReason;
use edgewise::chat::TokenEvent;
use edgewise::chat::Usage;
use edgewise::prompt::RenderOptions;
use edgewise::prompt::SpecialTexts;
use edgewise::prompt::Template;
use edgewise::prompt::Unit;
use edgewise::worker::Core;
use edgewise::worker::Model;
use edgewise::worker::Prompts;
use edgewise::worker::TurnKey;
use llama_cpp_2::token_type::LlamaTokenAttr;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::TestRunner;

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

/// More than any of these tests puts there.
const ROOM: u64 = 1_000_000_000;

/// The most that a turn evaluates whose beginning is there: its own question.
const REST: u32 = 40;

/// A batch whose steps do not depend on how fast the machine is.
fn core(pool_tokens: u32) -> Core<Kept> {
    let mut core = batch::core(&support::model(), pool_tokens, &Arc::default());
    core.set_slice_tokens(96);
    core.set_shelf_bytes(ROOM);
    core
}

/// Makes a text of about so many tokens about something.
fn long(about: &str, tokens: usize) -> String {
    format!("Here is what is known about {about}. ")
        + &format!("Nobody has ever seen {about} in the hills by the sea. ").repeat(tokens / 14)
}

/// Runs one turn to its end.
fn turn(core: &mut Core<Kept>, turn: u64, generation: Generation) -> (String, Usage) {
    submit(core, key(turn), generation);
    run(core);
    let (text, reason, usage) = answer(core, turn);
    assert!(reason.fault().is_none(), "{reason:?}");
    (text, usage)
}

fn evaluated(usage: Usage) -> u32 {
    usage.prompt_tokens - usage.cached_tokens
}

/// A conversation of two turns with something in between.
fn twice(core: &mut Core<Kept>, between: impl FnOnce(&mut Core<Kept>)) -> (String, Usage) {
    let mut messages = vec![user(&long("the old fox", 600))];
    let (text, usage) = turn(core, 1, greedy(1, messages.clone(), 24));
    assert_eq!(usage.cached_tokens, 0);
    between(core);
    messages.push(Message::text(Role::Assistant, text));
    messages.push(user("And where does it sleep?"));
    turn(core, 2, greedy(1, messages, 40))
}

#[test]
fn an_idle_session_leaves_the_pool_and_comes_back_as_it_went() {
    let (stayed, usage) = twice(&mut core(2048), |_| {});
    assert!(evaluated(usage) < REST, "{usage:?}");
    let mut core = core(2048);
    let (moved, usage) = twice(&mut core, |core| {
        let before = core.used_tokens();
        assert!(before > 500 && core.shelf_bytes() == 0);
        submit(core, key(9), greedy(9, vec![user("Say hello.")], 8));
        assert!(core.step());
        assert!(core.used_tokens() < 60, "only what runs is in the pool");
        assert!(core.shelf_bytes() > 0);
        run(core);
    });
    assert!(evaluated(usage) < REST, "{usage:?}");
    assert_eq!(moved, stayed);
}

/// Runs a conversation of two turns with another session in between. Gives the second answer, and
/// what the first session took outside the pool.
fn computed(compute: Compute) -> (String, u64) {
    let mut core = batch::computing(&support::model(), 2048, compute, &Arc::default());
    core.set_slice_tokens(96);
    core.set_shelf_bytes(ROOM);
    let mut bytes = 0;
    let (text, usage) = twice(&mut core, |core| {
        turn(core, 9, greedy(9, vec![user("Say hello.")], 4));
        bytes = core.shelf_bytes();
    });
    assert!(evaluated(usage) < REST, "{usage:?}");
    (text, bytes)
}

#[test]
fn settings_of_the_model_change_what_it_takes_and_not_what_it_says() {
    let (text, bytes) = computed(Compute::default());
    // The weights of this model are of a type that is not repacked, and there is no GPU here.
    let plainly = Compute {
        mmap: false,
        repack: false,
        gpu_layers: GpuLayers::First(0),
        ..Compute::default()
    };
    assert_eq!(computed(plainly), (text, bytes));
    let without = Compute { flash_attention: FlashAttention::Off, ..Compute::default() };
    let (other, same) = computed(without);
    assert!(!other.trim().is_empty());
    assert_eq!(same / 100, bytes / 100, "only the order of the values differs");
}

#[test]
fn a_cache_of_fewer_bits_takes_less() {
    let (_, bytes) = computed(Compute::default());
    for (cache, of_32) in [(CacheType::Q8_0, 34), (CacheType::Q4_0, 18), (CacheType::F32, 128)] {
        let (text, less) =
            computed(Compute { cache_k: cache, cache_v: cache, ..Compute::default() });
        assert!(!text.trim().is_empty(), "{cache:?}");
        let expected = bytes * of_32 / 64;
        assert!(less.abs_diff(expected) < expected / 20, "{less} for {cache:?}, {bytes} for f16");
    }
}

#[test]
fn a_session_that_ends_beside_others_moves_without_holding_them_up() {
    let mut core = core(2048);
    submit(&mut core, key(1), greedy(1, vec![user(&long("the old fox", 600))], 4));
    let says = |(_, event): &(TurnKey, TokenEvent)| matches!(event, TokenEvent::Delta(_));
    while !core.outlet().events.iter().any(says) {
        assert!(core.step());
    }
    submit(&mut core, key(2), greedy(2, vec![user("Write a long tale.")], 60));
    run(&mut core);
    // Its cells went while the other one was generated.
    assert!(core.used_tokens() < 120, "{}", core.used_tokens());
    let events = core.outlet().events.clone();
    let end = events
        .iter()
        .position(|(of, event)| *of == key(1) && matches!(event, TokenEvent::Finished(..)));
    assert!(events[end.expect("it ends")..].len() > 40, "it ended before the other one");
    let again = greedy(1, vec![user(&long("the old fox", 600))], 4);
    let (_, usage) = turn(&mut core, 3, again);
    assert_eq!(evaluated(usage), 1);
}

#[test]
fn the_sessions_used_last_are_kept_within_the_limit() {
    let mut core = core(2048);
    let ask = |session| greedy(session, vec![user(&long(&format!("fox {session}"), 400))], 4);
    for session in 1..=3 {
        turn(&mut core, 10 + session, ask(u128::from(session)));
    }
    // Two are on the shelf, the third is in the pool.
    let two = core.shelf_bytes();
    core.set_shelf_bytes(two - 1);
    assert!(core.shelf_bytes() < two && core.shelf_bytes() > 0);
    assert!(probe(&core, &ask(1)).cached_tokens < 100);
    assert!(probe(&core, &ask(2)).cached_tokens > 300);
    // Memory runs short: nothing is kept but what is in the pool.
    core.set_shelf_bytes(0);
    assert_eq!(core.shelf_bytes(), 0);
    assert!(probe(&core, &ask(2)).cached_tokens < 100);
    assert!(probe(&core, &ask(3)).cached_tokens > 300);
    let (_, usage) = turn(&mut core, 20, ask(1));
    assert!(evaluated(usage) > 300);
}

#[test]
fn what_is_forgotten_or_was_not_to_be_kept_is_gone() {
    let mut core = core(2048);
    let ask = |session| greedy(session, vec![user(&long(&format!("fox {session}"), 300))], 4);
    turn(&mut core, 1, ask(1));
    // A window's session that is not saved is kept while the window is there.
    turn(&mut core, 2, Generation { ephemeral: true, ..ask(2) });
    // A script's turn is nobody's session: it is never moved.
    let script = Generation { ephemeral: true, priority: Priority::Background, ..ask(3) };
    turn(&mut core, 3, script.clone());
    turn(&mut core, 4, greedy(4, vec![user("Say hello.")], 4));
    assert!(probe(&core, &ask(1)).cached_tokens > 200);
    assert!(probe(&core, &ask(2)).cached_tokens > 200);
    assert!(probe(&core, &script).cached_tokens < 100);
    core.forget(SessionId(1));
    assert!(probe(&core, &ask(1)).cached_tokens < 100);
    assert!(probe(&core, &ask(2)).cached_tokens > 200);
    core.drop_client(CLIENT);
    assert!(probe(&core, &ask(2)).cached_tokens < 100);
    assert_eq!(core.shelf_bytes(), 0);
}

#[test]
fn calls_of_a_script_find_what_all_of_them_begin_with() {
    let mut core = core(2048);
    let call = |session, question: &str| {
        let messages = vec![Message::text(Role::System, long("the rules", 200)), user(question)];
        let script = greedy(session, messages, 4);
        Generation { ephemeral: true, priority: Priority::Background, ..script }
    };
    let (_, usage) = turn(&mut core, 1, call(1, "Where is the old harbour of the town?"));
    assert_eq!(usage.cached_tokens, 0);
    core.drop_client(CLIENT);
    // Nothing that was asked is left, and nothing of it on the shelf.
    let opening = call(2, "").messages;
    let opening = core.model().prompt(&opening).expect("it renders").len();
    assert!(core.used_tokens() > 150 && core.used_tokens() <= opening, "{}", core.used_tokens());
    let (_, usage) = turn(&mut core, 2, call(2, "Who built the long bridge?"));
    assert!(usage.cached_tokens > 150 && evaluated(usage) < REST, "{usage:?}");
    core.drop_client(CLIENT);
    // A session that somebody looks at needs the room.
    turn(&mut core, 3, greedy(3, vec![user("Say hello.")], 4));
    assert_eq!(core.shelf_bytes(), 0);
    let (_, usage) = turn(&mut core, 4, greedy(3, vec![user(&long("the sea", 1500))], 4));
    assert!(usage.cached_tokens < 60, "{usage:?}");
}

#[test]
fn what_is_typed_in_another_window_brings_its_session_back() {
    let mut core = core(1024);
    let ask = |session| vec![user(&long(&format!("fox {session}"), 600))];
    for session in 1..=2 {
        turn(&mut core, session, greedy(u128::from(session), ask(session), 4));
    }
    let mut messages = ask(1);
    messages.push(Message::text(Role::Assistant, answer(&mut core, 1).0));
    messages.push(user("And where does it sleep"));
    core.prepare(CLIENT, &greedy(1, messages.clone(), 4), Foresight::Sure);
    let shelved = core.shelf_bytes();
    run(&mut core);
    assert!(core.shelf_bytes() > shelved, "the other one made room");
    let used = core.used_tokens();
    assert!((500..1024).contains(&used), "{used}");
    messages[2] = user("And where does it sleep?");
    let (_, usage) = turn(&mut core, 3, greedy(1, messages, 4));
    assert!(evaluated(usage) < 12, "{usage:?}");
    let (_, usage) = turn(&mut core, 4, greedy(2, ask(2), 4));
    assert_eq!(evaluated(usage), 1);
}

/// A conversation with a long system prompt.
fn with_system(question: &str) -> Vec<Message> {
    vec![Message::text(Role::System, long("the lighthouse", 500)), user(question)]
}

#[test]
fn a_system_prompt_is_evaluated_once_for_all_sessions() {
    let mut core = core(2048);
    let questions = ["Where is it?", "Who built it?", "How tall is it?", "Is it red?"];
    for (at, question) in (1..).zip(questions) {
        submit(&mut core, key(at), greedy(u128::from(at), with_system(question), 24));
    }
    let mut together = 0;
    while core.step() {
        together = together.max(core.turns().0);
    }
    assert_eq!(together, 4, "500 tokens that are shared four times fit a pool of 2048");
    let usages: Vec<Usage> = (1..=4).map(|at| answer(&mut core, at).2).collect();
    let cached: Vec<u32> = usages.iter().map(|usage| usage.cached_tokens).collect();
    assert_eq!(cached.iter().filter(|cached| **cached == 0).count(), 1, "{cached:?}");
    let total: u32 = usages.iter().map(|usage| evaluated(*usage)).sum();
    assert!(total < usages[0].prompt_tokens + 3 * REST, "{total} of {usages:?}");
    // A later one finds it in the pool, and when another session has displaced it, on the shelf.
    let (_, usage) = turn(&mut core, 5, greedy(5, with_system("Is there a cat?"), 4));
    assert!(evaluated(usage) < REST, "{usage:?}");
    turn(&mut core, 6, greedy(6, vec![user("Say hello.")], 4));
    assert!(core.used_tokens() < 60);
    let shelved = core.shelf_bytes();
    let (text, usage) = turn(&mut core, 7, greedy(7, with_system("Is there a dog?"), 24));
    assert!(evaluated(usage) < REST, "{usage:?}");
    assert!(!text.trim().is_empty());
    // Five sessions have it, and it is there once: they share the pieces.
    turn(&mut core, 8, greedy(6, vec![user("Say hello again.")], 4));
    let of_seven = core.shelf_bytes() - shelved;
    assert!(of_seven * 3 < shelved, "{of_seven} beside {shelved}");
}

#[test]
fn a_shared_beginning_changes_no_answer() {
    let mut core = core(2048);
    for (at, question) in (1..).zip(["Where is it?", "Who built it?"]) {
        submit(&mut core, key(at), greedy(u128::from(at), with_system(question), 24));
    }
    run(&mut core);
    turn(&mut core, 3, greedy(3, vec![user("Say hello.")], 4));
    let (text, usage) = turn(&mut core, 4, greedy(4, with_system("Who built it?"), 24));
    assert!(evaluated(usage) < REST, "{usage:?}");
    let scratch = plain(&support::model(), &with_system("Who built it?"), 24);
    for answer in [answer(&mut core, 2).0, text] {
        assert_eq!(answer[..scratch.sure], scratch.text[..scratch.sure]);
    }
    assert!(scratch.sure > 10, "{scratch:?}");
}

#[test]
fn a_turn_that_is_put_back_loses_nothing_but_time() {
    let mut core = core(512);
    for (at, about) in [(1, "a fox"), (2, "a ship")] {
        let tale = user(&format!("Write a very long tale about {about}."));
        submit(&mut core, key(at), greedy(u128::from(at), vec![tale], 300));
    }
    run(&mut core);
    for at in 1..=2 {
        let (_, reason, usage) = answer(&mut core, at);
        assert!(reason.fault().is_none() && reason != StopReason::ContextFull, "{reason:?}");
        assert!(usage.completion_tokens > 150, "{usage:?}");
    }
    assert!(core.shelf_bytes() > 0, "one of them was moved and brought back");
}

/// Turns a conversation into tokens as if nothing was known: the rendered text in one go.
fn whole(model: &Model, template: &Template, messages: &[Message]) -> Vec<Unit> {
    let options = RenderOptions { add_generation_prompt: true, date: None };
    let rendered = template.render(messages, options).expect("it renders");
    let weights = model.weights();
    let tokens = |text: &String| weights.vocab().tokenize(text.as_bytes(), false, true);
    let tokens = rendered.pieces.iter().flat_map(tokens);
    tokens.map(|token| Unit::Token(token.0)).collect()
}

/// Returns the model's own template, which guards contents as the engine's does.
fn template(model: &Model) -> Template {
    let weights = model.weights();
    let vocab = weights.vocab();
    let special = LlamaTokenAttr::Control | LlamaTokenAttr::Unknown;
    let specials = vocab.tokens().filter(|token| vocab.attr(*token).intersects(special));
    let text = |token| Some(vocab.text(token)?.to_str().ok()?.to_owned());
    let texts = SpecialTexts {
        specials: specials.filter_map(text).collect(),
        bos: text(vocab.bos()),
        eos: text(vocab.eos()),
    };
    let source = weights.meta_val_str("tokenizer.chat_template").expect("it has one");
    Template::new(&source, &texts).expect("it is one")
}

/// What happens to a conversation between two prompts.
#[derive(Clone, Debug)]
enum Change {
    Say(String),
    Edit(usize, String),
    DropOldest,
    System(String),
    Other,
    Forget,
}

fn change() -> impl Strategy<Value = Change> {
    let fragments = [
        "<|im_end|>",
        "<|im_start|>",
        "<|im_",
        "end|>",
        "<|endoftext|>",
        "<",
        "|>",
        "\n",
        "\n\n",
        " ",
        "   ",
        "\t",
        "Tell me",
        " about the sea",
        "it's",
        "3.14",
        "2026",
        "été",
        "猫",
        "🙂",
        "fn main() {\n",
        "    x",
        "...",
        "\u{fdd0}",
        "assistant\n",
    ];
    let text = proptest::collection::vec(proptest::sample::select(fragments.to_vec()), 0..9);
    let text = text.prop_map(|fragments| fragments.concat());
    prop_oneof![
        4 => text.clone().prop_map(Change::Say),
        2 => (0_usize..8, text.clone()).prop_map(|(at, text)| Change::Edit(at, text)),
        1 => Just(Change::DropOldest),
        1 => text.prop_map(Change::System),
        1 => Just(Change::Other),
        1 => Just(Change::Forget),
    ]
}

#[test]
fn what_is_remembered_of_a_session_changes_no_token() {
    let model = Model::load(&support::model(), Compute::default(), |_| true);
    let model = Arc::new(model.expect("the model loads"));
    let template = template(&model);
    let history = proptest::collection::vec(change(), 1..8);
    let mut runner = TestRunner::new(Config { cases: 96, ..Config::default() });
    let checked = runner.run(&history, |changes| {
        let prompts = Prompts::new(Arc::clone(&model));
        let mut messages = vec![Message::text(Role::System, "Be brief."), user("Hello")];
        let mut session = 1;
        for change in changes {
            match change {
                Change::Say(text) => {
                    messages.push(Message::text(Role::Assistant, text.clone() + "."));
                    messages.push(user(&text));
                }
                Change::Edit(at, text) => {
                    let at = at % messages.len();
                    messages[at] = Message::text(messages[at].role, text + "!");
                }
                Change::DropOldest if messages.len() > 3 => drop(messages.drain(1..3)),
                Change::DropOldest => {}
                Change::System(text) => messages[0] = Message::text(Role::System, text + "?"),
                Change::Other => session = 3 - session,
                Change::Forget => prompts.forget(SessionId(session)),
            }
            let made = prompts.make(CLIENT, &greedy(session, messages.clone(), 4));
            prop_assert_eq!(made.expect("it renders"), whole(&model, &template, &messages));
        }
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
}
