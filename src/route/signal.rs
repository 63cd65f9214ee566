//! Signals of the device, graded: one scale for all of them, unknown where one cannot be read.

use std::time::Duration;

use crate::chat::DeviceSample;
use crate::chat::Heat;
use crate::chat::Rates;

/// Waiting share of the engine's threads: strained, severe; and where each is over.
/// With two threads on two cores, 15 % already costs a third of decode (measured: 104 tok/s idle,
/// 34 tok/s at a PSI of 49 %). The exits are a third of the entries, so that noise cannot flap.
const WAIT_STRAINED: f64 = 0.15;
const WAIT_SEVERE: f64 = 0.35;
const WAIT_FAIR: f64 = 0.10;
const WAIT_CLEAR: f64 = 0.05;

/// Less wanted processor time than this between two samples is no turn's: it is the sampler, which
/// waits for a processor beside others as everybody does, and a draft that is looked at while it is
/// typed. Its share of waiting is noise, and the engine idle.
const IDLE_BELOW: Duration = Duration::from_millis(50);

/// Decode speed by the idle baseline of the same model, threads and depth.
const DECODE_STRAINED: f64 = 0.7;
const DECODE_SEVERE: f64 = 0.35;
/// Enough to be trusted again.
const DECODE_FAIR: f64 = 0.7;
/// A third of the loss that strains.
const DECODE_CLEAR: f64 = 0.9;

/// Percent of the last 10 s in which some task waited for memory; averaged already, so at once.
const MEMORY_SOME_STRAINED: f32 = 10.0;
const MEMORY_SOME_CLEAR: f32 = 3.0;
/// The same for every task: the machine thrashes.
const MEMORY_FULL_CRITICAL: f32 = 5.0;
const MEMORY_FULL_CLEAR: f32 = 1.5;

/// Bytes per second that are read back from swap: what is needed is not there. Critical when it
/// lasts; a program that wakes up reads its pages once.
const SWAP_SEVERE: f64 = 1024.0 * 1024.0;
const SWAP_CLEAR: f64 = SWAP_SEVERE / 3.0;

/// Under this much available memory the system begins to reclaim the model's own pages; at most a
/// quarter of a small machine, else that one would never be normal.
const AVAILABLE_CRITICAL_BYTES: u64 = 512 * 1024 * 1024;
const AVAILABLE_CRITICAL_SHARE: u64 = 20;
const AVAILABLE_SMALL_SHARE: u64 = 4;

/// How bad a signal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    /// Below the exit from strain.
    Clear,
    /// Below the exit from overload.
    Fair,
    /// Between exit and entry: whatever was, stays.
    Middling,
    /// Strains.
    Strained,
    /// Overloads when it lasts.
    Severe,
    /// Overloads at once.
    Critical,
}

/// What a signal means for turns here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// The device gives way: fewer threads, scripts wait.
    Strains,
    /// If it lasts, turns had better run elsewhere.
    Overloads,
}

impl Concern {
    /// Returns the word shown to the user.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strains => "strains",
            Self::Overloads => "overloads",
        }
    }
}

/// The signals of [`Signals::all`] as [`device`](crate::device) names them.
const KEYS: [&str; 7] = [
    "cpu_wait",
    "decode_ratio",
    "psi_memory",
    "psi_memory_full",
    "memory_available",
    "swapped_in",
    "hot",
];

/// Returns the signals of one sample that are beyond their thresholds, by their keys. A rate that
/// needs two samples is not among them.
pub fn concerns(sample: &DeviceSample, rates: &Rates) -> Vec<(&'static str, Concern)> {
    let signals = Signals::grade(sample, rates.decode_ratio, None);
    let graded = KEYS.into_iter().zip(signals.all());
    let worrying = graded.filter_map(|(key, grade)| match grade? {
        Grade::Strained => Some((key, Concern::Strains)),
        Grade::Severe | Grade::Critical => Some((key, Concern::Overloads)),
        Grade::Clear | Grade::Fair | Grade::Middling => None,
    });
    worrying.collect()
}

/// One reading of every signal; `None` is unknown, which is never fine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Signals {
    pub(super) wait: Option<Grade>,
    /// Whether the engine's threads wanted nothing: no wait, and no proof either.
    pub(super) idle: bool,
    pub(super) decode: Option<Grade>,
    pub(super) memory_some: Option<Grade>,
    pub(super) memory_full: Option<Grade>,
    pub(super) available: Option<Grade>,
    /// At most severe: it counts when it lasts.
    pub(super) swap: Option<Grade>,
    /// Critical or clear: what a slower clock costs shows in the decode speed.
    pub(super) heat: Option<Grade>,
}

impl Signals {
    /// Grades a sample, the decode speed by its idle baseline (1 is undisturbed), and what has
    /// happened in the time since the previous sample, where that is known.
    pub(super) fn grade(
        sample: &DeviceSample,
        decode_ratio: Option<f64>,
        elapsed: Option<Duration>,
    ) -> Self {
        let wanted = sample.run_wait.zip(sample.run_time).map(|(wait, run)| wait + run);
        let idle = wanted.is_some_and(|wanted| wanted < IDLE_BELOW);
        let wait = if idle { Some(Grade::Clear) } else { sample.wait_share().map(wait_grade) };
        Self {
            wait,
            idle,
            decode: decode_ratio.filter(|ratio| ratio.is_finite()).map(decode_grade),
            memory_some: sample.memory_some_percent.map(memory_some_grade),
            memory_full: sample.memory_full_percent.map(memory_full_grade),
            available: sample.available_bytes.map(|bytes| {
                let total = sample.total_bytes.unwrap_or(u64::MAX);
                available_grade(bytes, total)
            }),
            swap: swap_grade(sample.swapped_in_bytes, elapsed),
            heat: sample.heat.map(|heat| match heat {
                Heat::Cool | Heat::Hot => Grade::Clear,
                Heat::Critical => Grade::Critical,
            }),
        }
    }

    /// The worst of the signals that count at once.
    pub(super) fn at_once(self) -> Option<Grade> {
        self.memory_some.max(self.memory_full).max(self.available).max(self.heat)
    }

    /// The worst of the signals of load; `None` when neither is known.
    pub(super) fn load(self) -> Option<Grade> {
        self.wait.max(self.decode)
    }

    /// Every signal.
    pub(super) fn all(self) -> [Option<Grade>; 7] {
        let [wait, decode] = [self.wait, self.decode];
        [wait, decode, self.memory_some, self.memory_full, self.available, self.swap, self.heat]
    }
}

fn wait_grade(share: f64) -> Grade {
    match share {
        share if share >= WAIT_SEVERE => Grade::Severe,
        share if share >= WAIT_STRAINED => Grade::Strained,
        share if share > WAIT_FAIR => Grade::Middling,
        share if share > WAIT_CLEAR => Grade::Fair,
        _ => Grade::Clear,
    }
}

fn decode_grade(ratio: f64) -> Grade {
    match ratio {
        ratio if ratio <= DECODE_SEVERE => Grade::Severe,
        ratio if ratio <= DECODE_STRAINED => Grade::Strained,
        ratio if ratio < DECODE_FAIR => Grade::Middling,
        ratio if ratio < DECODE_CLEAR => Grade::Fair,
        _ => Grade::Clear,
    }
}

fn memory_some_grade(percent: f32) -> Grade {
    match percent {
        percent if percent >= MEMORY_SOME_STRAINED => Grade::Strained,
        percent if percent > MEMORY_SOME_CLEAR => Grade::Middling,
        _ => Grade::Clear,
    }
}

fn memory_full_grade(percent: f32) -> Grade {
    match percent {
        percent if percent >= MEMORY_FULL_CRITICAL => Grade::Critical,
        percent if percent > MEMORY_FULL_CLEAR => Grade::Middling,
        _ => Grade::Clear,
    }
}

fn swap_grade(bytes: Option<u64>, elapsed: Option<Duration>) -> Option<Grade> {
    let seconds = elapsed.filter(|elapsed| !elapsed.is_zero())?.as_secs_f64();
    Some(match bytes? as f64 / seconds {
        rate if rate >= SWAP_SEVERE => Grade::Severe,
        rate if rate > SWAP_CLEAR => Grade::Middling,
        _ => Grade::Clear,
    })
}

/// The exit is half as much again, not three times: memory does not jitter like load does.
fn available_grade(bytes: u64, total: u64) -> Grade {
    let small = AVAILABLE_CRITICAL_BYTES.min(total / AVAILABLE_SMALL_SHARE);
    let critical =
        if total == u64::MAX { small } else { small.max(total / AVAILABLE_CRITICAL_SHARE) };
    match bytes {
        bytes if bytes < critical => Grade::Critical,
        bytes if bytes < critical + critical / 2 => Grade::Middling,
        _ => Grade::Clear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn what_cannot_be_read_has_no_grade() {
        let signals = Signals::grade(&DeviceSample::default(), None, None);
        assert_eq!(signals, Signals::default());
        assert_eq!(Signals::grade(&DeviceSample::default(), Some(f64::NAN), None).decode, None);
    }

    #[test]
    fn idle_threads_are_no_noise() {
        let graded = |wait, run| {
            let sample = DeviceSample {
                run_wait: Some(Duration::from_millis(wait)),
                run_time: Some(Duration::from_millis(run)),
                ..DeviceSample::default()
            };
            let signals = Signals::grade(&sample, None, None);
            (signals.idle, signals.wait)
        };
        assert_eq!(graded(0, 0), (true, Some(Grade::Clear)));
        assert_eq!(graded(30, 2), (true, Some(Grade::Clear)), "a look beside busy neighbours");
        assert_eq!(graded(30, 40), (false, Some(Grade::Severe)));
    }

    #[test]
    fn grades_meet_their_thresholds() {
        let waits = [(0.0, Grade::Clear), (0.05, Grade::Clear), (0.10, Grade::Fair)];
        let waits = waits.into_iter().chain([(0.15, Grade::Strained), (0.35, Grade::Severe)]);
        for (share, grade) in waits {
            assert_eq!(wait_grade(share), grade, "{share}");
        }
        for (ratio, grade) in [(1.0, Grade::Clear), (0.8, Grade::Fair), (0.7, Grade::Strained)] {
            assert_eq!(decode_grade(ratio), grade, "{ratio}");
        }
        assert_eq!(decode_grade(0.35), Grade::Severe);
        assert_eq!(memory_some_grade(10.0), Grade::Strained);
        assert_eq!(memory_full_grade(5.0), Grade::Critical);
    }

    #[test]
    fn concerns_are_named_and_the_rest_is_silent() {
        let sample = DeviceSample {
            run_wait: Some(Duration::from_millis(200)),
            run_time: Some(Duration::from_millis(800)),
            available_bytes: Some(100 * MIB),
            total_bytes: Some(8192 * MIB),
            ..DeviceSample::default()
        };
        let wanted = [("cpu_wait", Concern::Strains), ("memory_available", Concern::Overloads)];
        assert_eq!(concerns(&sample, &Rates::default()), wanted);
        assert!(concerns(&DeviceSample::default(), &Rates::default()).is_empty());
    }

    #[test]
    fn swap_is_a_rate_and_unknown_without_a_time() {
        let second = Some(Duration::from_secs(1));
        assert_eq!(swap_grade(Some(4 * MIB), None), None);
        assert_eq!(swap_grade(None, second), None);
        assert_eq!(swap_grade(Some(4 * MIB), second), Some(Grade::Severe));
        assert_eq!(swap_grade(Some(MIB), Some(Duration::from_secs(2))), Some(Grade::Middling));
        assert_eq!(swap_grade(Some(0), second), Some(Grade::Clear));
    }

    #[test]
    fn memory_is_critical_by_size_and_by_share() {
        let table = [
            (511, 8192, Grade::Critical),
            (600, 8192, Grade::Middling),
            (800, 8192, Grade::Clear),
            (1000, 65_536, Grade::Critical), // under 5 %
            (200, 512, Grade::Clear),        // a small machine
            (100, 512, Grade::Critical),
        ];
        for (available, total, grade) in table {
            assert_eq!(available_grade(available * MIB, total * MIB), grade, "{available}/{total}");
        }
        assert_eq!(available_grade(511 * MIB, u64::MAX), Grade::Critical);
        assert_eq!(available_grade(800 * MIB, u64::MAX), Grade::Clear);
    }
}
