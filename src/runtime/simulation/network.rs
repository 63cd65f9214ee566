//! A network between the device and its endpoints, and the endpoints themselves.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::World;
use super::chance::Chance;
use crate::backend::BoxFuture;
use crate::net::NetError;
use crate::net::played::Play;
use crate::net::played::Played;
use crate::net::played::Sent;

/// What stands in everything that must not leave.
pub(super) const CANARY: &str = "xylophone";

/// Pieces on their way.
const PIECES: usize = 4;

/// A stretch of time, from the world's beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    from: Duration,
    to: Duration,
}

impl Stretch {
    /// Draws stretches of about `length` with about `apart` between them, for two hours.
    pub(super) fn some(chance: &mut Chance, length: Duration, apart: Duration) -> Vec<Self> {
        let (mut at, mut all) = (Duration::ZERO, Vec::new());
        while at < Duration::from_hours(2) {
            let from = at + chance.wait(apart);
            at = from + chance.wait(length);
            all.push(Self { from, to: at });
        }
        all
    }

    pub(super) fn meets(self, from: Duration, to: Duration) -> bool {
        self.from <= to && from <= self.to
    }

    pub(super) fn covers(all: &[Self], at: Duration) -> bool {
        all.iter().any(|stretch| (stretch.from..stretch.to).contains(&at))
    }
}

#[derive(Debug)]
pub(super) struct Network {
    begun: Instant,
    round_trip: Duration,
    /// How many requests in a hundred come to harm.
    harm: u64,
    outages: Vec<Stretch>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    chance: Chance,
    /// Questions without content that are under way, by host.
    asked: BTreeMap<String, u32>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Refused,
    Blackhole,
    Status(u16),
    Limited(Option<u32>),
    Page,
    Answer { slow: u32, end: End },
}

/// How an answer's stream ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Well,
    /// Without the protocol's own end.
    Short,
    Broken,
    Silent,
    Garbage,
}

impl Network {
    pub(super) fn new(begun: Instant, chance: &mut Chance) -> Self {
        let round_trip = Duration::from_millis(chance.one(&[40, 120, 300]));
        let (length, apart) = chance.one(&[(20, 600), (60, 240), (5, 3600)]);
        let outages =
            Stretch::some(chance, Duration::from_secs(length), Duration::from_secs(apart));
        let state = State { chance: chance.fork(), asked: BTreeMap::new() };
        let harm = chance.one(&[2, 10, 30, 60]);
        Self { begun, round_trip, harm, outages, state: Mutex::new(state) }
    }

    fn fate(&self, chance: &mut Chance) -> Fate {
        if Stretch::covers(&self.outages, self.begun.elapsed()) {
            return chance.one(&[Fate::Refused, Fate::Blackhole]);
        }
        if !chance.percent(self.harm) {
            return Fate::Answer { slow: 1, end: End::Well };
        }
        let wait = chance.one(&[None, Some(1), Some(5), Some(40), Some(99_999)]);
        let answer = |end| Fate::Answer { slow: 1, end };
        chance.one(&[
            Fate::Refused,
            Fate::Status(500),
            Fate::Status(503),
            Fate::Status(401),
            Fate::Status(400),
            Fate::Limited(wait),
            Fate::Page,
            Fate::Answer { slow: 10, end: End::Well },
            answer(End::Short),
            answer(End::Broken),
            answer(End::Silent),
            answer(End::Garbage),
        ])
    }

    /// Looks at what leaves: the hosts of a user whose conversations may not leave hear nothing, and
    /// a question without content has none.
    fn look(world: &World, sent: &Sent) {
        let body = String::from_utf8_lossy(&sent.body);
        if body.contains(CANARY) || sent.host.contains("silent") {
            let (host, path, bytes) = (&sent.host, &sent.path, body.len());
            world.seen.wrong(format!("{bytes} bytes left to {host}, {path}"));
        }
        if is_question(sent) && !sent.body.is_empty() {
            world.seen.wrong(format!("a question with content: {body}"));
        }
    }

    fn asked(&self, host: &str, change: i32) -> u32 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = state.asked.entry(host.to_owned()).or_default();
        *asked = asked.saturating_add_signed(change);
        *asked
    }
}

fn is_question(sent: &Sent) -> bool {
    sent.path.ends_with("models")
}

/// A question without content that is under way, until it is answered or given up.
struct Asking {
    network: &'static Network,
    host: String,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.network.asked(&self.host, -1);
    }
}

impl Play for World {
    fn play(&'static self, sent: Sent) -> BoxFuture<'static, Result<Played, NetError>> {
        Network::look(self, &sent);
        let network = &self.network;
        let (fate, mut chance) = {
            let mut state = network.state.lock().unwrap_or_else(PoisonError::into_inner);
            (network.fate(&mut state.chance), state.chance.fork())
        };
        Box::pin(async move {
            let host = sent.host.clone();
            let question = is_question(&sent);
            let asking = question.then(|| Asking { network, host: host.clone() });
            if asking.is_some() {
                self.seen.count("asked without content");
                if network.asked(&host, 1) > 1 {
                    self.seen.wrong(format!("{host} is asked twice at once"));
                }
            }
            tokio::time::sleep(network.round_trip.mul_f64(1.0 + chance.share())).await;
            match fate {
                Fate::Refused => Err(NetError::Refused { host }),
                Fate::Blackhole => {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                    Err(NetError::ConnectTimeout { host, seconds: 10 })
                }
                Fate::Status(status) => Ok(page(status, None, b"{\"error\":\"no\"}")),
                Fate::Limited(wait) => Ok(page(429, wait, b"{\"error\":\"slow down\"}")),
                Fate::Page => Ok(page(200, None, b"<html>log in first</html>")),
                Fate::Answer { .. } if question => Ok(page(200, None, b"{\"data\":[]}")),
                Fate::Answer { slow, end } => Ok(stream(slow, end, chance, host)),
            }
        })
    }
}

fn page(status: u16, retry_after: Option<u32>, body: &'static [u8]) -> Played {
    let (sender, pieces) = mpsc::channel(PIECES);
    sender.try_send(Ok(Bytes::from_static(body))).expect("there is room");
    let mut headers = vec![("content-type", "application/json".to_owned())];
    headers.extend(retry_after.map(|wait| ("retry-after", wait.to_string())));
    Played { status, headers, pieces }
}

/// Streams an answer: a first token after some time, then eight at once.
fn stream(slow: u32, end: End, mut chance: Chance, host: String) -> Played {
    let (sender, pieces) = mpsc::channel(PIECES);
    let headers = vec![("content-type", "text/event-stream".to_owned())];
    let first = chance.wait(Duration::from_millis(400)) * slow;
    let (gap, count) = (Duration::from_millis(160) * slow, chance.between(1, 16));
    let breaks_at = chance.between(0, count);
    tokio::spawn(async move {
        let say = |text: &str| Ok(Bytes::copy_from_slice(text.as_bytes()));
        tokio::time::sleep(first).await;
        for at in 0..count {
            let piece = match end {
                End::Well => say(PIECE),
                _ if at < breaks_at => say(PIECE),
                End::Short => return,
                End::Broken => Err(NetError::Broken { host: host.clone() }),
                End::Garbage => say("data: {{{\n\n"),
                End::Silent => {
                    sender.closed().await;
                    return;
                }
            };
            if sender.send(piece).await.is_err() {
                return;
            }
            tokio::time::sleep(gap).await;
        }
        sender.send(say(LAST)).await.ok();
    });
    Played { status: 200, headers, pieces }
}

const PIECE: &str =
    "data: {\"model\":\"big\",\"choices\":[{\"delta\":{\"content\":\"one two three four \"}}]}\n\n";
const LAST: &str = concat!(
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":90,\"completion_tokens\":60}}\n\n",
    "data: [DONE]\n\n",
);
