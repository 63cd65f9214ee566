//! A wish to stop, for work that is no turn and has a thread to itself.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use signal_hook::consts;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

/// Set by SIGINT, SIGTERM or SIGHUP for as long as it lives.
#[derive(Debug)]
pub struct Stopping {
    asked: Arc<AtomicBool>,
    handlers: Vec<signal_hook::SigId>,
}

impl Stopping {
    /// Takes the signals over from their default actions.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub fn on_signals() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        let register = |signal| signal_hook::flag::register(signal, Arc::clone(&asked));
        let signals = [consts::SIGINT, consts::SIGTERM, consts::SIGHUP];
        let mut handlers = signals.into_iter().map(register).collect::<io::Result<Vec<_>>>()?;
        // A file that may not grow is an error of the write, not the end of the program.
        let ignored = Arc::new(AtomicBool::new(false));
        handlers.push(signal_hook::flag::register(consts::SIGXFSZ, ignored)?);
        Ok(Self { asked, handlers })
    }

    /// Tells whether to stop.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Returns what waits for SIGINT, SIGTERM or SIGHUP; they have lost their default actions already.
///
/// # Errors
/// The system refuses a handler.
pub fn asked_to_stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// Gives these signals their default actions as long as the flag is set, also behind
/// [`asked_to_stop`], whose handlers stay when it is over.
///
/// # Errors
/// The system refuses a handler.
pub fn end_by_default() -> io::Result<Arc<AtomicBool>> {
    let ends = Arc::new(AtomicBool::new(true));
    for signal in [consts::SIGINT, consts::SIGTERM, consts::SIGHUP] {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&ends))?;
    }
    Ok(ends)
}

impl Drop for Stopping {
    fn drop(&mut self) {
        for handler in self.handlers.drain(..) {
            signal_hook::low_level::unregister(handler);
        }
    }
}
