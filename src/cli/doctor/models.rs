//! Whether our own models are what their sources say.

use std::ops::ControlFlow;

use serde_json::json;

use super::Check;
use super::Ground;
use super::Verdict;
use crate::config::Paths;
use crate::models;
use crate::models::Keeper;
use crate::models::Stocked;
use crate::models::Verified;
use crate::text;

/// More than this takes longer than somebody waits for without a word.
const HASHED_BYTES: u64 = 2_000_000_000;

/// Hashes the small ones, and names the command for the others.
pub(super) fn checks(ground: Ground<'_>) -> Vec<Check> {
    let Ok(paths) = Paths::resolve(ground.env) else { return Vec::new() };
    let stock = models::stock(&paths);
    let own: Vec<&Stocked> = stock.iter().filter(|model| model.keeper == Keeper::Own).collect();
    let others = stock.len() - own.len();
    let mut left = HASHED_BYTES;
    let mut all: Vec<Check> = own.iter().map(|model| one(model, &mut left)).collect();
    all.push(Check {
        key: "other_models".into(),
        name: "other programs' models".into(),
        verdict: Verdict::Ok,
        found: format!("{others} can be used: edgewise models list"),
        value: json!(others),
        source: None,
        hint: None,
    });
    all
}

fn one(model: &Stocked, left: &mut u64) -> Check {
    let check = |verdict, found: String, hint: Option<String>| Check {
        key: format!("model:{}", model.name),
        name: model.name.clone(),
        verdict,
        value: json!(found),
        found,
        source: None,
        hint,
    };
    if let Err(error) = models::inspect(model, &model.name) {
        let hint = format!("edgewise models rm \"{}\", and fetch it again", model.name);
        return check(Verdict::Failure, error.to_string(), Some(hint));
    }
    let Some(rest) = left.checked_sub(model.bytes) else {
        let hint = format!("edgewise models verify \"{}\"", model.name);
        return check(
            Verdict::Unknown,
            format!("{} not hashed", text::bytes(model.bytes)),
            Some(hint),
        );
    };
    *left = rest;
    match models::verify(model, &mut |_| ControlFlow::Continue(())) {
        Ok(Verified::Good { source, .. }) => {
            check(Verdict::Ok, format!("{}, as {source} has it", text::bytes(model.bytes)), None)
        }
        Ok(Verified::Unknown { sha256 }) => {
            check(Verdict::Unknown, format!("whole; nobody knows its hash: {sha256}"), None)
        }
        Ok(Verified::Differs { source, .. }) => check(
            Verdict::Failure,
            format!("another file than {source} has"),
            Some("remove it and fetch it again".to_owned()),
        ),
        Err(error) => check(Verdict::Failure, error.to_string(), None),
    }
}
