//! `-t` and `-f`: the question from a prompt of the library, with files in front.

use std::collections::BTreeMap;
use std::path::Path;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::cli::stdin;
use crate::config;
use crate::config::Env;
use crate::config::Paths;
use crate::config::nearest;
use crate::prompt::Attachment;
use crate::prompt::Form;
use crate::prompt::FormError;
use crate::prompt::attached;
use crate::runtime;

use super::args::Common;

/// A prompt of the library and its fields.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Filling {
    /// A prompt of the library: prompts/NAME.md in the configuration directory
    #[arg(short = 't', long = "template", id = "form", value_name = "NAME")]
    pub form: Option<String>,
    /// What stands for {{NAME}} in that prompt; may be given several times
    #[arg(long = "field", value_name = "NAME=TEXT", requires = "form", value_parser = field)]
    pub fields: Vec<(String, String)>,
}

fn field(word: &str) -> Result<(String, String), String> {
    let (name, value) = word.split_once('=').ok_or("a field is NAME=TEXT")?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

/// What a question is made of beside its own words.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    form: Option<(String, Form)>,
    fields: BTreeMap<String, String>,
    files: Vec<Attachment>,
}

impl Around {
    /// Reads the prompt and the files that the flags name.
    ///
    /// # Errors
    /// There is no such prompt, or no such file, or it is no text, or too much.
    pub(super) fn read(filling: &Filling, common: &Common, env: &Env) -> Result<Self, Fault> {
        let form = match &filling.form {
            Some(name) => Some((name.clone(), config::prompt(&Paths::resolve(env)?, name)?)),
            None => None,
        };
        let mut fields = BTreeMap::new();
        for (name, value) in &filling.fields {
            if fields.insert(name.clone(), value.clone()).is_some() {
                return Err(usage(format!("the field `{name}` is given twice")));
            }
        }
        let files = runtime::attach(&common.file, Path::new(""))?;
        let around = Self { form, fields, files };
        // A field that is missing is said before anything is read or started.
        around.fill(Some(""))?;
        if !common.quiet {
            super::notices(&warnings(&around.files));
        }
        Ok(around)
    }

    /// Makes the question of PROMPT and the text from stdin.
    ///
    /// # Errors
    /// There is nothing to ask.
    pub(super) fn question(
        &self,
        prompt: Option<&str>,
        input: Option<&str>,
    ) -> Result<String, Fault> {
        let joined = match (stdin::join(prompt, input), &self.form) {
            (Ok(text), _) => Some(text),
            (Err(_), Some(_)) => None,
            (Err(fault), None) => return Err(fault),
        };
        self.fill(joined.as_deref())
    }

    /// Fills `input` into the prompt and puts the files in front.
    ///
    /// # Errors
    /// The prompt's fields are not those that were given, or it needs an input.
    pub(super) fn fill(&self, input: Option<&str>) -> Result<String, Fault> {
        let text = match &self.form {
            Some((name, form)) => {
                form.fill(&self.fields, input).map_err(|e| wrong(name, form, &e))?
            }
            None => input.unwrap_or_default().to_owned(),
        };
        Ok(attached(&text, &self.files))
    }
}

/// Returns a line for each file in which something cannot be seen.
pub(super) fn warnings(files: &[Attachment]) -> Vec<String> {
    files.iter().filter_map(Attachment::warning).collect()
}

/// Words what is wrong with the fields of the prompt `name`.
fn wrong(name: &str, form: &Form, error: &FormError) -> Fault {
    let fields = form.fields();
    let fault = usage(format!("the prompt `{name}`: {error}"));
    match error {
        FormError::Missing(field) => fault.hint(format!("--field {field}=TEXT")),
        FormError::NoInput => fault.hint(format!("edgewise ask -t {name} \"a question\"")),
        FormError::Unknown(field) => match nearest(field, fields.iter().copied()) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None if fields.is_empty() => fault.hint("it has no fields"),
            None => fault.hint(format!("it has {}", fields.join(", "))),
        },
    }
}

fn usage(message: String) -> Fault {
    Fault::new(message).kind(FaultKind::Usage)
}
