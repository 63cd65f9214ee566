//! Where turns might go, and whether what it takes is here. Nothing is connected to and no command runs.

use serde_json::json;

use super::Check;
use super::Ground;
use super::Verdict;
use crate::cli::endpoints;
use crate::config::Endpoint;
use crate::config::KeySource;
use crate::config::Paths;
use crate::config::Settings;
use crate::config::env::secret;

/// Checks the endpoints of the user's configuration; one that cannot be used is told elsewhere.
pub(super) fn checks(ground: Ground<'_>) -> Vec<Check> {
    let Ok(paths) = Paths::resolve(ground.env) else { return Vec::new() };
    let Ok(settings) = Settings::load_own(&paths, ground.env) else { return Vec::new() };
    if settings.endpoints.is_empty() {
        return vec![Check {
            key: "endpoints".into(),
            name: "endpoints".into(),
            verdict: Verdict::Ok,
            found: "none: every turn stays on this device".into(),
            value: json!(0),
            source: None,
            hint: None,
        }];
    }
    let closed = settings.no_remote;
    settings.endpoints.values().map(|endpoint| one(endpoint, closed)).collect()
}

fn one(endpoint: &Endpoint, closed: bool) -> Check {
    let (verdict, key, hint) = match &endpoint.key {
        KeySource::Env(name) if secret(name).is_none() => {
            (Verdict::Failure, format!("no key: {name} is not set"), format!("set {name}"))
        }
        // It takes a command or a question to somebody else to know more.
        source => {
            let hint = format!("edgewise endpoints check {} asks it", endpoint.name);
            (Verdict::Ok, format!("key: {}", endpoints::key(source)), hint)
        }
    };
    let origin = endpoints::origin(endpoint);
    let found = format!("{}, {origin}, {key}", endpoints::protocol(endpoint.protocol));
    let check = Check {
        key: format!("endpoint:{}", endpoint.name),
        name: endpoint.name.clone(),
        verdict,
        value: json!(origin),
        found,
        source: None,
        hint: Some(hint),
    };
    if closed {
        let found = format!("{}; nothing may leave: EDGEWISE_NO_REMOTE", check.found);
        return Check { verdict: Verdict::Warning, found, hint: None, ..check };
    }
    check
}
