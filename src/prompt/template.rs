//! A compiled chat template and what it renders.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;
use std::panic;
use std::thread;

use minijinja::Environment;
use minijinja::Value;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja_contrib::pycompat::unknown_method_callback;
use time::Date;

use crate::chat::Message;

use super::breaker::Breaker;
use super::breaker::SpecialTexts;
use super::breaker::pieces;
use super::chat;
use super::error::TemplateError;
use super::functions;
use super::json;

/// For a model that brings no template: `ChatML`, which most models without one follow.
const CHATML: &str = "{% for message in messages %}\
    {{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}\
    {% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/// Fuel for what a template does once, like setting macros up.
const BASE_FUEL: u64 = 50_000;

/// Fuel for a message; the known templates take a few hundred.
const MESSAGE_FUEL: u64 = 2_000;

/// A unit of fuel pays for 64 bytes of any value made on the way, so this is 32 copies of what the
/// messages hold.
const CONTENT_BYTES_PER_FUEL: usize = 2;

/// Each unit of fuel can nest a value one level deeper, and minijinja compares, prints and drops
/// nested values by recursion: at most some 600 bytes of stack a level.
const STACK_BYTES_PER_FUEL: u64 = 640;

const BASE_STACK_BYTES: u64 = 2 << 20;

/// What a template may write beside the contents.
const BASE_OUTPUT_BYTES: usize = 1 << 20;

/// How often a template may write each content.
const CONTENT_FACTOR: usize = 4;

/// Calls within calls, each a frame on the stack.
const MAX_DEPTH: usize = 64;

const NAME: &str = "chat template";

/// A chat template, compiled.
#[derive(Debug)]
pub struct Template {
    environment: Environment<'static>,
    breaker: Breaker,
    bos: String,
    eos: String,
}

/// What a template is told besides the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RenderOptions {
    /// Whether the text ends where the model's answer begins.
    pub add_generation_prompt: bool,
    /// The day for `strftime_now`; without it the function is not there, and templates fall back
    /// to a day of their own.
    pub date: Option<Date>,
}

/// A conversation as the model's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The text in pieces, none empty, mostly one. Each is tokenised by itself, with special tokens
    /// recognised and none added; the tokens are joined.
    pub pieces: Vec<String>,
    /// Whether the template wrote the token that begins a prompt: then none is to be added.
    pub starts_with_bos: bool,
}

impl Template {
    /// Compiles the template of a model file.
    ///
    /// # Errors
    /// The source does not parse; [`Template::chatml`] is what remains.
    ///
    /// # Panics
    /// Never: the delimiters are Jinja's own.
    pub fn new(source: &str, tokens: &SpecialTexts) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.expect("Jinja's own delimiters"));
        environment.set_recursion_limit(MAX_DEPTH);
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.add_function("raise_exception", functions::raise_exception);
        environment.add_filter("tojson", json::tojson);
        // Takes time without end for nested values, without paying fuel; no template needs it.
        environment.remove_filter("pprint");
        environment
            .add_template_owned(NAME, without_generation_tags(source))
            .map_err(|error| TemplateError::syntax(&error))?;
        let (bos, eos) = (tokens.bos.clone(), tokens.eos.clone());
        Ok(Self {
            environment,
            breaker: Breaker::new(tokens),
            bos: bos.unwrap_or_default(),
            eos: eos.unwrap_or_default(),
        })
    }

    /// Makes the template for a model that brings none: `ChatML`. Whether the model was trained
    /// on it is not known, so whoever falls back to it says so.
    ///
    /// # Panics
    /// Never: the source is a constant.
    pub fn chatml(tokens: &SpecialTexts) -> Self {
        Self::new(CHATML, tokens).expect("the constant parses")
    }

    /// Renders a conversation.
    ///
    /// Where the template refuses a system message, or leaves it out without a word, the system's
    /// text goes to the head of the first user message instead, as a paragraph of its own.
    ///
    /// # Errors
    /// The template refuses the conversation or fails, or a message has an attachment.
    pub fn render(
        &self,
        messages: &[Message],
        options: RenderOptions,
    ) -> Result<Rendered, TemplateError> {
        let tells_all = |text: &String| chat::tells_system(text, messages);
        let text = match self.text(messages, options) {
            Ok(text) if tells_all(&text) => text,
            first @ (Ok(_) | Err(TemplateError::Refused(_))) => {
                let merged = chat::merge_system(messages);
                let second = merged.and_then(|merged| self.text(&merged, options).ok());
                match second.filter(tells_all) {
                    Some(text) => text,
                    None => first?,
                }
            }
            Err(other) => return Err(other),
        };
        let pieces = pieces(&text);
        let starts_with_bos = !self.bos.is_empty()
            && pieces.first().is_some_and(|first| first.starts_with(&self.bos));
        Ok(Rendered { pieces, starts_with_bos })
    }

    /// Renders with breakers in the text.
    fn text(&self, messages: &[Message], options: RenderOptions) -> Result<String, TemplateError> {
        let values = chat::values(messages, &self.breaker)?;
        let content_bytes: usize = values.iter().map(|value| value.to_string().len()).sum();
        let fuel = BASE_FUEL
            + MESSAGE_FUEL * values.len() as u64
            + (content_bytes / CONTENT_BYTES_PER_FUEL) as u64;
        let mut environment = self.environment.clone();
        environment.set_fuel(Some(fuel));
        let mut context = BTreeMap::from([
            ("messages", Value::from(Serde(&values))),
            ("add_generation_prompt", Value::from(options.add_generation_prompt)),
            ("bos_token", Value::from(self.bos.as_str())),
            ("eos_token", Value::from(self.eos.as_str())),
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ]);
        if let Some(date) = options.date {
            let now = move |format: String| functions::strftime(date, &format);
            context.insert("strftime_now", Value::from_function(now));
        }
        let limit = BASE_OUTPUT_BYTES.saturating_add(content_bytes.saturating_mul(CONTENT_FACTOR));
        let context = Value::from(context);
        // The thread is there for its stack alone, of which only what is used is ever backed.
        let stack_bytes = BASE_STACK_BYTES + STACK_BYTES_PER_FUEL * fuel;
        let builder = thread::Builder::new().name("chat template".to_owned());
        thread::scope(|scope| {
            builder
                .stack_size(usize::try_from(stack_bytes).unwrap_or(usize::MAX))
                .spawn_scoped(scope, move || run(&environment, context, limit))
                .map_err(|error| TemplateError::NoThread(error.to_string()))?
                .join()
                .unwrap_or_else(|panic| panic::resume_unwind(panic))
        })
    }
}

/// Renders the template in `environment` and drops what it made.
fn run(
    environment: &Environment<'static>,
    context: Value,
    limit: usize,
) -> Result<String, TemplateError> {
    let mut output = Bounded { bytes: Vec::new(), limit };
    let template = environment.get_template(NAME).expect("compiled in new");
    template
        .render_captured_to(context, &mut output)
        .map_err(|error| TemplateError::rendering(&error, limit))?;
    Ok(String::from_utf8(output.bytes).expect("templates write whole characters"))
}

/// Keeps what is written, up to a limit.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Turns `{% generation %}` and its end, which mark an answer for training, into a block that is
/// always taken: the white space around them is treated as theirs would be.
fn without_generation_tags(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let (before, tag) = rest.split_at(start);
        let Some(end) = tag.find("%}") else { break };
        let (tag, after) = tag.split_at(end);
        let word = tag[2..].trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '+'));
        out.push_str(before);
        match word {
            "generation" => out.push_str(&tag.replace("generation", "if true")),
            "endgeneration" => out.push_str(&tag.replace("endgeneration", "endif")),
            _ => out.push_str(tag),
        }
        rest = after;
    }
    out + rest
}
