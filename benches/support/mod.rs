//! What the benchmarks of the engine share.

use std::path::PathBuf;
use std::time::Instant;

use edgewise::chat::Constraint;
use edgewise::chat::Generation;
use edgewise::chat::Limits;
use edgewise::chat::Message;
use edgewise::chat::Priority;
use edgewise::chat::PrivacyClass;
use edgewise::chat::Role;
use edgewise::chat::Sampling;
use edgewise::chat::SessionId;

/// Returns the arguments that are no flags of `cargo bench`, with the model in front: the first of
/// them, else the file that `EDGEWISE_TEST_MODEL` names. `None`, and a word about it, without either.
pub(crate) fn arguments() -> Option<(PathBuf, Vec<String>)> {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    #[expect(clippy::disallowed_methods, reason = "a benchmark is started by hand")]
    let set = std::env::var_os("EDGEWISE_TEST_MODEL");
    let model = arguments.next().map(PathBuf::from).or(set.map(PathBuf::from));
    if model.is_none() {
        say("no model: name a file, or set EDGEWISE_TEST_MODEL (scripts/test fetches one)");
    }
    Some((model?, arguments.collect()))
}

/// Makes a turn that is answered with the likeliest tokens.
pub(crate) fn greedy(session: u128, text: &str, max_tokens: u32, n_ctx: u32) -> Generation {
    Generation {
        session: SessionId(session),
        messages: vec![Message::text(Role::User, text)],
        class: PrivacyClass::Open,
        sampling: Sampling { temp: 0.0, ..Sampling::default() },
        constraint: Constraint::Free,
        limits: Limits { max_tokens: Some(max_tokens), stop: Vec::new(), n_ctx },
        priority: Priority::Interactive,
        ephemeral: false,
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
