//! Puts one sample together.

use crate::chat::DeviceSample;
use crate::device::files::Files;
use crate::device::memory;
use crate::device::power;
use crate::device::schedule::Schedule;

/// Samples this machine and the threads of this process. One for each process that wants to know;
/// it is called once a second, or four times while something decodes.
#[derive(Clone, Debug)]
pub struct Sampler {
    files: Files,
    previous: Option<Schedule>,
}

impl Default for Sampler {
    fn default() -> Self {
        Self { files: Files::system(), previous: None }
    }
}

impl Sampler {
    /// Reads every signal once. What cannot be read is `None`; so are run and wait times the first
    /// time, because they count from the previous call.
    ///
    /// Reads a few small files of the kernel's, two for each thread; it does not block on disk.
    pub fn sample(&mut self) -> DeviceSample {
        let schedule = Schedule::read(&self.files);
        let spent = schedule.as_ref().zip(self.previous.as_ref()).map(|(now, was)| now.since(was));
        self.previous = schedule;
        let memory = memory::read(&self.files);
        let pressure = memory::pressure(&self.files);
        DeviceSample {
            run_wait: spent.map(|spent| spent.wait),
            run_time: spent.map(|spent| spent.run),
            memory_some_percent: pressure.some,
            memory_full_percent: pressure.full,
            available_bytes: memory.available_bytes,
            total_bytes: memory.total_bytes,
            on_battery: power::on_battery(&self.files),
            saves_power: power::saves(&self.files),
        }
    }
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
        let mut sampler = Sampler { files, previous: None };
        assert_eq!(sampler.sample(), DeviceSample::default(), "nothing else is there");
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
        let mut sampler = Sampler { files, previous: None };
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
