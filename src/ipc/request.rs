//! How a generation travels. The vocabulary itself knows no serde: these mirror it, and the
//! compiler holds them to it.

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::chat::Constraint;
use crate::chat::Foresight;
use crate::chat::Generation;
use crate::chat::Limits;
use crate::chat::MediaHash;
use crate::chat::Message;
use crate::chat::Part;
use crate::chat::Priority;
use crate::chat::PrivacyClass;
use crate::chat::Role;
use crate::chat::Sampling;
use crate::chat::SessionId;

#[derive(Serialize, Deserialize)]
#[serde(remote = "Generation")]
pub(super) struct GenerationDef {
    #[serde(with = "SessionIdDef")]
    session: SessionId,
    #[serde(with = "messages")]
    messages: Vec<Message>,
    /// The engine sends nothing anywhere.
    #[serde(skip)]
    class: PrivacyClass,
    #[serde(with = "SamplingDef")]
    sampling: Sampling,
    #[serde(with = "ConstraintDef")]
    constraint: Constraint,
    #[serde(with = "LimitsDef")]
    limits: Limits,
    #[serde(with = "PriorityDef")]
    priority: Priority,
    ephemeral: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SessionId")]
struct SessionIdDef(u128);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Sampling")]
struct SamplingDef {
    temp: f32,
    top_k: i32,
    top_p: f32,
    min_p: f32,
    repeat_penalty: f32,
    seed: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Constraint")]
enum ConstraintDef {
    Free,
    JsonSchema(String),
    Grammar(String),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Limits")]
struct LimitsDef {
    max_tokens: Option<u32>,
    stop: Vec<String>,
    n_ctx: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Priority")]
enum PriorityDef {
    Ahead,
    Background,
    Interactive,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Foresight")]
pub(super) enum ForesightDef {
    Sure,
    Whole,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Role")]
enum RoleDef {
    System,
    User,
    Assistant,
    Tool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "MediaHash")]
struct MediaHashDef([u8; 32]);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Part")]
enum PartDef {
    Text(String),
    Reasoning(String),
    Media(#[serde(with = "MediaHashDef")] MediaHash),
    ToolCall { id: String, name: String, arguments: String },
    ToolResult { id: String, content: String },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Message")]
struct MessageDef {
    #[serde(with = "RoleDef")]
    role: Role,
    #[serde(with = "parts")]
    parts: Vec<Part>,
}

/// Lists of mirrored values: serde's `with` speaks of one value only.
macro_rules! list {
    ($module:ident, $value:ty, $def:ty, $text:literal) => {
        mod $module {
            use super::*;

            #[derive(Serialize, Deserialize)]
            struct One(#[serde(with = $text)] $value);

            pub(super) fn serialize<S: Serializer>(
                values: &[$value],
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                struct Ref<'a>(&'a $value);
                impl Serialize for Ref<'_> {
                    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                        <$def>::serialize(self.0, serializer)
                    }
                }
                serializer.collect_seq(values.iter().map(Ref))
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Vec<$value>, D::Error> {
                let ones: Vec<One> = Vec::deserialize(deserializer)?;
                Ok(ones.into_iter().map(|One(value)| value).collect())
            }
        }
    };
}

list!(messages, Message, MessageDef, "MessageDef");
list!(parts, Part, PartDef, "PartDef");
