//! Ollama's models: `manifests/HOST/NAMESPACE/MODEL/TAG`, which names `blobs/sha256-HASH`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use super::is_sha256;
use super::name;
use crate::models::Keeper;
use crate::models::Stocked;
use crate::models::files::entries;

/// A manifest has a few hundred bytes.
const MAX_MANIFEST_BYTES: u64 = 1 << 20;

/// Of a licence the first line is shown.
const MAX_LICENCE_BYTES: u64 = 4096;

/// The names that are left out of a model's name, as Ollama does.
const HOST: &str = "registry.ollama.ai";
const NAMESPACE: &str = "library";

pub(super) fn find(root: &Path) -> Vec<Stocked> {
    let mut found = Vec::new();
    for host in entries(&root.join("manifests")) {
        for namespace in entries(&host) {
            for model in entries(&namespace) {
                let manifests = entries(&model).into_iter();
                found.extend(manifests.filter_map(|manifest| stocked(root, &manifest)));
            }
        }
    }
    found
}

fn stocked(root: &Path, manifest: &Path) -> Option<Stocked> {
    let text = read(manifest, MAX_MANIFEST_BYTES)?;
    let manifest_value: Value = serde_json::from_slice(&text).ok()?;
    let layers = manifest_value.get("layers")?.as_array()?;
    let layer = |kind: &str| {
        let kind = format!("application/vnd.ollama.image.{kind}");
        let layer = layers.iter().find(|layer| layer["mediaType"] == kind.as_str())?;
        layer["digest"].as_str()?.strip_prefix("sha256:").filter(|hash| is_sha256(hash))
    };
    let blob = |hash: &str| root.join("blobs").join(format!("sha256-{hash}"));
    let hash = layer("model")?;
    let licence = layer("license").and_then(|hash| read(&blob(hash), MAX_LICENCE_BYTES));
    let licence = licence.map(|text| String::from_utf8_lossy(&text).into_owned());
    let licence =
        licence.as_deref().and_then(|text| text.lines().find(|line| !line.trim().is_empty()));
    let found = Stocked::of(Keeper::Ollama, &full_name(manifest)?, &blob(hash))?;
    let licence = licence.map(|line| line.trim().to_owned());
    Some(Stocked { sha256: Some(hash.to_owned()), licence, ..found })
}

/// Reads the name from where the manifest lies.
fn full_name(manifest: &Path) -> Option<String> {
    let mut up = manifest.ancestors().filter_map(name);
    let (tag, model, namespace, host) = (up.next()?, up.next()?, up.next()?, up.next()?);
    Some(match (host, namespace) {
        (HOST, NAMESPACE) => format!("{model}:{tag}"),
        (HOST, _) => format!("{namespace}/{model}:{tag}"),
        _ => format!("{host}/{namespace}/{model}:{tag}"),
    })
}

fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
    // Looked at before it is opened: opening a pipe would wait.
    path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}
