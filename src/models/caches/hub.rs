//! Hugging Face's cache: `models--ORG--REPO/snapshots/COMMIT/FILE`, a link to `blobs/HASH`.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::is_sha256;
use super::name;
use crate::models::Keeper;
use crate::models::Stocked;
use crate::models::file_name;
use crate::models::files::entries;
use crate::models::files::is_gguf;
use crate::models::files::stem;

/// Files lie in the snapshot or in one directory below it.
pub(super) fn find(root: &Path) -> Vec<Stocked> {
    let repositories = entries(root).into_iter().filter_map(|path| {
        let (org, repository) = name(&path)?.strip_prefix("models--")?.split_once("--")?;
        let repository = format!("{org}/{}", repository.replace("--", "/"));
        Some((repository, snapshot(&path)?))
    });
    let found = repositories.flat_map(|(repository, snapshot)| {
        let inside = entries(&snapshot);
        let below: Vec<PathBuf> =
            inside.iter().filter(|path| path.is_dir()).flat_map(|path| entries(path)).collect();
        let files = inside.into_iter().chain(below).filter(|path| is_gguf(path));
        let stocked = files.filter_map(move |path| stocked(&repository, &path));
        stocked.collect::<Vec<_>>()
    });
    found.collect()
}

/// The commit that `main` stands for, else any.
fn snapshot(repository: &Path) -> Option<PathBuf> {
    let snapshots = repository.join("snapshots");
    let main = fs::read_to_string(repository.join("refs/main")).ok();
    let commit = main.as_deref().map(str::trim);
    let hex = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let main = commit.filter(hex).map(|commit| snapshots.join(commit));
    main.filter(|path| path.is_dir()).or_else(|| {
        let mut all = entries(&snapshots);
        all.sort();
        all.pop()
    })
}

fn stocked(repository: &str, path: &Path) -> Option<Stocked> {
    let stem = stem(path)?;
    let variant = file_name::quantisation(&stem).unwrap_or(&stem);
    let blob = fs::read_link(path).ok();
    let hash = blob.as_deref().and_then(name).filter(|text| is_sha256(text)).map(str::to_owned);
    let found = Stocked::of(Keeper::Hub, &format!("{repository}:{variant}"), path)?;
    // A part's hash is not the model's.
    Some(Stocked { sha256: hash.filter(|_| found.parts == (1, 1)), ..found })
}
