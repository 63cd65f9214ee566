//! The words of the interface: the sources and `assets/words/en.ftl` agree, and what the chat shows
//! is not written anywhere else. Pure functions over texts, as the rest of this test.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use super::Source;
use super::after_word;
use super::read;

/// Where the chat's words would be written, if not in the resource.
const SHOWN: [&str; 6] =
    ["ui/", "app/", "runtime/chat", "runtime/outside", "cli/chat.rs", "cli/first_run.rs"];

/// Literals of several words that are no words of the interface: what is said to a model.
const TO_A_MODEL: [&str; 3] =
    ["You sum conversations up.", "Sum this conversation up", "Summary of the conversation"];

/// What stands before a literal that nobody sees but a developer, or that belongs to an error.
const ERRORS: [&str; 8] = [
    ".expect(",
    "reason =",
    "Fault::new(",
    "fault(",
    ".hint(",
    "let hint = format!(",
    "let message = format!(",
    "debug_assert!(",
];

/// What shows a literal as it stands.
const SHOWS: [&str; 4] = ["Shown::literal(", "Clean::from_static(", "Notice::info(", "heading("];

/// The messages of a resource with the arguments that they name.
fn messages(resource: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut id = String::new();
    for line in resource.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            line.split(' ').next().unwrap_or_default().clone_into(&mut id);
            messages.insert(id.clone(), BTreeSet::new());
        }
        let Some(arguments) = messages.get_mut(&id) else { continue };
        let named = line.split("{ $").skip(1).map(super::identifier);
        arguments.extend(named.map(str::to_owned));
    }
    messages
}

/// The code of a file without its tests and comments, on one line number each.
fn code(source: &Source) -> String {
    let length = source.length();
    let mut text = String::new();
    for (number, code) in source.code().take_while(|(number, _)| *number <= length) {
        while text.matches('\n').count() + 1 < number {
            text.push('\n');
        }
        text.push_str(code);
    }
    text
}

/// A literal: where it begins and what is between its quotes.
fn literals(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut open = None;
    let mut escaped = false;
    for (at, c) in code.char_indices() {
        match (open, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(start), '"') => {
                found.push((start, &code[start..at]));
                open = None;
            }
            (None, '"') if !code[..at].ends_with('\'') => open = Some(at + 1),
            _ => {}
        }
    }
    found
}

/// The arguments of the call that begins behind its bracket: the literal, then the names.
fn call(rest: &str) -> (String, BTreeSet<String>) {
    let (mut depth, mut inside, mut escaped) = (0_usize, false, false);
    let mut parts = vec![String::new()];
    for c in rest.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ if inside => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => break,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("there is one").push(c);
    }
    let names = parts[1..].iter().filter_map(|part| part.split_once(" = "));
    let names = names.map(|(name, _)| name.trim().to_owned()).collect();
    (parts[0].trim().trim_matches('"').to_owned(), names)
}

/// What the sources and the resource do not agree on, and words that are in no resource.
fn check(sources: &[Source], resource: &str) -> Vec<String> {
    let known = messages(resource);
    let mut used = BTreeSet::new();
    let mut faults = Vec::new();
    for source in sources.iter().filter(|source| !source.is_tests() && !in_tests(source)) {
        let code = code(source);
        let line = |at: usize| code[..at].matches('\n').count() + 1;
        let at = |rest: &str| line(code.len() - rest.len());
        for rest in after_word(&code, "say").filter_map(|rest| rest.strip_prefix("!(")) {
            let (id, given) = call(rest);
            match known.get(&id) {
                None if id.starts_with('$') => {}
                None => faults.push(source.fault(at(rest), &format!("no message `{id}`"))),
                Some(named) if *named != given => {
                    let told = format!("`{id}` names {named:?} and is given {given:?}");
                    faults.push(source.fault(at(rest), &told));
                }
                Some(_) => {}
            }
        }
        for rest in after_word(&code, "word").filter_map(|rest| rest.strip_prefix("(\"")) {
            let id = rest.split('"').next().unwrap_or_default();
            match known.get(id) {
                None => faults.push(source.fault(at(rest), &format!("no message `{id}`"))),
                Some(named) if !named.is_empty() => {
                    faults.push(source.fault(at(rest), &format!("`{id}` needs {named:?}")));
                }
                Some(_) => {}
            }
        }
        for (start, literal) in literals(&code) {
            if known.contains_key(literal) {
                used.insert(literal.to_owned());
            } else if SHOWN.iter().any(|place| source.path.starts_with(place))
                && is_said(&code[..start - 1], literal)
            {
                let told = format!("\"{literal}\" is not in assets/words/en.ftl");
                faults.push(source.fault(line(start), &told));
            }
        }
    }
    let unused = known.keys().filter(|id| !used.contains(*id));
    faults.extend(unused.map(|id| format!("assets/words/en.ftl: `{id}` is not used")));
    faults
}

/// Whether the file stands in a directory of tests.
fn in_tests(source: &Source) -> bool {
    source.path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

/// Whether a literal is something that the interface says: words with a blank between them, or
/// letters that are shown as they stand.
fn is_said(before: &str, literal: &str) -> bool {
    let before = before.trim_end();
    let is_word = |word: &str| {
        word.len() > 1 && word.chars().all(|c| c.is_ascii_alphabetic() || "'.,;?!".contains(c))
    };
    // Two blanks stand between the names of keys.
    let words: Vec<&str> = literal.split(' ').collect();
    let sentence = words.windows(2).any(|pair| is_word(pair[0]) && is_word(pair[1]));
    let figure = before.rsplit_once("figure(").is_some_and(|(_, rank)| rank.len() == 2);
    let shown = figure || SHOWS.iter().any(|call| before.ends_with(call));
    let shown = shown && literal.split_whitespace().any(is_word);
    let statement = before.rsplit([';', '{', '}']).next().unwrap_or_default();
    let exempt = ERRORS.iter().any(|call| before.ends_with(call))
        || ["ConfigError::", "Fault::new(", "Error::other("]
            .iter()
            .any(|it| statement.contains(it))
        || TO_A_MODEL.iter().any(|beginning| literal.starts_with(beginning));
    (sentence || shown) && !exempt
}

#[test]
fn the_words_of_the_interface_are_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    read(&root.join("src"), "", &mut sources);
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let resource = std::fs::read_to_string(root.join("assets/words/en.ftl")).expect("it is there");
    assert!(messages(&resource).len() > 200, "the messages were not found");
    let faults = check(&sources, &resource);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_does_not_agree_is_told() {
    let resource = "# a comment { $no }\nready = ready\nmany =\n    { $count ->\n       *[other] { $count } of { $all }\n    }\n";
    let faults = |code: &str| {
        let text = format!("//! Head.\n{code}\n");
        check(&[Source { path: "ui/a.rs".into(), text }], resource)
    };
    let all = "word(\"ready\"); say!(\n    \"many\",\n    count = f(a, \")\"),\n    all = b,\n);";
    assert_eq!(faults(all), Vec::<String>::new());
    let tests = format!("{all}\n#[cfg(test)]\nmod tests {{\n    word(\"none\");\n}}");
    assert_eq!(faults(&tests), Vec::<String>::new());
    let one = |code: &str, what: &str| {
        let faults = faults(&format!("{all}\n{code}"));
        assert_eq!(faults.len(), 1, "{code}: {faults:?}");
        assert!(faults[0].starts_with("src/ui/a.rs:7: ") && faults[0].contains(what), "{faults:?}");
    };
    one("word(\"steady\");", "no message `steady`");
    one("word(\"many\");", "`many` needs");
    one("say!(\"many\", count = 1);", "is given {\"count\"}");
    one("say!(\"few\", count = 1);", "no message `few`");
    one("let a = \"two words\";", "is not in");
    one("Shown::literal(\"ready.\");", "is not in");
    one("figure(1, \"steady\");", "is not in");
    assert_eq!(faults("word(\"ready\");"), ["assets/words/en.ftl: `many` is not used"]);
}
