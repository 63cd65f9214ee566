//! Signals as a stream.

use std::io;
use std::task::Context;
use std::task::Poll;

use signal_hook::consts;
use tokio::signal::unix::Signal as Stream;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

/// Signals that would end the program without a word, and the terminal with it.
///
/// Not among them: SIGSEGV, SIGBUS, SIGILL, SIGFPE. A handler that returns from a fault of our own
/// would meet it again for ever. SIGABRT is here for those who send it; `abort` itself ends the
/// program whatever a handler does.
const LEAVING: [i32; 12] = [
    consts::SIGTERM,
    consts::SIGINT,
    consts::SIGQUIT,
    consts::SIGABRT,
    consts::SIGALRM,
    consts::SIGUSR1,
    consts::SIGUSR2,
    consts::SIGTRAP,
    consts::SIGVTALRM,
    consts::SIGPROF,
    consts::SIGXCPU,
    consts::SIGXFSZ,
];

/// A signal that the front answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Leave: SIGTERM, SIGINT, SIGQUIT and their like; the number to die by afterwards.
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
pub(super) struct Signals(Vec<(Signal, Stream)>);

impl Signals {
    /// Takes the signals over from their default actions.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub(super) fn take() -> io::Result<Self> {
        let leaving = LEAVING.map(|number| (Signal::Leave(number), number));
        let others = [
            (Signal::Hangup, consts::SIGHUP),
            (Signal::Suspend, consts::SIGTSTP),
            (Signal::Continue, consts::SIGCONT),
            (Signal::Resize, consts::SIGWINCH),
        ];
        let stream = |(meaning, number)| Ok((meaning, signal(SignalKind::from_raw(number))?));
        leaving.into_iter().chain(others).map(stream).collect::<io::Result<_>>().map(Self)
    }

    /// Waits for the next signal.
    ///
    /// # Cancel safety
    /// Safe: a signal that was not returned is returned by the next call.
    pub(super) async fn next(&mut self) -> Signal {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Signal> {
        for (meaning, stream) in &mut self.0 {
            if stream.poll_recv(context).is_ready() {
                return Poll::Ready(*meaning);
            }
        }
        Poll::Pending
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_would_end_the_program_asks_it_to_leave() {
        let mut signals = Signals::take().expect("handlers");
        for number in LEAVING {
            let signal = rustix::process::Signal::from_named_raw(number).expect("a signal");
            rustix::process::kill_process(rustix::process::getpid(), signal).expect("sent");
            assert_eq!(signals.next().await, Signal::Leave(number));
        }
    }
}
