//! Themes, keys and words out of the user's files: what cannot be used is said, and the chat opens with
//! what is built in.

use std::path::Path;

use crate::app::Keymap;
use crate::config::AUTO_LANGUAGE;
use crate::config::AUTO_THEME;
use crate::config::Env;
use crate::config::nearest;
use crate::config::read_keys;
use crate::config::read_small;
use crate::theme::Depth;
use crate::theme::Theme;
use crate::words;
use crate::words::Words;

/// The user's themes, within the directory of the configuration.
const THEMES: &str = "themes";
/// The words of other languages, there.
const WORDS: &str = "words";
/// The user's keys, there.
const KEYS: &str = "keys.toml";
/// Where the environment says which language the user reads, the strongest first.
const LOCALES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The colours of the chat.
#[derive(Debug)]
pub(super) struct Look {
    /// Every theme by name.
    pub(super) themes: Vec<(String, Theme)>,
    /// The one to begin with.
    pub(super) theme: Theme,
    /// Whether it follows the terminal's ground.
    pub(super) follows_ground: bool,
    /// What is wrong with the user's themes, a line each.
    pub(super) complaints: Vec<String>,
}

/// Finds the theme `name` among the built-in ones and those in `config`, at the terminal's `depth`.
pub(super) fn look(name: &str, config: &Path, depth: Depth, env: &Env) -> Look {
    let mut themes: Vec<(String, Theme)> =
        Theme::names().filter_map(|name| Some((name.to_owned(), Theme::named(name)?))).collect();
    let mut complaints = Vec::new();
    for (name, read) in user_themes(&config.join(THEMES)) {
        match read {
            Ok(theme) => {
                themes.retain(|(known, _)| *known != name);
                themes.push((name, theme));
            }
            Err(complaint) => complaints.push(complaint),
        }
    }
    let follows_ground = name == AUTO_THEME && depth != Depth::None;
    let wanted = if name == AUTO_THEME { ground(env) } else { name };
    let found = themes.iter().find(|(known, _)| known == wanted).map(|(_, theme)| theme.clone());
    let broken = complaints.iter().any(|line| line.contains(&format!("/{wanted}.toml:")));
    if found.is_none() && !broken {
        let near = nearest(wanted, themes.iter().map(|(known, _)| known.as_str()));
        let near = near.map(|near| format!(" · did you mean {near}?")).unwrap_or_default();
        complaints.push(format!("no theme `{wanted}`{near}"));
    }
    let theme = found.or_else(|| Theme::named("dark")).unwrap_or_else(Theme::plain).at(depth);
    let themes = themes.into_iter().map(|(name, theme)| (name, theme.at(depth))).collect();
    Look { themes, theme, follows_ground, complaints }
}

/// Returns the keys of the user's file, or the built-in ones and what is wrong with the file.
pub(super) fn keys(config: &Path) -> (Keymap, Option<String>) {
    match read_keys(&config.join(KEYS)).and_then(|lines| Keymap::with(&lines)) {
        Ok(keymap) => (keymap, None),
        Err(error) => {
            let hint = error.hint.as_ref().map(|hint| format!(" · {hint}")).unwrap_or_default();
            (Keymap::default(), Some(format!("{error}{hint}")))
        }
    }
}

/// Takes the language that is `wanted`, or the environment's, if the user has a file of it; returns
/// what is wrong with that file, or that there is none of a language that was asked for.
pub(super) fn language(wanted: &str, config: &Path, env: &Env) -> Option<String> {
    let (words, complaint) = words_of(wanted, config, env);
    if let Some(words) = words {
        words::choose(words);
    }
    complaint
}

fn words_of(wanted: &str, config: &Path, env: &Env) -> (Option<Words>, Option<String>) {
    let locale = || LOCALES.iter().find_map(|name| env.get(name)).and_then(|value| value.to_str());
    let asked = if wanted == AUTO_LANGUAGE { None } else { Some(wanted) };
    let tags = words::candidates(asked.or_else(locale).unwrap_or_default());
    let directory = config.join(WORDS);
    for tag in &tags {
        let path = directory.join(format!("{tag}.ftl"));
        match read_small(&path) {
            Ok(None) => {}
            Ok(Some(text)) => match Words::read(tag, &text) {
                Ok(words) => return (Some(words), None),
                Err(broken) => return (None, Some(format!("{}:{broken}", path.display()))),
            },
            Err(error) => return (None, Some(error.to_string())),
        }
    }
    let english = tags.iter().any(|tag| tag.language.as_str() == "en");
    let missing = asked.filter(|_| !english).map(|asked| {
        format!("no words in `{asked}`: there is no {}", directory.join(asked).display()) + ".ftl"
    });
    (None, missing)
}

/// Guesses the ground where a terminal says it in its environment (`COLORFGBG`, ink;ground).
fn ground(env: &Env) -> &'static str {
    let says = env.get("COLORFGBG").and_then(|value| value.to_str()).unwrap_or_default();
    match says.rsplit(';').next() {
        Some("7" | "15") => "light",
        _ => "dark",
    }
}

/// Reads the themes of a directory in the order of their names.
fn user_themes(directory: &Path) -> Vec<(String, Result<Theme, String>)> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    paths.sort();
    let read = paths.into_iter().filter_map(|path| {
        let name = path.file_stem()?.to_str()?.to_owned();
        let theme = match read_small(&path) {
            Ok(text) => Theme::parse(&text.unwrap_or_default())
                .map_err(|error| format!("{}:{error}", path.display())),
            Err(error) => Err(error.to_string()),
        };
        Some((name, theme))
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_broken_theme_is_named_and_the_chat_has_another() {
        let dir = tempfile::tempdir().expect("a directory");
        let themes = dir.path().join("themes");
        fs::create_dir(&themes).expect("a directory");
        let mine = include_str!("../../themes/light.toml");
        fs::write(themes.join("mine.toml"), mine).expect("a file");
        let bad = mine.replace("warn ", "wran ");
        fs::write(themes.join("bad.toml"), bad).expect("a file");
        let look = |name: &str| look(name, dir.path(), Depth::True, &Env::default());
        let good = look("mine");
        assert_eq!(good.theme, Theme::named("light").expect("built in"));
        assert!(good.themes.iter().any(|(name, _)| name == "mine"));
        assert_eq!(good.complaints.len(), 1);
        let line = mine.lines().position(|line| line.starts_with("warn")).expect("a line") + 1;
        let words =
            format!("bad.toml:{line}: unknown key `wran` in the theme, the nearest is `warn`");
        assert!(good.complaints[0].ends_with(&words), "{:?}", good.complaints);
        let bad = look("bad");
        assert_eq!((bad.theme, bad.complaints.len()), (Theme::named("dark").expect("built in"), 1));
        let none = look("drak").complaints;
        assert_eq!(none[1], "no theme `drak` · did you mean dark?");
    }

    #[test]
    fn the_language_is_the_users_and_a_broken_file_is_named_with_its_line() {
        let dir = tempfile::tempdir().expect("a directory");
        let words = dir.path().join("words");
        fs::create_dir(&words).expect("a directory");
        fs::write(words.join("de.ftl"), "quit = Beenden?\n").expect("a file");
        fs::write(words.join("fr.ftl"), "quit = Quitter ?\n\nquit-keys = { $n\n").expect("a file");
        let of = |wanted: &str, says: &[(&str, &str)]| {
            let (words, complaint) =
                words_of(wanted, dir.path(), &Env::from_pairs(says.iter().copied()));
            (words.is_some(), complaint.unwrap_or_default())
        };
        assert_eq!(of("de", &[]), (true, String::new()));
        assert_eq!(of("de-AT", &[]), (true, String::new()));
        assert_eq!(of("auto", &[("LANG", "de_CH.UTF-8")]), (true, String::new()));
        assert_eq!(of("auto", &[("LC_ALL", "C"), ("LANG", "de")]), (false, String::new()));
        assert_eq!(of("auto", &[("LANG", "ja_JP.UTF-8")]), (false, String::new()));
        assert_eq!(of("en-GB", &[]), (false, String::new()));
        let (found, complaint) = of("fr", &[]);
        assert!(!found && complaint.contains("words/fr.ftl:3: expected"), "{complaint}");
        let (found, complaint) = of("ja", &[]);
        assert!(!found && complaint.starts_with("no words in `ja`: "), "{complaint}");
        fs::write(words.join("it.ftl"), "#".repeat(300 << 10)).expect("a file");
        assert!(of("it", &[]).1.ends_with("it is longer than 256 KiB"));
    }

    #[test]
    fn the_ground_decides_where_nothing_else_does() {
        let dir = tempfile::tempdir().expect("a directory");
        let look = |name, depth, says: &str| {
            look(name, dir.path(), depth, &Env::from_pairs([("COLORFGBG", says)]))
        };
        let light = Theme::named("light").expect("built in");
        let found = look("auto", Depth::True, "0;15");
        assert!(found.follows_ground && found.theme == light && found.complaints.is_empty());
        assert!(look("auto", Depth::True, "15;0").theme != light);
        assert!(!look("dark", Depth::True, "0;15").follows_ground);
        assert!(!look("auto", Depth::None, "").follows_ground);
    }

    #[test]
    fn a_broken_keymap_is_named_and_the_chat_has_the_built_in_one() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(keys(dir.path()), (Keymap::default(), None));
        fs::write(dir.path().join("keys.toml"), "[keys]\nhelp = \"ctrl-c\"\n").expect("a file");
        let (keymap, complaint) = keys(dir.path());
        assert_eq!(keymap, Keymap::default());
        let complaint = complaint.expect("a complaint");
        let words = "keys.toml:2:1: `ctrl-c` is `help` and `interrupt` · give `interrupt`";
        assert!(complaint.contains(words), "{complaint}");
        fs::write(dir.path().join("keys.toml"), "[keys]\nhelp = \"f5\"\n").expect("a file");
        let (keymap, complaint) = keys(dir.path());
        assert!(keymap != Keymap::default() && complaint.is_none());
    }
}
