//! The clipboard: by the terminal's own sequence, and by programs.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::Outside;
use crate::text::Clean;

/// What terminals take at the least: xterm's buffer of 100,000 bytes, as base64 and with its frame.
const TERMINAL_MAX: usize = 74_000;

/// How long a program may take; some keep the selection, and run on, in a process of their own.
const PATIENCE: Duration = Duration::from_secs(2);

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Returns the bytes that put a text on the terminal's clipboard (OSC 52), wrapped for what stands
/// between; `None` for a text that terminals drop.
pub(in crate::runtime) fn osc52(outside: &Outside, text: &Clean) -> Option<Vec<u8>> {
    if text.len() > TERMINAL_MAX {
        return None;
    }
    let plain = format!("\x1b]52;c;{}\x07", base64(text.as_str().as_bytes()));
    let wrapped = match (outside.tmux, outside.screen) {
        (true, _) => format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")),
        (_, true) => format!("\x1bP{plain}\x1b\\"),
        _ => plain,
    };
    Some(wrapped.into_bytes())
}

/// Encodes bytes (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = at(0) << 16 | at(1) << 8 | at(2);
        for (digit, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let index = usize::try_from(group >> shift & 63).unwrap_or(0);
            text.push(if digit <= chunk.len() { char::from(DIGITS[index]) } else { '=' });
        }
    }
    text
}

/// Gives a text to a program; returns whether it took it.
pub(super) async fn feed(program: &[&str], text: &Clean) -> bool {
    let Some((name, arguments)) = program.split_first() else { return false };
    let mut command = tokio::process::Command::new(name);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.kill_on_drop(true).spawn() else { return false };
    let Some(mut stdin) = child.stdin.take() else { return false };
    let fed = async {
        let written = stdin.write_all(text.as_str().as_bytes()).await;
        drop(stdin);
        written.is_ok() && child.wait().await.is_ok_and(|status| status.success())
    };
    tokio::time::timeout(PATIENCE, fed).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let table =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (text, encoded) in table {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }

    #[test]
    fn what_stands_between_is_passed_through() {
        let text = Clean::new("foo");
        let made = |outside: Outside| {
            String::from_utf8(osc52(&outside, &text).expect("short")).expect("text")
        };
        assert_eq!(made(Outside::default()), "\x1b]52;c;Zm9v\x07");
        let tmux = Outside { tmux: true, ..Outside::default() };
        assert_eq!(made(tmux), "\x1bPtmux;\x1b\x1b]52;c;Zm9v\x07\x1b\\");
        let screen = Outside { screen: true, ..Outside::default() };
        assert_eq!(made(screen), "\x1bP\x1b]52;c;Zm9v\x07\x1b\\");
        let long = Clean::new(&"x".repeat(TERMINAL_MAX + 1));
        assert_eq!(osc52(&Outside::default(), &long), None);
    }

    #[tokio::test]
    async fn a_program_gets_the_text_and_one_that_fails_says_so() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("clip");
        let path = path.to_str().expect("a path");
        assert!(feed(&["tee", path], &Clean::new("héllo")).await);
        assert_eq!(std::fs::read_to_string(path).expect("a file"), "héllo");
        assert!(!feed(&["false"], &Clean::new("x")).await);
        assert!(!feed(&["edgewise-no-such-program"], &Clean::new("x")).await);
    }
}
