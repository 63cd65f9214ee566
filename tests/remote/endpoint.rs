//! An endpoint on this machine that says what a test has it say, and keeps what it was asked.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;
use serde_json::json;

/// How one question is answered; the last way holds for all that follow.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    /// All of it, and the protocol's end.
    All(&'static str),
    /// So much, and then the connection ends.
    Part(&'static str),
    /// All of it, once the test lets it.
    Held(&'static str),
    /// It again and again, until nobody listens.
    Endless(&'static str),
    /// A refusal with this status.
    Refusal(&'static str),
}

/// How it speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Speaks {
    OpenAi,
    Anthropic,
    Ollama,
    /// As Ollama does where it has somebody else answer.
    OllamaElsewhere,
}

/// A running endpoint; it ends with the test's process.
pub(crate) struct Endpoint {
    url: String,
    protocol: &'static str,
    asked: Arc<Mutex<Vec<Value>>>,
    gate: Arc<Gate>,
}

/// Opened once and for all.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn wait(&self) {
        let open = self.open.lock().expect("nobody panicked");
        drop(self.opened.wait_while(open, |open| !*open).expect("nobody panicked"));
    }
}

impl Endpoint {
    /// Starts one that answers in these ways, as `OpenAI` does.
    pub(crate) fn start(ways: Vec<Says>) -> Self {
        Self::speaking(Speaks::OpenAi, ways)
    }

    /// Starts one that answers in these ways.
    pub(crate) fn speaking(speaks: Speaks, ways: Vec<Says>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let (protocol, path) = match speaks {
            Speaks::OpenAi => ("openai", "v1"),
            Speaks::Anthropic => ("anthropic", "v1"),
            Speaks::Ollama | Speaks::OllamaElsewhere => ("ollama", "api"),
        };
        let url = format!("http://{}/{path}", listener.local_addr().expect("its address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let gate = Arc::new(Gate::default());
        let (keeps, waits) = (Arc::clone(&asked), Arc::clone(&gate));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (ways, keeps, waits) = (ways.clone(), Arc::clone(&keeps), Arc::clone(&waits));
                // A client that leaves half-way is no fault of the server's.
                thread::spawn(move || serve(&stream, (speaks, &ways), (&keeps, &waits)).ok());
            }
        });
        Self { url, protocol, asked, gate }
    }

    /// Returns its table of a configuration file.
    pub(crate) fn table(&self, name: &str) -> String {
        let Self { url, protocol, .. } = self;
        format!(
            "[endpoints.{name}]\nprotocol = \"{protocol}\"\nbase_url = \"{url}\"\nmodel = \"big\"\n"
        )
    }

    /// Returns its origin, as it is shown.
    pub(crate) fn origin(&self) -> &str {
        self.url.trim_end_matches("/v1")
    }

    /// Lets what is held be said.
    pub(crate) fn release(&self) {
        *self.gate.open.lock().expect("nobody panicked") = true;
        self.gate.opened.notify_all();
    }

    /// Returns the questions that came, as they were sent.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.asked.lock().expect("nobody panicked").clone()
    }

    /// Returns all that was ever sent, as one text.
    pub(crate) fn heard(&self) -> String {
        self.asked().iter().map(Value::to_string).collect()
    }
}

fn sse(events: &[Value]) -> String {
    events.iter().fold(String::new(), |all, event| format!("{all}data: {event}\n\n"))
}

impl Speaks {
    fn start(self) -> String {
        let events = match self {
            Self::Anthropic => vec![
                json!({ "type": "message_start", "message": { "model": "big" } }),
                json!({ "type": "content_block_start", "index": 0, "content_block": {} }),
            ],
            Self::OpenAi | Self::Ollama | Self::OllamaElsewhere => Vec::new(),
        };
        sse(&events)
    }

    fn piece(self, text: &str) -> String {
        match self {
            Self::OpenAi => {
                let choice = json!({ "index": 0, "delta": { "content": text } });
                format!("data: {}\n\n", json!({ "model": "big", "choices": [choice] }))
            }
            Self::Anthropic => {
                let delta = json!({ "type": "text_delta", "text": text });
                let event = json!({ "type": "content_block_delta", "index": 0, "delta": delta });
                format!("data: {event}\n\n")
            }
            Self::OllamaElsewhere => {
                let elsewhere = "https://far.example:443";
                let line = json!({
                    "model": "big-cloud", "remote_model": "huge", "remote_host": elsewhere,
                    "message": { "content": text }, "done": false,
                });
                format!("{line}\n")
            }
            Self::Ollama => {
                format!(
                    "{}\n",
                    json!({ "model": "big", "message": { "content": text }, "done": false })
                )
            }
        }
    }

    fn end(self) -> String {
        match self {
            Self::OpenAi => {
                let choice = json!({ "index": 0, "delta": {}, "finish_reason": "stop" });
                format!("data: {}\n\ndata: [DONE]\n\n", json!({ "choices": [choice] }))
            }
            Self::Anthropic => sse(&[
                json!({ "type": "content_block_stop", "index": 0 }),
                json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" } }),
                json!({ "type": "message_stop" }),
            ]),
            Self::Ollama | Self::OllamaElsewhere => {
                let last =
                    json!({ "message": { "content": "" }, "done": true, "done_reason": "stop" });
                format!("{last}\n")
            }
        }
    }
}

fn serve(
    mut stream: &TcpStream,
    (speaks, ways): (Speaks, &[Says]),
    (asked, gate): (&Mutex<Vec<Value>>, &Gate),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head)? > 0 {}
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    if head.starts_with("GET") {
        let list = r#"{"object":"list","data":[{"id":"big"}]}"#;
        return stream.write_all(&page("200 OK", list));
    }
    let before = {
        let mut asked = asked.lock().expect("nobody panicked");
        asked.push(serde_json::from_slice(&body).unwrap_or(Value::Null));
        asked.len() - 1
    };
    let way = ways.get(before).or(ways.last()).cloned().unwrap_or(Says::All("Yes."));
    match way {
        Says::Refusal(status) => stream.write_all(&page(status, r#"{"error":{"message":"no"}}"#)),
        Says::All(text) | Says::Held(text) => {
            if matches!(way, Says::Held(_)) {
                gate.wait();
            }
            say(stream, speaks, text)?;
            write!(stream, "{}", speaks.end())
        }
        Says::Part(text) => say(stream, speaks, text),
        Says::Endless(text) => {
            accept(stream, speaks)?;
            loop {
                words(stream, speaks, text)?;
            }
        }
    }
}

/// Streams a text word by word.
fn say(stream: &TcpStream, speaks: Speaks, text: &str) -> std::io::Result<()> {
    accept(stream, speaks)?;
    words(stream, speaks, text)
}

fn accept(mut stream: &TcpStream, speaks: Speaks) -> std::io::Result<()> {
    let kind = match speaks {
        Speaks::OpenAi | Speaks::Anthropic => "text/event-stream",
        Speaks::Ollama | Speaks::OllamaElsewhere => "application/x-ndjson",
    };
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n")?;
    write!(stream, "{}", speaks.start())
}

fn words(mut stream: &TcpStream, speaks: Speaks, text: &str) -> std::io::Result<()> {
    for word in text.split_inclusive(' ') {
        write!(stream, "{}", speaks.piece(word))?;
        stream.flush()?;
    }
    Ok(())
}

fn page(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}
