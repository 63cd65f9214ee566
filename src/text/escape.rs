//! Takes escape sequences out of a stream of characters: the states of a DEC terminal's parser,
//! kept only as far as is needed to know where a sequence ends.
//!
//! Never: deciding about other characters; `visible` does.

use std::mem;

/// Content of a sequence beyond which it is taken for text, in bytes.
const LIMIT_BYTES: usize = 4096;

/// Where in a sequence the stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Outside.
    #[default]
    Ground,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate: an nF sequence.
    Intermediate,
    /// In a control sequence, before its final character.
    Csi,
    /// In a string that BEL ends as well as ST: OSC and the title of `ESC k`.
    BellString,
    /// In a string that only ST ends: DCS, SOS, PM, APC.
    String,
}

/// The parser: characters in, those outside of sequences out.
#[derive(Clone, Debug, Default)]
pub(super) struct Escapes {
    state: State,
    /// The content of the open sequence, to be shown if it turns out to be none.
    held: String,
}

impl Escapes {
    /// Says whether no sequence is open.
    pub(super) fn outside(&self) -> bool {
        self.state == State::Ground
    }

    /// Takes one character and emits those that turn out to be text.
    pub(super) fn step(&mut self, c: char, mut emit: impl FnMut(char)) {
        // Text that was decoded wrongly is full of C1 controls: an introducer among them began
        // nothing, and what followed it is not to be lost.
        if self.in_string() && matches!(c, '\u{80}'..='\u{9b}' | '\u{9d}'..='\u{9f}') {
            self.release(&mut emit);
        }
        // These act in every state: they begin a sequence, or end one early. ST (`ESC \` or
        // U+009C) needs no rule of its own: it ends a string like any other, and does nothing.
        match c {
            '\u{1b}' => self.enter(State::Escape),
            '\u{9b}' => self.enter(State::Csi),
            '\u{9d}' => self.enter(State::BellString),
            '\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}' => self.enter(State::String),
            '\u{18}' | '\u{1a}' | '\u{80}'..='\u{9f}' => self.enter(State::Ground),
            _ => self.within(c, &mut emit),
        }
    }

    fn within(&mut self, c: char, emit: &mut impl FnMut(char)) {
        match (self.state, c) {
            (State::BellString, '\u{7}') => self.enter(State::Ground),
            (State::BellString | State::String, _)
            | (State::Intermediate, ' '..='/')
            | (State::Csi, ' '..='?') => self.hold(c, emit),
            // A terminal obeys a control inside of other sequences and goes on with them.
            (State::Ground, _) | (_, '\0'..='\u{1f}' | '\u{7f}') => emit(c),
            (State::Escape, '[') => self.enter(State::Csi),
            (State::Escape, ']' | 'k') => self.enter(State::BellString),
            (State::Escape, 'P' | 'X' | '^' | '_') => self.enter(State::String),
            (State::Escape, ' '..='/') => self.enter(State::Intermediate),
            (_, ' '..='~') => self.enter(State::Ground),
            // No sequence holds anything else: it was broken off.
            (_, _) => {
                self.enter(State::Ground);
                emit(c);
            }
        }
    }

    /// Ends the stream: a string still open was text.
    pub(super) fn finish(&mut self, emit: impl FnMut(char)) {
        if self.in_string() {
            self.release(emit);
        }
        self.enter(State::Ground);
    }

    fn in_string(&self) -> bool {
        matches!(self.state, State::BellString | State::String)
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.held.clear();
    }

    fn hold(&mut self, c: char, emit: impl FnMut(char)) {
        self.held.push(c);
        if self.held.len() > LIMIT_BYTES {
            self.release(emit);
        }
    }

    fn release(&mut self, emit: impl FnMut(char)) {
        self.state = State::Ground;
        mem::take(&mut self.held).chars().for_each(emit);
    }
}
