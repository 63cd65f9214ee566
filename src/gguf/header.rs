//! What a checked header says of its model.

use super::error::GgufError;
use super::error::shown;
use super::ftype;
use super::keys::FLOAT32;
use super::keys::INT32;
use super::keys::STRING;
use super::keys::Value;
use super::keys::Values;
use super::tally::Tally;

/// `LLAMA_MAX_LAYERS` in llama.cpp.
const MAX_BLOCKS: u32 = 512;

/// The header of a model file whose sizes have been checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Version of the format: 2 or 3.
    pub version: u32,
    /// The family that llama.cpp builds the graph for, like `llama`.
    pub architecture: String,
    /// Tokens of context that the model was trained on.
    pub context_length: u32,
    /// Width of an embedding.
    pub embedding_length: u32,
    /// Transformer blocks.
    pub block_count: u32,
    /// Tokens in the vocabulary.
    pub vocab_tokens: u32,
    /// Tensors in the file.
    pub tensor_count: usize,
    /// Bytes of all tensors, without padding.
    pub tensor_bytes: u64,
    /// What the tensors are, by their type and by their place in the model.
    pub tensors: Tally,
    values: Values,
}

impl Header {
    /// Checks the keys that a language model cannot do without.
    pub(super) fn check(version: u32, values: Values, tensors: Tally) -> Result<Self, GgufError> {
        let architecture = required(&values, "general.architecture")?
            .as_text()
            .filter(|name| !name.is_empty())
            .ok_or_else(|| wrong("general.architecture", "a name"))?
            .to_owned();
        // Adapters and projectors have an architecture too but not the sizes below.
        match values.get("general.type").and_then(Value::as_text) {
            None | Some("model") => {}
            Some(other) => return Err(GgufError::NotAModel(shown(other))),
        }
        let size = |name: &str, limit: u32, expected: &'static str| {
            let key = format!("{architecture}.{name}");
            let number = required(&values, &key)?.as_u64().and_then(|n| u32::try_from(n).ok());
            number.filter(|n| (1..=limit).contains(n)).ok_or_else(|| wrong(&key, expected))
        };
        let most = i32::MAX.unsigned_abs();
        let context_length = size("context_length", most, "a number of tokens")?;
        let embedding_length = size("embedding_length", most, "a width")?;
        let block_count = size("block_count", MAX_BLOCKS, "a number from 1 to 512")?;
        let vocab_tokens = vocabulary(&values)?;
        let tensor_count = tensors.count();
        if tensor_count == 0 {
            return Err(GgufError::NoTensors);
        }
        Ok(Self {
            version,
            architecture,
            context_length,
            embedding_length,
            block_count,
            vocab_tokens,
            tensor_count,
            tensor_bytes: tensors.bytes(),
            tensors,
            values,
        })
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// Returns every key with its value, sorted by key.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Returns the width of one head's keys; `values` asks for that of its values.
    pub(super) fn head_width(&self, what: &str) -> Option<u32> {
        self.number(&format!("{}.attention.{what}_length", self.architecture))
    }

    /// Returns how many experts there are and how many a token uses; one of one for most models.
    pub(super) fn experts(&self) -> (u32, u32) {
        let number = |name: &str| self.number(&format!("{}.{name}", self.architecture));
        let all = number("expert_count").unwrap_or(0).max(1);
        (all, number("expert_used_count").unwrap_or(all).clamp(1, all))
    }

    /// Returns the width of a block's inner layer; four times the embedding where it is not said.
    pub(super) fn inner_width(&self) -> u64 {
        let said = self.number(&format!("{}.feed_forward_length", self.architecture));
        said.map_or_else(|| u64::from(self.embedding_length) * 4, u64::from)
    }

    /// Returns the name of the quantisation; a number that is not known has none.
    pub fn quantisation(&self) -> Option<&'static str> {
        self.file_type().and_then(ftype::name)
    }

    /// Returns the licence that the file names.
    pub fn licence(&self) -> Option<&str> {
        self.get("general.license")?.as_text()
    }

    /// Returns the model's own name.
    pub fn name(&self) -> Option<&str> {
        self.get("general.name")?.as_text()
    }

    /// Returns the number of the quantisation, `enum llama_ftype` in `llama.h`.
    pub fn file_type(&self) -> Option<u32> {
        self.number("general.file_type")
    }

    /// Returns the attention heads of a block; `None` where blocks differ or have none.
    pub fn head_count(&self) -> Option<u32> {
        self.number(&format!("{}.attention.head_count", self.architecture))
    }

    /// Returns the heads of keys and values of a block; `None` where blocks differ.
    pub fn head_count_kv(&self) -> Option<u32> {
        self.number(&format!("{}.attention.head_count_kv", self.architecture))
            .or_else(|| self.head_count())
    }

    /// Returns the source of the chat template.
    pub fn chat_template(&self) -> Option<&str> {
        self.get("tokenizer.chat_template")?.as_text()
    }

    /// Returns the token that begins a text.
    pub fn bos_token_id(&self) -> Option<u32> {
        self.number("tokenizer.ggml.bos_token_id")
    }

    /// Returns the token that ends a text.
    pub fn eos_token_id(&self) -> Option<u32> {
        self.number("tokenizer.ggml.eos_token_id")
    }

    /// Returns whether a text begins with the token for it; `None` leaves it to the tokeniser.
    pub fn add_bos_token(&self) -> Option<bool> {
        self.get("tokenizer.ggml.add_bos_token")?.as_bool()
    }

    fn number(&self, key: &str) -> Option<u32> {
        self.get(key)?.as_u64().and_then(|number| u32::try_from(number).ok())
    }
}

/// Checks the arrays that the tokeniser indexes with each other's positions; returns their length.
fn vocabulary(values: &Values) -> Result<u32, GgufError> {
    required(values, "tokenizer.ggml.model")?
        .as_text()
        .ok_or_else(|| wrong("tokenizer.ggml.model", "a name"))?;
    let (key, expected) = ("tokenizer.ggml.tokens", "an array of strings");
    let &Value::Array { len, kind: STRING } = required(values, key)? else {
        return Err(wrong(key, expected));
    };
    for (key, kinds, expected) in [
        ("tokenizer.ggml.token_type", &[INT32][..], "an array with an integer for each token"),
        ("tokenizer.ggml.scores", &[INT32, FLOAT32], "an array with a number for each token"),
    ] {
        let fits = |value: &Value| matches!(value, Value::Array { len: own, kind } if *own >= len && kinds.contains(kind));
        if !values.get(key).is_none_or(fits) {
            return Err(wrong(key, expected));
        }
    }
    let merges = "tokenizer.ggml.merges";
    if !matches!(values.get(merges), None | Some(Value::Array { kind: STRING, .. })) {
        return Err(wrong(merges, expected));
    }
    u32::try_from(len).ok().filter(|len| *len > 0).ok_or_else(|| wrong(key, "a list of tokens"))
}

fn required<'a>(values: &'a Values, key: &str) -> Result<&'a Value, GgufError> {
    values.get(key).ok_or_else(|| GgufError::MissingKey(shown(key)))
}

fn wrong(key: &str, expected: &'static str) -> GgufError {
    GgufError::WrongValue { key: shown(key), expected }
}
