//! The terminal's input: keys and pastes, and its disappearance.

use std::io;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use crossterm::event;
use crossterm::event::Event;
use crossterm::event::KeyCode as TermCode;
use crossterm::event::KeyEvent;
use crossterm::event::KeyEventKind;
use crossterm::event::KeyModifiers;
use crossterm::event::MouseButton;
use crossterm::event::MouseEvent;
use crossterm::event::MouseEventKind;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use tokio::sync::mpsc;

use super::ground::Reply;
use crate::chat::Key;
use crate::chat::KeyCode;
use crate::chat::Mods;
use crate::theme::Kind;

/// Inputs that wait for the loop; it drains them at every turn.
const INPUTS: usize = 256;

/// How long to look for more of a burst. Without a wait crossterm does not look at all.
const BURST_GAP: Duration = Duration::from_millis(2);

/// Held by whoever reads the terminal.
static READING: Mutex<()> = Mutex::new(());

/// Keeps the keys for another program until it is dropped.
pub(super) fn pause() -> MutexGuard<'static, ()> {
    READING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One thing from the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A key.
    Key(Key),
    /// Pasted text.
    Paste(String),
    /// A line, where the terminal is not taken.
    Line(String),
    /// There are no more lines.
    End,
    /// The terminal said what its ground is.
    Ground(Kind),
    /// The mouse's wheel, in notches, down if positive.
    Wheel(isize),
    /// The mouse's first button was pressed in this column and row.
    Click(u16, u16),
    /// The terminal is gone, or its reader has failed.
    Gone,
}

/// Starts the thread that reads. It waits on the terminal itself, because crossterm 0.29 spins
/// when its terminal vanishes (crossterm#793): it is asked only when there is something to read.
pub(super) fn read() -> mpsc::Receiver<Input> {
    let (inputs, inbox) = mpsc::channel(INPUTS);
    std::thread::spawn(move || {
        let ended = std::panic::catch_unwind(|| pump(&inputs));
        if !matches!(ended, Ok(Ended::Unwanted)) {
            // The loop may be gone as well.
            inputs.blocking_send(Input::Gone).ok();
        }
    });
    inbox
}

/// Starts the thread that reads lines from a terminal that is not taken.
pub(super) fn read_lines() -> mpsc::Receiver<Input> {
    let (inputs, inbox) = mpsc::channel(INPUTS);
    std::thread::spawn(move || {
        for line in io::stdin().lines() {
            let Ok(line) = line else { break };
            if inputs.blocking_send(Input::Line(line)).is_err() {
                return;
            }
        }
        // The loop may be gone as well.
        inputs.blocking_send(Input::End).ok();
    });
    inbox
}

enum Ended {
    /// Nobody reads the inputs any more.
    Unwanted,
    /// The terminal is gone.
    Terminal,
}

fn pump(inputs: &mpsc::Sender<Input>) -> Ended {
    let mut reply = Reply::default();
    loop {
        let stdin = io::stdin();
        let mut polled = [PollFd::new(&stdin, PollFlags::IN)];
        match rustix::event::poll(&mut polled, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return Ended::Terminal,
            Ok(_) => {}
        }
        let ready = polled[0].revents();
        if ready.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return Ended::Terminal;
        }
        // Somebody else reads the terminal now: what is there is theirs.
        let Ok(_reading) = READING.try_lock() else {
            drop(READING.lock());
            continue;
        };
        let Ok(burst) = burst() else { return Ended::Terminal };
        let (burst, ground) = reply.take_out(burst);
        for input in ground.map(Input::Ground).into_iter().chain(inputs_of(burst)) {
            if inputs.blocking_send(input).is_err() {
                return Ended::Unwanted;
            }
        }
    }
}

/// Reads all events that are there.
fn burst() -> io::Result<Vec<Event>> {
    let mut events = Vec::new();
    while event::poll(BURST_GAP)? {
        events.push(event::read()?);
    }
    Ok(events)
}

/// Turns a burst of events into inputs. A burst with a line break within was pasted into a terminal
/// without bracketed paste: all of its line breaks break the line instead of sending it.
fn inputs_of(burst: Vec<Event>) -> Vec<Input> {
    let keys: Vec<Event> = burst
        .into_iter()
        .filter(|event| !matches!(event, Event::Key(key) if key.kind == KeyEventKind::Release))
        .collect();
    let first_break = keys.iter().position(|event| typed(event) == Some('\n'));
    let last_text = keys.iter().rposition(|event| typed(event).is_some_and(|c| c != '\n'));
    let pasted = first_break.zip(last_text).is_some_and(|(first, last)| first < last);
    let mut inputs = Vec::new();
    for event in keys {
        let breaks = pasted && typed(&event) == Some('\n');
        match event {
            Event::Key(_) if breaks => inputs.push(Input::Paste("\n".to_owned())),
            Event::Key(key) => inputs.extend(translate(key).map(Input::Key)),
            Event::Paste(text) => inputs.push(Input::Paste(text)),
            Event::Mouse(mouse) => inputs.extend(of_mouse(mouse)),
            // Sizes come by signal; focus is not asked for.
            Event::Resize(..) | Event::FocusGained | Event::FocusLost => {}
        }
    }
    inputs
}

fn of_mouse(event: MouseEvent) -> Option<Input> {
    match event.kind {
        MouseEventKind::ScrollUp => Some(Input::Wheel(-1)),
        MouseEventKind::ScrollDown => Some(Input::Wheel(1)),
        MouseEventKind::Down(MouseButton::Left) => Some(Input::Click(event.column, event.row)),
        _ => None,
    }
}

/// Returns the character that a plain key types.
fn typed(event: &Event) -> Option<char> {
    let Event::Key(KeyEvent { code, modifiers, .. }) = event else { return None };
    if modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return None;
    }
    match code {
        TermCode::Char(c) => Some(*c),
        TermCode::Enter => Some('\n'),
        _ => None,
    }
}

fn translate(event: KeyEvent) -> Option<Key> {
    let code = match event.code {
        TermCode::Char(c) => KeyCode::Char(c),
        TermCode::Enter => KeyCode::Enter,
        TermCode::Esc => KeyCode::Esc,
        TermCode::Tab => KeyCode::Tab,
        TermCode::BackTab => KeyCode::BackTab,
        TermCode::Backspace => KeyCode::Backspace,
        TermCode::Delete => KeyCode::Delete,
        TermCode::Left => KeyCode::Left,
        TermCode::Right => KeyCode::Right,
        TermCode::Up => KeyCode::Up,
        TermCode::Down => KeyCode::Down,
        TermCode::Home => KeyCode::Home,
        TermCode::End => KeyCode::End,
        TermCode::PageUp => KeyCode::PageUp,
        TermCode::PageDown => KeyCode::PageDown,
        TermCode::F(number) => KeyCode::F(number),
        _ => return None,
    };
    let held = |modifier| event.modifiers.contains(modifier);
    let mods = Mods {
        ctrl: held(KeyModifiers::CONTROL),
        alt: held(KeyModifiers::ALT),
        // A shifted character says it by itself.
        shift: held(KeyModifiers::SHIFT) && !matches!(code, KeyCode::Char(_)),
    };
    Some(Key { code, mods })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: TermCode, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(code, modifiers))
    }

    fn plain(code: TermCode) -> Event {
        key(code, KeyModifiers::NONE)
    }

    #[test]
    fn enter_sends_unless_its_burst_was_pasted() {
        let burst = vec![
            plain(TermCode::Char('a')),
            plain(TermCode::Enter),
            plain(TermCode::Char('b')),
            plain(TermCode::Enter),
        ];
        let expected = [
            Input::Key(Key::plain(KeyCode::Char('a'))),
            Input::Paste("\n".to_owned()),
            Input::Key(Key::plain(KeyCode::Char('b'))),
            Input::Paste("\n".to_owned()),
        ];
        assert_eq!(inputs_of(burst), expected);
        let typed = vec![plain(TermCode::Char('a')), plain(TermCode::Enter)];
        assert_eq!(inputs_of(typed)[1], Input::Key(Key::plain(KeyCode::Enter)));
    }

    #[test]
    fn modifiers_survive_and_releases_do_not() {
        let mut release = KeyEvent::new(TermCode::Char('x'), KeyModifiers::NONE);
        release.kind = KeyEventKind::Release;
        let burst = vec![
            key(TermCode::Enter, KeyModifiers::SHIFT),
            Event::Key(release),
            key(TermCode::Char('c'), KeyModifiers::CONTROL),
            key(TermCode::Char('X'), KeyModifiers::SHIFT),
        ];
        let shift = Mods { shift: true, ..Mods::default() };
        let expected = [
            Input::Key(Key { code: KeyCode::Enter, mods: shift }),
            Input::Key(Key::ctrl('c')),
            Input::Key(Key::plain(KeyCode::Char('X'))),
        ];
        assert_eq!(inputs_of(burst)[1..], expected[1..]);
    }
}
