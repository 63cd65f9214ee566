//! `CommonMark`'s own examples, from the parser's package, through the renderer.

use std::process::Command;

use crate::text::Clean;
use crate::ui::Stats;
use crate::ui::rich::Rich;

/// Examples whose text is another one here, and why.
const OTHERWISE: [(usize, &str); 2] = [
    (534, "a reference that is defined behind it is shown as it was written, and emphasis in it"),
    (535, "the same"),
];

/// One example: its number, the Markdown, and the HTML that it is.
struct Example {
    number: usize,
    markdown: String,
    html: String,
}

/// Reads the examples out of the package of the parser that is locked.
fn examples() -> Vec<Example> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let metadata: serde_json::Value =
        serde_json::from_slice(&metadata.stdout).expect("cargo tells where packages are");
    let packages = metadata["packages"].as_array().expect("packages");
    let parser = packages.iter().find(|package| package["name"] == "pulldown-cmark");
    let manifest = parser.expect("the parser")["manifest_path"].as_str().expect("a path");
    let path = std::path::Path::new(manifest).with_file_name("tests/suite/spec.rs");
    // The view reads no files, not even here.
    let text = Command::new("cat").arg(path).output().expect("it runs").stdout;
    let text = String::from_utf8(text).expect("the package has the examples");
    let quoted = |part: &str, name: &str| {
        let (_, rest) = part.split_once(&format!("let {name} = r##\"")).expect(name);
        rest.split_once("\"##;").expect("an end").0.to_owned()
    };
    let parts = text.split("fn spec_test_").skip(1);
    let example = |part: &str| Example {
        number: part.split('(').next().and_then(|number| number.parse().ok()).expect("a number"),
        markdown: quoted(part, "original"),
        html: quoted(part, "expected"),
    };
    parts.map(example).collect()
}

/// Returns the text of HTML without blanks: what stands between tags, and what stands for pictures.
fn content(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let tag_end = rest[at..].find('>').map_or(rest.len(), |end| at + end + 1);
        let tag = &rest[at..tag_end];
        if let Some((_, alt)) = tag.split_once("alt=\"").filter(|_| tag.starts_with("<img")) {
            text.push_str(alt.split('"').next().unwrap_or_default());
        }
        rest = &rest[tag_end..];
    }
    text.push_str(rest);
    let decoded = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    for (entity, character) in decoded {
        text = text.replace(entity, character);
    }
    // What cannot be seen is said or left out here.
    text.chars().filter(|c| !c.is_whitespace() && !c.is_control() && *c != '\u{a0}').collect()
}

/// Returns the text of the rows that it is drawn as, without blanks.
fn drawn(markdown: &str, width: usize) -> String {
    let mut rich = Rich::default();
    rich.extend(&Clean::new(markdown), width, &mut Stats::default());
    let pieces = rich.rows().iter().flatten();
    let text: String = pieces.map(|piece| piece.text.as_str()).collect();
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Returns whether all of `wanted` is in `found` in its order; marks of ours may stand between.
fn is_in(wanted: &str, found: &str) -> bool {
    let mut found = found.chars();
    wanted.chars().all(|c| found.any(|it| it == c))
}

#[test]
fn every_example_is_drawn_with_its_text() {
    let examples = examples();
    assert!(examples.len() >= 649, "{} examples", examples.len());
    let mut wrong = Vec::new();
    for Example { number, markdown, html } in &examples {
        for width in [80, 20, 3] {
            let found = drawn(markdown, width);
            let known = OTHERWISE.iter().any(|(other, _)| other == number);
            if !known && !is_in(&content(html), &found) {
                wrong.push(format!("{number} at {width}: {:?} not in {found:?}", content(html)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are drawn otherwise:\n{}", wrong.len(), wrong.join("\n"));
}
