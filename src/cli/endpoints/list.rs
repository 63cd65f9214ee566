//! `endpoints list`.

use std::fmt::Write as _;

use serde_json::json;

use crate::chat::Fault;
use crate::chat::PrivacyClass;
use crate::chat::Route;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::output::LINE_MAX;
use crate::config::Endpoint;
use crate::config::KeySource;
use crate::config::Overrides;
use crate::config::Protocol;
use crate::config::Settings;
use crate::net::Address;
use crate::privacy::may_leave;
use crate::runtime::Printed;
use crate::text;
use crate::text::Clean;

/// The longest cell, in graphemes.
const CELL_MAX: usize = 48;

const HEAD: [&str; 8] =
    ["NAME", "PROTOCOL", "ORIGIN", "MODEL", "KEY", "CONTEXT", "PRICE", "PRIVACY"];

/// Lists every endpoint, with what the default profile lets go there.
pub(super) fn run(cli: &Cli, settings: &Settings) -> Result<Exit, Fault> {
    let privacy = settings.select(None, &Overrides::default())?.privacy;
    let endpoints = || settings.endpoints.values();
    if cli.common.json {
        let objects = endpoints().map(|endpoint| object(endpoint, privacy) + "\n");
        return Ok(super::super::give(objects.collect()));
    }
    if settings.endpoints.is_empty() {
        if !cli.common.quiet {
            let stderr = "no endpoint in config.toml; describe one under [endpoints.NAME]\n";
            super::super::print(&Printed { stdout: String::new(), stderr: stderr.to_owned() });
        }
        return Ok(Exit::Answered);
    }
    let rows = endpoints().map(|endpoint| row(endpoint, privacy));
    let head = HEAD.map(str::to_owned);
    Ok(super::super::give(table(&[head].into_iter().chain(rows).collect::<Vec<_>>())))
}

fn row(endpoint: &Endpoint, privacy: PrivacyClass) -> [String; 8] {
    let unknown = || "-".to_owned();
    let price = endpoint.price.map(|price| format!("{} / {}", price.input, price.output));
    let leaves = if may_go(endpoint, privacy) { "open" } else { "local-only" };
    [
        endpoint.name.clone(),
        protocol(endpoint.protocol).to_owned(),
        origin(endpoint),
        endpoint.model.clone().unwrap_or_else(unknown),
        key(&endpoint.key),
        endpoint.n_ctx.map_or_else(unknown, |tokens| tokens.to_string()),
        price.unwrap_or_else(unknown),
        leaves.to_owned(),
    ]
    .map(|cell| Clean::one_line(&cell, CELL_MAX).into_string())
}

fn table(rows: &[[String; 8]]) -> String {
    let widest = |column: usize| rows.iter().map(|row| text::width(&row[column])).max();
    let widths: [usize; 8] = std::array::from_fn(|column| widest(column).unwrap_or(0));
    rows.iter().fold(String::new(), |mut table, row| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let pad = width.saturating_sub(text::width(cell)) + 2;
            write!(line, "{cell}{:pad$}", "").ok();
        }
        writeln!(table, "{}", line.trim_end()).ok();
        table
    })
}

fn object(endpoint: &Endpoint, privacy: PrivacyClass) -> String {
    let clean = |text: &str| Clean::one_line(text, LINE_MAX).into_string();
    let price = endpoint.price.map(|price| json!({ "in": price.input, "out": price.output }));
    json!({
        "v": 1, "type": "endpoint", "name": clean(&endpoint.name),
        "protocol": protocol(endpoint.protocol), "origin": clean(&origin(endpoint)),
        "model": endpoint.model.as_deref().map(clean), "key": clean(&key(&endpoint.key)),
        "n_ctx": endpoint.n_ctx, "price": price, "may_leave": may_go(endpoint, privacy),
    })
    .to_string()
}

/// Returns a protocol's name in files.
pub(in crate::cli) fn protocol(protocol: Protocol) -> &'static str {
    Protocol::NAMES.iter().find(|(_, named)| *named == protocol).map_or("?", |(name, _)| name)
}

/// Scheme, host and port: an address's path may hold what is nobody's business.
pub(in crate::cli) fn origin(endpoint: &Endpoint) -> String {
    Address::parse(&endpoint.base_url)
        .map_or_else(|error| error.to_string(), |address| address.origin().to_string())
}

/// Names where the key is found. Of a command only the program: its arguments may hold anything.
pub(in crate::cli) fn key(source: &KeySource) -> String {
    match source {
        KeySource::None => "none".to_owned(),
        KeySource::Env(name) => format!("env {name}"),
        KeySource::Command(words) => {
            format!("command {}", words.first().map_or("", String::as_str))
        }
        KeySource::Keyring => "keyring".to_owned(),
    }
}

fn may_go(endpoint: &Endpoint, privacy: PrivacyClass) -> bool {
    may_leave(privacy, &Route::Remote(endpoint.name.clone())).is_ok()
}
