//! One sample of this machine and the level that a run of samples amounts to.

use std::time::Duration;

/// How warm the hottest part of the machine is, by its own trip points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Heat {
    /// Below every trip point.
    Cool,
    /// The machine slows itself down.
    Hot,
    /// About to switch itself off.
    Critical,
}

/// One reading of the device. A signal that could not be read is `None`: unknown, never fine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DeviceSample {
    /// Time that the engine's threads waited for a processor since the previous sample.
    pub run_wait: Option<Duration>,
    /// Time that the engine's threads ran since the previous sample.
    pub run_time: Option<Duration>,
    /// Share of the last 10 s in which some task waited for memory, 0 to 100.
    pub memory_some_percent: Option<f32>,
    /// Share of the last 10 s in which every task waited for memory, 0 to 100.
    pub memory_full_percent: Option<f32>,
    /// Share of the last 10 s in which some task waited for a processor, 0 to 100.
    pub cpu_some_percent: Option<f32>,
    /// Share of the last 10 s in which some task waited for a disk, 0 to 100.
    pub io_some_percent: Option<f32>,
    /// Memory that was read back from swap since the previous sample.
    pub swapped_in_bytes: Option<u64>,
    /// Memory that can be had without swapping.
    pub available_bytes: Option<u64>,
    /// Memory in the machine, or in the control group if that is less.
    pub total_bytes: Option<u64>,
    /// Memory that the control group allows; `None` where none is set.
    pub group_bytes: Option<u64>,
    /// Processors that this process may use: affinity and the control group's quota.
    pub cores: Option<f64>,
    /// Temperature of the hottest part, in degrees Celsius.
    pub celsius: Option<f32>,
    /// What that temperature means on this machine.
    pub heat: Option<Heat>,
    /// How often processors slowed down for their heat since the previous sample.
    pub throttled: Option<u64>,
    /// Whether the machine runs on battery.
    pub on_battery: Option<bool>,
    /// Whether the user asked the machine to save power.
    pub saves_power: Option<bool>,
}

impl DeviceSample {
    /// Returns the share of wanted processor time that was spent waiting, 0 to 1.
    ///
    /// This is rho = wait / (wait + run) over the engine's threads, from
    /// `/proc/self/task/*/schedstat`. `None` when it is unknown or the threads wanted nothing.
    pub fn wait_share(&self) -> Option<f64> {
        let (wait, run) = (self.run_wait?.as_secs_f64(), self.run_time?.as_secs_f64());
        (wait + run > 0.0).then(|| wait / (wait + run))
    }
}

/// How well the device keeps up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceLevel {
    /// Keeps up.
    #[default]
    Normal,
    /// Others want the processor or the memory: give way locally.
    Strained,
    /// Was overloaded and seems clear; not trusted yet.
    Recovering,
    /// Cannot keep up.
    Overloaded,
}

impl DeviceLevel {
    /// Returns the word shown to the user.
    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Strained => "strained",
            Self::Recovering => "recovering",
            Self::Overloaded => "overloaded",
        }
    }
}
