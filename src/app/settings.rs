//! The settings that a run of the chat works with.

use crate::app::keymap::Keymap;
use crate::chat::Limits;
use crate::chat::Mode;
use crate::chat::PrivacyClass;
use crate::chat::Sampling;
use crate::config::OnFull;
use crate::prompt::Form;

/// What a larger context takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Bytes of keys and values of one token.
    pub token_bytes: u64,
    /// Tokens of context that the model was trained on.
    pub train_tokens: u32,
}

/// A snapshot of the resolved profile; during a run only the context changes, where the user takes
/// a larger one.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Settings {
    /// The profile's name, for the screen.
    pub profile: String,
    /// What the session allows.
    pub mode: Mode,
    /// What of a session may leave the device.
    pub privacy: PrivacyClass,
    /// The model's name as the user knows it.
    pub model: String,
    /// The system prompt, if there is one.
    pub system: Option<String>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Where an answer ends at the latest; `n_ctx` is the total beside "context used".
    pub limits: Limits,
    /// What a larger context takes; `None` where no model on this device is known.
    pub growth: Option<Growth>,
    /// What happens when a conversation no longer fits its context.
    pub on_full: OnFull,
    /// Whether what is sure of the next prompt is evaluated while it is typed.
    pub prefill_ahead: bool,
    /// The endpoints that turns may go to, each with its origin; none when nothing leaves.
    pub leaves_to: Vec<(String, String)>,
    /// Whether turns go to an endpoint first: the model on this device is not loaded before one
    /// does not.
    pub remote_first: bool,
    /// Whether the chat is on the terminal's normal screen, whose scrollback has what is above.
    pub inline: bool,
    /// Whether any trace may be kept after a turn.
    pub ephemeral: bool,
    /// Whether the open sessions stand beside the conversation on a wide screen.
    pub sidebar: bool,
    /// What keys do.
    pub keys: Keymap,
    /// The prompts of the library, by name.
    pub prompts: Vec<(String, Form)>,
    /// The themes that there are.
    pub themes: Vec<String>,
}
