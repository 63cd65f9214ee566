//! The real program in a real pseudo-terminal, under a shell with job control as in everyday use.
//!
//! A thread reads the terminal and cuts what it shows into frames, none of which is lost: a test
//! looks through them in their order and waits for those that are still to come.

use std::io::Read;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use portable_pty::CommandBuilder;
use portable_pty::MasterPty;
use portable_pty::PtySize;
use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::Signal;
use rustix::termios::InputModes;
use rustix::termios::OptionalActions;
use rustix::termios::SpecialCodeIndex;
use rustix::termios::Termios;
use tempfile::TempDir;

/// Longer than anything here takes, so that a failure ends the test instead of hanging it.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the terminal runs: the program as a job, how it ended, then whatever is typed. The shell
/// never touches the terminal's settings itself, and does not die of what its job died of.
const SHELL: &str = r#"set -m
trap : INT
sh -c 'echo "front $$."; exec "$@"' sh "$@"
echo "[ended $?]"
while read -r line; do eval "$line"; echo "[ended $?]"; done"#;

/// Rows that the terminal keeps of what left its normal screen.
const SCROLLBACK: usize = 10_000;

const BEGIN_UPDATE: &[u8] = b"\x1b[?2026h";
const END_UPDATE: &[u8] = b"\x1b[?2026l";

/// Directories of the program's own; several terminals may share them.
#[derive(Debug)]
pub(super) struct Home(TempDir);

/// An engine that leaves with its chat, and yields to whatever else the machine does.
const CONFIG: &str = "[engine]\nkeep_alive = \"0s\"\n[profiles.default]\nthreads = 1\n";

impl Home {
    /// Makes empty directories, with a path that is short enough for a socket.
    pub(super) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("ew").tempdir_in("/tmp");
        let home = Self(directory.expect("a directory"));
        let config = home.path().join("c");
        std::fs::create_dir(&config).expect("a directory");
        std::fs::write(config.join("config.toml"), CONFIG).expect("a file");
        home
    }

    /// Returns the environment of a program that lives here.
    pub(super) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let at = |name| self.0.path().join(name);
        vec![
            ("HOME", at("h")),
            ("EDGEWISE_CONFIG_DIR", at("c")),
            ("EDGEWISE_DATA_DIR", at("d")),
            ("EDGEWISE_CACHE_DIR", at("k")),
            ("EDGEWISE_RUNTIME_DIR", at("r")),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".into()),
        ]
    }

    /// Returns the directory that holds them.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// What the terminal shows at one moment.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mode of a terminal")]
pub(super) struct Frame {
    /// The rows, without blanks at their ends.
    pub(super) text: String,
    /// Whether everything was drawn anew.
    pub(super) repainted: bool,
    /// Whether this is the screen that programs have beside the shell's.
    pub(super) alternate: bool,
    /// Whether pastes are told from typing.
    pub(super) pasting: bool,
    /// Whether the cursor is not shown.
    pub(super) cursor_hidden: bool,
    /// Whether text that comes now has neither colour nor style.
    pub(super) plain: bool,
}

impl Frame {
    /// Returns whether the text is shown.
    pub(super) fn has(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// Returns a row of the screen, from 0.
    pub(super) fn row(&self, index: usize) -> &str {
        self.text.lines().nth(index).unwrap_or_default()
    }

    /// Returns the number that stands right behind `word`, where it is shown last.
    pub(super) fn number_after(&self, word: &str) -> Option<u32> {
        let rest = self.text.rsplit_once(word)?.1;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    }

    /// Returns the number that stands right before `word`, where it is shown last.
    pub(super) fn number_before(&self, word: &str) -> Option<u32> {
        let before = self.text.rsplit_once(word)?.0;
        let digits = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
        before.get(digits..)?.parse().ok()
    }

    /// Returns the tokens of context in use.
    pub(super) fn context(&self) -> u32 {
        self.number_after("ctx ").unwrap_or(0)
    }
}

#[derive(Default)]
struct Seen {
    parser: vt100::Parser,
    /// Bytes that may be the beginning of a frame that is not complete.
    held: Vec<u8>,
    raw: Vec<u8>,
    frames: Vec<Frame>,
    closing: bool,
    pace: Pace,
}

/// How the terminal reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pace {
    #[default]
    AtOnce,
    /// One KiB a second.
    Trickling,
    /// Not at all.
    Stalled,
}

impl Seen {
    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.held.extend_from_slice(bytes);
        while let Some(end) = find(&self.held, END_UPDATE) {
            self.show(end + END_UPDATE.len());
        }
        let whole = find(&self.held, BEGIN_UPDATE).unwrap_or_else(|| {
            let partial = |n: &usize| self.held.ends_with(&BEGIN_UPDATE[..*n]);
            self.held.len() - (0..BEGIN_UPDATE.len()).rev().find(partial).unwrap_or(0)
        });
        if whole > 0 {
            self.show(whole);
        }
    }

    /// Makes the screen lower as terminals do: the cursor stays on it, and what is above goes.
    fn push_up(&mut self, rows: u16) {
        let screen = self.parser.screen();
        let ((height, _), (row, column)) = (screen.size(), screen.cursor_position());
        let up = (row + 1).saturating_sub(rows);
        if screen.alternate_screen() || up == 0 {
            return;
        }
        let lines = "\n".repeat(up.into());
        let moves = format!("\x1b[{height};1H{lines}\x1b[{};{}H", row + 1 - up, column + 1);
        self.parser.process(moves.as_bytes());
    }

    fn show(&mut self, length: usize) {
        let rest = self.held.split_off(length);
        let bytes = std::mem::replace(&mut self.held, rest);
        self.parser.process(&bytes);
        let screen = self.parser.screen();
        let (_, columns) = screen.size();
        let rows: Vec<String> =
            screen.rows(0, columns).map(|row| row.trim_end().to_owned()).collect();
        self.frames.push(Frame {
            text: rows.join("\n"),
            repainted: find(&bytes, b"\x1b[2J").is_some(),
            alternate: screen.alternate_screen(),
            pasting: screen.bracketed_paste(),
            cursor_hidden: screen.hide_cursor(),
            plain: screen.fgcolor() == vt100::Color::Default
                && screen.bgcolor() == vt100::Color::Default
                && !(screen.bold() || screen.inverse() || screen.underline()),
        });
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Seen>,
    more: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A terminal with the program in it.
pub(super) struct Pty {
    shared: Arc<Shared>,
    reader: Option<std::thread::JoinHandle<()>>,
    writer: Option<Box<dyn std::io::Write + Send>>,
    master: Option<Box<dyn MasterPty + Send>>,
    /// The program's side of the terminal, to look at its settings.
    slave: OwnedFd,
    shell: Process,
    before: Termios,
    /// The frame from which on the test looks.
    at: usize,
    /// How often the shell said how the program ended or stopped.
    endings: usize,
}

impl Pty {
    /// Starts the program with the test's model, few tokens of context and the likeliest tokens.
    pub(super) fn start(home: &Home, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let model = crate::support::model();
        let mut all = vec!["-m", model.to_str().expect("UTF-8"), "--temp", "0"];
        all.extend_from_slice(arguments);
        Self::run(home, env!("CARGO_BIN_EXE_edgewise"), &all, environment)
    }

    /// Starts any program.
    pub(super) fn run(
        home: &Home,
        program: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = portable_pty::native_pty_system().openpty(size).expect("a terminal");
        let name = pair.master.tty_name().expect("its name");
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let slave = rustix::fs::open(name, flags, Mode::empty()).expect("its other side");
        let before = unusual(&slave);
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", SHELL, "sh", program]);
        command.args(arguments);
        command.cwd(home.path());
        command.env_clear();
        for (name, value) in home.environment() {
            command.env(name, value);
        }
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")] {
            command.env(name, value);
        }
        for (name, value) in environment {
            command.env(name, value);
        }
        let shared = Arc::new(Shared::default());
        shared.lock().parser = vt100::Parser::new(size.rows, size.cols, SCROLLBACK);
        let reader = pair.master.try_clone_reader().expect("a reader");
        let reader = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || read(reader, &shared)
        });
        let shell = pair.slave.spawn_command(command).expect("a shell");
        let shell = Process::open(shell.process_id().expect("its number"));
        let writer = Some(pair.master.take_writer().expect("a writer"));
        Self {
            shared,
            reader: Some(reader),
            writer,
            master: Some(pair.master),
            slave,
            shell,
            before,
            at: 0,
            endings: 0,
        }
    }

    /// Waits for the empty chat.
    pub(super) fn ready(&mut self) -> Frame {
        self.see("the chat to be ready", |frame| frame.alternate && frame.has(" ready · "))
    }

    /// Returns the program's process.
    pub(super) fn front(&mut self) -> Process {
        let raw = String::from_utf8_lossy(&self.shared.lock().raw).into_owned();
        let number = raw.split_once("front ").and_then(|(_, rest)| rest.split_once('.'));
        Process::open(number.expect("its number was told").0.parse().expect("a number"))
    }

    /// Types; what is looked for afterwards comes after it.
    pub(super) fn send(&mut self, keys: impl AsRef<[u8]>) {
        self.at = self.shared.lock().frames.len();
        let writer = self.writer.as_mut().expect("the terminal is there");
        writer.write_all(keys.as_ref()).expect("typing");
        writer.flush().expect("typing");
    }

    /// Types a question, waits until it stands there whole, and sends it.
    pub(super) fn ask(&mut self, question: &str) {
        self.send(question);
        self.see("the question in the draft", |frame| frame.has(&format!("› {question}")));
        self.send("\r");
    }

    /// Waits for a frame, beginning with the one that was seen last.
    pub(super) fn see(&mut self, what: &str, wanted: impl Fn(&Frame) -> bool) -> Frame {
        let from = self.at;
        let found = |seen: &Seen| seen.frames[from..].iter().position(&wanted);
        let seen = self.shared.lock();
        let (seen, _) = self
            .shared
            .more
            .wait_timeout_while(seen, PATIENCE, |seen| found(seen).is_none())
            .unwrap_or_else(PoisonError::into_inner);
        let Some(index) = found(&seen) else {
            let last = seen.frames.last().map_or("nothing", |frame| frame.text.as_str());
            panic!("waited for {what}; the terminal shows:\n{last}");
        };
        let frame = seen.frames[from + index].clone();
        drop(seen);
        self.at = from + index;
        frame
    }

    /// Returns the number of the frame from which on the test looks.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Waits for a frame that shows a text.
    pub(super) fn see_text(&mut self, text: &str) -> Frame {
        self.see(&format!("{text:?}"), |frame| frame.has(text))
    }

    /// Waits for this long and returns the frames that came meanwhile.
    pub(super) fn frames_within(&mut self, window: Duration) -> usize {
        let seen = self.shared.lock();
        let first = seen.frames.len();
        let (seen, _) = self
            .shared
            .more
            .wait_timeout_while(seen, window, |_| true)
            .unwrap_or_else(PoisonError::into_inner);
        seen.frames.len() - first
    }

    /// Has every cell drawn anew and compares: what was drawn bit by bit left nothing behind. The
    /// first row shows the engine's memory, which changes by itself.
    pub(super) fn assert_clean(&mut self) {
        let before = self.last();
        self.send("\x0c");
        let after = self.see("a new picture", |frame| frame.repainted);
        let body = |frame: &Frame| frame.text.split_once('\n').map(|(_, rest)| rest.to_owned());
        assert_eq!(body(&before), body(&after));
    }

    /// Returns what the terminal shows now.
    pub(super) fn last(&mut self) -> Frame {
        self.shared.lock().frames.last().expect("a frame").clone()
    }

    /// Returns the rows of the scrollback and of the screen, from above.
    pub(super) fn history(&self) -> Vec<String> {
        let mut seen = self.shared.lock();
        let screen = seen.parser.screen_mut();
        let (_, columns) = screen.size();
        screen.set_scrollback(usize::MAX);
        let mut all = Vec::new();
        for offset in (1..=screen.scrollback()).rev() {
            screen.set_scrollback(offset);
            all.extend(screen.rows(0, columns).next());
        }
        screen.set_scrollback(0);
        all.extend(screen.rows(0, columns));
        all.iter().map(|row| row.trim_end().to_owned()).collect()
    }

    /// Has every cell written anew on the normal screen and compares.
    pub(super) fn assert_repainted(&mut self) {
        let before = self.last();
        self.send("\x0c");
        self.see("the same picture", |frame| frame.text == before.text);
    }

    /// Gives the terminal another size.
    pub(super) fn resize(&mut self, cols: u16, rows: u16) {
        let mut seen = self.shared.lock();
        self.at = seen.frames.len();
        seen.push_up(rows);
        // The parser cannot hold a wide character in one column, nor wrap in one row.
        seen.parser.screen_mut().set_size(rows.max(2), cols.max(2));
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().expect("the terminal is there").resize(size).expect("a size");
    }

    /// Waits until the shell says that the program ended or stopped, with the code that it saw,
    /// and compares the terminal with what it was before.
    pub(super) fn given_back(&mut self, code: u32) -> Frame {
        self.endings += 1;
        let endings = self.endings;
        let frame = self.see("the shell", |frame| {
            frame.text.matches("[ended ").count() == endings && frame.text.trim_end().ends_with(']')
        });
        assert_eq!(frame.number_after("[ended "), Some(code), "{}", frame.text);
        assert!(!frame.alternate, "the alternate screen is left");
        assert!(!frame.pasting, "bracketed paste is off");
        assert!(!frame.cursor_hidden, "the cursor is back");
        assert!(frame.plain, "colours and styles are off");
        let seen = self.shared.lock();
        let count = |part: &[u8]| seen.raw.windows(part.len()).filter(|it| *it == part).count();
        assert_eq!(count(b"\x1b[>1u"), count(b"\x1b[<1u"), "key modes pushed and popped");
        assert!(count(BEGIN_UPDATE) <= count(END_UPDATE), "every update is ended");
        assert_eq!(format!("{:?}", self.settings()), format!("{:?}", self.before));
        drop(seen);
        frame
    }

    /// Returns whether the settings are other than at the start.
    pub(super) fn is_taken(&self) -> bool {
        format!("{:?}", self.settings()) != format!("{:?}", self.before)
    }

    /// Takes the terminal away, as when its window is closed.
    pub(super) fn vanish(&mut self) {
        self.shared.lock().closing = true;
        // Its reader holds it open, and wakes up by something to read.
        rustix::io::write(&self.slave, b".").expect("the terminal is there");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader ends");
        }
        self.writer = None;
        self.master = None;
    }

    /// Makes the terminal read nothing any more, and fills what lies between.
    pub(super) fn stall(&mut self) {
        self.shared.lock().pace = Pace::Stalled;
        // What was written is moved on by and by, and makes room again.
        let settled = Duration::from_millis(200).try_into().expect("a time");
        let has_room = || {
            let mut polled = [PollFd::new(&self.slave, PollFlags::OUT)];
            rustix::event::poll(&mut polled, Some(&settled)).expect("a poll") > 0
        };
        while has_room() {
            while rustix::io::write(&self.slave, &[b'.'; 1024]).is_ok() {}
        }
    }

    /// Makes the terminal read one KiB a second.
    pub(super) fn trickle(&mut self) {
        self.shared.lock().pace = Pace::Trickling;
    }

    /// Makes the terminal read again as fast as it can.
    pub(super) fn go_on(&mut self) {
        self.shared.lock().pace = Pace::AtOnce;
        self.shared.more.notify_all();
    }

    fn settings(&self) -> Termios {
        rustix::termios::tcgetattr(&self.slave).expect("its settings")
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // Whatever became of the test, its programs go with the terminal.
        if self.master.is_some() {
            self.shared.lock().closing = true;
            self.shared.more.notify_all();
            rustix::io::write(&self.slave, b".").ok();
            self.writer = None;
            self.master = None;
        }
        self.shell.signal(Signal::KILL);
    }
}

/// Sets what no program's defaults would restore. Without an end-of-file character the writer's
/// end types nothing.
fn unusual(slave: &OwnedFd) -> Termios {
    let mut settings = rustix::termios::tcgetattr(slave).expect("its settings");
    settings.input_modes ^= InputModes::IXANY | InputModes::IXON;
    settings.special_codes[SpecialCodeIndex::VERASE] = 8;
    settings.special_codes[SpecialCodeIndex::VEOF] = 0;
    settings.special_codes[SpecialCodeIndex::VMIN] = 3;
    rustix::termios::tcsetattr(slave, OptionalActions::Now, &settings).expect("settings");
    rustix::termios::tcgetattr(slave).expect("its settings")
}

fn read(mut reader: Box<dyn Read + Send>, shared: &Shared) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = reader.read(&mut bytes) {
        let mut seen = shared
            .more
            .wait_while(shared.lock(), |seen| seen.pace == Pace::Stalled && !seen.closing)
            .unwrap_or_else(PoisonError::into_inner);
        if seen.closing {
            return;
        }
        seen.take(&bytes[..read]);
        shared.more.notify_all();
        // A thousand bytes a second: so many milliseconds until the next ones.
        let pause = Duration::from_millis(u64::try_from(read).unwrap_or(0));
        let slow = |seen: &mut Seen| seen.pace == Pace::Trickling && !seen.closing;
        drop(shared.more.wait_timeout_while(seen, pause, slow));
    }
}

/// A process, held so that its number cannot become another's.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: Pid,
    handle: OwnedFd,
}

impl Process {
    /// Opens a living process.
    pub(super) fn open(number: u32) -> Self {
        let pid = i32::try_from(number).ok().and_then(Pid::from_raw).expect("a number");
        let handle = rustix::process::pidfd_open(pid, PidfdFlags::empty()).expect("it lives");
        Self { pid, handle }
    }

    /// Sends a signal; one that is gone gets none.
    pub(super) fn signal(&self, signal: Signal) {
        rustix::process::pidfd_send_signal(&self.handle, signal).ok();
    }

    /// Waits for its end.
    pub(super) fn gone(&self) {
        let mut polled = [PollFd::new(&self.handle, PollFlags::IN)];
        let patience = PATIENCE.try_into().expect("a time");
        let ended = rustix::event::poll(&mut polled, Some(&patience)).expect("a poll");
        assert_eq!(ended, 1, "process {} ends", self.pid.as_raw_nonzero());
    }

    /// Returns the engines that it started.
    pub(super) fn engines(&self) -> Vec<Self> {
        let parent = format!("PPid:\t{}", self.pid.as_raw_nonzero());
        let numbers = std::fs::read_dir("/proc")
            .expect("processes")
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let is_engine = |number: &u32| {
            let file = |name| std::fs::read(format!("/proc/{number}/{name}")).unwrap_or_default();
            let status = String::from_utf8_lossy(&file("status")).into_owned();
            status.lines().any(|line| line == parent) && file("cmdline").ends_with(b"\0engine\0")
        };
        numbers.filter(is_engine).map(Self::open).collect()
    }

    /// Returns its one engine.
    pub(super) fn engine(&self) -> Self {
        let mut engines = self.engines();
        assert_eq!(engines.len(), 1, "one engine");
        engines.remove(0)
    }

    /// Returns the KiB of memory that it has, and the most that it had since [`Self::measure`].
    pub(super) fn memory(&self) -> (u64, u64) {
        let status = format!("/proc/{}/status", self.pid.as_raw_nonzero());
        let status = std::fs::read_to_string(status).expect("it lives");
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a size");
            line.trim().trim_end_matches(" kB").parse().expect("a number")
        };
        (kib("VmRSS:"), kib("VmHWM:"))
    }

    /// Forgets the most memory that it had; returns the KiB that it has.
    pub(super) fn measure(&self) -> u64 {
        let clear = format!("/proc/{}/clear_refs", self.pid.as_raw_nonzero());
        std::fs::write(clear, "5").expect("its own user's");
        self.memory().0
    }

    /// Returns how often its threads went to sleep of themselves.
    pub(super) fn naps(&self) -> u64 {
        let tasks = format!("/proc/{}/task", self.pid.as_raw_nonzero());
        let tasks = std::fs::read_dir(tasks).expect("threads");
        tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok())
            .filter_map(|status| {
                let line = status.lines().find(|line| line.starts_with("voluntary_ctxt"))?;
                line.split_once('\t')?.1.parse::<u64>().ok()
            })
            .sum()
    }
}
