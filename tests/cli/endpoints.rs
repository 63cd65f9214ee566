//! `endpoints` against servers on this machine.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use crate::home::Home;
use crate::running::Ran;
use crate::running::Running;

/// What must be in requests alone.
const KEY: &str = "sk-canary";

/// A server that gives the same answer to whoever asks, and keeps what was asked.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(status: &'static str, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("its address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let keeps = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that leaves half-way is no fault of the server's.
                serve(&stream, status, body, &keeps).ok();
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panicked").clone()
    }
}

fn serve(
    mut stream: &TcpStream,
    status: &str,
    body: &str,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    // A client that begins with TLS is told in plain text, and waited for until it leaves.
    if reader.fill_buf()?.first() == Some(&0x16) {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")?;
        return std::io::copy(&mut reader, &mut std::io::sink()).map(|_| ());
    }
    while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head)? > 0 {}
    asked.lock().expect("nobody panicked").push(head);
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )
}

const MODELS: &str = r#"{"object":"list","data":[{"id":"big"},{"id":"sm\u001b[31mall\u202e"}]}"#;

fn entry(name: &str, url: &str, more: &str) -> String {
    format!("[endpoints.{name}]\nprotocol = \"openai\"\nbase_url = \"{url}\"\n{more}\n")
}

fn with_key(home: &Home, args: &[&str]) -> Ran {
    let mut command = home.command(args);
    command.env("LAN_KEY", KEY);
    Running::start(command).end()
}

fn objects(ran: &Ran) -> Vec<Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

/// An address where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}/v1", listener.local_addr().expect("its address"))
}

#[test]
fn the_list_names_where_a_key_is_and_never_the_key() {
    let home = Home::without_model();
    let none = home.run(&["endpoints", "list"]).exits(0).answers_nothing();
    none.says(&["[endpoints.NAME]"]);
    let server = Server::start("200 OK", MODELS);
    let lan = entry(
        "lan",
        &format!("{}/hidden-path", server.url),
        "model = \"big\"\nkey_env = \"LAN_KEY\"\nn_ctx = 8192\nprice_in = 3.0\nprice_out = 4.5",
    );
    let pass = entry("pass", "https://example.com/v1", "key_command = [\"pass\", \"sk-argument\"]");
    home.config(&format!("{lan}{pass}"));
    // What may not be connected to may be listed.
    let ran = with_key(&home, &["endpoints", "list", "--offline"]).exits(0);
    let origin = server.url.trim_end_matches("/v1");
    for word in ["NAME", "lan", "openai", origin, "big", "env LAN_KEY", "8192", "3 / 4.5"] {
        assert!(ran.stdout.contains(word), "{word} in {ran:?}");
    }
    assert!(ran.stdout.contains("local-only") && ran.stdout.contains("command pass"), "{ran:?}");
    let json = with_key(&home, &["endpoints", "list", "--json"]).exits(0);
    for secret in [KEY, "sk-argument", "hidden-path"] {
        assert!(!ran.stdout.contains(secret) && !json.stdout.contains(secret), "{secret}");
    }
    let [lan, pass] = &objects(&json)[..] else { panic!("two endpoints: {json:?}") };
    assert_eq!((&lan["name"], &lan["n_ctx"]), (&"lan".into(), &8192.into()));
    assert_eq!((&lan["key"], &lan["may_leave"]), (&"env LAN_KEY".into(), &false.into()));
    assert_eq!((&pass["model"], &pass["price"]), (&Value::Null, &Value::Null));
    assert!(server.asked().is_empty(), "a list connects to nothing");
    home.config(&format!("privacy = \"open\"\n{}", entry("lan", &server.url, "")));
    let open = home.run(&["endpoints", "list", "--json"]).exits(0);
    assert_eq!(objects(&open)[0]["may_leave"], true);
}

#[test]
fn a_check_tells_what_is_wrong_where() {
    let home = Home::without_model();
    let good = Server::start("200 OK", MODELS);
    let strict = Server::start("401 Unauthorized", r#"{"error":{"message":"no\u001b[2J entry"}}"#);
    let key = "key_env = \"LAN_KEY\"";
    home.config(
        &[
            entry("absent", &good.url, "model = \"huge\""),
            entry("gone", &nobody(), "model = \"big\""),
            entry("good", &good.url, &format!("model = \"big\"\n{key}")),
            entry("plain", &good.url.replace("http:", "https:"), ""),
            entry("strict", &strict.url, key),
        ]
        .concat(),
    );
    let ran = with_key(&home, &["endpoints", "check"]).exits(1);
    assert!(ran.stdout.contains("good: ok, serves big, "), "{ran:?}");
    assert!(ran.stdout.contains("gone: fails after "), "{ran:?}");
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(['\u{1b}', '\u{202e}']), "{ran:?}");
    let ran = ran.says(&[
        "absent: huge is not served there",
        "hint: edgewise endpoints models absent",
        "refused the connection",
        "is the server running",
        "no secure connection",
        "strict: it does not accept the key (401)",
        "key_env",
    ]);
    assert!(!ran.stderr.contains(KEY), "{ran:?}");
    let json = with_key(&home, &["endpoints", "check", "--json"]).exits(1);
    let told = objects(&json);
    let ok: Vec<_> = told.iter().map(|object| object["ok"].as_bool()).collect();
    assert_eq!(ok, [false, false, true, false, false].map(Some), "{told:?}");
    assert_eq!((&told[0]["served"], &told[0]["listed"]), (&false.into(), &true.into()));
    assert_eq!((&told[2]["served"], &told[2]["models"]), (&true.into(), &2.into()));
    assert_eq!(told[1]["error"]["kind"], "failed");
    assert!(told.iter().all(|object| object["ms"].is_u64()), "{told:?}");
    // Asked by name, the others do not matter.
    with_key(&home, &["endpoints", "check", "good"]).exits(0);
    let asked = good.asked();
    assert!(asked.iter().all(|head| !head.starts_with("POST")), "without content: {asked:?}");
    assert!(asked.iter().any(|head| head.contains(KEY)), "the key goes there: {asked:?}");
    // A key that is not there is told without a question.
    let before = good.asked().len();
    home.run(&["endpoints", "check", "good"]).exits(1).says(&["LAN_KEY is not set"]);
    assert_eq!(good.asked().len(), before);
}

#[test]
fn what_is_served_is_listed_clean() {
    let home = Home::without_model();
    let good = Server::start("200 OK", MODELS);
    home.config(&(entry("lan", &good.url, "model = \"big\"") + &entry("off", &nobody(), "")));
    let ran = home.run(&["endpoints", "models", "lan"]).exits(0);
    assert_eq!(ran.stdout, "* lan  big\n  lan  small<U+202E>\n");
    let json = home.run(&["endpoints", "models", "--json"]).exits(1);
    let told = objects(&json);
    assert_eq!((&told[0]["model"], &told[0]["default"]), (&"big".into(), &true.into()));
    assert_eq!((&told[1]["model"], &told[1]["default"]), (&"small<U+202E>".into(), &false.into()));
    assert_eq!(told[2]["endpoint"], "off");
    assert_eq!(told[2]["error"]["kind"], "failed");
}

#[test]
fn nothing_is_asked_where_nothing_may_leave() {
    let home = Home::without_model();
    home.run(&["endpoints", "check"]).exits(2).says(&["no endpoint", "[endpoints.NAME]"]);
    let good = Server::start("200 OK", MODELS);
    home.config(&entry("lan", &good.url, ""));
    home.run(&["endpoints", "check", "lna"]).exits(2).says(&["did you mean `lan`?"]);
    for what in ["check", "models"] {
        let off = home.run(&["endpoints", what, "--offline"]).exits(4).answers_nothing();
        off.says(&["--offline", "hint: "]);
        let mut command = home.command(&["endpoints", what]);
        command.env("EDGEWISE_NO_REMOTE", "1");
        Running::start(command).end().exits(4).says(&["EDGEWISE_NO_REMOTE"]);
    }
    assert!(good.asked().is_empty(), "nothing was asked");
}
