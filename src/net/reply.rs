//! A reply: its head, and its body piece by piece within limits.

use std::time::Duration;

use bytes::Bytes;

use super::NetError;
use super::classify::classify;
use super::size;
use super::transport::Limits;
use crate::backend::Meter;

/// The headers of a reply.
#[derive(Clone)]
pub struct Headers(reqwest::header::HeaderMap);

impl Headers {
    /// Returns the value of `name`, if there is one and it is ASCII text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| value.to_str().ok())
    }
}

impl std::fmt::Debug for Headers {
    /// Values may be secrets: only the names are shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys().map(reqwest::header::HeaderName::as_str)).finish()
    }
}

/// A reply whose head has come.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    headers: Headers,
    host: String,
    limits: Limits,
    body: Body,
    limit: u64,
    left: u64,
    meter: Meter,
}

/// A reply's head.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
}

/// Where the pieces of a body come from.
#[derive(Debug)]
pub(super) enum Body {
    /// From a connection.
    Sent(reqwest::Response),
    /// From a test.
    #[cfg(test)]
    Played(tokio::sync::mpsc::Receiver<Result<Bytes, NetError>>),
}

impl Reply {
    pub(super) fn of(
        response: reqwest::Response,
        host: &str,
        limits: Limits,
        limit: u64,
    ) -> Result<Self, NetError> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self::new(Head { status, headers }, Body::Sent(response), (host, limits), limit)
    }

    pub(super) fn new(
        Head { status, headers }: Head,
        body: Body,
        (host, limits): (&str, Limits),
        limit: u64,
    ) -> Result<Self, NetError> {
        let headers = Headers(headers);
        let host = host.to_owned();
        let meter = Meter::default();
        let reply = Self { status, headers, host, limits, body, limit, left: limit, meter };
        match reply.header("content-encoding") {
            None | Some("" | "identity") => Ok(reply),
            Some(_) => Err(NetError::Encoded { host: reply.host }),
        }
    }

    /// Counts what came and what comes.
    pub(super) fn metered(mut self, meter: &Meter) -> Self {
        meter.got(size::head(self.status, &self.headers.0));
        self.meter = meter.clone();
        self
    }

    /// Returns the status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the headers.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Returns a header's value, if there is one and it is ASCII text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// Waits for the next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// Nothing came within the limit, the connection broke (before a length that was promised is
    /// reached, too), or the body is longer than allowed.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost. Dropping the reply closes the connection.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, NetError> {
        let idle = self.limits.idle;
        let read = async {
            match &mut self.body {
                Body::Sent(response) => {
                    let read = response.chunk().await;
                    read.map_err(|error| classify(&self.host, self.limits.connect, &error))
                }
                #[cfg(test)]
                Body::Played(pieces) => pieces.recv().await.transpose(),
            }
        };
        let Ok(read) = tokio::time::timeout(idle, read).await else {
            return Err(NetError::IdleTimeout { host: self.host.clone(), seconds: seconds(idle) });
        };
        let Some(chunk) = read? else { return Ok(None) };
        self.meter.got(chunk.len() as u64);
        let left = self.left.checked_sub(chunk.len() as u64);
        self.left =
            left.ok_or_else(|| NetError::TooLong { host: self.host.clone(), limit: self.limit })?;
        Ok(Some(chunk))
    }

    /// Reads the whole body.
    ///
    /// # Errors
    /// As for [`Reply::chunk`].
    pub async fn whole(mut self) -> Result<Vec<u8>, NetError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Reads the body's beginning, at most `bytes`: what an error page says of itself. What fails
    /// on the way ends it.
    pub async fn beginning(mut self, bytes: usize) -> Vec<u8> {
        let mut body = Vec::new();
        // The rest stays unread whatever its length.
        self.left = u64::MAX;
        while body.len() < bytes
            && let Ok(Some(chunk)) = self.chunk().await
        {
            body.extend_from_slice(&chunk);
        }
        body.truncate(bytes);
        body
    }
}

/// Whole seconds for a message, at least 1.
pub(super) fn seconds(time: Duration) -> u64 {
    time.as_secs().max(1)
}
