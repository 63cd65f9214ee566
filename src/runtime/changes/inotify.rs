//! Linux: inotify, read by a thread that sleeps until there is something.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::fs::inotify;
use rustix::fs::inotify::CreateFlags;
use rustix::fs::inotify::WatchFlags;
use rustix::io::Errno;
use rustix::pipe::PipeFlags;
use tokio::sync::mpsc;

/// Room for the events that are read at once.
const BUFFER: usize = 4096;

/// A directory that is watched.
#[derive(Debug)]
pub(in super::super) struct Changes {
    told: mpsc::Receiver<()>,
    /// The thread ends when this is closed.
    _stop: OwnedFd,
}

impl Changes {
    /// Watches the files of a directory.
    ///
    /// # Errors
    /// The directory is not there, or the system gives no more watches or threads.
    pub(in super::super) fn of(directory: &Path) -> io::Result<Self> {
        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        inotify::add_watch(&watch, directory, WatchFlags::MODIFY | WatchFlags::MOVED_TO)?;
        let (stopped, stop) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let (tell, told) = mpsc::channel(1);
        let thread = thread::Builder::new().name("edgewise-changes".to_owned());
        thread.spawn(move || while drain(&watch, &stopped) && tell.blocking_send(()).is_ok() {})?;
        Ok(Self { told, _stop: stop })
    }

    /// Waits until something has been written since the last call, or for ever if nothing can be
    /// told any more.
    ///
    /// # Cancel safety
    /// Safe: what was not told yet is told by the next call.
    pub(in super::super) async fn next(&mut self) {
        if self.told.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// Waits for events and takes all there are; `false` when it is to stop.
fn drain(watch: &OwnedFd, stopped: &OwnedFd) -> bool {
    let mut polled = [PollFd::new(watch, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
    match rustix::event::poll(&mut polled, None) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(_) => return false,
    }
    if !polled[1].revents().is_empty() {
        return false;
    }
    let mut buffer = [MaybeUninit::uninit(); BUFFER];
    let mut events = inotify::Reader::new(watch, &mut buffer);
    loop {
        match events.next() {
            Ok(_) => {}
            Err(Errno::AGAIN) => return true,
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_write_is_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("f");
        std::fs::write(&file, "a").expect("a file");
        let mut changes = Changes::of(directory.path()).expect("a watch");
        std::fs::write(&file, "b").expect("a file");
        changes.next().await;
    }
}
