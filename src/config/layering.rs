//! Properties of the layers: the strongest that says something wins, and its origin is named.

use proptest::prelude::*;

use crate::chat::Mode;
use crate::config::Env;
use crate::config::Layer;
use crate::config::Origin;
use crate::config::Overrides;
use crate::config::Project;
use crate::config::Settings;

/// Which layers say something: the parent and the profile in the system's file, the same in the
/// user's, the project, the environment, the flags.
type Says = [bool; 7];

const FILES: [&str; 2] = ["system", "user"];

/// Returns a file that sets `key` of the parent and of the profile, each to its own number.
fn file(key: &str, parent: Option<usize>, own: Option<usize>) -> String {
    let line = |value: Option<usize>| {
        value.map_or(String::new(), |value| format!("{key} = {}\n", toml(key, value)))
    };
    format!("[profiles.parent]\n{}[profiles.p]\nextends = \"parent\"\n{}", line(parent), line(own))
}

/// A value of `key` that tells the layers apart.
fn toml(key: &str, layer: usize) -> String {
    match key {
        "system" | "model" => format!("\"{layer}\""),
        "mode" => format!("\"{}\"", mode(layer).name()),
        "sampling.temp" => format!("{layer}.5"),
        _ => (layer + 1).to_string(),
    }
}

fn mode(layer: usize) -> Mode {
    [Mode::LocalOnly, Mode::PreferLocal, Mode::Auto, Mode::PreferRemote, Mode::RemoteOnly]
        [layer % 5]
}

/// Whether a layer may speak of a key at all.
fn can(key: &str, layer: usize) -> bool {
    match layer {
        4 => ["system", "sampling.temp", "sampling.seed", "max_tokens"].contains(&key),
        5 => ["mode", "model"].contains(&key),
        6 => ["system", "mode", "model", "sampling.temp", "sampling.seed", "max_tokens"]
            .contains(&key),
        _ => true,
    }
}

fn env(key: &str, layer: usize) -> Env {
    match key {
        "mode" => Env::from_pairs([("EDGEWISE_MODE", mode(layer).name())]),
        _ => Env::from_pairs([("EDGEWISE_MODEL", layer.to_string())]),
    }
}

fn flags(key: &str, layer: usize) -> Overrides {
    let number = u32::try_from(layer).expect("small") + 1;
    let mut flags = Overrides::default();
    match key {
        "system" => flags.system = Some(layer.to_string()),
        "mode" => flags.mode = Some(mode(layer)),
        "model" => flags.model = Some(layer.to_string()),
        "sampling.temp" => flags.temp = Some(f32::from(u8::try_from(layer).expect("small")) + 0.5),
        "sampling.seed" => flags.seed = Some(number),
        _ => flags.max_tokens = Some(number),
    }
    flags
}

fn place(origin: &Origin) -> String {
    match origin {
        Origin::BuiltIn => "built in".to_owned(),
        Origin::File { place, extended } => {
            format!("{}{}", place.file, if extended.is_some() { "+" } else { "" })
        }
        Origin::Env(_) => "env".to_owned(),
        Origin::Flag(_) => "flag".to_owned(),
    }
}

proptest! {
    #[test]
    fn the_strongest_layer_wins_and_is_named(
        says in any::<Says>(),
        key in prop::sample::select(vec![
            "system", "mode", "model", "n_ctx", "max_tokens", "sampling.temp", "sampling.seed",
        ]),
    ) {
        let said = |layer: usize| (says[layer] && can(key, layer)).then_some(layer);
        let layers: Vec<Layer> = FILES
            .iter()
            .enumerate()
            .map(|(at, name)| Layer::parse(name, &file(key, said(at), said(at + 2))).expect("valid"))
            .collect();
        let env = said(5).map_or_else(Env::default, |layer| env(key, layer));
        let flags = said(6).map_or_else(Overrides::default, |layer| flags(key, layer));
        let mut settings = Settings::from_layers(&layers, &env).expect("valid");
        if let Some(layer) = said(4) {
            let text = format!("{key} = {}\n", toml(key, layer));
            let project = Project::parse("project", &text).expect("valid");
            settings = settings.with_project(&project).expect("allowed");
        }
        let shown = settings.shown_profile("p", &flags);
        let found = shown.iter().find(|shown| shown.key == key).expect("the key is shown");
        // The profile's own in any file is stronger than what it extends.
        let names = ["system+", "user+", "system", "user", "project", "env", "flag"];
        let strongest = (0..7).rev().find_map(said);
        prop_assert_eq!(place(&found.origin), strongest.map_or("built in", |layer| names[layer]));
        if let Some(layer) = strongest {
            prop_assert_eq!(found.value.clone(), Some(toml(key, layer)));
        }
        // What is shown is what is used.
        let profile = settings.select(Some("p"), &flags).expect("p");
        let used = match key {
            "system" => profile.system.map(|text| format!("\"{text}\"")),
            "mode" => Some(format!("\"{}\"", profile.mode.name())),
            "model" => Some(format!("\"{}\"", profile.model)),
            "n_ctx" => Some(profile.n_ctx.to_string()),
            "max_tokens" => profile.max_tokens.map(|tokens| tokens.to_string()),
            "sampling.temp" => Some(format!("{:?}", profile.sampling.temp)),
            _ => profile.sampling.seed.map(|seed| seed.to_string()),
        };
        prop_assert_eq!(found.value.clone(), used);
    }
}
