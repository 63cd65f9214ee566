//! Every signal of the device, where it is read, and the state that they amount to.

use std::thread;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::Check;
use super::Ground;
use super::Verdict;
use crate::chat::DeviceLevel;
use crate::chat::DeviceSample;
use crate::chat::Rates;
use crate::cli::engines;
use crate::config::Paths;
use crate::device;
use crate::device::Quantity;
use crate::device::Reading;
use crate::device::Sampler;
use crate::engine;
use crate::engine::SeenState;
use crate::ipc::Status;
use crate::route;
use crate::route::Concern;

/// Between two looks at what is counted: swap and throttling need a difference.
const BETWEEN: Duration = Duration::from_millis(200);

/// Checks the device: by the engine that runs, or by what can be seen without one.
pub(super) fn checks(ground: Ground<'_>) -> Vec<Check> {
    let engine = newest(ground);
    let (sample, rates) = match &engine {
        Some(status) => (status.health.sample, status.health.rates),
        None => (look(), Rates::default()),
    };
    let concerns = route::concerns(&sample, &rates);
    let signals = device::readings(&sample, &rates).into_iter().map(|reading| {
        let concern = concerns.iter().find(|(key, _)| *key == reading.key);
        signal(&reading, concern.map(|(_, concern)| *concern), engine.is_some())
    });
    std::iter::once(state(engine.as_ref())).chain(signals).collect()
}

/// Returns the figures of the engine that works, else of any.
fn newest(ground: Ground<'_>) -> Option<Status> {
    let paths = Paths::resolve(ground.env).ok()?;
    let seen = engine::look(&paths.runtime_dirs(), engines::PATIENCE).ok()?;
    let ready = seen.into_iter().filter_map(|seen| match seen.state {
        SeenState::Ready(status) => Some(*status),
        SeenState::Loading(_) | SeenState::Failed(_) | SeenState::Silent => None,
    });
    ready.max_by_key(|status| (status.health.running, status.health.clients))
}

/// Looks without an engine: this process wants no processor, so its waiting says nothing.
fn look() -> DeviceSample {
    let mut sampler = Sampler::default();
    sampler.sample();
    #[expect(clippy::disallowed_methods, reason = "a command that measures a difference")]
    thread::sleep(BETWEEN);
    DeviceSample { run_wait: None, run_time: None, ..sampler.sample() }
}

fn state(engine: Option<&Status>) -> Check {
    let check = |verdict, found: &str, value, hint: Option<&str>| Check {
        key: "state".into(),
        name: "state".into(),
        verdict,
        found: found.to_owned(),
        value,
        source: Some("engine".into()),
        hint: hint.map(str::to_owned),
    };
    let Some(status) = engine else {
        let hint = "the engine watches the device while it works; ask something";
        return check(Verdict::Unknown, "no engine runs", Value::Null, Some(hint));
    };
    let level = status.health.level;
    let (verdict, hint) = match level {
        DeviceLevel::Normal => (Verdict::Ok, None),
        DeviceLevel::Strained => {
            (Verdict::Warning, Some("others want this machine; scripts wait for whoever looks on"))
        }
        DeviceLevel::Recovering => {
            (Verdict::Warning, Some("it was overloaded; answers without trouble make it normal"))
        }
        DeviceLevel::Overloaded => (
            Verdict::Warning,
            Some("a profile with an endpoint and mode = \"auto\" answers elsewhere"),
        ),
    };
    let found = format!("{}, {} threads", level.name(), status.health.threads);
    check(verdict, &found, json!(level.name()), hint)
}

fn signal(reading: &Reading, concern: Option<Concern>, engine: bool) -> Check {
    let verdict = match (reading.value, concern) {
        (None, _) => Verdict::Unknown,
        (Some(_), None) => Verdict::Ok,
        (Some(_), Some(_)) => Verdict::Warning,
    };
    let hint = match verdict {
        Verdict::Ok => None,
        Verdict::Unknown => unknown(reading, engine),
        Verdict::Warning | Verdict::Failure => remedy(reading.key),
    };
    let found = reading.value.map_or_else(|| "cannot be told".to_owned(), |it| it.to_string());
    Check {
        key: reading.key.into(),
        name: reading.name.into(),
        verdict,
        found,
        value: reading.value.map_or(Value::Null, plain),
        source: Some(reading.source.into()),
        hint: hint.map(str::to_owned),
    }
}

/// Returns why a signal is not known, where that can be helped.
fn unknown(reading: &Reading, engine: bool) -> Option<&'static str> {
    match reading.key {
        "cpu_wait" | "decode_ratio" | "decode_tps" | "prefill_tps" if !engine => {
            Some("it is measured while the engine answers")
        }
        "cpu_wait" => Some("it is measured while the engine answers, where the kernel counts it"),
        "decode_ratio" => Some("it is known while an answer runs and once a quiet one has run"),
        "psi_cpu" | "psi_memory" | "psi_memory_full" | "psi_io" => {
            Some("the kernel tells it with psi=1 on its command line")
        }
        _ => None,
    }
}

fn remedy(key: &str) -> Option<&'static str> {
    match key {
        "cpu_wait" | "decode_ratio" => {
            Some("other programs want the processors; fewer threads decode meanwhile")
        }
        "memory_available" | "psi_memory" | "psi_memory_full" => {
            Some("close what is not needed, or use a smaller model or pool_tokens")
        }
        "hot" => Some("let the machine cool down"),
        _ => None,
    }
}

fn plain(quantity: Quantity) -> Value {
    match quantity {
        Quantity::Share(number) | Quantity::PerSecond(number) | Quantity::Cores(number) => {
            json!(number)
        }
        Quantity::Celsius(number) => json!(number),
        Quantity::Bytes(number) | Quantity::Times(number) => json!(number),
        Quantity::Flag(flag) => json!(flag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_never_ok() {
        for reading in device::readings(&DeviceSample::default(), &Rates::default()) {
            for engine in [true, false] {
                let check = signal(&reading, None, engine);
                assert_eq!((check.verdict, check.value), (Verdict::Unknown, Value::Null));
            }
        }
        assert_eq!(state(None).verdict, Verdict::Unknown);
    }

    #[test]
    fn a_concern_is_a_warning_with_a_hint() {
        let sample = DeviceSample {
            available_bytes: Some(1),
            total_bytes: Some(8 << 30),
            ..DeviceSample::default()
        };
        let readings = device::readings(&sample, &Rates::default());
        let memory = readings.iter().find(|it| it.key == "memory_available").expect("a signal");
        let check = signal(memory, Some(Concern::Overloads), false);
        assert_eq!((check.verdict, check.value), (Verdict::Warning, json!(1)));
        assert!(check.hint.is_some());
        assert_eq!(signal(memory, None, false).verdict, Verdict::Ok);
    }
}
