//! The fault matrix: every fault against every protocol, with its named outcome, what of the answer
//! is kept, and no key or prompt in anything that is told.

use std::time::Duration;

use super::play::CALM;
use super::play::Frames;
use super::play::HASTY;
use super::play::KEY;
use super::play::PROMPT;
use super::play::endpoint;
use super::play::fault::Authority;
use super::play::fault::Blackhole;
use super::play::fault::Server;
use super::play::fault::Step;
use super::play::fault::answer;
use super::play::fault::head;
use super::play::fault::nobody;
use super::play::fault::reply;
use super::play::remote;
use super::play::turn;
use crate::backend::Cancel;
use crate::chat::FaultKind;
use crate::chat::StopReason;
use crate::config::Endpoint;
use crate::config::Protocol;
use crate::remote::Fleet;

/// Longer than any fault may hold a turn up.
const BOUND: Duration = Duration::from_secs(30);

/// How a fault has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// "Hello", whole.
    Well,
    /// This, whole.
    Says(&'static str),
    /// Nothing came, and the message has these words.
    Failed(FaultKind, &'static str),
    /// "Hel" came and is kept, and the message has these words.
    Broken(&'static str),
}

use Ends::Broken;
use Ends::Failed;
use Ends::Says;
use Ends::Well;

/// One fault: what the server does, how long is waited, how it ends.
struct Fault {
    name: &'static str,
    script: Vec<Step>,
    hasty: bool,
    ends: Ends,
}

fn fault(name: &'static str, script: Vec<Step>, ends: Ends) -> Fault {
    Fault { name, script, hasty: false, ends }
}

fn hasty(name: &'static str, script: Vec<Step>, ends: Ends) -> Fault {
    Fault { hasty: true, ..fault(name, script, ends) }
}

/// A refusal with a body that repeats the key.
fn status(line: &str, headers: &[&str]) -> Vec<Step> {
    let body = format!("{{\"error\":{{\"message\":\"no, {KEY}\"}}}}");
    answer(reply(line, headers, body.as_bytes()))
}

/// Refusals and redirects.
fn refusals() -> Vec<Fault> {
    use FaultKind::Failed as Bad;
    use FaultKind::TooLong;
    use FaultKind::Usage;
    let long = br#"{"error":{"message":"maximum context length is 10 tokens"}}"#;
    let html = reply("502 Bad Gateway", &["content-type: text/html"], b"<html><b>502</b></html>");
    let date =
        ["retry-after: Mon, 23 Nov 2026 12:00:00 GMT", "date: Mon, 23 Nov 2026 11:00:00 GMT"];
    vec![
        fault(
            "redirect",
            status("307 T", &["location: https://h.example/x"]),
            Failed(Bad, "sends to https://h.example"),
        ),
        fault(
            "redirect loop",
            status("302 F", &["location: /v1"]),
            Failed(Bad, "which is not followed"),
        ),
        fault("401", status("401 U", &[]), Failed(Usage, "does not accept the key (401)")),
        fault("403", status("403 F", &[]), Failed(Usage, "does not accept the key (403)")),
        fault("402", status("402 P", &[]), Failed(Bad, "wants to be paid")),
        fault("404", status("404 N", &[]), Failed(Usage, "no such model")),
        fault("407", status("407 P", &[]), Failed(Bad, "the proxy")),
        fault(
            "400 too long",
            answer(reply("400 B", &[], long)),
            Failed(TooLong, "too long for it"),
        ),
        fault("400", status("400 B", &[]), Failed(Bad, "refuses the request (400)")),
        fault("413", status("413 T", &[]), Failed(TooLong, "too long for it (413)")),
        fault("429", status("429 T", &[]), Failed(Bad, "asks to slow down")),
        fault("429 in an hour", status("429 T", &date), Failed(Bad, "asks to slow down")),
        fault("429 absurd", status("429 T", &["retry-after: 1e300"]), Failed(Bad, "slow down")),
        fault("500", status("500 E", &[]), Failed(Bad, "it failed (500)")),
        fault("502 html", answer(html), Failed(Bad, "it failed (502)")),
        fault("503", status("503 E", &[]), Failed(Bad, "overloaded (503)")),
        fault("529", status("529 E", &[]), Failed(Bad, "overloaded (529)")),
    ]
}

/// Silence of every kind.
fn silences(frames: Frames) -> Vec<Fault> {
    use FaultKind::Failed as Bad;
    let pause = Duration::from_millis(20);
    let send = |bytes: Vec<u8>, then: Step| vec![Step::Read, Step::Send(bytes), then];
    let ping = match frames.0 {
        Protocol::OpenAi => ": ping\n\n",
        Protocol::Anthropic => "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        Protocol::Ollama => "\n",
    };
    let pings = || Step::Repeat(ping.as_bytes().to_vec(), pause);
    let start = head("200 OK", &[frames.content_type()]);
    let mut cut = frames.half();
    cut.extend(frames.text("lo").bytes().take(20));
    let blanks = Step::Repeat(b" ".to_vec(), pause);
    vec![
        hasty("no head", vec![Step::Read, Step::Hold], Failed(Bad, "said nothing for")),
        hasty(
            "head, then silence",
            send(start.clone(), Step::Hold),
            Failed(Bad, "said nothing for"),
        ),
        hasty("pings only", send(start.clone(), pings()), Failed(Bad, "said nothing for")),
        hasty("a byte at a time", send(start, blanks), Failed(Bad, "said nothing for")),
        hasty("pings after text", send(frames.half(), pings()), Broken("nothing more for")),
        hasty("stall in a token", send(cut, Step::Hold), Broken("nothing more for")),
    ]
}

/// Streams that break or are none.
#[expect(clippy::too_many_lines, reason = "a table")]
fn streams(frames: Frames) -> Vec<Fault> {
    use FaultKind::Failed as Bad;
    let after = |rest: Vec<u8>| answer([frames.half(), rest].concat());
    let begin = |rest: Vec<u8>| answer([head("200 OK", &[frames.content_type()]), rest].concat());
    let error = match frames.0 {
        Protocol::OpenAi => "data: {\"error\":{\"message\":\"broke\",\"code\":500}}\n\n",
        Protocol::Anthropic => {
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"broke\"}}\n\n"
        }
        Protocol::Ollama => "{\"error\":\"broke\"}\n",
    };
    let data = if frames.0 == Protocol::Ollama { "" } else { "data: " };
    let no_json = format!("{data}{{\"choices\":[{{\"del\n\n").into_bytes();
    let mut no_text = frames.text("lo").into_bytes();
    let at = no_text.len() - 12;
    no_text[at] = 0xff;
    let tool = match frames.0 {
        Protocol::OpenAi => {
            "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\"}}]}}]}\n\n"
        }
        Protocol::Anthropic => {
            "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\"}}\n\n"
        }
        Protocol::Ollama => "{\"message\":{\"content\":\"\",\"tool_calls\":[{}]},\"done\":false}\n",
    };
    let reset = vec![Step::Read, Step::Send(frames.half()), Step::Reset];
    let endless = vec![
        Step::Read,
        Step::Send(frames.half()),
        Step::Repeat(vec![b'x'; 65_536], Duration::ZERO),
    ];
    let length = frames.half().len() + 100;
    let short =
        format!("HTTP/1.1 200 OK\r\n{}\r\ncontent-length: {length}\r\n\r\n", frames.content_type());
    let body = frames.half();
    let body =
        body[body.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4..].to_vec();
    let page = reply("200 OK", &["content-type: text/html"], b"<html>sign in</html>");
    vec![
        fault("reset", reset, Broken("the connection to 127.0.0.1 broke")),
        fault("end without an end", after(Vec::new()), Broken("without the protocol's own end")),
        fault(
            "shorter than promised",
            answer([short.into_bytes(), body].concat()),
            Broken("broke"),
        ),
        fault("error after text", after(error.into()), Broken("it failed: broke")),
        fault("error at once", begin(error.into()), Failed(Bad, "it failed: broke")),
        fault("cut JSON", after(no_json), Broken("not the protocol's")),
        fault("no UTF-8", after(no_text), Broken("not UTF-8")),
        fault("endless line", endless, Broken("a line is longer than")),
        fault(
            "5 MiB line",
            after([vec![b'x'; 5 << 20], b"\n".to_vec()].concat()),
            Broken("a line is longer than"),
        ),
        fault("a page", answer(page), Failed(Bad, "answers with text/html")),
        fault(
            "a tool that never ends",
            after(tool.into()),
            Broken("without the protocol's own end"),
        ),
        fault("nothing at all", begin(Vec::new()), Failed(Bad, "without the protocol's own end")),
    ]
}

/// Bombs: a reply that is packed is never unpacked, whether it says so or not.
fn bombs(frames: Frames) -> Vec<Fault> {
    use FaultKind::Failed as Bad;
    let endless = |head: Vec<u8>| {
        vec![Step::Read, Step::Send(head), Step::Repeat(vec![0; 65_536], Duration::ZERO)]
    };
    let said = |how: &str| endless(head("200 OK", &[frames.content_type(), how]));
    let refused = endless(head("500 E", &["content-encoding: gzip"]));
    // What gzip begins with, and a line's end.
    let unsaid = [head("200 OK", &[frames.content_type()]), vec![0x1f, 0x8b, 8, 0, 0xff, b'\n']];
    vec![
        fault("gzip bomb", said("content-encoding: gzip"), Failed(Bad, "packed its reply")),
        fault("deflate bomb", said("content-encoding: deflate"), Failed(Bad, "packed its reply")),
        fault("bomb in a refusal", refused, Failed(Bad, "packed its reply")),
        fault("packed and unsaid", answer(unsaid.concat()), Failed(Bad, "not UTF-8")),
    ]
}

/// Parts of an answer that come twice, or before what they belong to.
fn disorder(frames: Frames) -> Vec<Fault> {
    let stream = |pieces: &[&str]| {
        let pieces = pieces.concat().into_bytes();
        answer([frames.head(), pieces].concat())
    };
    let text = |json| frames.text(json);
    let end = frames.end();
    match frames.0 {
        // Other answers were not asked for: only the first one's pieces count, whatever comes when.
        Protocol::OpenAi => {
            let other = text("not this").replace("\"index\":0", "\"index\":1");
            let both = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"no\"}},{\"index\":0,\"delta\":{\"content\":\"lo\"}}]}\n\n";
            vec![
                fault("other index first", stream(&[&other, &text("Hello"), &end]), Well),
                fault("indices out of order", stream(&[&text("Hel"), both, &other, &end]), Well),
            ]
        }
        Protocol::Anthropic => {
            let other = text("x").replace("\"index\":0", "\"index\":1");
            let again =
                "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{}}\n\n";
            let order = Broken("an event comes out of order");
            vec![
                fault("a block never begun", stream(&[&text("Hel"), &other, &end]), order),
                fault("a block begun twice", stream(&[&text("Hel"), again, &end]), order),
            ]
        }
        // Its lines have no index. What stands behind the end is not read.
        Protocol::Ollama => {
            vec![fault("a second end", stream(&[&text("Hello"), &end, &text("!"), &end]), Well)]
        }
    }
}

/// What looks odd and is none the less right.
fn oddities(frames: Frames) -> Vec<Fault> {
    let whole = frames.whole();
    let text = String::from_utf8(whole.clone()).expect("text");
    let (front, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let with = |body: String| answer(format!("{front}\r\n\r\n{body}").into_bytes());
    let unknown = match frames.0 {
        Protocol::OpenAi => "data: {\"object\":\"of.tomorrow\"}\n\n",
        Protocol::Anthropic => "event: new\ndata: {\"type\":\"of_tomorrow\"}\n\n",
        Protocol::Ollama => "{\"of\":\"tomorrow\"}\n",
    };
    let cut = |whole: &[u8], size| -> Vec<Step> {
        let pieces = whole.chunks(size).map(|piece| Step::Send(piece.to_vec()));
        std::iter::once(Step::Read).chain(pieces).collect()
    };
    // A letter of two bytes, one of four, and an escape sequence, which is cleaned where it is shown.
    let foreign = frames.text("h\u{e9} \u{1f600} \\u001b[31m.");
    let foreign = [frames.head(), foreign.into_bytes(), frames.end().into_bytes()].concat();
    vec![
        fault("three bytes at a time", cut(&whole, 3), Well),
        fault("letters cut up", cut(&foreign, 1), Says("h\u{e9} \u{1f600} \u{1b}[31m.")),
        fault("CRLF", with(body.replace('\n', "\r\n")), Well),
        fault("CR", with(body.replace('\n', "\r")), Well),
        fault("a byte order mark", with(format!("\u{feff}{body}")), Well),
        fault("unknown events", with(format!("{unknown}{body}")), Well),
        fault("a million empty events", with(format!("{}{body}", "\n".repeat(1_000_000))), Well),
    ]
}

async fn check(name: String, endpoint: Endpoint, hasty: bool, ends: Ends) {
    let fleet = Fleet::of([remote(endpoint, if hasty { HASTY } else { CALM })]);
    let ran = turn(&fleet, &["lan"], true, Cancel::new());
    let told = tokio::time::timeout(BOUND, ran).await;
    let told = told.unwrap_or_else(|_| panic!("{name}: no end within {BOUND:?}"));
    match (ends, &told.reason) {
        (Well, StopReason::EndOfTurn) => assert_eq!(told.text, "Hello", "{name}"),
        (Says(text), StopReason::EndOfTurn) => assert_eq!(told.text, text, "{name}"),
        (Failed(kind, words), StopReason::Failed(fault)) => {
            assert!(fault.message.contains(words), "{name}: {fault}");
            assert_eq!((fault.kind, told.text.as_str()), (kind, ""), "{name}: {fault}");
        }
        (Broken(words), StopReason::Interrupted(fault)) => {
            assert!(fault.message.contains(words), "{name}: {fault}");
            assert_eq!(told.text, "Hel", "{name}: {fault}");
        }
        (ends, reason) => panic!("{name}: {ends:?}, but {reason:?}"),
    }
    let all = format!("{told:?} {fleet:?}");
    assert!(!all.contains(KEY) && !all.contains(PROMPT), "{name}: {all}");
}

async fn matrix(protocol: Protocol) {
    let frames = Frames(protocol);
    let rows = [
        refusals(),
        silences(frames),
        streams(frames),
        bombs(frames),
        disorder(frames),
        oddities(frames),
    ];
    let running: Vec<_> = rows
        .into_iter()
        .flatten()
        .map(|Fault { name, script, hasty, ends }| {
            let server = Server::plain(vec![script]);
            let name = format!("{protocol:?}: {name}");
            let endpoint = endpoint("lan", protocol, &server.url("/v1"));
            tokio::spawn(async move {
                check(name, endpoint, hasty, ends).await;
                assert!(server.requests().len() <= 2, "tried again and again");
            })
        })
        .collect();
    assert!(running.len() >= 36, "{} rows", running.len());
    for row in running {
        row.await.expect("a row");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openai_ends_every_fault_by_name() {
    matrix(Protocol::OpenAi).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anthropic_ends_every_fault_by_name() {
    matrix(Protocol::Anthropic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ollama_ends_every_fault_by_name() {
    matrix(Protocol::Ollama).await;
}

#[tokio::test]
async fn the_way_there_ends_by_name() {
    use FaultKind::Failed as Bad;
    let authority = Authority::new();
    let dir = tempfile::tempdir().expect("a directory");
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, &authority.pem).expect("a file");
    let ca = Some(ca.to_string_lossy().into_owned());
    for (_, protocol) in Protocol::NAMES {
        let serve = |config| Server::tls(vec![answer(Frames(protocol).whole())], config);
        let at = |url: &str, ca: &Option<String>| Endpoint {
            ca_file: ca.clone(),
            ..endpoint("lan", protocol, url)
        };
        let tls = |server: &Server, ca| at(&format!("https://{}", server.addr), ca);
        let good = serve(authority.server("127.0.0.1", 2100));
        let old = serve(authority.server("127.0.0.1", 2002));
        let other = serve(authority.server("other.example", 2100));
        let mute = Server::plain(vec![vec![Step::Hold]]);
        let reset = Server::plain(vec![vec![Step::Reset]]);
        let closed = Server::plain(vec![Vec::new()]);
        let proxy = Server::plain(vec![answer(reply("407 P", &[], b""))]);
        let hole = Blackhole::new();
        let proxied = Endpoint { proxy: Some(proxy.url("")), ..at("https://far.example", &None) };
        let rows: Vec<(&str, Endpoint, bool, Ends)> = vec![
            ("TLS", tls(&good, &ca), false, Well),
            ("expired", tls(&old, &ca), false, Failed(Bad, "out of date")),
            ("wrong host", tls(&other, &ca), false, Failed(Bad, "another host's")),
            ("unknown CA", tls(&good, &None), false, Failed(Bad, "nobody trusted")),
            ("mute TLS", tls(&mute, &ca), true, Failed(Bad, "no connection to 127.0.0.1")),
            ("reset in TLS", tls(&reset, &ca), false, Failed(Bad, "127.0.0.1 broke")),
            ("closed in TLS", tls(&closed, &ca), false, Failed(Bad, "127.0.0.1 broke")),
            ("refused", at(&nobody(), &None), false, Failed(Bad, "refused the connection")),
            (
                "black hole",
                at(&format!("http://{}", hole.addr), &None),
                true,
                Failed(Bad, "no connection"),
            ),
            ("no name", at("https://nowhere.invalid", &None), false, Failed(Bad, "cannot look up")),
            ("proxy 407", proxied, false, Failed(Bad, "the proxy does not let")),
            (
                "plain text",
                at("http://192.0.2.1", &None),
                false,
                Failed(FaultKind::Usage, "only spoken to over https"),
            ),
        ];
        for (name, endpoint, hasty, ends) in rows {
            check(format!("{protocol:?}: {name}"), endpoint, hasty, ends).await;
        }
    }
}
