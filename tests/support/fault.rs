//! A server that does what a script says: one script per connection, the last for all that follow.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::StreamOwned;

/// One step of a connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Reads one request: head and body.
    Read,
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes again and again, with a pause before each, until the other side leaves.
    Repeat(Vec<u8>, Duration),
    /// Says nothing until the other side leaves.
    Hold,
    /// Breaks the connection with a reset.
    Reset,
}

/// What a server saw, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A connection.
    Connected,
    /// A whole request.
    Request(String),
    /// The other side closed the connection, or broke it.
    Left,
}

/// A running server; it ends with the test's process.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) seen: mpsc::Receiver<Seen>,
}

impl Server {
    /// Plays `scripts`, one for each connection.
    pub(crate) fn plain(scripts: Vec<Vec<Step>>) -> Self {
        Self::start(scripts, None)
    }

    /// Plays `scripts` behind TLS.
    pub(crate) fn tls(scripts: Vec<Vec<Step>>, config: Arc<ServerConfig>) -> Self {
        Self::start(scripts, Some(config))
    }

    fn start(scripts: Vec<Vec<Step>>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("an address");
        let (tell, seen) = mpsc::sync_channel(4096);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { continue };
                let script = scripts.get(number).or(scripts.last()).cloned().unwrap_or_default();
                let (tls, tell) = (tls.clone(), tell.clone());
                thread::spawn(move || serve(stream, tls, &script, &tell));
            }
        });
        Self { addr, seen }
    }

    /// The server's address, with `path`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Every request that has come so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        let seen = self.seen.try_iter().filter_map(|seen| match seen {
            Seen::Request(text) => Some(text),
            Seen::Connected | Seen::Left => None,
        });
        seen.collect()
    }

    /// Waits until the other side has left one connection.
    pub(crate) fn wait_left(&self) {
        while self.seen.recv_timeout(Duration::from_secs(10)).expect("it leaves") != Seen::Left {}
    }
}

trait Pipe: Read + Write {}
impl<T: Read + Write> Pipe for T {}

fn serve(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    script: &[Step],
    tell: &mpsc::SyncSender<Seen>,
) {
    drop(tell.try_send(Seen::Connected));
    let raw = stream.try_clone().expect("a descriptor");
    let mut pipe: Box<dyn Pipe> = match tls {
        Some(config) => {
            let session = ServerConnection::new(config).expect("a configuration");
            Box::new(StreamOwned::new(session, stream))
        }
        None => Box::new(stream),
    };
    for step in script {
        if play(step, pipe.as_mut(), &raw, tell).is_err() {
            break;
        }
    }
    drop(pipe.flush());
}

fn play(
    step: &Step,
    pipe: &mut dyn Pipe,
    raw: &TcpStream,
    tell: &mpsc::SyncSender<Seen>,
) -> io::Result<()> {
    let left = |error: io::Error| {
        drop(tell.try_send(Seen::Left));
        error
    };
    match step {
        Step::Read => {
            let request = read_request(pipe).map_err(left)?;
            drop(tell.try_send(Seen::Request(request)));
            Ok(())
        }
        Step::Send(bytes) => pipe.write_all(bytes).and_then(|()| pipe.flush()).map_err(left),
        Step::Repeat(bytes, pause) => loop {
            // A pause is what is played here, not a way to wait for something.
            thread::park_timeout(*pause);
            pipe.write_all(bytes).and_then(|()| pipe.flush()).map_err(left)?;
        },
        Step::Hold => {
            let mut rest = [0; 1024];
            while matches!(pipe.read(&mut rest), Ok(count) if count > 0) {}
            Err(left(io::ErrorKind::UnexpectedEof.into()))
        }
        Step::Reset => {
            rustix::net::sockopt::set_socket_linger(raw, Some(Duration::ZERO))?;
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
}

fn read_request(pipe: &mut dyn Pipe) -> io::Result<String> {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        pipe.read_exact(&mut byte)?;
        text.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&text).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    pipe.read_exact(&mut body)?;
    text.extend(body);
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// A reply that closes the connection: status line, headers, body with its length.
pub(crate) fn reply(status: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut reply = head(status, headers);
    reply.truncate(reply.len() - 2);
    reply.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
    reply.extend(body);
    reply
}

/// The head of a reply whose body ends with the connection.
pub(crate) fn head(status: &str, headers: &[&str]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// Reads a request, then sends `bytes`.
pub(crate) fn answer(bytes: Vec<u8>) -> Vec<Step> {
    vec![Step::Read, Step::Send(bytes)]
}

/// A certificate authority of the test's own.
pub(crate) struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    /// What a client trusts.
    pub(crate) pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "edgewise test authority");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: rcgen::Issuer::new(params, key), pem }
    }

    /// A server's configuration with a certificate for `name`, valid until the end of `year`.
    pub(crate) fn server(&self, name: &str, year: i32) -> Arc<ServerConfig> {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 12, 31);
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let private = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private.into());
        Arc::new(config.expect("a certificate and its key"))
    }
}

/// A port of this device that takes no connection and refuses none: its queue is full.
pub(crate) struct Blackhole {
    pub(crate) addr: SocketAddr,
    _listener: std::os::fd::OwnedFd,
    _queued: Vec<TcpStream>,
}

impl Blackhole {
    pub(crate) fn new() -> Self {
        use rustix::net;
        let socket = net::socket(net::AddressFamily::INET, net::SocketType::STREAM, None);
        let socket = socket.expect("a socket");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        net::bind(&socket, &any).expect("a port");
        net::listen(&socket, 0).expect("it listens");
        let addr = net::getsockname(&socket).expect("an address");
        let addr = SocketAddr::try_from(addr).expect("an IPv4 address");
        let connect = || TcpStream::connect_timeout(&addr, Duration::from_millis(100));
        let queued: Vec<TcpStream> = std::iter::from_fn(|| connect().ok()).take(64).collect();
        assert!(queued.len() < 64, "the queue never fills");
        Self { addr, _listener: socket, _queued: queued }
    }
}

/// The address of a port that nobody listens on.
pub(crate) fn nobody() -> String {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}/v1", free.local_addr().expect("an address"))
}
