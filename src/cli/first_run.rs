//! The first start: a model that is here or is fetched, and a theme. Asked in lines, before the chat
//! takes the terminal; Enter takes what is proposed, and everything can be skipped.

use std::cmp::Reverse;
use std::io;
use std::io::BufRead;
use std::io::IsTerminal as _;
use std::io::Write;
use std::sync::atomic::Ordering;

use crate::chat::Fault;
use crate::cli::args::Cli;
use crate::cli::look;
use crate::cli::models;
use crate::cli::output::fault_lines;
use crate::config;
use crate::config::AUTO_LANGUAGE;
use crate::config::AUTO_THEME;
use crate::config::DEFAULT_MODEL;
use crate::config::DEFAULT_N_CTX;
use crate::config::Env;
use crate::config::Paths;
use crate::device::Sampler;
use crate::gguf;
use crate::models as stock;
use crate::models::CatalogueEntry;
use crate::models::Keeper;
use crate::models::ModelError;
use crate::runtime;
use crate::text;
use crate::text::Clean;
use crate::theme::Theme;
use crate::words::say;
use crate::words::word;

/// The longest name, in graphemes.
const NAME_MAX: usize = 48;

/// How a chat begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// With what is set up.
    Usual,
    /// Nothing is, and the user did not want to be asked.
    Skipped,
    /// The user stopped the download.
    Stopped,
}

/// A model to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Offer {
    name: String,
    /// Where it is or comes from, and how large it is.
    about: String,
    /// It has to be fetched first.
    fetched: bool,
}

/// Asks for a model and a theme where nothing is set up, and writes them down. A model that cannot be
/// fetched is said, and another one may be taken.
///
/// # Errors
/// The configuration cannot be written, or the terminal is gone.
pub(super) fn offer(cli: &Cli, env: &Env) -> Result<Start, Fault> {
    let paths = Paths::resolve(env)?;
    let asked = cli.common.model.is_some() || cli.common.profile.is_some();
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let missing = || matches!(stock::find(DEFAULT_MODEL, &paths), Err(ModelError::Missing { .. }));
    if asked || !terminal || paths.config_file().exists() || !missing() {
        return Ok(Start::Usual);
    }
    // The chat says what is wrong with the words.
    look::language(AUTO_LANGUAGE, &paths.config, env);
    let usable = Sampler::default().sample().available_bytes.map(gguf::usable);
    let offers = offers(&paths, usable);
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let broken = |error: io::Error| Fault::new(format!("the terminal: {error}"));
    show(&offers, &mut output).map_err(broken)?;
    // What stops a download ends the program where it is asked for a word.
    let asks = runtime::end_by_default().map_err(broken)?;
    let mut theme = None;
    let (offer, theme) = loop {
        asks.store(true, Ordering::Relaxed);
        let chosen = dialogue(&offers, theme, &mut input, &mut output).map_err(broken)?;
        asks.store(false, Ordering::Relaxed);
        let Some((offer, chosen)) = chosen else { return Ok(Start::Skipped) };
        let fetch = || models::fetch(cli, &paths, env, &offer.name);
        match if offer.fetched { fetch() } else { Ok(()) } {
            Ok(()) => break (offer, chosen),
            Err(ModelError::Stopped) => return Ok(Start::Stopped),
            Err(error) => {
                let lines = fault_lines(&error.into(), false);
                write!(output, "\n{lines}").map_err(broken)?;
            }
        }
        theme = Some(chosen);
    };
    let file = paths.config_file();
    let name = file.display().to_string();
    let with_theme = config::change(&name, "", "theme", &theme)?;
    let model = toml_text(&offer.name);
    let text = config::change(&name, &with_theme, "profiles.default.model", &model)?;
    let cannot = |error: io::Error| Fault::new(format!("cannot write {name}: {error}"));
    config::replace(&file, text.as_bytes()).map_err(cannot)?;
    Ok(Start::Usual)
}

/// Returns the models that are here, the smallest first, and those that can be fetched; what is too
/// large for this machine comes last.
fn offers(paths: &Paths, usable: Option<u64>) -> Vec<Offer> {
    let mut here = stock::stock(paths);
    here.sort_by_key(|model| model.bytes);
    let here = here.into_iter().map(|model| {
        let whose =
            if model.keeper == Keeper::Own { word("start-here") } else { model.keeper.name() };
        let file = stock::inspect(&model, &model.name).ok();
        let speed = file.as_ref().and_then(|file| stock::speed(paths, file));
        let speed = speed.map(|speed| {
            format!(", {}", say!("figure-decode", rate = text::tokens_per_second(speed)))
        });
        let takes = file.map(|file| {
            let tokens = DEFAULT_N_CTX.min(file.header.context_length);
            file.footprint().need(tokens).total()
        });
        let about = format!("{}, {whose}{}", text::bytes(model.bytes), speed.unwrap_or_default());
        (Offer { name: model.name, about, fetched: false }, takes)
    });
    let all = here.chain(fetchable(usable)).map(|(offer, takes)| judged(offer, takes, usable));
    let (mut fit, large): (Vec<_>, Vec<_>) = all.partition(|(_, fits)| *fits);
    fit.extend(large);
    fit.into_iter().map(|(offer, _)| offer).collect()
}

/// Says of a model that takes so many bytes whether this machine has them.
fn judged(offer: Offer, takes: Option<u64>, usable: Option<u64>) -> (Offer, bool) {
    match (takes, usable) {
        (Some(takes), Some(usable)) if takes > usable => {
            let (takes, usable) = (text::bytes(takes), text::bytes(usable));
            let about =
                say!("start-too-large", offer = offer.about, takes = takes, usable = usable);
            (Offer { about, ..offer }, false)
        }
        _ => (offer, true),
    }
}

/// Returns the models that can be fetched, with what they take. First the largest of those whose size
/// and hash are known beforehand and that fit, so that the one which is proposed is told with its size.
fn fetchable(usable: Option<u64>) -> Vec<(Offer, Option<u64>)> {
    let entries = stock::catalogue().iter().filter(|entry| entry.repository.is_some());
    let mut entries: Vec<_> = entries.map(|entry| (entry, entry.takes(DEFAULT_N_CTX))).collect();
    entries.sort_by_key(|(entry, takes)| {
        let large = takes.zip(usable).is_some_and(|(takes, usable)| takes > usable);
        let unknown = entry.bytes.is_none() || entry.sha256.is_none();
        (large, unknown, Reverse(entry.bytes))
    });
    let offer = |(entry, takes): (&CatalogueEntry, Option<u64>)| {
        let size = entry.bytes.map_or(word("start-unknown-size").to_owned(), text::bytes);
        let about = say!("start-fetch", size = size, licence = entry.licence.as_str());
        (Offer { name: entry.name.clone(), about, fetched: true }, takes)
    };
    entries.into_iter().map(offer).collect()
}

/// Shows the models.
fn show(offers: &[Offer], output: &mut impl Write) -> io::Result<()> {
    writeln!(output, "{}\n", word("start-models"))?;
    let names: Vec<Clean> =
        offers.iter().map(|offer| Clean::one_line(&offer.name, NAME_MAX)).collect();
    let width = names.iter().map(|name| text::width(name.as_str())).max().unwrap_or(0);
    for ((number, offer), name) in (1..).zip(offers).zip(&names) {
        let blank = " ".repeat(width - text::width(name.as_str()));
        writeln!(output, "  {number:>2}  {name}{blank}  {}", offer.about)?;
    }
    Ok(())
}

/// Asks which model, and which theme unless there is one; `None` where it was skipped.
fn dialogue(
    offers: &[Offer],
    theme: Option<String>,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<Option<(Offer, String)>> {
    let names: Vec<&str> = offers.iter().map(|offer| offer.name.as_str()).collect();
    let Some(model) = choose("start-model", &names, input, output)? else { return Ok(None) };
    let chosen = offers[model].clone();
    if let Some(theme) = theme {
        return Ok(Some((chosen, theme)));
    }
    let themes: Vec<&str> = std::iter::once(AUTO_THEME).chain(Theme::names()).collect();
    writeln!(output, "\n{}\n", say!("start-themes", auto = AUTO_THEME))?;
    for (number, theme) in (1..).zip(&themes) {
        writeln!(output, "  {number:>2}  {theme}")?;
    }
    let theme = choose("start-theme", &themes, input, output)?.unwrap_or(0);
    Ok(Some((chosen, themes[theme].to_owned())))
}

/// Asks for a number or a name until there is one; `None` for `s`, and at the end of the input.
fn choose(
    what: &'static str,
    names: &[&str],
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<Option<usize>> {
    loop {
        write!(output, "\n{}: ", say!("start-choose", what = word(what)))?;
        output.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            writeln!(output)?;
            return Ok(None);
        }
        let typed = line.trim();
        if typed.eq_ignore_ascii_case("s") {
            return Ok(None);
        }
        let number = if typed.is_empty() { Some(1) } else { typed.parse::<usize>().ok() };
        let index = number.and_then(|number| number.checked_sub(1));
        let by_name = names.iter().position(|name| *name == typed);
        if let Some(index) = index.or(by_name).filter(|index| *index < names.len()) {
            return Ok(Some(index));
        }
        let typed = Clean::one_line(typed, NAME_MAX);
        writeln!(output, "{}", say!("start-none", what = word(what), typed = typed.as_str()))?;
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
        show(&offers(), &mut output).expect("it is written");
        let chosen = dialogue(&offers(), None, &mut lines.as_bytes(), &mut output);
        let chosen = chosen.expect("it is written");
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
        let offers: Vec<Offer> = fetchable(None).into_iter().map(|(offer, _)| offer).collect();
        let first = &offers[0];
        let entry = CatalogueEntry::find(&first.name).expect("known");
        let bytes = entry.bytes.expect("a size");
        assert!(first.about.contains(&text::bytes(bytes)) && entry.sha256.is_some(), "{first:?}");
        assert_eq!(offers.iter().filter(|offer| offer.name == first.name).count(), 1);
    }

    #[test]
    fn a_machine_with_little_memory_is_offered_what_fits_and_told_why_not_the_rest() {
        let nowhere = tempfile::tempdir().expect("a directory");
        let env = Env::from_pairs(
            ["CONFIG", "DATA", "CACHE", "RUNTIME"]
                .map(|name| (format!("EDGEWISE_{name}_DIR"), nowhere.path().to_owned())),
        );
        let paths = Paths::resolve(&env).expect("paths");
        let at = |megabytes: u64| super::offers(&paths, Some(megabytes * 1_000_000));
        for (megabytes, first) in
            [(8000, "qwen3-1.7b"), (2000, "qwen3-0.6b"), (900, "smollm2-360m-instruct")]
        {
            let offers = at(megabytes);
            assert_eq!(offers[0].name, first, "{megabytes} MB: {offers:?}");
            assert!(!offers[0].about.contains("too large"), "{offers:?}");
        }
        let little = at(900);
        let last = little.last().expect("offers");
        assert!(last.about.contains("too large: takes ") && last.about.ends_with(" of 900 MB"));
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
