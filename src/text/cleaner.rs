//! From a raw stream to [`Clean`]: escape sequences go first, then what is left is judged
//! character by character.

use super::clean::Clean;
use super::escape::Escapes;
use super::hidden::Hidden;
use super::visible::Visible;

#[cfg(test)]
mod tests;

/// Cleans a stream; any chunking gives what the whole gives.
///
/// - Escape sequences (CSI, OSC, DCS, SOS, PM, APC, nF, `ESC k`), in 7-bit and C1 form, are dropped
///   whole. CAN, SUB and another ESC end one early. One that runs for more than 4 KiB, or a string
///   (OSC and its kind) that is still open at the end or that a C1 control other than ST breaks off,
///   is no sequence: its content is shown, so that a stray introducer cannot swallow an answer.
/// - `\n` and `\t` stay; `\r\n`, a lone `\r`, U+2028 and U+2029 become `\n`; other control
///   characters are dropped.
/// - What is invisible and can mislead (bidirectional controls, tags, fillers, zero-width
///   characters) is shown as `<U+202E>`. A byte order mark at the start is dropped, and so is a
///   soft hyphen, about whose width terminals disagree.
/// - ZWJ stays between two emoji; ZWJ and ZWNJ next to a letter of a script that needs them (Arabic
///   and Indic among others), a zero-width space in scripts without spaces. Elsewhere they are shown.
/// - A variation selector stays directly after a character that takes it: VS15 and VS16 after an
///   emoji or a keycap base and are dropped elsewhere; others after an ideograph or a Mongolian
///   letter, and are shown elsewhere.
/// - At most 8 characters extend a base (marks, selectors, joiners); further marks are dropped.
///
/// Visible text leaves with the push that brought it. Held back are only an escape sequence that is
/// not complete and a joiner whose right neighbour is not known.
#[derive(Clone, Debug, Default)]
pub struct Cleaner {
    escapes: Escapes,
    visible: Visible,
}

impl Cleaner {
    /// Starts at the beginning of a text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next chunk and gives what can be shown now.
    pub fn push(&mut self, raw: &str) -> Clean {
        let mut out = String::with_capacity(raw.len());
        let Self { escapes, visible } = self;
        let mut rest = raw;
        while !rest.is_empty() {
            if escapes.outside() {
                rest = visible.plain_run(rest, &mut out);
            }
            let mut chars = rest.chars();
            if let Some(c) = chars.next() {
                escapes.step(c, |c| visible.push(c, &mut out));
            }
            rest = chars.as_str();
        }
        Clean::trusted(out)
    }

    /// Ends the text: gives what was held back and starts anew.
    pub fn finish(&mut self) -> Clean {
        self.end().0
    }

    /// Does what [`Cleaner::finish`] does; returns as well what was not shown as it is.
    pub(super) fn end(&mut self) -> (Clean, Hidden) {
        let mut out = String::new();
        let Self { escapes, visible } = self;
        escapes.finish(|c| visible.push(c, &mut out));
        let hidden = visible.finish(&mut out);
        (Clean::trusted(out), hidden)
    }
}
