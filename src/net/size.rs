//! How large requests and replies are: head and body as HTTP/1.1 writes them, the same whatever
//! version is spoken. What TLS, TCP and the cutting of a body into chunks add is not counted.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::transport::USER_AGENT;
use crate::backend::Meter;

/// What the client library accepts where nothing else is said.
const ACCEPT: &str = "*/*";

/// Returns the bytes of a request with a body of this many.
pub(super) fn request(request: &reqwest::Request, body: usize) -> u64 {
    let url = request.url();
    let first = request.method().as_str().len() + 1 + url.path().len() + " HTTP/1.1\r\n".len();
    let query = url.query().map_or(0, |query| query.len() + 1);
    let port = url.port().map_or(0, |port| 1 + digits(port.into()));
    let mut added = line("host", url.host_str().unwrap_or_default().len() + port);
    added += line("user-agent", USER_AGENT.len()) + line("accept", ACCEPT.len());
    if body > 0 {
        added += line("content-length", digits(body));
    }
    (first + query + added + headers(request.headers()) + 2 + body) as u64
}

/// Returns the bytes of a reply's head.
pub(super) fn head(status: u16, map: &HeaderMap) -> u64 {
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let first = "HTTP/1.1 200 ".len() + reason.unwrap_or_default().len() + 2;
    (first + headers(map) + 2) as u64
}

fn headers(map: &HeaderMap) -> usize {
    map.iter().map(|(name, value)| line(name.as_str(), value.len())).sum()
}

fn line(name: &str, value: usize) -> usize {
    name.len() + ": ".len() + value + 2
}

fn digits(number: usize) -> usize {
    number.to_string().len()
}

/// A request on its way. It counts as sent unless it is known that it was not: also where nobody
/// waits for its reply any more.
#[derive(Debug)]
pub(super) struct Leaving<'a> {
    meter: Option<&'a Meter>,
    bytes: u64,
}

impl<'a> Leaving<'a> {
    pub(super) fn new(meter: &'a Meter, bytes: u64) -> Self {
        Self { meter: Some(meter), bytes }
    }

    /// Takes note that nothing of it has left.
    pub(super) fn stayed(mut self) {
        self.meter = None;
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if let Some(meter) = self.meter {
            meter.sent(self.bytes);
        }
    }
}
