//! `models`: what is on this machine, what fits it, and what there is to fetch.

mod fit;
mod info;
mod keep;
mod list;
mod progress;
mod pull;
mod quantize;

use std::path::Path;

use crate::chat::Fault;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::prepare::gpu_backends;
use crate::config::Env;
use crate::config::Paths;
use crate::device::Sampler;
use crate::gguf::Gpu;
use crate::gguf::Machine;
use crate::models;
use crate::models::Device;
use crate::models::ModelError;
use crate::models::Workshop;

const PULL: &str = "\
Examples:
  edgewise models pull Qwen/Qwen3-0.6B-GGUF:Q8_0
  edgewise models pull https://host/model.gguf#sha256=HEX

HF_ENDPOINT names another hub, HF_TOKEN holds a token for it. What was interrupted goes on where it
stopped; a file is there whole and as its source says, or not at all.";

const QUANTIZE: &str = "\
Examples:
  edgewise models quantize Qwen3-0.6B-BF16 Q4_0
  edgewise models quantize SmolLM2-135M-Instruct.Q4_1 Q4_0 --lossy

F16, BF16 or F32 is what to begin with; what was quantised already loses more, and --lossy says that
you want it. The new file stands in the directory of models, whole or not at all. Both are measured:
the perplexity says how well a model foresees a text, less is better.";

/// Fetches a model and says where it is, as `models pull` does.
///
/// # Errors
/// It cannot be fetched.
pub(super) fn fetch(cli: &Cli, paths: &Paths, env: &Env, which: &str) -> Result<(), ModelError> {
    pull::run(cli, paths, env, which).map(drop)
}

/// List, fetch, check and measure models
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// List the models on this machine, those of other programs included
    List {
        /// Measure how fast each one that fits is here; takes seconds for each
        #[arg(long)]
        measure: bool,
    },
    /// Fetch a model: a name of the catalogue, `org/repo` or `org/repo:quant` on the hub, or an address
    #[command(after_help = PULL)]
    Pull {
        /// What to fetch
        #[arg(value_name = "MODEL")]
        which: String,
    },
    /// Print what a model's file says of it
    Info {
        /// A name of `models list`, or a path
        #[arg(value_name = "MODEL")]
        which: String,
        /// Print the chat template alone
        #[arg(long)]
        template: bool,
    },
    /// Compare a model's file with the hash that its source has
    Verify {
        /// A name of `models list`, or a path
        #[arg(value_name = "MODEL")]
        which: String,
    },
    /// Take a model into the directory of models
    Import {
        /// A path, or a name of `models list`
        #[arg(value_name = "MODEL")]
        which: String,
        /// Give the same file another name instead of copying it
        #[arg(long)]
        link: bool,
    },
    /// Remove a model from the directory of models
    Rm {
        /// A name of `models list`
        #[arg(value_name = "MODEL")]
        which: String,
    },
    /// Make a smaller or faster file of a model, and compare the two
    #[command(after_help = QUANTIZE)]
    Quantize(quantize::Args),
    /// Say whether a model fits this machine, with how much context, and how fast it can be at most
    Fit {
        /// A name of `models list`, or a path [default: every model]
        #[arg(value_name = "MODEL")]
        which: Option<String>,
        /// Tokens of context
        #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(1..))]
        ctx: Option<u32>,
    },
}

/// Does what the subcommand says.
///
/// # Errors
/// There is no such model, or it is none, or it cannot be read or written.
pub(super) fn run(cli: &Cli, args: &Args, env: &Env) -> Result<Exit, Fault> {
    let paths = Paths::resolve(env)?;
    let done = match &args.command {
        Command::List { measure } => {
            list::run(cli, &paths, measure.then(|| workshop(env)).transpose()?)
        }
        Command::Quantize(args) => quantize::run(cli, args, &paths, &workshop(env)?),
        Command::Info { which, template } => info::run(cli, &paths, which, *template),
        Command::Pull { which } => pull::run(cli, &paths, env, which),
        Command::Verify { which } => keep::verify(cli, &paths, which),
        Command::Import { which, link } => keep::import(cli, &paths, which, *link),
        Command::Rm { which } => keep::remove(cli, &paths, which),
        Command::Fit { which, ctx } => fit::run(cli, &paths, (which.as_deref(), *ctx), gpus(env)),
    };
    match done {
        Err(ModelError::Stopped) => Ok(Exit::Cancelled),
        done => Ok(done?),
    }
}

/// Where work on model files is done.
pub(super) fn workshop(env: &Env) -> Result<Workshop, ModelError> {
    let program = std::env::current_exe().map_err(|error| ModelError::Bad {
        message: format!("cannot find this program's own file: {error}"),
    })?;
    Ok(Workshop { program, environment: env.for_engine() })
}

/// What this machine has to spare now; its bandwidth is not measured.
fn machine() -> Machine {
    let memory_bytes = Sampler::default().sample().available_bytes;
    Machine { memory_bytes, ..Machine::default() }
}

/// The GPUs that this build can use, with what is free on them.
fn gpus(env: &Env) -> Vec<Gpu> {
    if gpu_backends().is_empty() {
        return Vec::new();
    }
    let listed = workshop(env).and_then(|workshop| models::devices(&workshop));
    // One whose driver ends the process that asks cannot be used either.
    let listed = listed.unwrap_or_default().into_iter().filter(Device::is_gpu);
    listed.map(|gpu| Gpu { name: gpu.description, free_bytes: gpu.free_bytes }).collect()
}

/// A path for JSON and tables; what is no UTF-8 in it is replaced.
fn shown(path: &Path) -> String {
    path.display().to_string()
}
