//! Sequences between the cache and plain bytes, and from one sequence to another.

use llama_cpp_sys_2 as sys;

use super::Context;

/// The most sequences that llama.cpp can tell apart (`LLAMA_MAX_SEQ`).
pub(in crate::worker) const SEQUENCES_MAX: u32 = 256;

impl Context {
    /// Lets `to` have the cells `from..until` of `of` as well: nothing is copied, a cell belongs to
    /// both. A sequence whose memory cannot be cut is shared as a whole only.
    pub(in crate::worker) fn share(&mut self, of: i32, to: i32, from: i32, until: i32) {
        // SAFETY: the memory belongs to this live context, and all sequences share one stream.
        unsafe { sys::llama_memory_seq_cp(self.memory(), of, to, from, until) }
    }

    /// Returns what the cache holds of a sequence, to be given to [`Self::restore`] of the same
    /// model and settings; `None` when there is nothing, or no memory for it.
    pub(in crate::worker) fn save(&mut self, sequence: i32) -> Option<Vec<u8>> {
        // SAFETY: a live context, and a sequence that it was made for.
        let size = unsafe { sys::llama_state_seq_get_size_ext(self.raw(), sequence, 0) };
        let mut bytes: Vec<u8> = Vec::new();
        bytes.try_reserve_exact(size).ok()?;
        // SAFETY: llama.cpp writes at most `size` bytes, which the reserved room has.
        let written = unsafe {
            sys::llama_state_seq_get_data_ext(self.raw(), bytes.as_mut_ptr(), size, sequence, 0)
        };
        if written == 0 || written > size {
            return None;
        }
        // SAFETY: so many bytes were written, within the capacity.
        unsafe { bytes.set_len(written) };
        Some(bytes)
    }

    /// Puts back what [`Self::save`] gave, in place of what the sequence holds; `false` when there
    /// are no cells for it: then the sequence is empty.
    pub(in crate::worker) fn restore(&mut self, sequence: i32, bytes: &[u8]) -> bool {
        // SAFETY: reads within `bytes`; they came from this context and never left the process.
        let read = unsafe {
            let (data, size) = (bytes.as_ptr(), bytes.len());
            sys::llama_state_seq_set_data_ext(self.raw(), data, size, sequence, 0)
        };
        read == bytes.len() || {
            self.cut(sequence, 0);
            false
        }
    }

    /// Returns the first position that the cache still has of a sequence: above 0 where a sliding
    /// window let older ones go; `None` when it holds nothing.
    pub(in crate::worker) fn first_cached(&self, sequence: i32) -> Option<usize> {
        // SAFETY: the memory belongs to this live context; -1 is returned for an empty sequence.
        let first = unsafe { sys::llama_memory_seq_pos_min(self.memory(), sequence) };
        usize::try_from(first).ok()
    }
}
