//! The signals of the device as the screen names them.

use crate::device::Quantity;
use crate::device::Reading;
use crate::words::word;

/// Names a signal of the device; a new one by the name that it has elsewhere.
pub(super) fn name(reading: &Reading) -> &'static str {
    match reading.key {
        "cpu_wait" => word("signal-cpu-wait"),
        "decode_ratio" => word("signal-decode-ratio"),
        "memory_available" => word("signal-memory-available"),
        "memory_total" => word("signal-memory-total"),
        "swapped_in" => word("signal-swapped-in"),
        "psi_cpu" => word("signal-psi-cpu"),
        "psi_memory" => word("signal-psi-memory"),
        "psi_memory_full" => word("signal-psi-memory-full"),
        "psi_io" => word("signal-psi-io"),
        "cores" => word("signal-cores"),
        "temperature" => word("signal-temperature"),
        "hot" => word("signal-hot"),
        "throttled" => word("signal-throttled"),
        "battery" => word("signal-battery"),
        "saves_power" => word("signal-saves-power"),
        _ => reading.name,
    }
}

/// Writes what a signal measures.
pub(super) fn value(quantity: Quantity) -> String {
    match quantity {
        Quantity::Flag(true) => word("yes").to_owned(),
        Quantity::Flag(false) => word("no").to_owned(),
        figure => figure.to_string(),
    }
}

/// Says where a signal is read: the engine, or a place of the system by its own name.
pub(super) fn source(reading: &Reading) -> &'static str {
    if reading.source == "engine" { word("panel-engine") } else { reading.source }
}
