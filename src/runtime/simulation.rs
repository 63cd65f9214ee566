//! The front's own driver, router and endpoints, in a world that a seed makes: users, a device that
//! others use as well, and a network that loses, delays, refuses and breaks off. Hours of it take
//! milliseconds: the clock stands still unless everybody waits.
//!
//! What has to hold whatever happens is looked at where it happens, and collected.

mod chance;
mod changes;
mod device;
mod network;
mod user;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

use self::chance::Chance;
use self::device::Device;
use self::network::Network;
use self::user::User;

/// Longer than any turn may take: every try, every wait that is asked for, at every endpoint.
const LONGEST_WORLD: Duration = Duration::from_hours(12);

/// What went wrong in a world, and what happened in it.
#[derive(Debug, Default)]
struct Seen {
    wrong: Mutex<Vec<String>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

impl Seen {
    /// Notes what must not be.
    fn wrong(&self, what: impl Into<String>) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    /// Counts what may be, and has to happen in some worlds.
    fn count(&self, what: &'static str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(what).or_default() += 1;
    }
}

/// Everything that the users of one world share. It is never given back: a world is small, and the
/// process ends with its test.
#[derive(Debug)]
struct World {
    begun: Instant,
    seen: Seen,
    network: Network,
}

impl World {
    fn new(chance: &mut Chance) -> &'static Self {
        let begun = Instant::now();
        let network = Network::new(begun, chance);
        Box::leak(Box::new(Self { begun, seen: Seen::default(), network }))
    }
}

/// Makes a front with an engine and two endpoints in a network without anything in it, for tests of
/// what is decided.
pub(super) fn front_with_endpoints() -> super::Front {
    user::quiet_front()
}

/// Lives through the world of a seed; returns what was wrong in it and what happened.
fn live(seed: u64) -> (Vec<String>, BTreeMap<&'static str, u64>) {
    let tasks = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let ended = tasks.block_on(async {
        let mut chance = Chance::new(seed);
        let world = World::new(&mut chance);
        let device = Device::start(world, &mut chance);
        let users: Vec<User> = User::all(world, &device, &mut chance);
        let lives = users.into_iter().map(|user| tokio::spawn(user.live()));
        let lives: Vec<_> = lives.collect();
        for life in lives {
            match tokio::time::timeout(LONGEST_WORLD, life).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => world.seen.wrong(format!("a panic: {error}")),
                Err(_) => world.seen.wrong("a turn never ended"),
            }
        }
        &world.seen
    });
    let wrong = ended.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let counts = ended.counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (wrong, counts)
}

/// What has to happen in many worlds, or they show nothing.
const HAPPENS: [&str; 17] = [
    "answered at an endpoint",
    "answered on the device",
    "came home before the first token",
    "came home in mid-answer",
    "left in mid-answer",
    "interrupted",
    "refused by name",
    "cancelled",
    "moved without need",
    "away for one turn",
    "asked without content",
    "local-only turn beside an endpoint",
    "turn that nobody agreed to send",
    "background turn",
    "memory squeeze",
    "stood still in mid-answer",
    "pinned",
];

fn worlds(seeds: std::ops::Range<u64>) {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for seed in seeds {
        let (wrong, seen) = live(seed);
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
        for (what, times) in seen {
            *counts.entry(what).or_default() += times;
        }
    }
    for what in HAPPENS {
        assert!(counts.get(what).is_some_and(|times| *times >= 5), "{what}: {counts:#?}");
    }
}

/// A thousand worlds, in tests that run side by side.
macro_rules! worlds {
    ($($name:ident: $seeds:expr,)*) => {
        $(#[test]
        fn $name() {
            worlds($seeds);
        })*
    };
}

worlds! {
    what_must_hold_holds_in_worlds_0_to_124: 0..125,
    what_must_hold_holds_in_worlds_125_to_249: 125..250,
    what_must_hold_holds_in_worlds_250_to_374: 250..375,
    what_must_hold_holds_in_worlds_375_to_499: 375..500,
    what_must_hold_holds_in_worlds_500_to_624: 500..625,
    what_must_hold_holds_in_worlds_625_to_749: 625..750,
    what_must_hold_holds_in_worlds_750_to_874: 750..875,
    what_must_hold_holds_in_worlds_875_to_999: 875..1000,
}
