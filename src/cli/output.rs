//! Printers for one turn: text for people ([`Plain`]), NDJSON for programs ([`Json`]); and for many.
//!
//! Both are state machines from events to text; `runtime` writes it.
//!
//! Never: the terminal itself; text of a model, a file or an endpoint that is not clean.

mod color;
mod json;
mod map;
mod plain;

pub use color::{ColorFlag, use_color};
pub use json::{Json, error_object};
/// The JSON Schema of the lines that `--json` prints of turns.
pub const OUTPUT_SCHEMA: &str = include_str!("../../assets/output.schema.json");

pub use map::{Totals, map_cancelled, map_json, map_json_end, map_plain};
pub use plain::{LINE_MAX, Plain, Style, fault_lines};

use crate::chat::Fault;
use crate::chat::Timings;
use crate::chat::TurnEvent;
use crate::runtime::Printed;

/// The printer of one turn.
#[derive(Clone, Debug)]
pub enum Printer {
    /// Text.
    Plain(Plain),
    /// NDJSON.
    Json(Json),
}

impl Printer {
    /// Takes the next event; `timings` are what the front has measured up to it.
    pub fn event(&mut self, event: &TurnEvent, timings: Timings) -> Printed {
        match self {
            Self::Plain(plain) => plain.event(event, timings),
            Self::Json(json) => json.event(event, timings),
        }
    }

    /// Ends a turn that never began, or whose events will not come: prints `fault` as its end.
    /// Prints nothing after an end that was printed already.
    pub fn fail(&mut self, fault: &Fault, timings: Timings) -> Printed {
        match self {
            Self::Plain(plain) => plain.fail(fault),
            Self::Json(json) => json.fail(fault, timings),
        }
    }
}
