//! Every key of `config.toml` with what it takes and what it is for: what the published schema and
//! the documentation are made of.
//!
//! Tests hold it against the reader (`raw`): the same keys, the same limits.
//!
//! Never: reading.

use crate::chat::CacheType;
use crate::chat::FlashAttention;
use crate::chat::Mode;
use crate::chat::PrivacyClass;
use crate::config::OnFull;
use crate::config::Protocol;

/// What stands for the user's own names in a path of keys.
pub(super) const ANY: &str = "*";

/// One key or table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// Tables and key joined by dots; `*` is a name of the user's.
    pub(super) path: &'static str,
    /// What it takes.
    pub(super) takes: Takes,
    /// What it is for, in a line.
    pub(super) doc: &'static str,
}

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Takes {
    /// A table of the keys below it.
    Table,
    /// Any text.
    Text,
    /// Text that is not blank.
    Name,
    /// A name or a list of them.
    Names,
    /// A list of texts that are not empty.
    List,
    /// `true` or `false`.
    Flag,
    /// A whole number within limits.
    Whole(i64, i64),
    /// `"auto"` or a whole number within limits.
    AutoOrWhole(i64, i64),
    /// A number of at least 0.
    AtLeastZero,
    /// A number above 0.
    AboveZero,
    /// A number from 0 to 1.
    Share,
    /// One of a few words.
    Choice(fn() -> Vec<&'static str>),
    /// A language, as a tag like `pt-BR`, or `auto`.
    Language,
    /// A duration like `5m`.
    Span,
    /// The address of a server.
    Url,
    /// A list of headers like `name: value`.
    Headers,
}

const fn key(path: &'static str, takes: Takes, doc: &'static str) -> Key {
    Key { path, takes, doc }
}

fn words<T>(names: &[(&'static str, T)]) -> Vec<&'static str> {
    names.iter().map(|(name, _)| *name).collect()
}

const U32: i64 = u32::MAX as i64;

/// Every key, a table before what is in it.
pub(super) const KEYS: &[Key] = &[
    key("default_profile", Takes::Name, "The profile that is used without -p"),
    key(
        "theme",
        Takes::Name,
        "A theme: \"auto\" follows the terminal's ground; one of the program's own or of themes/NAME.toml",
    ),
    key("chat", Takes::Table, "How the chat behaves"),
    key(
        "chat.language",
        Takes::Language,
        "The language of its words, like \"pt-BR\"; \"auto\" is the environment's",
    ),
    key(
        "chat.mouse",
        Takes::Flag,
        "Whether it takes the mouse: wheel, click to mark and to copy code",
    ),
    key("chat.inline", Takes::Flag, "Whether it stays on the terminal's normal screen"),
    key(
        "chat.sidebar",
        Takes::Flag,
        "Whether the open sessions stand beside the conversation on a wide screen",
    ),
    key("chat.print_on_exit", Takes::Flag, "Whether the conversation is printed when it is left"),
    key("engine", Takes::Table, "The process that holds the model"),
    key("engine.keep_alive", Takes::Span, "How long it stays after its last client, like \"5m\""),
    key(
        "engine.pool_tokens",
        Takes::AutoOrWhole(1, U32),
        "Tokens that all running turns share; \"auto\" is the profile's n_ctx",
    ),
    key("engine.max_turns", Takes::Whole(1, 256), "Turns that run at once; more wait"),
    key(
        "engine.prefill_ahead",
        Takes::Flag,
        "Whether what is sure of the next prompt is evaluated while it is typed",
    ),
    key(
        "engine.kv_ram_gb",
        Takes::AutoOrWhole(0, U32),
        "Gigabytes of memory for idle sessions at most; \"auto\" is a quarter of what is available",
    ),
    key("engine.kv_disk_gb", Takes::Whole(0, U32), "Gigabytes of saved caches on disk at most"),
    key("profiles", Takes::Table, "Named bundles of settings"),
    key("profiles.*", Takes::Table, "A named bundle of settings"),
    key(
        "profiles.*.extends",
        Takes::Name,
        "The profile from which everything is taken that is not said here",
    ),
    key("profiles.*.mode", Takes::Choice(|| words(&Mode::NAMES)), "Where turns may run"),
    key(
        "profiles.*.model",
        Takes::Name,
        "A model's name, or a path: one that begins with / . or ~, or ends in .gguf",
    ),
    key("profiles.*.endpoint", Takes::Names, "The endpoint for remote turns; a list is an order"),
    key(
        "profiles.*.privacy",
        Takes::Choice(|| words(&PrivacyClass::NAMES)),
        "What may leave this device",
    ),
    key("profiles.*.system", Takes::Text, "The system prompt; empty for none"),
    key("profiles.*.n_ctx", Takes::Whole(1, U32), "The most tokens of prompt and answer together"),
    key(
        "profiles.*.threads",
        Takes::AutoOrWhole(1, 512),
        "Threads that evaluate; \"auto\" is the physical cores that the program may use",
    ),
    key("profiles.*.compute", Takes::Table, "How the model is laid out and evaluated"),
    key(
        "profiles.*.compute.cache_type_k",
        Takes::Choice(|| words(&CacheType::NAMES)),
        "How the keys of the context are kept; less bits, more context",
    ),
    key(
        "profiles.*.compute.cache_type_v",
        Takes::Choice(|| words(&CacheType::NAMES)),
        "How the values of the context are kept; quantised ones need flash attention",
    ),
    key(
        "profiles.*.compute.flash_attention",
        Takes::Choice(|| words(&FlashAttention::NAMES)),
        "Attention without a matrix of all scores; \"auto\" where the device can",
    ),
    key(
        "profiles.*.compute.gpu_layers",
        Takes::AutoOrWhole(0, i32::MAX as i64),
        "Layers that a GPU takes; \"auto\" is all of them",
    ),
    key(
        "profiles.*.compute.mmap",
        Takes::Flag,
        "Whether the weights are the mapped file, and not a copy of it",
    ),
    key(
        "profiles.*.compute.repack",
        Takes::Flag,
        "Whether weights are laid out anew for the processor: faster prefill, slower start",
    ),
    key("profiles.*.sampling", Takes::Table, "How tokens are drawn"),
    key(
        "profiles.*.sampling.temp",
        Takes::AtLeastZero,
        "The temperature; 0 takes the likeliest token",
    ),
    key(
        "profiles.*.sampling.top_k",
        Takes::Whole(0, i32::MAX as i64),
        "Keeps so many of the likeliest tokens; 0 keeps all",
    ),
    key(
        "profiles.*.sampling.top_p",
        Takes::Share,
        "Keeps the likeliest tokens up to this total probability; 1 keeps all",
    ),
    key(
        "profiles.*.sampling.min_p",
        Takes::Share,
        "Drops tokens less likely than this share of the likeliest; 0 keeps all",
    ),
    key(
        "profiles.*.sampling.repeat_penalty",
        Takes::AboveZero,
        "Divides the weight of repeated tokens; 1 leaves it",
    ),
    key("profiles.*.sampling.seed", Takes::Whole(0, U32 - 1), "The seed of the draw"),
    key("profiles.*.slo", Takes::Table, "What counts as keeping up"),
    key("profiles.*.slo.ttft_ms", Takes::Whole(1, U32), "Milliseconds to the first token"),
    key("profiles.*.slo.tbt_ms", Takes::Whole(1, U32), "Milliseconds between tokens"),
    key(
        "profiles.*.on_full",
        Takes::Choice(|| words(&OnFull::NAMES)),
        "What happens when the context is full",
    ),
    key("profiles.*.max_tokens", Takes::Whole(1, U32), "The most tokens of an answer"),
    key("profiles.*.stop", Takes::List, "Strings that end an answer and are not part of it"),
    key("endpoints", Takes::Table, "Servers of your own"),
    key("endpoints.*", Takes::Table, "A server"),
    key(
        "endpoints.*.protocol",
        Takes::Choice(|| words(&Protocol::NAMES)),
        "What the server speaks",
    ),
    key("endpoints.*.base_url", Takes::Url, "Its address, up to the version: http://HOST:PORT/v1"),
    key("endpoints.*.model", Takes::Name, "The model to ask for there"),
    key("endpoints.*.key_env", Takes::Name, "The environment variable that holds its key"),
    key(
        "endpoints.*.key_command",
        Takes::List,
        "The command whose output is its key: program and arguments, without a shell",
    ),
    key("endpoints.*.keyring", Takes::Flag, "Whether its key is in the system's keyring"),
    key("endpoints.*.n_ctx", Takes::Whole(1, U32), "The most tokens of a session there"),
    key("endpoints.*.price_in", Takes::AtLeastZero, "What a million tokens sent there cost"),
    key("endpoints.*.price_out", Takes::AtLeastZero, "What a million tokens generated there cost"),
    key("endpoints.*.ca_file", Takes::Name, "PEM certificates to trust for it beside the system's"),
    key("endpoints.*.proxy", Takes::Url, "The proxy that connections to it go through"),
    key(
        "endpoints.*.headers",
        Takes::Headers,
        "Headers of every request, no keys: \"name: value\"",
    ),
    key("endpoints.*.allow_http", Takes::Flag, "Whether plain text to it may leave this device"),
];
