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

/// What a server charges, in the user's own currency for a million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    /// Tokens sent.
    pub input: f32,
    /// Tokens generated.
    pub output: f32,
}

/// A remote server of the user's configuration.
#[derive(Clone, Debug, PartialEq)]
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
    /// The most tokens of prompt and answer together there, at least 1; `None` when unknown.
    pub n_ctx: Option<u32>,
    /// What it charges; `None` when nothing or unknown.
    pub price: Option<Price>,
    /// PEM certificates that are trusted for it beside the system's.
    pub ca_file: Option<String>,
    /// What connections to it go through, unless it is this device.
    pub proxy: Option<String>,
    /// Headers that go with every request: name and value.
    pub headers: Vec<(String, String)>,
    /// Whether plain text to it may leave this device.
    pub allow_http: bool,
}
