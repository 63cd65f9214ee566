//! The lines under an answer, or in its place while there is none.

use crate::app::Phase;
use crate::app::Turn;
use crate::chat;
use crate::chat::Decision;
use crate::chat::StopReason;
use crate::text;
use crate::text::Clean;
use crate::theme::Role;
use crate::ui::figures::DOT;
use crate::words;
use crate::words::say;
use crate::words::word;

/// The longest line about an answer, in graphemes: a few paths of the longest kind.
const LINE_MAX: usize = 4000;

/// A line under an answer, or in its place while there is none.
#[derive(Clone, Debug)]
pub(in crate::ui) enum Line {
    /// Words about what became of the answer.
    Note(Role, Clean),
    /// What the answer cost.
    Figures,
    /// What is being waited for.
    Progress,
}

/// Returns the lines under a turn's answer.
pub(super) fn lines(turn: &Turn, columns: usize) -> Vec<Line> {
    match turn.phase() {
        Phase::Unanswered if turn.asker() != chat::Role::User => Vec::new(),
        Phase::Unanswered => notes(Role::Dim, word("turn-unanswered"), columns).collect(),
        Phase::Elsewhere => notes(Role::Dim, word("turn-elsewhere"), columns).collect(),
        Phase::Streaming if turn.is_stopping() => vec![Line::Progress],
        Phase::Streaming => Vec::new(),
        Phase::Waiting(_, why) => {
            let mut lines: Vec<Line> = notes(Role::Dim, why.as_str(), columns).collect();
            lines.push(Line::Progress);
            lines
        }
        Phase::Sent | Phase::Queued(_) | Phase::Prefill => match turn.decision() {
            Some(decision) => {
                let Decision { route, model, reason, .. } = decision;
                let text = format!("{route}{DOT}{model}{DOT}{reason}");
                let mut lines: Vec<Line> = notes(Role::Dim, &text, columns).collect();
                lines.push(Line::Progress);
                lines
            }
            None => vec![Line::Progress],
        },
        Phase::Finished(reason) => {
            let mut lines = ending(turn, reason, columns);
            if reason.fault().is_none() || turn.decision().is_some() || turn.rate().count() > 0 {
                lines.push(Line::Figures);
            }
            lines
        }
    }
}

/// Wraps words into rows of their own; nothing of them is dropped on a narrow screen.
fn notes(role: Role, text: &str, columns: usize) -> impl Iterator<Item = Line> {
    // One line, however wide: a message may repeat what a file or the engine said.
    let clean = Clean::one_line(text, LINE_MAX);
    let rows = text::wrap(clean.as_str(), columns);
    rows.into_iter().map(move |row| Line::Note(role, Clean::new(&clean.as_str()[row])))
}

/// Says what became of an answer that did not simply end.
fn ending(turn: &Turn, reason: &StopReason, columns: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut note = |role, text: &str| lines.extend(notes(role, text, columns));
    if let Some(fault) = reason.fault() {
        note(Role::Bad, &format!("✗ {}: {}", words::reason_name(reason), fault.message));
        if let Some(hint) = &fault.hint {
            note(Role::Dim, &say!("hint", hint = hint.as_str()));
        }
    }
    match reason {
        StopReason::Interrupted(_) if turn.has_answer() => {
            note(Role::Dim, word("turn-continue"));
        }
        StopReason::ContextFull => {
            note(Role::Warn, word("turn-full"));
        }
        StopReason::Cancelled if !turn.has_answer() => {
            note(Role::Dim, word("turn-stopped-early"));
        }
        StopReason::EndOfTurn | StopReason::Stop if !turn.has_answer() => {
            note(Role::Dim, word("turn-empty"));
        }
        _ => {}
    }
    if !turn.is_remembered() {
        note(Role::Dim, word("turn-forgotten"));
    }
    lines
}
