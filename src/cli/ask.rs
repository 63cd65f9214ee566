//! One turn: `ask`, or the program without a terminal.

use std::io;
use std::io::IsTerminal as _;
use std::time::Duration;

use crate::chat::Fault;
use crate::chat::LoadState;
use crate::chat::SessionId;
use crate::chat::SessionInfo;
use crate::chat::StopReason;
use crate::chat::Timings;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::Usage;
use crate::cli::args::Cli;
use crate::cli::args::Command;
use crate::cli::exit::Exit;
use crate::cli::filling::Around;
use crate::cli::filling::Filling;
use crate::cli::output::Json;
use crate::cli::output::Plain;
use crate::cli::output::Printer;
use crate::cli::output::Style;
use crate::cli::output::use_color;
use crate::cli::prepare::prepare_for;
use crate::cli::progress::Progress;
use crate::cli::saved;
use crate::cli::saved::Opening;
use crate::cli::schema::Schema;
use crate::cli::stdin;
use crate::config::Env;
use crate::engine::EngineEvent;
use crate::runtime;
use crate::runtime::Asked;
use crate::runtime::Front;
use crate::runtime::KEEP_ALIVE_SCRIPT;
use crate::runtime::OneShot;
use crate::runtime::Printed;
use crate::runtime::Question;
use crate::runtime::Saving;
use crate::runtime::Told;
use crate::store::Reader;
use crate::store::Saved;
use crate::store::Store;

/// How long a pipe may stay silent before a line on stderr says what is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answer one question and exit
///
/// The text goes to stdout as it is generated, everything else to stderr. Text on stdin is
/// appended to PROMPT.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The question; after `--` it may begin with a dash
    pub prompt: Option<String>,
    /// A prompt of the library.
    #[command(flatten)]
    pub filling: Filling,
}

/// What is read besides PROMPT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// All of stdin.
    Stdin,
    /// Nothing.
    None,
}

/// Asks one question and prints the answer.
///
/// # Errors
/// It did not get as far as a turn; a turn's own end is in the exit code.
pub(super) fn run(cli: &Cli, env: &Env, input: Input) -> Result<Exit, Fault> {
    let schema = cli.common.schema.as_deref().map(Schema::read).transpose()?;
    let around = around(cli, env)?;
    let kept = Kept::find(cli, env)?;
    let known = kept.as_ref().and_then(|kept| kept.known.as_deref());
    let mut prepared = prepare_for(cli, env, KEEP_ALIVE_SCRIPT, known)?;
    if let Some(schema) = &schema {
        prepared.front.constraint = schema.constraint();
    }
    let front = prepared.front.clone();
    let kept = kept.map(|kept| kept.of_turn(cli, &front));
    let (opening, saving) = match kept {
        Some((opening, info, patience)) => (Some(opening), Some((info, patience))),
        None => (saved::memory(cli, env, &front), None),
    };
    let mut memory = None;
    let quiet = cli.common.quiet;
    if !quiet {
        super::notices(&prepared.settings.notices);
    }
    let tasks =
        runtime::script_tasks().map_err(|error| Fault::new(format!("no threads: {error}")))?;
    let exit = tasks.block_on(async {
        // The engine loads while the question is still being read and the store opened.
        let mut one_shot = OneShot::begin(prepared.front)
            .map_err(|error| Fault::new(format!("cannot take over the signals: {error}")))?;
        let id = saving.as_ref().map(|(info, _)| info.id);
        let mut show = Show::new(cli, env, id).with_schema(schema);
        let prompt = tokio::select! {
            asked = async {
                let text = question(cli, input, &around).await?;
                if let Some(opening) = opening {
                    memory = Some(opening.opened().await?);
                }
                keep(memory.as_ref().zip(saving), &front, text).await
            } => asked?,
            () = one_shot.cancelled() => {
                let end = TokenEvent::Finished(StopReason::Cancelled, Usage::default());
                let end = TurnEvent::Token(end);
                super::print(&show.step(&Told::Turn(&end), Timings::default()));
                return Ok(Exit::Cancelled);
            }
        };
        let mut print = |told: Told<'_>, timings| show.step(&told, timings);
        one_shot.remember(memory.clone());
        let asked = one_shot
            .ask(prompt, &mut print)
            .await
            .map_err(|error| Fault::new(format!("cannot write the answer: {error}")))?;
        Ok(exit(&asked, show.judged.as_ref()))
    });
    // A thread may still sit in a write that nobody reads.
    tasks.shutdown_background();
    if let Some(store) = memory {
        close(&store);
    }
    exit
}

/// Returns how the call ends, and says it where the answer was to be kept and is not.
fn exit(asked: &Asked, judged: Option<&StopReason>) -> Exit {
    match &asked.saved {
        Some(Saved::InMemory(fault) | Saved::Refused(fault) | Saved::Busy(fault)) => {
            super::notices(&[format!("the answer was not saved: {fault}")]);
            Exit::Failed
        }
        // Whoever closed the pipe has read enough.
        Some(Saved::Durable) | None if asked.unread => Exit::Answered,
        Some(Saved::Durable) | None => Exit::from(judged.unwrap_or(&asked.reason)),
    }
}

/// Saves the question, where the turn is kept.
async fn keep(
    kept: Option<(&Store, (SessionInfo, Duration))>,
    front: &Front,
    text: String,
) -> Result<Question, Fault> {
    let Some((store, (info, patience))) = kept else { return Ok(Question::unsaved(text)) };
    store.keep_up(runtime::now());
    Saving { store: store.clone(), info, patience }.ask(front, text).await
}

/// Closes the store, and says what was found wrong with it meanwhile.
fn close(store: &Store) {
    if let Some(damage) = &*store.damage().borrow() {
        super::notices(&[damage.to_string()]);
    }
    store.close();
}

/// Reads what the flags put around the question.
fn around(cli: &Cli, env: &Env) -> Result<Around, Fault> {
    let none = Filling::default();
    let filling = match &cli.command {
        Some(Command::Ask(args)) => &args.filling,
        _ => &none,
    };
    Around::read(filling, &cli.common, env)
}

/// Joins PROMPT and stdin, and puts around it what the flags say.
async fn question(cli: &Cli, input: Input, around: &Around) -> Result<String, Fault> {
    let text = match input {
        Input::None => None,
        Input::Stdin => {
            let quiet = cli.common.quiet;
            let waiting = || {
                if !quiet {
                    let stderr = "waiting for the end of stdin (--no-stdin leaves it alone)\n";
                    super::print(&Printed { stdout: String::new(), stderr: stderr.to_owned() });
                }
            };
            let read = || stdin::read(io::stdin().lock());
            let text = runtime::read_stdin(read, PATIENCE, waiting).await;
            Some(text.unwrap_or_else(|| Err(Fault::new("cannot read stdin")))?)
        }
    };
    around.question(cli.question(), text.as_deref())
}

/// The session that the turn is kept in.
struct Kept {
    opening: Opening,
    /// `None` for a new one.
    known: Option<Box<SessionInfo>>,
}

impl Kept {
    /// Finds what `-s` means, if it is given, and begins to open the store.
    fn find(cli: &Cli, env: &Env) -> Result<Option<Self>, Fault> {
        let Some(word) = &cli.common.session else { return Ok(None) };
        if word == "new" {
            return Ok(Some(Self { opening: Opening::begin(cli, env)?, known: None }));
        }
        // The session's profile says which model is loaded, and reading is enough to know it; a store
        // that is to be made, mended or brought up to date is opened first.
        let place = saved::place(env)?;
        let seen = Reader::glance(&place).map_err(Fault::from);
        let known = match seen.and_then(|reader| saved::find(&reader, word)) {
            Ok(found) => found.info,
            Err(_) => saved::find(&saved::open(cli, env)?.reader()?, word)?.info,
        };
        Ok(Some(Self { opening: Opening::begin(cli, env)?, known: Some(Box::new(known)) }))
    }

    /// Names the session, and says how long to wait while somebody else answers in it.
    fn of_turn(self, cli: &Cli, front: &Front) -> (Opening, SessionInfo, Duration) {
        let info = self.known.map_or_else(
            || {
                let profile = &front.profile;
                let (id, at) = (runtime::new_session(), runtime::now());
                let mut info = SessionInfo::new(id, profile.name.as_str(), at);
                (info.mode, info.privacy) = (profile.mode, profile.privacy);
                info
            },
            |info| *info,
        );
        let patience = Duration::from_secs(cli.common.timeout.unwrap_or(0).into());
        (self.opening, info, patience)
    }
}

/// Everything that one turn prints.
struct Show {
    printer: Printer,
    /// Only on a terminal, and not beside machine-readable output.
    progress: Option<Progress>,
    quiet: bool,
    /// What the whole answer is held against.
    schema: Option<Schema>,
    answer: String,
    /// The end of an answer that does not match.
    judged: Option<StopReason>,
}

impl Show {
    fn new(cli: &Cli, env: &Env, session: Option<SessionId>) -> Self {
        let terminal = io::stderr().is_terminal();
        let common = &cli.common;
        let printer = if common.json {
            Printer::Json(Json::new(session))
        } else {
            let color = use_color(common.color, env, terminal);
            let summary = (terminal || common.verbose) && !common.quiet;
            Printer::Plain(Plain::new(Style { summary, color }))
        };
        let progress = (terminal && !common.quiet).then(Progress::default);
        Self {
            printer,
            progress,
            quiet: common.quiet,
            schema: None,
            answer: String::new(),
            judged: None,
        }
    }

    /// Holds the answer against a schema.
    fn with_schema(self, schema: Option<Schema>) -> Self {
        Self { schema, ..self }
    }

    fn step(&mut self, told: &Told<'_>, timings: Timings) -> Printed {
        let line = self.progress.as_mut().map(|progress| progress.step(told, timings.total));
        let mut printed = match told {
            Told::Turn(event) => {
                let judged = self.judge(event);
                self.printer.event(judged.as_ref().unwrap_or(event), timings)
            }
            Told::Engine(EngineEvent::Load(LoadState::Ready(info))) if !self.quiet => {
                let line = info.fall_back().map(|words| format!("{words}\n"));
                Printed { stdout: String::new(), stderr: line.unwrap_or_default() }
            }
            Told::Engine(_) => Printed::default(),
        };
        printed.stderr.insert_str(0, &line.unwrap_or_default());
        printed
    }

    /// Collects the answer and holds it against the schema; returns the end that it has then.
    fn judge(&mut self, event: &TurnEvent) -> Option<TurnEvent> {
        let schema = self.schema.as_ref()?;
        let TurnEvent::Token(event) = event else { return None };
        if let TokenEvent::Delta(text) = event {
            self.answer.push_str(text);
        }
        let TokenEvent::Finished(reason, usage) = event else { return None };
        let reason = schema.judge(reason, &self.answer)?;
        self.judged = Some(reason.clone());
        Some(TurnEvent::Token(TokenEvent::Finished(reason, *usage)))
    }
}
