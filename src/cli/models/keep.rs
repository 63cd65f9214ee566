//! `models verify`, `import` and `rm`.

use serde_json::json;

use super::progress::Progress;
use super::shown;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::config::Paths;
use crate::models;
use crate::models::ModelError;
use crate::models::Take;
use crate::models::Verified;
use crate::text;
use crate::text::Clean;

/// Hashes the file and compares; a difference is a failure.
///
/// # Errors
/// There is no such model, it cannot be read, or it is not what its source says.
pub(super) fn verify(cli: &Cli, paths: &Paths, model: &str) -> Result<Exit, ModelError> {
    let stocked = models::find(model, paths)?;
    models::inspect(&stocked, &stocked.name)?;
    let progress = Progress::begin(cli, "verifying", stocked.bytes)?;
    let verified = models::verify(&stocked, &mut |done| progress.step(done))?;
    drop(progress);
    let path = shown(&stocked.path);
    let (sha256, source, good) = match &verified {
        Verified::Good { sha256, source } => (sha256, Some(source), Some(true)),
        Verified::Differs { sha256, source, .. } => (sha256, Some(source), Some(false)),
        Verified::Unknown { sha256 } => (sha256, None, None),
    };
    let text = if cli.common.json {
        let object = json!({
            "v": 1, "type": "verified", "path": path, "sha256": sha256, "source": source,
            "good": good,
        });
        format!("{object}\n")
    } else {
        match &verified {
            Verified::Good { source, .. } => {
                format!("{path}: good, as {source} has it: {sha256}\n")
            }
            Verified::Unknown { .. } => {
                format!("{path}: whole, and nobody knows its hash: {sha256}\n")
            }
            Verified::Differs { .. } => String::new(),
        }
    };
    let given = super::super::give(Clean::new(&text).into_string());
    match verified {
        Verified::Differs { expected, source, sha256 } => Err(ModelError::Bad {
            message: format!("{path} is another file than {source} has: {sha256}, not {expected}"),
        }),
        _ => Ok(given),
    }
}

/// Copies or links a model into the directory of models.
///
/// # Errors
/// There is no such model, it is none, or it cannot be written there.
pub(super) fn import(
    cli: &Cli,
    paths: &Paths,
    model: &str,
    link: bool,
) -> Result<Exit, ModelError> {
    let stocked = models::find(model, paths)?;
    let take = if link { Take::Link } else { Take::Copy };
    let progress = Progress::begin(cli, "copying", stocked.bytes)?;
    let path = models::import(&stocked, take, paths, &mut |done| progress.step(done))?;
    drop(progress);
    Ok(say(cli, "imported", &shown(&path), stocked.bytes))
}

/// Removes a model of our own.
///
/// # Errors
/// There is no such model, it belongs to another program, or it cannot be removed.
pub(super) fn remove(cli: &Cli, paths: &Paths, model: &str) -> Result<Exit, ModelError> {
    let stocked = models::find(model, paths)?;
    if !stocked.path.starts_with(paths.models_dir()) && stocked.keeper == models::Keeper::Own {
        let message = format!("{} is not in the directory of models", shown(&stocked.path));
        return Err(ModelError::Invalid { message });
    }
    let bytes = models::remove(&stocked)?;
    Ok(say(cli, "removed", &shown(&stocked.path), bytes))
}

fn say(cli: &Cli, what: &str, path: &str, bytes: u64) -> Exit {
    let text = if cli.common.json {
        let object = json!({ "v": 1, "type": what, "path": path, "bytes": bytes });
        format!("{object}\n")
    } else {
        format!("{what} {path} ({})\n", text::bytes(bytes))
    };
    super::super::give(Clean::new(&text).into_string())
}
