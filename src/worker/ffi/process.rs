//! What the engine does to its own process before it opens anything.

use std::os::fd::AsRawFd as _;
use std::os::fd::RawFd;

use rustix::fs::Mode;
use rustix::fs::OFlags;

/// Closes every descriptor beyond the three standard ones: whatever the front's parents leaked.
///
/// Call it first thing in the process, before any file is opened or thread is started.
pub(in crate::worker) fn close_inherited() {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(listing) = rustix::fs::open("/dev/fd", flags, Mode::empty()) else { return };
    let own = listing.as_raw_fd();
    let Ok(entries) = rustix::fs::Dir::new(listing) else { return };
    let numbers: Vec<RawFd> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str().ok()?.parse().ok())
        .filter(|fd| *fd > 2 && *fd != own)
        .collect();
    for fd in numbers {
        // SAFETY: the listing named it as open, nothing in this process owns it yet, and the
        // listing's own descriptor is not among them.
        unsafe { rustix::io::close(fd) };
    }
}
