//! Real sockets on this device's own loopback, against a server that does what a script says.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::backend::Meter;
use crate::chat::Traffic;

use fault::Authority;
use fault::Blackhole;
use fault::Seen;
use fault::Server;
use fault::Step;
use fault::answer;
use fault::reply;

const OPEN: Net = Net { egress: Egress::Allowed, played: None };

/// A limit that a test runs into on purpose.
const SOON: Duration = Duration::from_millis(80);

fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

fn transport() -> Transport {
    Transport::default()
}

/// Limits that end soon, for what never answers.
fn hasty() -> Transport {
    let limits = Limits { connect: SOON, first_byte: SOON, idle: SOON };
    Transport { limits, ..Transport::default() }
}

fn site(url: &str, transport: Transport) -> Site {
    Site::new(OPEN, address(url), transport).expect("a site")
}

fn key(origin: &Origin, header: KeyHeader) -> Key {
    let secret = Secret::new("sk-canary".to_owned()).expect("a key");
    Key::bind(secret, origin.clone(), header)
}

async fn ask(site: &Site) -> Result<Vec<u8>, NetError> {
    site.send(&Request::post("chat", b"{\"prompt\":1}".to_vec())).await?.whole().await
}

#[tokio::test]
async fn a_request_goes_to_the_site_with_its_key_and_headers() {
    let server = Server::plain(vec![answer(reply("200 OK", &["x-served: yes"], b"hello"))]);
    let site = site(&server.url("/v1"), transport());
    let key = key(site.origin(), KeyHeader::Bearer);
    let site = site.with_key(key).expect("its origin").with_header("x-title", "t").expect("free");
    let got = site.send(&Request::post("chat", b"{}".to_vec())).await.expect("a reply");
    assert_eq!((got.status(), got.header("X-Served")), (200, Some("yes")));
    assert_eq!(got.whole().await.expect("a body"), b"hello");
    let request = server.requests().pop().expect("a request").to_lowercase();
    assert!(request.starts_with("post /v1/chat http/1.1\r\n"), "{request}");
    for line in ["authorization: bearer sk-canary", "x-title: t", "accept-encoding: identity"] {
        assert!(request.contains(line), "{request}");
    }
    assert!(request.ends_with("\r\n\r\n{}"), "{request}");
}

#[tokio::test]
async fn the_switch_opens_nothing_loopback_included() {
    let server = Server::plain(vec![answer(reply("200 OK", &[], b""))]);
    for egress in [Egress::Offline, Egress::KillSwitch] {
        let net = Net::new(egress);
        let made = Site::new(net, address(&server.url("")), transport());
        assert!(matches!(made, Err(NetError::Off(_))), "{made:?}");
        let made = Fetcher::new(net, address(&server.url("")), transport());
        assert!(matches!(made, Err(NetError::Off(_))), "{made:?}");
        // Even a site that is there already.
        let mut site = site(&server.url(""), transport());
        site.net = net;
        assert!(matches!(ask(&site).await, Err(NetError::Off(_))));
        let made = Fetcher::new(OPEN, address(&server.url("")), transport());
        let mut fetcher = made.expect("made");
        fetcher.net = net;
        assert!(matches!(fetcher.get("x", &[], 9).await, Err(NetError::Off(_))));
    }
    assert!(server.seen.try_recv().is_err(), "something was opened");
}

#[tokio::test]
async fn no_redirect_of_an_api_is_followed() {
    for status in ["301 M", "302 M", "303 M", "307 M", "308 M"] {
        let other = Server::plain(vec![answer(reply("200 OK", &[], b"stolen"))]);
        for to in [other.url("/x"), "/elsewhere".to_owned(), "https://h.example/?s=canary".into()] {
            let location = format!("location: {to}");
            let server = Server::plain(vec![answer(reply(status, &[&location], b""))]);
            let site = site(&server.url(""), transport());
            let key = key(site.origin(), KeyHeader::ApiKey);
            let site = site.with_key(key).expect("its origin");
            let error = ask(&site).await.expect_err("not followed");
            assert!(matches!(error, NetError::Redirect { .. }), "{error}");
            assert!(!error.to_string().contains("canary"), "{error}");
            assert_eq!(server.requests().len(), 1);
        }
        assert!(other.seen.try_recv().is_err(), "{status} was followed");
    }
}

#[test]
fn a_key_of_another_origin_is_refused() {
    for other in ["https://h.example", "http://127.0.0.1:2", "http://localhost:1"] {
        let site = site("http://127.0.0.1:1", transport());
        let key = key(address(other).origin(), KeyHeader::Bearer);
        let error = site.with_key(key).expect_err("another origin");
        assert!(matches!(error, NetError::OtherOrigin { .. }), "{error}");
    }
}

#[test]
fn plain_text_stays_on_this_device_unless_allowed() {
    let url = "http://192.0.2.1:8080/v1";
    let error = Site::new(OPEN, address(url), transport()).expect_err("plain text");
    assert_eq!(error, NetError::PlainText { host: "192.0.2.1".into() });
    let allowed = Transport { allow_http: true, ..transport() };
    Site::new(OPEN, address(url), allowed).expect("allowed");
}

#[test]
fn what_is_not_the_users_to_set_is_refused() {
    for name in ["Authorization", "X-Api-Key", "Cookie", "Host", "content-length", "a b", ""] {
        let made = site("http://127.0.0.1:1", transport()).with_header(name, "v");
        assert!(matches!(made, Err(NetError::Header(_))), "{name}");
    }
    let made = site("http://127.0.0.1:1", transport()).with_header("x-a", "v\r\nhost: evil");
    assert!(matches!(made, Err(NetError::Header(_))));
}

async fn over_tls(server: &Server, host: &str, ca: Option<PathBuf>) -> Result<Vec<u8>, NetError> {
    let url = format!("https://{host}:{}", server.addr.port());
    ask(&site(&url, Transport { ca_file: ca, ..transport() })).await
}

#[tokio::test]
async fn certificates_are_checked_and_named() {
    let authority = Authority::new();
    let dir = tempfile::tempdir().expect("a directory");
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, &authority.pem).expect("a file");
    let scripts = || vec![answer(reply("200 OK", &[], b"secret"))];
    let good = Server::tls(scripts(), authority.server("127.0.0.1", 2100));
    assert_eq!(over_tls(&good, "127.0.0.1", Some(ca.clone())).await.expect("trusted"), b"secret");
    let table = [
        (authority.server("127.0.0.1", 2100), None, TlsFault::Untrusted),
        (authority.server("127.0.0.1", 2002), Some(ca.clone()), TlsFault::Expired),
        (authority.server("other.example", 2100), Some(ca.clone()), TlsFault::WrongHost),
    ];
    for (config, ca, expected) in table {
        let server = Server::tls(scripts(), config);
        let error = over_tls(&server, "127.0.0.1", ca).await.expect_err("refused");
        assert!(matches!(error, NetError::Tls { fault, .. } if fault == expected), "{error:?}");
        assert!(!error.is_transient() && server.requests().is_empty());
    }
    // Not TLS at all: no second try in plain text.
    let plain =
        Server::plain(vec![vec![Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), Step::Hold]]);
    let error = over_tls(&plain, "127.0.0.1", Some(ca.clone())).await.expect_err("no TLS");
    assert!(matches!(error, NetError::Tls { fault: TlsFault::Handshake, .. }), "{error:?}");
    let reset = Server::plain(vec![vec![Step::Reset]]);
    let error = over_tls(&reset, "127.0.0.1", Some(ca)).await.expect_err("reset");
    assert!(error.is_transient(), "{error:?}");
}

#[test]
fn a_file_of_certificates_that_is_none_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let ca = dir.path().join("ca.pem");
    for text in [None, Some(""), Some("no certificate")] {
        if let Some(text) = text {
            std::fs::write(&ca, text).expect("a file");
        }
        let transport = Transport { ca_file: Some(ca.clone()), ..transport() };
        let made = Site::new(OPEN, address("https://h.example"), transport);
        assert!(matches!(made, Err(NetError::CaFile { .. })), "{text:?} {made:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_never_answers_is_given_up_in_time() {
    let hole = Blackhole::new();
    let url = |addr: SocketAddr| format!("http://{addr}");
    let error = ask(&site(&url(hole.addr), hasty())).await.expect_err("a black hole");
    assert!(matches!(error, NetError::ConnectTimeout { .. }), "{error:?}");
    // TLS that never begins counts as no connection.
    let mute = Server::plain(vec![vec![Step::Hold]]);
    let site_ = site(&format!("https://{}", mute.addr), hasty());
    let error = ask(&site_).await.expect_err("no handshake");
    assert!(matches!(error, NetError::ConnectTimeout { .. }), "{error:?}");
    let mute = Server::plain(vec![vec![Step::Read, Step::Hold]]);
    let error = ask(&site(&mute.url(""), hasty())).await.expect_err("no head");
    assert!(matches!(error, NetError::FirstByteTimeout { .. }), "{error:?}");
    mute.wait_left();
    let begun = reply("200 OK", &[], b"hello, and then nothing");
    let script = vec![Step::Read, Step::Send(begun[..begun.len() - 5].to_vec()), Step::Hold];
    let server = Server::plain(vec![script]);
    let error = ask(&site(&server.url(""), hasty())).await.expect_err("half a body");
    assert!(matches!(error, NetError::IdleTimeout { .. }), "{error:?}");
    server.wait_left();
}

#[tokio::test]
async fn what_breaks_is_named() {
    let gone = Server::plain(vec![]).addr;
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let unused = free.local_addr().expect("an address");
    drop(free);
    assert_ne!(gone, unused);
    let error = ask(&site(&format!("http://{unused}"), transport())).await.expect_err("refused");
    assert!(matches!(error, NetError::Refused { .. }), "{error:?}");
    let whole = reply("200 OK", &[], b"hello");
    let broken = [
        vec![Step::Read, Step::Reset],
        vec![Step::Read],
        vec![Step::Read, Step::Send(whole[..whole.len() - 2].to_vec())],
        vec![Step::Read, Step::Send(whole[..whole.len() - 2].to_vec()), Step::Reset],
        vec![Step::Read, Step::Send(b"no http at all\r\n\r\n".to_vec())],
    ];
    for script in broken {
        let server = Server::plain(vec![script.clone()]);
        let error = ask(&site(&server.url(""), transport())).await.expect_err("broken");
        assert!(matches!(error, NetError::Broken { .. }), "{script:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_reply_has_a_longest_length_and_comes_unpacked() {
    let server = Server::plain(vec![answer(reply("200 OK", &[], &[b'x'; 1001]))]);
    let site_ = site(&server.url(""), transport());
    let request = Request::get("x").max_body(1000);
    let got = site_.send(&request).await.expect("a head").whole().await;
    assert!(matches!(got, Err(NetError::TooLong { limit: 1000, .. })), "{got:?}");
    let got = site_.send(&request).await.expect("a head").beginning(10).await;
    assert_eq!(got, [b'x'; 10]);
    let packed = reply("200 OK", &["content-encoding: gzip"], b"bomb");
    let server = Server::plain(vec![answer(packed)]);
    let error = ask(&site(&server.url(""), transport())).await.expect_err("packed");
    assert!(matches!(error, NetError::Encoded { .. }), "{error:?}");
}

#[tokio::test]
async fn a_proxy_is_asked_and_its_refusal_named() {
    for status in ["407 Proxy Authentication Required", "502 Bad Gateway"] {
        let proxy = Server::plain(vec![answer(reply(status, &[], b""))]);
        let proxied = Transport { proxy: Some(address(&proxy.url(""))), ..transport() };
        let error = ask(&site("https://h.example/v1", proxied)).await.expect_err("refused");
        assert!(matches!(error, NetError::Proxy { .. }), "{error:?}");
        let asked = proxy.requests();
        assert!(asked[0].starts_with("CONNECT h.example:443 "), "{asked:?}");
        assert!(!asked[0].contains("canary"));
    }
    // What stays on this device goes through nobody's hands.
    let proxy = Server::plain(vec![answer(reply("200 OK", &[], b"read along"))]);
    let server = Server::plain(vec![answer(reply("200 OK", &[], b"hello"))]);
    let proxied = Transport { proxy: Some(address(&proxy.url(""))), ..transport() };
    assert_eq!(ask(&site(&server.url(""), proxied)).await.expect("direct"), b"hello");
    assert!(proxy.seen.try_recv().is_err());
}

#[tokio::test]
async fn a_name_that_leads_nowhere_is_named() {
    let error = ask(&site("https://nowhere.invalid", transport())).await.expect_err("no such name");
    assert!(matches!(error, NetError::Lookup { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn leaving_closes_the_connection() {
    let server = Server::plain(vec![vec![Step::Read, Step::Hold]]);
    let site = site(&server.url(""), transport());
    let request = tokio::spawn(async move { ask(&site).await });
    assert_eq!(server.seen.recv(), Ok(Seen::Connected));
    assert!(matches!(server.seen.recv(), Ok(Seen::Request(_))));
    request.abort();
    assert_eq!(server.seen.recv(), Ok(Seen::Left));
}

#[tokio::test]
async fn a_file_is_followed_over_hops_and_its_key_is_not() {
    let file = Server::plain(vec![answer(reply("206 Partial", &["etag: \"e\""], b"ile"))]);
    let location = format!("location: {}", file.url("/blob?signature=s"));
    let first = reply("302 Found", &[&location, "x-linked-etag: \"hash\""], b"");
    let hub = Server::plain(vec![answer(first)]);
    let fetcher = Fetcher::new(OPEN, address(&hub.url("/m")), transport()).expect("made");
    let key = key(fetcher.origin(), KeyHeader::Bearer);
    let fetcher = fetcher.with_key(key);
    let headers = [("range", "bytes=1-".to_owned())];
    let got = fetcher.get("resolve/main/model.gguf", &headers, 100).await.expect("a file");
    assert_eq!((got.reply.status(), got.hops.len()), (206, 1));
    assert_eq!(got.hops[0].headers.get("x-linked-etag"), Some("\"hash\""));
    assert_eq!(got.reply.header("etag"), Some("\"e\""));
    assert_eq!(got.reply.whole().await.expect("a body"), b"ile");
    let (hub, file) = (hub.requests().remove(0), file.requests().remove(0));
    assert!(hub.starts_with("GET /m/resolve/main/model.gguf ") && hub.contains("sk-canary"));
    assert!(file.starts_with("GET /blob?signature=s ") && !file.contains("sk-canary"), "{file}");
    assert!(hub.contains("bytes=1-") && file.contains("bytes=1-"));
}

#[tokio::test]
async fn redirects_end_and_lead_to_no_plain_text() {
    let circle = Server::plain(vec![answer(reply("302 F", &["location: /again"], b""))]);
    let fetcher = Fetcher::new(OPEN, address(&circle.url("")), transport()).expect("made");
    let error = fetcher.get("x", &[], 9).await.expect_err("a circle");
    assert!(matches!(error, NetError::Redirect { .. }), "{error:?}");
    assert_eq!(circle.requests().len(), 6);
    let authority = Authority::new();
    let dir = tempfile::tempdir().expect("a directory");
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, &authority.pem).expect("a file");
    for to in ["http://192.0.2.1/x", "http://127.0.0.1:1/x", "file:///etc/passwd", "data:,x"] {
        let location = format!("location: {to}");
        let script = answer(reply("302 F", &[&location], b""));
        let server = Server::tls(vec![script], authority.server("127.0.0.1", 2100));
        let transport = Transport { ca_file: Some(ca.clone()), ..transport() };
        let address = address(&format!("https://{}", server.addr));
        let fetcher = Fetcher::new(OPEN, address, transport).expect("made");
        let error = fetcher.get("x", &[], 9).await.expect_err("a step down");
        assert!(matches!(error, NetError::Redirect { .. }), "{to}: {error:?}");
    }
}

#[tokio::test]
async fn what_goes_over_the_wire_is_counted_to_the_byte() {
    let sent = reply("200 OK", &["x-served: yes"], b"hello");
    let server = Server::plain(vec![answer(sent.clone())]);
    let site = site(&server.url("/v1"), transport());
    let key = key(site.origin(), KeyHeader::Bearer);
    let site = site.with_key(key).expect("its origin").with_header("x-title", "t").expect("free");
    let meter = Meter::default();
    let ask = Request::post("chat?a=b", b"{\"prompt\":1}".to_vec()).metered(meter.clone());
    site.send(&ask).await.expect("a reply").whole().await.expect("a body");
    let heard = server.requests().pop().expect("a request");
    let counted = Traffic { up: heard.len() as u64, down: sent.len() as u64 };
    assert_eq!(meter.read(), counted, "{heard}");
    // A question without a body has no length to tell.
    let ask = Request::get("models").metered(meter.clone());
    site.send(&ask).await.expect("a reply");
    let heard = server.requests().pop().expect("a request");
    assert_eq!(meter.read().up - counted.up, heard.len() as u64, "{heard}");
}

#[tokio::test]
async fn what_stayed_here_is_not_counted_and_what_may_have_left_is() {
    let meter = Meter::default();
    let ask = || Request::post("chat", b"{}".to_vec()).metered(meter.clone());
    site(&fault::nobody(), transport()).send(&ask()).await.expect_err("nobody is there");
    assert_eq!(meter.read(), Traffic::default());
    let mute = Server::plain(vec![vec![Step::Read, Step::Hold]]);
    site(&mute.url(""), hasty()).send(&ask()).await.expect_err("it says nothing");
    let once = meter.read().up;
    assert!(once > 2, "{once}");
    // Whoever stops waiting has asked all the same.
    let asking = site(&mute.url(""), transport());
    let request = ask();
    let mut waiting = Box::pin(asking.send(&request));
    assert!(polled(&mut waiting).await.is_none());
    drop(waiting);
    assert_eq!(meter.read(), Traffic { up: once * 2, down: 0 });
}

/// Polls once.
async fn polled<T>(future: &mut std::pin::Pin<Box<impl Future<Output = T>>>) -> Option<T> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match future.as_mut().poll(context) {
            std::task::Poll::Ready(done) => Some(done),
            std::task::Poll::Pending => None,
        })
    })
    .await
}
