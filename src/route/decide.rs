//! The decision: hard filters in order, each with a reason, then a choice among what is left.

use crate::chat::Decision;
use crate::chat::DeviceLevel;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::Health;
use crate::chat::Mode;
use crate::chat::Route;

/// What a turn asks of the router.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// What the session allows.
    pub mode: Mode,
}

/// A route as the router sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteView {
    /// The route.
    pub route: Route,
    /// The model there, as the user knows it.
    pub model: String,
}

/// What is known of this device; the default is a device that nothing is known of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DeviceState {
    /// The level that the samples amount to.
    pub level: DeviceLevel,
    /// Share of the wanted processor time that was spent waiting, 0 to 1.
    pub wait_share: Option<f64>,
}

impl From<&Health> for DeviceState {
    fn from(health: &Health) -> Self {
        Self { level: health.level, wait_share: health.sample.wait_share() }
    }
}

/// Whether anything may leave this device, whatever a session allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Egress {
    /// The session's mode decides.
    #[default]
    Allowed,
    /// `--offline` was given.
    Offline,
    /// `EDGEWISE_NO_REMOTE` is set.
    KillSwitch,
}

/// What holds for every turn of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether anything may leave.
    pub egress: Egress,
}

/// Decides where a turn runs and says why, in one lower-case clause.
///
/// # Errors
/// No route is allowed (`NoRoute`): the mode asks for an endpoint, and nothing may leave or no
/// turn can be sent there yet; or there is no local model among `routes`.
pub fn decide(
    request: &Request,
    routes: &[RouteView],
    device: &DeviceState,
    policy: &Policy,
) -> Result<Decision, Fault> {
    let mode = request.mode;
    let reason = match mode {
        Mode::RemoteOnly | Mode::PreferRemote => return Err(refusal(mode, policy.egress)),
        Mode::LocalOnly => "nothing leaves this device".to_owned(),
        Mode::PreferLocal => keeping_up(device),
        Mode::Auto => format!("the only route there is; {}", keeping_up(device)),
    };
    let local = routes.iter().find(|view| view.route == Route::Local).ok_or_else(|| {
        Fault::new(format!("{mode}: there is no local model")).kind(FaultKind::NoRoute)
    })?;
    let reason = format!("{mode}: {reason}");
    Ok(Decision { route: Route::Local, model: local.model.clone(), reason })
}

fn refusal(mode: Mode, egress: Egress) -> Fault {
    let why = match egress {
        Egress::Offline => "nothing may leave with --offline",
        Egress::KillSwitch => "nothing may leave while EDGEWISE_NO_REMOTE is set",
        Egress::Allowed => "turns cannot be sent to an endpoint yet",
    };
    Fault::new(format!("mode {mode}: {why}"))
        .kind(FaultKind::NoRoute)
        .hint("answer on this device with --mode local-only")
}

fn keeping_up(device: &DeviceState) -> String {
    let level = match device.level {
        DeviceLevel::Normal if device.wait_share.is_none() => {
            return "this device comes first".to_owned();
        }
        DeviceLevel::Normal => return "this device keeps up".to_owned(),
        DeviceLevel::Strained => "this device is strained",
        DeviceLevel::Recovering => "this device is recovering",
        DeviceLevel::Overloaded => "this device is overloaded, but nothing else can answer",
    };
    match device.wait_share {
        Some(share) => format!("{level}, CPU wait {:.0} %", share * 100.0),
        None => level.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> [RouteView; 1] {
        [RouteView { route: Route::Local, model: "smollm2".into() }]
    }

    fn ask(mode: Mode, device: DeviceState, egress: Egress) -> Result<Decision, Fault> {
        decide(&Request { mode }, &local(), &device, &Policy { egress })
    }

    #[test]
    fn local_modes_stay_and_say_why() {
        let busy = DeviceState { level: DeviceLevel::Strained, wait_share: Some(0.41) };
        let free = DeviceState { level: DeviceLevel::Normal, wait_share: Some(0.01) };
        let table = [
            (Mode::LocalOnly, busy, "local-only: nothing leaves this device"),
            (Mode::PreferLocal, free, "prefer-local: this device keeps up"),
            (Mode::PreferLocal, DeviceState::default(), "prefer-local: this device comes first"),
            (Mode::PreferLocal, busy, "prefer-local: this device is strained, CPU wait 41 %"),
            (
                Mode::PreferLocal,
                DeviceState { level: DeviceLevel::Overloaded, wait_share: None },
                "prefer-local: this device is overloaded, but nothing else can answer",
            ),
            (Mode::Auto, free, "auto: the only route there is; this device keeps up"),
        ];
        for (mode, device, reason) in table {
            for egress in [Egress::Allowed, Egress::Offline, Egress::KillSwitch] {
                let decision = ask(mode, device, egress).expect("a local mode is answered here");
                assert_eq!(decision.route, Route::Local);
                assert_eq!(decision.model, "smollm2");
                assert_eq!(decision.reason, reason);
            }
        }
    }

    #[test]
    fn remote_modes_are_refused_whatever_else_holds() {
        let table = [
            (Egress::Allowed, "yet"),
            (Egress::Offline, "--offline"),
            (Egress::KillSwitch, "EDGEWISE_NO_REMOTE"),
        ];
        for mode in [Mode::RemoteOnly, Mode::PreferRemote] {
            for (egress, word) in table {
                let fault = ask(mode, DeviceState::default(), egress).expect_err("no such route");
                assert_eq!(fault.kind, FaultKind::NoRoute);
                assert!(fault.message.contains(mode.name()), "{fault}");
                assert!(fault.message.contains(word), "{fault}");
                assert!(fault.hint.is_some());
            }
        }
    }

    #[test]
    fn an_endpoint_is_never_taken_for_a_local_turn() {
        let lan = [RouteView { route: Route::Remote("lan".into()), model: "big".into() }];
        for mode in [Mode::LocalOnly, Mode::PreferLocal, Mode::Auto] {
            let answer =
                decide(&Request { mode }, &lan, &DeviceState::default(), &Policy::default());
            assert_eq!(answer.expect_err("no local model").kind, FaultKind::NoRoute);
        }
    }
}
