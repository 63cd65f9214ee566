//! A call of the program while it runs and after it.

use std::io::Read;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Child;
use std::process::ChildStderr;
use std::process::ChildStdout;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;
use std::thread::JoinHandle;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::process::Pid;
use rustix::process::PidfdFlags;
use rustix::process::Signal;

/// Longer than anything here takes, so that a failure ends the test instead of hanging it.
const PATIENCE: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };

/// How often a condition that nothing announces is looked at, and how long between two looks.
const LOOKS: usize = 3000;
const BETWEEN_LOOKS: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// How a call ended and what it said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Fails unless the call ended with `code`.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self:?}");
        self
    }

    /// Fails unless stderr contains every one of `words`.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` in {self:?}");
        }
        self
    }

    /// Fails unless nothing is on stdout.
    #[track_caller]
    pub(crate) fn answers_nothing(self) -> Self {
        assert_eq!(self.stdout, "", "{self:?}");
        self
    }
}

/// Waits until something is so that nothing announces.
#[track_caller]
pub(crate) fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let (never, _open) = std::io::pipe().expect("a pipe");
    let never = OwnedFd::from(never);
    for _ in 0..LOOKS {
        if let Some(found) = look() {
            return found;
        }
        readable(&never, BETWEEN_LOOKS);
    }
    panic!("{what} did not come");
}

/// A call that runs. What is not taken is read along by threads.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    handle: OwnedFd,
    feeder: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts it; stdout and stderr are pipes unless the command says otherwise by
    /// [`Running::start_as`].
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::start_as(command)
    }

    /// Starts it as it is.
    pub(crate) fn start_as(mut command: Command) -> Self {
        let child = command.spawn().expect("the program starts");
        // The parent's end of what the command holds would keep a pipe open.
        drop(command);
        Self {
            handle: handle(child.id()).expect("a child that is not waited for"),
            child,
            feeder: None,
        }
    }

    /// Kills it and waits for its end.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// Returns the process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to stdin, from a thread, and closes it.
    pub(crate) fn feed(&mut self, input: &[u8]) {
        let mut stdin = self.child.stdin.take().expect("stdin is a pipe");
        let input = input.to_vec();
        // Whoever refuses the beginning does not read the rest.
        self.feeder = Some(std::thread::spawn(move || stdin.write_all(&input).unwrap_or_default()));
    }

    /// Takes stdout.
    pub(crate) fn stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().expect("stdout is a pipe")
    }

    /// Takes stderr.
    pub(crate) fn stderr(&mut self) -> ChildStderr {
        self.child.stderr.take().expect("stderr is a pipe")
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::pidfd_send_signal(&self.handle, signal).expect("it runs");
    }

    /// Waits until something is so that nothing announces; the call must not end meanwhile.
    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        for _ in 0..LOOKS {
            if let Some(found) = look() {
                return found;
            }
            assert!(!readable(&self.handle, BETWEEN_LOOKS), "it ended before {what}");
        }
        panic!("{what} did not come");
    }

    /// Tells whether it ends in time.
    pub(crate) fn ends_within(&self, time: Timespec) -> bool {
        readable(&self.handle, time)
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ran {
        let text = |reader: Option<JoinHandle<String>>| {
            reader.map_or_else(String::new, |reader| reader.join().expect("text"))
        };
        let stdout = self.child.stdout.take().map(read_along);
        let stderr = self.child.stderr.take().map(read_along);
        if !self.ends_within(PATIENCE) {
            self.child.kill().expect("it can be killed");
            panic!("it does not end: {:?} {:?}", text(stdout), text(stderr));
        }
        let status = self.child.wait().expect("a status");
        if let Some(feeder) = self.feeder.take() {
            feeder.join().expect("the input is written or refused");
        }
        let (stdout, stderr) = (text(stdout), text(stderr));
        assert_eq!(status.signal(), None, "it crashed: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        Ran { status, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind; what has ended needs no signal.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Waits until a process is gone.
#[track_caller]
pub(crate) fn gone(pid: u32) {
    let Some(handle) = handle(pid) else { return };
    assert!(readable(&handle, PATIENCE), "{pid} stays");
}

/// Sends a signal to a process that is nobody's child.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let handle = handle(pid).expect("the process runs");
    rustix::process::pidfd_send_signal(&handle, signal).expect("the process runs");
}

/// Ends a process if it still runs.
pub(crate) fn kill(pid: u32) {
    if let Some(handle) = handle(pid) {
        rustix::process::pidfd_send_signal(&handle, Signal::KILL).ok();
    }
}

fn handle(pid: u32) -> Option<OwnedFd> {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok()
}

fn readable(handle: &OwnedFd, patience: Timespec) -> bool {
    let mut polled = [PollFd::new(handle, PollFlags::IN)];
    rustix::event::poll(&mut polled, Some(&patience)).expect("a poll") > 0
}

fn read_along(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("a pipe can be read");
        String::from_utf8(bytes).expect("only UTF-8 is printed")
    })
}
