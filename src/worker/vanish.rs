//! Notices that the socket file is gone: nobody can find the engine any more.

use std::sync::Arc;

use super::detach::Socket;
use super::intake::Intake;
use crate::ipc::Spec;

/// Watches the socket's directory on a thread of its own; the kernel wakes it, it never polls.
#[cfg(target_os = "linux")]
pub(super) fn watch(spec: &Spec, socket: Arc<Socket>, intake: Arc<Intake>) {
    use rustix::fs::inotify;

    let path = spec.socket.clone();
    let Some(directory) = path.parent() else { return };
    let Ok(watch) = inotify::init(inotify::CreateFlags::CLOEXEC) else { return };
    let gone = inotify::WatchFlags::DELETE
        | inotify::WatchFlags::MOVED_FROM
        | inotify::WatchFlags::DELETE_SELF
        | inotify::WatchFlags::MOVE_SELF;
    if inotify::add_watch(&watch, directory, gone).is_err() {
        // No watches left: the engine still leaves when its time is over.
        return;
    }
    std::thread::spawn(move || {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(watch, &mut buffer);
        while events.next().is_ok() {
            if !socket.is_at(&path) {
                return intake.unreachable();
            }
        }
    });
}

/// Elsewhere the engine leaves when its time is over.
#[cfg(not(target_os = "linux"))]
pub(super) fn watch(_: &Spec, _: Arc<Socket>, _: Arc<Intake>) {}
