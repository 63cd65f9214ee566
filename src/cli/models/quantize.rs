//! `models quantize`.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::machine;
use super::progress::Progress;
use super::shown;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::config::Paths;
use crate::gguf;
use crate::models;
use crate::models::Measured;
use crate::models::ModelError;
use crate::models::ModelFile;
use crate::models::Quantising;
use crate::models::Workshop;
use crate::text;
use crate::text::Clean;

/// The context that a measurement takes, in tokens.
const MEASURED_TOKENS: u32 = 1024;

/// Make a smaller or faster file of a model, and compare the two
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// A name of `models list`, or a path
    #[arg(value_name = "MODEL")]
    which: String,
    /// The quantisation, like `Q4_K_M`, `Q4_0` or `Q8_0`
    #[arg(value_name = "TYPE")]
    quant: String,
    /// Take a source that is quantised already, and lose more
    #[arg(long)]
    lossy: bool,
    /// A text on which the two are compared [default: a text of our own]
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// Do not compare the two
    #[arg(long, conflicts_with = "text")]
    no_measure: bool,
}

/// One of the two files.
struct Side {
    file: ModelFile,
    measured: Option<Measured>,
}

/// Quantises, and reports both files.
///
/// # Errors
/// There is no such model or quantisation, the source is quantised, the file is there already, or
/// cannot be made.
pub(super) fn run(
    cli: &Cli,
    args: &Args,
    paths: &Paths,
    workshop: &Workshop,
) -> Result<Exit, ModelError> {
    let stocked = models::find(&args.which, paths)?;
    let file = models::inspect(&stocked, &stocked.name)?;
    let job = Quantising::plan(&stocked, &file, &args.quant, args.lossy, paths)?;
    // The child works in another directory.
    let text = args.text.as_ref().map(|text| {
        let whole = text.canonicalize();
        whole.map_err(|error| ModelError::Invalid { message: format!("{}: {error}", shown(text)) })
    });
    let text = text.transpose()?;
    let progress = Progress::begin(cli, "", 0)?;
    let measure = |file: &ModelFile| -> Result<Option<Measured>, ModelError> {
        if args.no_measure {
            return Ok(None);
        }
        if gguf::fit(&file.footprint(), MEASURED_TOKENS, &machine()).fits == Some(false) {
            super::super::notices(&[format!("{} does not fit, and is not measured", file.name)]);
            return Ok(None);
        }
        progress.doing(format!("measuring {}", Clean::one_line(&file.name, 60).as_str()));
        let tick = &mut |_, _| progress.tick();
        match models::measure(file, text.as_deref(), paths, workshop, tick) {
            Ok(measured) => Ok(Some(measured)),
            Err(ModelError::Stopped) => Err(ModelError::Stopped),
            Err(error) => {
                super::super::notices(&[format!("{} is not measured: {error}", file.name)]);
                Ok(None)
            }
        }
    };
    let before = Side { measured: measure(&file)?, file };
    progress.counting("quantising".to_owned(), before.file.total_bytes);
    let bytes = before.file.total_bytes;
    let made = job.run(workshop, &mut |done, of| {
        let share = u128::from(bytes) * u128::from(done) / u128::from(of.max(1));
        progress.step(u64::try_from(share).unwrap_or(bytes))
    })?;
    let file = models::locate(&shown(&made), paths)?;
    let after = Side { measured: measure(&file)?, file };
    drop(progress);
    let text = if cli.common.json { object(&before, &after) } else { words(&before, &after) };
    Ok(super::super::give(Clean::new(&text).into_string()))
}

fn quant(side: &Side) -> &'static str {
    side.file.header.quantisation().unwrap_or("?")
}

fn words(before: &Side, after: &Side) -> String {
    let mut text = format!("made {}\n\n", shown(&after.file.path));
    writeln!(text, "{:16} {:>12} {:>12}", "", quant(before), quant(after)).ok();
    let mut row = |name: &str, of: &dyn Fn(&Side) -> Option<(f64, String)>| {
        let (Some((was, shown_before)), Some((is, shown_after))) = (of(before), of(after)) else {
            return;
        };
        let ratio = is / was.max(f64::MIN_POSITIVE);
        writeln!(text, "{name:16} {shown_before:>12} {shown_after:>12}  {ratio:.2}x").ok();
    };
    row("size", &|side| Some((side.file.total_bytes as f64, text::bytes(side.file.total_bytes))));
    let mut measured = |name: &str, of: fn(&Measured) -> (f64, String)| {
        row(name, &|side| side.measured.as_ref().map(of));
    };
    measured("load", |one| (one.load_ms, format!("{:.0} ms", one.load_ms)));
    measured("prefill", |one| rate(one.prefill_tps));
    measured("decode", |one| rate(one.decode_tps));
    measured("perplexity", |one| (one.perplexity, format!("{:.3}", one.perplexity)));
    text
}

fn rate(rate: f64) -> (f64, String) {
    (rate, format!("{} tok/s", text::tokens_per_second(rate)))
}

fn object(before: &Side, after: &Side) -> String {
    let side = |side: &Side| -> Value {
        json!({
            "path": shown(&side.file.path), "bytes": side.file.total_bytes,
            "quantisation": quant(side), "measured": side.measured.map(|one| one.object()),
        })
    };
    let object =
        json!({ "v": 1, "type": "quantized", "before": side(before), "after": side(after) });
    format!("{object}\n")
}
