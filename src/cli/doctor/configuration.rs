//! Where the settings come from, and whether they can be used.

use serde_json::json;

use super::Check;
use super::Ground;
use super::Verdict;
use crate::cli::config::here;
use crate::config::Paths;
use crate::config::Settings;
use crate::config::Standing;
use crate::config::Trust;

/// Checks the files of settings.
pub(super) fn checks(ground: Ground<'_>) -> Vec<Check> {
    let check = |verdict, found: String, hint: Option<String>| Check {
        key: "config".into(),
        name: "config.toml".into(),
        verdict,
        value: json!(found),
        found,
        source: None,
        hint,
    };
    let paths = match Paths::resolve(ground.env) {
        Ok(paths) => paths,
        Err(error) => return vec![check(Verdict::Failure, error.to_string(), error.hint)],
    };
    let file = paths.config_file();
    let own = match Settings::load_own(&paths, ground.env) {
        Ok(_) if file.exists() => check(Verdict::Ok, file.display().to_string(), None),
        Ok(_) => check(Verdict::Ok, format!("everything is built in: no {}", file.display()), None),
        Err(error) => check(Verdict::Failure, error.to_string(), error.hint),
    };
    let standing = Trust::new(&paths.data).look(&here());
    let project = match standing {
        Standing::Absent => return vec![own],
        Standing::Trusted(_) => check(Verdict::Ok, "trusted".to_owned(), None),
        Standing::Ignored(line) => check(Verdict::Warning, line, None),
    };
    vec![own, Check { key: "project".into(), name: ".edgewise.toml".into(), ..project }]
}
