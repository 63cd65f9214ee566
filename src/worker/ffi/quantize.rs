//! llama.cpp's quantiser.

use std::ffi::CStr;
use std::ffi::c_char;
use std::ffi::c_void;

use llama_cpp_sys_2 as sys;

use super::log;

/// What is told of each tensor: its number from 1, and how many there are.
pub(in crate::worker) type Step = fn(u64, u64);

/// How a file is quantised.
#[derive(Clone, Copy, Debug)]
pub(in crate::worker) struct Quantising<'a> {
    /// The file, or the first of several.
    pub from: &'a CStr,
    /// The file that is made.
    pub to: &'a CStr,
    /// The number in `enum llama_ftype`.
    pub file_type: u32,
    /// Threads.
    pub threads: i32,
    /// Told of each tensor as it begins.
    pub step: Step,
}

unsafe extern "C" fn on_log(level: sys::ggml_log_level, text: *const c_char, step: *mut c_void) {
    if text.is_null() {
        return;
    }
    // SAFETY: llama.cpp passes a NUL-terminated string that lives during the call.
    let text = unsafe { CStr::from_ptr(text) };
    // SAFETY: the pointer was made from a `Step` below, and nothing else sets this callback.
    let step = unsafe { std::mem::transmute::<*mut c_void, Step>(step) };
    match tensor(&text.to_string_lossy()) {
        Some((number, of)) => step(number, of),
        None if level == sys::GGML_LOG_LEVEL_WARN || level == sys::GGML_LOG_LEVEL_ERROR => {
            log::write(text);
        }
        None => {}
    }
}

/// Reads the beginning of the line that llama.cpp logs before each tensor: `[   1/ 272] name`.
fn tensor(line: &str) -> Option<(u64, u64)> {
    let (numbers, _) = line.strip_prefix('[')?.split_once(']')?;
    let (number, of) = numbers.split_once('/')?;
    Some((number.trim().parse().ok()?, of.trim().parse().ok()?))
}

/// Quantises a file, a quantised one too, and returns whether that worked; llama.cpp's log says why
/// not. From then on that log tells of nothing else: it is for a process that does nothing else.
pub(in crate::worker) fn quantise(job: Quantising<'_>) -> bool {
    // SAFETY: returns a plain struct.
    let mut params = unsafe { sys::llama_model_quantize_default_params() };
    params.nthread = job.threads;
    params.ftype = job.file_type;
    // Whether that is wanted was asked before.
    params.allow_requantize = true;
    // SAFETY: the callback gets the pointer back that it was made with; both strings and the
    // parameters live during the call, which catches llama.cpp's exceptions itself.
    unsafe {
        sys::llama_log_set(Some(on_log), job.step as *mut c_void);
        sys::llama_model_quantize(job.from.as_ptr(), job.to.as_ptr(), &raw const params) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_tensor_is_read_from_its_line() {
        assert_eq!(tensor("[   1/ 272] token_embd.weight - [ 576, 49152"), Some((1, 272)));
        assert_eq!(tensor("[1000/1272] x"), Some((1000, 1272)));
        for line in ["", "[x/2] y", "converting to q4_0 .. ", "[ 1] x"] {
            assert_eq!(tensor(line), None, "{line}");
        }
    }
}
