//! The table of faults: what a server may do wrong, in the words of each protocol, and how a turn
//! has to end then. Played within the program's own parts and through the program itself.

use std::time::Duration;

use super::FaultKind;
use super::Protocol;
use super::fault::Step;
use super::fault::answer;
use super::fault::head;
use super::fault::reply;

/// What must be nowhere but in requests.
pub(crate) const KEY: &str = "sk-canary";
pub(crate) const PROMPT: &str = "prompt-canary";

/// A stream's head, pieces and end, as a protocol writes them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frames(pub(crate) Protocol);

impl Frames {
    pub(crate) fn content_type(self) -> &'static str {
        match self.0 {
            Protocol::OpenAi | Protocol::Anthropic => {
                "content-type: text/event-stream; charset=utf-8"
            }
            Protocol::Ollama => "content-type: application/x-ndjson",
        }
    }

    pub(crate) fn head(self) -> Vec<u8> {
        let mut head = head("200 OK", &[self.content_type()]);
        head.extend(self.start().bytes());
        head
    }

    fn start(self) -> String {
        match self.0 {
            Protocol::OpenAi => {
                "data: {\"model\":\"big\",\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n"
            }
            Protocol::Anthropic => concat!(
                "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"big\",",
                "\"usage\":{\"input_tokens\":9}}}\n\n",
                "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{}}\n\n",
            ),
            Protocol::Ollama => "",
        }
        .to_owned()
    }

    /// One piece of text, given as it stands within JSON's quotes.
    pub(crate) fn text(self, json: &str) -> String {
        match self.0 {
            Protocol::OpenAi => {
                format!(
                    "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{json}\"}}}}]}}\n\n"
                )
            }
            Protocol::Anthropic => format!(
                "data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{json}\"}}}}\n\n"
            ),
            Protocol::Ollama => {
                format!(
                    "{{\"model\":\"big\",\"message\":{{\"content\":\"{json}\"}},\"done\":false}}\n"
                )
            }
        }
    }

    pub(crate) fn end(self) -> String {
        match self.0 {
            Protocol::OpenAi => concat!(
                "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
                "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n",
                "data: [DONE]\n\n",
            ),
            Protocol::Anthropic => concat!(
                "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
                "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},",
                "\"usage\":{\"output_tokens\":2}}\n\n",
                "data: {\"type\":\"message_stop\"}\n\n",
            ),
            Protocol::Ollama => concat!(
                "{\"model\":\"big\",\"message\":{\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",",
                "\"prompt_eval_count\":9,\"eval_count\":2}\n",
            ),
        }
        .to_owned()
    }

    /// A whole answer: "Hello".
    pub(crate) fn whole(self) -> Vec<u8> {
        let rest = [self.text("Hel"), self.text("lo"), self.end()].concat();
        [self.head(), rest.into_bytes()].concat()
    }

    /// The first half of it.
    pub(crate) fn half(self) -> Vec<u8> {
        [self.head(), self.text("Hel").into_bytes()].concat()
    }
}

/// How a fault has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
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
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    pub(crate) script: Vec<Step>,
    /// It ends by a silence: how long is waited has to be short.
    pub(crate) hasty: bool,
    pub(crate) ends: Ends,
}

fn fault(name: &'static str, script: Vec<Step>, ends: Ends) -> Fault {
    Fault { name, script, hasty: false, ends }
}

fn hasty(name: &'static str, script: Vec<Step>, ends: Ends) -> Fault {
    Fault { hasty: true, ..fault(name, script, ends) }
}

/// Every fault of a server that can be connected to.
pub(crate) fn rows(protocol: Protocol) -> Vec<Fault> {
    let frames = Frames(protocol);
    let all = [
        refusals(),
        silences(frames),
        streams(frames),
        endless(frames),
        bombs(frames),
        disorder(frames),
        oddities(frames),
    ];
    all.into_iter().flatten().collect()
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
        fault("a page", answer(page), Failed(Bad, "answers with text/html")),
        fault(
            "a tool that never ends",
            after(tool.into()),
            Broken("without the protocol's own end"),
        ),
        fault("nothing at all", begin(Vec::new()), Failed(Bad, "without the protocol's own end")),
    ]
}

/// What never ends: every part of a reply has its limit.
fn endless(frames: Frames) -> Vec<Fault> {
    use FaultKind::Failed as Bad;
    let again = |begin: Vec<u8>, piece: &str| {
        let piece = piece.as_bytes().to_vec();
        vec![Step::Read, Step::Send(begin), Step::Repeat(piece, Duration::ZERO)]
    };
    let line = again(frames.half(), &"x".repeat(65_536));
    let header = again(b"HTTP/1.1 200 OK\r\nx: ".to_vec(), &"x".repeat(65_536));
    let headers = again(b"HTTP/1.1 200 OK\r\n".to_vec(), &"x-a: b\r\n".repeat(1000));
    let long = [frames.half(), vec![b'x'; 5 << 20], b"\n".to_vec()].concat();
    let mut rows = vec![
        fault("endless line", line, Broken("a line is longer than")),
        fault("endless header", header, Failed(Bad, "the connection to 127.0.0.1 broke")),
        fault("endless headers", headers, Failed(Bad, "the connection to 127.0.0.1 broke")),
        fault("5 MiB line", answer(long), Broken("a line is longer than")),
    ];
    if frames.0 != Protocol::Ollama {
        let event = again(frames.half(), &format!("data: {}\n", "x".repeat(65_536)));
        rows.push(fault("endless event", event, Broken("an event is longer than")));
    }
    rows
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
