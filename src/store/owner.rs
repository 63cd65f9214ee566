//! Which process owns a lease, and whether it still runs.

use std::fs;

use rustix::process::Pid;
use rustix::process::getpid;
use rustix::process::test_kill_process;

use crate::chat::Timestamp;

/// How old the last sign of life of an owner may be that cannot be looked up from here: one of
/// another machine, another boot or another container.
const UNSEEN_MS: i64 = 60_000;

/// A process, told apart from later ones with the same number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) pid: i32,
    /// When it started, in the kernel's own ticks since boot; 0 where that cannot be read.
    pub(super) started: i64,
    /// This boot and this space of process numbers; empty where that cannot be read.
    pub(super) boot: String,
}

impl Owner {
    /// Returns this process.
    pub(super) fn own() -> Self {
        let pid = getpid().as_raw_nonzero().get();
        Self { pid, started: started(pid).unwrap_or(0), boot: boot() }
    }

    /// Returns whether it may still run at `now`, last heard of at `renewed`.
    pub(super) fn lives(&self, renewed: Timestamp, now: Timestamp) -> bool {
        if self.boot != boot() {
            return now.0.saturating_sub(renewed.0) < UNSEEN_MS;
        }
        let Some(pid) = Pid::from_raw(self.pid) else { return false };
        match started(self.pid) {
            Some(started) => started == self.started,
            // No such entry; or no such file system, where only the number tells.
            None => self.started == 0 && test_kill_process(pid).is_ok(),
        }
    }
}

/// Field 22 of `/proc/PID/stat`, counted after the name in parentheses (proc(5)).
fn started(pid: i32) -> Option<i64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    // A process that has ended and was not waited for is gone as well.
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn boot() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let text = format!("{} {}", boot.trim(), space.display());
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_lives_until_it_has_ended() {
        let now = Timestamp(1_000_000);
        assert!(Owner::own().lives(Timestamp(0), now), "this one, however long it was silent");
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("sleep");
        let pid = i32::try_from(child.id()).expect("a number");
        let owner = Owner { pid, started: started(pid).expect("it runs"), ..Owner::own() };
        assert!(owner.lives(now, now));
        child.kill().expect("killed");
        // Dead already, though nobody has waited for it.
        while owner.lives(now, now) {
            std::thread::yield_now();
        }
        child.wait().expect("ended");
        assert!(!owner.lives(now, now));
    }

    #[test]
    fn a_later_process_with_the_same_number_is_another() {
        let own = Owner::own();
        let other = Owner { started: own.started + 1, ..own };
        assert!(!other.lives(Timestamp(0), Timestamp(0)));
    }

    #[test]
    fn one_that_cannot_be_looked_up_lives_while_it_is_heard_of() {
        let other = Owner { boot: "another machine".to_owned(), ..Owner::own() };
        assert!(other.lives(Timestamp(0), Timestamp(UNSEEN_MS - 1)));
        assert!(!other.lives(Timestamp(0), Timestamp(UNSEEN_MS)));
    }
}
