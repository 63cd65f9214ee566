//! What a draft is when Enter is pressed: a prompt, or a command of the chat itself.

/// The commands with what they do, for parsing and for the help.
pub(super) const COMMANDS: [(&str, Command, &str); 6] = [
    ("new", Command::New, "new session"),
    ("next", Command::Next, "next session"),
    ("prev", Command::Previous, "previous session"),
    ("close", Command::Close, "close this session"),
    ("help", Command::Help, "this list"),
    ("quit", Command::Quit, "quit"),
];

/// A command of the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Opens a session.
    New,
    /// Goes to the next session.
    Next,
    /// Goes to the previous session.
    Previous,
    /// Closes the session in front.
    Close,
    /// Shows the keys.
    Help,
    /// Leaves.
    Quit,
}

/// What Enter sends off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Nothing but blanks.
    Blank,
    /// A question to the model.
    Prompt(String),
    /// A command.
    Run(Command),
    /// Something that looks like a command and is none: why, in words.
    Mistaken(String),
}

/// Reads a draft. `/word` is a command, and never sent, known or not; `//text` sends `/text`; what
/// does not begin with one plain word, like `/usr/bin`, is a prompt.
pub(super) fn read(draft: &str) -> Line {
    let text = draft.trim();
    let Some(rest) = text.strip_prefix('/') else {
        return if text.is_empty() {
            Line::Blank
        } else {
            Line::Prompt(draft.trim_end().to_owned())
        };
    };
    if rest.starts_with('/') {
        return Line::Prompt(rest.to_owned());
    }
    let word = rest.split_whitespace().next().unwrap_or_default();
    if rest.starts_with(char::is_whitespace) || !word.chars().all(char::is_alphabetic) {
        return Line::Prompt(text.to_owned());
    }
    let known = COMMANDS.iter().find(|(name, ..)| *name == word);
    match known {
        Some((_, command, _)) if rest.len() == word.len() => Line::Run(*command),
        Some(_) => Line::Mistaken(format!("/{word} takes nothing behind it · //{word} sends it")),
        None if word.is_empty() => Line::Mistaken("a command is missing · /help lists them".into()),
        None => Line::Mistaken(unknown(word)),
    }
}

fn unknown(word: &str) -> String {
    let scored =
        COMMANDS.map(|(name, ..)| (strsim::normalized_damerau_levenshtein(name, word), name));
    let nearest = scored.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest.filter(|(score, _)| *score >= 0.5) {
        Some((_, name)) => format!("no command /{word} · /{name}? · //{word} sends it"),
        None => format!("no command /{word} · /help lists them · //{word} sends it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_a_prompt_or_a_command() {
        assert_eq!(read("  \n "), Line::Blank);
        assert_eq!(read("/new"), Line::Run(Command::New));
        assert_eq!(read(" /quit \n"), Line::Run(Command::Quit));
        assert_eq!(read("//new"), Line::Prompt("/new".into()));
        assert_eq!(read("/usr/bin is what"), Line::Prompt("/usr/bin is what".into()));
        assert_eq!(read("/ 2 is half"), Line::Prompt("/ 2 is half".into()));
        assert_eq!(read("    let x;\n"), Line::Prompt("    let x;".into()));
        assert_eq!(read("a /new"), Line::Prompt("a /new".into()));
    }

    #[test]
    fn what_looks_like_a_command_is_never_sent() {
        for (draft, words) in [
            ("/nwe", "/new?"),
            ("/zzz", "/help lists"),
            ("/", "missing"),
            ("/new idea", "takes nothing"),
            ("/Quit", "/quit?"),
        ] {
            let Line::Mistaken(said) = read(draft) else { panic!("{draft} is not mistaken") };
            assert!(said.contains(words), "{said}");
        }
    }
}
