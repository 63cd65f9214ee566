//! Fetches a model: by its catalogue's name, from a repository of a hub, or from an address.
//!
//! A file is there whole and as its source says, or it is not there: it grows beside its place
//! under a lock, its hash is computed while it is written, and it is renamed at the end. What was
//! fetched before an interruption is continued if the source still has the same file.
//!
//! Never: a server's name for a path; sending the hub's token to anybody else.

mod file;
mod hub;
mod part;
mod wanted;

pub use wanted::Wanted;

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::chat::Fault;
use crate::config::Paths;
use crate::models::ModelError;
use crate::models::file_name;
use crate::models::preflight::bad;
use crate::models::pull::file::Source;
use crate::models::space;
use crate::net::Address;
use crate::net::Fetcher;
use crate::net::Key;
use crate::net::Net;
use crate::net::NetError;
use crate::net::Transport;

/// What a download is made with.
#[derive(Debug)]
pub struct Pulling<'a> {
    /// The network as far as it is allowed.
    pub net: Net,
    /// The way to servers.
    pub transport: Transport,
    /// The hub's address.
    pub hub: Address,
    /// The hub's token, bound to its origin.
    pub key: Option<Key>,
    /// The directories.
    pub paths: &'a Paths,
    /// Stops it; what has come stays for the next time.
    pub cancel: CancellationToken,
}

/// Told what is done of what: the file's name, its bytes that are there, all its bytes if known.
pub type Told<'a> = &'a mut dyn FnMut(&str, u64, Option<u64>);

/// Fetches what is wanted into the directory of models; returns the first file.
///
/// # Errors
/// [`ModelError::Fetch`] for the network and for what a server says, [`ModelError::Bad`] for a
/// file that is not what it should be (nothing of it is left) and for a disk that is full,
/// [`ModelError::Stopped`] when it was cancelled.
///
/// # Cancel safety
/// Dropping it leaves the part that was fetched, as cancelling does.
pub async fn pull(
    wanted: &Wanted,
    pulling: Pulling<'_>,
    told: Told<'_>,
) -> Result<PathBuf, ModelError> {
    let directory = pulling.paths.models_dir();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .map_err(|error| bad(&directory, &error))?;
    let Pulling { net, transport, hub, key, cancel, .. } = pulling;
    let (fetcher, sources) = match wanted {
        Wanted::Address { base, path, sha256 } => {
            let fetcher = Fetcher::new(net, base.clone(), transport).map_err(fetch)?;
            let name = path.rsplit('/').next().unwrap_or_default();
            let name = file_name::safe(name).map_err(|message| ModelError::Invalid { message })?;
            let source = Source {
                path: path.clone(),
                name,
                bytes: None,
                sha256: sha256.clone(),
                origin: format!("{}/{path}", base.origin()),
            };
            (fetcher, vec![source])
        }
        Wanted::Repository { repository, variant, sha256 } => {
            let fetcher = Fetcher::new(net, hub, transport).map_err(fetch)?;
            let fetcher = match key {
                Some(key) => fetcher.with_key(key),
                None => fetcher,
            };
            let listing = hub::sources(&fetcher, repository, variant.as_deref());
            let mut sources = tokio::select! {
                sources = listing => sources?,
                () = cancel.cancelled() => return Err(ModelError::Stopped),
            };
            if let (Some(hash), [one]) = (sha256, sources.as_mut_slice()) {
                one.sha256 = Some(hash.clone());
            }
            (fetcher, sources)
        }
    };
    space::check(&directory, missing(&directory, &sources))?;
    let mut first = None;
    for source in &sources {
        let path = file::fetch(&fetcher, source, &directory, &cancel, told).await?;
        first.get_or_insert(path);
    }
    Ok(first.unwrap_or(directory))
}

/// Returns how many bytes are still to come, as far as that is known.
fn missing(directory: &Path, sources: &[Source]) -> u64 {
    let there = |name: &str| directory.join(name).metadata().map_or(0, |meta| meta.len());
    let missing = sources.iter().map(|source| {
        let have = there(&source.name) + there(&part::file_name(&source.name));
        source.bytes.unwrap_or(0).saturating_sub(have)
    });
    missing.sum()
}

fn fetch(error: NetError) -> ModelError {
    ModelError::Fetch(Fault::from(error))
}
