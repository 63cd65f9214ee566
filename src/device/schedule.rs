//! How long threads ran and how long they waited for a processor.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::device::files::Files;

/// Time since a thread began, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counters {
    run: u64,
    wait: u64,
}

/// The counters of every thread of this process, by thread id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Schedule {
    threads: BTreeMap<u64, Counters>,
}

/// What all threads together did between two readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    pub(super) run: Duration,
    pub(super) wait: Duration,
}

impl Schedule {
    /// Reads every thread; `None` when the kernel does not count or nothing can be read.
    pub(super) fn read(files: &Files) -> Option<Self> {
        let mut threads = BTreeMap::new();
        for name in files.names("proc/self/task")? {
            // A thread may end between the listing and the reading.
            let text = files.read(format!("proc/self/task/{name}/schedstat"));
            if let (Ok(id), Some(counters)) = (name.parse(), text.as_deref().and_then(parse)) {
                threads.insert(id, counters);
            }
        }
        // A kernel that does not count shows zeros for all of them.
        let counts = threads.values().any(|counters| *counters != Counters::default());
        counts.then_some(Self { threads })
    }

    /// Returns what was spent since `previous`. A thread that began since counts whole; what one
    /// that ended did is lost.
    pub(super) fn since(&self, previous: &Self) -> Spent {
        let mut total = Counters::default();
        for (id, now) in &self.threads {
            let before = previous.threads.get(id).copied().unwrap_or_default();
            // A counter that went back is a new thread under an old id.
            let began = now.run < before.run || now.wait < before.wait;
            let before = if began { Counters::default() } else { before };
            total.run += now.run - before.run;
            total.wait += now.wait - before.wait;
        }
        Spent { run: Duration::from_nanos(total.run), wait: Duration::from_nanos(total.wait) }
    }
}

/// Parses a `schedstat` file: time run, time waited, slices run (kernel: sched-stats.rst).
fn parse(text: &str) -> Option<Counters> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse);
    let (run, wait) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some(Counters { run, wait })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::files;

    fn schedule(threads: &[(u64, u64, u64)]) -> Schedule {
        let threads =
            threads.iter().map(|(id, run, wait)| (*id, Counters { run: *run, wait: *wait }));
        Schedule { threads: threads.collect() }
    }

    #[test]
    fn a_line_has_run_and_wait() {
        assert_eq!(parse("1500 700 3\n"), Some(Counters { run: 1500, wait: 700 }));
        for text in ["", "12", "x 1 2", "-1 2 3"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn threads_come_and_go() {
        let before = schedule(&[(1, 1000, 100), (2, 5000, 5000), (3, 900, 0)]);
        // 1 went on, 2 ended, 3 is a new thread under an old id, 4 is new.
        let after = schedule(&[(1, 1400, 150), (3, 30, 5), (4, 200, 20)]);
        let spent = after.since(&before);
        assert_eq!(spent.run, Duration::from_nanos(400 + 30 + 200));
        assert_eq!(spent.wait, Duration::from_nanos(50 + 5 + 20));
    }

    #[test]
    fn a_kernel_that_does_not_count_is_unknown() {
        let (_keep, zeros) = files::tree(&[("proc/self/task/7/schedstat", "0 0 0\n")]);
        assert_eq!(Schedule::read(&zeros), None);
        let (_keep, none) = files::tree(&[("proc/self/task/7/stat", "")]);
        assert_eq!(Schedule::read(&none), None);
    }
}
