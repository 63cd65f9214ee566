//! News that another program has written: what shows lists or another window's answer asks the
//! kernel to be told, and does not wake up otherwise.

use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use crate::store::Store;

/// A descriptor that becomes readable when somebody, this program included, has written to the
/// store. [`Reader::version`](crate::store::Reader::version) tells whether it was somebody else.
#[derive(Debug)]
pub struct Watching(OwnedFd);

impl AsFd for Watching {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(target_os = "linux")]
impl Store {
    /// Begins to watch; `None` where there is nothing to watch, or it cannot be.
    pub fn watch(&self) -> Option<Watching> {
        use rustix::fs::inotify;
        let flags = inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC;
        let descriptor = inotify::init(flags).ok()?;
        // Every commit writes to the log, or to the database where there is no log.
        let dir = self.place().dir();
        inotify::add_watch(&descriptor, dir, inotify::WatchFlags::MODIFY).ok()?;
        Some(Watching(descriptor))
    }
}

#[cfg(not(target_os = "linux"))]
impl Store {
    /// Begins to watch; there is nothing here yet that could.
    pub fn watch(&self) -> Option<Watching> {
        None
    }
}

impl Watching {
    /// Takes all news that there are; returns whether there were any. Never waits.
    pub fn take(&self) -> bool {
        let mut buffer = [0; 4096];
        let mut any = false;
        while rustix::io::read(&self.0, &mut buffer).is_ok_and(|read| read > 0) {
            any = true;
        }
        any
    }
}
