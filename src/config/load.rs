//! The layers on disk.

use std::path::Path;

use crate::config::ConfigError;
use crate::config::Env;
use crate::config::Layer;
use crate::config::Paths;
use crate::config::Project;
use crate::config::Settings;
use crate::config::Standing;
use crate::config::Trust;
use crate::config::trust::PROJECT_FILE;

/// The administrator's file: weaker than the user's.
const SYSTEM_FILE: &str = "/etc/edgewise/config.toml";

impl Settings {
    /// Reads every layer and resolves them; `cwd` is where a project's file is looked for.
    ///
    /// A project's file comes with whatever was cloned or unpacked there. Until the user trusts it
    /// it is not even opened: a notice says that it is there. One that cannot be used is a notice
    /// too: nothing in a directory keeps the program from running there.
    ///
    /// # Errors
    /// A file cannot be read or used.
    pub fn load(paths: &Paths, env: &Env, cwd: &Path) -> Result<Self, ConfigError> {
        let settings = Self::load_own(paths, env)?;
        Ok(settings.with_directory(&Trust::new(&paths.data), cwd))
    }

    /// Reads every layer but a project's file.
    ///
    /// # Errors
    /// A file cannot be read or used.
    pub fn load_own(paths: &Paths, env: &Env) -> Result<Self, ConfigError> {
        Self::load_with(Path::new(SYSTEM_FILE), &paths.config_file(), env)
    }

    fn load_with(system: &Path, user: &Path, env: &Env) -> Result<Self, ConfigError> {
        let layers = [Layer::read(system)?, Layer::read(user)?];
        let layers: Vec<Layer> = layers.into_iter().flatten().collect();
        Self::from_layers(&layers, env)
    }

    /// Lays the project's file in `cwd` over the settings, if the user trusts it.
    fn with_directory(mut self, trust: &Trust, cwd: &Path) -> Self {
        let notice = match trust.look(cwd) {
            Standing::Absent => return self,
            Standing::Ignored(notice) => notice,
            Standing::Trusted(text) => {
                let file = cwd.join(PROJECT_FILE).display().to_string();
                let project = Project::parse(&file, &text);
                match project.and_then(|project| self.clone().with_project(&project)) {
                    Ok(settings) => return settings,
                    Err(error) => format!("{error}: the file was ignored"),
                }
            }
        };
        self.notices.push(notice);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_users_file_wins_over_the_systems_and_a_projects_is_left_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let (system, user) = (dir.path().join("system.toml"), dir.path().join("user.toml"));
        fs::write(&system, "theme = \"dark\"\n[engine]\nmax_turns = 2\n").expect("a file");
        fs::write(&user, "[engine]\nmax_turns = 3\n").expect("a file");
        let env = Env::from_pairs([("EDGEWISE_NO_REMOTE", "1")]);
        let trust = Trust::new(dir.path());
        let load = || {
            let settings = Settings::load_with(&system, &user, &env)?;
            Ok::<_, ConfigError>(settings.with_directory(&trust, dir.path()))
        };
        let settings = load().expect("valid");
        assert_eq!((settings.engine.max_turns, settings.theme), (3, "dark".to_owned()));
        assert!(settings.no_remote && settings.notices.is_empty());
        // Not even its syntax may stop the program in that directory.
        fs::write(dir.path().join(".edgewise.toml"), "[engine\nmax_turns = 9").expect("a file");
        let settings = load().expect("valid");
        assert_eq!(settings.engine.max_turns, 3);
        let notice = ".edgewise.toml is not trusted and was ignored: edgewise config trust";
        assert!(settings.notices[0].ends_with(notice), "{:?}", settings.notices);
        fs::remove_file(&system).expect("removed");
        fs::remove_file(&user).expect("removed");
        assert_eq!(load().expect("all built in").engine.max_turns, 16);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let dir = tempfile::tempdir().expect("a directory");
        let user = dir.path().join("config.toml");
        let none = dir.path().join("none");
        let load = || {
            let error = Settings::load_with(&none, &user, &Env::default());
            error.expect_err("refused").to_string().replace(&user.display().to_string(), "FILE")
        };
        fs::write(&user, b"theme = \"dark\"\n# gr\xc3\xbc\xfe\n").expect("a file");
        assert_eq!(load(), "FILE:2:6: not UTF-8 from here");
        fs::write(&user, vec![b'#'; 1024 * 1024 + 1]).expect("a file");
        assert_eq!(load(), "FILE is longer than 1 MiB");
        fs::remove_file(&user).expect("removed");
        fs::create_dir(&user).expect("a directory");
        assert!(load().starts_with("cannot read FILE: "), "{}", load());
    }
}
