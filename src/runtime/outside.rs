//! What other programs do for the chat, by the user's word: the clipboard, an editor, a browser, a
//! file.
//!
//! Never: without a key of the user's; with text that is not clean.

mod clipboard;
mod editor;
mod listing;

pub(super) use clipboard::osc52;
pub(super) use editor::edit;
pub(super) use listing::files;

use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;

use crate::chat::Fault;
use crate::config::Env;
use crate::text::Address;
use crate::text::Clean;
use crate::words::say;
use crate::words::word;

/// What is around this program, as far as it matters for handing text on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outside {
    /// Inside tmux.
    pub tmux: bool,
    /// Inside GNU screen.
    pub screen: bool,
    /// On another machine than the one whose screen this is.
    pub ssh: bool,
    /// Programs that take text for the clipboard of this machine, the likeliest first.
    pub clipboards: Vec<Vec<&'static str>>,
    /// Programs that open an address, the likeliest first.
    pub openers: Vec<String>,
    /// The user's editor, with its arguments.
    pub editor: Vec<String>,
    /// What `~` stands for.
    pub home: Option<PathBuf>,
}

impl Outside {
    /// Reads the environment.
    pub fn read(env: &Env) -> Self {
        let has = |name: &str| env.get(name).is_some_and(|value| !value.is_empty());
        let ssh = has("SSH_CONNECTION") || has("SSH_TTY");
        let mut clipboards: Vec<Vec<&'static str>> = Vec::new();
        if cfg!(target_os = "macos") {
            clipboards.push(vec!["pbcopy"]);
        }
        if has("WAYLAND_DISPLAY") {
            clipboards.push(vec!["wl-copy"]);
        }
        if has("DISPLAY") {
            clipboards.push(vec!["xclip", "-selection", "clipboard"]);
            clipboards.push(vec!["xsel", "--clipboard", "--input"]);
        }
        let said = |name: &str| env.get(name)?.to_str().filter(|it| !it.trim().is_empty());
        let editor = said("VISUAL").or_else(|| said("EDITOR")).unwrap_or("vi");
        let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        Self {
            tmux: has("TMUX"),
            screen: has("STY"),
            ssh,
            // Over ssh a program's clipboard would be the other machine's.
            clipboards: if ssh { Vec::new() } else { clipboards },
            openers: said("BROWSER").into_iter().chain([opener]).map(str::to_owned).collect(),
            editor: editor.split_whitespace().map(str::to_owned).collect(),
            home: env.home(),
        }
    }

    /// Hands a text to the clipboards of programs; returns the words about it, with those of what
    /// the terminal was sent before them.
    ///
    /// # Cancel safety
    /// What was started is ended when the future is dropped.
    pub(super) async fn copy(&self, text: Clean, what: String, terminal: bool) -> String {
        let mut ways: Vec<&str> = Vec::new();
        if self.tmux && clipboard::feed(&["tmux", "load-buffer", "-w", "-"], &text).await {
            ways.push("tmux");
        }
        if terminal {
            ways.push(word("copy-by-terminal"));
        }
        for program in &self.clipboards {
            if clipboard::feed(program, &text).await {
                ways.push(program[0]);
                break;
            }
        }
        let lines = text.as_str().lines().count();
        if ways.is_empty() {
            return say!("copy-too-long", what = what);
        }
        say!("copied", what = what, lines = lines, ways = ways.join(", "))
    }

    /// Opens an address with the first program there is; returns the words about it.
    pub(super) fn follow(&self, address: &Address) -> String {
        for program in &self.openers {
            let mut command = std::process::Command::new(program);
            command.arg(address.as_str());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if let Ok(mut child) = command.spawn() {
                // Somebody has to wait for it.
                std::thread::spawn(move || child.wait().ok());
                return say!("link-opens", program = program, address = address.as_str());
            }
        }
        say!("link-no-program", address = address.as_str())
    }

    /// Saves a text to a new file; returns the words about it.
    pub(super) fn write(&self, path: &str, text: &Clean) -> String {
        match self.save(path, text.as_str()) {
            Ok(path) => say!("file-saved", path = path.display().to_string()),
            Err(fault) => say!("file-not-saved", why = fault.message),
        }
    }

    fn save(&self, path: &str, text: &str) -> Result<PathBuf, Fault> {
        let path = match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(path),
        };
        let cannot = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                Fault::new(say!("file-exists", path = path.display().to_string()))
            }
            _ => Fault::new(format!("{}: {error}", path.display())),
        };
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).open(Path::new(&path));
        let mut file = file.map_err(cannot)?;
        let end = if text.ends_with('\n') { "" } else { "\n" };
        file.write_all(text.as_bytes()).map_err(cannot)?;
        file.write_all(end.as_bytes()).map_err(cannot)?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_around_says_which_ways_there_are() {
        let read = |pairs: &[(&str, &str)]| Outside::read(&Env::from_pairs(pairs.iter().copied()));
        let here = read(&[("DISPLAY", ":0"), ("VISUAL", "code --wait"), ("EDITOR", "vi")]);
        assert_eq!(here.editor, ["code", "--wait"]);
        assert!(here.clipboards.iter().any(|it| it[0] == "xclip") && !here.tmux && !here.ssh);
        let far = read(&[("DISPLAY", ":10"), ("SSH_CONNECTION", "a b c d"), ("TMUX", "x,1,0")]);
        assert!(far.clipboards.is_empty() && far.tmux && far.ssh);
        assert_eq!(far.editor, ["vi"]);
    }

    #[test]
    fn a_file_is_saved_whole_and_never_over_another() {
        let dir = tempfile::tempdir().expect("a directory");
        let outside = Outside { home: Some(dir.path().to_owned()), ..Outside::default() };
        let path = dir.path().join("a.rs");
        let text = Clean::new("fn a() {}");
        assert_eq!(outside.write("~/a.rs", &text), format!("saved {}", path.display()));
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "fn a() {}\n");
        let again = outside.write("~/a.rs", &Clean::new("x"));
        assert_eq!(again, format!("not saved: {} exists", path.display()));
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "fn a() {}\n");
        assert!(outside.write("~/none/a.rs", &text).starts_with("not saved: "));
    }
}
