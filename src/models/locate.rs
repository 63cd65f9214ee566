//! A model's name or path to its file.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::config::Paths;
use crate::config::nearest;
use crate::gguf;
use crate::gguf::Footprint;
use crate::models::CatalogueEntry;
use crate::models::Keeper;
use crate::models::ModelError;
use crate::models::Stocked;
use crate::models::catalogue;
use crate::models::file_name;
use crate::models::files::is_gguf;
use crate::models::files::model_files;
use crate::models::files::stem;
use crate::models::preflight::bad;
use crate::models::preflight::preflight;
use crate::models::stock;

/// The most names in a hint.
const NAMES_MAX: usize = 12;

/// A model file that passed the preflight.
#[derive(Clone, Debug)]
pub struct ModelFile {
    /// The file, or the first of several; absolute and without symbolic links.
    pub path: PathBuf,
    /// The name as the user knows it: the one asked for, or a path's file stem.
    pub name: String,
    /// The file's size.
    pub bytes: u64,
    /// When it was last written.
    pub modified: SystemTime,
    /// The size of all files together.
    pub total_bytes: u64,
    /// What the file says of itself.
    pub header: gguf::Header,
}

impl ModelFile {
    /// Returns how much memory the model takes.
    pub fn footprint(&self) -> Footprint {
        let footprint = Footprint::of(&self.header);
        if self.total_bytes > self.bytes {
            return footprint.with_weights(self.total_bytes);
        }
        footprint
    }
}

/// Finds the file of a model and checks it.
///
/// What starts with `/`, `.` or `~` or ends in `.gguf` is a path; anything else is a name: of the
/// catalogue, or a file's stem in [`Paths::models_dir`], or what another program calls a model of
/// its own (`qwen3:0.6b`, `org/repo:quant`), whatever the letters' case.
///
/// # Errors
/// [`ModelError::Invalid`] for a name that can name nothing, [`ModelError::Missing`] where there
/// is no file, [`ModelError::Bad`] where the file is no whole model.
pub fn locate(name: &str, paths: &Paths) -> Result<ModelFile, ModelError> {
    let found = find(name, paths)?;
    let name = if is_path(name) { found.name.clone() } else { name.to_owned() };
    inspect(&found, &name)
}

/// Finds what [`locate`] would check.
///
/// # Errors
/// As for [`locate`]; the file is not looked into.
pub fn find(name: &str, paths: &Paths) -> Result<Stocked, ModelError> {
    if name.trim().is_empty() || name.contains(char::is_control) {
        let message = format!("`{}` is no model's name", name.escape_debug());
        return Err(ModelError::Invalid { message });
    }
    if !is_path(name) {
        return by_name(name, paths);
    }
    let path = file_behind(&by_path(name, paths)?)?;
    let name = stem(&path).unwrap_or_default();
    let found = Stocked::of(Keeper::Own, &name, &path);
    // What goes with a model, or is the second of several, is refused by its content.
    let alone = Stocked {
        keeper: Keeper::Own,
        name,
        path,
        parts: (1, 1),
        bytes: 0,
        sha256: None,
        licence: None,
    };
    Ok(found.unwrap_or(alone))
}

/// Checks a model that was found, and calls it `name`.
///
/// # Errors
/// [`ModelError::Bad`] where the file is no whole model, or one of several is missing.
pub fn inspect(stocked: &Stocked, name: &str) -> Result<ModelFile, ModelError> {
    let (here, all) = stocked.parts;
    if here < all {
        let what = format!("only {here} of {all} files of the model are there");
        return Err(bad(&stocked.path, &what));
    }
    let total = (all > 1).then_some(stocked.bytes);
    checked(&stocked.path, name.to_owned(), total)
}

/// Returns the file behind every link. Of several files the names stay, for by them llama.cpp finds
/// the others.
fn file_behind(path: &Path) -> Result<PathBuf, ModelError> {
    let of_several = stem(path).is_some_and(|stem| file_name::part(&stem).is_some());
    let real = match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if of_several => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            fs::canonicalize(parent).map(|parent| parent.join(name))
        }
        _ => fs::canonicalize(path),
    };
    real.map_err(|error| bad(path, &error))
}

fn checked(found: &Path, name: String, total: Option<u64>) -> Result<ModelFile, ModelError> {
    // `bytes`, `modified` and the header are those of the file behind every link.
    let path = file_behind(found)?;
    let (meta, header) = preflight(&path)?;
    let modified = meta.modified().map_err(|error| bad(&path, &error))?;
    let bytes = meta.len();
    Ok(ModelFile { path, name, bytes, modified, total_bytes: total.unwrap_or(bytes), header })
}

/// Lists the names of the files in the directory of models, sorted; none if it cannot be read.
pub fn available(paths: &Paths) -> Vec<String> {
    let mut names: Vec<String> =
        model_files(&paths.models_dir()).iter().filter_map(|path| stem(path)).collect();
    names.sort();
    names
}

/// Tells whether `name` is a path.
fn is_path(name: &str) -> bool {
    name.starts_with(['/', '.', '~']) || is_gguf(Path::new(name))
}

fn by_path(name: &str, paths: &Paths) -> Result<PathBuf, ModelError> {
    let path = expand(name, paths)?;
    match fs::symlink_metadata(&path).and_then(|_| fs::metadata(&path)) {
        Ok(_) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ModelError::Missing {
            message: format!("no model file {}", path.display()),
            hint: "edgewise models list names those that are here, models pull fetches one"
                .to_owned(),
        }),
        Err(error) => Err(bad(&path, &error)),
    }
}

/// Replaces a leading `~` by the home directory.
fn expand(name: &str, paths: &Paths) -> Result<PathBuf, ModelError> {
    let Some(rest) = name.strip_prefix('~') else { return Ok(PathBuf::from(name)) };
    let invalid = |what: &str| ModelError::Invalid { message: format!("{what} in `{name}`") };
    if !rest.is_empty() && !rest.starts_with('/') {
        return Err(invalid("only one's own home can be named by ~: write it out"));
    }
    let home = paths.home.as_ref().ok_or_else(|| invalid("HOME is not set, so nothing is ~"))?;
    Ok(home.join(rest.trim_start_matches('/')))
}

fn by_name(name: &str, paths: &Paths) -> Result<Stocked, ModelError> {
    let dir = paths.models_dir();
    let entry = CatalogueEntry::find(name);
    let stock = stock(paths);
    let catalogued = entry.map(|entry| dir.join(&entry.file));
    let of_catalogue = |model: &&Stocked| Some(&model.path) == catalogued.as_ref();
    let named = |model: &&Stocked| model.name.to_lowercase() == name.to_lowercase();
    let found = stock.iter().find(of_catalogue).or_else(|| stock.iter().find(named));
    if let Some(found) = found {
        return Ok(found.clone());
    }
    // A repository without a quantisation is enough where there is only one.
    let repository = format!("{}:", name.to_lowercase());
    let variants: Vec<&Stocked> =
        stock.iter().filter(|model| model.name.to_lowercase().starts_with(&repository)).collect();
    match variants.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(ModelError::Missing {
            message: format!("no model `{name}` in {}", dir.display()),
            hint: missing(name, entry, &stock),
        }),
        several => {
            let all: Vec<&str> = several.iter().map(|model| model.name.as_str()).collect();
            let message = format!("`{name}` can be {}", all.join(", "));
            Err(ModelError::Invalid { message })
        }
    }
}

/// Says what fetches the model, or which models there are, the nearest alone if one is near.
fn missing(name: &str, entry: Option<&CatalogueEntry>, stock: &[Stocked]) -> String {
    if let Some(entry) = entry {
        return entry.remedy();
    }
    let here = stock.iter().map(|model| model.name.as_str());
    let known = catalogue().iter().map(|entry| entry.name.as_str());
    if let Some(near) = nearest(name, here.clone().chain(known)) {
        return format!("did you mean `{near}`?");
    }
    let here: Vec<&str> = here.take(NAMES_MAX).collect();
    let here = if here.is_empty() { "none".to_owned() } else { here.join(", ") };
    format!("here: {here}; edgewise models pull fetches one, ./FILE.gguf names a file")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Fault;
    use crate::chat::FaultKind;

    fn home() -> (tempfile::TempDir, Paths) {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().to_owned();
        fs::create_dir(root.join("models")).expect("models");
        let paths = Paths {
            config: root.clone(),
            data: root.clone(),
            cache: root.clone(),
            runtime: root.clone(),
            home: Some(root),
            ..Paths::default()
        };
        (dir, paths)
    }

    fn put(paths: &Paths, file: &str, bytes: &[u8]) -> PathBuf {
        let path = paths.models_dir().join(file);
        fs::write(&path, bytes).expect("a file");
        path
    }

    fn fault(name: &str, paths: &Paths) -> Fault {
        locate(name, paths).expect_err(name).into()
    }

    /// A whole model file with three tokens and two tensors of zeros.
    const TINY: &[u8] =
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/models/tiny.gguf"));

    #[test]
    fn a_model_is_found_by_name_and_by_path() {
        let (_dir, paths) = home();
        let file = fs::canonicalize(put(&paths, "Tiny.Q4_1.GGUF", TINY)).expect("it is there");
        std::os::unix::fs::symlink(&file, paths.data.join("link.gguf")).expect("a link");
        let absolute = file.display().to_string();
        let table = [
            ("tiny.q4_1", "tiny.q4_1"),
            ("Tiny.Q4_1", "Tiny.Q4_1"),
            ("~/models/Tiny.Q4_1.GGUF", "Tiny.Q4_1"),
            ("~/link.gguf", "Tiny.Q4_1"),
            (&absolute, "Tiny.Q4_1"),
        ];
        for (asked, name) in table {
            let model = locate(asked, &paths).expect(asked);
            assert_eq!(
                (model.path.as_path(), model.name.as_str()),
                (file.as_path(), name),
                "{asked}"
            );
            assert_eq!(model.bytes, TINY.len() as u64);
            assert_eq!(model.header.name(), Some("tiny"));
        }
    }

    #[test]
    fn the_catalogue_names_its_own_file() {
        let (_dir, paths) = home();
        let file = put(&paths, "SmolLM2-135M-Instruct.Q4_1.gguf", TINY);
        let model = locate("smollm2-135m-instruct", &paths).expect("found");
        assert_eq!(model.path, fs::canonicalize(file).expect("it is there"));
        assert_eq!(model.name, "smollm2-135m-instruct");
    }

    #[test]
    fn a_missing_model_says_where_it_looked_and_what_fetches_it() {
        let (_dir, paths) = home();
        let fault = fault("SmolLM2-135M-instruct", &paths);
        assert_eq!(fault.kind, FaultKind::Usage);
        assert!(fault.message.contains(&paths.models_dir().display().to_string()), "{fault}");
        assert_eq!(
            fault.hint.as_deref(),
            Some("run scripts/run to fetch it, or edgewise models pull smollm2-360m-instruct")
        );
    }

    #[test]
    fn another_missing_model_gets_the_nearest() {
        let (_dir, paths) = home();
        put(&paths, "Qwen3-1B.Q4_0.gguf", b"");
        let fault = fault("qwen3-1b.q4_1", &paths);
        assert_eq!(fault.hint.as_deref(), Some("did you mean `Qwen3-1B.Q4_0`?"));
        assert_eq!(available(&paths), ["Qwen3-1B.Q4_0"]);
    }

    #[test]
    fn paths_and_names_are_told_apart() {
        for path in ["/m", "./m", "../m", "~/m", "m.gguf", "d/M.GGUF", "."] {
            assert!(is_path(path), "{path}");
        }
        for name in ["m", "smollm2-135m-instruct", "m.gguf.part", "org/m:Q4"] {
            assert!(!is_path(name), "{name}");
        }
    }

    #[test]
    fn what_can_name_nothing_is_a_usage_error() {
        let (_dir, paths) = home();
        for name in ["", " ", "a\0b", "\u{1b}[31m", "~root/m"] {
            let error = locate(name, &paths).expect_err(name);
            assert!(matches!(error, ModelError::Invalid { .. }), "{name:?}: {error}");
            assert!(!error.to_string().contains(char::is_control), "{error:?}");
        }
    }

    #[test]
    fn a_path_that_is_not_there_is_missing() {
        let (_dir, paths) = home();
        let error = locate("~/none.gguf", &paths).expect_err("missing");
        assert!(matches!(error, ModelError::Missing { .. }), "{error}");
        std::os::unix::fs::symlink("nowhere", paths.models_dir().join("dangling.gguf"))
            .expect("a link");
        let error = locate("~/models/dangling.gguf", &paths).expect_err("missing");
        assert!(matches!(error, ModelError::Missing { .. }), "{error}");
    }

    #[test]
    fn what_is_no_model_is_bad_in_one_line() {
        let (_dir, paths) = home();
        put(&paths, "empty.gguf", b"");
        put(&paths, "text.gguf", b"hello, this is a text file\nwith two lines\n");
        put(&paths, "cut.gguf", b"GGUF\x03\0\0\0\x01\0");
        fs::create_dir(paths.models_dir().join("dir.gguf")).expect("a directory");
        let table = [
            ("empty", "empty"),
            ("text", "not a model file"),
            ("cut", "truncated"),
            ("dir", "directory"),
        ];
        for (name, reason) in table {
            for asked in [name.to_owned(), format!("~/models/{name}.gguf")] {
                let fault = fault(&asked, &paths);
                assert_eq!(fault.kind, FaultKind::Failed, "{fault}");
                assert!(fault.message.contains(reason), "{fault}");
                assert!(!fault.message.contains('\n'), "{fault}");
            }
        }
    }

    #[test]
    fn a_pipe_or_a_device_is_refused_without_waiting() {
        let (_dir, paths) = home();
        let fault = fault("/dev/null", &paths);
        assert!(fault.message.contains("not a regular file"), "{fault}");
    }
}
