//! A network that a test plays from memory, in the time of the test's own clock. Nothing is opened.

use std::fmt;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderValue;
use tokio::sync::mpsc;

use super::Net;
use super::NetError;
use super::Reply;
use super::Request;
use super::Site;
use super::reply::Body;
use super::reply::Head;
use super::reply::seconds;
use super::size::Leaving;
use crate::backend::BoxFuture;
use crate::route::Egress;

/// Answers requests.
pub(crate) trait Play: Send + Sync + fmt::Debug {
    /// Answers one; dropping what it returns closes the connection.
    fn play(&'static self, sent: Sent) -> BoxFuture<'static, Result<Played, NetError>>;
}

/// What has left the device.
#[derive(Clone)]
pub(crate) struct Sent {
    /// The host that it went to.
    pub(crate) host: String,
    /// Where on that host.
    pub(crate) path: String,
    /// Every byte of the content.
    pub(crate) body: Vec<u8>,
}

/// A reply, whose pieces come when the other side sends them.
#[derive(Debug)]
pub(crate) struct Played {
    /// The status code.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(crate) pieces: mpsc::Receiver<Result<Bytes, NetError>>,
}

impl Net {
    /// Makes a network that `play` answers for.
    pub(crate) fn played(egress: Egress, play: &'static dyn Play) -> Self {
        Self { egress, played: Some(play) }
    }
}

impl Site {
    /// Sends a request to whoever plays the network, if anybody does.
    pub(super) async fn play(&self, request: &Request) -> Option<Result<Reply, NetError>> {
        let play = self.net.played?;
        let host = self.origin().host().to_owned();
        let sent =
            Sent { host: host.clone(), path: request.path.clone(), body: request.body.clone() };
        let limits = self.limits();
        let leaving = Leaving::new(&request.meter, request.body.len() as u64);
        let answered = tokio::time::timeout(limits.connect + limits.first_byte, play.play(sent));
        Some(match answered.await {
            Ok(Ok(Played { status, headers: said, pieces })) => {
                let mut headers = HeaderMap::new();
                for (name, value) in said {
                    headers.insert(name, HeaderValue::try_from(value).expect("a header's value"));
                }
                let head = Head { status, headers };
                let body = Body::Played(pieces);
                let reply = Reply::new(head, body, (&host, limits), request.max_body);
                reply.map(|reply| reply.metered(&request.meter))
            }
            Ok(Err(error)) => {
                if error.is_before_sending() {
                    leaving.stayed();
                }
                Err(error)
            }
            Err(_) => Err(NetError::FirstByteTimeout { host, seconds: seconds(limits.first_byte) }),
        })
    }
}
