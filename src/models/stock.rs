//! Every model on this machine: our own, and those of other programs where they are, read only.

use std::path::Path;
use std::path::PathBuf;

use crate::config::Paths;
use crate::models::caches;
use crate::models::file_name;
use crate::models::files::model_files;
use crate::models::files::stem;
use crate::text::Clean;

/// The longest name of a model, in graphemes.
const NAME_MAX: usize = 300;

/// Whose directory a model is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Keeper {
    /// Ours: it can be removed here.
    Own,
    /// Ollama's.
    Ollama,
    /// LM Studio's.
    LmStudio,
    /// The cache of Hugging Face's programs.
    Hub,
    /// llama.cpp's cache.
    LlamaCpp,
}

impl Keeper {
    /// Returns the name that a person knows it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "edgewise",
            Self::Ollama => "Ollama",
            Self::LmStudio => "LM Studio",
            Self::Hub => "Hugging Face",
            Self::LlamaCpp => "llama.cpp",
        }
    }
}

/// A model file that was found and has not been looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stocked {
    /// Whose directory it is in.
    pub keeper: Keeper,
    /// The name by which it can be asked for.
    pub name: String,
    /// Its file, or the first of several.
    pub path: PathBuf,
    /// How many files there are and how many there should be.
    pub parts: (u32, u32),
    /// The bytes of all of them.
    pub bytes: u64,
    /// The SHA-256 that its keeper knows it by, in lower-case hex.
    pub sha256: Option<String>,
    /// The licence, where the keeper has it beside the file.
    pub licence: Option<String>,
}

/// Finds every model: ours first, then by keeper and name. What cannot be read is not there.
pub fn stock(paths: &Paths) -> Vec<Stocked> {
    let own = model_files(&paths.models_dir());
    let own = own.iter().filter_map(|path| Stocked::of(Keeper::Own, &stem(path)?, path));
    let mut all: Vec<Stocked> = own.chain(caches::find(&paths.apps)).collect();
    all.sort_by(|a, b| (a.keeper, &a.name, &a.path).cmp(&(b.keeper, &b.name, &b.path)));
    all.dedup_by(|a, b| (a.keeper, &a.name, &a.path) == (b.keeper, &b.name, &b.path));
    all
}

impl Stocked {
    /// Describes a file; nothing for the second and later files of several, for what is no file,
    /// and for what only goes with a model.
    pub(super) fn of(keeper: Keeper, name: &str, path: &Path) -> Option<Self> {
        let stem = stem(path)?;
        // What is shown is what can be asked for.
        let name = Clean::one_line(name, NAME_MAX).into_string();
        // An eye or an ear of a model, not a model.
        if stem.to_lowercase().contains("mmproj") {
            return None;
        }
        let bytes = |path: &Path| path.metadata().ok().filter(std::fs::Metadata::is_file);
        let (parts, bytes) = match file_name::part(&stem) {
            Some(part) if part.number == 1 => {
                let sizes = file_name::stems(part)
                    .filter_map(|stem| bytes(&path.with_file_name(format!("{stem}.gguf"))))
                    .map(|meta| meta.len());
                let (count, total) =
                    sizes.fold((0, 0), |(count, sum), size| (count + 1, sum + size));
                ((count, part.of), total)
            }
            Some(_) => return None,
            // Of our own it is said what is wrong with them.
            None if keeper == Keeper::Own => ((1, 1), bytes(path).map_or(0, |meta| meta.len())),
            None => ((1, 1), bytes(path)?.len()),
        };
        let (sha256, licence) = (None, None);
        Some(Self { keeper, name, path: path.to_owned(), parts, bytes, sha256, licence })
    }
}
