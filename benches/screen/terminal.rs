//! The real program in a terminal: the first frame, and a key's echo and a cancel while an endpoint on
//! this machine answers as fast as the chat takes it.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::CommandBuilder;
use portable_pty::PtySize;

use crate::now;
use crate::row;

const STARTS: usize = 15;
const KEYS: usize = 100;
const CANCELS: usize = 5;

/// Between two keys of a fast typist.
const BETWEEN: Duration = Duration::from_millis(60);
const PATIENCE: Duration = Duration::from_secs(20);

const FIRST_FRAME_MOST: Duration = Duration::from_millis(30);
const ECHO_MOST: Duration = Duration::from_millis(33);
const CANCEL_MOST: Duration = Duration::from_millis(100);

const SIZE: PtySize = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };

/// The program, what it writes as it comes, and its keys.
struct Chat {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    output: mpsc::Receiver<Vec<u8>>,
    keys: Box<dyn std::io::Write + Send>,
    parser: vt100::Parser,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Chat {
    fn start(home: &Path) -> Self {
        let pair = portable_pty::native_pty_system().openpty(SIZE).expect("a terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_edgewise"));
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

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("typing");
        self.keys.flush().expect("typing");
    }

    /// Reads on until the screen is as wanted.
    fn until(&mut self, what: &str, seen: impl Fn(&str) -> bool) {
        let until = now() + PATIENCE;
        while !seen(&self.parser.screen().contents()) {
            let left = until.saturating_duration_since(now());
            let bytes = self.output.recv_timeout(left);
            let bytes = bytes.unwrap_or_else(|_| {
                panic!("waited for {what}:\n{}", self.parser.screen().contents())
            });
            self.parser.process(&bytes);
        }
    }

    /// Reads on for so long.
    fn pass(&mut self, time: Duration) {
        let until = now() + time;
        while let Ok(bytes) = self.output.recv_timeout(until.saturating_duration_since(now())) {
            self.parser.process(&bytes);
        }
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Measures all of it and prints a row each.
pub(crate) fn measure() {
    let home = tempfile::Builder::new().prefix("ew").tempdir_in("/tmp").expect("a directory");
    std::fs::create_dir(home.path().join("c")).expect("a directory");
    let config = format!(
        "[profiles.default]\nprivacy = \"open\"\nmode = \"remote-only\"\nendpoint = \"lan\"\n\
         [endpoints.lan]\nprotocol = \"openai\"\nbase_url = \"{}\"\nmodel = \"bench\"\n",
        endless()
    );
    std::fs::write(home.path().join("c/config.toml"), config).expect("a file");
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let begun = now();
        let mut chat = Chat::start(home.path());
        chat.until("the first frame", |screen| screen.contains("› "));
        starts.push(begun.elapsed());
    }
    // The first one makes the store.
    starts.remove(0);
    row("exec to the first frame", starts, FIRST_FRAME_MOST);
    let mut chat = Chat::start(home.path());
    chat.until("the chat", |screen| screen.contains("› ask something"));
    chat.press("Go on.\r");
    chat.until("the question", |screen| screen.contains("leave this device?"));
    chat.press("y");
    let (mut echoes, mut cancels) = (Vec::new(), Vec::new());
    for round in 0..CANCELS {
        if round > 0 {
            chat.press("Go on.\r");
        }
        chat.until("an answer", |screen| screen.contains("river") && !screen.contains(" ready · "));
        chat.pass(BETWEEN);
        let mut draft = String::from("› ");
        for number in 0..KEYS / CANCELS {
            let key = char::from(b'a' + u8::try_from(number % 26).unwrap_or(0));
            draft.push(key);
            let begun = now();
            chat.press(&key.to_string());
            chat.until("the key", |screen| screen.contains(&draft));
            echoes.push(begun.elapsed());
            chat.pass(BETWEEN);
        }
        let begun = now();
        chat.press("\x03");
        chat.until("the end", |screen| screen.contains(" ready · "));
        cancels.push(begun.elapsed());
        chat.press("\x03");
        chat.until("an empty draft", |screen| screen.contains("› ask something"));
    }
    row("a key on the screen while an answer floods in", echoes, ECHO_MOST);
    row("a cancel on the screen while an answer floods in", cancels, CANCEL_MOST);
}

/// Starts an endpoint that never comes to an end; returns its address.
fn endless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("its address"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that leaves is what is measured.
            std::thread::spawn(move || serve(&stream).ok());
        }
    });
    url
}

fn serve(mut stream: &TcpStream) -> std::io::Result<()> {
    let (mut reader, mut head) = (BufReader::new(stream), String::new());
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head)? > 0 {}
    if head.starts_with("GET") {
        let list = r#"{"object":"list","data":[{"id":"bench"}]}"#;
        return write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
            content-length: {}\r\nconnection: close\r\n\r\n{list}",
            list.len()
        );
    }
    stream.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n",
    )?;
    // A thousand tokens a second, as they come from a fast server: ten at a time.
    loop {
        for number in 0..10 {
            let word = if number == 9 { "*sea*\\n\\n" } else { "river " };
            write!(
                stream,
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word}\"}}}}]}}\n\n"
            )?;
        }
        crate::pause(Duration::from_millis(10));
    }
}
