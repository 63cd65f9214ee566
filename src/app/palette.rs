//! A list to choose from, narrowed by what is typed: commands, links, earlier prompts, themes.

use crate::app::command::Command;
use crate::app::fuzzy;
use crate::app::keymap::Action;
use crate::route::Pin;
use crate::text::Address;
use crate::text::Clean;

/// The longest line of a list, in graphemes.
const LINE_MAX: usize = 300;

/// What choosing an item does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Does {
    /// What a key does.
    Act(Action),
    /// What a command does that needs nothing behind it.
    Run(Command),
    /// Begins a draft with this.
    Begin(String),
    /// Puts an earlier prompt into the draft.
    Recall(String),
    /// Opens an address.
    Open(Address),
    /// Takes a theme.
    Theme(String),
    /// Says where the session's turns run; `None` leaves it to the mode.
    Pin(Option<Pin>),
    /// Has the marked question answered once more, there.
    Again(Pin),
    /// Has the session answered by a model of this machine.
    Model(String),
}

/// One line of a list.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What it is.
    pub label: Clean,
    /// What stands at its end: a key, an address.
    pub detail: Clean,
    pub(super) does: Does,
}

impl Choice {
    pub(super) fn new(label: &str, detail: &str, does: Does) -> Self {
        let line = |text: &str| Clean::one_line(text, LINE_MAX);
        Self { label: line(label), detail: line(detail), does }
    }
}

/// The list.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    title: &'static str,
    pub(super) query: String,
    choices: Vec<Choice>,
    shown: Vec<usize>,
    selected: usize,
}

impl Palette {
    pub(super) fn new(title: &'static str, choices: Vec<Choice>) -> Self {
        let mut palette = Self { title, choices, ..Self::default() };
        palette.narrow();
        palette
    }

    /// Returns what is chosen from, in a word.
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// Returns what was typed.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Returns the lines that are shown, the best first.
    pub fn shown(&self) -> impl ExactSizeIterator<Item = &Choice> {
        self.shown.iter().map(|index| &self.choices[*index])
    }

    /// Returns the index of the selected one among them.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// Takes other lines in; what was typed, and what was selected if it is still there, stay.
    pub(super) fn exchange(&mut self, choices: Vec<Choice>) {
        let selected = self.chosen().map(|choice| choice.does.clone());
        self.choices = choices;
        self.narrow();
        let at = self.shown().position(|choice| Some(&choice.does) == selected.as_ref());
        self.selected = at.unwrap_or(0);
    }

    pub(super) fn chosen(&self) -> Option<&Choice> {
        self.shown.get(self.selected).map(|index| &self.choices[*index])
    }

    pub(super) fn go(&mut self, by: isize) {
        let last = self.shown.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    /// Narrows the list by what is typed now.
    pub(super) fn narrow(&mut self) {
        let text = |choice: &Choice| format!("{} {}", choice.label, choice.detail);
        self.shown = fuzzy::rank(&self.query, self.choices.iter().map(text).enumerate());
        self.selected = 0;
    }
}
