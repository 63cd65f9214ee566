//! Signals as a stream.

use std::io;

use tokio::signal::unix::Signal as Stream;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

/// A signal that the front answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Leave: SIGTERM, SIGINT, SIGQUIT; the number to die by afterwards.
    Leave(i32),
    /// The terminal is gone: SIGHUP.
    Hangup,
    /// Stop: SIGTSTP.
    Suspend,
    /// Stopped and continued: SIGCONT.
    Continue,
    /// The terminal has another size: SIGWINCH.
    Resize,
}

/// The streams of all signals that are answered.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Stream,
    interrupt: Stream,
    quit: Stream,
    hangup: Stream,
    suspend: Stream,
    resume: Stream,
    resize: Stream,
}

impl Signals {
    /// Takes the signals over from their default actions.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub(super) fn take() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
            suspend: signal(SignalKind::from_raw(signal_hook::consts::SIGTSTP))?,
            resume: signal(SignalKind::from_raw(signal_hook::consts::SIGCONT))?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// Waits for the next signal.
    ///
    /// # Cancel safety
    /// Safe: a signal that was not returned is returned by the next call.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Leave(signal_hook::consts::SIGTERM),
            _ = self.interrupt.recv() => Signal::Leave(signal_hook::consts::SIGINT),
            _ = self.quit.recv() => Signal::Leave(signal_hook::consts::SIGQUIT),
            _ = self.hangup.recv() => Signal::Hangup,
            _ = self.suspend.recv() => Signal::Suspend,
            _ = self.resume.recv() => Signal::Continue,
            _ = self.resize.recv() => Signal::Resize,
        }
    }
}

/// Stops this process until it is continued.
pub(super) fn stop_self() {
    // SIGSTOP to oneself cannot fail.
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP).ok();
}

/// Dies by a signal with its default action, so that the parent sees the true cause.
pub fn die_by(signal: i32) {
    // Returns only for signals whose default action is not to end the process.
    signal_hook::low_level::emulate_default_handler(signal).ok();
}
