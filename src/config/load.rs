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
        let load = || Settings::load_with(&system, &user, &env, dir.path());
        let settings = load().expect("valid");
        assert_eq!(
            (settings.engine.max_turns, settings.theme),
            (3, crate::config::ThemeChoice::Dark)
        );
        assert!(settings.no_remote && settings.notices.is_empty());
        // Not even its syntax may stop the program in that directory.
        fs::write(dir.path().join(".edgewise.toml"), "[engine\nmax_turns = 9").expect("a file");
        let settings = load().expect("valid");
        assert_eq!(settings.engine.max_turns, 3);
        assert!(settings.notices[0].ends_with(".edgewise.toml is not trusted and was ignored"));
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
            let error = Settings::load_with(&none, &user, &Env::default(), &none);
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
