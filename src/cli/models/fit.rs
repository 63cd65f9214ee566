//! `models fit`.

use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use super::machine;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::config::DEFAULT_N_CTX;
use crate::config::Paths;
use crate::device;
use crate::gguf;
use crate::gguf::Fit;
use crate::gguf::Gpu;
use crate::gguf::Machine;
use crate::models;
use crate::models::Measured;
use crate::models::ModelError;
use crate::models::ModelFile;
use crate::runtime::Clock;
use crate::text;
use crate::text::Clean;

/// Measures the memory and says what becomes of a model, or of every model.
///
/// # Errors
/// There is no such model, or it is none.
pub(super) fn run(
    cli: &Cli,
    paths: &Paths,
    (model, ctx): (Option<&str>, Option<u32>),
    gpus: Vec<Gpu>,
) -> Result<Exit, ModelError> {
    let files: Vec<ModelFile> = if let Some(model) = model {
        vec![models::locate(model, paths)?]
    } else {
        let stock = models::stock(paths);
        stock.iter().filter_map(|model| models::inspect(model, &model.name).ok()).collect()
    };
    let clock = Clock::start();
    let machine = Machine { bandwidth: Some(device::bandwidth(|| clock.at())), gpus, ..machine() };
    let mut text = String::new();
    if !cli.common.json {
        text.push_str(&head(&machine));
    }
    for file in &files {
        let tokens = ctx.unwrap_or(DEFAULT_N_CTX).min(file.header.context_length);
        let fit = gguf::fit(&file.footprint(), tokens, &machine);
        let measured = models::measured(paths, file);
        if cli.common.json {
            writeln!(text, "{}", object(file, tokens, &fit, measured)).ok();
            continue;
        }
        text.push_str(&words(file, tokens, &fit));
        if let Some(measured) = measured {
            let speed = text::tokens_per_second(measured.decode_tps);
            writeln!(text, "  {:16} {speed} tok/s", "decode measured").ok();
        }
    }
    Ok(super::super::give(Clean::new(&text).into_string()))
}

fn head(machine: &Machine) -> String {
    let memory = machine.memory_bytes.map_or("unknown".to_owned(), text::bytes);
    let bandwidth =
        machine.bandwidth.map_or("unknown".to_owned(), |rate| format!("{:.1} GB/s", rate / 1e9));
    let mut text = format!("this machine: {memory} of memory available, read at {bandwidth}");
    if machine.gpus.is_empty() {
        text.push_str(", no GPU that this build can use");
    }
    for gpu in &machine.gpus {
        let name = Clean::one_line(&gpu.name, 80);
        write!(text, ", {} with {}", name.as_str(), text::bytes(gpu.free_bytes)).ok();
    }
    text.push('\n');
    text
}

fn words(file: &ModelFile, tokens: u32, fit: &Fit) -> String {
    let verdict = match fit.fits {
        Some(true) => "fits",
        Some(false) => "does not fit",
        None => "may fit: the system does not say how much memory is available",
    };
    let name = Clean::one_line(&file.name, 80);
    let mut text = format!("\n{}: {verdict}\n", name.as_str());
    let mut line = |name: &str, value: &str| writeln!(text, "  {name:16} {value}").ok();
    let need = &fit.need;
    let sum = format!(
        "{} with {tokens} tokens of context: {} weights + {} context + {} to compute in",
        text::bytes(need.total()),
        text::bytes(need.weights),
        text::bytes(need.kv),
        text::bytes(need.compute),
    );
    line("takes", &sum);
    match (fit.most_tokens, fit.usable_bytes) {
        (Some(most), _) => line("largest context", &format!("{most} tokens")),
        (None, Some(bytes)) => {
            let rest = format!("none: {} may be used; a smaller model would", text::bytes(bytes));
            line("largest context", &rest)
        }
        (None, None) => line("largest context", "unknown"),
    };
    for (gpu, layers) in &fit.layers {
        line("on the GPU", &format!("{layers} of {} blocks on {gpu}", fit.blocks));
    }
    if let Some((empty, full)) = fit.decode_limit {
        let speeds = format!(
            "{} tok/s at the beginning, {} with a full context",
            text::tokens_per_second(empty),
            text::tokens_per_second(full),
        );
        line("decode at most", &speeds);
    }
    text
}

fn object(file: &ModelFile, tokens: u32, fit: &Fit, measured: Option<Measured>) -> Value {
    json!({
        "v": 1, "type": "fit", "name": Clean::one_line(&file.name, 4000).as_str(),
        "fits": fit.fits, "n_ctx": tokens, "bytes": fit.need.total(),
        "weight_bytes": fit.need.weights, "context_bytes": fit.need.kv,
        "compute_bytes": fit.need.compute, "usable_bytes": fit.usable_bytes,
        "largest_n_ctx": fit.most_tokens, "blocks": fit.blocks,
        "gpus": fit.layers.iter().map(|(name, layers)| json!({
            "name": Clean::one_line(name, 80).as_str(), "blocks": layers,
        })).collect::<Vec<_>>(),
        "decode_tps_at_most": fit.decode_limit.map(|(empty, _)| empty),
        "decode_tps_at_most_full": fit.decode_limit.map(|(_, full)| full),
        "measured": measured.map(|measured| measured.object()),
    })
}
