//! Text that is safe to show, and its measure: [`Clean`] and the [`Cleaner`] that makes it from a
//! stream, graphemes, widths, wrapping; whole characters from bytes ([`Utf8`]); stop strings.
//!
//! Never: colours, a terminal library, I/O.

mod address;
mod clean;
mod cleaner;
mod escape;
mod hidden;
mod measure;
mod scripts;
mod stop;
mod units;
mod utf8;
mod visible;
mod wrap;

pub use address::Address;
pub use clean::Clean;
pub use cleaner::Cleaner;
pub use hidden::Hidden;
pub use measure::TAB_WIDTH;
pub use measure::graphemes;
pub use measure::width;
pub use stop::Scanned;
pub use stop::StopScan;
pub use units::bytes;
pub use units::tokens_per_second;
pub use utf8::Utf8;
pub use wrap::wrap;
