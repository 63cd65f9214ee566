//! `endpoints check` and `endpoints models`: a question without content to each.

use std::fmt::Write as _;
use std::io;
use std::io::IsTerminal as _;
use std::time::Duration;

use serde_json::json;

use crate::chat::Fault;
use crate::chat::FaultKind;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::output::LINE_MAX;
use crate::cli::output::error_object;
use crate::cli::output::fault_lines;
use crate::cli::output::use_color;
use crate::cli::prepare::egress;
use crate::config::Endpoint;
use crate::config::Env;
use crate::config::Settings;
use crate::net::Net;
use crate::remote::CHECK_WITHIN;
use crate::remote::Remote;
use crate::runtime;
use crate::runtime::Clock;
use crate::runtime::Printed;
use crate::text::Clean;

/// What an endpoint said, and how long that took.
struct Said {
    endpoint: Endpoint,
    models: Result<Vec<String>, Fault>,
    took: Duration,
}

/// Says of each endpoint whether a turn could go there.
pub(super) fn check(
    cli: &Cli,
    settings: &Settings,
    env: &Env,
    names: &[String],
) -> Result<Exit, Fault> {
    each(cli, settings, env, names, checked)
}

/// Lists what each endpoint serves.
pub(super) fn models(
    cli: &Cli,
    settings: &Settings,
    env: &Env,
    names: &[String],
) -> Result<Exit, Fault> {
    each(cli, settings, env, names, listed)
}

/// What is printed of an endpoint: text, the same as JSON, and why it fails if it does.
struct Shown {
    text: String,
    objects: String,
    fault: Option<Fault>,
}

/// Asks all at once and prints in their order, each as soon as it is its turn.
fn each(
    cli: &Cli,
    settings: &Settings,
    env: &Env,
    names: &[String],
    show: fn(Said) -> Shown,
) -> Result<Exit, Fault> {
    let endpoints = chosen(settings, names)?;
    let net = Net::new(egress(cli, settings.no_remote));
    net.permit().map_err(|error| {
        Fault::from(error).hint("`edgewise endpoints list` connects to nothing")
    })?;
    let color = use_color(cli.common.color, env, io::stderr().is_terminal());
    let home = env.home();
    let tasks = runtime::tasks().map_err(|error| no_threads(&error))?;
    let exit = tasks.block_on(async {
        let signals = runtime::asked_to_stop().map_err(|error| no_threads(&error))?;
        tokio::pin!(signals);
        let asked: Vec<_> = endpoints
            .into_iter()
            .map(|endpoint| tokio::spawn(ask(Remote::new(endpoint, net, home.clone()))))
            .collect();
        let mut worst = Exit::Answered;
        for said in asked {
            let said = tokio::select! {
                () = &mut signals => return Ok(Exit::Cancelled),
                said = said => said.map_err(|error| Fault::new(error.to_string()))?,
            };
            worst = worst.max(print(show(said), cli.common.json, color));
        }
        Ok(worst)
    });
    tasks.shutdown_background();
    exit
}

fn print(shown: Shown, json: bool, color: bool) -> Exit {
    let exit = if shown.fault.is_some() { Exit::Failed } else { Exit::Answered };
    let lines = shown.fault.filter(|_| !json).map(|fault| fault_lines(&fault, color));
    super::super::print(&Printed { stdout: String::new(), stderr: lines.unwrap_or_default() });
    let text = if json { shown.objects } else { shown.text };
    exit.max(super::super::give(Clean::new(&text).into_string()))
}

/// Returns the endpoints of these names, each once, or all.
fn chosen(settings: &Settings, names: &[String]) -> Result<Vec<Endpoint>, Fault> {
    if settings.endpoints.is_empty() && names.is_empty() {
        return Err(Fault::new("there is no endpoint in config.toml")
            .kind(FaultKind::Usage)
            .hint("describe one under [endpoints.NAME]"));
    }
    let mut endpoints = Vec::new();
    for name in names {
        let endpoint = settings.endpoint(name)?;
        if !endpoints.contains(endpoint) {
            endpoints.push(endpoint.clone());
        }
    }
    if names.is_empty() {
        endpoints.extend(settings.endpoints.values().cloned());
    }
    Ok(endpoints)
}

async fn ask(remote: Remote) -> Said {
    let clock = Clock::start();
    let models = remote.models(CHECK_WITHIN).await;
    Said { endpoint: remote.endpoint().clone(), models, took: clock.at() }
}

fn checked(said: Said) -> Shown {
    let Said { endpoint, models, took } = said;
    let ms = took.as_millis();
    let served = models.as_ref().ok().zip(endpoint.model.as_deref());
    let served = served.map(|(models, model)| serves(models, model));
    let (name, count) = (clean(&endpoint.name), models.as_ref().map_or(0, Vec::len));
    let model = endpoint.model.as_deref().map(clean);
    let fault = match (&models, served) {
        (Err(fault), _) => Some(fault.clone()),
        (Ok(_), Some(false)) => {
            let model = model.as_deref().unwrap_or_default();
            let fault = Fault::new(format!("{name}: {model} is not served there"));
            Some(fault.kind(FaultKind::Usage).hint(format!("edgewise endpoints models {name}")))
        }
        (Ok(_), _) => None,
    };
    let text = match (&fault, &model) {
        (Some(_), _) => format!("{name}: fails after {ms} ms\n"),
        (None, Some(model)) => format!("{name}: ok, serves {model}, {ms} ms\n"),
        (None, None) => format!("{name}: ok, {count} models, {ms} ms\n"),
    };
    let reached = models.is_ok();
    let object = json!({
        "v": 1, "type": "endpoint_check", "name": name, "ok": fault.is_none(), "listed": reached,
        "model": model, "served": served, "models": models.is_ok().then_some(count), "ms": ms,
        "error": fault.as_ref().map(error_object),
    });
    Shown { text, objects: format!("{object}\n"), fault }
}

fn listed(said: Said) -> Shown {
    let Said { endpoint, models, .. } = said;
    let name = clean(&endpoint.name);
    let (models, fault) = match models {
        Ok(models) => (models, None),
        Err(fault) => (Vec::new(), Some(fault)),
    };
    let mut shown = Shown { text: String::new(), objects: String::new(), fault };
    for model in &models {
        let usual = endpoint.model.as_deref().is_some_and(|wanted| is(model, wanted));
        let model = clean(model);
        let object = json!({
            "v": 1, "type": "endpoint_model", "endpoint": name, "model": model, "default": usual,
        });
        writeln!(shown.objects, "{object}").ok();
        writeln!(shown.text, "{} {name}  {model}", if usual { '*' } else { ' ' }).ok();
    }
    if let Some(fault) = &shown.fault {
        let error = error_object(fault);
        let object = json!({ "v": 1, "type": "endpoint_model", "endpoint": name, "error": error });
        writeln!(shown.objects, "{object}").ok();
    }
    shown
}

fn serves(models: &[String], wanted: &str) -> bool {
    models.iter().any(|model| is(model, wanted))
}

/// Ollama lists a model without a tag under the tag `latest`.
fn is(model: &str, wanted: &str) -> bool {
    model == wanted || model.strip_suffix(":latest") == Some(wanted)
}

fn clean(text: &str) -> String {
    Clean::one_line(text, LINE_MAX).into_string()
}

fn no_threads(error: &io::Error) -> Fault {
    Fault::new(format!("no threads: {error}"))
}
