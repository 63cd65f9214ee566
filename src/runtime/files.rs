//! Files that a question names: found by path or pattern, read whole, within limits.

use std::fs::File;
use std::fs::Metadata;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::prompt::Attachment;
use crate::prompt::NoText;
use crate::prompt::text_of;

/// The most bytes of all files together: more fits no context of a device.
pub const FILES_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The most files; a pattern that finds more is a mistake.
pub const FILES_MAX: usize = 200;

/// Hidden files are for those who name them, and a star stays in its directory.
const MATCHING: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// Reads the files that `words` name, in order, each once. A word is a path below `here`, or where
/// there is no such file a pattern: `*`, `**`, `?`, `[a-z]`.
///
/// # Errors
/// There is no such file, it cannot be read, is no text (`Usage`), or it is too much (`TooLong`).
pub fn attach(words: &[PathBuf], here: &Path) -> Result<Vec<Attachment>, Fault> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for word in words {
        for path in found(word, here)? {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        if paths.len() > FILES_MAX {
            let message = format!("{} names more than {FILES_MAX} files", word.display());
            return Err(usage(message).hint("name fewer, or a narrower pattern"));
        }
    }
    let (mut files, mut left) = (Vec::new(), FILES_BYTES_MAX);
    for path in paths {
        let text = read(&path, here, &mut left)?;
        files.push(Attachment { name: path.display().to_string(), text });
    }
    Ok(files)
}

/// Finds the paths that a word means, as they are to be named.
fn found(word: &Path, here: &Path) -> Result<Vec<PathBuf>, Fault> {
    let shown = word.display();
    let missing = || usage(format!("no file {shown}"));
    match here.join(word).metadata() {
        Ok(_) => return Ok(vec![word.to_owned()]),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(usage(format!("cannot read {shown}: {error}"))),
    }
    let pattern =
        word.to_str().filter(|word| word.contains(['*', '?', '['])).ok_or_else(missing)?;
    let whole = PathBuf::from(glob::Pattern::escape(&here.to_string_lossy())).join(pattern);
    let entries = glob::glob_with(&whole.to_string_lossy(), MATCHING)
        .map_err(|error| usage(format!("{shown} is no pattern: {}", error.msg)))?;
    let mut paths = Vec::new();
    for entry in entries.take(FILES_MAX * 50) {
        let path =
            entry.map_err(|error| usage(format!("cannot read {}", error.path().display())))?;
        if path.is_file() && paths.len() <= FILES_MAX {
            paths.push(path.strip_prefix(here).map(Path::to_owned).unwrap_or(path));
        }
    }
    if paths.is_empty() { Err(usage(format!("no file matches {shown}"))) } else { Ok(paths) }
}

fn read(path: &Path, here: &Path, left: &mut u64) -> Result<String, Fault> {
    let shown = path.display();
    let cannot = |what: &dyn std::fmt::Display| usage(format!("cannot read {shown}: {what}"));
    let whole = here.join(path);
    let meta = whole.metadata().map_err(|error| cannot(&error))?;
    if meta.is_dir() {
        return Err(cannot(&"a directory").hint(format!("-f '{shown}/*' takes the files in it")));
    }
    if !is_readable(&meta) {
        return Err(cannot(&"not a file"));
    }
    let mut bytes = Vec::new();
    File::open(&whole)
        .and_then(|file| file.take(*left + 1).read_to_end(&mut bytes))
        .map_err(|error| cannot(&error))?;
    *left = left.checked_sub(bytes.len() as u64).ok_or_else(|| {
        let most = FILES_BYTES_MAX / (1024 * 1024);
        let message = format!("{shown}: the files hold more than {most} MiB together");
        Fault::new(message).kind(FaultKind::TooLong).hint("send a part of it")
    })?;
    text_of(bytes).map_err(|no_text| {
        usage(format!("{shown} is {no_text}")).hint(match no_text {
            NoText::Utf16 => "convert it with iconv -f utf-16 -t utf-8",
            NoText::Binary(_) => "only text can be attached; convert what it holds to text first",
        })
    })
}

/// A file, or the pipe that a shell makes of `<(command)`.
fn is_readable(meta: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    meta.is_file() || meta.file_type().is_fifo()
}

fn usage(message: String) -> Fault {
    Fault::new(message).kind(FaultKind::Usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str], here: &Path) -> Result<Vec<String>, Fault> {
        let words: Vec<PathBuf> = words.iter().map(PathBuf::from).collect();
        attach(&words, here).map(|files| files.into_iter().map(|file| file.name).collect())
    }

    fn home() -> tempfile::TempDir {
        // A name that is no pattern, though it looks like one.
        let home = tempfile::Builder::new().prefix("h[1]").tempdir().expect("a directory");
        std::fs::create_dir_all(home.path().join("src/deep")).expect("directories");
        for (name, text) in [
            ("src/a.rs", &b"a"[..]),
            ("src/b.rs", b"b"),
            ("src/deep/c.rs", b"c"),
            ("src/.d.rs", b"d"),
            ("[x].md", b"x"),
            ("p.png", b"\x89PNG\0"),
            ("wide.txt", b"\xff\xfea\0"),
        ] {
            std::fs::write(home.path().join(name), text).expect("a file");
        }
        home
    }

    #[test]
    fn paths_and_patterns_find_files_each_once() {
        let home = home();
        let here = home.path();
        let found = |words: &[&str]| names(words, here).expect("files");
        assert_eq!(found(&["src/*.rs"]), ["src/a.rs", "src/b.rs"]);
        assert_eq!(found(&["src/b.rs", "src/*.rs"]), ["src/b.rs", "src/a.rs"]);
        assert_eq!(found(&["src/**/*.rs"]), ["src/a.rs", "src/b.rs", "src/deep/c.rs"]);
        assert_eq!(found(&["[x].md"]), ["[x].md"], "a file's own name comes first");
        assert_eq!(found(&["src/.d.rs"]), ["src/.d.rs"], "named, it is not hidden");
        let absolute = here.join("src/a.rs");
        assert_eq!(
            found(&[absolute.to_str().expect("UTF-8")]),
            [absolute.to_str().expect("UTF-8")]
        );
    }

    #[test]
    fn what_cannot_be_attached_is_named() {
        let home = home();
        let table: [(&[&str], &str); 7] = [
            (&["none.md"], "no file none.md"),
            (&["*.none"], "no file matches *.none"),
            (&["a[.md"], "a[.md is no pattern: invalid range pattern"),
            (&["src"], "cannot read src: a directory"),
            (&["p.png"], "p.png is not text: the byte at offset 0"),
            (&["wide.txt"], "wide.txt is UTF-16, not UTF-8"),
            (&["/dev/zero"], "cannot read /dev/zero: not a file"),
        ];
        for (words, message) in table {
            let fault = names(words, home.path()).expect_err(message);
            assert_eq!((fault.message.as_str(), fault.kind), (message, FaultKind::Usage));
        }
    }

    #[test]
    fn all_files_together_have_a_limit_and_their_number_as_well() {
        let home = tempfile::tempdir().expect("a directory");
        let half = "x".repeat(usize::try_from(FILES_BYTES_MAX / 2).expect("some MiB"));
        std::fs::write(home.path().join("a"), &half).expect("a file");
        std::fs::write(home.path().join("b"), &half).expect("a file");
        assert_eq!(names(&["a", "b"], home.path()).expect("just fits").len(), 2);
        std::fs::write(home.path().join("c"), "x").expect("a file");
        let fault = names(&["a", "b", "c"], home.path()).expect_err("too much");
        assert_eq!(fault.kind, FaultKind::TooLong);
        assert_eq!(fault.message, "c: the files hold more than 4 MiB together");
        for number in 0..=FILES_MAX {
            std::fs::write(home.path().join(format!("n{number}")), "").expect("a file");
        }
        let fault = names(&["n*"], home.path()).expect_err("too many");
        assert_eq!(fault.message, "n* names more than 200 files");
    }
}
