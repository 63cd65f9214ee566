#![doc = include_str!("architecture.md")]

// Floors, lowest first. `tests/architecture.rs` holds them: a module sees lower floors only.
pub mod chat; // 0: the vocabulary
pub mod text; // 0: clean text

pub mod backend; // 1: the port
pub mod gguf; // 1: safe reader of model files
pub mod markdown; // 1: streaming text to blocks
pub mod privacy; // 1: what may leave
pub mod prompt; // 1: chat templates
pub mod route; // 1: where a turn runs
pub mod words; // 1: what the interface says, in the user's language

pub mod audit; // 2: the record of decisions
pub mod config; // 2: TOML to settings
pub mod device; // 2: samples of this machine
pub mod ipc; // 2: frames between front and engine
pub mod net; // 2: the one place where a socket would open
pub mod theme; // 2: palettes

pub mod app; // 3: Model, Msg, Effect, update
pub mod engine; // 3: local backend, front side
pub mod models; // 3: names to model files
pub mod remote; // 3: endpoints
pub mod store; // 3: saved conversations
pub mod worker; // 3: the engine process

pub mod ui; // 4: draws the Model

pub mod runtime; // 5: wires the front

pub mod cli; // 6: arguments to exit code
