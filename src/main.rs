//! `edgewise`, the program.

fn main() {}
