//! A model hub on this machine, with the faults that a test asks for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

use sha2::Digest as _;
use sha2::Sha256;

/// What the hub does with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Gives it as it is.
    None,
    /// Breaks off after so many bytes of a reply, and promises all.
    Cut(usize),
    /// Breaks off after so many bytes, and then is silent until the client leaves.
    Stall(usize),
    /// Turns a bit in the middle.
    Altered,
    /// Says another length than it has, and sends what it says.
    Longer,
    /// Promises a length in the listing that is not the file's.
    WrongSize,
    /// Promises a hash that is not the file's.
    WrongHash,
    /// Knows no ranges.
    NoRanges,
}

/// What was asked for: path, range, and whether a token came along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) range: Option<String>,
    pub(crate) token: bool,
}

struct State {
    files: BTreeMap<String, Vec<u8>>,
    fault: Fault,
    /// How often the file is given with the fault; afterwards it is right.
    faults_left: usize,
    etag: String,
    asked: Vec<Asked>,
    cdn: Option<u16>,
    repository: &'static str,
}

/// A hub with one repository, `org/repo`; it leaves with the test.
#[derive(Clone)]
pub(crate) struct Hub {
    port: u16,
    state: Arc<Mutex<State>>,
}

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

impl Hub {
    /// Starts a hub that gives `files` with `fault`, `faults` times.
    pub(crate) fn start(files: &[(&str, &[u8])], fault: Fault, faults: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let files = files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
        let state = State {
            files: files.collect(),
            fault,
            faults_left: faults,
            etag: "\"one\"".to_owned(),
            asked: Vec::new(),
            cdn: None,
            repository: "org/repo",
        };
        let hub = Self { port, state: Arc::new(Mutex::new(state)) };
        let serving = hub.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let hub = serving.clone();
                // A client that leaves half-way is no fault of the hub's.
                thread::spawn(move || hub.serve(&stream).ok());
            }
        });
        hub
    }

    /// Sends files from another server from now on.
    pub(crate) fn with_cdn(self, other: &Self) -> Self {
        self.state.lock().expect("nobody panicked").cdn = Some(other.port);
        self
    }

    /// Has another repository from now on.
    #[allow(dead_code, reason = "only the first start asks for another")]
    pub(crate) fn with_repository(self, name: &'static str) -> Self {
        self.state.lock().expect("nobody panicked").repository = name;
        self
    }

    /// Returns where it tells about its repository.
    fn page(&self) -> String {
        format!("/api/models/{}", self.state.lock().expect("nobody panicked").repository)
    }

    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().expect("nobody panicked").asked.clone()
    }

    /// Returns the ranges in which files were asked for.
    pub(crate) fn ranges(&self) -> Vec<Option<String>> {
        let files = self.asked().into_iter().filter(|asked| asked.path.contains("/resolve/"));
        files.map(|asked| asked.range).collect()
    }

    /// Replaces a file by another one.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) {
        let mut state = self.state.lock().expect("nobody panicked");
        state.files.insert(name.to_owned(), bytes.to_vec());
        "\"two\"".clone_into(&mut state.etag);
    }

    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            let mut headers = BTreeMap::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                let Some((name, value)) = line.trim_end().split_once(':') else { break };
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            let range = headers.get("range").cloned();
            let token = headers.contains_key("authorization");
            let asked = Asked { path: path.clone(), range, token };
            self.state.lock().expect("nobody panicked").asked.push(asked);
            if !self.answer(&path, &headers, stream)? {
                return Ok(());
            }
        }
    }

    /// Answers; says whether the connection goes on.
    fn answer(
        &self,
        path: &str,
        headers: &BTreeMap<String, String>,
        mut stream: &TcpStream,
    ) -> std::io::Result<bool> {
        if path == self.page() {
            return reply(stream, "200 OK", "", format!("{{\"sha\":\"{COMMIT}\"}}").as_bytes());
        }
        if path == format!("{}/tree/{COMMIT}", self.page()) {
            return reply(stream, "200 OK", "", self.listing().as_bytes());
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        let (file, fault, etag, cdn) = {
            let mut state = self.state.lock().expect("nobody panicked");
            let fault = if state.faults_left > 0 { state.fault } else { Fault::None };
            let file = state.files.get(name).cloned();
            if state.cdn.is_none() && file.is_some() {
                state.faults_left = state.faults_left.saturating_sub(1);
            }
            (file, fault, state.etag.clone(), state.cdn)
        };
        let Some(mut file) = file else { return reply(stream, "404 Not Found", "", b"none") };
        if let Some(port) = cdn {
            let to = format!("location: http://127.0.0.1:{port}{path}\r\n");
            return reply(stream, "302 Found", &to, b"");
        }
        let total = file.len();
        if fault == Fault::Altered {
            file[total / 2] ^= 1;
        }
        let from = headers.get("range").filter(|_| fault != Fault::NoRanges);
        let from = from.filter(|_| headers.get("if-range") == Some(&etag));
        let from: Option<usize> =
            from.and_then(|range| range.strip_prefix("bytes=")?.trim_end_matches('-').parse().ok());
        let start = from.unwrap_or(0);
        if start >= total {
            return reply(stream, "416 Range Not Satisfiable", "", b"no such range");
        }
        let body = &file[start..];
        let mut head = match from {
            Some(start) => format!(
                "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes {start}-{}/{total}\r\n",
                total - 1
            ),
            None => "HTTP/1.1 200 OK\r\n".to_owned(),
        };
        let extra = usize::from(fault == Fault::Longer) * 7;
        write!(head, "content-length: {}\r\netag: {etag}\r\n\r\n", body.len() + extra)
            .expect("a string takes it");
        stream.write_all(head.as_bytes())?;
        match fault {
            Fault::Cut(bytes) => {
                stream.write_all(&body[..bytes.min(body.len())])?;
                return Ok(false);
            }
            Fault::Stall(bytes) => {
                stream.write_all(&body[..bytes.min(body.len())])?;
                // Until the client closes.
                std::io::copy(&mut stream, &mut std::io::sink())?;
                return Ok(false);
            }
            _ => {}
        }
        stream.write_all(body)?;
        stream.write_all(&b"surplus"[..extra])?;
        Ok(true)
    }

    fn listing(&self) -> String {
        let state = self.state.lock().expect("nobody panicked");
        let entries = state.files.iter().map(|(name, bytes)| {
            let size = bytes.len() + usize::from(state.fault == Fault::WrongSize);
            let hash = match state.fault {
                Fault::WrongHash => "0".repeat(64),
                _ => format!("{:x}", Sha256::digest(bytes)),
            };
            serde_json::json!({
                "type": "file", "path": name, "size": size, "lfs": { "oid": hash, "size": size },
            })
        });
        serde_json::Value::from(entries.collect::<Vec<_>>()).to_string()
    }
}

fn reply(
    mut stream: &TcpStream,
    status: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<bool> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    Ok(true)
}
