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

/// The most lines of a list that are told.
const LIST_MAX: usize = 100;

/// Columns of rows that are not to be wrapped.
const COLUMNS: usize = 1000;

const BACK: &str = "an empty line goes back";

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
            let once = Some(("the device", model.engine().health().is_some()));
            let lines = told(panel::rows(model, true, COLUMNS));
            Asked { once, lines, how: String::new() }
        }
        Overlay::Why(_) => {
            let lines = told(why::rows(model, true, COLUMNS));
            Asked { lines, ..Asked::default() }
        }
        Overlay::Quit(_) => question(quit(model), "y quits, n stays"),
        Overlay::Close => {
            let title = model.current().title().map_or("new", Clean::as_str);
            let how = if model.settings().ephemeral {
                "y closes and forgets it, n keeps it"
            } else {
                "y stops the answer and closes it, n keeps it open"
            };
            question(format!("close this session? {title}"), how)
        }
        Overlay::Egress => {
            let (name, origin) = model.asks_about().unwrap_or_default();
            let line = format!("may this session leave this device, to {name} ({origin})?");
            question(line, "y sends it there, n keeps it from there")
        }
        Overlay::Full => overflow(model),
        Overlay::Sessions => sessions(model.picker()),
        Overlay::Search => search(model.search()),
        Overlay::Palette => palette(model),
        Overlay::SaveTo => {
            let how = format!("a name, or y for {}; {BACK}", model.line());
            question("save to which file?".to_owned(), &how)
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

fn quit(model: &Model) -> String {
    match model.open_turns().count() {
        0 => "quit? nothing is running".to_owned(),
        1 => "quit? 1 answer is still running".to_owned(),
        count => format!("quit? {count} answers are still running"),
    }
}

/// What may become of a conversation that does not fit; `app` takes the numbers in this order.
fn overflow(model: &Model) -> Asked {
    let end = model.current().turns().last().and_then(Turn::end);
    let fault = end.and_then(StopReason::fault).map_or("", |fault| fault.message.as_str());
    let dropped = model.dropping().map(|(dropped, _)| dropped).unwrap_or_default();
    let mut lines = vec![format!("it does not fit the context: {fault}")];
    lines.push(match dropped.len() {
        0 => "there is nothing before it that could be left out".to_owned(),
        1 => "the oldest turn would not be sent any more; it stays here:".to_owned(),
        count => format!("{count} turns would not be sent any more; they stay here:"),
    });
    lines.extend(dropped.iter().take(LIST_MAX).map(|question| format!("- {question}")));
    lines.extend(["1: leave them out", "2: sum them up here", "3: fork"].map(str::to_owned));
    let larger = model.larger().map(|larger: Larger| full::cost(larger));
    lines.push(match larger {
        Some(cost) => format!("4: a larger context, {cost}"),
        None => "there is no larger context here".to_owned(),
    });
    Asked { once: None, lines, how: "a number, or an empty line, which decides nothing".into() }
}

fn sessions(picker: &Picker) -> Asked {
    if !picker.is_listed() {
        return Asked::default();
    }
    let told = |title: &str, messages| match title {
        "" => format!("(no question yet), {messages} messages"),
        title => format!("{title}, {messages} messages"),
    };
    let lines = picker.shown().map(|it| told(&it.info.title, it.messages));
    let none = if picker.query().is_empty() { "nothing is saved yet" } else { "none of them" };
    list(lines, none, &format!("a number opens one, words narrow the list; {BACK}"))
}

fn search(search: &Search) -> Asked {
    if search.query().trim().is_empty() {
        let how = format!("what are you looking for? {BACK}");
        return Asked { how, ..Asked::default() };
    }
    if !search.is_current() {
        return Asked::default();
    }
    let lines = search.hits().iter().map(|hit| format!("{}: {}", hit.title, hit.context));
    let none = search.told().map_or("nothing is found", Clean::as_str);
    list(lines, none, &format!("a number shows one, other words are looked for; {BACK}"))
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
        return Asked { once: None, lines, how: format!("type one of them; {BACK}") };
    }
    let lines = palette.shown().map(|it| told(&it.label, &it.detail));
    list(lines, "none of them", &format!("a number takes one, words narrow the list; {BACK}"))
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
        lines.push(format!("and {left} more"));
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
