//! Every signal in words: its name, its value, and where it was read.

use std::fmt;

use crate::chat::DeviceSample;
use crate::chat::Heat;
use crate::chat::Rates;

/// What a signal measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantity {
    /// A share, 0 to 1.
    Share(f64),
    /// Bytes.
    Bytes(u64),
    /// Tokens per second.
    PerSecond(f64),
    /// A number of processors.
    Cores(f64),
    /// Degrees Celsius.
    Celsius(f32),
    /// How often something happened.
    Times(u64),
    /// Whether something is the case.
    Flag(bool),
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share) => write!(f, "{:.0} %", share * 100.0),
            Self::Bytes(bytes) => write!(f, "{:.0} MB", *bytes as f64 / 1e6),
            Self::PerSecond(rate) => write!(f, "{rate:.1} tok/s"),
            Self::Cores(cores) if cores.fract() == 0.0 => write!(f, "{cores:.0}"),
            Self::Cores(cores) => write!(f, "{cores:.1}"),
            Self::Celsius(degrees) => write!(f, "{degrees:.0} °C"),
            Self::Times(times) => write!(f, "{times}"),
            Self::Flag(true) => f.write_str("yes"),
            Self::Flag(false) => f.write_str("no"),
        }
    }
}

/// One signal of the device.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Its name in machine-readable output.
    pub key: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// What was read; `None` is unknown, never fine.
    pub value: Option<Quantity>,
    /// Where it is read, or would be.
    pub source: &'static str,
}

/// Returns every signal of a sample, in the order of their weight.
pub fn readings(sample: &DeviceSample, rates: &Rates) -> Vec<Reading> {
    let [load, pressure] = [load(sample, rates), pressure(sample)];
    load.into_iter().chain(memory(sample)).chain(pressure).chain(surroundings(sample)).collect()
}

fn reading(
    (key, name): (&'static str, &'static str),
    value: Option<Quantity>,
    source: &'static str,
) -> Reading {
    Reading { key, name, value, source }
}

fn load(sample: &DeviceSample, rates: &Rates) -> Vec<Reading> {
    let wait = sample.wait_share().map(Quantity::Share);
    let rate = |rate: Option<f64>| rate.map(Quantity::PerSecond);
    vec![
        reading(("cpu_wait", "CPU wait, engine"), wait, "/proc/PID/task/*/schedstat"),
        reading(
            ("decode_ratio", "decode by idle baseline"),
            rates.decode_ratio.map(Quantity::Share),
            "engine",
        ),
        reading(("decode_tps", "decode"), rate(rates.decode_tps), "engine"),
        reading(("prefill_tps", "prefill"), rate(rates.prefill_tps), "engine"),
    ]
}

fn memory(sample: &DeviceSample) -> Vec<Reading> {
    let bytes = |bytes: Option<u64>| bytes.map(Quantity::Bytes);
    let grouped = sample.group_bytes.is_some();
    let from = if grouped { "/sys/fs/cgroup memory.max" } else { "/proc/meminfo" };
    vec![
        reading(("memory_available", "memory available"), bytes(sample.available_bytes), from),
        reading(("memory_total", "memory in all"), bytes(sample.total_bytes), from),
        reading(
            ("swapped_in", "read back from swap"),
            bytes(sample.swapped_in_bytes),
            "/proc/vmstat",
        ),
    ]
}

fn pressure(sample: &DeviceSample) -> Vec<Reading> {
    let share = |percent: Option<f32>| percent.map(|it| Quantity::Share(f64::from(it) / 100.0));
    let memory = "/proc/pressure/memory";
    vec![
        reading(
            ("psi_cpu", "pressure: processors"),
            share(sample.cpu_some_percent),
            "/proc/pressure/cpu",
        ),
        reading(
            ("psi_memory", "pressure: memory, some"),
            share(sample.memory_some_percent),
            memory,
        ),
        reading(
            ("psi_memory_full", "pressure: memory, all"),
            share(sample.memory_full_percent),
            memory,
        ),
        reading(("psi_io", "pressure: disks"), share(sample.io_some_percent), "/proc/pressure/io"),
    ]
}

fn surroundings(sample: &DeviceSample) -> Vec<Reading> {
    let flag = |flag: Option<bool>| flag.map(Quantity::Flag);
    let thermal = "/sys/class/thermal";
    let hot = sample.heat.map(|heat| heat > Heat::Cool);
    let throttle = "cpu*/thermal_throttle";
    let profile = "acpi/platform_profile";
    vec![
        reading(
            ("cores", "processors allowed"),
            sample.cores.map(Quantity::Cores),
            "affinity, cpu.max",
        ),
        reading(("temperature", "hottest part"), sample.celsius.map(Quantity::Celsius), thermal),
        reading(("hot", "too hot"), flag(hot), thermal),
        reading(("throttled", "slowed by heat"), sample.throttled.map(Quantity::Times), throttle),
        reading(("battery", "on battery"), flag(sample.on_battery), "/sys/class/power_supply"),
        reading(("saves_power", "saves power"), flag(sample.saves_power), profile),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;

    #[test]
    fn nothing_that_was_not_read_has_a_value() {
        let readings = readings(&DeviceSample::default(), &Rates::default());
        assert!(readings.iter().all(|reading| reading.value.is_none()));
        assert!(readings.iter().all(|reading| !reading.source.is_empty()));
        let keys: BTreeSet<&str> = readings.iter().map(|reading| reading.key).collect();
        assert_eq!(keys.len(), readings.len(), "a key names one signal");
    }

    #[test]
    fn values_have_their_units() {
        let sample = DeviceSample {
            run_wait: Some(Duration::from_millis(41)),
            run_time: Some(Duration::from_millis(59)),
            available_bytes: Some(1_500_000_000),
            cpu_some_percent: Some(12.4),
            celsius: Some(61.5),
            on_battery: Some(false),
            cores: Some(1.5),
            ..DeviceSample::default()
        };
        let rates = Rates { decode_tps: Some(96.25), ..Rates::default() };
        let words = |key: &str| {
            let readings = readings(&sample, &rates);
            let reading = readings.into_iter().find(|reading| reading.key == key);
            reading.and_then(|reading| reading.value).map(|value| value.to_string())
        };
        for (key, wanted) in [
            ("cpu_wait", "41 %"),
            ("decode_tps", "96.2 tok/s"),
            ("memory_available", "1500 MB"),
            ("psi_cpu", "12 %"),
            ("temperature", "62 °C"),
            ("battery", "no"),
            ("cores", "1.5"),
        ] {
            assert_eq!(words(key).as_deref(), Some(wanted), "{key}");
        }
    }

    #[test]
    fn a_limit_of_the_group_is_named_as_the_source() {
        let source = |sample: &DeviceSample| memory(sample)[0].source;
        assert_eq!(source(&DeviceSample::default()), "/proc/meminfo");
        let grouped = DeviceSample { group_bytes: Some(1), ..DeviceSample::default() };
        assert!(source(&grouped).contains("cgroup"));
    }
}
