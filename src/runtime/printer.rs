//! Standard output and error, written by a thread of their own: a reader that stops reading holds
//! up that thread, and neither signals nor the time.

use std::io;
use std::io::Write as _;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::oneshot;

/// What is to be written, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
}

/// The way to the writing thread; dropping it lets the thread end.
#[derive(Debug)]
pub(super) struct Out(mpsc::Sender<Printed>);

/// The writing thread's end.
#[derive(Debug)]
pub(super) struct Written(Option<oneshot::Receiver<io::Result<()>>>);

/// Starts the thread.
pub(super) fn start() -> (Out, Written) {
    // One at a time: what waits, waits in the turn's queue, where the engine feels it.
    let (queue, mut printed) = mpsc::channel::<Printed>(1);
    let (tell, done) = oneshot::channel();
    std::thread::spawn(move || {
        let mut result = Ok(());
        while let Some(text) = printed.blocking_recv() {
            result = write(&text);
            if result.is_err() {
                break;
            }
        }
        // The loop may have given up waiting.
        tell.send(result).ok();
    });
    (Out(queue), Written(Some(done)))
}

fn write(text: &Printed) -> io::Result<()> {
    if !text.stdout.is_empty() {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.stdout.as_bytes())?;
        stdout.flush()?;
    }
    // Nobody can be told that standard error is closed.
    io::stderr().lock().write_all(text.stderr.as_bytes()).ok();
    Ok(())
}

impl Out {
    /// Waits until there is room for one more text; for ever once the thread has ended.
    pub(super) async fn has_room(&self) {
        if self.0.reserve().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Passes a text on; there must be room.
    pub(super) fn put(&self, text: Printed) {
        // A thread that ended has told why.
        self.0.try_send(text).ok();
    }
}

impl Written {
    /// Waits for the thread's failure; for ever if it does not fail.
    ///
    /// # Cancel safety
    /// Safe: a failure that was not returned is returned by the next call.
    pub(super) async fn failed(&mut self) -> io::Error {
        if let Some(done) = &mut self.0 {
            let result = done.await;
            self.0 = None;
            if let Ok(Err(error)) = result {
                return error;
            }
        }
        std::future::pending().await
    }

    /// Waits until everything is written, at most `patience` long.
    ///
    /// # Errors
    /// Standard output failed.
    pub(super) async fn close(&mut self, out: Out, patience: Duration) -> io::Result<()> {
        drop(out);
        let Some(done) = self.0.take() else { return Ok(()) };
        match tokio::time::timeout(patience, done).await {
            Ok(Ok(result)) => result,
            // Nobody reads, or the thread panicked: what is left stays unwritten.
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }
}
