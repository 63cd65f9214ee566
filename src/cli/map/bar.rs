//! The bar of `map` on a terminal's stderr, as text that goes the same way as the results.
//!
//! Never: the terminal itself.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use indicatif::HumanDuration;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressState;
use indicatif::ProgressStyle;
use indicatif::TermLike;

/// How often the bar is drawn at most.
const HERTZ: u8 = 10;

/// What a bar looks like when it is known how much there is, and when it is not.
const WHOLE: &str = "{wide_bar} {percent:>3} %  {msg}{left}";
const OPEN: &str = "{msg}, {elapsed}";

/// What a terminal would have got.
#[derive(Clone, Debug)]
struct Screen {
    text: Arc<Mutex<String>>,
    width: u16,
}

/// A bar over bytes of the input.
#[derive(Debug)]
pub(super) struct Bar {
    screen: Screen,
    bar: ProgressBar,
}

/// Writes how long the rest takes, as soon as anything tells.
fn left(state: &ProgressState, text: &mut dyn fmt::Write) {
    if state.pos() > 0 {
        write!(text, ", {:#} left", HumanDuration(state.eta())).ok();
    }
}

impl Bar {
    /// Makes a bar for a terminal so many columns wide. `length` is that of the input in bytes.
    pub(super) fn new(width: u16, length: Option<u64>) -> Self {
        let screen = Screen { text: Arc::default(), width };
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(screen.clone()), HERTZ);
        let bar = ProgressBar::with_draw_target(length, target);
        let template = if length.is_some() { WHOLE } else { OPEN };
        let style = ProgressStyle::with_template(template);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.with_key("left", left));
        Self { screen, bar }
    }

    /// Says how far the work is and what is going on; returns what goes to the terminal, nothing
    /// when it was drawn a moment ago.
    pub(super) fn show(&self, bytes: u64, message: String) -> String {
        self.bar.set_message(message);
        self.bar.set_position(bytes);
        self.screen.take()
    }

    /// Makes way for other lines; returns what clears the bar, and what draws it again.
    pub(super) fn around(&self) -> (String, String) {
        let clear = self.bar.suspend(|| self.screen.take());
        (clear, self.screen.take())
    }

    /// Ends the bar; returns what clears it.
    pub(super) fn end(&self) -> String {
        self.bar.finish_and_clear();
        self.screen.take()
    }
}

impl Screen {
    fn take(&self) -> String {
        std::mem::take(&mut self.text.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, text: &str) {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
    }

    /// Moves the cursor by `count` in a direction of the terminal's alphabet.
    fn go(&self, count: usize, direction: char) {
        if count > 0 {
            self.put(&format!("\u{1b}[{count}{direction}"));
        }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.width
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.go(n, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.go(n, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.go(n, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.go(n, 'D');
        Ok(())
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.put(s);
        self.put("\n");
        Ok(())
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        self.put(s);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.put("\r\u{1b}[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows text as a terminal of 60 columns would.
    fn seen(text: &str) -> String {
        let mut terminal = vt100::Parser::new(5, 60, 0);
        terminal.process(text.replace('\n', "\r\n").as_bytes());
        terminal.screen().contents().trim_end().to_owned()
    }

    #[test]
    fn the_bar_makes_way_and_comes_back() {
        let bar = Bar::new(60, Some(100));
        let none = seen(&bar.show(0, "0 lines".to_owned()));
        assert!(none.ends_with("0 %  0 lines"), "nothing tells how long it takes: {none:?}");
        let drawn = bar.show(50, "3 lines".to_owned());
        assert!(seen(&drawn).contains("50 %  3 lines, "), "{drawn:?}");
        let (clear, again) = bar.around();
        let all = format!("{drawn}{clear}an answer\n{again}");
        let lines: Vec<String> = seen(&all).lines().map(str::to_owned).collect();
        assert_eq!((lines.len(), lines[0].as_str()), (2, "an answer"), "{all:?}");
        assert!(lines[1].contains("3 lines"), "{all:?}");
        let left = format!("{all}{}", bar.end());
        assert_eq!(seen(&left), "an answer");
    }

    #[test]
    fn an_input_of_unknown_length_has_no_end_to_wait_for() {
        let bar = Bar::new(60, None);
        let drawn = seen(&bar.show(50, "3 lines".to_owned()));
        assert!(drawn.starts_with("3 lines, ") && !drawn.contains("left"), "{drawn}");
    }
}
