//! The terminal's modes: taken once, given back once, whatever happens in between.
//!
//! One routine gives it back; it serves exit, panic, signals and suspension, and may be called any
//! number of times.

use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::termios::Action;
use rustix::termios::OptionalActions;
use rustix::termios::QueueSelector;
use rustix::termios::Termios;

/// Alternate screen, bracketed paste, keys that tell Shift-Enter from Enter (ignored by terminals
/// that do not know it), cursor off until a frame places it.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[>1u\x1b[?25l";

/// [`ENTER`] for a terminal that is taken already: the key mode is set, not pushed a second time,
/// as it is popped only once.
const ENTER_AGAIN: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[=1u\x1b[?25l";

/// Ends a synchronized update that was cut, then undoes [`ENTER`] in reverse; SGR reset.
const LEAVE: &[u8] =
    b"\x1b[?2026l\x1b]8;;\x1b\\\x1b[0m\x1b[?25h\x1b[?1006l\x1b[?1000l\x1b[<1u\x1b[?2004l\x1b[?1049l";

/// Presses and the wheel of the mouse, without limits of the screen's size.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// For a terminal of unknown state: [`LEAVE`], and mouse, focus, and cursor-key modes off.
const RESET: &[u8] = b"\x18\x1b[?2026l\x1b[0m\x1b[?25h\x1b[<1u\x1b[?2004l\x1b[?1000l\x1b[?1002l\
\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?1l\x1b>\x1b[?1049l\r\n";

/// How long the sequences are that change the screen: the first of [`ENTER`], the last of [`LEAVE`].
const ALTERNATE: &[u8] = b"\x1b[?1049h";

/// Whether the chat stays on the normal screen.
static INLINE: AtomicBool = AtomicBool::new(false);

/// The settings to give back while the terminal is taken.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// Held by whoever writes to the terminal, so that giving it back does not cut a frame in two.
static WRITING: Mutex<()> = Mutex::new(());

/// Takes the terminal: raw mode, alternate screen. Taking it twice takes it once.
///
/// # Errors
/// The standard streams are no terminal, or it refuses.
pub(super) fn enter(inline: bool) -> io::Result<()> {
    let mut saved = SAVED.lock().unwrap_or_else(PoisonError::into_inner);
    let first = saved.is_none();
    if first {
        *saved = Some(rustix::termios::tcgetattr(io::stdin())?);
    }
    if let Some(cooked) = saved.as_ref() {
        let mut raw = cooked.clone();
        raw.make_raw();
        rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
    }
    drop(saved);
    INLINE.store(inline, Ordering::SeqCst);
    let bytes = if first { ENTER } else { ENTER_AGAIN };
    if !inline {
        return write(bytes);
    }
    // The normal screen is the same without the first of the sequences. What the shell left on it
    // goes into the scrollback, as by any output of as many lines, and the screen is free.
    let rows = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| size.ws_row);
    write(&[&bytes[ALTERNATE.len()..], b"\r", &b"\n".repeat(rows.into())].concat())
}

/// Returns the bytes that take the mouse, or leave it to the terminal.
pub(super) fn mouse(taken: bool) -> &'static [u8] {
    if taken { MOUSE_ON } else { MOUSE_OFF }
}

/// Gives the terminal back as it was; does nothing when it is not taken.
pub(super) fn restore() {
    let Some(cooked) = SAVED.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
    if WRITING.try_lock().is_err() || !has_room() {
        // A frame is on its way, or the terminal reads nothing any more: drop what it has not
        // read, so that the writers come free, and break off a cut sequence (CAN).
        rustix::termios::tcflush(io::stdout(), QueueSelector::OFlush).ok();
        // On Linux a writer does not wake up by that, but by output being started.
        rustix::termios::tcflow(io::stdout(), Action::OOff).ok();
        rustix::termios::tcflow(io::stdout(), Action::OOn).ok();
        write_raw(b"\x18").ok();
    }
    // A terminal that is gone needs nothing back.
    let inline = INLINE.load(Ordering::SeqCst);
    write_raw(if inline { &LEAVE[..LEAVE.len() - ALTERNATE.len()] } else { LEAVE }).ok();
    if inline {
        write_raw(b"\r\n").ok();
    }
    rustix::termios::tcsetattr(io::stdin(), OptionalActions::Flush, &cooked).ok();
}

/// Returns whether the terminal takes output without making the writer wait.
fn has_room() -> bool {
    let stdout = io::stdout();
    let mut polled = [PollFd::new(&stdout, PollFlags::OUT)];
    let room = rustix::event::poll(&mut polled, Some(&Timespec::default()));
    room.is_ok_and(|ready| ready > 0)
}

/// Returns whether the terminal is taken.
pub(super) fn is_taken() -> bool {
    SAVED.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// Writes bytes to the terminal, all of them; nothing once it was given back.
///
/// # Errors
/// The terminal is gone.
pub(super) fn write(bytes: &[u8]) -> io::Result<()> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    write_while(bytes, is_taken)
}

/// Writes lines to a terminal that is not taken.
///
/// # Errors
/// The terminal is gone.
pub(super) fn add(bytes: &[u8]) -> io::Result<()> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    write_raw(bytes)
}

/// Puts a terminal of unknown state right: after a SIGKILL of this program or another one.
///
/// # Errors
/// Standard output cannot be written to.
pub fn reset() -> io::Result<()> {
    write_raw(RESET)?;
    if let Ok(mut modes) = rustix::termios::tcgetattr(io::stdin()) {
        use rustix::termios::{InputModes, LocalModes, OutputModes};
        modes.local_modes |=
            LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHOE | LocalModes::ISIG;
        modes.local_modes |= LocalModes::IEXTEN;
        modes.input_modes |= InputModes::ICRNL | InputModes::IXON;
        modes.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
        rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
    }
    Ok(())
}

/// Writes past every buffer: standard output's own lock may be held by a thread that is stuck.
fn write_raw(bytes: &[u8]) -> io::Result<()> {
    write_while(bytes, || true)
}

fn write_while(mut bytes: &[u8], wanted: impl Fn() -> bool) -> io::Result<()> {
    while !bytes.is_empty() && wanted() {
        match rustix::io::write(io::stdout(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
