//! Acting on text: copied, saved, followed, looked at as it was written.

use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::app::notice::Notice;
use crate::app::palette::Choice;
use crate::app::palette::Does;
use crate::app::scroll::Goal;
use crate::app::session::Session;
use crate::app::turn::Turn;
use crate::app::update::finding;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::MessageId;
use crate::markdown;
use crate::markdown::Code;
use crate::text::Address;
use crate::text::Clean;
use crate::words::say;
use crate::words::word;

/// What is acted on, and the end of a file's name that suits it.
struct Marked {
    text: Clean,
    what: String,
    extension: String,
}

impl Model {
    /// Marks the code block that is `by` further on, in this message or the next one with any.
    pub(super) fn block(&mut self, by: isize) {
        let session = self.current();
        let Some(marked) = session.reading else { return };
        let messages: Vec<MessageId> = session.turns().iter().flat_map(Turn::messages).collect();
        let Some(at) = messages.iter().position(|id| *id == marked) else { return };
        let here = codes(session, marked).len();
        let within = match session.block() {
            Some((_, block)) => block.checked_add_signed(by),
            None if by < 0 => here.checked_sub(1),
            None => Some(0),
        };
        let beyond: Vec<MessageId> = match by {
            ..0 => messages[..at].iter().rev().copied().collect(),
            _ => messages[at + 1..].to_vec(),
        };
        let found = within.filter(|block| *block < here).map(|block| (marked, block));
        let found = found.or_else(|| {
            let next = |id: MessageId| Some((id, codes(session, id).len())).filter(|it| it.1 > 0);
            let (id, count) = beyond.into_iter().find_map(next)?;
            Some((id, if by < 0 { count - 1 } else { 0 }))
        });
        let Some((id, block)) = found else {
            let told = if by < 0 { word("no-code-before") } else { word("no-code-behind") };
            self.notice = Some(Notice::info(told));
            return;
        };
        let session = self.current_mut();
        session.reading = Some(id);
        session.block = Some((id, block));
        session.scroll.show(Goal::Block(id, block));
    }

    /// Copies what is marked.
    pub(super) fn copy(&mut self, effects: &mut Vec<Effect>) {
        let marked = self.marked();
        self.copy_it(marked, effects);
    }

    /// Copies the marked code block, else the last one of the marked message, else of the session.
    pub(super) fn copy_code(&mut self, effects: &mut Vec<Effect>) {
        let session = self.current();
        let code = if let Some((id, block)) = session.block() {
            codes(session, id).into_iter().nth(block)
        } else {
            let all: Vec<MessageId> = session.turns().iter().flat_map(Turn::messages).collect();
            let ids = session.reading.map_or(all, |id| vec![id]);
            ids.into_iter().rev().find_map(|id| codes(session, id).pop())
        };
        self.copy_it(code.map(|code| marked_code(&code)), effects);
    }

    /// Copies the conversation as it is shown.
    pub(super) fn copy_session(&mut self, effects: &mut Vec<Effect>) {
        let text = source(self.current());
        let marked = Marked { text, what: word("what-session").into(), extension: "md".into() };
        self.copy_it(Some(marked), effects);
    }

    fn copy_it(&mut self, marked: Option<Marked>, effects: &mut Vec<Effect>) {
        match marked.filter(|marked| !marked.text.is_empty()) {
            Some(Marked { text, what, .. }) => effects.push(Effect::Copy { text, what }),
            None => self.notice = Some(Notice::info(word("nothing-to-copy"))),
        }
    }

    /// Asks for a file to save what is marked to.
    pub(super) fn save_to(&mut self, path: &str, effects: &mut Vec<Effect>) {
        let Some(marked) = self.marked().filter(|marked| !marked.text.is_empty()) else {
            self.notice = Some(Notice::info(word("nothing-to-save")));
            return;
        };
        if path.is_empty() {
            self.line = format!("answer.{}", marked.extension);
            self.overlay = Some(Overlay::SaveTo);
        } else {
            effects.push(Effect::Write { path: path.to_owned(), text: marked.text });
        }
    }

    /// Takes a key while a file's name is typed.
    pub(super) fn save_to_key(
        &mut self,
        key: Key,
        action: Option<Action>,
        effects: &mut Vec<Effect>,
    ) {
        match (key.code, action) {
            (KeyCode::Esc, _) | (_, Some(Action::Interrupt)) => self.overlay = None,
            (KeyCode::Enter, _) => {
                self.overlay = None;
                let path = std::mem::take(&mut self.line);
                if !path.trim().is_empty() {
                    self.save_to(path.trim(), effects);
                }
            }
            _ => finding::edit(&mut self.line, key, action),
        }
    }

    /// Opens the link of the marked message, or shows which there are.
    pub(super) fn links(&mut self, effects: &mut Vec<Effect>) {
        let session = self.current();
        let text = session.reading.or_else(|| newest(session)).and_then(|id| text(session, id));
        let links = markdown::links(&text.unwrap_or_default());
        let links =
            links.into_iter().filter_map(|(text, link)| Some((text, Address::new(link.as_str())?)));
        let mut links: Vec<(Clean, Address)> = links.collect();
        match links.len() {
            0 => self.notice = Some(Notice::info(word("no-link"))),
            1 => effects.extend(links.pop().map(|(_, address)| Effect::Follow(address))),
            _ => {
                let choices = links.into_iter().map(|(text, address)| {
                    Choice::new(text.as_str(), address.as_str(), Does::Open(address.clone()))
                });
                self.choose("palette-links", choices.collect());
            }
        }
    }

    /// Shows answers as they were written, or rendered.
    pub(super) fn turn_raw(&mut self) {
        self.raw = !self.raw;
        let told = if self.raw { word("raw-on") } else { word("raw-off") };
        self.notice = Some(Notice::info(told));
    }

    /// Shows reasoning, or folds it.
    pub(super) fn turn_thoughts(&mut self) {
        self.thoughts = !self.thoughts;
        let told = if self.thoughts { word("thoughts-on") } else { word("thoughts-off") };
        self.notice = Some(Notice::info(told));
    }

    /// Returns what is marked: a code block, a message, or without any mark the newest answer.
    fn marked(&self) -> Option<Marked> {
        let session = self.current();
        if let Some((id, block)) = session.block() {
            return codes(session, id).get(block).map(marked_code);
        }
        let id = session.reading.or_else(|| newest(session))?;
        let text = text(session, id)?;
        Some(Marked { text, what: word("what-message").into(), extension: "md".into() })
    }
}

/// Clicks.
impl Model {
    /// Takes a click on a message: into a code block it copies it, elsewhere it marks the message.
    pub(super) fn click(
        &mut self,
        message: MessageId,
        block: Option<usize>,
        effects: &mut Vec<Effect>,
    ) {
        if self.overlay.is_some() {
            return;
        }
        let session = self.current_mut();
        session.reading = Some(message);
        session.block = block.map(|block| (message, block));
        if block.is_some() {
            self.copy_code(effects);
        }
    }
}

fn marked_code(code: &Code) -> Marked {
    let language = code.language().to_ascii_lowercase();
    let extension = match language.as_str() {
        "" | "text" | "plain" => "txt",
        "rust" => "rs",
        "python" | "python3" => "py",
        "javascript" => "js",
        "typescript" => "ts",
        "bash" | "shell" | "zsh" => "sh",
        "markdown" => "md",
        "c++" => "cpp",
        "c#" | "csharp" => "cs",
        "ruby" => "rb",
        "haskell" => "hs",
        "kotlin" => "kt",
        "yml" => "yaml",
        other if other.len() <= 8 && other.chars().all(|c| c.is_ascii_alphanumeric()) => other,
        _ => "txt",
    };
    let what = match language.as_str() {
        "" => word("what-code").to_owned(),
        language => say!("what-code-in", language = language),
    };
    Marked { text: code.text.clone(), what, extension: extension.to_owned() }
}

/// Returns a message that is shown, as it was written.
fn text(session: &Session, id: MessageId) -> Option<Clean> {
    let turn = session.turn_of(id)?;
    let asked = turn.asked().is_some_and(|placed| placed.id == id);
    Some(if asked { turn.shown_question() } else { turn.shown_answer() }.clone())
}

/// Returns the code blocks of a message: a question is shown as it was written, and has none.
fn codes(session: &Session, id: MessageId) -> Vec<Code> {
    let turn = session.turn_of(id);
    let turn = turn.filter(|turn| turn.replied().is_some_and(|placed| placed.id == id));
    turn.map(|turn| markdown::code_blocks(turn.shown_answer())).unwrap_or_default()
}

/// Returns the newest answer, or the newest message where there is none.
fn newest(session: &Session) -> Option<MessageId> {
    let turns = session.turns().iter().rev();
    let answer = turns.clone().find(|turn| turn.has_answer()).and_then(Turn::replied);
    let asked = || turns.clone().find_map(Turn::asked);
    answer.or_else(asked).map(|placed| placed.id)
}

/// Returns a conversation as Markdown.
pub(in crate::app) fn source(session: &Session) -> Clean {
    let mut parts: Vec<String> =
        session.title().map(|it| format!("# {it}\n")).into_iter().collect();
    for turn in session.turns() {
        let both = [
            (word("source-question"), turn.shown_question()),
            (word("source-answer"), turn.shown_answer()),
        ];
        let said = both.into_iter().filter(|(_, said)| !said.is_empty());
        parts.extend(
            said.map(|(who, said)| format!("\n## {who}\n\n{}\n", said.as_str().trim_end())),
        );
    }
    let text = parts.concat();
    Clean::new(&text)
}
