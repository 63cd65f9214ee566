//! Progress of work on bytes: a bar with rate and time left on a terminal, nothing elsewhere.

use std::io;
use std::io::IsTerminal as _;
use std::ops::ControlFlow;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

use crate::cli::args::Cli;
use crate::models::ModelError;
use crate::runtime::Stopping;

const BAR: &str =
    "{prefix} [{bar:24}] {percent:>3} %  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";

const WORD: &str = "{prefix} {spinner} {elapsed}";

/// A bar, and the wish to stop.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    stopping: Stopping,
}

impl Progress {
    /// Begins with nothing of `total` bytes done.
    ///
    /// # Errors
    /// The system refuses a signal handler.
    pub(super) fn begin(cli: &Cli, what: &'static str, total: u64) -> Result<Self, ModelError> {
        let stopping = Stopping::on_signals()
            .map_err(|error| ModelError::Bad { message: format!("no signals: {error}") })?;
        let visible = io::stderr().is_terminal() && !cli.common.quiet && !cli.common.json;
        let target =
            if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target).with_prefix(what);
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style.progress_chars("=> "));
        }
        Ok(Self { bar, stopping })
    }

    /// Shows that something is done whose length is not known, from now on.
    pub(super) fn doing(&self, what: String) {
        if let Ok(style) = ProgressStyle::with_template(WORD) {
            self.bar.set_style(style);
        }
        self.bar.set_prefix(what);
        self.bar.reset_elapsed();
    }

    /// Shows how much is done of something that is counted in bytes, from now on.
    pub(super) fn counting(&self, what: String, total: u64) {
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.set_prefix(what);
        self.bar.set_length(total);
        self.bar.set_position(0);
        self.bar.reset_eta();
    }

    /// Shows that it goes on, and says whether to.
    pub(super) fn tick(&self) -> ControlFlow<()> {
        self.bar.tick();
        self.step(0)
    }

    /// Shows how many bytes are done, and says whether to go on.
    pub(super) fn step(&self, done: u64) -> ControlFlow<()> {
        self.bar.set_position(done);
        if self.stopping.asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl Progress {
    /// Shows how much of a file has come.
    pub(super) fn fetching(&self, name: &str, done: u64, total: Option<u64>) {
        if self.bar.prefix() != name {
            // What came in an earlier run counts for nothing in the rate.
            self.bar.set_prefix(name.to_owned());
            self.bar.set_position(done);
            self.bar.reset_eta();
        }
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
