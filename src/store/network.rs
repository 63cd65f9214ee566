//! Whether a directory is shared with other machines, where the shared memory of a WAL does not work.

use std::path::Path;

/// File systems that machines share, by their numbers (statfs(2), `linux/magic.h`, and for those that
/// are not in the kernel the list of coreutils' `stat`). Disks of a cluster are among them, and
/// directories that a virtual machine has from its host: what is mapped there is no common memory.
const NETWORK: [u32; 25] = [
    0x0000_6969, // NFS
    0x0000_517b, // SMB
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB2 and 3
    0x0102_1997, // 9P, also WSL's drives
    0x5346_414f, // AFS
    0x6b41_4653, // AFS of the kernel
    0x00c3_6400, // Ceph
    0x0bd0_0bd0, // Lustre
    0x7375_7245, // Coda
    0x0000_564c, // NetWare
    0x7461_636f, // OCFS2
    0x0116_1970, // GFS2
    0x1983_0326, // BeeGFS
    0x4750_4653, // GPFS
    0xaad7_aaea, // PanFS
    0xbeef_dead, // StorNext
    0x6163_6673, // ACFS
    0x0131_11a8, // Ibrix
    0xa501_fcf5, // VxFS, which may be a cluster's
    0x2003_0528, // OrangeFS
    0xbacb_acbc, // VMware's shared folders
    0x786f_4256, // VirtualBox's
    0x7c7c_6673, // Parallels'
    0x00c0_ffee, // User-mode Linux' host
];

/// FUSE: the number says nothing of what is behind it, the name of its kind does.
const FUSE: u32 = 0x6573_5546;

/// Kinds of FUSE that are on another machine, as mounts name them, without `fuse.`.
const NETWORK_FUSE: [&str; 15] = [
    "sshfs",
    "rclone",
    "s3fs",
    "gcsfuse",
    "goofys",
    "davfs",
    "gvfsd-fuse",
    "glusterfs",
    "ceph-fuse",
    "curlftpfs",
    "smbnetfs",
    "juicefs",
    "mfs",
    "seaweedfs",
    "virtiofs",
];

/// Returns whether the directory is known to be shared with other machines.
#[cfg(target_os = "linux")]
pub(super) fn is_network(dir: &Path) -> bool {
    // The number is of 32 bits, however wide the system's field for it is, and whatever its sign.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as said")]
    let Ok(number) = rustix::fs::statfs(dir).map(|stat| stat.f_type as u32) else { return false };
    let mounts = if number == FUSE { mounts() } else { String::new() };
    let device = rustix::fs::stat(dir)
        .map_or((0, 0), |stat| (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev)));
    is_shared(number, kind_of(&mounts, device))
}

#[cfg(target_os = "linux")]
fn mounts() -> String {
    std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default()
}

/// Returns whether the directory is known to be shared with other machines; not looked up here.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_network(_: &Path) -> bool {
    false
}

/// Decides by a file system's number, and by the name of its kind where that is FUSE's.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "the numbers are Linux'"))]
fn is_shared(number: u32, kind: Option<&str>) -> bool {
    let kind = kind.map(|kind| kind.strip_prefix("fuse.").unwrap_or(kind));
    match number {
        FUSE => kind.is_some_and(|kind| NETWORK_FUSE.contains(&kind)),
        number => NETWORK.contains(&number),
    }
}

/// Returns the kind of the file system on a device, from the text of `/proc/self/mountinfo` (proc(5)):
/// the third word is the device, the first behind ` - ` is the kind.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "the list is Linux'"))]
fn kind_of(mounts: &str, (major, minor): (u32, u32)) -> Option<&str> {
    let device = format!("{major}:{minor}");
    let on_it = |line: &&str| line.split(' ').nth(2) == Some(device.as_str());
    let line = mounts.lines().find(on_it)?;
    line.split_once(" - ")?.1.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of file systems that one machine has to itself (`linux/magic.h`).
    const OWN: [(u32, &str); 26] = [
        (0xef53, "ext2, 3 and 4"),
        (0x5846_5342, "XFS"),
        (0x9123_683e, "Btrfs"),
        (0xca45_1a4e, "bcachefs"),
        (0x2fc1_2fc1, "ZFS"),
        (0xf2f5_2010, "F2FS"),
        (0x0102_1994, "tmpfs"),
        (0x8584_58f6, "ramfs"),
        (0x794c_7630, "overlayfs"),
        (0x6175_6673, "aufs"),
        (0xf15f, "eCryptfs"),
        (0x4d44, "FAT"),
        (0x2011_bab0, "exFAT"),
        (0x7366_746e, "NTFS3"),
        (0x5346_544e, "NTFS"),
        (0x5265_4973, "ReiserFS"),
        (0x3153_464a, "JFS"),
        (0x3434, "NILFS"),
        (0x2405_1905, "UBIFS"),
        (0x72b6, "JFFS2"),
        (0x4244, "HFS"),
        (0x482b, "HFS+"),
        (0x7371_7368, "SquashFS"),
        (0xe0f5_e1e2, "EROFS"),
        (0x5346_4846, "WSL's own"),
        (0x9660, "ISO 9660"),
    ];

    #[test]
    fn every_known_file_system_is_shared_or_a_machines_own() {
        for number in NETWORK {
            assert!(is_shared(number, None), "{number:#x}");
            assert!(!OWN.iter().any(|(own, _)| *own == number), "{number:#x}");
            assert_ne!(number, FUSE);
        }
        for (number, name) in OWN {
            assert!(!is_shared(number, None), "{name}");
        }
        let mut once = NETWORK.to_vec();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), NETWORK.len());
    }

    #[test]
    fn what_is_behind_fuse_is_known_by_its_name() {
        for kind in NETWORK_FUSE {
            assert!(is_shared(FUSE, Some(&format!("fuse.{kind}"))), "{kind}");
        }
        for kind in ["fuseblk", "fuse.gocryptfs", "fuse.ntfs-3g", "fuse", "fuse.mergerfs"] {
            assert!(!is_shared(FUSE, Some(kind)), "{kind}");
        }
        assert!(!is_shared(FUSE, None));
        // A name that only FUSE could have tells nothing of another number.
        assert!(!is_shared(0xef53, Some("fuse.sshfs")));
    }

    #[test]
    fn a_mount_is_found_by_its_device() {
        let mounts = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                      90 22 0:52 / /home/me/far\\040away rw,nosuid shared:7 master:2 - fuse.sshfs \
                      me@host:/ rw,user_id=1000\n\
                      91 22 0:5 / /dev rw - devtmpfs dev rw\n";
        assert_eq!(kind_of(mounts, (0, 52)), Some("fuse.sshfs"));
        assert_eq!(kind_of(mounts, (8, 1)), Some("ext4"));
        assert_eq!(kind_of(mounts, (0, 5)), Some("devtmpfs"), "not the one that begins alike");
        assert_eq!(kind_of(mounts, (9, 9)), None);
        assert_eq!(kind_of("", (8, 1)), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machines_own_directories_are_not_shared() {
        assert!(!is_network(Path::new("/proc")));
        assert!(!is_network(Path::new("/nowhere")), "what is not there is nobody's");
    }
}
