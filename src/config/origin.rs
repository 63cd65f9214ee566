//! Where each value comes from.
//!
//! Never: values; `shown` has those.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::Place;

/// Where a value comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    #[default]
    BuiltIn,
    /// A file says so; the profile is named where the value was taken over from another one.
    File {
        /// Where it stands.
        place: Place,
        /// The profile that was extended.
        extended: Option<String>,
    },
    /// An environment variable says so.
    Env(&'static str),
    /// A flag says so.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::File { place, extended: None } => place.fmt(f),
            Self::File { place, extended: Some(profile) } => write!(f, "{place}, from {profile}"),
            Self::Env(name) => write!(f, "${name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// What every layer says where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origins {
    /// The places of each file's keys, by their full names; the weakest file first.
    pub(super) layers: Vec<BTreeMap<String, Place>>,
    /// The places of a project's keys; they stand for those of every profile.
    pub(super) project: BTreeMap<String, Place>,
    /// What each profile extends, nearest first.
    pub(super) extends: BTreeMap<String, Vec<String>>,
}

impl Origins {
    /// Returns where a key outside of profiles and endpoints comes from.
    pub(super) fn of(&self, key: &str) -> Origin {
        let layers = self.layers.iter().chain([&self.project]);
        file(layers.rev().find_map(|layer| layer.get(key)))
    }

    /// Returns where a key of a profile comes from.
    pub(super) fn of_profile(&self, profile: &str, key: &str) -> Origin {
        if let Some(place) = self.project.get(key) {
            return file(Some(place));
        }
        let own = self.in_layers(&format!("profiles.{profile}.{key}"));
        if own != Origin::BuiltIn {
            return own;
        }
        let parents = self.extends.get(profile).into_iter().flatten();
        let found = parents.map(|parent| {
            let place = self
                .layers
                .iter()
                .rev()
                .find_map(|layer| layer.get(&format!("profiles.{parent}.{key}")))?;
            Some(Origin::File { place: place.clone(), extended: Some(parent.clone()) })
        });
        found.flatten().next().unwrap_or_default()
    }

    /// Returns where a key of an endpoint comes from: the strongest file that has the endpoint
    /// replaces it whole.
    pub(super) fn of_endpoint(&self, endpoint: &str, key: &str) -> Origin {
        let table = format!("endpoints.{endpoint}");
        let layer = self.layers.iter().rev().find(|layer| layer.contains_key(&table));
        file(layer.and_then(|layer| layer.get(&format!("{table}.{key}"))))
    }

    fn in_layers(&self, key: &str) -> Origin {
        file(self.layers.iter().rev().find_map(|layer| layer.get(key)))
    }
}

fn file(place: Option<&Place>) -> Origin {
    place.map_or(Origin::BuiltIn, |place| Origin::File { place: place.clone(), extended: None })
}
