//! Whether others want the processors: a cheap look, four times a second while something decodes.

use std::time::Duration;

use crate::device::files::Files;
use crate::device::schedule::Schedule;

/// Ticks of a processor in a second (kernel: `USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;

/// Ticks that tell what others did: fewer are a moment.
const TICKS_MIN: u64 = TICKS_PER_SECOND / 2;

/// How long the bustle of a question that arrives may last: its frame is drawn and it is saved.
const MOMENT: Duration = Duration::from_millis(4);

/// What others did to this process since the previous look. Unknown is `None`, never fine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Crowd {
    /// Share of the wanted processor time that this process's threads waited for one, 0 to 1.
    pub wait_share: Option<f64>,
    /// Processors of the machine that nobody used.
    pub idle_cores: Option<f64>,
}

/// Looks at this process's threads and at the machine.
#[derive(Clone, Debug)]
pub struct Contention {
    files: Files,
    schedule: Option<Schedule>,
    processors: Option<Processors>,
    /// Processors that others used between the two newest looks, if these were not too close.
    busy_cores: Option<f64>,
}

/// Ticks of all processors since the machine started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Processors {
    count: u64,
    idle: u64,
    total: u64,
}

impl Default for Contention {
    fn default() -> Self {
        Self { files: Files::system(), schedule: None, processors: None, busy_cores: None }
    }
}

impl Contention {
    /// Looks, and tells what has happened since the previous look; the first one tells nothing.
    pub fn look(&mut self) -> Crowd {
        let schedule = Schedule::read(&self.files);
        let processors = self.files.read("proc/stat").as_deref().and_then(parse);
        let spent = schedule.as_ref().zip(self.schedule.as_ref()).map(|(now, was)| now.since(was));
        let wait_share = spent.as_ref().and_then(|spent| {
            let (wait, run) = (spent.wait.as_secs_f64(), spent.run.as_secs_f64());
            (wait + run > 0.0).then(|| wait / (wait + run))
        });
        let idle_cores = processors.zip(self.processors).and_then(|(now, was)| idle(now, was));
        self.busy_cores =
            processors.zip(self.processors).zip(spent).and_then(|((now, was), own)| {
                let (busy, seconds) = busy(now, was)?;
                Some((busy - own.run.as_secs_f64() / seconds).max(0.0))
            });
        (self.schedule, self.processors) = (schedule, processors);
        Crowd { wait_share, idle_cores }
    }

    /// Reads how many others want a processor, for a program that was asleep until the newest look
    /// and cannot know: as many as are runnable at this moment, without this thread, but no more
    /// than used one while it slept, so that a moment's bustle counts for nothing: the front that
    /// has just sent a question is on its way to sleep. Where the looks tell nothing the last
    /// minute's load stands for that, in which this program's own work counts too. Whoever is seen
    /// is looked at twice.
    pub fn others(&self) -> Option<u32> {
        let seen = || waiting(&self.files.read("proc/loadavg")?, self.busy_cores);
        let first = seen()?;
        if first == 0 {
            return Some(0);
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "time is what is waited for: a moment's bustle"
        )]
        std::thread::sleep(MOMENT);
        Some(first.min(seen()?))
    }
}

/// Parses `/proc/loadavg`: three averages, then runnable and all tasks (kernel: proc.rst).
fn waiting(text: &str, busy_cores: Option<f64>) -> Option<u32> {
    let mut fields = text.split_ascii_whitespace();
    let average: f64 = fields.next()?.parse().ok()?;
    let runnable: u32 = fields.nth(2)?.split_once('/')?.0.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a load is small and positive, and the cast saturates"
    )]
    let before = busy_cores.unwrap_or(average).round() as u32;
    Some(runnable.saturating_sub(1).min(before))
}

fn idle(now: Processors, was: Processors) -> Option<f64> {
    let total = now.total.checked_sub(was.total).filter(|ticks| *ticks > 0)?;
    let idle = now.idle.checked_sub(was.idle)?;
    Some(idle as f64 / total as f64 * now.count as f64)
}

/// Returns how many processors were in use, and for how many seconds; `None` when too little time
/// passed to say so.
fn busy(now: Processors, was: Processors) -> Option<(f64, f64)> {
    let ticks = now.total.checked_sub(was.total)? / now.count;
    (ticks >= TICKS_MIN).then_some(())?;
    Some((now.count as f64 - idle(now, was)?, ticks as f64 / TICKS_PER_SECOND as f64))
}

/// Parses `/proc/stat`: its first line sums user, nice, system, idle, iowait, irq, softirq and
/// steal over all processors, each of which has a line of its own (kernel: proc.rst).
fn parse(text: &str) -> Option<Processors> {
    let mut lines = text.lines();
    let ticks = lines.next()?.strip_prefix("cpu ")?.split_ascii_whitespace().take(8);
    let ticks: Vec<u64> = ticks.map(str::parse).collect::<Result<_, _>>().ok()?;
    let count = lines.filter(|line| line.starts_with("cpu")).count();
    Some(Processors {
        count: u64::try_from(count).ok().filter(|count| *count > 0)?,
        idle: ticks.get(3)? + ticks.get(4)?,
        total: ticks.iter().sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::files;

    fn watching(files: Files) -> Contention {
        Contention { files, ..Contention::default() }
    }

    #[test]
    fn a_look_counts_from_the_previous_one() {
        let stat =
            |idle: u64| format!("cpu  100 0 100 {idle} 0 0 0 0 0 0\ncpu0 1\ncpu1 1\nintr 5\n");
        let task = "proc/self/task/7/schedstat";
        let (root, files) = files::tree(&[("proc/stat", &stat(1000)), (task, "100 10 1\n")]);
        let mut contention = watching(files);
        assert_eq!(contention.look(), Crowd::default());
        files::write(root.path(), "proc/stat", &stat(1000).replace("cpu  100", "cpu  150"));
        files::write(root.path(), task, "175 35 2\n");
        let crowd = contention.look();
        assert_eq!(crowd, Crowd { wait_share: Some(0.25), idle_cores: Some(0.0) });
        files::write(root.path(), "proc/stat", &stat(1050).replace("cpu  100", "cpu  200"));
        assert_eq!(contention.look().idle_cores, Some(1.0), "half of two processors");
        files::write(root.path(), "proc/loadavg", "9.00 1.00 0.50 3/200 999\n");
        assert_eq!(contention.others(), Some(1), "as many as used the other half");
        files::write(root.path(), "proc/stat", &stat(1100).replace("cpu  100", "cpu  250"));
        files::write(root.path(), task, "400000175 35 3\n");
        contention.look();
        assert_eq!(contention.others(), Some(0), "most of that was this program");
    }

    #[test]
    fn a_kernel_without_schedstat_leaves_waiting_unknown() {
        let stat = |idle: u64| format!("cpu  100 0 100 {idle} 0 0 0 0 0 0\ncpu0 1\ncpu1 1\n");
        let (root, files) = files::tree(&[("proc/stat", &stat(1000)), ("proc/self/task/7/x", "")]);
        let mut contention = watching(files);
        contention.look();
        files::write(root.path(), "proc/stat", &stat(1100));
        assert_eq!(contention.look(), Crowd { wait_share: None, idle_cores: Some(2.0) });
    }

    #[test]
    fn others_are_those_who_want_a_processor_now_and_did_so_before() {
        assert_eq!(waiting("2.10 1.00 0.50 3/200 999\n", None), Some(2));
        assert_eq!(waiting("0.10 1.00 0.50 3/200 999\n", None), Some(0), "a moment's bustle");
        assert_eq!(waiting("5.00 1.00 0.50 1/200 999\n", None), Some(0), "they are gone");
        assert_eq!(waiting("2.10 1.00 0.50 3/200 999\n", Some(0.3)), Some(0), "own load, before");
        assert_eq!(waiting("0.10 1.00 0.50 3/200 999\n", Some(1.2)), Some(1), "a new neighbour");
        assert_eq!(waiting("x", None), None);
    }

    #[test]
    fn nonsense_is_unknown() {
        assert_eq!(parse("cpu  1 2 x 4 5\ncpu0 1\n"), None);
        assert_eq!(parse("cpu  1 2 3 4 5 6 7 8\n"), None);
        assert_eq!(parse(""), None);
    }
}
