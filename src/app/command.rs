//! What a draft is when Enter is pressed: a prompt, or a command of the chat itself.

use crate::app::fuzzy;
use crate::app::palette::Choice;
use crate::app::palette::Does;
use crate::words::say;
use crate::words::word;

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
    /// The name of the words that say what it does.
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
    spec("new", Command::New, Argument::None, "does-new-session"),
    spec("next", Command::Next, Argument::None, "does-next-session"),
    spec("prev", Command::Previous, Argument::None, "does-previous-session"),
    spec("sessions", Command::Sessions, Argument::None, "does-saved-sessions"),
    spec("sidebar", Command::Sidebar, Argument::None, "does-sidebar"),
    spec("search", Command::Search, Argument::Maybe("WORDS"), "does-search"),
    spec("rename", Command::Rename, Argument::Wanted("TITLE"), "does-rename"),
    spec("tag", Command::Tag, Argument::Wanted("TAG -TAG"), "does-tag"),
    spec("archive", Command::Archive, Argument::None, "does-archive"),
    spec("close", Command::Close, Argument::None, "does-close-session"),
    spec("route", Command::Route, Argument::Wanted("local|remote|auto|why"), "does-route"),
    spec("model", Command::Model, Argument::Maybe("NAME"), "does-places"),
    spec("again", Command::Again, Argument::Maybe("local|ENDPOINT"), "does-answer-elsewhere"),
    spec("redact", Command::Redact, Argument::None, "does-redact"),
    spec("copy", Command::Copy, Argument::None, "does-copy-answer"),
    spec("save", Command::Save, Argument::Maybe("FILE"), "does-save-answer"),
    spec("raw", Command::Raw, Argument::None, "does-raw"),
    spec("theme", Command::Theme, Argument::Maybe("NAME"), "does-theme"),
    spec("mouse", Command::Mouse, Argument::None, "does-mouse"),
    spec("device", Command::Device, Argument::None, "does-device"),
    spec("help", Command::Help, Argument::None, "does-help"),
    spec("quit", Command::Quit, Argument::None, "does-quit"),
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
                Line::Mistaken(say!("command-takes-nothing", name = *name))
            }
            Argument::Wanted(words) if behind.is_empty() => {
                Line::Mistaken(say!("command-needs", name = *name, what = *words))
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
    let (name, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let known = COMMANDS.iter().any(|spec| spec.name == name);
    if !known && !name.is_empty() && prompts.any(|prompt| prompt == name) {
        return Line::Form(name.to_owned(), behind.trim().to_owned());
    }
    if rest.starts_with(char::is_whitespace) || !name.chars().all(char::is_alphabetic) {
        return Line::Prompt(text.to_owned());
    }
    match COMMANDS.iter().find(|spec| spec.name == name) {
        Some(spec) => spec.read(behind.trim()),
        None if name.is_empty() => Line::Mistaken(word("command-missing").into()),
        None => Line::Mistaken(unknown(name)),
    }
}

/// Returns every command to choose from.
pub(super) fn choices() -> impl Iterator<Item = Choice> {
    COMMANDS.iter().map(|spec| {
        let does = match spec.argument {
            Argument::Wanted(_) => Does::Begin(format!("/{} ", spec.name)),
            Argument::None | Argument::Maybe(_) => Does::Run(spec.command),
        };
        Choice::new(word(spec.does), &spec.shown(), does)
    })
}

/// Returns the commands and prompts that a word may become, with what they do: those that begin with
/// it, else those that are like it.
pub(super) fn near<'a>(
    typed: &str,
    prompts: impl Iterator<Item = &'a str>,
) -> Vec<(String, &'static str)> {
    let ours = COMMANDS.iter().map(|spec| (spec.name, word(spec.does)));
    let all: Vec<_> = ours.chain(prompts.map(|name| (name, word("does-prompt")))).collect();
    let pair = |(name, does): &(&str, &'static str)| (format!("/{name}"), *does);
    let begins: Vec<_> = all.iter().filter(|(name, _)| name.starts_with(typed)).map(pair).collect();
    if !begins.is_empty() {
        return begins;
    }
    let ranked = fuzzy::rank(typed, all.iter().map(|(name, _)| name).enumerate());
    ranked.into_iter().map(|index| pair(&all[index])).collect()
}

fn unknown(typed: &str) -> String {
    let score = |spec: &Spec| strsim::normalized_damerau_levenshtein(spec.name, typed);
    let scored = COMMANDS.iter().map(|spec| (score(spec), spec.name));
    let nearest = scored.max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest.filter(|(score, _)| *score >= 0.5) {
        Some((_, name)) => say!("command-unknown-near", typed = typed, near = name),
        None => say!("command-unknown", typed = typed),
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
