//! Wires the front: event loop, driver, terminal, signals, shutdown.
//!
//! Threads: the main one runs the loop and draws into memory; one reads the terminal and one
//! writes to it, so that a terminal that stalls holds up neither keys nor signals; tasks (the
//! engine's supervisor, one per turn that begins) run on a worker of tokio's.
//!
//! Never: business rules.

mod changes;
mod chat;
mod clock;
mod consent;
mod course;
mod crash;
mod driver;
mod files;
mod front;
mod ground;
mod ids;
mod input;
mod keeper;
mod links;
mod map;
mod memory;
mod one_shot;
mod outside;
mod pace;
mod printer;
mod record;
mod router;
mod saving;
mod screen;
mod signals;
#[cfg(test)]
mod silence;
#[cfg(test)]
mod simulation;
mod stdin;
mod stopping;
mod terminal;

pub use chat::{Left, Opening, chat};
pub use clock::Clock;
pub use clock::now;
pub use crash::install as install_crash_hook;
pub use files::{FILES_BYTES_MAX, FILES_MAX, attach};
pub use front::{Front, FrontError, KEEP_ALIVE_CHAT, KEEP_ALIVE_SCRIPT, Place};
pub use ids::new_session;
pub use keeper::Keeping;
pub use map::{Line, MapShow, MapStep, Mapped, Outcome, lines, map};
pub use one_shot::{Asked, OneShot, Told};
pub use outside::Outside;
pub use printer::{Printed, Reader, deliver};
pub use record::{At, Recorder};
pub use saving::{Question, Saving};
pub use signals::die_by;
pub use stdin::read_stdin;
pub use stopping::{Stopping, asked_to_stop, end_by_default};
pub use terminal::reset as reset_terminal;

/// Makes the runtime that a script's tasks run on: the thread that waits for them. A token that
/// wakes one thread instead of two leaves the engine more of the processors; and no terminal has
/// to be given back here.
///
/// # Errors
/// The system gives no poll descriptor.
pub fn script_tasks() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Makes the runtime that tasks run on: one worker, so that a panic in a task is never on the
/// thread that holds the terminal.
///
/// # Errors
/// The system gives no thread or no poll descriptor.
pub fn tasks() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("edgewise-tasks")
        .enable_all()
        .build()
}
