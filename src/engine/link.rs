//! A connection to an engine as frames, without blocking.

use std::io;

use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;

use super::connect::Connection;
use super::spawn::Ending;
use crate::ipc;
use crate::ipc::Decoder;
use crate::ipc::FrameError;
use crate::ipc::ToEngine;
use crate::ipc::ToFront;

/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;

/// Frames that wait to be written; the engine reads them at once.
const OUTBOX_FRAMES: usize = 256;

/// A connection: frames come from `next` and go by `send`.
#[derive(Debug)]
pub(super) struct Link {
    reader: OwnedReadHalf,
    decoder: Decoder,
    buffer: Vec<u8>,
    outbox: mpsc::Sender<Vec<u8>>,
    pub(super) ending: Option<Ending>,
}

impl Link {
    /// Takes over a connection.
    ///
    /// # Errors
    /// The socket cannot be registered with the runtime.
    pub(super) fn new(connection: Connection) -> io::Result<Self> {
        connection.socket.set_read_timeout(None)?;
        connection.socket.set_nonblocking(true)?;
        let (reader, writer) = UnixStream::from_std(connection.socket)?.into_split();
        let (outbox, frames) = mpsc::channel(OUTBOX_FRAMES);
        tokio::spawn(write(writer, frames));
        Ok(Self {
            reader,
            decoder: connection.decoder,
            buffer: vec![0; READ_BYTES],
            outbox,
            ending: connection.ending,
        })
    }

    /// Returns the next frame; `None` when the engine is gone or talks nonsense.
    ///
    /// # Cancel safety
    /// Safe: what was read stays in the decoder.
    pub(super) async fn next(&mut self) -> Option<ToFront> {
        loop {
            if let Some(frame) = self.decoder.take().ok()? {
                return Some(frame);
            }
            let read = self.reader.read(&mut self.buffer).await.ok().filter(|read| *read > 0)?;
            self.decoder.push(&self.buffer[..read]);
        }
    }

    /// Sends a frame; a dead connection shows in `next`.
    ///
    /// # Errors
    /// The frame is too large for the protocol.
    pub(super) async fn send(&self, frame: &ToEngine) -> Result<(), FrameError> {
        let bytes = ipc::encode(frame)?;
        self.outbox.send(bytes).await.ok();
        Ok(())
    }
}

/// Writes frames in order, apart from reading, so that a large one cannot hold up both sides.
async fn write(mut writer: OwnedWriteHalf, mut frames: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = frames.recv().await {
        if writer.write_all(&bytes).await.is_err() {
            return;
        }
    }
}
