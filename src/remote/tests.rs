//! Whole turns against a server that does what a script says.

mod matrix;
mod play;
mod turns;
mod waits;
