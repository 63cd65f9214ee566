//! Processes and directories that a test handles.

/// Makes a directory that only this user can enter, as an engine wants it.
pub(crate) fn private() -> tempfile::TempDir {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    tempfile::Builder::new().permissions(mode).tempdir().expect("a directory")
}

pub(crate) fn signal(pid: u32, name: &str) {
    let status = std::process::Command::new("kill").args([name, &pid.to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// Waits until a process is gone, by the descriptor that stands for it.
pub(crate) async fn gone(pid: u32) {
    let process =
        rustix::process::Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    let flags = rustix::process::PidfdFlags::empty();
    let Ok(handle) = rustix::process::pidfd_open(process, flags) else { return };
    let wait = move || {
        let mut polled = [rustix::event::PollFd::new(&handle, rustix::event::PollFlags::IN)];
        let patience = rustix::event::Timespec { tv_sec: 60, tv_nsec: 0 };
        rustix::event::poll(&mut polled, Some(&patience)).expect("it polls")
    };
    let ended = tokio::task::spawn_blocking(wait).await.expect("it waits");
    assert_eq!(ended, 1, "process {pid} ends");
}
