//! `edgewise`, the program.

use std::process::ExitCode;

fn main() -> ExitCode {
    edgewise::cli::main(std::env::args_os()).into()
}
