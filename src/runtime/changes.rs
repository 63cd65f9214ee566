//! Tells when files of a directory are written to, without looking again and again.

#[cfg(target_os = "linux")]
mod inotify;
#[cfg(target_os = "linux")]
pub(super) use inotify::Changes;

#[cfg(not(target_os = "linux"))]
mod silent;
#[cfg(not(target_os = "linux"))]
pub(super) use silent::Changes;
