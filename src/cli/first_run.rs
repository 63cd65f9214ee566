//! The first start: a model that is here or is fetched, and a theme. Asked in lines, before the chat
//! takes the terminal; Enter takes what is proposed, and everything can be skipped.

use std::io;
use std::io::BufRead;
use std::io::IsTerminal as _;
use std::io::Write;

use crate::chat::Fault;
use crate::cli::args::Cli;
use crate::cli::models;
use crate::config;
use crate::config::AUTO_THEME;
use crate::config::DEFAULT_MODEL;
use crate::config::Env;
use crate::config::Paths;
use crate::models as stock;
use crate::models::CatalogueEntry;
use crate::models::Keeper;
use crate::models::ModelError;
use crate::text;
use crate::text::Clean;
use crate::theme::Theme;

/// The longest name, in graphemes.
const NAME_MAX: usize = 48;

/// A model to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Offer {
    name: String,
    /// Where it is or comes from, and how large it is.
    about: String,
    /// It has to be fetched first.
    fetched: bool,
}

/// Asks for a model and a theme where nothing is set up, and writes them down.
///
/// # Errors
/// The model cannot be fetched, or the configuration cannot be written.
pub(super) fn offer(cli: &Cli, env: &Env) -> Result<(), Fault> {
    let paths = Paths::resolve(env)?;
    let asked = cli.common.model.is_some() || cli.common.profile.is_some();
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let missing = || matches!(stock::find(DEFAULT_MODEL, &paths), Err(ModelError::Missing { .. }));
    if asked || !terminal || paths.config_file().exists() || !missing() {
        return Ok(());
    }
    let offers = offers(&paths);
    let (input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let chosen = dialogue(&offers, input, &mut output);
    drop(output);
    let Some((offer, theme)) =
        chosen.map_err(|error| Fault::new(format!("the terminal: {error}")))?
    else {
        return Ok(());
    };
    if offer.fetched {
        models::fetch(cli, &paths, env, &offer.name)?;
    }
    let file = paths.config_file();
    let name = file.display().to_string();
    let with_theme = config::change(&name, "", "theme", &theme)?;
    let model = toml_text(&offer.name);
    let text = config::change(&name, &with_theme, "profiles.default.model", &model)?;
    let cannot = |error: io::Error| Fault::new(format!("cannot write {name}: {error}"));
    config::replace(&file, text.as_bytes()).map_err(cannot)
}

/// Returns the models that are here, the smallest first, and those that can be fetched.
fn offers(paths: &Paths) -> Vec<Offer> {
    let mut here = stock::stock(paths);
    here.sort_by_key(|model| model.bytes);
    let here = here.into_iter().map(|model| {
        let whose = if model.keeper == Keeper::Own { "here" } else { model.keeper.name() };
        let file = stock::inspect(&model, &model.name).ok();
        let speed = file.and_then(|file| stock::speed(paths, &file));
        let speed = speed.map(|speed| format!(", {} tok/s", text::tokens_per_second(speed)));
        let about = format!("{}, {whose}{}", text::bytes(model.bytes), speed.unwrap_or_default());
        Offer { name: model.name, about, fetched: false }
    });
    here.chain(fetchable()).collect()
}

/// Returns the models that can be fetched; first those whose size and hash are known beforehand, so
/// that the one which is proposed is told with its size.
fn fetchable() -> Vec<Offer> {
    let entries = stock::catalogue().iter().filter(|entry| entry.repository.is_some());
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|entry| entry.bytes.is_none() || entry.sha256.is_none());
    let offer = |entry: &CatalogueEntry| {
        let size = entry.bytes.map_or("the hub tells its size".to_owned(), text::bytes);
        let about = format!("to fetch, {size}, {}", entry.licence);
        Offer { name: entry.name.clone(), about, fetched: true }
    };
    entries.into_iter().map(offer).collect()
}

/// Asks which model and which theme; `None` where it was skipped.
fn dialogue(
    offers: &[Offer],
    mut input: impl BufRead,
    output: &mut impl Write,
) -> io::Result<Option<(Offer, String)>> {
    writeln!(output, "No model is set up yet. These are there:\n")?;
    let names: Vec<Clean> =
        offers.iter().map(|offer| Clean::one_line(&offer.name, NAME_MAX)).collect();
    let width = names.iter().map(|name| text::width(name.as_str())).max().unwrap_or(0);
    for ((number, offer), name) in (1..).zip(offers).zip(&names) {
        let blank = " ".repeat(width - text::width(name.as_str()));
        writeln!(output, "  {number:>2}  {name}{blank}  {}", offer.about)?;
    }
    let names: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
    let Some(model) = choose("model", &names, &mut input, output)? else { return Ok(None) };
    let themes: Vec<&str> = std::iter::once(AUTO_THEME).chain(Theme::names()).collect();
    writeln!(
        output,
        "\nThemes ({AUTO_THEME} follows the terminal's ground; /theme tries them):\n"
    )?;
    for (number, theme) in (1..).zip(&themes) {
        writeln!(output, "  {number:>2}  {theme}")?;
    }
    let theme = choose("theme", &themes, &mut input, output)?.unwrap_or(0);
    Ok(Some((offers[model].clone(), themes[theme].to_owned())))
}

/// Asks for a number or a name until there is one; `None` for `s`, and at the end of the input.
fn choose(
    what: &str,
    names: &[&str],
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<Option<usize>> {
    loop {
        write!(output, "\n{what}: a number, Enter for 1, s skips: ")?;
        output.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            writeln!(output)?;
            return Ok(None);
        }
        let word = line.trim();
        if word.eq_ignore_ascii_case("s") {
            return Ok(None);
        }
        let number = if word.is_empty() { Some(1) } else { word.parse::<usize>().ok() };
        let index = number.and_then(|number| number.checked_sub(1));
        let by_name = names.iter().position(|name| *name == word);
        if let Some(index) = index.or(by_name).filter(|index| *index < names.len()) {
            return Ok(Some(index));
        }
        let word = Clean::one_line(word, NAME_MAX);
        writeln!(output, "there is no {what} `{word}`")?;
    }
}

/// Writes a name as TOML has it.
fn toml_text(name: &str) -> String {
    toml::Value::String(name.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers() -> Vec<Offer> {
        let offer =
            |name: &str, fetched| Offer { name: name.into(), about: "1 GB".into(), fetched };
        vec![offer("llama3.2:3b", false), offer("qwen3-0.6b", true)]
    }

    fn answered(lines: &str) -> (Option<(String, String)>, String) {
        let mut output = Vec::new();
        let chosen = dialogue(&offers(), lines.as_bytes(), &mut output).expect("it is written");
        let chosen = chosen.map(|(offer, theme)| (offer.name, theme));
        (chosen, String::from_utf8(output).expect("text"))
    }

    fn pair(model: &str, theme: &str) -> (String, String) {
        (model.to_owned(), theme.to_owned())
    }

    #[test]
    fn enter_takes_what_is_proposed_and_everything_can_be_skipped() {
        assert_eq!(answered("\n\n").0, Some(pair("llama3.2:3b", "auto")));
        assert_eq!(answered("2\n3\n").0, Some(pair("qwen3-0.6b", "light")));
        assert_eq!(answered("qwen3-0.6b\nmono\n").0, Some(pair("qwen3-0.6b", "mono")));
        assert_eq!(answered("1\ns\n").0, Some(pair("llama3.2:3b", "auto")));
        assert_eq!(answered("s\n").0, None);
        assert_eq!(answered("").0, None);
    }

    #[test]
    fn what_is_proposed_first_is_told_with_its_size() {
        let offers = fetchable();
        let first = &offers[0];
        let entry = CatalogueEntry::find(&first.name).expect("known");
        let bytes = entry.bytes.expect("a size");
        assert!(first.about.contains(&text::bytes(bytes)) && entry.sha256.is_some(), "{first:?}");
        assert_eq!(offers.iter().filter(|offer| offer.name == first.name).count(), 1);
    }

    #[test]
    fn what_is_not_there_is_asked_again() {
        let (chosen, told) = answered("0\n9\n\u{1b}[2J\n2\n\n");
        assert_eq!(chosen, Some(pair("qwen3-0.6b", "auto")));
        assert!(told.contains("there is no model `9`") && !told.contains('\u{1b}'), "{told}");
    }

    #[test]
    fn what_is_chosen_is_a_configuration() {
        for name in ["a", "org/repo:Q4", "with \"quotes\""] {
            let text = config::change("config.toml", "", "theme", "dark").expect("valid");
            let value = toml_text(name);
            let text = config::change("config.toml", &text, "profiles.default.model", &value);
            let table: toml::Table = text.expect("valid").parse().expect("TOML");
            assert_eq!(table["profiles"]["default"]["model"].as_str(), Some(name));
        }
    }
}
