//! Memory: how much there is, how much is left, how much is waited for it.

use crate::device::cgroup;
use crate::device::files::Files;

/// What `/proc/meminfo` and the control groups say together, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) available: Option<u64>,
    pub(super) total: Option<u64>,
    /// What the control groups allow, where they limit it.
    pub(super) group: Option<u64>,
}

/// Percent of the last 10 s in which some task, or every task, waited.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pressure {
    pub(super) some: Option<f32>,
    pub(super) full: Option<f32>,
}

/// Reads what is left for this process.
pub(super) fn read(files: &Files) -> Memory {
    let info = files.read("proc/meminfo").unwrap_or_default();
    let (available, total) = (kib(&info, "MemAvailable"), kib(&info, "MemTotal"));
    match cgroup::memory(files) {
        None => Memory { available, total, group: None },
        Some(limit) => Memory {
            available: available.zip(limit.available_bytes).map(|(a, b)| a.min(b)),
            total: total.map(|total| total.min(limit.max_bytes)),
            group: Some(limit.max_bytes),
        },
    }
}

/// Reads the pressure that `cpu`, `memory` or `io` is under.
pub(super) fn pressure(files: &Files, what: &str) -> Pressure {
    let text = files.read(format!("proc/pressure/{what}")).unwrap_or_default();
    Pressure { some: average(&text, "some "), full: average(&text, "full ") }
}

/// Reads how much was read back from swap since the machine started (kernel: vmstat).
pub(super) fn swapped_in(files: &Files) -> Option<u64> {
    let text = files.read("proc/vmstat")?;
    let pages = text.lines().find_map(|line| line.strip_prefix("pswpin "))?;
    let page = u64::try_from(rustix::param::page_size()).ok()?;
    pages.trim().parse::<u64>().ok()?.checked_mul(page)
}

/// Reads the memory that this process holds, its mapped model included.
pub(super) fn resident(files: &Files) -> Option<u64> {
    kib(&files.read("proc/self/status")?, "VmRSS")
}

/// Finds a line like `VmRSS:   1234 kB`, in bytes.
fn kib(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Finds `avg10` in the line that begins with `kind` (kernel: psi.rst).
fn average(text: &str, kind: &str) -> Option<f32> {
    let line = text.lines().find_map(|line| line.strip_prefix(kind))?;
    line.split(' ').find_map(|word| word.strip_prefix("avg10="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::files;

    const INFO: &str = "MemTotal:        2000 kB\nMemFree:  1 kB\nMemAvailable:    1500 kB\n";
    const PSI: &str = "some avg10=1.50 avg60=0.00 avg300=0.00 total=0\n\
                       full avg10=0.25 avg60=0.00 avg300=0.00 total=0\n";

    #[test]
    fn meminfo_is_in_bytes() {
        let (_keep, files) = files::tree(&[("proc/meminfo", INFO), ("proc/pressure/memory", PSI)]);
        let memory = read(&files);
        assert_eq!(memory.available, Some(1500 * 1024));
        assert_eq!(memory.total, Some(2000 * 1024));
        assert_eq!(pressure(&files, "memory"), Pressure { some: Some(1.5), full: Some(0.25) });
    }

    #[test]
    fn a_group_takes_its_share() {
        let (_keep, files) = files::tree(&[
            ("proc/meminfo", INFO),
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "1024000\n"),
            ("sys/fs/cgroup/memory.current", "1000000\n"),
        ]);
        let memory = read(&files);
        let limited =
            Memory { available: Some(24_000), total: Some(1_024_000), group: Some(1_024_000) };
        assert_eq!(memory, limited);
    }

    #[test]
    fn what_is_not_there_is_unknown() {
        let (_keep, files) = files::tree(&[
            ("proc/meminfo", "MemTotal: lots\nMemAvailable 5 kB\n"),
            ("proc/pressure/memory", "some avg60=0.00\n"),
        ]);
        assert_eq!(read(&files), Memory::default());
        assert_eq!(pressure(&files, "memory"), Pressure::default());
        assert_eq!(swapped_in(&files), None);
        assert_eq!(resident(&files), None);
    }

    #[test]
    fn swap_is_counted_in_pages() {
        let (_keep, files) = files::tree(&[("proc/vmstat", "pswpout 9\npswpin 2\n")]);
        assert_eq!(swapped_in(&files), Some(2 * rustix::param::page_size() as u64));
    }

    #[test]
    fn resident_memory_is_a_line_of_status() {
        let (_keep, files) = files::tree(&[("proc/self/status", "Name:\tx\nVmRSS:\t    12 kB\n")]);
        assert_eq!(resident(&files), Some(12 * 1024));
    }
}
