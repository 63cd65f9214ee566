//! `models info`.

use std::fmt::Write as _;

use serde_json::Map;
use serde_json::json;

use super::shown;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::config::DEFAULT_N_CTX;
use crate::config::Paths;
use crate::gguf::Header;
use crate::gguf::Value;
use crate::models;
use crate::models::ModelError;
use crate::models::ModelFile;
use crate::text;
use crate::text::Clean;

/// The longest value of a key in the list, in graphemes.
const VALUE_MAX: usize = 100;

/// Prints what the file says.
///
/// # Errors
/// There is no such model, or it is none; with `template`, it has none.
pub(super) fn run(
    cli: &Cli,
    paths: &Paths,
    model: &str,
    template: bool,
) -> Result<Exit, ModelError> {
    let stocked = models::find(model, paths)?;
    let file = models::inspect(&stocked, &stocked.name)?;
    let text = if template {
        let source = file.header.chat_template().ok_or_else(|| {
            let message = format!("{} has no chat template", stocked.name);
            ModelError::Bad { message }
        })?;
        format!("{}\n", source.trim_end_matches('\n'))
    } else if cli.common.json {
        object(&file, stocked.keeper.name())
    } else {
        words(&file, stocked.keeper.name())
    };
    Ok(super::super::give(Clean::new(&text).into_string()))
}

fn words(file: &ModelFile, from: &str) -> String {
    let header = &file.header;
    let need = file.footprint().need(DEFAULT_N_CTX.min(header.context_length));
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        writeln!(text, "{name:14} {}", Clean::one_line(value, 400).as_str()).ok();
    };
    line("name", header.name().unwrap_or(&file.name));
    line("file", &format!("{} ({from})", shown(&file.path)));
    line("size", &format!("{} ({} bytes)", text::bytes(file.total_bytes), file.total_bytes));
    line("architecture", &header.architecture);
    line("quantisation", header.quantisation().unwrap_or("not said"));
    line("licence", header.licence().unwrap_or("not said"));
    let context = format!("{} tokens", header.context_length);
    line("context", &context);
    let heads = |heads: Option<u32>| heads.map_or("various".to_owned(), |heads| heads.to_string());
    let shape = format!(
        "{} blocks, {} wide, {} heads, {} for keys and values",
        header.block_count,
        header.embedding_length,
        heads(header.head_count()),
        heads(header.head_count_kv()),
    );
    line("shape", &shape);
    let tokenizer = header.get("tokenizer.ggml.model").and_then(Value::as_text).unwrap_or("?");
    let splitter = header.get("tokenizer.ggml.pre").and_then(Value::as_text).unwrap_or("default");
    line("tokenizer", &format!("{tokenizer}, {splitter}, {} tokens", header.vocab_tokens));
    let template = header.chat_template().map_or("none: ChatML is used".to_owned(), |template| {
        format!("{} bytes (--template prints it)", template.len())
    });
    line("template", &template);
    let memory = format!(
        "{} with {DEFAULT_N_CTX} tokens: {} weights, {} context, {} to compute in",
        text::bytes(need.total()),
        text::bytes(need.weights),
        text::bytes(need.kv),
        text::bytes(need.compute),
    );
    line("memory", &memory);
    writeln!(text, "\n{} tensors", header.tensor_count).ok();
    for total in &header.tensors.types {
        let bytes = text::bytes(total.bytes);
        writeln!(text, "  {:8} {:>6}  {bytes:>8}", total.name, total.count).ok();
    }
    writeln!(text, "\nkeys").ok();
    for (key, value) in header.values().filter(|(key, _)| *key != "tokenizer.chat_template") {
        let key = Clean::one_line(key, VALUE_MAX);
        let value = Clean::one_line(&worded(value), VALUE_MAX);
        writeln!(text, "  {} = {}", key.as_str(), value.as_str()).ok();
    }
    text
}

fn worded(value: &Value) -> String {
    match value {
        Value::Unsigned(number) => number.to_string(),
        Value::Signed(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Text(text) => format!("\"{text}\""),
        Value::Array { len, .. } => format!("[{len} values]"),
    }
}

fn object(file: &ModelFile, from: &str) -> String {
    let header: &Header = &file.header;
    let clean = |text: &str| Clean::new(text).into_string();
    let keys: Map<String, serde_json::Value> = header
        .values()
        .map(|(key, value)| {
            let value = match value {
                Value::Unsigned(number) => json!(number),
                Value::Signed(number) => json!(number),
                Value::Float(number) => json!(number),
                Value::Bool(truth) => json!(truth),
                Value::Text(text) => json!(clean(text)),
                Value::Array { len, .. } => json!({ "values": len }),
            };
            (clean(key), value)
        })
        .collect();
    let types: Vec<serde_json::Value> = header
        .tensors
        .types
        .iter()
        .map(|total| json!({ "type": total.name, "count": total.count, "bytes": total.bytes }))
        .collect();
    let object = json!({
        "v": 1, "type": "model", "name": clean(&file.name), "from": from,
        "path": clean(&shown(&file.path)), "bytes": file.total_bytes,
        "architecture": clean(&header.architecture), "quantisation": header.quantisation(),
        "licence": header.licence().map(clean), "context": header.context_length,
        "blocks": header.block_count, "vocabulary": header.vocab_tokens,
        "tensors": types, "keys": keys,
    });
    format!("{object}\n")
}
