//! Messages and their parts.

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The instructions.
    System,
    /// The person, or the script.
    User,
    /// The model.
    Assistant,
    /// A tool's result.
    Tool,
}

impl Role {
    /// Returns the word that chat templates and wire formats use.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }

    /// Returns the role of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::System, Self::User, Self::Assistant, Self::Tool]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// SHA-256 of an attachment's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MediaHash(pub [u8; 32]);

/// A piece of a message. Text is kept as it came; it is cleaned where it leaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Plain text or Markdown.
    Text(String),
    /// What a reasoning model thought before it answered.
    Reasoning(String),
    /// An attachment.
    Media(MediaHash),
    /// The model asks for a tool.
    ToolCall {
        /// Pairs the call with its result.
        id: String,
        /// The tool's name.
        name: String,
        /// Its arguments as JSON text.
        arguments: String,
    },
    /// What the tool gave.
    ToolResult {
        /// The call's id.
        id: String,
        /// The result as text.
        content: String,
    },
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub parts: Vec<Part>,
}

impl Message {
    /// Makes a message of one text part.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::Text(text.into())] }
    }

    /// Returns the text parts joined by nothing.
    pub fn plain(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Reasoning(_)
            | Part::Media(_)
            | Part::ToolCall { .. }
            | Part::ToolResult { .. } => None,
        });
        texts.collect()
    }
}
