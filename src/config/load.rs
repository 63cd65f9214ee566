//! The layers on disk.

use std::path::Path;

use crate::config::ConfigError;
use crate::config::Env;
use crate::config::Layer;
use crate::config::Paths;
use crate::config::Settings;

/// The administrator's file: weaker than the user's.
const SYSTEM_FILE: &str = "/etc/edgewise/config.toml";

/// A project's file, in the current directory only.
const PROJECT_FILE: &str = ".edgewise.toml";

impl Settings {
    /// Reads every layer and resolves them; `cwd` is where a project's file is looked for.
    ///
    /// A project's file comes with whatever was cloned or unpacked there. Until it can be
    /// trusted it is not even opened: a notice says that it is there.
    ///
    /// # Errors
    /// A file cannot be read or used.
    pub fn load(paths: &Paths, env: &Env, cwd: &Path) -> Result<Self, ConfigError> {
        Self::load_with(Path::new(SYSTEM_FILE), &paths.config_file(), env, cwd)
    }

    fn load_with(system: &Path, user: &Path, env: &Env, cwd: &Path) -> Result<Self, ConfigError> {
        let layers = [Layer::read(system)?, Layer::read(user)?];
        let layers: Vec<Layer> = layers.into_iter().flatten().collect();
        let mut settings = Self::from_layers(&layers, env)?;
        let project = cwd.join(PROJECT_FILE);
        if project.symlink_metadata().is_ok() {
            let notice = format!("{} is not trusted and was ignored", project.display());
            settings.notices.push(notice);
        }
        Ok(settings)
    }
}
