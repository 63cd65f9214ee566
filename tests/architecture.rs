//! The floors of `src/architecture.md`, held: a module names lower floors only, and nothing that
//! its own row rules out. The checker is a pure function over texts, so that it is seen to fail.

use std::fs;
use std::path::Path;

#[path = "architecture/words.rs"]
mod words;

/// Modules by floor, lowest first. Modules of one floor do not see each other.
const FLOORS: [&[&str]; 7] = [
    &["chat", "text"],
    &["route", "prompt", "markdown", "privacy", "backend", "gguf", "words"],
    &["audit", "config", "theme", "ipc", "net", "device"],
    &["app", "engine", "worker", "remote", "models", "store"],
    &["ui"],
    &["runtime"],
    &["cli"],
];

/// What a module never names, beside higher floors. `*` stands for every module.
const NEVER: [(&str, &[&str]); 20] = [
    ("*", &["llama_cpp_2", "llama_cpp_sys_2", "reqwest", "rusqlite"]),
    ("*", &["TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs"]),
    ("chat", &["serde", "serde_json", "tokio", "std::fs", "std::io", "std::net", "std::env"]),
    ("chat", &["Instant", "SystemTime"]),
    ("text", &["ratatui", "crossterm", "std::fs", "std::net"]),
    ("route", &["tokio", "std::fs", "std::io", "std::net", "std::env", "Instant", "SystemTime"]),
    ("prompt", &["tokio", "std::fs", "std::net", "Instant", "SystemTime"]),
    ("markdown", &["ratatui", "crossterm", "unicode_width", "std::fs"]),
    ("privacy", &["tokio", "std::fs", "std::net", "Instant", "SystemTime"]),
    ("gguf", &["tokio", "std::net"]),
    ("words", &["tokio", "std::fs", "std::io", "std::net", "std::env", "Instant", "SystemTime"]),
    ("theme", &["Buffer", "Frame", "ratatui::widgets", "ratatui::layout"]),
    ("ipc", &["UnixListener", "UnixStream"]),
    ("app", &["ratatui", "crossterm", "tokio", "tokio_util", "rustix", "std::fs", "std::net"]),
    ("app", &["Instant", "SystemTime", "crate::net", "crate::ipc", "crate::device"]),
    ("engine", &["ratatui", "crossterm", "crate::net"]),
    ("worker", &["ratatui", "crossterm", "crate::net"]),
    ("ui", &["crate::engine", "crate::worker", "crate::remote", "crate::models"]),
    ("ui", &["crate::store", "crate::net", "crate::ipc", "tokio", "std::fs", "std::net"]),
    ("cli", &["ratatui"]),
];

/// Who may name what is ruled out for everybody else.
const OWNERS: [(&str, &[&str]); 4] = [
    ("worker", &["llama_cpp_2", "llama_cpp_sys_2"]),
    ("net", &["reqwest", "TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs"]),
    ("remote", &["reqwest"]),
    ("store", &["rusqlite"]),
];

/// A file may be this long, its tests at the end not counted.
const MAX_LINES: usize = 500;
/// `main.rs` only hands the arguments on.
const MAX_MAIN_LINES: usize = 60;

/// One file: its path below `src` with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The module on a floor that the file belongs to; `main` and `lib` for the two roots.
    fn module(&self) -> &str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// How many `super::` lead from the top of the file to the crate's root.
    fn depth(&self) -> usize {
        self.path.split('/').count()
    }

    /// Lines that are code: numbered from 1, comments cut off.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| {
            let code = if line.trim_start().starts_with("//") { "" } else { line };
            (index + 1, code.split(" // ").next().unwrap_or_default())
        });
        lines.filter(|(_, code)| !code.trim().is_empty())
    }

    /// Whether the whole file is tests.
    fn is_tests(&self) -> bool {
        self.path.ends_with("/tests.rs")
    }

    /// Lines before the tests at the file's end; none of a file of tests.
    fn length(&self) -> usize {
        if self.is_tests() {
            return 0;
        }
        let lines: Vec<&str> = self.text.lines().collect();
        let tests = lines.windows(2).position(|pair| {
            pair[0] == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
        });
        tests.unwrap_or(lines.len())
    }

    fn fault(&self, line: usize, what: &str) -> String {
        format!("src/{}:{line}: {what}", self.path)
    }
}

/// Returns every breach in `sources`, one line each, in the files' order.
fn check(sources: &[Source]) -> Vec<String> {
    let checks = [shape, paths, supers, never, unsafe_code];
    let mut faults: Vec<String> =
        sources.iter().flat_map(|source| checks.iter().flat_map(|check| check(source))).collect();
    faults.extend(sources.iter().filter(|source| source.path == "lib.rs").flat_map(declarations));
    faults
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// A known module, a head comment, not too long.
fn shape(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let module = source.module();
    let root = source.path == "lib.rs" || source.path == "main.rs";
    if !root && floor(module).is_none() {
        faults.push(source.fault(1, &format!("`{module}` stands on no floor")));
    }
    let head = source.text.starts_with("//!") || source.text.starts_with("#![doc = include_str!(");
    if !head && !source.is_tests() {
        faults.push(source.fault(1, "no head comment that says what it owns"));
    }
    let most = if source.path == "main.rs" { MAX_MAIN_LINES } else { MAX_LINES };
    if source.length() > most {
        faults.push(source.fault(1, &format!("{} lines, at most {most}", source.length())));
    }
    faults
}

/// `lib.rs` declares every module of the table and no other, each on its floor.
fn declarations(lib: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let mut declared = Vec::new();
    for (number, line) in (1..).zip(lib.text.lines()) {
        let Some((module, comment)) =
            line.split_once("mod ").and_then(|(_, rest)| rest.split_once(';'))
        else {
            continue;
        };
        declared.push(module);
        match floor(module) {
            None => faults.push(lib.fault(number, &format!("`{module}` stands on no floor"))),
            Some(floor) if !comment.trim_start().starts_with(&format!("// {floor}:")) => {
                faults.push(lib.fault(number, &format!("`{module}` belongs to floor {floor}")));
            }
            Some(_) => {}
        }
    }
    let missing = FLOORS.iter().copied().flatten().filter(|module| !declared.contains(module));
    faults.extend(missing.map(|module| lib.fault(1, &format!("`{module}` is not declared"))));
    faults
}

/// Every `crate::` path leads to the same module or to a lower floor.
fn paths(source: &Source) -> Vec<String> {
    let here = source.module();
    // `main.rs` stands above everything; an unknown module is told of once, by `shape`.
    let level = if here == "main" { FLOORS.len() } else { floor(here).unwrap_or(FLOORS.len()) };
    let mut faults = Vec::new();
    for (number, code) in source.code() {
        for path in after_word(code, "crate").chain(after_word(code, "edgewise")) {
            let Some(path) = path.strip_prefix("::") else { continue };
            let target = identifier(path);
            let what = match floor(target) {
                _ if target == here => continue,
                Some(other) if other < level => continue,
                Some(other) if other == level => "sideways",
                Some(_) => "upward",
                None if path.starts_with(['{', '*']) => "not one path a line",
                None => "to no module",
            };
            let name = if target.is_empty() { path } else { target };
            faults.push(source.fault(number, &format!("`{here}` names `{name}`: {what}")));
        }
        if after_word(code, "crate").any(|rest| rest.starts_with(" as ")) {
            faults.push(source.fault(number, "the crate under another name"));
        }
    }
    faults
}

/// No chain of `super::` climbs out of the file's own module. Relies on rustfmt's indentation.
fn supers(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for (number, code) in source.code() {
        let indent = &code[..code.len() - code.trim_start().len()];
        if open.last() == Some(&indent) && code.trim() == "}" {
            open.pop();
        }
        let mut rest = code;
        while let Some(at) = rest.find("super::") {
            let chain = rest[at..].split("::").take_while(|part| *part == "super").count();
            if chain >= source.depth() + open.len() {
                faults.push(source.fault(number, "`super::` leaves the module"));
            }
            rest = &rest[at + chain * "super::".len()..];
        }
        if after_word(code, "mod").next().is_some() && code.trim_end().ends_with('{') {
            open.push(indent);
        }
    }
    faults
}

/// Nothing that the module's row in `NEVER` rules out.
fn never(source: &Source) -> Vec<String> {
    let here = source.module();
    let owned = |word: &str| OWNERS.iter().any(|(who, what)| *who == here && what.contains(&word));
    let rules = NEVER.iter().filter(|(who, _)| *who == "*" || *who == here);
    let words: Vec<&str> = rules.flat_map(|(_, what)| what.iter().copied()).collect();
    // Tests may open a socket or read a file to have something to test with.
    let code = source.code().take_while(|(number, _)| *number <= source.length());
    let found = code.flat_map(|(number, code)| {
        let named = words.iter().filter(move |word| after_word(code, word).next().is_some());
        named.map(move |word| (number, *word))
    });
    let found = found.filter(|(_, word)| !owned(word));
    found.map(|(number, word)| source.fault(number, &format!("`{here}` names `{word}`"))).collect()
}

/// `unsafe` stands in `worker/ffi` alone.
fn unsafe_code(source: &Source) -> Vec<String> {
    if source.path.starts_with("worker/ffi.") || source.path.starts_with("worker/ffi/") {
        return Vec::new();
    }
    let opens = |rest: &str| {
        [" {", " fn", " impl", " trait", " extern", "("].iter().any(|start| rest.starts_with(start))
    };
    let lines = source.code().filter(|(_, code)| {
        after_word(code, "unsafe").any(opens)
            || code.contains("allow(unsafe_code")
            || code.contains("expect(unsafe_code")
    });
    lines.map(|(number, _)| source.fault(number, "`unsafe` outside `worker/ffi`")).collect()
}

/// What follows each place where `word` stands as a whole identifier or path in `code`.
fn after_word<'a>(code: &'a str, word: &str) -> impl Iterator<Item = &'a str> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let places: Vec<usize> = code.match_indices(word).map(|(at, _)| at).collect();
    let size = word.len();
    places.into_iter().filter_map(move |at| {
        let whole = !code[..at].ends_with(part) && !code[at + size..].starts_with(part);
        whole.then(|| &code[at + size..])
    })
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

fn read(directory: &Path, below: &str, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).expect("src can be listed") {
        let path = entry.expect("src can be listed").path();
        let name = path.file_name().expect("a listed file has a name").to_string_lossy();
        let name = format!("{below}{name}");
        if path.is_dir() {
            read(&path, &format!("{name}/"), sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source file is UTF-8");
            sources.push(Source { path: name, text });
        }
    }
}

#[test]
fn the_floors_hold() {
    let mut sources = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut sources);
    assert!(sources.len() > 20, "the sources were not found");
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let faults = check(&sources);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The faults of one file with a head comment and `code`.
fn faults(path: &str, code: &str) -> Vec<String> {
    check(&[Source { path: path.into(), text: format!("//! Head.\n{code}\n") }])
}

#[track_caller]
fn fails(path: &str, code: &str, what: &str) {
    let faults = faults(path, code);
    assert_eq!(faults.len(), 1, "{path}: {code}: {faults:?}");
    assert!(faults[0].contains(what), "{path}: {code}: {faults:?}");
}

#[track_caller]
fn passes(path: &str, code: &str) {
    assert_eq!(faults(path, code), Vec::<String>::new(), "{path}: {code}");
}

#[test]
fn a_lower_floor_may_be_named() {
    passes("route/machine.rs", "use crate::chat::DeviceSample;");
    passes("route/machine.rs", "use crate::route::Policy;");
    passes("main.rs", "fn main() { edgewise::cli::main() }");
    passes("cli.rs", "use crate::runtime::Driver;");
    passes("chat.rs", "// A comment may speak of crate::ui and unsafe { code }.");
    passes("chat.rs", "/// See [`crate::ui`].");
    passes("chat.rs", "let x = 1; // as crate::ui does");
}

#[test]
fn an_upward_or_sideways_path_fails() {
    fails("chat.rs", "use crate::route::Policy;", "upward");
    fails("chat/id.rs", "use crate::text::Clean;", "sideways");
    fails("engine/client.rs", "    crate::worker::serve();", "sideways");
    fails("app/model.rs", "use crate::ui::View;", "upward");
    fails("runtime.rs", "pub(in crate::cli) fn f() {}", "upward");
    fails("ui.rs", "#[cfg(test)]\nmod tests {\n    use crate::cli::Args;\n}", "upward");
    fails("gguf.rs", "use edgewise::config::Settings;", "upward");
}

#[test]
fn a_path_that_hides_its_module_fails() {
    fails("ui.rs", "use crate::{chat, text};", "not one path a line");
    fails("ui.rs", "use crate::*;", "not one path a line");
    fails("ui.rs", "use crate::Widget;", "to no module");
    fails("ui.rs", "use crate as edge;", "another name");
}

#[test]
fn climbing_out_of_the_module_fails() {
    fails("chat.rs", "use super::route::Policy;", "leaves the module");
    fails("chat/id.rs", "use super::super::route::Policy;", "leaves the module");
    let nested = "#[cfg(test)]\nmod tests {\n    use super::super::route::Policy;\n}";
    fails("chat.rs", nested, "leaves the module");
    fails("chat.rs", "mod a {\n    use super::X;\n}\nuse super::route::Policy;", "leaves the");
    passes("chat.rs", "#[cfg(test)]\nmod tests {\n    use super::*;\n}");
    passes("chat/id.rs", "use super::fault::Fault;");
}

#[test]
fn what_a_module_never_names_fails() {
    for word in ["ratatui", "crossterm", "tokio"] {
        fails("app/update.rs", &format!("use {word}::Thing;"), word);
        passes("runtime/driver.rs", &format!("use {word}::Thing;"));
    }
    for word in ["reqwest", "rusqlite", "llama_cpp_2", "llama_cpp_sys_2"] {
        fails("app/update.rs", &format!("use {word}::Thing;"), word);
        fails("runtime/driver.rs", &format!("use {word}::Thing;"), word);
    }
    fails("chat/health.rs", "use serde::Serialize;", "serde");
    fails("route/machine.rs", "let now = std::time::Instant::now();", "Instant");
    fails("ui/screen.rs", "use crate::store::Row;", "crate::store");
    fails("worker/slots.rs", "use crate::net::Client;", "crate::net");
    fails("remote.rs", "use std::net::TcpStream;", "TcpStream");
    passes("worker/model.rs", "use llama_cpp_2::model::LlamaModel;");
    passes("net.rs", "use std::net::TcpStream;");
    passes("app/update.rs", "let tokio_like = 1;");
    passes("remote.rs", "#[cfg(test)]\nmod tests {\n    use std::net::TcpListener;\n}");
}

#[test]
fn unsafe_outside_ffi_fails() {
    for code in ["unsafe { f() }", "unsafe impl Send for X {}", "#![allow(unsafe_code)]"] {
        fails("worker/slots.rs", code, "unsafe");
        fails("worker/ffinder.rs", code, "unsafe");
        passes("worker/ffi/context.rs", code);
        passes("worker/ffi.rs", code);
    }
}

#[test]
fn a_shapeless_file_fails() {
    let bare = Source { path: "chat.rs".into(), text: "pub struct X;\n".into() };
    assert_eq!(check(&[bare]), ["src/chat.rs:1: no head comment that says what it owns"]);
    fails("helpers.rs", "", "stands on no floor");
    fails("chat.rs", &"\n".repeat(MAX_LINES - 1), "501 lines");
    passes("chat.rs", &"\n".repeat(MAX_LINES - 2));
    fails("main.rs", &"\n".repeat(MAX_MAIN_LINES - 1), "61 lines");
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}", "\n".repeat(MAX_LINES));
    passes("chat.rs", &tests);
    passes("chat/tests.rs", &"\n".repeat(MAX_LINES));
    let early = format!("#[cfg(test)]\nmod tests;\n{}", "\n".repeat(MAX_LINES));
    fails("chat.rs", &early, "lines, at most");
}

#[test]
fn a_module_off_the_table_fails() {
    let declare = |module: &str, floor: usize| format!("pub mod {module}; // {floor}: words\n");
    let all = FLOORS.iter().enumerate().flat_map(|(floor, modules)| {
        modules.iter().map(move |module| declare(module, floor)).collect::<Vec<_>>()
    });
    let all: String = all.collect();
    passes("lib.rs", &all);
    fails(
        "lib.rs",
        &format!("{all}pub mod helpers; // 3: odds and ends"),
        "`helpers` stands on no",
    );
    fails("lib.rs", &all.replace("mod ui; // 4", "mod ui; // 3"), "`ui` belongs to floor 4");
    fails("lib.rs", &all.replace(&declare("net", 2), ""), "`net` is not declared");
}
