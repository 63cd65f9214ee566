//! Panics: the terminal is given back before anything is said, and a task's panic is no end.

use std::panic::PanicHookInfo;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::terminal;

/// Installs the hook. The main thread's panic gives the terminal back and is reported on stderr;
/// a task's panic ends that task only, whose turn then fails, and is not shown over the chat.
pub fn install() {
    let report = std::panic::take_hook();
    let main = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        if terminal::is_taken() && std::thread::current().id() != main {
            return;
        }
        terminal::restore();
        report(info);
    }));
}

/// Panics once at the named place when a debug build's `EDGEWISE_TEST_PANIC` names it: how the
/// tests see what a panic does to the real program.
pub(super) fn provoke(place: &str, wanted: Option<&str>) {
    static DONE: AtomicBool = AtomicBool::new(false);
    if cfg!(debug_assertions) && wanted == Some(place) && !DONE.swap(true, Ordering::SeqCst) {
        std::panic::panic_any(format!("provoked in {place}"));
    }
}
