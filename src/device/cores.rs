//! How many processors this process may use.

use std::collections::BTreeSet;
use std::thread;

use crate::device::cgroup;
use crate::device::files::Files;

/// Processors within affinity mask and control group quota; both at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cores {
    /// Physical cores: the threads that decode best. Two threads of one core share its units.
    pub physical: usize,
    /// Hardware threads.
    pub logical: usize,
}

/// Counts the processors of this process.
pub fn cores() -> Cores {
    let logical = thread::available_parallelism().map_or(1, usize::from);
    read(&Files::system(), logical)
}

/// Returns the processors that this process may use, the control group's quota included, in parts.
pub(super) fn allowed(files: &Files) -> Option<f64> {
    let logical = u32::try_from(thread::available_parallelism().ok()?.get()).ok()?;
    Some(cgroup::processors(files).map_or(f64::from(logical), |quota| quota.min(logical.into())))
}

/// `logical` is what the standard library says; it respects mask and quota, but not cores.
fn read(files: &Files, logical: usize) -> Cores {
    let status = files.read("proc/self/status").unwrap_or_default();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let mut usable = allowed.map(list).unwrap_or_default();
    // The mask may name processors that are switched off or were never there.
    if let Some(online) = files.read("sys/devices/system/cpu/online") {
        usable = usable.intersection(&list(&online)).copied().collect();
    }
    let topology = |cpu: u32| {
        let folder = format!("sys/devices/system/cpu/cpu{cpu}/topology");
        let package = files.number(format!("{folder}/physical_package_id")).unwrap_or(0);
        files.number(format!("{folder}/core_id")).map(|core| (package, core))
    };
    count(&usable, topology, cgroup::processors(files), logical)
}

/// Counts distinct cores of `usable`, at most `quota` of them and at most `logical`.
fn count(
    usable: &BTreeSet<u32>,
    topology: impl Fn(u32) -> Option<(u64, u64)>,
    quota: Option<f64>,
    logical: usize,
) -> Cores {
    let logical = logical.max(1);
    let cores: Option<BTreeSet<_>> = usable.iter().map(|cpu| topology(*cpu)).collect();
    let known = cores.map(|cores| cores.len()).filter(|cores| *cores > 0);
    // Whole cores of the quota: threads wait for each other, so a throttled one slows them all.
    let most =
        quota.map_or(logical, |quota| (1..=logical).rev().find(|n| fits(*n, quota)).unwrap_or(1));
    Cores { physical: known.unwrap_or(logical).clamp(1, most.min(logical)), logical }
}

fn fits(cores: usize, quota: f64) -> bool {
    u32::try_from(cores).is_ok_and(|cores| f64::from(cores) <= quota)
}

/// The most processors that a list may name: Linux has at most 8192.
const MOST: u32 = 8192;

/// Parses a list like `0-3,8,10-11`; what is no number is left out.
fn list(text: &str) -> BTreeSet<u32> {
    let ranges = text.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some((first.trim().parse().ok()?, last.trim().parse::<u32>().ok()?.min(MOST)))
    });
    ranges.flat_map(|(first, last): (u32, u32)| first..=last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::files;

    fn set(text: &str) -> BTreeSet<u32> {
        list(text)
    }

    /// Four cores with two threads each: 0 and 4 share one.
    fn paired() -> impl Fn(u32) -> Option<(u64, u64)> {
        |cpu| Some((0, u64::from(cpu % 4)))
    }

    #[test]
    fn lists_are_ranges_and_numbers() {
        assert_eq!(list("0-2,5\n"), BTreeSet::from([0, 1, 2, 5]));
        assert_eq!(list(""), BTreeSet::new());
        assert_eq!(list("3-1,x,7-"), BTreeSet::new());
        assert_eq!(list("8191-4294967295").len(), 2);
    }

    #[test]
    fn two_threads_of_a_core_are_one() {
        assert_eq!(count(&set("0-7"), paired(), None, 8), Cores { physical: 4, logical: 8 });
        assert_eq!(count(&set("0,4"), paired(), None, 2), Cores { physical: 1, logical: 2 });
        assert_eq!(count(&set("0-1"), paired(), None, 2), Cores { physical: 2, logical: 2 });
    }

    #[test]
    fn two_packages_number_their_cores_alike() {
        let topology = |cpu: u32| Some((u64::from(cpu / 2), u64::from(cpu % 2)));
        assert_eq!(count(&set("0-3"), topology, None, 4).physical, 4);
    }

    #[test]
    fn a_quota_counts_in_whole_cores() {
        for (quota, physical) in [(0.5, 1), (1.0, 1), (2.9, 2), (3.0, 3), (64.0, 4)] {
            assert_eq!(count(&set("0-7"), paired(), Some(quota), 8).physical, physical, "{quota}");
        }
    }

    #[test]
    fn an_unknown_topology_leaves_what_the_system_says() {
        assert_eq!(count(&set("0-7"), |_| None, None, 6), Cores { physical: 6, logical: 6 });
        assert_eq!(count(&BTreeSet::new(), paired(), None, 3).physical, 3);
        assert_eq!(count(&BTreeSet::new(), paired(), None, 0).physical, 1);
    }

    #[test]
    fn the_mask_is_read_with_what_is_online() {
        let (_keep, files) = files::tree(&[
            ("proc/self/status", "Name:\tx\nCpus_allowed_list:\t0-127\n"),
            ("sys/devices/system/cpu/online", "0-1\n"),
            ("sys/devices/system/cpu/cpu0/topology/core_id", "0\n"),
            ("sys/devices/system/cpu/cpu0/topology/physical_package_id", "0\n"),
            ("sys/devices/system/cpu/cpu1/topology/core_id", "0\n"),
            ("sys/devices/system/cpu/cpu1/topology/physical_package_id", "1\n"),
        ]);
        assert_eq!(read(&files, 2), Cores { physical: 2, logical: 2 });
    }

    #[test]
    fn this_machine_has_a_core() {
        let cores = cores();
        assert!(cores.physical >= 1 && cores.physical <= cores.logical, "{cores:?}");
    }
}
