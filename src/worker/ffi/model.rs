//! What the safe crate does not tell of a model.

use std::ffi::c_char;
use std::ptr::NonNull;

use llama_cpp_2::model::LlamaModel;
use llama_cpp_sys_2 as sys;

/// Reads the model's pointer, which the safe crate keeps to itself.
pub(super) fn model_ptr(model: &LlamaModel) -> *mut sys::llama_model {
    const { assert!(size_of::<LlamaModel>() == size_of::<NonNull<sys::llama_model>>()) };
    // SAFETY: `LlamaModel` is `repr(transparent)` over a transparent wrapper of `NonNull`
    // (llama-cpp-2 0.1.160, pinned exactly), so a reference to it is a reference to the pointer.
    unsafe { *std::ptr::from_ref(model).cast::<*mut sys::llama_model>() }
}

/// Returns architecture, size and quantisation as llama.cpp words it, like `llama ?B Q4_1`.
pub(in crate::worker) fn describe(model: &LlamaModel) -> String {
    let mut text = [0_u8; 128];
    // SAFETY: llama.cpp writes at most the given number of bytes, a NUL included.
    let written = unsafe {
        sys::llama_model_desc(model_ptr(model), text.as_mut_ptr().cast::<c_char>(), text.len())
    };
    let written = usize::try_from(written).unwrap_or(0).min(text.len() - 1);
    String::from_utf8_lossy(&text[..written]).into_owned()
}

/// Returns how many tokens back the layers with a sliding window look; 0 when there are none.
pub(in crate::worker) fn window(model: &LlamaModel) -> usize {
    // SAFETY: reads a number of a live model.
    usize::try_from(unsafe { sys::llama_model_n_swa(model_ptr(model)) }).unwrap_or(0)
}
