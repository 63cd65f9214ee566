//! Every fault of the table, played through the program itself: how it exits, what is on stdout, the
//! label in the saved session, the record, the memory; and no word of a key or a question where none
//! belongs.

use std::fs;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use edgewise::chat::FaultKind;
use edgewise::config::Protocol;
use rustix::process::Signal;
use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::endpoint::Says;
use crate::fault::Server;
use crate::fault::Step;
use crate::fault::answer;
use crate::handing::Asking;
use crate::home::command;
use crate::home::configure;
use crate::home::run;
use crate::home::stdout;
use crate::table::Ends;
use crate::table::Fault;
use crate::table::Frames;
use crate::table::KEY;
use crate::table::PROMPT;
use crate::table::rows;
use crate::terminal::Home;
use crate::terminal::Process;
use crate::terminal::Pty;

/// Turns that run side by side.
const TOGETHER: usize = 3;

/// The longest that a turn may take which no silence ends, tries and waits included.
const LONGEST_MS: f64 = 60_000.0;

/// By how much a hostile stream may make the program grow beside one that answers well.
const GROWTH_KIB: u64 = 10 * 1024;

/// The key, and in base64 wherever it stands in three bytes.
const KEYS: [&str; 4] = [KEY, "c2stY2FuYXJ5", "LWNhbmFy", "ay1jYW5h"];

/// Writes a configuration in which every endpoint has the key.
fn write(home: &Home, endpoints: &[(String, Protocol, String)]) {
    let table = |(name, protocol, url): &(String, Protocol, String)| {
        let (protocol, _) = Protocol::NAMES.iter().find(|(_, it)| it == protocol).expect("named");
        format!(
            "[endpoints.{name}]\nprotocol = \"{protocol}\"\nbase_url = \"{url}\"\nmodel = \"big\"\n\
             key_command = [\"printf\", \"%s-%s\", \"sk\", \"canary\"]\n"
        )
    };
    let tables: String = endpoints.iter().map(table).collect();
    configure(home, "privacy = \"open\"", &tables);
}

/// What the program did.
struct Ran {
    code: Option<i32>,
    told: Vec<Value>,
    stderr: String,
    /// The most memory that it held, as far as it was looked at: at each of its lines.
    peak_kib: u64,
}

impl Ran {
    fn text(&self) -> String {
        self.told
            .iter()
            .filter(|it| it["type"] == "delta")
            .filter_map(|it| it["text"].as_str())
            .collect()
    }

    fn finish(&self) -> &Value {
        self.told.last().filter(|event| event["type"] == "finish").expect("an end")
    }
}

/// Asks one endpoint, and says everything that can be said on the way.
fn ask(home: &Home, endpoint: &str, more: &[&str]) -> Ran {
    let args = ["ask", "-v", "--json", "--no-stdin", "--mode", "remote-only"];
    let args = [&args[..], more, &["--max-tokens", "64", "--endpoint", endpoint, PROMPT]].concat();
    let mut command = command(home, &args);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut peak_kib = 0;
    let mut told = Vec::new();
    for line in BufReader::new(child.stdout.take().expect("a pipe")).lines() {
        let line = line.expect("a line");
        assert!(!line.contains('\u{1b}'), "{line:?}");
        told.push(serde_json::from_str(&line).expect("JSON"));
        peak_kib = peak_kib.max(held_kib(child.id()));
    }
    let mut stderr = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
    Ran { code: child.wait().expect("its end").code(), told, stderr, peak_kib }
}

/// Returns the most memory that a process ever held; 0 once it is gone.
fn held_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Checks what a script, a reader of the session and a reader of the record see of a fault.
fn check(home: &Home, name: &str, ends: Ends, ran: &Ran) {
    let Ran { code, stderr, .. } = ran;
    let finish = ran.finish();
    let (code_wanted, reason, text, words, state) = match ends {
        Ends::Well => (0, "end_of_turn", "Hello", "", "complete"),
        // Escape sequences stand in JSON as everything else does: escaped.
        Ends::Says(text) => (0, "end_of_turn", text, "", "complete"),
        Ends::Failed(FaultKind::Usage, words) => (2, "failed", "", words, "failed"),
        Ends::Failed(FaultKind::TooLong, words) => (5, "failed", "", words, "failed"),
        Ends::Failed(_, words) => (1, "failed", "", words, "failed"),
        Ends::Broken(words) => (3, "interrupted", "Hel", words, "interrupted"),
    };
    assert_eq!(*code, Some(code_wanted), "{name}: {finish} {stderr}");
    assert_eq!(finish["reason"], reason, "{name}: {finish}");
    assert_eq!(ran.text(), text, "{name}: {finish}");
    let error = finish["error"].to_string();
    assert!(error.contains(words), "{name}: {error}");
    let total = finish["timings"]["total_ms"].as_f64().unwrap_or(0.0);
    assert!(total <= LONGEST_MS, "{name}: {finish}");
    let session = finish["session"].as_str().expect("it is saved");
    let saved = stdout(&run(home, &["sessions", "export", session]));
    let mut saved = saved.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let answer = saved.rfind(|line| line["role"] == "assistant");
    let answer = answer.unwrap_or_else(|| panic!("{name}: no answer is kept"));
    assert_eq!(answer["state"], state, "{name}: {answer}");
    if !text.is_empty() {
        let parts = answer["parts"].to_string();
        assert!(parts.contains(&text[..3]), "{name}: {parts}");
    }
}

/// Plays all rows that no silence ends; those are played where time is made.
fn play(protocol: Protocol) {
    let rows: Vec<Fault> = rows(protocol).into_iter().filter(|row| !row.hasty).collect();
    assert!(rows.len() >= 40, "{} rows", rows.len());
    let home = Home::new();
    let servers: Vec<Server> =
        rows.iter().map(|row| Server::plain(vec![row.script.clone()])).collect();
    let endpoint =
        |(at, server): (usize, &Server)| (format!("row{at}"), protocol, server.url("/v1"));
    write(&home, &servers.iter().enumerate().map(endpoint).collect::<Vec<_>>());
    let next = Mutex::new(0..rows.len());
    let done = Mutex::new(Vec::new());
    let work = || {
        while let Some(at) = { next.lock().expect("nobody panicked").next() } {
            let ran = ask(&home, &format!("row{at}"), &["-s", "new"]);
            check(&home, &format!("{protocol:?}: {}", rows[at].name), rows[at].ends, &ran);
            done.lock().expect("nobody panicked").push((at, ran));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..TOGETHER {
            scope.spawn(work);
        }
    });
    let done = done.into_inner().expect("nobody panicked");
    assert_eq!(done.len(), rows.len());
    recorded(&home, &rows);
    grows_little(&rows, &done);
    for (at, ran) in &done {
        let said = format!("{:?} {}", ran.told, ran.stderr);
        assert!(!said.contains(PROMPT) && !has_key(said.as_bytes()), "{}: {said}", rows[*at].name);
    }
    nothing_leaks(home.path());
}

/// Checks that every turn is on the record, with how it ended and no word of it.
fn recorded(home: &Home, rows: &[Fault]) {
    let audit = stdout(&run(home, &["audit", "list", "--json", "-n", "0"]));
    let records: Vec<Value> =
        audit.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(records.len(), rows.len());
    for (at, row) in rows.iter().enumerate() {
        let route = format!("remote:row{at}");
        let record = records.iter().find(|it| it["chosen"] == route.as_str());
        let record = record.unwrap_or_else(|| panic!("{}: not on the record", row.name));
        let finish = match row.ends {
            Ends::Well | Ends::Says(_) => "end_of_turn",
            Ends::Failed(..) => "failed",
            Ends::Broken(_) => "interrupted",
        };
        assert_eq!(record["actual"]["finish"], finish, "{}: {record}", row.name);
        assert!(record["actual"]["total_ms"].as_f64() <= Some(LONGEST_MS), "{record}");
        assert!(record["actual"]["bytes_up"].as_u64() > Some(0), "{}: {record}", row.name);
        let came = record["actual"]["bytes_down"].as_u64() > Some(0);
        assert!(came || finish == "failed", "{}: {record}", row.name);
        assert!(!record.to_string().contains("broke:"), "no words of an endpoint: {record}");
    }
}

/// Checks that no fault takes more memory than an ordinary answer, but for a fixed part.
fn grows_little(rows: &[Fault], done: &[(usize, Ran)]) {
    let of = |wanted: &dyn Fn(Ends) -> bool| {
        let all = done.iter().filter(|(at, _)| wanted(rows[*at].ends));
        all.max_by_key(|(_, ran)| ran.peak_kib).expect("some rows")
    };
    // Answers of three letters, however they were cut up.
    let (_, well) = of(&|ends| matches!(ends, Ends::Well | Ends::Says(_)));
    let (at, worst) = of(&|ends| matches!(ends, Ends::Broken(_) | Ends::Failed(..)));
    let growth = worst.peak_kib.saturating_sub(well.peak_kib);
    assert!(well.peak_kib > 0, "it was looked at");
    assert!(growth <= GROWTH_KIB, "{}: {growth} KiB more than {}", rows[*at].name, well.peak_kib);
}

fn has_key(bytes: &[u8]) -> bool {
    KEYS.iter().any(|key| bytes.windows(key.len()).any(|part| part == key.as_bytes()))
}

/// Checks every file below a directory: no key anywhere, no question but in the saved sessions.
fn nothing_leaks(directory: &Path) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            nothing_leaks(&path);
        } else if kind.is_file() {
            let bytes = fs::read(&path).expect("a file of ours");
            assert!(!has_key(&bytes), "the key is in {}", path.display());
            let name = entry.file_name().to_string_lossy().into_owned();
            let sessions = name.contains(".db") || name.contains(".sqlite");
            let prompt = PROMPT.as_bytes();
            let told = bytes.windows(prompt.len()).any(|part| part == prompt);
            assert!(sessions || !told, "the question is in {}", path.display());
        }
    }
}

#[test]
fn every_fault_ends_by_name_in_openais_words() {
    play(Protocol::OpenAi);
}

#[test]
fn every_fault_ends_by_name_in_anthropics_words() {
    play(Protocol::Anthropic);
}

#[test]
fn every_fault_ends_by_name_in_ollamas_words() {
    play(Protocol::Ollama);
}

#[test]
fn an_answer_without_end_is_given_up_and_takes_no_more_memory_than_another() {
    let frames = Frames(Protocol::OpenAi);
    let flood = Step::Repeat(frames.text(&"word ".repeat(12_000)).into_bytes(), Duration::ZERO);
    let endless = Server::plain(vec![vec![Step::Read, Step::Send(frames.head()), flood]]);
    let well = Server::plain(vec![answer(frames.whole())]);
    let home = Home::new();
    let at = |name: &str, server: &Server| (name.to_owned(), Protocol::OpenAi, server.url("/v1"));
    write(&home, &[at("well", &well), at("endless", &endless)]);
    let usual = ask(&home, "well", &[]).peak_kib;
    let ran = ask(&home, "endless", &[]);
    assert_eq!(ran.code, Some(3), "{}", ran.finish());
    let error = ran.finish()["error"].to_string();
    assert!(error.contains("the stream is longer than 64 MiB"), "{error}");
    assert!(ran.text().len() > 60 << 20, "all that came is given: {} bytes", ran.text().len());
    let growth = ran.peak_kib.saturating_sub(usual);
    assert!(usual > 0 && growth <= GROWTH_KIB, "{growth} KiB more than {usual}");
}

#[test]
fn an_engine_that_dies_and_one_that_answers_write_no_word_of_it_down() {
    let home = Home::new();
    configure(&home, "", "");
    let question = format!("{PROMPT}: write a long story.");
    let mut dies = Asking::start(&home, &["-v", "-s", "new", "--max-tokens", "1500", &question]);
    dies.says(24);
    dies.kill_engine();
    assert_eq!(dies.end(), Some(3), "{:?}", dies.finish());
    let mut well = Asking::start(&home, &["-v", "-s", "new", "--max-tokens", "4", &question]);
    assert_eq!(well.end(), Some(0), "{:?}", well.finish());
    assert!(home.path().join("r").read_dir().expect("a directory").next().is_some());
    nothing_leaks(home.path());
    let audit = stdout(&run(&home, &["audit", "list", "--json"]));
    assert!(audit.contains("\"interrupted\"") && !audit.contains(PROMPT), "{audit}");
}

/// An engine that does nothing any more; it ends with the test, whatever becomes of that.
struct Stopped(Process);

impl Stopped {
    fn stop(engine: Process) -> Self {
        engine.signal(Signal::STOP);
        Self(engine)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        self.0.signal(Signal::KILL);
    }
}

#[test]
fn an_engine_that_is_stopped_leaves_its_answer_to_an_endpoint() {
    let lan = Endpoint::start(vec![Says::All(" and that was all.")]);
    let home = Home::new();
    // A second from token to token is good enough here, so that it begins on any machine; eight of
    // them are a stall.
    let profile = "privacy = \"open\"\nmode = \"prefer-local\"\nendpoint = \"lan\"\n\
                   slo = { ttft_ms = 600000, tbt_ms = 1000 }";
    configure(&home, profile, &lan.table("lan"));
    let mut pty = Pty::start(&home, &["--max-tokens", "1500"], &[]);
    pty.ready();
    pty.ask("Write a long story about a dragon.");
    pty.see_text("May this session leave this device?");
    pty.send("y");
    pty.see("a beginning", |frame| frame.has("• ") && !frame.has(" ready · "));
    let _stopped = Stopped::stop(pty.front().engine());
    pty.see("its end", |frame| frame.has("and that was all.") && frame.has(" ready · "));
    let [asked] = &lan.asked()[..] else { panic!("{}", lan.heard()) };
    let last = asked["messages"].as_array().and_then(|all| all.last()).expect("a message");
    assert_eq!(last["role"], "assistant", "it goes on behind what was said: {last}");
    let audit = stdout(&run(&home, &["audit", "list", "--json"]));
    assert!(audit.contains("the answer broke off and goes on here"), "{audit}");
}

#[test]
fn an_engine_that_is_stopped_for_a_moment_goes_on() {
    let home = Home::new();
    configure(&home, "", "");
    let story = ["-s", "new", "--max-tokens", "1500", "Write a long story about a dragon."];
    let mut asking = Asking::start(&home, &story);
    asking.says(24);
    let engine = asking.engine();
    let stopped = Stopped::stop(asking.engine());
    // It goes on where it was, if it is let: nothing of an answer is lost by a pause.
    engine.signal(Signal::CONT);
    asking.says(48);
    drop(stopped);
    assert_eq!(asking.end(), Some(3), "{:?}", asking.finish());
    assert_eq!(asking.finish()["reason"], "interrupted");
}
