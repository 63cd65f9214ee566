//! Loads a model with settings that the safe crate does not pass on.

use std::ffi::CString;
use std::ffi::c_void;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::ptr::NonNull;

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_sys_2 as sys;

use crate::chat::Compute;
use crate::chat::GpuLayers;

unsafe extern "C" fn progress<F: FnMut(f32) -> bool>(share: f32, data: *mut c_void) -> bool {
    // SAFETY: `data` is the closure of the `load` below that is being served.
    unsafe { (*data.cast::<F>())(share) }
}

/// Loads a model file; `told` hears the share that is loaded, 0 to 1, and stops the load by `false`.
/// `None` when llama.cpp refuses the file or was stopped; its log says which.
pub(in crate::worker) fn load<F: FnMut(f32) -> bool>(
    _: &LlamaBackend,
    path: &Path,
    compute: Compute,
    mut told: F,
) -> Option<LlamaModel> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    // SAFETY: returns a plain struct.
    let mut params = unsafe { sys::llama_model_default_params() };
    if let GpuLayers::First(layers) = compute.gpu_layers {
        params.n_gpu_layers = i32::try_from(layers).unwrap_or(i32::MAX);
    }
    if !compute.mmap {
        params.load_mode = sys::LLAMA_LOAD_MODE_NONE;
    }
    params.use_extra_bufts = compute.repack;
    params.progress_callback = Some(progress::<F>);
    params.progress_callback_user_data = (&raw mut told).cast();
    // SAFETY: the path ends in a NUL, and the closure outlives the call, which alone uses it.
    let raw = unsafe { sys::llama_model_load_from_file(path.as_ptr(), params) };
    let raw: NonNull<sys::llama_model> = NonNull::new(raw)?;
    // SAFETY: `LlamaModel` is `repr(transparent)` over a transparent wrapper of `NonNull`
    // (llama-cpp-2 0.1.160, pinned exactly); it owns the model from here on and frees it.
    Some(unsafe { std::mem::transmute::<NonNull<sys::llama_model>, LlamaModel>(raw) })
}
