//! Where a key comes from: read when it is needed, never kept in the configuration.
//!
//! A command and the keyring's own tool are run without a shell and killed when they take too
//! long; what they write is wiped.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::config::Endpoint;
use crate::config::KeySource;
use crate::config::Protocol;
use crate::config::env;
use crate::net::Key;
use crate::net::KeyHeader;
use crate::net::Origin;
use crate::net::Secret;

/// How long `key_command` may take: it may unlock something, not ask for much.
const COMMAND_WITHIN: Duration = Duration::from_secs(5);

/// How long the keyring may take: where nobody is there to unlock it, it never answers.
const KEYRING_WITHIN: Duration = Duration::from_secs(2);

/// The longest key.
const KEY_MAX: u64 = 16 * 1024;

/// Reads an endpoint's key and binds it to `origin`; `None` when it has none.
///
/// # Errors
/// The source gives none; the message never repeats what it gave instead.
pub(super) async fn key(endpoint: &Endpoint, origin: &Origin) -> Result<Option<Key>, Fault> {
    let text = match &endpoint.key {
        KeySource::None => return Ok(None),
        KeySource::Env(name) => Zeroizing::new(env::secret(name).ok_or_else(|| {
            no_key(endpoint, &format!("the variable {name} is not set"))
                .hint(format!("set {name}, or give key_command or keyring instead of key_env"))
        })?),
        KeySource::Command(words) => output(words, COMMAND_WITHIN).await.map_err(|why| {
            no_key(endpoint, &format!("key_command {why}")).hint("run it by itself to see why")
        })?,
        KeySource::Keyring => output(&keyring(origin), KEYRING_WITHIN).await.map_err(|why| {
            no_key(endpoint, &format!("the keyring's tool {why}"))
                .hint(format!("store it with: {}, or use key_env or key_command", store(origin)))
        })?,
    };
    let header = match endpoint.protocol {
        Protocol::OpenAi | Protocol::Ollama => KeyHeader::Bearer,
        Protocol::Anthropic => KeyHeader::ApiKey,
    };
    let secret =
        Secret::new(text.to_string()).map_err(|error| no_key(endpoint, &error.to_string()))?;
    Ok(Some(Key::bind(secret, origin.clone(), header)))
}

/// Returns whether there is a key, as far as that is known without running anything.
pub(super) fn may_have_key(source: &KeySource) -> bool {
    match source {
        KeySource::Env(name) => env::secret(name).map(Zeroizing::new).is_some(),
        KeySource::None | KeySource::Command(_) | KeySource::Keyring => true,
    }
}

fn no_key(endpoint: &Endpoint, why: &str) -> Fault {
    Fault::new(format!("no key for {}: {why}", endpoint.name)).kind(FaultKind::Usage)
}

/// The tool that every desktop has, so that no library is linked for a keyring that may not be
/// there. A key is filed under the origin that it is sent to.
fn keyring(origin: &Origin) -> Vec<String> {
    let origin = origin.to_string();
    let words: &[&str] = if cfg!(target_os = "macos") {
        &["security", "find-generic-password", "-s", "edgewise", "-w", "-a", &origin]
    } else {
        &["secret-tool", "lookup", "service", "edgewise", "origin", &origin]
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn store(origin: &Origin) -> String {
    if cfg!(target_os = "macos") {
        format!("security add-generic-password -s edgewise -a {origin} -w")
    } else {
        format!("secret-tool store --label edgewise service edgewise origin {origin}")
    }
}

/// Runs a command and returns what it writes to stdout; kills it when time is up.
///
/// # Errors
/// What became of it, in words that follow its name.
async fn output(words: &[String], within: Duration) -> Result<Zeroizing<String>, String> {
    let (program, arguments) = words.split_first().ok_or("is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot be run: {error}"))?;
    let stdout = child.stdout.take().ok_or("has no output")?;
    let run = async {
        // Room for all of it at once: a buffer that moves leaves copies behind.
        let room = usize::try_from(KEY_MAX).unwrap_or(0);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room + 1));
        let read = stdout.take(KEY_MAX + 1).read_to_end(&mut bytes).await;
        read.map_err(|error| format!("cannot be read: {error}"))?;
        if bytes.len() > room {
            return Err("writes more than a key".to_owned());
        }
        let status = child.wait().await.map_err(|error| format!("is lost: {error}"))?;
        if !status.success() {
            return Err(format!("failed ({status})"));
        }
        let text = str::from_utf8(&bytes).map_err(|_| "writes no text".to_owned())?;
        let line = text.trim_end_matches(['\r', '\n']).lines().next().unwrap_or_default();
        Ok(Zeroizing::new(line.to_owned()))
    };
    tokio::time::timeout(within, run)
        .await
        .unwrap_or_else(|_| Err(format!("took longer than {} s", within.as_secs().max(1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn a_command_gives_its_first_line() {
        let within = COMMAND_WITHIN;
        let got = output(&sh("echo sk-1; echo note; echo said >&2"), within).await;
        assert_eq!(got.expect("a key").as_str(), "sk-1");
    }

    #[tokio::test]
    async fn a_command_that_gives_none_is_told_without_its_output() {
        let within = COMMAND_WITHIN;
        let table = [
            (sh("echo canary; exit 3"), "failed (exit status: 3)"),
            (sh("head -c 20000 /dev/zero"), "writes more than a key"),
            (sh("printf '\\377'"), "writes no text"),
            (vec!["/nowhere/at/all".to_owned()], "cannot be run"),
        ];
        for (words, expected) in table {
            let why = output(&words, within).await.expect_err("no key");
            assert!(why.contains(expected) && !why.contains("canary"), "{why}");
        }
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_killed() {
        let dir = tempfile::tempdir().expect("a directory");
        let pipe = dir.path().join("pipe");
        let script = format!("mkfifo {0}; exec cat {0}", pipe.display());
        let why = output(&sh(&script), Duration::from_millis(100)).await.expect_err("no key");
        assert!(why.starts_with("took longer"), "{why}");
    }
}
