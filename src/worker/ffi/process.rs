//! What the engine does to its own process before it opens anything.

use std::os::fd::BorrowedFd;
use std::os::fd::RawFd;

/// Closes every descriptor beyond the three standard ones: whatever the front's parents leaked.
///
/// Call it first thing in the process, before any file is opened.
pub(in crate::worker) fn close_inherited() {
    let Ok(entries) = std::fs::read_dir("/dev/fd") else { return };
    let numbers: Vec<RawFd> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|fd| *fd > 2)
        .collect();
    for fd in numbers {
        // SAFETY: nothing in this process owns a descriptor yet. The one of the listing itself is
        // closed already, which the question for its flags tells.
        unsafe {
            if rustix::io::fcntl_getfd(BorrowedFd::borrow_raw(fd)).is_ok() {
                rustix::io::close(fd);
            }
        }
    }
}
