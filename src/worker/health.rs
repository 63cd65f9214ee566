//! When the engine looks at itself and at the device, and what it sees.

use std::time::Duration;
use std::time::Instant;

use super::clock;
use super::core::Core;
use super::core::Outlet;
use super::turn::count;
use crate::chat::DeviceLevel;
use crate::chat::Health;
use crate::device;
use crate::device::Sampler;
use crate::route;
use crate::route::DeviceMachine;

/// Between two looks while turns run: a reader sees no more, and /proc costs little at this rate.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long to go on after the last turn, so that a front sees the device recover.
const AFTERWARDS: Duration = Duration::from_secs(10);

/// The same while the device is not normal: its way back takes longer, and turns that went
/// elsewhere meanwhile are to come home.
const AFTER_TROUBLE: Duration = Duration::from_mins(2);

/// Samples during turns and shortly after; an idle engine does not wake up.
#[derive(Debug)]
pub(super) struct HealthWatch {
    born: Instant,
    sampler: Sampler,
    machine: DeviceMachine,
    last: Option<Instant>,
    active_until: Option<Instant>,
}

impl HealthWatch {
    /// Makes a watch that has not looked yet.
    pub(super) fn new() -> Self {
        Self {
            born: clock::now(),
            sampler: Sampler::default(),
            machine: DeviceMachine::default(),
            last: None,
            active_until: None,
        }
    }

    /// Returns when to look next; `None` while there is nothing to see.
    pub(super) fn next(&self) -> Option<Instant> {
        let until = self.active_until?;
        let next = self.last.map_or(until, |last| last + INTERVAL);
        (next <= until).then_some(next)
    }

    /// Looks if it is time to, and returns what there is to publish.
    pub(super) fn look<O: Outlet>(&mut self, core: &mut Core<O>, clients: usize) -> Option<Health> {
        let now = clock::now();
        let (running, queued) = core.turns();
        if running + queued > 0 {
            let normal = self.machine.level() == DeviceLevel::Normal;
            self.active_until = Some(now + if normal { AFTERWARDS } else { AFTER_TROUBLE });
        }
        let due = self.last.is_none_or(|last| now.saturating_duration_since(last) >= INTERVAL);
        if !due || self.active_until.is_none_or(|until| now > until) {
            return None;
        }
        self.last = Some(now);
        Some(self.now(core, clients))
    }

    /// Returns whether there is anything to spare for work that may be in vain.
    pub(super) fn allows_ahead(&self) -> bool {
        let saving = device::saves_power() == Some(true);
        !saving && self.machine.level() == DeviceLevel::Normal
    }

    /// Returns whether an engine that nobody uses had better leave.
    pub(super) fn in_the_way(&mut self) -> bool {
        route::idle_engine_is_in_the_way(&self.sampler.sample())
    }

    /// Looks now.
    pub(super) fn now<O: Outlet>(&mut self, core: &mut Core<O>, clients: usize) -> Health {
        let at = clock::now().saturating_duration_since(self.born);
        let sample = self.sampler.sample();
        let rates = core.rates(sample.wait_share());
        let level = self.machine.observe(&sample, rates.decode_ratio, at);
        core.set_strained(level >= DeviceLevel::Strained);
        let (running, queued) = core.turns();
        let params = core.params();
        Health {
            pid: std::process::id(),
            resident_bytes: device::resident_bytes().unwrap_or(0),
            threads: params.threads,
            running: count(running),
            queued: count(queued),
            pool_used: count(core.used_tokens()),
            pool_tokens: params.pool_tokens,
            clients: count(clients),
            rates,
            level,
            sample,
        }
    }
}
