//! What a draft is when Enter is pressed: a prompt, or a command of the chat itself.

use crate::app::fuzzy;
use crate::app::palette::Choice;
use crate::app::palette::Does;

/// What stands behind a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// Nothing.
    None,
    /// Words, named as the help writes them.
    Wanted(&'static str),
    /// Words or nothing.
    Maybe(&'static str),
}

/// One command: how it is typed and what it does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec {
    name: &'static str,
    command: Command,
    argument: Argument,
    /// What it does, for the help.
    pub(super) does: &'static str,
}

const fn spec(
    name: &'static str,
    command: Command,
    argument: Argument,
    does: &'static str,
) -> Spec {
    Spec { name, command, argument, does }
}

/// The commands, for parsing and for the help.
pub(super) const COMMANDS: &[Spec] = &[
    spec("new", Command::New, Argument::None, "new session"),
    spec("next", Command::Next, Argument::None, "next session"),
    spec("prev", Command::Previous, Argument::None, "previous session"),
    spec("sessions", Command::Sessions, Argument::None, "saved sessions"),
    spec("sidebar", Command::Sidebar, Argument::None, "sidebar of the sessions"),
    spec("search", Command::Search, Argument::Maybe("WORDS"), "search all messages"),
    spec("rename", Command::Rename, Argument::Wanted("TITLE"), "name this session"),
    spec("tag", Command::Tag, Argument::Wanted("TAG -TAG"), "put tags on it, take tags off"),
    spec("archive", Command::Archive, Argument::None, "leave it out of lists, or not"),
    spec("close", Command::Close, Argument::None, "close this session"),
    spec(
        "route",
        Command::Route,
        Argument::Wanted("local|remote|auto|why"),
        "where this session runs",
    ),
    spec("model", Command::Model, Argument::Maybe("NAME"), "route and model of this session"),
    spec("again", Command::Again, Argument::Maybe("local|ENDPOINT"), "answer once more, elsewhere"),
    spec("redact", Command::Redact, Argument::None, "copy what of it may leave"),
    spec("copy", Command::Copy, Argument::None, "copy the newest answer"),
    spec("save", Command::Save, Argument::Maybe("FILE"), "save the newest answer to a file"),
    spec("raw", Command::Raw, Argument::None, "source or rendered"),
    spec("theme", Command::Theme, Argument::Maybe("NAME"), "take another theme"),
    spec("mouse", Command::Mouse, Argument::None, "mouse: chat's or terminal's"),
    spec("device", Command::Device, Argument::None, "the device: signals, speeds"),
    spec("help", Command::Help, Argument::None, "this list"),
    spec("quit", Command::Quit, Argument::None, "quit"),
];

impl Spec {
    /// Returns the command as it is typed, with what stands behind it.
    pub(super) fn shown(&self) -> String {
        match self.argument {
            Argument::None => format!("/{}", self.name),
            Argument::Wanted(words) | Argument::Maybe(words) => format!("/{} {words}", self.name),
        }
    }

    /// Reads what stands behind the command.
    fn read(&self, behind: &str) -> Line {
        let Self { name, command, argument, .. } = self;
        match argument {
            Argument::None if !behind.is_empty() => {
                Line::Mistaken(format!("/{name} takes nothing behind it · //{name} sends it"))
            }
            Argument::Wanted(words) if behind.is_empty() => {
                Line::Mistaken(format!("/{name} needs its {words}"))
            }
            Argument::None | Argument::Wanted(_) | Argument::Maybe(_) => {
                Line::Run(*command, behind.to_owned())
            }
        }
    }
}

/// A command of the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Opens a session.
    New,
    /// Goes to the next session.
    Next,
    /// Goes to the previous session.
    Previous,
    /// Shows the saved sessions.
    Sessions,
    /// Shows the open sessions beside the conversation, or not.
    Sidebar,
    /// Searches all messages.
    Search,
    /// Puts tags on the session in front, or takes them off.
    Tag,
    /// Leaves the session in front out of lists, or not any more.
    Archive,
    /// Names the session in front.
    Rename,
    /// Closes the session in front.
    Close,
    /// Pins the session's route, frees it, or says why.
    Route,
    /// Has the session answered by another model, or shows routes and models.
    Model,
    /// Has the newest question answered once more, elsewhere.
    Again,
    /// Copies what of the session in front may leave.
    Redact,
    /// Copies the newest answer, or what is marked.
    Copy,
    /// Saves it to a file.
    Save,
    /// Shows answers as they were written, or rendered.
    Raw,
    /// Takes another theme.
    Theme,
    /// Leaves the mouse to the terminal, or takes it.
    Mouse,
    /// Shows the device's signals.
    Device,
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
    /// A command and the words behind it.
    Run(Command, String),
    /// A prompt of the library, by name, and the words behind it.
    Form(String, String),
    /// Something that looks like a command and is none: why, in words.
    Mistaken(String),
}

/// Reads a draft. `/word` is a command, and never sent, known or not; `//text` sends `/text`; what
/// does not begin with one plain word, like `/usr/bin`, is a prompt.
pub(super) fn read<'a>(draft: &str, mut prompts: impl Iterator<Item = &'a str>) -> Line {
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
    let (word, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let known = COMMANDS.iter().any(|spec| spec.name == word);
    if !known && !word.is_empty() && prompts.any(|name| name == word) {
        return Line::Form(word.to_owned(), behind.trim().to_owned());
    }
    if rest.starts_with(char::is_whitespace) || !word.chars().all(char::is_alphabetic) {
        return Line::Prompt(text.to_owned());
    }
    match COMMANDS.iter().find(|spec| spec.name == word) {
        Some(spec) => spec.read(behind.trim()),
        None if word.is_empty() => Line::Mistaken("a command is missing · /help lists them".into()),
        None => Line::Mistaken(unknown(word)),
    }
}

/// Returns every command to choose from.
pub(super) fn choices() -> impl Iterator<Item = Choice> {
    COMMANDS.iter().map(|spec| {
        let does = match spec.argument {
            Argument::Wanted(_) => Does::Begin(format!("/{} ", spec.name)),
            Argument::None | Argument::Maybe(_) => Does::Run(spec.command),
        };
        Choice::new(spec.does, &spec.shown(), does)
    })
}

/// Returns the commands and prompts that a word may become, with what they do: those that begin with
/// it, else those that are like it.
pub(super) fn near<'a>(
    word: &str,
    prompts: impl Iterator<Item = &'a str>,
) -> Vec<(String, &'static str)> {
    let ours = COMMANDS.iter().map(|spec| (spec.name, spec.does));
    let all: Vec<_> = ours.chain(prompts.map(|name| (name, "prompt of the library"))).collect();
    let pair = |(name, does): &(&str, &'static str)| (format!("/{name}"), *does);
    let begins: Vec<_> = all.iter().filter(|(name, _)| name.starts_with(word)).map(pair).collect();
    if !begins.is_empty() {
        return begins;
    }
    let ranked = fuzzy::rank(word, all.iter().map(|(name, _)| name).enumerate());
    ranked.into_iter().map(|index| pair(&all[index])).collect()
}

fn unknown(word: &str) -> String {
    let score = |spec: &Spec| strsim::normalized_damerau_levenshtein(spec.name, word);
    let scored = COMMANDS.iter().map(|spec| (score(spec), spec.name));
    let nearest = scored.max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest.filter(|(score, _)| *score >= 0.5) {
        Some((_, name)) => format!("no command /{word} · /{name}? · //{word} sends it"),
        None => format!("no command /{word} · /help lists them · //{word} sends it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(draft: &str) -> Line {
        read(draft, std::iter::once("review"))
    }

    #[test]
    fn a_draft_is_a_prompt_or_a_command() {
        assert_eq!(reads("  \n "), Line::Blank);
        assert_eq!(reads("/new"), Line::Run(Command::New, String::new()));
        assert_eq!(reads(" /quit \n"), Line::Run(Command::Quit, String::new()));
        assert_eq!(reads("/rename  A b "), Line::Run(Command::Rename, "A b".into()));
        assert_eq!(reads("//new"), Line::Prompt("/new".into()));
        assert_eq!(reads("/usr/bin is what"), Line::Prompt("/usr/bin is what".into()));
        assert_eq!(reads("/ 2 is half"), Line::Prompt("/ 2 is half".into()));
        assert_eq!(reads("    let x;\n"), Line::Prompt("    let x;".into()));
        assert_eq!(reads("a /new"), Line::Prompt("a /new".into()));
    }

    #[test]
    fn what_looks_like_a_command_is_never_sent() {
        for (draft, words) in [
            ("/nwe", "/new?"),
            ("/zzz", "/help lists"),
            ("/", "missing"),
            ("/new idea", "takes nothing"),
            ("/rename ", "needs its TITLE"),
            ("/Quit", "/quit?"),
        ] {
            let Line::Mistaken(said) = reads(draft) else { panic!("{draft} is not mistaken") };
            assert!(said.contains(words), "{said}");
        }
    }
}
