//! `models pull`.

use std::cell::RefCell;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use super::shown;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::prepare::egress;
use crate::config::Env;
use crate::config::Paths;
use crate::config::env::secret;
use crate::config::nearest;
use crate::models;
use crate::models::CatalogueEntry;
use crate::models::ModelError;
use crate::models::Pulling;
use crate::models::Wanted;
use crate::net::Address;
use crate::net::Key;
use crate::net::KeyHeader;
use crate::net::Net;
use crate::net::NetError;
use crate::net::Secret;
use crate::net::Transport;
use crate::runtime;
use crate::text;
use crate::text::Clean;

/// The hub that repositories are on unless `HF_ENDPOINT` names another.
const HUB: &str = "https://huggingface.co";

/// Fetches a model and says where it is.
///
/// # Errors
/// It cannot be fetched, or is not what it should be.
pub(super) fn run(cli: &Cli, paths: &Paths, env: &Env, which: &str) -> Result<Exit, ModelError> {
    let wanted = wanted(which)?;
    let failed = |error: NetError| ModelError::Fetch(Fault::from(error));
    let hub = env.get("HF_ENDPOINT").map_or(HUB.to_owned(), |hub| hub.to_string_lossy().into());
    let hub = Address::parse(&hub).map_err(failed)?;
    let key = match secret("HF_TOKEN") {
        Some(token) => {
            let token = Secret::new(token).map_err(failed)?;
            Some(Key::bind(token, hub.origin().clone(), KeyHeader::Bearer))
        }
        None => None,
    };
    let cancel = CancellationToken::new();
    let (net, transport) = (Net::new(egress(cli, env.no_remote())), Transport::default());
    let pulling = Pulling { net, transport, hub, key, paths, cancel: cancel.clone() };
    let progress = RefCell::new(Progress::begin(cli, "", 0)?);
    let mut told =
        |name: &str, done, total: Option<u64>| progress.borrow().fetching(name, done, total);
    let bad = |error: std::io::Error| ModelError::Bad { message: format!("no threads: {error}") };
    let tasks = runtime::tasks().map_err(bad)?;
    let path = tasks.block_on(async {
        let signals = runtime::asked_to_stop().map_err(bad)?;
        tokio::spawn(async move {
            signals.await;
            cancel.cancel();
        });
        models::pull(&wanted, pulling, &mut told).await
    });
    tasks.shutdown_background();
    drop(progress);
    let path = path.map_err(|error| match error {
        ModelError::Fetch(fault) if fault.kind == FaultKind::NoRoute => {
            ModelError::Fetch(fault.hint("a model is fetched without it"))
        }
        error => error,
    })?;
    let bytes = path.metadata().map_or(0, |meta| meta.len());
    let text = if cli.common.json {
        let object = json!({ "v": 1, "type": "pulled", "path": shown(&path), "bytes": bytes });
        format!("{object}\n")
    } else {
        format!("fetched {} ({})\n", shown(&path), text::bytes(bytes))
    };
    Ok(super::super::give(Clean::new(&text).into_string()))
}

/// A name of the catalogue, a repository, or an address.
fn wanted(which: &str) -> Result<Wanted, ModelError> {
    let Some(entry) = CatalogueEntry::find(which) else {
        return Wanted::read(which).map_err(|error| unknown(which, error));
    };
    let Some(repository) = &entry.repository else {
        return Err(ModelError::Missing {
            message: format!("{} is on no hub", entry.name),
            hint: entry.remedy(),
        });
    };
    let mut wanted = Wanted::read(repository)?;
    if let Wanted::Repository { sha256, .. } = &mut wanted {
        sha256.clone_from(&entry.sha256);
    }
    Ok(wanted)
}

/// Adds the names that are known to what is said of one that is none.
fn unknown(which: &str, error: ModelError) -> ModelError {
    let names = || {
        let entries = models::catalogue().iter().filter(|entry| entry.repository.is_some());
        entries.map(|entry| entry.name.as_str())
    };
    let hint = match nearest(which, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known by name: {}", names().collect::<Vec<_>>().join(", ")),
    };
    match error {
        ModelError::Invalid { message } => ModelError::Missing { message, hint },
        error => error,
    }
}
