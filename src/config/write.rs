//! Files that are there whole or not at all, and changes that keep what the user wrote around them.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use toml_edit::DocumentMut;
use toml_edit::Item;
use toml_edit::TableLike;

use crate::config::ConfigError;
use crate::config::Env;
use crate::config::Layer;
use crate::config::Settings;
use crate::config::hint::quoted;

/// Writes `bytes` beside `path` and renames them there; what a symbolic link points at is
/// replaced, not the link. New directories are the user's alone, and so is the file.
///
/// # Errors
/// Whatever the system says.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    put(&path, bytes, File::sync_all)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// Does what [`replace`] does for a file that is no loss: whoever reads it meets all of the old or all
/// of the new one, and after a power cut maybe none.
///
/// # Errors
/// As for [`replace`].
pub fn swap(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, |_| Ok(()))
}

fn put(path: &Path, bytes: &[u8], sync: fn(&File) -> io::Result<()>) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = directory.join(format!(".{name}.{}", std::process::id()));
    let written = write(&beside, bytes, sync).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        fs::remove_file(&beside).ok();
    }
    written
}

fn write(path: &Path, bytes: &[u8], sync: fn(&File) -> io::Result<()>) -> io::Result<()> {
    // What a killed run of the same number left is in nobody's way.
    fs::remove_file(path).ok();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    sync(&file)
}

/// Sets `key`, tables and key joined by dots, to `value`, which is TOML or else a text; comments,
/// order and spaces of `text` stay.
///
/// # Errors
/// `text` is no valid configuration, before or after the change.
pub fn change(file: &str, text: &str, key: &str, value: &str) -> Result<String, ConfigError> {
    Layer::parse(file, text)?;
    let broken = |why: String| ConfigError::new(format!("{file}: {why}"));
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| broken(error.message().to_owned()))?;
    let parts = toml_edit::Key::parse(key)
        .map_err(|_| ConfigError::new(format!("{} is no key", quoted(key))))?;
    let value = value.parse().unwrap_or_else(|_| toml_edit::Value::from(value));
    let Some((last, tables)) = parts.split_last() else {
        return Err(ConfigError::new("a key is missing"));
    };
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for part in tables {
        let implicit = || {
            let mut table = toml_edit::Table::new();
            table.set_implicit(true);
            Item::Table(table)
        };
        let item = table.entry(part.get()).or_insert_with(implicit);
        let inner = item.as_table_like_mut();
        table = inner.ok_or_else(|| broken(format!("{} is no table", quoted(part.get()))))?;
    }
    match table.get_mut(last.get()).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = value;
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(last.get(), Item::Value(value));
        }
    }
    let text = document.to_string();
    let layer = Layer::parse(key, &text).map_err(|error| ConfigError { place: None, ..error })?;
    Settings::from_layers(&[layer], &Env::default())
        .map_err(|error| ConfigError { place: None, ..error })?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::fs::symlink;

    use super::*;

    const TEXT: &str = "# mine\ntheme = \"dark\" # for the night\n\n[profiles.quick] # fast\n# few\n\
                        n_ctx = 512\nsampling = { temp = 0.7, seed = 7 } # cool\n";

    #[test]
    fn a_change_keeps_everything_around_it() {
        let set = |key: &str, value: &str| change("f", TEXT, key, value).expect(key);
        assert_eq!(set("theme", "light"), TEXT.replace("\"dark\"", "\"light\""));
        assert_eq!(set("theme", "\"light\""), TEXT.replace("\"dark\"", "\"light\""));
        assert_eq!(set("profiles.quick.n_ctx", "1024"), TEXT.replace("512", "1024"));
        assert_eq!(set("profiles.quick.sampling.temp", "0.5"), TEXT.replace("0.7", "0.5"));
        let more = set("engine.max_turns", "3");
        assert!(more.starts_with(TEXT) && more.ends_with("[engine]\nmax_turns = 3\n"), "{more}");
        let more = set("profiles.new.system", "Be kind.");
        assert!(more.ends_with("[profiles.new]\nsystem = \"Be kind.\"\n"), "{more}");
    }

    #[test]
    fn a_change_to_nonsense_is_refused() {
        for (key, value, said) in [
            ("profiles.quick.modle", "x", "unknown key `modle`"),
            ("theme.dark", "1", "`theme` is no table"),
            ("a b", "1", "`a b` is no key"),
            ("default_profile", "none", "no profile `none`"),
        ] {
            let error = change("f", TEXT, key, value).expect_err(key).to_string();
            assert!(error.contains(said), "{key}: {error}");
        }
        assert!(change("f", "theme = 1", "engine.max_turns", "3").is_err());
    }

    #[test]
    fn a_file_is_replaced_whole_and_a_link_stays_one() {
        let dir = tempfile::tempdir().expect("a directory");
        let (real, link) = (dir.path().join("real.toml"), dir.path().join("new/link.toml"));
        replace(&real, b"one").expect("written");
        fs::create_dir(dir.path().join("new")).expect("a directory");
        symlink(&real, &link).expect("a link");
        replace(&link, b"two").expect("written");
        assert_eq!(fs::read(&real).expect("there"), b"two");
        assert!(link.symlink_metadata().expect("there").is_symlink());
        assert_eq!(real.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        let deep = dir.path().join("a/b/c");
        replace(&deep, b"three").expect("written");
        assert_eq!(fs::read_dir(dir.path().join("a/b")).expect("listed").count(), 1);
    }
}
