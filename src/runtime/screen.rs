//! Frames: drawn into memory, written by a thread of their own, one on its way at a time.
//!
//! A terminal that stalls makes frames be skipped, not queued.

use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use tokio::sync::Notify;

use super::crash;
use super::links;
use super::terminal;
use crate::app::Laid;
use crate::app::Model;
use crate::chat::MessageId;
use crate::theme::Theme;
use crate::ui;
use crate::ui::Announcer;
use crate::ui::View;

/// Terminals show what lies between these at once (DEC mode 2026); others ignore them.
const BEGIN_UPDATE: &[u8] = b"\x1b[?2026h";
const END_UPDATE: &[u8] = b"\x1b[?2026l";

/// The bytes of the frame that is being drawn.
#[derive(Clone, Debug, Default)]
struct Frame(Arc<Mutex<Vec<u8>>>);

impl Frame {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The screen: draws the model and sends the difference to the terminal.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Frame>>,
    frame: Frame,
    view: View,
    theme: Theme,
    /// Says what happens instead of drawing it.
    plain: Option<Announcer>,
    writer: mpsc::SyncSender<Vec<u8>>,
    /// Bytes that go before the next frame.
    before: Vec<u8>,
    on_its_way: bool,
    written: Arc<Written>,
}

/// What the writing thread tells.
#[derive(Debug, Default)]
struct Written {
    /// A frame was written, or none will be any more.
    notify: Notify,
    /// The thread has ended.
    over: AtomicBool,
}

/// Held by the writing thread; tells of its end, a panic's too.
struct Writing(Arc<Written>);

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::SeqCst);
        self.0.notify.notify_one();
    }
}

impl Screen {
    /// Makes the screen of a terminal that was entered; `panic_at` as for [`crash::provoke`].
    ///
    /// # Errors
    /// The terminal does not tell its size.
    pub(super) fn new(theme: Theme, plain: bool, panic_at: Option<String>) -> io::Result<Self> {
        let frame = Frame::default();
        let terminal = Terminal::new(CrosstermBackend::new(frame.clone()))?;
        let (writer, frames) = mpsc::sync_channel::<Vec<u8>>(1);
        let written = Arc::new(Written::default());
        let writing = Writing(Arc::clone(&written));
        std::thread::spawn(move || {
            while let Ok(bytes) = frames.recv() {
                crash::provoke("write", panic_at.as_deref());
                // A terminal that is gone is noticed by its reader.
                if plain { terminal::add(&bytes) } else { terminal::write(&bytes) }.ok();
                writing.0.notify.notify_one();
            }
        });
        Ok(Self {
            terminal,
            frame,
            view: View::with_hyperlinks(),
            theme,
            plain: plain.then(Announcer::default),
            writer,
            before: Vec::new(),
            on_its_way: false,
            written,
        })
    }

    /// Returns whether a frame can be drawn now.
    pub(super) fn is_free(&self) -> bool {
        !self.on_its_way
    }

    /// Waits until the frame on its way has been written; for ever if there is none.
    ///
    /// # Cancel safety
    /// Safe: a frame that was written stays noticed.
    pub(super) fn written(&self) -> impl Future<Output = ()> + use<> {
        let written = Arc::clone(&self.written);
        async move { written.notify.notified().await }
    }

    /// Returns whether no frame will be written any more: the writing thread has panicked.
    pub(super) fn is_over(&self) -> bool {
        self.written.over.load(Ordering::SeqCst)
    }

    /// Takes note that the frame on its way has been written.
    pub(super) fn free(&mut self) {
        self.on_its_way = false;
    }

    /// Draws the model and sends the difference; returns what the view measured.
    ///
    /// # Errors
    /// The terminal does not tell its size.
    pub(super) fn draw(&mut self, model: &Model) -> io::Result<Option<Laid>> {
        if let Some(plain) = &mut self.plain {
            let said = plain.say(model);
            if !said.is_empty() {
                self.on_its_way = self.writer.send(said.into_bytes()).is_ok();
            }
            return Ok(None);
        }
        let mut laid = None;
        let (theme, view) = (&self.theme, &mut self.view);
        self.terminal.draw(|frame| {
            let area = frame.area();
            let drawn = ui::draw(model, theme, view, area, frame.buffer_mut());
            if let Some(cursor) = drawn.cursor {
                frame.set_cursor_position(cursor);
            }
            laid = drawn.laid;
        })?;
        let mut bytes = std::mem::take(&mut self.before);
        bytes.extend_from_slice(BEGIN_UPDATE);
        bytes.extend(links::joined(&self.frame.take()));
        bytes.extend_from_slice(END_UPDATE);
        // The channel is empty: only one frame is ever on its way.
        self.on_its_way = self.writer.send(bytes).is_ok();
        Ok(laid)
    }

    /// Puts bytes before the next frame: they are for the terminal, and draw nothing.
    pub(super) fn before_next(&mut self, bytes: &[u8]) {
        if self.plain.is_some() {
            return;
        }
        self.before.extend_from_slice(bytes);
    }

    /// Takes note that the user's Enter ended a line, where everything is said in lines.
    pub(super) fn entered(&mut self) {
        if let Some(plain) = &mut self.plain {
            plain.entered();
        }
    }

    /// Draws with another theme from now on.
    pub(super) fn set_theme(&mut self, theme: Theme) {
        self.theme = theme;
    }

    /// Returns what stands in a row of the screen.
    pub(super) fn message_at(&self, row: u16) -> Option<(MessageId, Option<usize>)> {
        self.view.message_at(row)
    }

    /// Makes the next frame draw every cell.
    ///
    /// # Errors
    /// The terminal does not tell its size.
    pub(super) fn repaint(&mut self) -> io::Result<()> {
        // `clear` would ask the terminal for its cursor, wait for the answer and eat keys meanwhile.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }
}
