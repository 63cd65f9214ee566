//! A trace of requests, played by one user's device and one endpoint: every prediction, decision,
//! breaker and limit on switches is the front's own; times are drawn from what was measured.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use edgewise::chat::DeviceLevel;
use edgewise::chat::DeviceSample;
use edgewise::chat::Mode;
use edgewise::chat::PrivacyClass;
use edgewise::chat::Probe;
use edgewise::chat::Rates;
use edgewise::chat::Route;
use edgewise::chat::Why;
use edgewise::route::Breaker;
use edgewise::route::DeviceMachine;
use edgewise::route::DeviceState;
use edgewise::route::LocalFacts;
use edgewise::route::Policy;
use edgewise::route::Prior;
use edgewise::route::Request;
use edgewise::route::Ring;
use edgewise::route::Risk;
use edgewise::route::RouteView;
use edgewise::route::Sample;
use edgewise::route::Switched;
use edgewise::route::Switches;
use edgewise::route::decide;

/// Sessions that take turns, and the share of a prompt that its session has cached here.
const SESSIONS: usize = 6;
const CACHED: f64 = 0.75;

/// What a busy neighbour leaves of the speed, and two: threads stepped down.
const LEFT: [f64; 3] = [1.0, 0.65, 0.38];
const WAITS: [f64; 3] = [0.007, 0.37, 0.5];

/// Seconds of a burst of load, and between two.
const BURST: f64 = 45.0;
const CALM: f64 = 85.0;

/// The endpoint: seconds to its first token (median, spread of the logarithm), and between tokens.
const FIRST: f64 = 0.45;
const SPREAD: f64 = 0.5;
const BETWEEN: f64 = 0.025;

/// Seconds until a request that nobody answers is given up.
const GIVEN_UP: f64 = 3.0;

/// This device's tokens a second with nothing beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speed {
    pub(crate) prefill: f64,
    pub(crate) decode: f64,
}

#[derive(Clone, Copy, Debug)]
struct Wan {
    name: &'static str,
    round_trip: f64,
    tail: f64,
    fails: f64,
}

const WANS: [Wan; 3] = [
    Wan { name: "good", round_trip: 0.04, tail: 0.01, fails: 0.008 },
    Wan { name: "typical", round_trip: 0.12, tail: 0.05, fails: 0.024 },
    Wan { name: "bad", round_trip: 0.3, tail: 0.15, fails: 0.104 },
];

struct Turn {
    at: f64,
    prompt: u32,
    answer: u32,
}

/// Plays the trace in every mode over every network; returns the table.
pub(crate) fn table(text: &str, every: usize, speed: Speed, ahead: bool) -> String {
    let turns = turns(text, every);
    let mut table = format!(
        "{} turns in {:.0} min; {:.0} tok/s of prompts, {:.0} of answers, {:.0} % of a prompt cached{}\n\n\
         | network | mode          | TTFT p50/p95 (s) | completion mean/p95 (s) | in time | remote tokens | switches/100 | lost | came home |\n\
         |---------|---------------|------------------|-------------------------|---------|---------------|--------------|------|-----------|",
        turns.len(),
        turns.last().map_or(0.0, |turn| turn.at / 60.0),
        speed.prefill,
        speed.decode,
        CACHED * 100.0,
        if ahead { "" } else { ", less what other routes answered" },
    );
    for wan in WANS {
        for mode in [Mode::RemoteOnly, Mode::LocalOnly, Mode::PreferLocal, Mode::Auto] {
            let mut world = World::new(wan, mode, (speed, ahead));
            turns.iter().enumerate().for_each(|(index, turn)| world.play(index, turn));
            let row = world.row(turns.len());
            write!(table, "\n| {:7} | {:13} | {row} |", wan.name, mode.name()).expect("a string");
        }
    }
    table
}

fn turns(text: &str, every: usize) -> Vec<Turn> {
    let seconds = |time: &str| {
        let parts: Vec<f64> = time.split(':').filter_map(|part| part.parse().ok()).collect();
        parts.iter().fold(0.0, |sum, part| sum * 60.0 + part)
    };
    let rows = text.lines().skip(1).step_by(every).filter_map(|line| {
        let mut cells = line.split(',');
        let at = seconds(cells.next()?.split(' ').nth(1)?);
        let prompt = cells.next()?.trim().parse().ok()?;
        Some(Turn { at, prompt, answer: cells.next()?.trim().parse().ok()? })
    });
    let mut turns: Vec<Turn> = rows.collect();
    let first = turns.first().map_or(0.0, |turn| turn.at);
    for turn in &mut turns {
        turn.at -= first;
    }
    turns
}

struct World {
    wan: Wan,
    mode: Mode,
    speed: Speed,
    /// Whether the idle device evaluates what other routes answered, as a chat has it do.
    ahead: bool,
    chance: u64,
    bursts: Vec<(f64, f64, usize)>,
    /// When the device has done what is asked of it, and until when its state was looked at.
    free_at: f64,
    looked_at: f64,
    machine: DeviceMachine,
    level: DeviceLevel,
    ratio: Option<f64>,
    local_risk: Risk,
    risk: Risk,
    ring: Ring,
    breaker: Breaker,
    sessions: HashMap<usize, Session>,
    seen: Seen,
}

/// A session: where it is at home, where its last turn ran, and tokens of it that came of other routes
/// and are not evaluated here.
#[derive(Clone, Default)]
struct Session {
    home: Option<Route>,
    last: Option<Route>,
    switches: Switches,
    away: f64,
}

#[derive(Default)]
struct Seen {
    ttfts: Vec<f64>,
    totals: Vec<f64>,
    in_time: usize,
    remote_tokens: u64,
    switches: usize,
    lost: usize,
    came_home: usize,
}

impl World {
    fn new(wan: Wan, mode: Mode, (speed, ahead): (Speed, bool)) -> Self {
        let mut world = Self {
            wan,
            mode,
            speed,
            ahead,
            // The same for every mode and network.
            chance: 1,
            bursts: Vec::new(),
            free_at: 0.0,
            looked_at: 0.0,
            machine: DeviceMachine::default(),
            level: DeviceLevel::Normal,
            ratio: None,
            local_risk: Risk::default(),
            risk: Risk::default(),
            ring: Ring::default(),
            breaker: Breaker::default(),
            sessions: HashMap::new(),
            seen: Seen::default(),
        };
        let mut at = 0.0;
        while at < 8000.0 {
            at += CALM * -world.draw().max(1e-9).ln();
            let end = at + BURST * (0.5 + world.draw());
            let neighbours = if world.draw() < 0.5 { 1 } else { 2 };
            world.bursts.push((at, end, neighbours));
            at = end;
        }
        world
    }

    /// Draws from 0 to 1 (splitmix64).
    fn draw(&mut self) -> f64 {
        self.chance = self.chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut drawn = self.chance;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((drawn ^ (drawn >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn crowd(&self, at: f64) -> usize {
        let burst = self.bursts.iter().find(|(from, to, _)| (*from..*to).contains(&at));
        burst.map_or(0, |(_, _, neighbours)| *neighbours)
    }

    /// Samples the device each second in which it worked.
    fn look(&mut self, now: f64) {
        let until = now.min(self.free_at);
        let mut at = self.looked_at.max(self.free_at - 600.0).ceil();
        while at <= until {
            let crowd = self.crowd(at);
            let share = |share: f64| Some(Duration::from_secs_f64(share));
            let sample = DeviceSample {
                run_wait: share(WAITS[crowd]),
                run_time: share(1.0 - WAITS[crowd]),
                ..DeviceSample::default()
            };
            self.ratio = Some(LEFT[crowd]);
            self.level = self.machine.observe(&sample, self.ratio, Duration::from_secs_f64(at));
            self.looked_at = at;
            at += 1.0;
        }
    }

    fn play(&mut self, index: usize, turn: &Turn) {
        self.look(turn.at);
        let now = Duration::from_secs_f64(turn.at);
        let session = index % SESSIONS;
        let mut known = self.sessions.remove(&session).unwrap_or_default();
        let cached = (f64::from(turn.prompt) * CACHED - known.away).max(0.0);
        let new = f64::from(turn.prompt) - cached;
        let here = matches!(self.mode, Mode::PreferLocal | Mode::Auto).then_some(Route::Local);
        let home = known.home.clone().or(here);
        let request = Request {
            mode: self.mode,
            class: PrivacyClass::Open,
            current: home.clone(),
            last: known.last.clone(),
            upload_bytes: u64::from(turn.prompt) * 4,
            prompt_tokens: turn.prompt,
            ..Request::default()
        };
        let policy = Policy { hold: known.switches.hold(now), ..Policy::default() };
        let (routes, device) = self.view(turn, new, now);
        let Ok(decision) = decide(&request, &routes, &device, &policy) else {
            self.seen.lost += 1;
            self.sessions.insert(session, known);
            return;
        };
        self.seen.switches += usize::from(decision.price.is_some());
        let moves = decision.why != Why::ThisTurn;
        let leaves = home.is_some_and(|home| home != decision.route);
        let unforced = moves && leaves && decision.price.is_some();
        known.switches.turn(if unforced { Switched::Unforced } else { Switched::No }, now);
        if moves {
            known.home = Some(decision.route.clone());
        }
        let promised = decision.predicted().map(|it| it.ttft);
        let route = self.carry_out(&decision.route, (turn, new), promised);
        known.away = match route {
            Route::Remote(_) if !self.ahead => known.away + new + f64::from(turn.answer),
            Route::Remote(_) | Route::Local => 0.0,
        };
        known.last = Some(route);
        self.sessions.insert(session, known);
    }

    /// Returns what the front knows.
    fn view(&self, turn: &Turn, new: f64, now: Duration) -> (Vec<RouteView>, DeviceState) {
        let left = self.ratio.unwrap_or(1.0);
        let rates = Rates {
            prefill_tps: Some(self.speed.prefill * left),
            decode_tps: Some(self.speed.decode * left),
            decode_ratio: self.ratio,
        };
        let device = DeviceState { level: self.level, wait_share: None, rates };
        let age = Duration::from_secs_f64((turn.at - self.looked_at).max(0.0));
        let device = device.aged(age, self.ratio);
        let queued = (self.free_at - turn.at).max(0.0) * self.speed.prefill * left;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few tokens")]
        let (cached, queued) = (turn.prompt - (new as u32).min(turn.prompt), queued as u32);
        let probe = Probe {
            prompt_tokens: turn.prompt,
            cached_tokens: cached,
            queued_tokens: queued,
            exact: true,
        };
        let local = LocalFacts {
            probe: Some(probe),
            rates: device.rates,
            risk: self.local_risk.factor(),
            ..LocalFacts::default()
        };
        let forecast = self.ring.forecast(turn.prompt, now, Prior::FAR);
        let mut remote = super::remote_facts(forecast);
        remote.risk = self.risk.factor();
        remote.gate = self.breaker.gate(now);
        let routes =
            vec![RouteView::local("small", local), RouteView::remote("wan", "big", remote)];
        (routes, device)
    }

    fn carry_out(
        &mut self,
        route: &Route,
        (turn, new): (&Turn, f64),
        promised: Option<Duration>,
    ) -> Route {
        let mut spent = 0.0;
        if *route != Route::Local {
            for _try in 0..2 {
                self.breaker.try_out(Duration::from_secs_f64(turn.at + spent));
                let (ttft, at) = (self.remote_ttft(), Duration::from_secs_f64(turn.at + spent));
                if self.draw() >= self.wan.fails {
                    self.answered(ttft, turn, promised);
                    self.done(spent + ttft, BETWEEN, turn.answer);
                    return route.clone();
                }
                let jitter = self.draw();
                self.breaker.failed(at, jitter);
                spent += GIVEN_UP * self.draw();
            }
            if self.mode == Mode::RemoteOnly {
                self.seen.lost += 1;
                return route.clone();
            }
            self.seen.came_home += 1;
        }
        self.here((turn, new), spent, promised.filter(|_| *route == Route::Local));
        Route::Local
    }

    fn here(&mut self, (turn, new): (&Turn, f64), spent: f64, promised: Option<Duration>) {
        let begins = (turn.at + spent).max(self.free_at);
        let left = LEFT[self.crowd(begins)];
        let between = 1.0 / (self.speed.decode * left);
        let ttft = begins - turn.at + new / (self.speed.prefill * left) + between;
        self.free_at = turn.at + ttft + between * f64::from(turn.answer);
        if let Some(promised) = promised {
            self.local_risk.push(promised, Duration::from_secs_f64(ttft));
        }
        self.done(ttft, between, turn.answer);
    }

    fn remote_ttft(&mut self) -> f64 {
        // Box and Muller's normal from two draws.
        let (a, b) = (self.draw().max(1e-12), self.draw());
        let normal = (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos();
        let late = if self.draw() < self.wan.tail { 1.0 } else { 0.0 };
        2.0 * self.wan.round_trip + FIRST * (SPREAD * normal).exp() + late
    }

    fn answered(&mut self, ttft: f64, turn: &Turn, promised: Option<Duration>) {
        let (at, ttft) = (Duration::from_secs_f64(turn.at), Duration::from_secs_f64(ttft));
        let jitter = self.draw();
        self.breaker.answered(Some(ttft), at, jitter);
        let tbt = Some(Duration::from_secs_f64(BETWEEN));
        self.ring.push(Sample { at, prompt_tokens: turn.prompt, ttft, tbt });
        if let Some(promised) = promised {
            self.risk.push(promised, ttft);
        }
        self.seen.remote_tokens += u64::from(turn.prompt) + u64::from(turn.answer);
    }

    fn done(&mut self, ttft: f64, between: f64, answer: u32) {
        self.seen.ttfts.push(ttft);
        self.seen.totals.push(ttft + between * f64::from(answer));
        let policy = Policy::default();
        let met = ttft <= policy.ttft.as_secs_f64() && between <= policy.tbt.as_secs_f64();
        self.seen.in_time += usize::from(met);
    }

    fn row(&mut self, turns: usize) -> String {
        let Seen { ttfts, totals, .. } = &mut self.seen;
        let mean = totals.iter().sum::<f64>() / totals.len().max(1) as f64;
        let seen = (quantile(ttfts, 50), quantile(ttfts, 95), quantile(totals, 95));
        format!(
            "{:16} | {:23} | {:>5.0} % | {:13} | {:12.1} | {:4} | {:9}",
            format!("{:.2} / {:.2}", seen.0, seen.1),
            format!("{mean:.2} / {:.2}", seen.2),
            100.0 * self.seen.in_time as f64 / turns.max(1) as f64,
            self.seen.remote_tokens,
            100.0 * self.seen.switches as f64 / turns.max(1) as f64,
            self.seen.lost,
            self.seen.came_home,
        )
    }
}

fn quantile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() * percent / 100).copied().unwrap_or_default()
}
