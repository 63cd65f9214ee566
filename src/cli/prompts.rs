//! `prompts`: the library of prompts.

use std::fmt::Write as _;

use serde_json::json;

use crate::chat::Fault;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::config;
use crate::config::Env;
use crate::config::Paths;
use crate::config::SavedPrompt;
use crate::prompt::Form;
use crate::runtime::Printed;
use crate::text::Clean;

/// The longest name, fields and first line in the table, in graphemes.
const NAME_MAX: usize = 24;
const FIELDS_MAX: usize = 28;
const BEGINS_MAX: usize = 60;

const EXAMPLES: &str = "\
Examples:
  edgewise ask -t review --field focus=errors -f src/main.rs
  git diff | edgewise ask -t commit
  edgewise map -t translate --field to=French < words.txt

A prompt is a file prompts/NAME.md in the configuration directory. {{input}} in it stands for the
question, {{NAME}} for a field.";

/// List and show the prompts of the library
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// List the prompts with their fields
    List,
    /// Print one prompt as it is in its file
    Show {
        /// A name of `prompts list`
        name: String,
    },
}

/// Does what the subcommand says.
///
/// # Errors
/// There is no such prompt, or it cannot be read.
pub(super) fn run(cli: &Cli, args: &Args, env: &Env) -> Result<Exit, Fault> {
    let paths = Paths::resolve(env)?;
    let mut all = config::prompts(&paths);
    let text = match &args.command {
        Command::List if cli.common.json => all.iter().map(object).collect(),
        Command::List if all.is_empty() => {
            let stderr = format!("no prompt in {}\n", paths.prompts_dir().display());
            super::print(&Printed { stdout: String::new(), stderr });
            String::new()
        }
        Command::List => table(&all),
        Command::Show { name } => {
            config::prompt(&paths, name)?;
            all.retain(|prompt| prompt.name == *name);
            all.iter().map(|one| if cli.common.json { object(one) } else { whole(one) }).collect()
        }
    };
    Ok(super::give(text))
}

fn whole(prompt: &SavedPrompt) -> String {
    let text = prompt.text.trim_end_matches('\n');
    Clean::new(&format!("{text}\n")).into_string()
}

fn table(prompts: &[SavedPrompt]) -> String {
    let head = format!("{:NAME_MAX$}  {:FIELDS_MAX$}  BEGINS\n", "NAME", "FIELDS");
    prompts.iter().fold(head, |mut text, prompt| {
        let (fields, begins) = match &prompt.form {
            Ok(form) => (form.fields().join(" "), first_line(&prompt.text)),
            Err(error) => ("-".to_owned(), Clean::one_line(&error.to_string(), 300)),
        };
        let name = Clean::one_line(&prompt.name, NAME_MAX);
        let fields = Clean::one_line(&fields, FIELDS_MAX);
        let (name, fields) = (name.as_str(), fields.as_str());
        writeln!(text, "{name:NAME_MAX$}  {fields:FIELDS_MAX$}  {}", begins.as_str()).ok();
        text
    })
}

fn first_line(text: &str) -> Clean {
    Clean::one_line(text.trim().lines().next().unwrap_or_default(), BEGINS_MAX)
}

fn object(prompt: &SavedPrompt) -> String {
    let form = prompt.form.as_ref().ok();
    let clean = |text: &str| Clean::new(text).into_string();
    let object = json!({
        "v": 1, "type": "prompt", "name": prompt.name,
        "path": clean(&prompt.file.display().to_string()),
        "fields": form.map(Form::fields), "input": form.map(Form::takes_input),
        "text": clean(&prompt.text),
        "error": prompt.form.as_ref().err().map(|error| clean(&error.to_string())),
    });
    format!("{object}\n")
}
