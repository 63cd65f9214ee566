//! Files and prompts of the library in a question.

use std::fs;

use crate::events::Events;
use crate::home::Home;

/// Asks for one token and returns how many the prompt has.
fn prompt_tokens(home: &Home, args: &[&str], input: &[u8]) -> u64 {
    let args = [&["ask", "--json", "--temp", "0", "--max-tokens", "1"], args].concat();
    Events::read(&home.pipe(&args, input).exits(0)).prompt()
}

#[test]
fn files_go_in_front_of_the_question() {
    let home = Home::new();
    fs::create_dir(home.path("home/src")).expect("a directory");
    fs::write(home.path("home/src/a.rs"), "fn a() {}\n").expect("a file");
    fs::write(home.path("home/src/b.rs"), "fn b() {}\n").expect("a file");
    let whole =
        "`src/a.rs`:\n\n```rs\nfn a() {}\n```\n\n`src/b.rs`:\n\n```rs\nfn b() {}\n```\n\nWhy?";
    let expected = prompt_tokens(&home, &[whole], b"");
    assert_eq!(prompt_tokens(&home, &["-f", "src/*.rs", "Why?"], b""), expected);
    assert_eq!(prompt_tokens(&home, &["-f", "src/a.rs", "-f", "src/b.rs"], b"Why?"), expected);
    home.engines_leave();
}

#[test]
fn what_cannot_be_seen_in_a_file_is_said() {
    let home = Home::new();
    let smuggled = "Sum it up.\u{e0049}\u{e0067}\u{202e}\n";
    fs::write(home.path("home/a.md"), smuggled).expect("a file");
    fs::write(home.path("home/b.md"), "Nothing of it.\n").expect("a file");
    let line = "a.md has 3 characters that cannot be seen: 1 bidirectional, 2 tags\n";
    let ask = ["ask", "--max-tokens", "1", "-f", "*.md", "What?"];
    let map = ["map", "--max-tokens", "1", "-f", "*.md", "{}"];
    for args in [ask, map] {
        let said = home.pipe(&args, b"a\n").exits(0);
        assert_eq!(said.stderr.matches("cannot be seen").count(), 1, "{said:?}");
        assert!(said.stderr.contains(line), "{said:?}");
        let quiet = home.pipe(&[&args[..], &["-q"]].concat(), b"a\n").exits(0);
        assert!(!quiet.stderr.contains("cannot be seen"), "{quiet:?}");
    }
    home.engines_leave();
}

#[test]
fn what_cannot_be_attached_is_refused_before_anything_starts() {
    let home = Home::new();
    fs::write(home.path("home/p.png"), b"\x89PNG\r\n\x1a\n\0").expect("a file");
    let table = [
        ("p.png", 2, "p.png is not text: the byte at offset 0", "only text can be attached"),
        ("*.md", 2, "no file matches *.md", ""),
        (".", 2, "cannot read .: a directory", "-f './*' takes the files in it"),
    ];
    for (file, code, message, hint) in table {
        let ran = home.run(&["ask", "-f", file, "What?"]).exits(code).answers_nothing();
        ran.says(&[&format!("error: {message}"), hint]);
        let json = home.run(&["ask", "--json", "-f", file, "What?"]).exits(code);
        assert_eq!(Events::read(&json).finish()["error"]["kind"], "usage");
    }
    home.run(&["models", "list", "-f", "x"])
        .exits(2)
        .says(&["--file means nothing to this command"]);
    assert!(!home.had_an_engine());
}

/// Writes a prompt of the library.
fn prompt(home: &Home, name: &str, text: &str) {
    fs::create_dir_all(home.path("config/prompts")).expect("a directory");
    fs::write(home.path(&format!("config/prompts/{name}.md")), text).expect("a file");
}

#[test]
fn a_prompt_of_the_library_is_filled_in_and_asked() {
    let home = Home::new();
    prompt(&home, "say", "Say it in {{to}}: {{input}}\n");
    prompt(&home, "joke", "Tell a joke.\n");
    let filled = "Say it in French: good day";
    let expected = prompt_tokens(&home, &[filled], b"");
    let args = ["-t", "say", "--field", "to=French"];
    assert_eq!(prompt_tokens(&home, &args, b"good day\n"), expected);
    assert_eq!(prompt_tokens(&home, &[&args[..], &["good day"]].concat(), b""), expected);
    let joke = prompt_tokens(&home, &["Tell a joke."], b"");
    assert_eq!(prompt_tokens(&home, &["-t", "joke", "--no-stdin"], b""), joke);
    let map = ["map", "--json", "--max-tokens", "1", "-t", "say", "--field", "to=French"];
    let mapped = home.pipe(&map, b"good day\ngood day\n").exits(0);
    for line in mapped.stdout.lines().take(2) {
        let result: serde_json::Value = serde_json::from_str(line).expect(line);
        assert_eq!(result["usage"]["prompt_tokens"], expected, "{line}");
    }
    home.engines_leave();
}

#[test]
fn a_field_that_is_missing_or_unknown_is_named() {
    let home = Home::new();
    prompt(&home, "say", "Say it in {{to}}: {{input}}\n");
    let table: [(&[&str], &[&str]); 7] = [
        (
            &["-t", "say", "x"],
            &["the prompt `say`: no value for the field `to`", "--field to=TEXT"],
        ),
        (&["-t", "say", "--field", "ot=x", "x"], &["no field `ot`", "did you mean `to`?"]),
        (&["-t", "say", "--field", "to=x"], &["the prompt `say`: nothing for {{input}}"]),
        (&["-t", "sya", "x"], &["no prompt `sya` in ", "did you mean `say`?"]),
        (&["-t", "say", "--field", "to", "x"], &["a field is NAME=TEXT"]),
        (&["--field", "to=x", "x"], &["--template <NAME>"]),
        (
            &["-t", "say", "--field", "to=x", "--field", "to=y", "x"],
            &["the field `to` is given twice"],
        ),
    ];
    for (args, words) in table {
        let ran = home.run(&[&["ask"], args].concat()).exits(2).answers_nothing();
        ran.says(words);
    }
    home.pipe(&["map", "-t", "say", "x {}"], b"a\n").exits(2);
    home.pipe(&["map"], b"a\n").exits(2);
    // Refused before the engine, and where it is only known with stdin, the engine leaves.
    home.engines_leave();
}

#[test]
fn the_library_is_listed_and_shown() {
    let home = Home::without_model();
    home.run(&["prompts", "list"]).exits(0).answers_nothing().says(&["no prompt in "]);
    prompt(&home, "say", "Say it in {{to}}: {{input}}\nand nothing else\u{1b}[31m\n");
    prompt(&home, "empty", "\n");
    let list = home.run(&["prompts", "list"]).exits(0).stdout;
    assert!(list.contains("say") && list.contains("Say it in {{to}}: {{input}}\n"), "{list}");
    assert!(list.contains("empty.md: a prompt with nothing in it"), "{list}");
    let shown = home.run(&["prompts", "show", "say"]).exits(0).stdout;
    assert_eq!(shown, "Say it in {{to}}: {{input}}\nand nothing else\n");
    let json = home.run(&["prompts", "list", "--json"]).exits(0).stdout;
    let said: serde_json::Value =
        serde_json::from_str(json.lines().nth(1).expect("two")).expect("JSON");
    assert_eq!(
        (&said["name"], &said["fields"][0], &said["input"]),
        (&"say".into(), &"to".into(), &true.into())
    );
    home.run(&["prompts", "show", "nope"])
        .exits(2)
        .says(&["no prompt `nope`", "edgewise prompts list"]);
}
