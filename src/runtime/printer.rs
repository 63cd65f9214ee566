//! Standard output and error, written by a thread of their own: a reader that stops reading holds
//! up that thread, and neither signals nor the time.

use std::io;
use std::io::Write;

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

impl Printed {
    /// Adds what comes behind it.
    pub(super) fn append(&mut self, more: &Self) {
        self.stdout.push_str(&more.stdout);
        self.stderr.push_str(&more.stderr);
    }
}

/// The way to the writing thread; closing it lets the thread end.
#[derive(Debug)]
pub(super) struct Out(Option<mpsc::Sender<Printed>>);

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
            match deliver(&text, &mut io::stdout().lock(), &mut io::stderr().lock()) {
                Ok(Reader::Listens) => {}
                Ok(Reader::Gone) => result = Err(io::ErrorKind::BrokenPipe.into()),
                Err(error) => result = Err(error),
            }
            if result.is_err() {
                break;
            }
        }
        // The loop may have given up waiting.
        tell.send(result).ok();
    });
    (Out(Some(queue)), Written(Some(done)))
}

/// Whether somebody still reads stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// It was written and flushed.
    Listens,
    /// The pipe is closed: stop and exit 0.
    Gone,
}

/// Writes and flushes what was printed. A closed stderr loses its lines and nothing else.
///
/// # Errors
/// stdout cannot be written, other than because its reader is gone; a full disk, for one.
pub fn deliver(
    printed: &Printed,
    stdout: &mut impl Write,
    stderr: &mut impl Write,
) -> io::Result<Reader> {
    let reader = match write(&printed.stdout, stdout) {
        Ok(()) => Reader::Listens,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Reader::Gone,
        Err(error) => return Err(error),
    };
    // Nobody is left to tell that stderr is closed.
    write(&printed.stderr, stderr).ok();
    Ok(reader)
}

fn write(text: &str, stream: &mut impl Write) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

impl Out {
    /// Waits until there is room for one more text; for ever once the thread has ended
    /// or the way is closed.
    pub(super) async fn has_room(&self) {
        if let Some(queue) = &self.0
            && queue.reserve().await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    }

    /// Passes a text on; there must be room.
    pub(super) fn put(&self, text: Printed) {
        if let Some(queue) = &self.0 {
            // A thread that ended has told why.
            queue.try_send(text).ok();
        }
    }

    /// Nothing more comes: the thread ends when it has written what it has.
    pub(super) fn close(&mut self) {
        self.0 = None;
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

    /// Waits until everything is written and the thread has ended.
    ///
    /// # Errors
    /// Standard output failed.
    ///
    /// # Cancel safety
    /// Safe: the next call goes on waiting.
    pub(super) async fn ended(&mut self) -> io::Result<()> {
        let Some(done) = &mut self.0 else { return Ok(()) };
        let result = done.await;
        self.0 = None;
        // A thread that panicked leaves its text unwritten and has said so.
        result.unwrap_or(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that always fails in one way.
    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_no_error_and_a_full_disk_is() {
        let printed = Printed { stdout: "a".to_owned(), stderr: "b".to_owned() };
        let mut stderr = Vec::new();
        let reader = deliver(&printed, &mut Broken(io::ErrorKind::BrokenPipe), &mut stderr);
        assert_eq!(reader.expect("no error"), Reader::Gone);
        assert_eq!(stderr, b"b");
        let full = deliver(&printed, &mut Broken(io::ErrorKind::StorageFull), &mut stderr);
        assert_eq!(full.expect_err("an error").kind(), io::ErrorKind::StorageFull);
        let mut stdout = Vec::new();
        let reader = deliver(&printed, &mut stdout, &mut Broken(io::ErrorKind::BrokenPipe));
        assert_eq!((reader.expect("no error"), stdout), (Reader::Listens, b"a".to_vec()));
    }
}
