//! `models list`.

use std::fmt::Write as _;

use serde_json::json;

use super::machine;
use super::progress::Progress;
use super::shown;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::config::DEFAULT_N_CTX;
use crate::config::Paths;
use crate::gguf;
use crate::gguf::Machine;
use crate::models;
use crate::models::Measured;
use crate::models::ModelError;
use crate::models::ModelFile;
use crate::models::Stocked;
use crate::models::Used;
use crate::models::Workshop;
use crate::runtime::Printed;
use crate::text;
use crate::text::Clean;

/// The longest name and licence in the table, in graphemes.
const NAME_MAX: usize = 48;
const LICENCE_MAX: usize = 16;

/// A model with what its file says, or why it says nothing.
struct Row {
    stocked: Stocked,
    file: Result<ModelFile, ModelError>,
    /// What it did here when it was last measured.
    measured: Option<Measured>,
    /// What it does here in use.
    used: Option<Used>,
    /// The tokens per second that are shown: in use, or when it was measured.
    speed: Option<f64>,
}

/// Lists every model, measured in `workshop` before where there is one.
///
/// # Errors
/// The measuring was stopped; one that cannot be measured is said and listed.
pub(super) fn run(
    cli: &Cli,
    paths: &Paths,
    workshop: Option<Workshop>,
) -> Result<Exit, ModelError> {
    let mut rows: Vec<Row> = models::stock(paths)
        .into_iter()
        .map(|stocked| {
            let file = models::inspect(&stocked, &stocked.name);
            let known = file.as_ref().ok();
            let measured = known.and_then(|file| models::measured(paths, file));
            let used = known.and_then(|file| models::used(paths, file));
            let speed = known.and_then(|file| models::speed(paths, file));
            Row { stocked, file, measured, used, speed }
        })
        .collect();
    let machine = machine();
    if let Some(workshop) = workshop {
        let progress = Progress::begin(cli, "", 0)?;
        for row in &mut rows {
            let Ok(file) = &row.file else { continue };
            if fits(file, &machine) == Some(false) {
                continue;
            }
            progress.doing(format!("measuring {}", Clean::one_line(&file.name, NAME_MAX).as_str()));
            match models::measure(file, None, paths, &workshop, &mut |_, _| progress.tick()) {
                Ok(measured) => {
                    (row.measured, row.speed) = (Some(measured), Some(measured.decode_tps));
                }
                Err(ModelError::Stopped) => return Err(ModelError::Stopped),
                Err(error) => super::super::notices(&[format!("{}: {error}", file.name)]),
            }
        }
    }
    if rows.is_empty() && !cli.common.json && !cli.common.quiet {
        let stderr =
            format!("no model in {}, nor in other programs' caches\n", shown(&paths.models_dir()));
        super::super::print(&Printed { stdout: String::new(), stderr });
    }
    let text = match (cli.common.json, rows.is_empty()) {
        (true, _) => objects(&rows, &machine),
        (false, true) => String::new(),
        (false, false) => table(&rows, &machine),
    };
    Ok(super::super::give(text))
}

fn table(rows: &[Row], machine: &Machine) -> String {
    let name = |row: &Row| Clean::one_line(&row.stocked.name, NAME_MAX);
    let width = rows.iter().map(|row| text::width(name(row).as_str())).max().unwrap_or(4);
    let mut text = format!(
        "{:width$}  {:>7}  {:8}  {:>7}  {:5}  {:>6}  {:LICENCE_MAX$}  FROM\n",
        "NAME", "SIZE", "QUANT", "CONTEXT", "FITS", "TOK/S", "LICENCE"
    );
    for row in rows {
        let name = name(row);
        let pad = width.saturating_sub(text::width(name.as_str()));
        let size = text::bytes(row.stocked.bytes);
        let from = row.stocked.keeper.name();
        write!(text, "{}{:pad$}  {size:>7}  ", name.as_str(), "").ok();
        match &row.file {
            Ok(file) => {
                let quant = file.header.quantisation().unwrap_or("?");
                let context = file.header.context_length;
                let licence = Clean::one_line(&licence(row).unwrap_or_default(), LICENCE_MAX);
                let licence = licence.as_str();
                let fits = fits(file, machine).map_or("?", |fits| if fits { "yes" } else { "no" });
                let speed = row.speed.map_or("-".to_owned(), text::tokens_per_second);
                write!(text, "{quant:8}  {context:>7}  {fits:5}  {speed:>6}  ").ok();
                writeln!(text, "{licence:LICENCE_MAX$}  {from}").ok();
            }
            Err(error) => {
                let why = Clean::one_line(&error.to_string(), 200);
                writeln!(text, "{}  {from}", why.as_str()).ok();
            }
        }
    }
    text
}

fn fits(file: &ModelFile, machine: &Machine) -> Option<bool> {
    gguf::fit(&file.footprint(), DEFAULT_N_CTX.min(file.header.context_length), machine).fits
}

/// The licence that the file names, or its keeper, or the catalogue.
fn licence(row: &Row) -> Option<String> {
    let own = row.file.as_ref().ok().and_then(|file| file.header.licence());
    let file = row.stocked.path.file_name().and_then(|name| name.to_str());
    let listed = || models::catalogue().iter().find(|entry| Some(entry.file.as_str()) == file);
    own.or(row.stocked.licence.as_deref())
        .or_else(|| listed().map(|entry| entry.licence.as_str()))
        .map(str::to_owned)
}

fn objects(rows: &[Row], machine: &Machine) -> String {
    let clean = |text: &str| Clean::one_line(text, 4000).into_string();
    rows.iter().fold(String::new(), |mut text, row| {
        let Stocked { keeper, name, path, bytes, parts, .. } = &row.stocked;
        let file = row.file.as_ref().ok();
        let object = json!({
            "v": 1, "type": "model", "name": clean(name), "from": keeper.name(),
            "path": clean(&shown(path)), "bytes": bytes, "files": parts.1,
            "quantisation": file.and_then(|file| file.header.quantisation()),
            "architecture": file.map(|file| clean(&file.header.architecture)),
            "context": file.map(|file| file.header.context_length),
            "licence": licence(row).map(|text| clean(&text)),
            "fits": file.and_then(|file| fits(file, machine)),
            "measured": row.measured.map(|measured| measured.object()),
            "used": row.used.map(|used| used.object()),
            "error": row.file.as_ref().err().map(|error| clean(&error.to_string())),
        });
        writeln!(text, "{object}").ok();
        text
    })
}
