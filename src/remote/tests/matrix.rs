//! The fault matrix: every fault against every protocol, with its named outcome, what of the answer
//! is kept, and no key or prompt in anything that is told.

use std::time::Duration;

use super::play::CALM;
use super::play::HASTY;
use super::play::KEY;
use super::play::PROMPT;
use super::play::endpoint;
use super::play::fault::Authority;
use super::play::fault::Blackhole;
use super::play::fault::Server;
use super::play::fault::Step;
use super::play::fault::answer;
use super::play::fault::nobody;
use super::play::fault::reply;
use super::play::remote;
use super::play::turn;
use super::table::Ends;
use super::table::Ends::Broken;
use super::table::Ends::Failed;
use super::table::Ends::Says;
use super::table::Ends::Well;
use super::table::Fault;
use super::table::Frames;
use super::table::rows;
use crate::backend::Cancel;
use crate::chat::FaultKind;
use crate::chat::StopReason;
use crate::config::Endpoint;
use crate::config::Protocol;
use crate::remote::Fleet;

/// Longer than any fault may hold a turn up.
const BOUND: Duration = Duration::from_secs(30);

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
    let running: Vec<_> = rows(protocol)
        .into_iter()
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
