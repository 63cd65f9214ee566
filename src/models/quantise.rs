//! Quantising: a smaller or faster file of the same model, made in a child process.

use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::CWD;
use rustix::fs::RenameFlags;

use crate::config::Paths;
use crate::config::nearest;
use crate::gguf;
use crate::models::ModelError;
use crate::models::ModelFile;
use crate::models::Stocked;
use crate::models::file_name;
use crate::models::keep::target_name;
use crate::models::preflight::bad;
use crate::models::preflight::preflight;
use crate::models::space;
use crate::models::workshop::Doing;
use crate::models::workshop::Workshop;

/// What can be made without further knowledge of the model; the smaller kinds need a matrix of what
/// matters in it.
pub const QUANTS: [&str; 18] = [
    "F16", "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0", "Q4_K_M", "Q4_K_S", "Q4_1",
    "Q4_0", "IQ4_NL", "IQ4_XS", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K",
];

/// Types of tensors that have lost nothing worth the name.
const LOSSLESS: [&str; 3] = ["F32", "F16", "BF16"];

/// What is to be made of what.
#[derive(Clone, Debug)]
pub struct Quantising {
    from: PathBuf,
    to: PathBuf,
    file_type: u32,
}

impl Quantising {
    /// Plans to make a `quant` of a model, in the directory of models. A source that was quantised
    /// has lost something already, and loses more: that has to be wanted (`lossy`).
    ///
    /// # Errors
    /// [`ModelError::Invalid`]: there is no such quantisation, the source is quantised, or there is
    /// such a file already; [`ModelError::Bad`]: the disk has no room for what it is estimated to
    /// take.
    pub fn plan(
        model: &Stocked,
        file: &ModelFile,
        quant: &str,
        lossy: bool,
        paths: &Paths,
    ) -> Result<Self, ModelError> {
        let invalid = |message: String| ModelError::Invalid { message };
        let known = QUANTS.iter().find(|known| known.eq_ignore_ascii_case(quant));
        let file_type = known.and_then(|quant| gguf::file_type(quant));
        let (Some(quant), Some(file_type)) = (known, file_type) else {
            let near = nearest(quant, QUANTS).map(|near| format!("; the nearest is `{near}`"));
            let quant = quant.escape_debug();
            let (near, all) = (near.unwrap_or_default(), QUANTS.join(" "));
            return Err(invalid(format!("no quantisation `{quant}`{near}, of {all}")));
        };
        let is_lossless = |total: &gguf::TypeTotal| LOSSLESS.contains(&total.name);
        if !lossy && !file.header.tensors.types.iter().all(is_lossless) {
            let own = file.header.quantisation().unwrap_or("quantised");
            return Err(invalid(format!(
                "{} is {own} and has lost something already: take one in F16 or BF16, or lose more \
                 with --lossy",
                file.name
            )));
        }
        let name = name(&target_name(model, &model.path)?, quant);
        let to = paths.models_dir().join(file_name::safe(&name).map_err(invalid)?);
        if to.exists() {
            return Err(invalid(format!("{} is there already", to.display())));
        }
        if let Some(tensors) = gguf::quantised_bytes(&file.header, file_type) {
            // The vocabulary and all else stay as they are.
            let rest = file.total_bytes.saturating_sub(file.header.tensor_bytes);
            space::check(&paths.models_dir(), tensors.saturating_add(rest))?;
        }
        Ok(Self { from: file.path.clone(), to, file_type })
    }

    /// Makes the file and returns it: whole, or not there at all. `doing` is told of tensors.
    ///
    /// # Errors
    /// [`ModelError::Stopped`] where `doing` says so, [`ModelError::Bad`] where llama.cpp refuses
    /// the source or the file cannot be written.
    pub fn run(&self, workshop: &Workshop, doing: Doing<'_>) -> Result<PathBuf, ModelError> {
        let failed = |error: io::Error| bad(&self.to, &error);
        let directory = self.to.parent().unwrap_or(Path::new("/"));
        let builder = &mut fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let name = self.to.file_name().unwrap_or_default().to_string_lossy();
        let beside = directory.join(format!(".{name}.{}", std::process::id()));
        let number = self.file_type.to_string();
        let words = [
            OsStr::new("quantize"),
            self.from.as_os_str(),
            beside.as_os_str(),
            OsStr::new(&number),
        ];
        let made = workshop
            .run(&words, doing)
            .and_then(|_| preflight(&beside).map(|_| ()))
            .and_then(|()| place(&beside, &self.to).map_err(failed));
        if made.is_err() {
            // There may be none.
            fs::remove_file(&beside).ok();
        }
        made.map(|()| self.to.clone())
    }
}

/// Gives a whole file its name, which nobody else may have.
fn place(beside: &Path, to: &Path) -> io::Result<()> {
    File::open(beside)?.sync_all()?;
    rustix::fs::renameat_with(CWD, beside, CWD, to, RenameFlags::NOREPLACE)?;
    File::open(to.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// Returns the name of a `quant` of the file `name`: the quantisation in it is replaced, or put at
/// its end.
fn name(name: &str, quant: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = file_name::part(stem).map_or(stem, |part| part.base);
    match file_name::quantisation(stem).and_then(|own| stem.rsplit_once(own)) {
        Some((before, after)) => format!("{before}{quant}{after}.gguf"),
        None => format!("{stem}-{quant}.gguf"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_name_says_what_it_is() {
        let table = [
            ("SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct.Q4_0.gguf"),
            ("Qwen3-0.6B-f16.gguf", "Qwen3-0.6B-Q4_0.gguf"),
            ("tiny.gguf", "tiny-Q4_0.gguf"),
            ("big-BF16-00001-of-00003.gguf", "big-Q4_0.gguf"),
        ];
        for (from, to) in table {
            assert_eq!(name(from, "Q4_0"), to);
        }
    }

    #[test]
    fn every_quantisation_has_its_number() {
        for quant in QUANTS {
            assert!(gguf::file_type(quant).is_some(), "{quant}");
        }
    }
}
