//! Puts one sample together.

use crate::chat::DeviceSample;
use crate::device::cores;
use crate::device::files::Files;
use crate::device::heat;
use crate::device::memory;
use crate::device::power;
use crate::device::schedule::Schedule;

/// Samples this machine and the threads of this process. One for each process that wants to know;
/// it is called once a second, or four times while something decodes.
#[derive(Clone, Debug)]
pub struct Sampler {
    files: Files,
    previous: Option<Schedule>,
    swapped_in: Option<u64>,
    throttles: Option<u64>,
}

impl Default for Sampler {
    fn default() -> Self {
        Self::new(Files::system())
    }
}

impl Sampler {
    fn new(files: Files) -> Self {
        Self { files, previous: None, swapped_in: None, throttles: None }
    }

    /// Reads every signal once. What cannot be read is `None`; so is the first time what counts
    /// from the previous call: run and wait times, swap, throttling.
    ///
    /// Reads a few small files of the kernel's, two for each thread; it does not block on disk.
    pub fn sample(&mut self) -> DeviceSample {
        let schedule = Schedule::read(&self.files);
        let spent = schedule.as_ref().zip(self.previous.as_ref()).map(|(now, was)| now.since(was));
        self.previous = schedule;
        let memory = memory::read(&self.files);
        let [cpu, waiting, io] =
            ["cpu", "memory", "io"].map(|what| memory::pressure(&self.files, what));
        let warmth = heat::read(&self.files);
        let swapped_in = grown(&mut self.swapped_in, memory::swapped_in(&self.files));
        let throttled = grown(&mut self.throttles, heat::throttles(&self.files));
        DeviceSample {
            run_wait: spent.map(|spent| spent.wait),
            run_time: spent.map(|spent| spent.run),
            memory_some_percent: waiting.some,
            memory_full_percent: waiting.full,
            cpu_some_percent: cpu.some,
            io_some_percent: io.some,
            swapped_in_bytes: swapped_in,
            available_bytes: memory.available,
            total_bytes: memory.total,
            group_bytes: memory.group,
            cores: cores::allowed(&self.files),
            celsius: warmth.celsius,
            heat: warmth.heat,
            throttled,
            on_battery: power::on_battery(&self.files),
            saves_power: power::saves(&self.files),
        }
    }
}

/// Returns by how much a count has grown since the previous call; `None` where either is unknown.
fn grown(previous: &mut Option<u64>, now: Option<u64>) -> Option<u64> {
    let was = std::mem::replace(previous, now);
    now.zip(was).map(|(now, was)| now.saturating_sub(was))
}

/// Tells whether the user asked the machine to save power; `None` where that is not known.
pub fn saves_power() -> Option<bool> {
    power::saves(&Files::system())
}

/// Returns the memory that this process holds, its mapped model included, in bytes.
pub fn resident_bytes() -> Option<u64> {
    memory::resident(&Files::system())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::device::files;

    #[test]
    fn times_count_from_the_previous_sample() {
        let stat = "proc/self/task/7/schedstat";
        let (root, files) = files::tree(&[(stat, "1000 10 1\n")]);
        let mut sampler = Sampler::new(files);
        let first = DeviceSample { cores: None, ..sampler.sample() };
        assert_eq!(first, DeviceSample::default(), "nothing else is there");
        files::write(root.path(), stat, "1300 110 2\n");
        let sample = sampler.sample();
        assert_eq!(sample.run_time, Some(Duration::from_nanos(300)));
        assert_eq!(sample.run_wait, Some(Duration::from_nanos(100)));
        assert_eq!(sample.wait_share(), Some(0.25));
    }

    #[test]
    fn times_that_vanish_are_unknown_and_begin_anew() {
        let stat = "proc/self/task/7/schedstat";
        let (root, files) = files::tree(&[(stat, "1000 10 1\n")]);
        let mut sampler = Sampler::new(files);
        sampler.sample();
        files::write(root.path(), stat, "garbage\n");
        assert_eq!(sampler.sample().run_time, None);
        files::write(root.path(), stat, "1300 110 2\n");
        assert_eq!(sampler.sample().run_time, None);
        files::write(root.path(), stat, "1400 110 3\n");
        assert_eq!(sampler.sample().run_time, Some(Duration::from_nanos(100)));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_can_be_read() {
        let mut sampler = Sampler::default();
        sampler.sample();
        let sample = sampler.sample();
        assert!(sample.available_bytes.is_some_and(|bytes| bytes > 0));
        assert!(sample.total_bytes >= sample.available_bytes);
        assert!(resident_bytes().is_some_and(|bytes| bytes > 0));
    }
}
