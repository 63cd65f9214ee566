//! The real program in a terminal that takes everything at once.

use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::CommandBuilder;
use portable_pty::PtySize;
use tempfile::TempDir;

use crate::now;

const PATIENCE: Duration = Duration::from_secs(30);

const SIZE: PtySize = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };

/// Between two keys of a fast typist.
pub(crate) const BETWEEN: Duration = Duration::from_millis(60);

/// The program, what it writes as it comes, and its keys.
pub(crate) struct Chat {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    output: mpsc::Receiver<Vec<u8>>,
    keys: Box<dyn std::io::Write + Send>,
    parser: vt100::Parser,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

/// Makes a directory for the program's own, with a configuration.
pub(crate) fn home(config: &str) -> TempDir {
    let home = tempfile::Builder::new().prefix("ew").tempdir_in("/tmp").expect("a directory");
    std::fs::create_dir(home.path().join("c")).expect("a directory");
    std::fs::write(home.path().join("c/config.toml"), config).expect("a file");
    home
}

impl Chat {
    pub(crate) fn start(home: &Path, arguments: &[&str]) -> Self {
        let pair = portable_pty::native_pty_system().openpty(SIZE).expect("a terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_edgewise"));
        command.args(arguments);
        command.env_clear();
        for (name, place) in [("CONFIG", "c"), ("DATA", "d"), ("CACHE", "k"), ("RUNTIME", "r")] {
            command.env(format!("EDGEWISE_{name}_DIR"), home.join(place));
        }
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).expect("the program runs");
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (tell, output) = mpsc::sync_channel(4096);
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                if tell.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().expect("a writer");
        let parser = vt100::Parser::new(SIZE.rows, SIZE.cols, 0);
        Self { child, output, keys, parser, _master: pair.master }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("typing");
        self.keys.flush().expect("typing");
    }

    /// Reads on until the screen is as wanted.
    pub(crate) fn until(&mut self, what: &str, seen: impl Fn(&str) -> bool) {
        let until = now() + PATIENCE;
        while !self.shows(&seen) {
            let left = until.saturating_duration_since(now());
            let bytes = self.output.recv_timeout(left);
            let bytes = bytes.unwrap_or_else(|_| {
                panic!("waited for {what}:\n{}", self.parser.screen().contents())
            });
            self.parser.process(&bytes);
        }
    }

    /// Returns whether the screen is as wanted.
    pub(crate) fn shows(&self, seen: impl Fn(&str) -> bool) -> bool {
        seen(&self.parser.screen().contents())
    }

    /// Reads on for so long.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = now() + time;
        while let Ok(bytes) = self.output.recv_timeout(until.saturating_duration_since(now())) {
            self.parser.process(&bytes);
        }
    }

    /// Types keys as a person does; returns how long each took to be on the screen.
    pub(crate) fn echoes(&mut self, keys: usize) -> Vec<Duration> {
        let mut draft = String::from("› ");
        let mut echo = |number: usize| {
            let key = char::from(b'a' + u8::try_from(number % 26).unwrap_or(0));
            draft.push(key);
            let begun = now();
            self.press(&key.to_string());
            self.until("the key", |screen| screen.contains(&draft));
            let took = begun.elapsed();
            self.pass(BETWEEN);
            took
        };
        (0..keys).map(&mut echo).collect()
    }

    /// Stops the answer; returns how long that took to be on the screen.
    pub(crate) fn cancel(&mut self) -> Duration {
        let begun = now();
        self.press("\x03");
        self.until("the end", |screen| screen.contains(" ready · "));
        begun.elapsed()
    }

    /// Empties the draft.
    pub(crate) fn clear(&mut self) {
        self.press("\x03");
        self.until("an empty draft", |screen| screen.contains("› ask something"));
    }

    /// Returns the time that its threads have had of the processors, as the kernel counts it (Linux).
    pub(crate) fn processor_time(&self) -> Option<Duration> {
        let tasks = format!("/proc/{}/task", self.child.process_id()?);
        let time = |task: std::fs::DirEntry| {
            let stat = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            stat.split(' ').next()?.parse::<u64>().ok()
        };
        let times = std::fs::read_dir(tasks).ok()?.flatten().filter_map(time);
        Some(Duration::from_nanos(times.sum()))
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
