//! Lines, where the terminal is not taken: the answer to what is asked, else a draft.

use std::time::Duration;

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::chat::Key;
use crate::chat::KeyCode;

/// What may become of a conversation that does not fit, in the order in which it is told.
const FULL: [char; 4] = ['d', 's', 'f', 'l'];

impl Model {
    /// Takes a line: to what lies on top if that asks something, else as a draft. One that ends in a
    /// backslash goes on in the next.
    pub(super) fn line_typed(&mut self, line: &str, at: Duration, effects: &mut Vec<Effect>) {
        self.observe(at);
        if self.is_leaving() {
            return;
        }
        match self.overlay {
            None => self.drafted(line, effects),
            // What was only told asks nothing.
            Some(Overlay::Help(_) | Overlay::Device(_) | Overlay::Why(_)) => {
                self.overlay = None;
                self.drafted(line, effects);
            }
            Some(overlay) => self.answered(overlay, line.trim(), effects),
        }
        self.touch();
    }

    fn drafted(&mut self, line: &str, effects: &mut Vec<Effect>) {
        // What was refused stands in the draft still, and nobody sees it there.
        let draft = self.current().composer().text();
        if !draft.is_empty() && !draft.ends_with('\n') {
            self.edited("");
        }
        if let Some(begun) = line.strip_suffix('\\') {
            return self.paste(&format!("{begun}\n"), effects);
        }
        self.paste(line, effects);
        self.press(KeyCode::Enter, effects);
    }

    /// Takes the answer to what is asked; one that is none leaves the question as it is.
    fn answered(&mut self, overlay: Overlay, word: &str, effects: &mut Vec<Effect>) {
        let number = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        match overlay {
            _ if word.is_empty() => self.press(KeyCode::Esc, effects),
            Overlay::Quit(_) | Overlay::Close | Overlay::Egress => {
                match word.to_lowercase().as_str() {
                    "y" | "yes" => self.press(KeyCode::Char('y'), effects),
                    "n" | "no" => self.press(KeyCode::Char('n'), effects),
                    _ => {}
                }
            }
            Overlay::Full => {
                if let Some(key) = number.and_then(|index| FULL.get(index)) {
                    self.press(KeyCode::Char(*key), effects);
                }
            }
            Overlay::SaveTo => {
                // The name that stands there is what `y` takes.
                if word != "y" {
                    word.clone_into(&mut self.line);
                }
                self.press(KeyCode::Enter, effects);
            }
            _ if word.starts_with('/') => {
                self.press(KeyCode::Esc, effects);
                self.drafted(word, effects);
            }
            _ => self.chosen_by_line(overlay, word, number, effects),
        }
    }

    /// Takes one of a list by its number, or narrows the list by words.
    fn chosen_by_line(
        &mut self,
        overlay: Overlay,
        word: &str,
        number: Option<usize>,
        effects: &mut Vec<Effect>,
    ) {
        let count = match overlay {
            Overlay::Sessions => self.picker.shown().len(),
            Overlay::Search => self.search.hits().len(),
            _ => self.palette.shown().len(),
        };
        match (number, overlay) {
            (Some(index), _) if index < count => {
                let by = isize::try_from(index).unwrap_or(0);
                for by in [isize::MIN, by] {
                    match overlay {
                        Overlay::Sessions => self.picker.go(by),
                        Overlay::Search => self.search.go(by),
                        _ => self.palette.go(by),
                    }
                }
                self.press(KeyCode::Enter, effects);
            }
            (Some(_), Overlay::Sessions | Overlay::Palette) => {}
            (_, Overlay::Sessions) => self.picker.search(|query| word.clone_into(query)),
            (_, Overlay::Search) => self.find(word, effects),
            _ => {
                word.clone_into(&mut self.palette.query);
                self.palette.narrow();
            }
        }
    }

    fn press(&mut self, code: KeyCode, effects: &mut Vec<Effect>) {
        self.key(Key::plain(code), effects);
    }
}
