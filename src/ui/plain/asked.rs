//! What lies on top, in lines: questions to answer by a word, lists to choose from by number.

use crate::app::Larger;
use crate::app::Model;
use crate::app::Overlay;
use crate::app::Picker;
use crate::app::Search;
use crate::app::Turn;
use crate::chat::StopReason;
use crate::text::Clean;
use crate::ui::full;
use crate::ui::overlay::Row;
use crate::ui::panel;
use crate::ui::why;
use crate::words::say;
use crate::words::word;

/// The most lines of a list that are told.
const LIST_MAX: usize = 100;

/// Columns of rows that are not to be wrapped.
const COLUMNS: usize = 1000;

/// What is told of something that lies on top.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// What it is, where its lines change by themselves: they are told once.
    once: Option<(&'static str, bool)>,
    /// What there is to know.
    pub(super) lines: Vec<String>,
    /// How it is answered; nothing where nothing is asked.
    pub(super) how: String,
}

impl Asked {
    /// Returns whether another one tells nothing new.
    pub(super) fn is(&self, other: &Self) -> bool {
        self == other || self.once.is_some() && self.once == other.once
    }
}

/// Returns what is asked or shown on top.
pub(super) fn asked(model: &Model) -> Option<Asked> {
    let question =
        |line: String, how: &str| Asked { lines: vec![line], how: how.into(), once: None };
    Some(match model.overlay()? {
        Overlay::Help(_) => help(model),
        // There is none in lines: it has no room there.
        Overlay::Sidebar(_) => Asked::default(),
        Overlay::Device(_) => {
            let once = Some(("device", model.engine().health().is_some()));
            let lines = told(panel::rows(model, true, COLUMNS));
            Asked { once, lines, how: String::new() }
        }
        Overlay::Why(_) => {
            let lines = told(why::rows(model, true, COLUMNS));
            Asked { lines, ..Asked::default() }
        }
        Overlay::Quit(_) => {
            let running = say!("quit-running", count = model.open_turns().count());
            question(say!("plain-quit", running = running), word("plain-quit-keys"))
        }
        Overlay::Close => {
            let title = model.current().title().map_or(word("untitled"), Clean::as_str);
            let how = if model.settings().ephemeral {
                word("plain-close-keys-ephemeral")
            } else {
                word("plain-close-keys")
            };
            question(say!("plain-close", title = title), how)
        }
        Overlay::Egress => {
            let (name, origin) = model.asks_about().unwrap_or_default();
            let line = say!("plain-egress", name = name, origin = origin);
            question(line, word("plain-egress-keys"))
        }
        Overlay::Full => overflow(model),
        Overlay::Sessions => sessions(model.picker()),
        Overlay::Search => search(model.search()),
        Overlay::Palette => palette(model),
        Overlay::SaveTo => {
            let how = say!("plain-save-keys", name = model.line());
            question(word("plain-save").to_owned(), &how)
        }
    })
}

fn help(model: &Model) -> Asked {
    let help = model.settings().keys.help();
    // A key is no line.
    let typed = help.iter().filter(|it| it.keys.starts_with('/'));
    let lines = typed.map(|it| format!("{}: {}", it.keys, it.does)).collect();
    Asked { once: Some(("help", true)), lines, how: String::new() }
}

/// What may become of a conversation that does not fit; `app` takes the numbers in this order.
fn overflow(model: &Model) -> Asked {
    let end = model.current().turns().last().and_then(Turn::end);
    let fault = end.and_then(StopReason::fault).map_or("", |fault| fault.message.as_str());
    let dropped = model.dropping().map(|(dropped, _)| dropped).unwrap_or_default();
    let mut lines = vec![say!("plain-full", why = fault)];
    lines.push(say!("full-dropped", count = dropped.len()));
    lines.extend(dropped.iter().take(LIST_MAX).map(|question| format!("- {question}")));
    let ways = [word("plain-full-drop"), word("plain-full-sum"), word("plain-full-fork")];
    lines.extend(ways.map(str::to_owned));
    let larger = model.larger().map(|larger: Larger| full::cost(larger));
    lines.push(match larger {
        Some(cost) => say!("plain-full-larger", cost = cost),
        None => word("plain-full-largest").to_owned(),
    });
    Asked { once: None, lines, how: word("plain-full-keys").into() }
}

fn sessions(picker: &Picker) -> Asked {
    if !picker.is_listed() {
        return Asked::default();
    }
    let told = |title: &str, messages| {
        let title = if title.is_empty() { word("picker-untitled") } else { title };
        format!("{title}, {}", say!("messages", count = messages))
    };
    let lines = picker.shown().map(|it| told(&it.info.title, it.messages));
    let none = if picker.query().is_empty() { word("picker-empty") } else { word("none-fits") };
    list(lines, none, word("plain-sessions-keys"))
}

fn search(search: &Search) -> Asked {
    if search.query().trim().is_empty() {
        let how = word("plain-search").to_owned();
        return Asked { how, ..Asked::default() };
    }
    if !search.is_current() {
        return Asked::default();
    }
    let lines = search.hits().iter().map(|hit| format!("{}: {}", hit.title, hit.context));
    let none = search.told().map_or(word("plain-search-none"), Clean::as_str);
    list(lines, none, word("plain-search-keys"))
}

fn palette(model: &Model) -> Asked {
    let palette = model.palette();
    let told = |label: &Clean, detail: &Clean| match detail.as_str() {
        "" => label.as_str().to_owned(),
        detail => format!("{label}, {detail}"),
    };
    // Commands are typed, and a key is no line.
    if palette.shown().any(|it| it.detail.as_str().starts_with('/')) {
        let typed = palette.shown().filter(|it| it.detail.as_str().starts_with('/'));
        let lines = typed.map(|it| told(&it.label, &it.detail)).collect();
        return Asked { once: None, lines, how: word("plain-commands-keys").to_owned() };
    }
    let lines = palette.shown().map(|it| told(&it.label, &it.detail));
    list(lines, word("none-fits"), word("plain-list-keys"))
}

/// Numbers the lines of a list.
fn list(lines: impl ExactSizeIterator<Item = String>, none: &str, how: &str) -> Asked {
    let left = lines.len().saturating_sub(LIST_MAX);
    let mut lines: Vec<String> =
        (1..).zip(lines.take(LIST_MAX)).map(|(number, line)| format!("{number}: {line}")).collect();
    if lines.is_empty() {
        lines.push(none.to_owned());
    }
    if left > 0 {
        lines.push(say!("plain-more", count = left));
    }
    Asked { once: None, lines, how: how.to_owned() }
}

/// Words the rows of a box; bars say nothing in words.
fn told(rows: Vec<Row>) -> Vec<String> {
    let line = |(indent, _, name, words): Row| {
        let words = words.as_str().replace(" · ", ", ");
        let words = words.trim_start_matches(|c| ('▁'..='█').contains(&c) || c == ' ');
        match (indent, words, name.as_str()) {
            (0, "", name) => format!("{name}:"),
            (_, words, "") => words.to_owned(),
            (_, "", name) => name.to_owned(),
            (_, words, name) => format!("{name}: {words}"),
        }
    };
    rows.into_iter().map(line).collect()
}
