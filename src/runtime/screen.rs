//! Frames: drawn into memory, written by a thread of their own, one on its way at a time.
//!
//! A terminal that stalls makes frames be skipped, not queued.

mod inline;

use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use ratatui::Terminal;
use ratatui::TerminalOptions;
use ratatui::Viewport;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::buffer::Cell;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::layout::Size;
use ratatui::style::Modifier;
use tokio::sync::Notify;

use super::crash;
use super::links;
use super::terminal;
use crate::app::Laid;
use crate::app::Model;
use crate::theme::Theme;
use crate::ui;
use crate::ui::Announcer;
use crate::ui::Passing;
use crate::ui::Target;
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

/// How the chat is on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// A screen of its own.
    Full,
    /// The normal screen, with what is above it in the scrollback.
    Inline,
    /// Lines that are only added.
    Plain,
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
    manner: Manner,
    size: Size,
    /// The row of the cursor.
    cursor: u16,
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
    pub(super) fn new(theme: Theme, manner: Manner, panic_at: Option<String>) -> io::Result<Self> {
        let (frame, plain) = (Frame::default(), manner == Manner::Plain);
        let terminal = Terminal::new(CrosstermBackend::new(frame.clone()))?;
        // None yet: the first frame of a normal screen takes its own.
        let (size, cursor) = (Size::default(), 0);
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
            manner,
            size,
            cursor,
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
        if self.manner == Manner::Inline {
            self.fit(model)?;
        }
        let mut laid = self.render(model)?;
        let mut bytes = std::mem::take(&mut self.before);
        bytes.extend_from_slice(BEGIN_UPDATE);
        if self.manner == Manner::Inline && laid.is_some() {
            let mut passed = Vec::new();
            while let Some(rows) = self.passed(model, Passing::Above) {
                passed.extend(inline::above(&rows, self.size.height)?);
            }
            if !passed.is_empty() {
                // What was drawn stands elsewhere now.
                self.frame.take();
                self.forget();
                laid = self.render(model)?;
                bytes.extend(links::joined(&passed));
            }
        }
        bytes.extend(links::joined(&self.frame.take()));
        bytes.extend_from_slice(END_UPDATE);
        // The channel is empty: only one frame is ever on its way.
        self.on_its_way = self.writer.send(bytes).is_ok();
        Ok(laid)
    }

    fn render(&mut self, model: &Model) -> io::Result<Option<Laid>> {
        let mut laid = None;
        let (theme, view, row) = (&self.theme, &mut self.view, &mut self.cursor);
        self.terminal.draw(|frame| {
            let area = frame.area();
            let drawn = ui::draw(model, theme, view, area, frame.buffer_mut());
            if let Some(cursor) = drawn.cursor {
                frame.set_cursor_position(cursor);
                *row = cursor.y;
            }
            laid = drawn.laid;
        })?;
        Ok(laid)
    }

    fn passed(&mut self, model: &Model, passing: Passing) -> Option<Buffer> {
        let screen = Rect::from((Position::ORIGIN, self.size));
        ui::passed(model, &self.theme, &mut self.view, (passing, screen))
    }

    /// Takes the size that the terminal has now, without erasing anything.
    fn fit(&mut self, model: &Model) -> io::Result<()> {
        let size = self.terminal.size()?;
        if size == self.size {
            return Ok(());
        }
        if self.size != Size::default() {
            let rows = inline::moved(self.size.height, self.cursor, size.height);
            self.view.moved(model.current().id(), rows);
        }
        self.size = size;
        let viewport = Viewport::Fixed(Rect::from((Position::ORIGIN, size)));
        let backend = CrosstermBackend::new(self.frame.clone());
        self.terminal = Terminal::with_options(backend, TerminalOptions { viewport })?;
        self.forget();
        Ok(())
    }

    /// Makes the next frame write every cell: nothing is known of what the terminal shows.
    fn forget(&mut self) {
        let area = self.terminal.current_buffer_mut().area;
        let mut unlike = Cell::default();
        // No cell is ever drawn so.
        unlike.modifier = Modifier::all();
        *self.terminal.current_buffer_mut() = Buffer::filled(area, unlike);
        self.terminal.swap_buffers();
    }

    /// Leaves the conversation on a normal screen, instead of the chat. Only with no frame on its way.
    ///
    /// # Errors
    /// None: memory takes all bytes.
    pub(super) fn leave(&mut self, model: &Model) -> io::Result<()> {
        if self.manner != Manner::Inline {
            return Ok(());
        }
        let (mut bytes, height) = (Vec::new(), self.size.height);
        let mut rows = self.passed(model, Passing::Rest);
        while let Some(next) = self.passed(model, Passing::Rest) {
            if let Some(rows) = rows.replace(next) {
                bytes.extend(inline::above(&rows, height)?);
            }
        }
        bytes.extend(inline::last(rows.as_ref(), height)?);
        self.on_its_way = self.writer.send(links::joined(&bytes)).is_ok();
        Ok(())
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

    /// Returns what stands in a cell of the screen.
    pub(super) fn at(&self, column: u16, row: u16) -> Option<Target> {
        self.view.at(column, row)
    }

    /// Makes the next frame draw every cell.
    ///
    /// # Errors
    /// The terminal does not tell its size.
    pub(super) fn repaint(&mut self) -> io::Result<()> {
        if self.manner == Manner::Inline {
            self.forget();
            return Ok(());
        }
        // `clear` would ask the terminal for its cursor, wait for the answer and eat keys meanwhile.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }
}
