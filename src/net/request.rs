//! One request, without a host: the site that it is given to adds that.

use crate::backend::Meter;

/// A method, a path below the site's address, headers that are no secret, and a body.
#[derive(Clone)]
pub struct Request {
    pub(super) method: reqwest::Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) max_body: u64,
    pub(super) meter: Meter,
}

/// The longest reply that is read when nothing else is said.
const MAX_BODY_BYTES: u64 = 32 * 1024 * 1024;

impl Request {
    /// Asks for `path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(reqwest::Method::GET, path.into(), Vec::new())
    }

    /// Sends `json` to `path`.
    pub fn post(path: impl Into<String>, json: Vec<u8>) -> Self {
        Self::new(reqwest::Method::POST, path.into(), json)
            .header("content-type", "application/json".to_owned())
    }

    fn new(method: reqwest::Method, path: String, body: Vec<u8>) -> Self {
        let meter = Meter::default();
        Self { method, path, headers: Vec::new(), body, max_body: MAX_BODY_BYTES, meter }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Has its bytes and those of the reply counted: head and body as HTTP/1.1 writes them.
    #[must_use]
    pub fn metered(mut self, meter: Meter) -> Self {
        self.meter = meter;
        self
    }

    /// Sets the most bytes of the reply's body that are read; 32 MiB unless set.
    #[must_use]
    pub fn max_body(mut self, bytes: u64) -> Self {
        self.max_body = bytes;
        self
    }
}

impl std::fmt::Debug for Request {
    /// The body is a prompt: its length is all that is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method, self.path, self.body.len())
    }
}
