//! Remote servers: their protocol, their address and where their key comes from.

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// The chat completions of `OpenAI`, which most servers imitate.
    OpenAi,
    /// Anthropic's messages.
    Anthropic,
    /// Ollama's chat.
    Ollama,
}

impl Protocol {
    /// Every protocol with its name in files.
    pub const NAMES: [(&'static str, Self); 3] =
        [("openai", Self::OpenAi), ("anthropic", Self::Anthropic), ("ollama", Self::Ollama)];
}

/// Where an endpoint's key is found; never the key itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeySource {
    /// No key is sent.
    #[default]
    None,
    /// The named environment variable.
    Env(String),
    /// The output of this command: program and arguments, without a shell.
    Command(Vec<String>),
    /// The system's keyring.
    Keyring,
}

/// A remote server of the user's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The name in `[endpoints.NAME]`.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// `http://` or `https://` with a host, without user name or password.
    pub base_url: String,
    /// The model to ask for there; `None` leaves it to the server.
    pub model: Option<String>,
    /// Where its key comes from.
    pub key: KeySource,
}
