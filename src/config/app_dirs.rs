//! Where other programs keep their models.

use std::path::Path;
use std::path::PathBuf;

use crate::config::Env;

/// The directories of other programs' models; they need not exist, and are only ever read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppDirs {
    /// Ollama's: manifests and blobs.
    pub ollama: Vec<PathBuf>,
    /// LM Studio's: publisher, repository, file.
    pub lm_studio: Vec<PathBuf>,
    /// Hugging Face's cache.
    pub hub: Vec<PathBuf>,
    /// llama.cpp's own downloads.
    pub llama_cpp: Vec<PathBuf>,
}

impl AppDirs {
    /// Returns where the programs themselves would look: their variables, else their defaults.
    pub fn of(env: &Env) -> Self {
        let home = env.home();
        let in_home = |path: &str| home.as_ref().map(|home| home.join(path));
        let named = |name: &str| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cache = named("XDG_CACHE_HOME").or_else(|| in_home(".cache"));
        let in_cache = |path: &str| cache.as_ref().map(|cache| cache.join(path));
        let all = |paths: [Option<PathBuf>; 2]| paths.into_iter().flatten().collect();
        let hub = named("HF_HUB_CACHE")
            .or_else(|| named("HF_HOME").map(|home| home.join("hub")))
            .or_else(|| in_cache("huggingface/hub"));
        let ollama = named("OLLAMA_MODELS").or_else(|| in_home(".ollama/models"));
        // Where its installer for Linux makes a user of its own.
        let service = Some(Path::new("/usr/share/ollama/.ollama/models").to_owned());
        Self {
            ollama: all([ollama, service]),
            lm_studio: all([in_home(".lmstudio/models"), in_cache("lm-studio/models")]),
            hub: all([hub, None]),
            llama_cpp: all([
                named("LLAMA_CACHE").or_else(|| in_cache("llama.cpp")),
                in_home("Library/Caches/llama.cpp"),
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_come_before_the_defaults() {
        let dirs = AppDirs::of(&Env::from_pairs([("HOME", "/h")]));
        assert_eq!(dirs.ollama[0], Path::new("/h/.ollama/models"));
        assert_eq!(dirs.hub, [Path::new("/h/.cache/huggingface/hub")]);
        assert_eq!(dirs.llama_cpp[0], Path::new("/h/.cache/llama.cpp"));
        let env = Env::from_pairs([
            ("HOME", "/h"),
            ("XDG_CACHE_HOME", "/c"),
            ("HF_HOME", "/hf"),
            ("OLLAMA_MODELS", "/o"),
            ("LLAMA_CACHE", "relative"),
        ]);
        let dirs = AppDirs::of(&env);
        assert_eq!(dirs.hub, [Path::new("/hf/hub")]);
        assert_eq!(dirs.ollama[0], Path::new("/o"));
        assert_eq!(dirs.llama_cpp[0], Path::new("/c/llama.cpp"));
        assert_eq!(AppDirs::of(&Env::default()).hub, Vec::<PathBuf>::new());
    }
}
