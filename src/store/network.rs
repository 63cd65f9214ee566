//! Whether a directory is on another machine, where the shared memory of a WAL does not work.

use std::path::Path;

/// Types of network file systems (statfs(2)).
#[cfg(target_os = "linux")]
const NETWORK: [u64; 9] = [
    0x6969,      // NFS
    0x517b,      // SMB
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB2
    0x0102_1997, // 9P
    0x5346_414f, // AFS
    0x00c3_6400, // Ceph
    0x0bd0_0bd0, // Lustre
    0x7375_7245, // Coda
];

/// Returns whether the directory is known to be on another machine.
#[cfg(target_os = "linux")]
pub(super) fn is_network(dir: &Path) -> bool {
    let kind = |stat: rustix::fs::StatFs| u64::try_from(stat.f_type).unwrap_or(0);
    rustix::fs::statfs(dir).is_ok_and(|stat| NETWORK.contains(&kind(stat)))
}

/// Returns whether the directory is known to be on another machine; not looked up here.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_network(_: &Path) -> bool {
    false
}
