//! What takes its time, in the time of the test's own clock: waits that an endpoint asks for in every
//! form, names that nobody answers for, clocks that are set between two runs.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::play;
use super::play::CALM;
use super::play::Frames;
use super::play::Told;
use super::play::turn;
use crate::backend::BoxFuture;
use crate::backend::Cancel;
use crate::chat::StopReason;
use crate::chat::Timestamp;
use crate::config::Endpoint;
use crate::config::KeySource;
use crate::config::Protocol;
use crate::net::MUTE;
use crate::net::Net;
use crate::net::NetError;
use crate::net::SERVFAIL;
use crate::net::played::Play;
use crate::net::played::Played;
use crate::net::played::Sent;
use crate::remote::Fleet;
use crate::remote::Remote;
use crate::route::Egress;
use crate::route::Fuse;
use crate::route::Gate;
use crate::route::Lesson;

/// Headers of a refusal.
type Headers = Vec<(&'static str, &'static str)>;

/// An endpoint that asks for patience so many times, and answers then.
#[derive(Debug)]
struct Busy {
    protocol: Protocol,
    status: u16,
    headers: Headers,
    times: usize,
    asked: Mutex<Vec<Instant>>,
}

impl Play for Busy {
    fn play(&'static self, _: Sent) -> BoxFuture<'static, Result<Played, NetError>> {
        let mut asked = self.asked.lock().expect("nobody panicked");
        asked.push(Instant::now());
        let busy = asked.len() <= self.times;
        let whole = Frames(self.protocol).whole();
        let at = whole.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        let (status, body) = if busy { (self.status, &b"{}"[..]) } else { (200, &whole[at..]) };
        let headers = self.headers.iter().filter(|_| busy);
        let headers = headers.map(|(name, value)| (*name, (*value).to_owned())).collect();
        let (sender, pieces) = mpsc::channel(1);
        sender.try_send(Ok(Bytes::copy_from_slice(body))).expect("there is room");
        Box::pin(async move { Ok(Played { status, headers, pieces }) })
    }
}

/// What became of a turn, and when its endpoint was asked.
struct Became {
    told: Told,
    fleet: Fleet,
    /// Between one request and the next.
    gaps: Vec<Duration>,
}

/// Runs a turn at an endpoint that refuses in this way; `device`: this device would answer, too.
async fn busy(
    protocol: Protocol,
    (status, headers): (u16, &Headers),
    times: usize,
    device: bool,
) -> Became {
    let (headers, asked) = (headers.clone(), Mutex::default());
    let busy: &'static Busy = Box::leak(Box::new(Busy { protocol, status, headers, times, asked }));
    let remote =
        Remote::new(far(protocol, "http://lan.example"), Net::played(Egress::Allowed, busy), None);
    let fleet = Fleet::of([remote.with_patience(CALM)]);
    let told = turn(&fleet, &["lan"], device, Cancel::new()).await;
    let asked = busy.asked.lock().expect("nobody panicked");
    let gaps = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    Became { told, fleet, gaps }
}

/// An endpoint that is no process's to make a key for: no time passes outside.
fn far(protocol: Protocol, url: &str) -> Endpoint {
    Endpoint { key: KeySource::None, allow_http: true, ..play::endpoint("lan", protocol, url) }
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What is waited when nobody says how long.
const GUESSED: (Duration, Duration) = (ms(250), ms(2000));

/// Every form of a refusal for a while, and how long is waited then: from, to.
fn waits() -> Vec<(&'static str, u16, Headers, (Duration, Duration))> {
    let exactly = |millis| (ms(millis), ms(millis));
    let after = |value| vec![("retry-after", value)];
    let dated = |value| vec![("retry-after", value), ("date", "Mon, 23 Nov 2026 12:00:00 GMT")];
    vec![
        ("seconds", 429, after("7"), exactly(7000)),
        ("a part of a second", 429, after("1.5"), exactly(1500)),
        ("a minute", 429, after("60"), exactly(60_000)),
        ("nothing", 429, after("0"), exactly(250)),
        ("less than nothing", 429, after("-3"), exactly(250)),
        ("a date", 429, dated("Mon, 23 Nov 2026 12:00:09 GMT"), exactly(9000)),
        ("a date that is over", 429, dated("Mon, 23 Nov 2026 11:00:00 GMT"), exactly(250)),
        ("a date of no clock", 429, after("Mon, 23 Nov 2026 12:00:09 GMT"), GUESSED),
        ("milliseconds", 429, vec![("retry-after-ms", "1200")], exactly(1200)),
        (
            "milliseconds and seconds",
            429,
            vec![("retry-after", "2"), ("retry-after-ms", "1700")],
            exactly(1700),
        ),
        ("no milliseconds", 429, vec![("retry-after-ms", "soon")], GUESSED),
        ("absent", 429, Vec::new(), GUESSED),
        ("words", 429, after("soon"), GUESSED),
        ("no number", 429, after("nan"), GUESSED),
        ("overloaded", 503, after("3"), exactly(3000)),
        ("overloaded, Anthropic's way", 529, after("3"), exactly(3000)),
    ]
}

#[tokio::test(start_paused = true)]
async fn every_form_of_a_wait_is_kept_to() {
    for (_, protocol) in Protocol::NAMES {
        for (name, status, headers, (least, most)) in waits() {
            let Became { told, gaps, .. } = busy(protocol, (status, &headers), 1, false).await;
            assert_eq!(told.text, "Hello", "{name}: {told:?}");
            let [gap] = gaps.as_slice() else { panic!("{name}: {gaps:?}") };
            // The clock of tasks counts whole milliseconds.
            assert!((least..=most + ms(5)).contains(gap), "{name}: {gap:?}");
            let counted_down = told.waits.len() as u64;
            // One that is a trifle shorter than a second is not told.
            let told_for = gap.saturating_sub(ms(5)).as_secs();
            assert!(counted_down >= told_for, "{name}: a countdown of {counted_down}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_absurd_is_not_waited_for_and_ends_by_name() {
    let begun = Instant::now();
    for wait in ["61", "86400", "1e300", "99999999999999999999999999"] {
        let headers = vec![("retry-after", wait)];
        let Became { told, fleet, gaps } = busy(Protocol::OpenAi, (429, &headers), 9, false).await;
        assert!(matches!(told.reason, StopReason::Failed(_)), "{wait}: {told:?}");
        assert!(told.fault().contains("it asks to slow down (429)"), "{wait}: {told:?}");
        assert_eq!((gaps.len(), told.waits.len()), (0, 0), "{wait}: {told:?}");
        // However long it asks for, an hour later it is tried again.
        let rests = fleet.facts("lan", 10, false).expect("lan").rests;
        assert!(rests >= ms(60_000) && rests <= Duration::from_hours(1), "{wait}: {rests:?}");
    }
    assert!(begun.elapsed() < ms(100), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn whoever_has_another_route_waits_for_two_seconds_at_the_most() {
    for (wait, gaps_wanted) in [("2", 1), ("3", 0), ("60", 0)] {
        let headers = vec![("retry-after", wait)];
        let Became { told, gaps, .. } = busy(Protocol::OpenAi, (429, &headers), 1, true).await;
        assert_eq!(gaps.len(), gaps_wanted, "{wait}: {told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_never_stops_asking_for_patience_is_no_storm() {
    for headers in [vec![("retry-after", "1")], Vec::new(), vec![("retry-after-ms", "0")]] {
        let begun = Instant::now();
        let Became { told, gaps, .. } =
            busy(Protocol::OpenAi, (429, &headers), usize::MAX, false).await;
        assert!(matches!(told.reason, StopReason::Failed(_)), "{told:?}");
        assert!(gaps.len() <= 3 && gaps.iter().all(|gap| *gap >= ms(250)), "{gaps:?}");
        assert!(begun.elapsed() <= Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_that_nobody_answers_for_ends_in_time_and_by_name() {
    for (_, protocol) in Protocol::NAMES {
        for (name, why, took) in [
            (MUTE, "no answer in time", ms(5000)),
            (SERVFAIL, "there is no such name, or nobody to ask", Duration::ZERO),
        ] {
            let remote = Remote::new(
                far(protocol, &format!("http://{name}:1")),
                Net::new(Egress::Allowed),
                None,
            );
            let fleet = Fleet::of([remote.with_patience(CALM)]);
            let begun = Instant::now();
            let told = turn(&fleet, &["lan"], true, Cancel::new()).await;
            let StopReason::Failed(fault) = &told.reason else { panic!("{name}: {told:?}") };
            assert_eq!(fault.message, format!("lan: cannot look up {name}: {why}"));
            let over = begun.elapsed();
            assert!((took..took + ms(500)).contains(&over), "{name}: {over:?}");
        }
    }
}

/// Days that a clock on the wall is set by between two runs, back or forth.
const JUMPS: [i64; 6] = [-36_500, -1, 0, 1, 400, 36_500];

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_keeps_nobody_away_for_longer_than_was_asked() {
    const DAY_MS: i64 = 24 * 3_600_000;
    let then = 40_000 * DAY_MS;
    let at = Duration::from_millis(then.unsigned_abs());
    let endpoint = far(Protocol::OpenAi, "http://lan.example");
    let lesson = Lesson {
        endpoint: "lan".to_owned(),
        server: format!("{} big", endpoint.base_url),
        fuse: Fuse { open_until: Some(at + ms(10_000)), opened: 1, ..Fuse::default() },
        rests_until: at + ms(30_000),
        ..Lesson::default()
    };
    for days in JUMPS {
        let now = then + days * DAY_MS;
        let remote = Remote::new(endpoint.clone(), Net::new(Egress::Allowed), None);
        let fleet = Fleet::of([remote]).dated(Timestamp(now));
        fleet.recall(std::slice::from_ref(&lesson));
        let facts = fleet.facts("lan", 10, false).expect("lan");
        assert!(facts.rests <= Duration::from_hours(1), "{days} days: {:?}", facts.rests);
        if let Gate::Open { until } = facts.gate {
            let rest = until.saturating_sub(Duration::from_millis(now.unsigned_abs()));
            assert!(rest <= Duration::from_mins(6), "{days} days: {rest:?}");
        }
        // From there on the clock of this run counts, whatever the one on the wall is set to.
        tokio::time::advance(Duration::from_hours(1)).await;
        let facts = fleet.facts("lan", 10, false).expect("lan");
        assert_eq!((facts.rests, facts.gate), (Duration::ZERO, Gate::Trial), "{days} days");
    }
}
