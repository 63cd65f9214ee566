//! The chat as lines of text that are only ever added: for screen readers, and for terminals that
//! cannot move their cursor. Every state is said in words, once, when it begins.
//!
//! Never: an escape sequence, a carriage return, a spinner.

mod asked;

use std::fmt::Write as _;

use crate::app::EngineState;
use crate::app::Model;
use crate::app::Overlay;
use crate::app::Phase;
use crate::app::Turn;
use crate::chat::Decision;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::StopReason;
use crate::chat::TurnId;
use crate::text::Clean;
use crate::ui::figures::time;
use crate::ui::transcript::origins;
use crate::words;
use crate::words::say;
use crate::words::word;
use asked::Asked;
use asked::asked;

/// The longest line about something, in graphemes.
const LINE_MAX: usize = 1000;

/// What was said so far.
#[derive(Debug, Default)]
pub struct Announcer {
    session: Option<SessionId>,
    /// The turn that is being told, and how many bytes of its answer are.
    turn: Option<(TurnId, usize)>,
    /// Where it is answered, as it was said last.
    route: Option<Route>,
    /// What is going on with it, as it was said last.
    phase: &'static str,
    engine: &'static str,
    notice: String,
    /// What was asked on top.
    asked: Option<Asked>,
    /// A line was entered, and nothing has been said since.
    entered: bool,
    /// The last thing was the sign that a question is wanted.
    asks: bool,
    begun: bool,
}

impl Announcer {
    /// Returns what is new since the last call, as text to be added; clean.
    pub fn say(&mut self, model: &Model) -> String {
        let mut said = String::new();
        if !std::mem::replace(&mut self.begun, true) {
            line(&mut said, word("plain-greeting"));
        }
        self.engine(model, &mut said);
        self.session(model, &mut said);
        self.turn(model, &mut said);
        self.notice(model, &mut said);
        self.on_top(model, &mut said);
        self.entered = false;
        // What is only shown on top asks for nothing else.
        let shows =
            |overlay| matches!(overlay, Overlay::Help(_) | Overlay::Device(_) | Overlay::Why(_));
        let idle = model.current().running().is_none() && model.overlay().is_none_or(shows);
        if !said.is_empty() || idle != self.asks {
            if self.asks && !said.is_empty() {
                said.insert(0, '\n');
            }
            if idle && !model.is_leaving() {
                said.push_str(word("plain-you"));
                said.push_str(": ");
            }
            self.asks = idle;
        }
        said
    }

    /// Takes note that the user's Enter ended the line.
    pub fn entered(&mut self) {
        self.asks = false;
        self.entered = true;
    }

    fn engine(&mut self, model: &Model, said: &mut String) {
        let state = match model.engine().state() {
            EngineState::Loading(_) => word("plain-loading"),
            EngineState::Ready(_) => word("plain-ready"),
            EngineState::Lost(_) => word("plain-engine-stopped"),
            EngineState::Unused => "",
        };
        if state != self.engine {
            self.engine = state;
            line(said, state);
        }
    }

    fn session(&mut self, model: &Model, said: &mut String) {
        let session = model.current();
        let first = self.session.is_none();
        if self.session.replace(session.id()) == Some(session.id()) {
            return;
        }
        // What was said in it before is not told again.
        let told = session.turns().last().filter(|turn| !turn.is_open());
        self.turn = told.map(|turn| (turn.id(), turn.shown_answer().len()));
        self.phase = told.map_or("", |_| "ended");
        self.route = told.and_then(Turn::decision).map(|decision| decision.route.clone());
        if !first || !session.turns().is_empty() {
            let title = session.title().map_or(word("untitled"), Clean::as_str);
            let count = session.turns().len();
            line(said, &say!("plain-session", title = title, count = count));
        }
    }

    fn turn(&mut self, model: &Model, said: &mut String) {
        let Some(turn) = model.current().turns().last() else { return };
        if self.turn.is_none_or(|(id, _)| id != turn.id()) {
            self.turn = Some((turn.id(), 0));
            self.phase = "";
            self.route = None;
        }
        self.route(turn, said);
        let phase = phase(turn);
        if phase != self.phase && !phase.is_empty() && turn.is_open() && !turn.has_answer() {
            line(said, phase);
            self.phase = phase;
        }
        self.answer(turn, said);
        if let (Phase::Finished(reason), true) = (turn.phase(), self.phase != "ended") {
            self.phase = "ended";
            ended(turn, reason, said);
        }
    }

    /// Adds the answer's new words; the last one only when it is over.
    fn answer(&mut self, turn: &Turn, said: &mut String) {
        let Some((_, told)) = &mut self.turn else { return };
        let text = turn.shown_answer().as_str();
        *told = (*told).min(text.len());
        let new = &text[*told..];
        let whole = match new.rfind(char::is_whitespace) {
            _ if !turn.is_open() => new.len(),
            Some(at) => at + new[at..].chars().next().map_or(1, char::len_utf8),
            None => 0,
        };
        let new = &new[..whole];
        if new.is_empty() {
            return;
        }
        if *told == 0 {
            said.push_str(word("plain-answer"));
            said.push_str(": ");
        }
        said.push_str(new);
        *told += whole;
    }

    fn notice(&mut self, model: &Model, said: &mut String) {
        let notice = model.notice().map(|notice| notice.text.as_str()).unwrap_or_default();
        if notice != self.notice {
            notice.clone_into(&mut self.notice);
            line(said, notice);
        }
    }

    /// Says where a turn is answered and why, before its first word and where that changes.
    fn route(&mut self, turn: &Turn, said: &mut String) {
        let Some(decision) = turn.decision() else { return };
        if self.route.as_ref() != Some(&decision.route) {
            self.route = Some(decision.route.clone());
            let Decision { route, model, reason, .. } = decision;
            let route = route.to_string();
            line(said, &say!("plain-route", route = route, model = model, reason = reason));
        }
    }

    /// Says what is asked on top; only how, where an answer was none.
    fn on_top(&mut self, model: &Model, said: &mut String) {
        let asked = asked(model);
        let same = match (&asked, &self.asked) {
            (Some(now), Some(before)) => now.is(before),
            (now, before) => now.is_none() && before.is_none(),
        };
        if let Some(asked) = &asked {
            let lines = if same { &[][..] } else { asked.lines.as_slice() };
            for words in lines {
                line(said, words);
            }
            if !same || self.entered {
                line(said, &asked.how);
            }
        }
        self.asked = asked;
    }
}

/// Returns what is waited for, in words; nothing while the answer comes.
fn phase(turn: &Turn) -> &'static str {
    match turn.phase() {
        Phase::Queued(_) => word("plain-queued"),
        Phase::Waiting(..) => word("plain-waiting"),
        Phase::Prefill => word("plain-prefill"),
        Phase::Streaming if turn.is_thinking() => word("turn-reasons"),
        Phase::Elsewhere => word("turn-elsewhere"),
        Phase::Sent | Phase::Streaming | Phase::Finished(_) | Phase::Unanswered => "",
    }
}

/// Says what became of an answer.
fn ended(turn: &Turn, reason: &StopReason, said: &mut String) {
    if turn.has_answer() && !said.ends_with('\n') {
        said.push('\n');
    }
    if let Some(fault) = reason.fault() {
        let hint = fault.hint.as_ref().map(|hint| say!("hint", hint = hint)).unwrap_or_default();
        let told = format!("{}: {}. {hint}", words::reason_name(reason), fault.message);
        return line(said, told.trim_end_matches(". "));
    }
    let mut words = match reason {
        StopReason::Cancelled => word("end-cancelled").to_owned(),
        StopReason::Length => word("plain-end-length").to_owned(),
        StopReason::ContextFull => word("plain-end-full").to_owned(),
        _ => word("plain-end").to_owned(),
    };
    if let Some(decision) = turn.decision() {
        let words_of = || decision.route.to_string();
        write!(words, ", {}", origins(turn).unwrap_or_else(words_of)).ok();
    }
    if let Some(ttft) = turn.timings().ttft {
        write!(words, ", {}", say!("plain-first-word", time = time(ttft))).ok();
    }
    let tokens = turn.usage().completion_tokens.max(turn.rate().count());
    if tokens > 0 {
        write!(words, ", {}", say!("plain-tokens", count = tokens)).ok();
    }
    line(said, &words);
}

/// Adds a line of its own.
fn line(said: &mut String, words: &str) {
    if words.is_empty() {
        return;
    }
    if !said.is_empty() && !said.ends_with('\n') {
        said.push('\n');
    }
    said.push_str(Clean::one_line(words, LINE_MAX).as_str());
    said.push('\n');
}
