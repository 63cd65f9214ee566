//! A repository of the hub: its commit, its files with their sizes and hashes, and which to take.
//!
//! The interface is that of the Hugging Face Hub: `api/models/REPO`, `api/models/REPO/tree/COMMIT`
//! and `REPO/resolve/COMMIT/FILE`. A file in large file storage has its SHA-256 as `lfs.oid`.

use serde_json::Value;

use super::fetch;
use super::file::Source;
use super::wanted::is_sha256;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::models::ModelError;
use crate::models::file_name;
use crate::net::Fetcher;

/// A listing has a few hundred bytes for each file.
const MAX_LISTING_BYTES: u64 = 16 << 20;

/// What is taken when no quantisation is named, the first that is there.
const USUAL: [&str; 6] = ["Q4_K_M", "Q4_0", "Q4_1", "Q5_K_M", "Q8_0", "F16"];

/// The most directories of a repository that are looked into.
const MAX_DIRECTORIES: usize = 8;

/// A file of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its path in the repository.
    pub(super) path: String,
    pub(super) bytes: Option<u64>,
    pub(super) sha256: Option<String>,
}

/// Asks the hub for the files of one variant, all parts of it, at one commit.
///
/// # Errors
/// The network, what the hub says, or a repository without such a variant.
pub(super) async fn sources(
    fetcher: &Fetcher,
    repository: &str,
    variant: Option<&str>,
) -> Result<Vec<Source>, ModelError> {
    let about = json(fetcher, &format!("api/models/{repository}"), repository).await?;
    let commit = about["sha"].as_str().filter(|text| is_commit(text));
    let commit = commit.ok_or_else(|| strange(repository, "names no commit"))?.to_owned();
    let tree = format!("api/models/{repository}/tree/{commit}");
    let root = json(fetcher, &tree, repository).await?;
    let (mut files, directories) = listing(&root);
    for directory in directories.iter().take(MAX_DIRECTORIES) {
        let inner = json(fetcher, &format!("{tree}/{directory}"), repository).await?;
        files.extend(listing(&inner).0);
    }
    let taken = choose(&files, variant).map_err(|names| {
        let wanted = variant.unwrap_or("model");
        let fault = Fault::new(format!("{repository} has no {wanted} in GGUF"));
        let fault = fault.kind(FaultKind::Usage);
        ModelError::Fetch(match names.as_str() {
            "" => fault.hint("look for a repository whose name ends in -GGUF"),
            names => fault.hint(format!("there is {names}")),
        })
    })?;
    let source = |file: &Listed| {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        Ok(Source {
            path: format!("{repository}/resolve/{commit}/{}", file.path),
            name: file_name::safe(name).map_err(|message| ModelError::Bad { message })?,
            bytes: file.bytes,
            sha256: file.sha256.clone(),
            origin: format!("{}/{repository}@{commit}", fetcher.origin()),
        })
    };
    taken.into_iter().map(source).collect()
}

/// Reads a listing: files that are models, and directories. A path that is not plain is not there.
fn listing(tree: &Value) -> (Vec<Listed>, Vec<String>) {
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for entry in tree.as_array().into_iter().flatten() {
        let Some(path) = entry["path"].as_str().filter(|path| is_plain(path)) else { continue };
        match entry["type"].as_str() {
            Some("directory") => directories.push(path.to_owned()),
            Some("file") if path.to_ascii_lowercase().ends_with(".gguf") => {
                let lfs = &entry["lfs"];
                let sha256 = lfs["oid"].as_str().map(|oid| oid.trim_start_matches("sha256:"));
                files.push(Listed {
                    path: path.to_owned(),
                    bytes: lfs["size"].as_u64().or_else(|| entry["size"].as_u64()),
                    sha256: sha256.filter(|hash| is_sha256(hash)).map(str::to_owned),
                });
            }
            _ => {}
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    (files, directories)
}

/// Chooses the files of a variant: one, or every part of one.
///
/// # Errors
/// None fits; the names of those that there are.
fn choose<'a>(files: &'a [Listed], variant: Option<&str>) -> Result<Vec<&'a Listed>, String> {
    let models: Vec<(&Listed, &str, Option<file_name::Part<'_>>)> = files
        .iter()
        .filter(|file| !file.path.to_ascii_lowercase().contains("mmproj"))
        .map(|file| {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            let stem = name.get(..name.len().saturating_sub(".gguf".len())).unwrap_or_default();
            (file, stem, file_name::part(stem))
        })
        .collect();
    let variant_of = |stem: &'a str| file_name::quantisation(stem).unwrap_or(stem);
    let firsts = || models.iter().filter(|(.., part)| part.is_none_or(|part| part.number == 1));
    let find = |wanted: &str| {
        firsts().find(|(_, stem, _)| {
            variant_of(stem).eq_ignore_ascii_case(wanted) || stem.eq_ignore_ascii_case(wanted)
        })
    };
    let found = match variant {
        Some(wanted) => find(wanted),
        None => USUAL.iter().find_map(|usual| find(usual)).or_else(|| firsts().next()),
    };
    let all = || {
        let all: Vec<&str> = firsts().map(|(_, stem, _)| variant_of(stem)).collect();
        all.join(", ")
    };
    let Some((first, stem, part)) = found else { return Err(all()) };
    let Some(part) = part else { return Ok(vec![first]) };
    let directory = &first.path[..first.path.len() - stem.len() - ".gguf".len()];
    let parts: Vec<&Listed> = file_name::stems(*part)
        .filter_map(|stem| {
            let wanted = format!("{directory}{stem}.gguf");
            files.iter().find(|file| file.path.eq_ignore_ascii_case(&wanted))
        })
        .collect();
    if parts.len() == part.of as usize { Ok(parts) } else { Err(all()) }
}

async fn json(fetcher: &Fetcher, path: &str, repository: &str) -> Result<Value, ModelError> {
    let download = fetcher.get(path, &[], MAX_LISTING_BYTES).await.map_err(fetch)?;
    match download.reply.status() {
        200 => {}
        404 => {
            let fault = Fault::new(format!("{} has no model {repository}", fetcher.origin()));
            return Err(ModelError::Fetch(fault.kind(FaultKind::Usage)));
        }
        401 | 403 => {
            let fault = Fault::new(format!("{} does not show {repository}", fetcher.origin()));
            let hint = "it may not exist, or ask for a token: put yours into HF_TOKEN";
            return Err(ModelError::Fetch(fault.kind(FaultKind::Usage).hint(hint)));
        }
        status => return Err(strange(repository, &format!("answers with status {status}"))),
    }
    let body = download.reply.whole().await.map_err(fetch)?;
    serde_json::from_slice(&body).map_err(|_| strange(repository, "answers with no JSON"))
}

fn strange(repository: &str, what: &str) -> ModelError {
    ModelError::Fetch(Fault::new(format!("{repository}: the hub {what}")))
}

/// A path of plain names: it goes into an address, and its last part into a file's name.
fn is_plain(path: &str) -> bool {
    path.len() < 500
        && path.split('/').all(|part| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-+() ".contains(c);
            !part.is_empty() && !part.starts_with('.') && part.chars().all(plain)
        })
}

fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_variant_is_chosen_with_all_its_parts() {
        let hash = "a".repeat(64);
        let tree = json!([
            { "type": "file", "path": "README.md", "size": 1 },
            { "type": "directory", "path": "F16" },
            { "type": "directory", "path": "../evil" },
            { "type": "file", "path": "m-Q8_0.gguf", "size": 9,
              "lfs": { "oid": hash, "size": 900 } },
            { "type": "file", "path": "m-Q4_0.gguf", "size": 8, "lfs": { "oid": "none" } },
            { "type": "file", "path": "mmproj-m-Q4_K_M.gguf", "size": 8 },
            { "type": "file", "path": "../m-Q4_K_M.gguf", "size": 8 },
            { "type": "file", "path": "big-F16-00002-of-00002.gguf", "size": 2 },
            { "type": "file", "path": "big-F16-00001-of-00002.gguf", "size": 1 },
            { "type": "file", "path": "cut-Q2_K-00001-of-00002.gguf", "size": 1 },
        ]);
        let (files, directories) = listing(&tree);
        assert_eq!(directories, ["F16"]);
        let names = |variant: Option<&str>| -> Result<Vec<&str>, String> {
            Ok(choose(&files, variant)?.into_iter().map(|file| file.path.as_str()).collect())
        };
        assert_eq!(names(None), Ok(vec!["m-Q4_0.gguf"]));
        assert_eq!(names(Some("q8_0")), Ok(vec!["m-Q8_0.gguf"]));
        let both = vec!["big-F16-00001-of-00002.gguf", "big-F16-00002-of-00002.gguf"];
        assert_eq!(names(Some("F16")), Ok(both));
        assert_eq!(names(Some("Q2_K")), Err("F16, Q2_K, Q4_0, Q8_0".to_owned()));
        assert_eq!(names(Some("Q3_K")), Err("F16, Q2_K, Q4_0, Q8_0".to_owned()));
        let eight = choose(&files, Some("Q8_0")).expect("there")[0];
        assert_eq!((eight.bytes, eight.sha256.as_deref()), (Some(900), Some(hash.as_str())));
    }
}
