//! What a project's `.edgewise.toml` may say: a profile of the user's by name, and how to answer.
//!
//! The file comes with whatever was cloned or unpacked. It has no field for an endpoint, an
//! address, a key, a header, a proxy, a model, a mode or a privacy class, so nothing that it says
//! can send anything anywhere; and it cannot choose a profile that lets more out than the user's
//! own default does.
//!
//! Never: reading files; `trust` does that, and only after the user has said so.

use std::collections::BTreeMap;

use crate::chat::Mode;
use crate::chat::PrivacyClass;
use crate::config::ConfigError;
use crate::config::Place;
use crate::config::Profile;
use crate::config::Settings;
use crate::config::hint::quoted;
use crate::config::nearest;
use crate::config::raw::RawSampling;
use crate::config::source::At;
use crate::config::source::Source;
use crate::config::source::Table;
use crate::config::value;

/// A project's file, read but not yet laid over anything.
#[derive(Clone, Debug, Default)]
pub struct Project {
    profile: Option<At<String>>,
    theme: Option<String>,
    system: Option<String>,
    sampling: RawSampling,
    max_tokens: Option<u32>,
    stop: Option<Vec<String>>,
    /// Where each key stands, by its full name.
    pub(super) keys: BTreeMap<String, Place>,
}

impl Project {
    /// Reads the text of a file that is shown to the user as `file`.
    ///
    /// # Errors
    /// The text is not TOML, or has a key that a project may not have.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let source = Source::new(file, text);
        let document = source.parse()?;
        let project = Self::read(Table::root(&source, document.get_ref()));
        let project = project.map_err(|error| match error.hint {
            Some(ref hint) if hint.starts_with("did you mean") => error,
            _ => error.hint(
                "a project may set profile, theme, system, sampling, max_tokens and stop; \
                 the rest belongs into your own config.toml",
            ),
        })?;
        drop(document);
        Ok(Self { keys: source.into_keys(), ..project })
    }

    fn read(mut table: Table<'_>) -> Result<Self, ConfigError> {
        let mut project = Self {
            profile: table.take_at("profile", value::name)?,
            theme: table.take("theme", value::name)?,
            system: table.take("system", value::text)?,
            max_tokens: table.take("max_tokens", value::whole(1..=u32::MAX))?,
            stop: table.take("stop", value::list)?,
            ..Self::default()
        };
        if let Some(sampling) = table.table("sampling")? {
            project.sampling = RawSampling::read(sampling)?;
        }
        table.end()?;
        Ok(project)
    }

    fn over(&self, mut profile: Profile) -> Profile {
        if let Some(system) = &self.system {
            profile.system = Some(system.clone()).filter(|text| !text.is_empty());
        }
        profile.sampling = self.sampling.resolve(&profile.sampling);
        profile.max_tokens = self.max_tokens.or(profile.max_tokens);
        profile.stop = self.stop.clone().unwrap_or(profile.stop);
        profile
    }
}

impl Settings {
    /// Lays a trusted project's file over the user's settings.
    ///
    /// # Errors
    /// It names a profile that does not exist, or one that lets more out than the user's default.
    pub fn with_project(mut self, project: &Project) -> Result<Self, ConfigError> {
        if let Some(At { value, place }) = &project.profile {
            self.allowed(value, place)?;
            self.default_profile.clone_from(value);
        }
        self.theme = project.theme.clone().unwrap_or(self.theme);
        for profile in self.profiles.values_mut() {
            *profile = project.over(profile.clone());
        }
        self.origins.project.clone_from(&project.keys);
        if let Some(place) = self.origins.project.remove("profile") {
            self.origins.project.insert("default_profile".to_owned(), place);
        }
        Ok(self)
    }

    fn allowed(&self, name: &str, place: &Place) -> Result<(), ConfigError> {
        let Some(wanted) = self.profiles.get(name) else {
            let near = nearest(name, self.profiles.keys().map(String::as_str));
            let error = ConfigError::at(place, format!("no profile {}", quoted(name)));
            return Err(error.did_you_mean(near));
        };
        let Some(own) = self.profiles.get(&self.default_profile) else { return Ok(()) };
        let more = |what: &str| {
            let name = quoted(name);
            ConfigError::at(place, format!("the {what} of {name} lets more out than your default"))
                .hint(format!("choose it yourself: -p {name}"))
        };
        if reach(wanted.mode) > reach(own.mode) {
            return Err(more("mode"));
        }
        if openness(wanted.privacy) > openness(own.privacy) {
            return Err(more("privacy"));
        }
        Ok(())
    }
}

/// How readily a mode sends a turn away.
fn reach(mode: Mode) -> u8 {
    match mode {
        Mode::LocalOnly => 0,
        Mode::PreferLocal => 1,
        Mode::Auto => 2,
        Mode::PreferRemote => 3,
        Mode::RemoteOnly => 4,
    }
}

/// How much a privacy class lets out.
fn openness(class: PrivacyClass) -> u8 {
    match class {
        PrivacyClass::LocalOnly => 0,
        PrivacyClass::Open => 2,
    }
}

#[cfg(test)]
mod tests;
