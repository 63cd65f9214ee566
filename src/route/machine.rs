//! The device state machine: quick to see trouble, slow to trust again.
//!
//! ```text
//! normal -> strained -> overloaded -> recovering -> normal
//!    ^---------'            ^-------------'
//! ```
//!
//! Any level becomes overloaded at once when memory runs out or the machine is about to switch
//! itself off. A signal that cannot be read neither
//! trips nor clears anything: time in which nothing was known counts for nothing.

use std::time::Duration;

use crate::chat::DeviceLevel;
use crate::chat::DeviceSample;
use crate::route::signal::Grade;
use crate::route::signal::Signals;

/// Load must strain for this long: shorter bursts are a compiler starting or a page loading.
const STRAINED_FOR: Duration = Duration::from_secs(2);
/// Of severe load after strain was seen: 2 s in which giving way locally takes effect, then 3 s.
const SEVERE_FOR: Duration = Duration::from_secs(5);
/// Reading back from swap for this long is no program that wakes up.
const SWAPPING_FOR: Duration = Duration::from_secs(3);
/// Clear time that ends strain or overload; exits are slower than entries.
const CLEAR_FOR: Duration = Duration::from_secs(10);
/// Clear time that makes a recovering device normal; doubled by each relapse.
const TRUST_AFTER: Duration = Duration::from_secs(20);
/// The most that relapses make of it.
const TRUST_AFTER_MOST: Duration = Duration::from_mins(5);
/// An overload this soon after a recovery is a relapse.
const RELAPSE_WITHIN: Duration = Duration::from_mins(5);
/// Samples come once a second or more often; after a longer silence a streak has not lasted.
const GAP: Duration = Duration::from_secs(3);
/// An overload that nobody looked at for this long is not known any more; nor is it known to be
/// over: the next clear sample makes it a recovery, which has to be proven like any other.
const STALE_AFTER: Duration = Duration::from_mins(1);

/// How long something was the case, in observed time.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    on: bool,
    time: Duration,
}

impl Held {
    fn whole(time: Duration) -> Self {
        Self { on: true, time }
    }

    /// Notes that it is, or is not, or is not known, `elapsed` after the last sample.
    fn note(&mut self, state: Option<bool>, elapsed: Duration) {
        match state {
            Some(true) if self.on => self.time += elapsed,
            Some(true) => *self = Self::whole(Duration::ZERO),
            Some(false) => *self = Self::default(),
            None => {}
        }
    }
}

/// Which signals were beyond their threshold since the device was normal.
#[derive(Clone, Copy, Debug, Default)]
struct Tripped([bool; 7]);

impl Tripped {
    fn note(&mut self, signals: Signals) {
        for (tripped, grade) in self.0.iter_mut().zip(signals.all()) {
            *tripped |= grade >= Some(Grade::Strained);
        }
    }

    /// Whether a signal that tripped cannot be read now. Decode speed is known only while
    /// something decodes; where that may be `idle`, nobody is kept waiting by what is not known,
    /// and after an overload the proof before `Normal` asks for it.
    fn hidden(self, signals: Signals, idle: bool) -> bool {
        let mut known = signals.all();
        if idle {
            known[DECODE] = known[DECODE].or(Some(Grade::Clear));
        }
        self.0.iter().zip(known).any(|(tripped, grade)| *tripped && grade.is_none())
    }
}

/// Decode speed's place in [`Signals::all`].
const DECODE: usize = 1;

/// Makes a level of a run of samples. One for each engine.
#[derive(Clone, Debug)]
pub struct DeviceMachine {
    level: DeviceLevel,
    last: Option<Duration>,
    strained: Held,
    severe: Held,
    swapping: Held,
    clear: Held,
    tripped: Tripped,
    proof: Held,
    trust_after: Duration,
    recovered: Option<Duration>,
}

impl Default for DeviceMachine {
    fn default() -> Self {
        Self {
            level: DeviceLevel::Normal,
            last: None,
            strained: Held::default(),
            severe: Held::default(),
            swapping: Held::default(),
            clear: Held::default(),
            tripped: Tripped::default(),
            proof: Held::default(),
            trust_after: TRUST_AFTER,
            recovered: None,
        }
    }
}

impl DeviceMachine {
    /// Returns the level that the samples so far amount to.
    pub fn level(&self) -> DeviceLevel {
        self.level
    }

    /// Takes one sample at `now`, counted from any fixed moment, and returns the level.
    ///
    /// `decode_ratio` is the decode speed by the idle baseline of the same model, threads and
    /// depth; `None` while nothing decodes. Samples may come at any interval up to 3 s.
    pub fn observe(
        &mut self,
        sample: &DeviceSample,
        decode_ratio: Option<f64>,
        now: Duration,
    ) -> DeviceLevel {
        let since = self.last.replace(now).map(|last| now.saturating_sub(last));
        let elapsed = since.filter(|since| *since <= GAP);
        let signals = Signals::grade(sample, decode_ratio, elapsed);
        if elapsed.is_none() {
            self.strained = Held::default();
            self.severe = Held::default();
            self.swapping = Held::default();
        }
        if self.level == DeviceLevel::Overloaded
            && since.is_some_and(|since| since >= STALE_AFTER)
            && self.is_clear(signals) == Some(true)
        {
            self.enter(DeviceLevel::Recovering, signals, now);
        }
        self.note(signals, elapsed.unwrap_or_default());
        let next = self.next(signals);
        if next != self.level {
            self.enter(next, signals, now);
        }
        self.level
    }

    fn note(&mut self, signals: Signals, elapsed: Duration) {
        let at_least = |grade| signals.load().map(|load| load >= grade);
        self.strained.note(at_least(Grade::Strained), elapsed);
        self.severe.note(at_least(Grade::Severe), elapsed);
        let swaps = signals.swap.map(|swap| swap >= Grade::Severe);
        self.swapping.note(swaps, elapsed);
        if self.level == DeviceLevel::Normal {
            self.tripped = Tripped::default();
        }
        self.tripped.note(signals);
        self.clear.note(self.is_clear(signals), elapsed);
        self.prove(signals, elapsed);
    }

    /// Whether every signal is below the exit of this level; `None` where that is not known.
    fn is_clear(&self, signals: Signals) -> Option<bool> {
        let strained = self.level == DeviceLevel::Strained;
        let limit = if strained { Grade::Clear } else { Grade::Fair };
        if signals.all().into_iter().flatten().any(|grade| grade > limit) {
            return Some(false);
        }
        // A strained engine that never decodes would be strained for good: it prepares nothing.
        let idle = signals.idle || !strained;
        let known = signals.load().is_some() && !self.tripped.hidden(signals, idle);
        known.then_some(true)
    }

    /// Gathers proof that the device keeps up under load: decode speed, or where that is not
    /// measured, threads that ran and hardly waited for as long as strain takes to be believed.
    fn prove(&mut self, signals: Signals, elapsed: Duration) {
        match (signals.decode, signals.wait) {
            (Some(decode), _) => {
                let kept_up = decode <= Grade::Fair;
                self.proof = if kept_up { Held::whole(STRAINED_FOR) } else { Held::default() };
            }
            (None, Some(wait)) if !signals.idle && !self.tripped.0[DECODE] => {
                self.proof.note(Some(wait <= Grade::Fair), elapsed);
            }
            (None, _) => {}
        }
    }

    fn next(&self, signals: Signals) -> DeviceLevel {
        let at_once = signals.at_once();
        let swapping = self.swapping.on && self.swapping.time >= SWAPPING_FOR;
        let strained = at_once >= Some(Grade::Strained)
            || (self.strained.on && self.strained.time >= STRAINED_FOR);
        let clear_for = |time| self.clear.on && self.clear.time >= time;
        let proven = self.proof.time >= STRAINED_FOR;
        match self.level {
            _ if swapping || at_once == Some(Grade::Critical) => DeviceLevel::Overloaded,
            DeviceLevel::Normal if strained => DeviceLevel::Strained,
            DeviceLevel::Strained if self.severe.on && self.severe.time >= SEVERE_FOR => {
                DeviceLevel::Overloaded
            }
            DeviceLevel::Strained if clear_for(CLEAR_FOR) => DeviceLevel::Normal,
            DeviceLevel::Overloaded if clear_for(CLEAR_FOR) => DeviceLevel::Recovering,
            DeviceLevel::Recovering if strained => DeviceLevel::Overloaded,
            DeviceLevel::Recovering if proven && clear_for(self.trust_after) => DeviceLevel::Normal,
            level => level,
        }
    }

    fn enter(&mut self, level: DeviceLevel, signals: Signals, now: Duration) {
        if level == DeviceLevel::Overloaded {
            let soon = |at| now.saturating_sub(at) < RELAPSE_WITHIN;
            let relapse = self.level == DeviceLevel::Recovering || self.recovered.is_some_and(soon);
            let doubled = (self.trust_after * 2).min(TRUST_AFTER_MOST);
            self.trust_after = if relapse { doubled } else { TRUST_AFTER };
        }
        if level == DeviceLevel::Normal && self.level == DeviceLevel::Recovering {
            self.recovered = Some(now);
        }
        self.level = level;
        // What lasted counts for the level that it lasted in.
        self.strained = Held::default();
        self.severe = Held::default();
        self.clear = Held::default();
        self.note(signals, Duration::ZERO);
        // Proof is what comes after: one good sample ended the overload already.
        self.proof = Held::default();
    }
}

#[cfg(test)]
mod tests;
