//! Limits of the control groups (version 2) that this process is in; the tightest one holds.

use std::path::PathBuf;

use crate::device::files::Files;

/// Memory that a group may use, and what it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MemoryLimit {
    pub(super) max_bytes: u64,
    /// `None` when there is a limit and no way to tell how much of it is left.
    pub(super) available_bytes: Option<u64>,
}

/// Returns the group of this process and those around it, innermost first, below the root.
fn groups(files: &Files) -> Vec<PathBuf> {
    let Some(text) = files.read("proc/self/cgroup") else { return Vec::new() };
    let own = text.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    let top = PathBuf::from("sys/fs/cgroup");
    // A process that sees the groups from outside its own has `..` in its path.
    let inside = own.trim_start_matches('/').split('/').all(|part| part != "..");
    let own = if inside { top.join(own.trim_start_matches('/')) } else { top.clone() };
    own.ancestors().take_while(|path| path.starts_with(&top)).map(PathBuf::from).collect()
}

/// Returns the tightest memory limit, if there is one.
pub(super) fn memory(files: &Files) -> Option<MemoryLimit> {
    let limits = groups(files).into_iter().filter_map(|group| {
        let max_bytes = files.number(group.join("memory.max"))?;
        let used = files.number(group.join("memory.current"));
        let stat = files.read(group.join("memory.stat"));
        // Pages of files that nobody used lately can be had at once.
        let idle = stat.as_deref().and_then(|text| field(text, "inactive_file")).unwrap_or(0);
        let available_bytes = used.map(|used| max_bytes.saturating_sub(used.saturating_sub(idle)));
        Some(MemoryLimit { max_bytes, available_bytes })
    });
    limits.reduce(|a, b| MemoryLimit {
        max_bytes: a.max_bytes.min(b.max_bytes),
        available_bytes: a.available_bytes.zip(b.available_bytes).map(|(a, b)| a.min(b)),
    })
}

/// Returns the tightest quota in processors, if there is one.
pub(super) fn processors(files: &Files) -> Option<f64> {
    let quotas = groups(files).into_iter();
    let quotas = quotas.filter_map(|group| quota(&files.read(group.join("cpu.max"))?));
    quotas.reduce(f64::min)
}

/// Parses `cpu.max`: microseconds, or `max`, in each period of microseconds.
fn quota(text: &str) -> Option<f64> {
    let (allowed, period) = text.trim().split_once(' ')?;
    let (allowed, period): (f64, f64) = (allowed.parse().ok()?, period.parse().ok()?);
    (allowed > 0.0 && period > 0.0).then(|| allowed / period)
}

fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::files;

    #[test]
    fn a_quota_is_a_number_of_processors() {
        assert_eq!(quota("150000 100000\n"), Some(1.5));
        for text in ["max 100000\n", "", "100000", "0 100000", "1 0"] {
            assert_eq!(quota(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_tightest_group_holds() {
        let (_keep, files) = files::tree(&[
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/b/memory.max", "max\n"),
            ("sys/fs/cgroup/a/memory.max", "4000\n"),
            ("sys/fs/cgroup/a/memory.current", "3000\n"),
            ("sys/fs/cgroup/a/memory.stat", "anon 9\ninactive_file 500\ninactive_file_x 1\n"),
            ("sys/fs/cgroup/memory.max", "8000\n"),
            ("sys/fs/cgroup/memory.current", "7900\n"),
            ("sys/fs/cgroup/a/b/cpu.max", "200000 100000\n"),
            ("sys/fs/cgroup/a/cpu.max", "50000 100000\n"),
        ]);
        let limit = memory(&files);
        assert_eq!(limit, Some(MemoryLimit { max_bytes: 4000, available_bytes: Some(100) }));
        assert_eq!(processors(&files), Some(0.5));
    }

    #[test]
    fn a_limit_without_its_use_leaves_the_rest_unknown() {
        let (_keep, files) = files::tree(&[
            ("proc/self/cgroup", "1:name=systemd:/x\n0::/\n"),
            ("sys/fs/cgroup/memory.max", "4000\n"),
        ]);
        let limit = memory(&files);
        assert_eq!(limit, Some(MemoryLimit { max_bytes: 4000, available_bytes: None }));
        assert_eq!(processors(&files), None);
    }

    #[test]
    fn no_groups_are_no_limit() {
        let (_keep, files) = files::tree(&[("proc/self/status", "")]);
        assert_eq!(memory(&files), None);
    }

    #[test]
    fn a_path_that_climbs_out_is_not_followed() {
        let (_keep, files) = files::tree(&[
            ("proc/self/cgroup", "0::/../../x\n"),
            ("sys/x/memory.max", "1\n"),
            ("sys/fs/cgroup/memory.max", "4000\n"),
        ]);
        assert_eq!(memory(&files).map(|limit| limit.max_bytes), Some(4000));
    }
}
