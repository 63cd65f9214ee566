//! The library of prompts: `prompts/NAME.md` in the configuration directory.

use std::fs::File;
use std::io;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use crate::config::ConfigError;
use crate::config::Paths;
use crate::config::nearest;
use crate::prompt::Form;
use crate::text::Clean;

/// The largest prompt: far more than a person writes.
const BYTES_MAX: u64 = 256 * 1024;

/// More than a library has.
const PROMPTS_MAX: usize = 1000;

/// A prompt of the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedPrompt {
    /// The name by which it is asked for: the file's, without `.md`.
    pub name: String,
    /// The file.
    pub file: PathBuf,
    /// What it says, or why it cannot be read.
    pub form: Result<Form, ConfigError>,
    /// Its text as it is in the file; empty where it cannot be read.
    pub text: String,
}

impl SavedPrompt {
    fn read(name: String, file: PathBuf) -> Self {
        let error =
            |what: &dyn std::fmt::Display| ConfigError::new(format!("{}: {what}", file.display()));
        let read = text(&file).map_err(|what| error(&what)).and_then(|text| {
            let form = Form::parse(&text);
            if form.is_empty() {
                Err(error(&"a prompt with nothing in it"))
            } else {
                Ok((form, text))
            }
        });
        let (form, text) = match read {
            Ok((form, text)) => (Ok(form), text),
            Err(error) => (Err(error), String::new()),
        };
        Self { name, file, form, text }
    }
}

/// Lists the prompts by name. A file whose name no call could give is left out; one that cannot be
/// read says why.
pub fn prompts(paths: &Paths) -> Vec<SavedPrompt> {
    let Ok(entries) = std::fs::read_dir(paths.prompts_dir()) else { return Vec::new() };
    let files = entries.flatten().map(|entry| entry.path()).take(PROMPTS_MAX);
    let named = files.filter_map(|file| Some((name(&file)?, file)));
    let mut prompts: Vec<_> = named.map(|(name, file)| SavedPrompt::read(name, file)).collect();
    prompts.sort_by(|a, b| a.name.cmp(&b.name));
    prompts
}

/// Finds a prompt by its name.
///
/// # Errors
/// There is none of that name, or it cannot be read.
pub fn prompt(paths: &Paths, name: &str) -> Result<Form, ConfigError> {
    let all = prompts(paths);
    if let Some(found) = all.iter().find(|prompt| prompt.name == name) {
        return found.form.clone();
    }
    let directory = paths.prompts_dir();
    let name = Clean::one_line(name, 80);
    let error = ConfigError::new(format!("no prompt `{name}` in {}", directory.display()));
    let near = nearest(name.as_str(), all.iter().map(|prompt| prompt.name.as_str()));
    Err(match near {
        Some(_) => error.did_you_mean(near),
        None => error.hint("edgewise prompts list"),
    })
}

/// Returns the name that a file has in the library, if it has one.
fn name(file: &Path) -> Option<String> {
    let is_prompt = file.extension().is_some_and(|ending| ending == "md");
    let name = file.file_stem().filter(|_| is_prompt)?.to_str()?;
    let plain = !name.starts_with(['.', '-']) && !name.contains(char::is_whitespace);
    (plain && Clean::new(name).as_str() == name).then(|| name.to_owned())
}

fn text(file: &Path) -> io::Result<String> {
    // Looked at before it is opened: opening a named pipe would wait for a writer.
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut text = String::new();
    File::open(file)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(io::Error::other(format!("longer than {} KiB", BYTES_MAX / 1024)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_can_be_asked() {
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let paths = Paths { config: assets, ..Paths::default() };
        let all = prompts(&paths);
        let names: Vec<_> = all.iter().map(|prompt| prompt.name.as_str()).collect();
        assert_eq!(names, ["commit", "review", "translate"]);
        assert!(all.iter().all(|prompt| prompt.form.is_ok()), "{all:?}");
    }

    #[test]
    fn the_library_has_what_can_be_asked_for_and_says_what_is_wrong() {
        let home = tempfile::tempdir().expect("a directory");
        let paths = Paths { config: home.path().to_owned(), ..Paths::default() };
        assert_eq!(prompts(&paths), []);
        let directory = paths.prompts_dir();
        std::fs::create_dir_all(directory.join("dir.md")).expect("a directory");
        for (name, text) in [
            ("review.md", &b"Review for {{what}}: {{input}}"[..]),
            ("empty.md", b" \n"),
            ("latin.md", b"gr\xfcn"),
            (".hidden.md", b"x"),
            ("two words.md", b"x"),
            ("notes.txt", b"x"),
        ] {
            std::fs::write(directory.join(name), text).expect("a file");
        }
        std::fs::write(directory.join("long.md"), " ".repeat(300 * 1024)).expect("a file");
        let names: Vec<_> = prompts(&paths).into_iter().map(|prompt| prompt.name).collect();
        assert_eq!(names, ["dir", "empty", "latin", "long", "review"]);
        let form = prompt(&paths, "review").expect("a prompt");
        assert_eq!((form.fields(), form.takes_input()), (vec!["what"], true));
        let refused = |name: &str| prompt(&paths, name).expect_err(name);
        assert!(refused("empty").message.ends_with("empty.md: a prompt with nothing in it"));
        assert!(refused("dir").message.ends_with("dir.md: not a file"));
        assert!(refused("long").message.ends_with("long.md: longer than 256 KiB"));
        assert!(refused("latin").message.contains("latin.md: "));
        assert_eq!(refused("reveiw").hint.as_deref(), Some("did you mean `review`?"));
        assert_eq!(refused("../x").hint.as_deref(), Some("edgewise prompts list"));
    }
}
