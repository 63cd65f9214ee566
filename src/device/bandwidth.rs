//! How fast all cores together read from memory: what decoding is made of.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use crate::device::cores;

/// Bytes that are read in one pass, all threads together: more than any cache of a small machine.
const PASS_BYTES: usize = 256 << 20;

/// Passes; the fastest counts, for the others were disturbed.
const PASSES: usize = 4;

/// Measures how many bytes per second the physical cores read, by comparing equal buffers, which
/// the C library does with the widest units there are. Takes some tenths of a second and 256 MB.
///
/// `now` tells the time since some start.
pub fn bandwidth(now: impl Fn() -> Duration) -> f64 {
    let threads = cores().physical.max(1);
    let each = PASS_BYTES / threads / 2;
    let buffers: Vec<(Vec<u8>, Vec<u8>)> =
        (0..threads).map(|_| (vec![1; each], vec![1; each])).collect();
    let passes = (0..PASSES).map(|_| {
        let start = now();
        thread::scope(|scope| {
            for (a, b) in &buffers {
                scope.spawn(move || black_box(black_box(a) == black_box(b)));
            }
        });
        now().saturating_sub(start).as_secs_f64()
    });
    let fastest = passes.fold(f64::INFINITY, f64::min).max(1e-9);
    (each * 2 * threads) as f64 / fastest
}
