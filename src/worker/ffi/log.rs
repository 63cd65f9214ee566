//! llama.cpp's log and its last words.

use std::ffi::CStr;
use std::ffi::c_char;
use std::ffi::c_void;
use std::io::Write as _;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use llama_cpp_sys_2 as sys;

use crate::text::Clean;

/// The most bytes that llama.cpp may write into the engine's log file.
const LOG_BYTES_MAX: usize = 256 * 1024;

static WRITTEN: AtomicUsize = AtomicUsize::new(0);

/// The level of the last line.
static LEVEL: AtomicU32 = AtomicU32::new(0);

/// How many layers of the model that was loaded last are on GPUs.
static GPU_LAYERS: AtomicU32 = AtomicU32::new(0);

/// Set while a `decode` is being stopped on purpose, which llama.cpp reports as four errors.
static HUSHED: AtomicBool = AtomicBool::new(false);

unsafe extern "C" fn on_log(level: sys::ggml_log_level, text: *const c_char, _: *mut c_void) {
    // A continued line has the level of the line that it continues.
    let level = if level == sys::GGML_LOG_LEVEL_CONT {
        LEVEL.load(Ordering::Relaxed)
    } else {
        LEVEL.store(level, Ordering::Relaxed);
        level
    };
    if level == sys::GGML_LOG_LEVEL_INFO && !text.is_null() {
        // SAFETY: llama.cpp passes a NUL-terminated string that lives during the call.
        if let Some(layers) = offloaded(&unsafe { CStr::from_ptr(text) }.to_string_lossy()) {
            GPU_LAYERS.store(layers, Ordering::Relaxed);
        }
    }
    if level < sys::GGML_LOG_LEVEL_WARN || text.is_null() || HUSHED.load(Ordering::Relaxed) {
        return;
    }
    // SAFETY: llama.cpp passes a NUL-terminated string that lives during the call.
    write(unsafe { CStr::from_ptr(text) });
}

/// Reads what llama.cpp tells nowhere but in its log: `load_tensors: offloaded 31/31 layers to GPU`.
fn offloaded(line: &str) -> Option<u32> {
    let (_, rest) = line.split_once("offloaded ")?;
    let (layers, rest) = rest.split_once('/')?;
    rest.contains(" layers to GPU").then(|| layers.trim().parse().ok())?
}

/// Returns how many layers of the model that was loaded last are on GPUs.
pub(in crate::worker) fn gpu_layers() -> u32 {
    GPU_LAYERS.load(Ordering::Relaxed)
}

/// Forgets the model that was loaded before.
pub(in crate::worker) fn forget_layers() {
    GPU_LAYERS.store(0, Ordering::Relaxed);
}

unsafe extern "C" fn on_abort(text: *const c_char) {
    if !text.is_null() {
        // SAFETY: as above.
        write(unsafe { CStr::from_ptr(text) });
        write(c"\n");
    }
}

/// Writes while the file is within its bound; a failed write has nobody left to be told.
///
/// llama.cpp quotes the model file, which is anybody's: it goes in clean.
pub(super) fn write(text: &CStr) {
    let text = Clean::new(&text.to_string_lossy());
    if WRITTEN.fetch_add(text.len(), Ordering::Relaxed) < LOG_BYTES_MAX {
        std::io::stderr().write_all(text.as_str().as_bytes()).ok();
    }
}

/// Sends llama.cpp's warnings and errors to standard error, which is the engine's log file, within
/// a bound. An assertion writes its text there before it ends the process, instead of starting a
/// debugger, which is what ggml does without a callback.
pub(in crate::worker) fn log_to_stderr() {
    // SAFETY: both callbacks are plain functions that live as long as the program.
    unsafe {
        sys::llama_log_set(Some(on_log), std::ptr::null_mut());
        sys::ggml_set_abort_callback(Some(on_abort));
    }
}

/// Keeps llama.cpp's log from reporting what was asked for, or lets it speak again.
pub(super) fn hush(hushed: bool) {
    HUSHED.store(hushed, Ordering::Relaxed);
}

/// Returns the vector units and backends in use, as llama.cpp words it.
pub(in crate::worker) fn system_info() -> String {
    // SAFETY: returns a pointer to a static string.
    let info = unsafe { CStr::from_ptr(sys::llama_print_system_info()) };
    info.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layers_are_read_from_the_log() {
        assert_eq!(offloaded("load_tensors: offloaded 31/31 layers to GPU\n"), Some(31));
        assert_eq!(offloaded("load_tensors: offloaded 0/31 layers to GPU"), Some(0));
        for line in ["", "offloaded x/31 layers to GPU", "offloaded 3/4 to disk"] {
            assert_eq!(offloaded(line), None, "{line}");
        }
    }
}
