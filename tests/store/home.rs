//! A user with saved conversations and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use edgewise::chat::Imported;
use edgewise::chat::Message;
use edgewise::chat::MessageId;
use edgewise::chat::Node;
use edgewise::chat::NodeState;
use edgewise::chat::Role;
use edgewise::chat::SessionId;
use edgewise::chat::SessionInfo;
use edgewise::chat::Timestamp;
use edgewise::store::Options;
use edgewise::store::Place;
use edgewise::store::Store;
use edgewise::store::jsonl;
use tempfile::TempDir;

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_edgewise");

/// Messages of a session.
pub(crate) const MESSAGES: u128 = 4;

/// A time at which nobody who is dead is taken for alive.
pub(crate) const NOW: Timestamp = Timestamp(2_000_000_000_000);

/// Directories of a user.
#[derive(Debug)]
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self(tempfile::Builder::new().prefix("ew").tempdir().expect("a directory"));
        for directory in ["config", "data", "cache", "run"] {
            fs::create_dir_all(home.path(directory)).expect("a directory");
        }
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn place(&self) -> Place {
        Place::new(self.path("data/sessions"))
    }

    /// Lets a program run as this user, with what it prints in pipes.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("HOME", self.0.path()).current_dir(self.0.path());
        for (name, directory) in
            [("CONFIG", "config"), ("DATA", "data"), ("CACHE", "cache"), ("RUNTIME", "run")]
        {
            command.env(format!("EDGEWISE_{name}_DIR"), self.path(directory));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(PROGRAM, args).output().expect("it runs")
    }

    /// Writes a file with one session for `sessions import`; returns its path.
    pub(crate) fn file(&self, id: u128) -> String {
        let path = self.path(&format!("{id}.jsonl"));
        fs::write(&path, jsonl(&session(id))).expect("written");
        path.to_string_lossy().into_owned()
    }

    /// Returns what is stored of a session: all of it, or nothing.
    pub(crate) fn has(&self, id: u128) -> bool {
        stored(&self.place(), id)
    }
}

/// Returns a session's identity: one as rare in a file as a real one.
pub(crate) fn identity(id: u128) -> SessionId {
    SessionId(id.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
}

/// Returns whether a session is stored; half of one is a failure.
#[track_caller]
pub(crate) fn stored(place: &Place, id: u128) -> bool {
    let opened = Store::open(place.clone(), Options::default(), NOW);
    has(&opened.store, id)
}

#[track_caller]
pub(crate) fn has(store: &Store, id: u128) -> bool {
    let nodes = store.reader().expect("a reader").nodes(identity(id)).expect("read");
    let whole = session(id).nodes;
    assert!(nodes.is_empty() || nodes == whole, "half of {id}: {} messages", nodes.len());
    !nodes.is_empty()
}

/// Makes a session of some text.
pub(crate) fn session(id: u128) -> Imported {
    let mut info = SessionInfo::new(identity(id), "default", Timestamp(1));
    info.title = format!("session {id}");
    let node = |at: u128| Node {
        id: MessageId(at),
        parent: Some(MessageId(at - 1)).filter(|parent| parent.0 > 0),
        created: Timestamp(1),
        message: Message::text(Role::User, format!("{id} {at} {}", "some text ".repeat(20))),
        state: NodeState::Complete,
        answer: None,
    };
    info.leaf = Some(MessageId(MESSAGES));
    let classes = BTreeMap::new();
    Imported { info, nodes: (1..=MESSAGES).map(node).collect(), classes }
}

/// A row of numbers that only looks like chance, so that a failure can be had again
/// (`SplitMix64`).
#[derive(Debug)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides.max(1)
    }
}
