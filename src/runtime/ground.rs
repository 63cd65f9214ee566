//! Whether the terminal's ground is light or dark, as it says itself (OSC 11).
//!
//! It is asked with the first frame and never waited for: a terminal that does not know the question
//! stays silent. The answer comes among the keys, as an Alt-] and what seems to be typed behind it.

use crossterm::event::Event;
use crossterm::event::KeyCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyEventKind;
use crossterm::event::KeyModifiers;

use crate::theme::Kind;

/// The question.
pub(super) const ASK: &[u8] = b"\x1b]11;?\x1b\\";

/// How an answer begins, behind the Alt-].
const HEAD: &str = "11;rgb";

/// The longest answer.
const MAX: usize = 40;

/// An answer that may have begun.
#[derive(Debug, Default)]
pub(super) struct Reply {
    held: Vec<Event>,
}

impl Reply {
    /// Takes answers out of events, and returns the others and what the last answer says.
    pub(super) fn take_out(&mut self, events: Vec<Event>) -> (Vec<Event>, Option<Kind>) {
        let (mut rest, mut kind) = (Vec::new(), None);
        for event in events {
            let begins = key(&event) == Some((']', KeyModifiers::ALT));
            if self.held.is_empty() && !begins {
                rest.push(event);
                continue;
            }
            self.held.push(event);
            if self.held.len() == 1 {
                continue;
            }
            let text: String = self.held[1..].iter().filter_map(key).map(|(c, _)| c).collect();
            let plain = text.chars().count() + 1 == self.held.len();
            if plain && ended(&self.held) && text.starts_with(HEAD) {
                kind = read(&text).or(kind);
                self.held.clear();
            } else if !plain || self.held.len() > MAX || !could_be(&text) {
                rest.append(&mut self.held);
            }
        }
        (rest, kind)
    }
}

/// Returns a key press that may be part of an answer.
fn key(event: &Event) -> Option<(char, KeyModifiers)> {
    match event {
        Event::Key(KeyEvent { code: KeyCode::Char(c), modifiers, kind, .. })
            if *kind != KeyEventKind::Release =>
        {
            Some((*c, *modifiers))
        }
        _ => None,
    }
}

/// Returns whether an answer ends here: by BEL, which reads as Ctrl-G, or by ST, as Alt-\.
fn ended(held: &[Event]) -> bool {
    let last = held.last().and_then(key);
    matches!(last, Some(('g', KeyModifiers::CONTROL) | ('\\', KeyModifiers::ALT)))
}

fn could_be(text: &str) -> bool {
    text.starts_with(HEAD) || HEAD.starts_with(text)
}

/// Reads `11;rgb:1e1e/2020/3030`, of whatever many digits.
fn read(text: &str) -> Option<Kind> {
    let colors = text.split_once(':')?.1.trim_end_matches(['g', '\\']);
    let channel = |digits: &str| {
        let most = 16_u32.checked_pow(u32::try_from(digits.len()).ok()?)?.checked_sub(1)?;
        Some(f64::from(u32::from_str_radix(digits, 16).ok()?) / f64::from(most.max(1)))
    };
    let mut channels = colors.split('/').map(channel);
    let (r, g, b) = (channels.next()??, channels.next()??, channels.next()??);
    // Perceived lightness (ITU-R BT.601).
    let light = 0.299 * r + 0.587 * g + 0.114 * b > 0.5;
    Some(if light { Kind::Light } else { Kind::Dark })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events as crossterm makes them of these bytes: `~` stands for Alt with what follows.
    fn events(text: &str) -> Vec<Event> {
        let mut alt = false;
        let mut events = Vec::new();
        for c in text.chars() {
            let modifiers = match (c, std::mem::take(&mut alt)) {
                ('~', _) => {
                    alt = true;
                    continue;
                }
                ('\x07', _) => {
                    events
                        .push(Event::Key(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL)));
                    continue;
                }
                (_, true) => KeyModifiers::ALT,
                _ => KeyModifiers::NONE,
            };
            events.push(Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers)));
        }
        events
    }

    fn taken(pieces: &[&str]) -> (Vec<Event>, Option<Kind>) {
        let (mut reply, mut rest, mut kind) = (Reply::default(), Vec::new(), None);
        for piece in pieces {
            let (more, said) = reply.take_out(events(piece));
            rest.extend(more);
            kind = said.or(kind);
        }
        (rest, kind)
    }

    #[test]
    fn an_answer_is_taken_out_wherever_it_is_cut() {
        assert_eq!(taken(&["a~]11;rgb:1e1e/1e1e/2e2e~\\b"]), (events("ab"), Some(Kind::Dark)));
        assert_eq!(taken(&["~]11;rgb:ff/ff/f0\x07"]), (Vec::new(), Some(Kind::Light)));
        let (head, tail) = ("a~]11;rg", "b:ffff/ffff/ffff~\\b");
        assert_eq!(taken(&[head, tail]), (events("ab"), Some(Kind::Light)));
    }

    #[test]
    fn what_is_typed_stays() {
        for text in
            ["~]x", "~]11 apples", "~]11;rgb:and what is typed for a long time behind it", "~a~]"]
        {
            let (rest, kind) = taken(&[text, "!", "!"]);
            assert_eq!((rest, kind), (events(&format!("{text}!!")), None), "{text}");
        }
    }
}
