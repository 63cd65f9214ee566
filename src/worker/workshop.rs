//! Work on model files that is no turn, in a process of its own: a model file is untrusted input, and
//! an assertion in llama.cpp ends the process that it is in.
//!
//! The process says what it does in lines of JSON on standard output: `{"step":[done,total]}`, then
//! one line with its result or `{"failed":why}`. It ends with whoever started it: when its standard
//! input ends.

use std::ffi::CString;
use std::ffi::OsString;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::path::PathBuf;

use llama_cpp_2::LlamaBackendDeviceType;
use llama_cpp_2::list_llama_ggml_backend_devices;
use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use super::ffi;
use super::measure::measure;
use super::measure::retrace;
use super::model;
use super::turn::count;
use crate::device;

/// What is measured where no text is given.
const OWN_TEXT: &str = include_str!("../../assets/measure.txt");

/// The longest text that is measured; some windows of it are.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// Does one job in this process. `words` are its name and what it needs:
///
/// - `quantize FROM TO NUMBER`, the number of `enum llama_ftype`
/// - `measure MODEL TEXT`, a file with text, or nothing for a text of our own
/// - `retrace MODEL QUESTION ANSWER`, the beginning of an answer that came from elsewhere
/// - `devices`
///
/// # Errors
/// Standard output is gone; what becomes of the job is said there.
pub fn run(words: &[OsString]) -> io::Result<()> {
    // A crash leaves its words, not gigabytes of weights in a core file.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(Resource::Core, none).ok();
    let words: Vec<&Path> = words.iter().map(Path::new).collect();
    let done = match words.as_slice() {
        [job, from, to, number] if job.as_os_str() == "quantize" => quantise(from, to, number),
        [job, model, text] if job.as_os_str() == "measure" => measured(model, text),
        [job, model, question, answer] if job.as_os_str() == "retrace" => {
            retraced(model, question, answer)
        }
        [job] if job.as_os_str() == "devices" => devices(),
        _ => Err("no such job".to_owned()),
    };
    say(&done.unwrap_or_else(|why| json!({ "failed": why })))
}

fn say(line: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Ends this process when whoever started it does, and takes a half-made file with it.
fn follow_the_front(made: Option<PathBuf>) {
    std::thread::spawn(move || {
        io::stdin().lock().read_to_end(&mut Vec::new()).ok();
        if let Some(file) = made {
            std::fs::remove_file(file).ok();
        }
        rustix::process::kill_process(rustix::process::getpid(), Signal::KILL).ok();
    });
}

fn threads() -> u32 {
    count(device::cores().physical)
}

fn quantise(from: &Path, to: &Path, number: &Path) -> Result<Value, String> {
    let file_type = number.to_str().and_then(|number| number.parse().ok()).ok_or("no number")?;
    let name = |path: &Path| CString::new(path.as_os_str().as_bytes()).map_err(|e| e.to_string());
    let (source, target) = (name(from)?, name(to)?);
    follow_the_front(Some(to.to_owned()));
    model::backend().map_err(|error| error.to_string())?;
    let job = ffi::Quantising {
        from: &source,
        to: &target,
        file_type,
        threads: i32::try_from(threads()).unwrap_or(1),
        // A front that is gone is noticed by the other thread.
        step: |number, of| say(&json!({ "step": [number, of] })).unwrap_or(()),
    };
    if ffi::quantise(job) {
        Ok(json!({ "quantized": true }))
    } else {
        Err("llama.cpp cannot quantise it".to_owned())
    }
}

fn measured(path: &Path, text: &Path) -> Result<Value, String> {
    follow_the_front(None);
    let mut bytes = Vec::new();
    if text.as_os_str().is_empty() {
        bytes.extend(OWN_TEXT.bytes());
    } else {
        std::fs::File::open(text)
            .and_then(|file| file.take(TEXT_BYTES_MAX).read_to_end(&mut bytes))
            .map_err(|error| format!("{}: {error}", text.display()))?;
    }
    let text = String::from_utf8_lossy(&bytes);
    let found = measure(path, &text, threads()).map_err(|error| error.to_string())?;
    let (perplexity, tokens) = found.perplexity;
    Ok(json!({ "measured": {
        "load_ms": found.load.as_secs_f64() * 1e3, "prefill_tps": found.prefill_tps,
        "decode_tps": found.decode_tps, "perplexity": perplexity, "tokens": tokens,
    }}))
}

/// Tells by how much each token of an answer is behind the one that this device would have taken: the
/// answers of two backends are compared by that.
fn retraced(path: &Path, question: &Path, answer: &Path) -> Result<Value, String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let said = retrace(path, (&text(question), &text(answer)), threads());
    let said = said.map_err(|error| error.to_string())?;
    let tokens = said.iter().map(|said| json!({ "text": said.text, "behind": said.behind }));
    Ok(json!({ "tokens": tokens.collect::<Vec<_>>() }))
}

/// Lists what this build can compute on.
fn devices() -> Result<Value, String> {
    model::backend().map_err(|error| error.to_string())?;
    let all = list_llama_ggml_backend_devices().into_iter().map(|device| {
        let kind = match device.device_type {
            LlamaBackendDeviceType::Cpu => "cpu",
            LlamaBackendDeviceType::Accelerator => "accelerator",
            LlamaBackendDeviceType::Gpu => "gpu",
            LlamaBackendDeviceType::IntegratedGpu => "integrated gpu",
            LlamaBackendDeviceType::Unknown => "unknown",
        };
        json!({
            "name": device.name, "description": device.description, "backend": device.backend,
            "kind": kind, "free_bytes": device.memory_free, "total_bytes": device.memory_total,
        })
    });
    Ok(json!({ "devices": all.collect::<Vec<_>>() }))
}
