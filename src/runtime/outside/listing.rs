//! The files that a name may become.

use std::path::Path;

/// The most names.
const MOST: usize = 200;

/// Returns the files in the directory that `begun` leads to from `here`, in their order, as they are
/// to be named; hidden ones only where the name begins with a dot.
pub(in crate::runtime) fn files(here: &Path, begun: &str) -> Vec<String> {
    let (directory, last) = begun
        .rsplit_once('/')
        .map_or(("", begun), |(directory, last)| (&begun[..=directory.len()], last));
    let Ok(entries) = std::fs::read_dir(here.join(directory)) else { return Vec::new() };
    let usable = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let hidden = name.starts_with('.') && !last.starts_with('.');
        // A name with a blank in it would end there.
        let fits = !hidden && !name.contains(char::is_whitespace);
        let slash = if entry.path().is_dir() { "/" } else { "" };
        fits.then(|| format!("{directory}{name}{slash}"))
    });
    let mut names: Vec<String> = usable.collect();
    names.sort();
    names.truncate(MOST);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_directory() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(dir.path().join("src")).expect("a directory");
        for name in ["a.rs", ".hidden", "with blank", "src/lib.rs"] {
            std::fs::write(dir.path().join(name), "x").expect("a file");
        }
        assert_eq!(files(dir.path(), ""), ["a.rs", "src/"]);
        assert_eq!(files(dir.path(), "src/l"), ["src/lib.rs"]);
        assert_eq!(files(dir.path(), "."), [".hidden", "a.rs", "src/"]);
        assert!(files(dir.path(), "none/x").is_empty());
    }
}
