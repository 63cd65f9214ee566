//! A loaded model: weights, vocabulary and chat template.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::OnceLock;

use llama_cpp_2::LlamaBackendDevice;
use llama_cpp_2::LlamaBackendDeviceType;
use llama_cpp_2::list_llama_ggml_backend_devices;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token_type::LlamaTokenAttr;
use llama_cpp_2::vocab::LlamaVocab;
use thiserror::Error;

use super::clock;
use super::ffi;
use super::ffi::Grammar;
use super::ffi::GrammarError;
use super::seams::Mark;
use super::seams::Seams;
use crate::chat::Compute;
use crate::chat::Constraint;
use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::chat::GpuLayers;
use crate::chat::Message;
use crate::chat::ModelInfo;
use crate::chat::Role;
use crate::prompt::RenderOptions;
use crate::prompt::SpecialTexts;
use crate::prompt::Template;
use crate::prompt::TemplateError;
use crate::prompt::Unit;

/// Why a model could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// llama.cpp does not start. Remedy: look at the log.
    #[error("llama.cpp does not start: {0}")]
    Backend(String),
    /// The file is not there any more.
    #[error("the file is gone")]
    Missing,
    /// The file is another one than the front has checked.
    #[error("the file was replaced meanwhile; ask again")]
    Changed,
    /// llama.cpp refuses the file, or the caller stopped the load; the log says which.
    #[error("llama.cpp cannot load the model")]
    Refused,
    /// The model's chat template is not one. Remedy: another file of this model.
    #[error("the chat template inside the model cannot be used: {0}")]
    Template(#[from] TemplateError),
    /// There is not enough memory for the context. Remedy: a smaller one.
    #[error("{0}")]
    Context(String),
}

/// What a schema is mostly refused for.
const UNENFORCEABLE: &str = "references have to stay within the file, and lengths and numbers of \
     items below some thousands";

/// Whether this build has a backend beside the CPU's.
const GPU_BUILT: bool = cfg!(any(
    feature = "vulkan",
    feature = "cuda",
    feature = "metal",
    all(target_os = "macos", target_arch = "aarch64")
));

/// Returns whether a GPU was to be used, and none is: by whoever asks for layers there in so many
/// words, and otherwise by a build that could use one.
fn fell_back(on_gpu: u32, wanted: GpuLayers, built: bool) -> bool {
    let wants = match wanted {
        GpuLayers::First(layers) => layers > 0,
        GpuLayers::All => built,
    };
    wants && on_gpu == 0
}

/// A prompt as the cache holds it, or why there is none.
pub type Prompt = Result<Vec<Unit>, Fault>;

/// What a model keeps of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// Every token's keys and values: can be cut, copied and shared anywhere.
    Cells,
    /// The same, but some layers look back so many tokens only, and what is older may be gone.
    Window(usize),
    /// A state that every token changes: it cannot be cut, and after a step that was stopped it is
    /// not to be trusted either.
    State,
}

/// Weights, vocabulary and template.
pub struct Model {
    weights: Arc<LlamaModel>,
    template: Template,
    seams: Seams,
    bos: Option<LlamaToken>,
    /// How many layers are to be on GPUs.
    wanted: GpuLayers,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("weights", &self.weights).finish_non_exhaustive()
    }
}

/// llama.cpp's process-wide state; it lives as long as the process.
pub(super) fn backend() -> Result<&'static LlamaBackend, LoadError> {
    static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
    let backend = BACKEND.get_or_init(|| {
        ffi::log_to_stderr();
        LlamaBackend::init().map_err(|error| error.to_string())
    });
    backend.as_ref().map_err(|error| LoadError::Backend(error.clone()))
}

/// Words what a model with `all` layers computes on, `layers` of them on GPUs.
fn device(layers: u32, all: u32) -> String {
    if layers == 0 {
        return "CPU".to_owned();
    }
    let is_gpu = |device: &LlamaBackendDevice| {
        matches!(
            device.device_type,
            LlamaBackendDeviceType::Gpu | LlamaBackendDeviceType::IntegratedGpu
        )
    };
    let names = list_llama_ggml_backend_devices().into_iter().filter(is_gpu);
    let names: Vec<String> = names.map(|device| device.description).collect();
    format!("{}, {layers} of {} layers", names.join(" and "), all.max(layers))
}

/// llama.cpp throws for the negative number that stands for "there is none".
fn some(token: LlamaToken) -> Option<LlamaToken> {
    (token.0 >= 0).then_some(token)
}

/// Returns the texts that a message must not be able to write, since `parse_special` recognises them,
/// and where a prompt of this vocabulary can be cut.
fn special_texts(vocab: &LlamaVocab<'_>) -> (SpecialTexts, Seams) {
    let text = |token| Some(vocab.text(some(token)?)?.to_str().ok()?.to_owned());
    let special = LlamaTokenAttr::Control | LlamaTokenAttr::Unknown;
    let found_first = special | LlamaTokenAttr::UserDefined;
    let marks = vocab.tokens().map(|token| (token, vocab.attr(token)));
    let marks: Vec<_> = marks.filter(|(_, attr)| attr.intersects(found_first)).collect();
    let specials = marks.iter().filter(|(_, attr)| attr.intersects(special));
    let specials = SpecialTexts {
        specials: specials.filter_map(|(token, _)| text(*token)).collect(),
        bos: text(vocab.bos()),
        eos: text(vocab.eos()),
    };
    let seams = marks.iter().filter_map(|(token, attr)| {
        let is_seam =
            attr.contains(LlamaTokenAttr::Control) && !attr.contains(LlamaTokenAttr::RStrip);
        let ends = is_seam && vocab.is_eog(*token);
        Some(Mark { text: vocab.text(*token)?.to_bytes(), ends })
    });
    (specials, Seams::new(&seams.collect::<Vec<_>>()))
}

impl Model {
    /// Loads a model file as `compute` says that has passed `gguf`'s preflight.
    ///
    /// `progress` is told the share that is loaded, 0 to 1, and stops the load by `false`.
    ///
    /// # Errors
    /// See [`LoadError`]; a stopped load is `Refused`.
    pub fn load(
        path: &Path,
        compute: Compute,
        progress: impl FnMut(f32) -> bool,
    ) -> Result<Self, LoadError> {
        // The safe crate asserts this, and the file may have gone since it was found.
        if !path.is_file() {
            return Err(LoadError::Missing);
        }
        let backend = backend()?;
        ffi::forget_layers();
        let weights = ffi::load(backend, path, compute, progress).ok_or(LoadError::Refused)?;
        let (specials, seams) = special_texts(&weights.vocab());
        let template = match weights.meta_val_str("tokenizer.chat_template") {
            Ok(source) => Template::new(&source, &specials)?,
            Err(_) => Template::chatml(&specials),
        };
        let vocab = weights.vocab();
        let bos = some(vocab.bos()).filter(|_| vocab.should_add_bos());
        let wanted = compute.gpu_layers;
        Ok(Self { weights: Arc::new(weights), template, seams, bos, wanted })
    }

    /// Returns what the front shows of this model. `pool_tokens` is the context's.
    pub(super) fn info(&self, pool_tokens: u32) -> ModelInfo {
        let layers = ffi::gpu_layers();
        ModelInfo {
            name: self.weights.meta_val_str("general.name").unwrap_or_default(),
            description: self.description(),
            pool_tokens,
            train_tokens: self.weights.n_ctx_train(),
            weight_bytes: self.weights.size(),
            system: ffi::system_info(),
            device: device(layers, self.weights.n_layer().saturating_add(1)),
            gpu_layers: layers,
            fell_back: fell_back(layers, self.wanted, GPU_BUILT),
        }
    }

    /// Returns architecture, size and quantisation; the size as the file's maker words it, for
    /// llama.cpp guesses it from the layers.
    fn description(&self) -> String {
        let guessed = ffi::describe(&self.weights);
        let mut words: Vec<&str> = guessed.split(' ').collect();
        let label = self.weights.meta_val_str("general.size_label").unwrap_or_default();
        if let Some(size) = words.get_mut(1).filter(|_| !label.is_empty()) {
            *size = &label;
        }
        words.join(" ")
    }

    /// Renders a conversation with the model's template and turns it into tokens. An answer that
    /// comes last is one to be continued: the tokens end with its text.
    ///
    /// No text of a message becomes a control token: see `prompt`. Takes seconds for megabytes;
    /// any thread may do it.
    ///
    /// # Errors
    /// The template refuses the conversation, or it has parts that the model cannot take.
    pub fn prompt(&self, messages: &[Message]) -> Prompt {
        self.prompt_by(messages, |text| self.special_tokens(text))
    }

    /// The same, with the tokens of each piece of the rendered text taken from `tokens`: what
    /// [`Model::special_tokens`] makes of it, or made of it earlier. The pieces are mostly messages.
    ///
    /// # Errors
    /// As of [`Model::prompt`].
    pub(super) fn prompt_by<T: AsRef<[LlamaToken]>>(
        &self,
        messages: &[Message],
        mut tokens: impl FnMut(&str) -> T,
    ) -> Prompt {
        let (begun, messages) = match messages.split_last() {
            Some((last, before)) if last.role == Role::Assistant => (last.plain(), before),
            _ => (String::new(), messages),
        };
        let options = RenderOptions { add_generation_prompt: true, date: Some(clock::today()) };
        let rendered = self
            .template
            .render(messages, options)
            .map_err(|error| Fault::new(error.to_string()))?;
        let mut units: Vec<Unit> = Vec::new();
        let mut add = |tokens: &[LlamaToken]| {
            units.extend(tokens.iter().map(|token| Unit::Token(token.0)));
        };
        if !rendered.starts_with_bos {
            add(self.bos.as_slice());
        }
        for piece in rendered.pieces.iter().flat_map(|piece| self.seams.cut(piece)) {
            add(tokens(piece).as_ref());
        }
        // What the model wrote earlier is text, whatever it looks like.
        add(&self.tokens(&begun));
        Ok(units)
    }

    /// Turns a piece of a rendered prompt into tokens, control tokens among them.
    pub(super) fn special_tokens(&self, text: &str) -> Vec<LlamaToken> {
        self.vocab().tokenize(text.as_bytes(), false, true)
    }

    /// Returns what kind of memory the model has.
    pub(super) fn memory(&self) -> Memory {
        if self.weights.is_recurrent() || self.weights.is_hybrid() {
            return Memory::State;
        }
        match ffi::window(&self.weights) {
            0 => Memory::Cells,
            tokens => Memory::Window(tokens),
        }
    }

    /// Makes the grammar that an answer is held against, if there is one.
    ///
    /// # Errors
    /// There is no such grammar (`Usage`).
    pub(super) fn grammar(&self, constraint: &Constraint) -> Result<Option<Grammar>, Fault> {
        let made = match constraint {
            Constraint::Free => return Ok(None),
            Constraint::JsonSchema(schema) => ffi::grammar_of_schema(schema)
                .and_then(|grammar| Grammar::new(self.weights(), &grammar))
                .map_err(|_| GrammarError::Schema),
            Constraint::Grammar(grammar) => Grammar::new(self.weights(), grammar),
        };
        made.map(Some).map_err(|error| {
            let fault = Fault::new(error.to_string()).kind(FaultKind::Usage);
            match constraint {
                Constraint::JsonSchema(_) => fault.hint(UNENFORCEABLE),
                Constraint::Free | Constraint::Grammar(_) => fault,
            }
        })
    }

    /// Turns a text into tokens, none of them a control token.
    pub(super) fn tokens(&self, text: &str) -> Vec<LlamaToken> {
        self.vocab().tokenize(text.as_bytes(), false, false)
    }

    /// Returns the token that texts begin with, where the model wants one.
    pub(super) fn bos(&self) -> Option<LlamaToken> {
        self.bos
    }

    /// Appends a token's bytes; nothing for a control token.
    pub(super) fn piece(&self, token: LlamaToken, bytes: &mut Vec<u8>) {
        self.vocab().token_to_piece_into(token, bytes, false, None);
    }

    /// Returns whether the token ends a generation.
    pub(super) fn ends(&self, token: LlamaToken) -> bool {
        self.vocab().is_eog(token)
    }

    /// Returns the number of tokens in the vocabulary.
    pub(super) fn vocabulary(&self) -> i32 {
        self.weights.n_vocab()
    }

    /// Returns the weights, for a context.
    pub fn weights(&self) -> Arc<LlamaModel> {
        Arc::clone(&self.weights)
    }

    /// Returns llama.cpp's process-wide state, for a context of the safe crate.
    ///
    /// # Panics
    /// Never: a model cannot be loaded without it.
    pub fn backend(&self) -> &'static LlamaBackend {
        backend().expect("a loaded model has a backend")
    }

    fn vocab(&self) -> LlamaVocab<'_> {
        self.weights.vocab()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_falls_back_who_did_not_want_a_gpu() {
        let (all, none, some) = (GpuLayers::All, GpuLayers::First(0), GpuLayers::First(12));
        for (wanted, built, expected) in [
            (all, true, true),
            (all, false, false),
            (some, true, true),
            (some, false, true),
            (none, true, false),
            (none, false, false),
        ] {
            assert_eq!(fell_back(0, wanted, built), expected, "{wanted:?} {built}");
            assert!(!fell_back(1, wanted, built), "a layer is there");
        }
    }
}
