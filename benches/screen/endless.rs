//! An endpoint on this machine whose answers have no end: a thousand tokens a second.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;
use std::time::Instant;

use crate::answers::MIXED;
use crate::answers::tokens;
use crate::now;

/// As they come from a fast server: ten at a time.
const AT_ONCE: usize = 10;
const EVERY: Duration = Duration::from_millis(10);

/// The endpoint.
pub(crate) struct Endless {
    url: String,
    told: Arc<AtomicUsize>,
    /// When whoever asked went away.
    gone: mpsc::Receiver<Instant>,
}

impl Endless {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("its address"));
        let told = Arc::new(AtomicUsize::new(0));
        // As many clients as no measurement has at a time: none waits to say that it is gone.
        let (tell, gone) = mpsc::sync_channel(64);
        std::thread::spawn({
            let told = Arc::clone(&told);
            move || {
                for stream in listener.incoming().flatten() {
                    let (told, tell) = (Arc::clone(&told), tell.clone());
                    // A client that leaves is what is measured.
                    std::thread::spawn(move || serve(&stream, &told, tell).ok());
                }
            }
        });
        Self { url, told, gone }
    }

    /// Returns a configuration that has it answer everything.
    pub(crate) fn config(&self) -> String {
        format!(
            "[profiles.default]\nprivacy = \"open\"\nmode = \"remote-only\"\nendpoint = \"lan\"\n\
             [endpoints.lan]\nprotocol = \"openai\"\nbase_url = \"{}\"\nmodel = \"bench\"\n",
            self.url
        )
    }

    /// Returns the tokens that were sent so far.
    pub(crate) fn told(&self) -> usize {
        self.told.load(Ordering::SeqCst)
    }

    /// Waits until whoever asks goes away; returns when that was.
    pub(crate) fn gone(&self, patience: Duration) -> Option<Instant> {
        self.gone.recv_timeout(patience).ok()
    }
}

fn serve(
    mut stream: &TcpStream,
    told: &AtomicUsize,
    gone: mpsc::SyncSender<Instant>,
) -> std::io::Result<()> {
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
    let mut asking = stream.try_clone()?;
    std::thread::spawn(move || {
        let mut rest = [0; 4096];
        while matches!(asking.read(&mut rest), Ok(1..)) {}
        gone.send(now()).ok();
    });
    let event = |token: &String| {
        let text = serde_json::to_string(token).expect("a string");
        format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{text}}}}}]}}\n\n")
    };
    let events: Vec<String> = tokens(MIXED).iter().map(event).collect();
    let (mut events, mut next) = (events.iter().cycle(), now());
    loop {
        let together: Vec<&str> = events.by_ref().take(AT_ONCE).map(String::as_str).collect();
        stream.write_all(together.concat().as_bytes())?;
        told.fetch_add(AT_ONCE, Ordering::SeqCst);
        next += EVERY;
        crate::pause(next.saturating_duration_since(now()));
    }
}
