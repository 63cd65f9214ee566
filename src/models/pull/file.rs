//! One file: continued, checked while it is written, and given its place when it is right.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::Read as _;
use std::path::Path;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::Told;
use super::fetch as net_error;
use super::part::Opened;
use super::part::Part;
use super::wanted::is_sha256;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::gguf;
use crate::models::ModelError;
use crate::models::file_name;
use crate::models::keep;
use crate::models::preflight::bad;
use crate::net::Download;
use crate::net::Fetcher;
use crate::net::NetError;
use crate::text;

/// No model is longer: it guards the disk against a server that does not stop.
const MAX_BYTES: u64 = 4 << 40;

/// How often a connection that broke is made again, as long as each brings something.
const ATTEMPTS: usize = 20;

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// The path below the fetcher's address.
    pub(super) path: String,
    /// The name that it gets here.
    pub(super) name: String,
    /// Its length, as its repository says.
    pub(super) bytes: Option<u64>,
    /// Its SHA-256, as its repository or the user says.
    pub(super) sha256: Option<String>,
    /// Where it is from, for the record.
    pub(super) origin: String,
}

/// Fetches a file into `directory`; returns its path. One that is there already is not fetched.
///
/// # Errors
/// As for [`super::pull`].
pub(super) async fn fetch(
    fetcher: &Fetcher,
    source: &Source,
    directory: &Path,
    cancel: &CancellationToken,
    told: Told<'_>,
) -> Result<PathBuf, ModelError> {
    let target = directory.join(&source.name);
    let opened = Part::open(directory, &source.name).map_err(|error| bad(&target, &error))?;
    let mut part = match opened {
        Opened::Ours(part) => part,
        Opened::Done => return already(source, target),
        Opened::Busy => {
            let message = format!("another edgewise is fetching {}", source.name);
            return Err(ModelError::Bad { message });
        }
    };
    let mut source = source.clone();
    let mut attempts = ATTEMPTS;
    loop {
        let before = part.length();
        let coming = attempt(fetcher, &mut source, &mut part, told);
        let result = tokio::select! {
            result = coming => result,
            () = cancel.cancelled() => Err(Trouble::Stopped),
        };
        attempts -= 1;
        match result {
            Ok(()) => return place(part, &source),
            Err(Trouble::Stopped) => return Err(ModelError::Stopped),
            Err(Trouble::Model(error)) => return Err(error),
            // What broke half-way is continued where it broke.
            Err(Trouble::Net(error))
                if error.is_transient() && part.length() > before && attempts > 0 => {}
            Err(Trouble::Net(error)) => return Err(net_error(error)),
        }
    }
}

enum Trouble {
    Stopped,
    Net(NetError),
    Model(ModelError),
}

impl From<ModelError> for Trouble {
    fn from(error: ModelError) -> Self {
        Self::Model(error)
    }
}

/// Asks for what is missing and writes what comes.
async fn attempt(
    fetcher: &Fetcher,
    source: &mut Source,
    part: &mut Part,
    told: Told<'_>,
) -> Result<(), Trouble> {
    let full = |part: &Part, error: io::Error| bad(part.path(), &error);
    let (have, etag) = part.left();
    let mut headers = Vec::new();
    if let Some(etag) = etag.as_ref().filter(|_| have > 0) {
        headers.push(("range", format!("bytes={have}-")));
        headers.push(("if-range", etag.clone()));
    }
    let download = fetcher.get(&source.path, &headers, MAX_BYTES).await.map_err(Trouble::Net)?;
    let start = begins(&download, source, have)?;
    learn(&download, source);
    let length = length(&download, start);
    if let (Some(promised), Some(length)) = (source.bytes, length)
        && promised != length
    {
        let message =
            format!("{}: {length} bytes are offered, {promised} were promised", source.name);
        return Err(ModelError::Bad { message }.into());
    }
    source.bytes = source.bytes.or(length);
    part.keep(start).map_err(|error| full(part, error))?;
    if download.reply.status() == 416 {
        // All of it had come already; what follows are words about that.
        return Ok(());
    }
    part.mark(strong_etag(&download).as_deref()).map_err(|error| full(part, error))?;
    let mut reply = download.reply;
    told(&source.name, part.length(), source.bytes);
    while let Some(bytes) = reply.chunk().await.map_err(Trouble::Net)? {
        if source.bytes.is_some_and(|most| part.length() + bytes.len() as u64 > most) {
            let message = format!("{}: more bytes than were promised", source.name);
            return Err(ModelError::Bad { message }.into());
        }
        part.append(&bytes).map_err(|error| full(part, error))?;
        told(&source.name, part.length(), source.bytes);
    }
    Ok(())
}

/// Returns where the bytes that come begin: behind what is there, or at the start.
fn begins(download: &Download, source: &Source, have: u64) -> Result<u64, ModelError> {
    let status = download.reply.status();
    let from = |download: &Download| {
        let range = download.reply.header("content-range")?.strip_prefix("bytes ")?;
        range.split_once('-')?.0.parse::<u64>().ok()
    };
    match status {
        200 => Ok(0),
        206 if from(download) == Some(have) => Ok(have),
        // Nothing is missing, or it is another file now: its hash tells.
        416 if source.bytes == Some(have) => Ok(have),
        401 | 403 => {
            let fault = Fault::new(format!("{} does not give {}", download.origin, source.name));
            let hint = "the model may want its terms accepted, or a token in HF_TOKEN";
            Err(ModelError::Fetch(fault.kind(FaultKind::Usage).hint(hint)))
        }
        404 => {
            let fault = Fault::new(format!("{} has no {}", download.origin, source.name));
            Err(ModelError::Fetch(fault.kind(FaultKind::Usage)))
        }
        _ => {
            let what = format!("{} answers with status {status}", download.origin);
            Err(ModelError::Fetch(Fault::new(what)))
        }
    }
}

/// Takes the hash and the length that the hub gives on the way, where nothing better is known.
fn learn(download: &Download, source: &mut Source) {
    for hop in &download.hops {
        let tag = hop.headers.get("x-linked-etag").map(|tag| tag.trim_matches('"'));
        if let Some(hash) = tag.filter(|tag| is_sha256(tag)) {
            source.sha256.get_or_insert_with(|| hash.to_owned());
        }
        let size = hop.headers.get("x-linked-size").and_then(|size| size.parse().ok());
        source.bytes = source.bytes.or(size);
    }
}

/// Returns the length of the whole file, as the server that sends it says.
fn length(download: &Download, start: u64) -> Option<u64> {
    if download.reply.status() == 206 {
        let range = download.reply.header("content-range")?;
        return range.rsplit_once('/')?.1.parse().ok();
    }
    let length: u64 = download.reply.header("content-length")?.parse().ok()?;
    (download.reply.status() == 200).then_some(length + start)
}

/// Returns the mark of the server's file; a weak one does not tell bytes apart (RFC 9110, 8.8.3).
fn strong_etag(download: &Download) -> Option<String> {
    let tag = download.reply.header("etag")?;
    (tag.starts_with('"') && tag.len() > 2).then(|| tag.to_owned())
}

/// Checks what came, and gives it its place.
fn place(part: Part, source: &Source) -> Result<PathBuf, ModelError> {
    let wrong = |part: Part, what: String| {
        let name = &source.name;
        part.discard();
        Err(ModelError::Bad { message: format!("{name}: {what}; nothing of it was kept") })
    };
    let (length, sha256) = (part.length(), part.sha256());
    if let Some(promised) = source.bytes.filter(|promised| *promised != length) {
        let what = format!("{} came, {} were promised", text::bytes(length), text::bytes(promised));
        return wrong(part, what);
    }
    if let Some(promised) = source.sha256.as_ref().filter(|promised| **promised != sha256) {
        return wrong(part, format!("its SHA-256 is {sha256}, not {promised}"));
    }
    if let Err(what) = is_model(part.path(), &source.name) {
        return wrong(part, what);
    }
    let path = part.path().to_owned();
    let path = part.finish().map_err(|error| bad(&path, &error))?;
    // Without the record the model can be used all the same.
    keep::remember(&path, &source.origin, &sha256).ok();
    Ok(path)
}

/// Looks into the file: the first of several has the header, and of the others only the beginning
/// is known.
fn is_model(path: &Path, name: &str) -> Result<(), String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if file_name::part(stem).is_some_and(|part| part.of > 1) {
        let mut magic = [0; 4];
        file.read_exact(&mut magic).map_err(|error| error.to_string())?;
        return if magic == *b"GGUF" { Ok(()) } else { Err("not a model file".to_owned()) };
    }
    let bytes = file.metadata().map_err(|error| error.to_string())?.len();
    gguf::read(BufReader::new(file), bytes).map(|_| ()).map_err(|error| error.to_string())
}

/// A file of that name is there; it stays if it can be what is wanted.
fn already(source: &Source, target: PathBuf) -> Result<PathBuf, ModelError> {
    let length = target.metadata().map_or(0, |meta| meta.len());
    if source.bytes.is_none_or(|bytes| bytes == length) {
        return Ok(target);
    }
    let name = target.display();
    let message = format!("{name} is there already, and is another file: remove it first");
    Err(ModelError::Invalid { message })
}
