//! Values to bytes and back, whatever the chunks.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// The largest payload of a frame in bytes; a conversation of this size fits no context.
pub const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of the length in front of each payload.
const PREFIX_BYTES: usize = 4;

/// Room that a decoder keeps between frames.
const KEPT_BYTES: usize = 256 * 1024;

/// Why bytes are not frames; the connection is of no use after any of these.
#[derive(Debug, Error)]
pub enum FrameError {
    /// The payload is larger than a frame may be. Remedy: send less.
    #[error("a frame of {0} bytes is larger than {FRAME_BYTES_MAX}")]
    TooLarge(usize),
    /// The payload is not a value of the protocol. Remedy: drop the connection.
    #[error("not a frame of this protocol: {0}")]
    Malformed(#[from] postcard::Error),
}

/// Turns a value into one frame.
///
/// # Errors
/// `TooLarge` when the payload exceeds [`FRAME_BYTES_MAX`].
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, FrameError> {
    let mut frame = postcard::to_extend(value, vec![0; PREFIX_BYTES])?;
    let payload = frame.len() - PREFIX_BYTES;
    if payload > FRAME_BYTES_MAX {
        return Err(FrameError::TooLarge(payload));
    }
    let length = u32::try_from(payload).map_err(|_| FrameError::TooLarge(payload))?;
    frame[..PREFIX_BYTES].copy_from_slice(&length.to_le_bytes());
    Ok(frame)
}

/// Collects bytes and gives back whole values.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// Bytes at the front that were given back already.
    read: usize,
}

impl Decoder {
    /// Adds bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.read > 0 {
            self.bytes.drain(..self.read);
            self.read = 0;
            // One large frame is no reason to hold its room for as long as the connection lives.
            self.bytes.shrink_to(KEPT_BYTES.max(self.bytes.len()));
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns the next whole value, if its bytes are there.
    ///
    /// # Errors
    /// The bytes are not frames; nothing after them can be trusted.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        let rest = &self.bytes[self.read..];
        let Some((prefix, rest)) = rest.split_first_chunk::<PREFIX_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*prefix) as usize;
        if length > FRAME_BYTES_MAX {
            return Err(FrameError::TooLarge(length));
        }
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        let value = postcard::from_bytes(payload)?;
        self.read += PREFIX_BYTES + length;
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_length_that_lies_is_refused_before_it_is_waited_for() {
        let mut decoder = Decoder::default();
        decoder.push(&u32::MAX.to_le_bytes());
        assert!(matches!(decoder.take::<String>(), Err(FrameError::TooLarge(_))));
    }

    #[test]
    fn a_payload_larger_than_a_frame_is_not_sent() {
        let large = "x".repeat(FRAME_BYTES_MAX);
        assert!(matches!(encode(&large), Err(FrameError::TooLarge(_))));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_values(
            values in proptest::collection::vec(".{0,40}", 0..8),
            chunk in 1_usize..50,
        ) {
            let bytes: Vec<u8> =
                values.iter().flat_map(|value| encode(value).expect("small")).collect();
            let mut decoder = Decoder::default();
            let mut seen = Vec::new();
            for piece in bytes.chunks(chunk) {
                decoder.push(piece);
                while let Some(value) = decoder.take::<String>().expect("well formed") {
                    seen.push(value);
                }
            }
            prop_assert_eq!(seen, values);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.take::<crate::ipc::ToFront>() {}
            let mut decoder = Decoder::default();
            decoder.push(&bytes);
            while let Ok(Some(_)) = decoder.take::<crate::ipc::ToEngine>() {}
        }
    }
}
