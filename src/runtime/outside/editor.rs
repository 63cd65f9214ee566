//! A draft in the user's editor.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;

/// The longest draft that is taken back, in bytes.
const MAX: u64 = 4 * 1024 * 1024;

/// Has a text edited and waits for it; `editor` is a program and its arguments, `dir` a directory
/// that only the user can enter. The terminal must be given back before.
///
/// # Errors
/// There is no such program, it fails, or what it leaves cannot be read; the text is lost only then.
pub(in crate::runtime) fn edit(editor: &[String], dir: &Path, text: &str) -> io::Result<String> {
    let path = dir.join(format!("draft-{}.md", std::process::id()));
    let edited = in_file(editor, &path, text);
    // It holds what the user writes.
    std::fs::remove_file(&path).ok();
    edited
}

fn in_file(editor: &[String], path: &Path, text: &str) -> io::Result<String> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    drop(file);
    let (program, arguments) = editor.split_first().ok_or(io::ErrorKind::NotFound)?;
    let status = Command::new(program).args(arguments).arg(path).status()?;
    if !status.success() {
        return Err(io::Error::other(format!("{program} ended with {status}")));
    }
    let mut edited = String::new();
    std::fs::File::open(path)?.take(MAX).read_to_string(&mut edited)?;
    Ok(edited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_editor_leaves_is_the_draft_and_no_file_stays() {
        let dir = tempfile::tempdir().expect("a directory");
        let script = |body: &str| vec!["sh".to_owned(), "-c".to_owned(), body.to_owned()];
        let made = edit(&script("printf ' more' >> \"$0\""), dir.path(), "text");
        assert_eq!(made.expect("edited"), "text more");
        assert!(edit(&script("exit 1"), dir.path(), "text").is_err());
        assert!(edit(&["edgewise-no-such-program".to_owned()], dir.path(), "text").is_err());
        assert_eq!(std::fs::read_dir(dir.path()).expect("a directory").count(), 0);
    }
}
