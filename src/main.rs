//! `edgewise`, the program.

fn main() -> std::process::ExitCode {
    if std::env::args().nth(1).as_deref() == Some("engine") {
        return match edgewise::worker::run() {
            Ok(()) => 0.into(),
            Err(_) => 1.into(),
        };
    }
    0.into()
}
