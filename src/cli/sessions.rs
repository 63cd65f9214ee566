//! `sessions`: the saved conversations.

mod change;
mod list;
mod search;
mod show;
mod stats;
mod transfer;

use std::path::PathBuf;

use crate::chat::Fault;
use crate::chat::Take;
use crate::chat::Timestamp;
use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::config::Env;
use crate::store;
use crate::store::Filter;

/// List, search, move and remove saved conversations
///
/// A session is named by its id, by the beginning of it, by its title, or as `last`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// Which sessions are meant.
#[derive(Clone, Debug, clap::Args)]
struct Which {
    /// With an answer over this route: local, remote, or remote:ENDPOINT
    #[arg(long, value_name = "ROUTE")]
    route: Option<String>,
    /// With this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// On this day or later
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = store::day)]
    since: Option<Timestamp>,
    /// Before this day
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = store::day)]
    before: Option<Timestamp>,
    /// Archived ones as well
    #[arg(long)]
    archived: bool,
    /// At most this many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    limit: u32,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// Everything, one JSON object a line; `import` reads it
    Jsonl,
    /// The shown branch, to read
    Markdown,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// List sessions, newest first; -p and -m narrow it
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Print the shown branch of a session
    Show {
        /// The session
        #[arg(value_name = "SESSION")]
        named: String,
    },
    /// Find messages; every word is to be found or begins a word, "a b" in quotes is a phrase
    Search {
        /// What to look for
        #[arg(required = true)]
        words: Vec<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Write sessions to stdout or a file; without any, all of them
    Export {
        /// The sessions
        sessions: Vec<String>,
        /// How
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
        /// The file; it must not be there yet
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Take in what `export` wrote, or the log of `llm` (llm logs path)
    Import {
        /// The file
        #[arg(value_name = "FILE")]
        from: PathBuf,
    },
    /// Give a session another title
    Rename {
        /// The session
        #[arg(value_name = "SESSION")]
        named: String,
        /// The title
        title: String,
    },
    /// Put tags on a session
    Tag {
        /// The session
        #[arg(value_name = "SESSION")]
        named: String,
        /// The tags
        tags: Vec<String>,
        /// Take this tag off; may be given several times
        #[arg(long, value_name = "TAG")]
        remove: Vec<String>,
    },
    /// Leave a session out of lists
    Archive {
        /// The session
        #[arg(value_name = "SESSION")]
        named: String,
        /// Put it back
        #[arg(long)]
        undo: bool,
    },
    /// Copy a session, to go on in two ways
    Fork {
        /// The session
        #[arg(value_name = "SESSION")]
        named: String,
        /// The last message that is taken [default: the end of the shown branch]
        #[arg(long, value_name = "MESSAGE")]
        at: Option<String>,
        /// Without the messages that are local-only: what is left may leave this device
        #[arg(long)]
        redacted: bool,
    },
    /// Remove sessions; backups still have them
    Rm {
        /// The sessions
        #[arg(required = true)]
        sessions: Vec<String>,
    },
    /// Remove sessions without a trace, from backups and engines as well, and prove it
    Purge {
        /// The sessions
        #[arg(required = true)]
        sessions: Vec<String>,
    },
    /// Count what is saved
    Stats,
}

impl Args {
    /// Returns the flags of a turn that mean something here as well: they narrow what is listed.
    pub(super) fn takes(&self) -> &'static [&'static str] {
        match self.command {
            Command::List { .. } | Command::Search { .. } => &["--profile", "--model"],
            _ => &[],
        }
    }
}

/// Does what the subcommand says.
///
/// # Errors
/// The store cannot be read or written, or there is no such session.
pub(super) fn run(cli: &Cli, args: &Args, env: &Env) -> Result<Exit, Fault> {
    let store = super::saved::open(cli, env)?;
    let text = match &args.command {
        Command::List { which } => list::run(cli, &store, &which.filter(cli), which.limit)?,
        Command::Show { named } => show::run(cli, &store, named)?,
        Command::Search { words, which } => {
            let words = words.join(" ");
            search::run(cli, &store, &words, (&which.filter(cli), which.limit))?
        }
        Command::Export { sessions, format, output } => {
            transfer::export(cli, &store, sessions, (*format, output.as_deref()))?
        }
        Command::Import { from } => transfer::import(cli, &store, from)?,
        Command::Rename { named, title } => change::rename(cli, &store, named, title)?,
        Command::Tag { named, tags, remove } => change::tag(cli, &store, named, (tags, remove))?,
        Command::Archive { named, undo } => change::archive(cli, &store, named, *undo)?,
        Command::Fork { named, at, redacted } => {
            let take = if *redacted { Take::Open } else { Take::All };
            change::fork(cli, &store, named, (at.as_deref(), take))?
        }
        Command::Rm { sessions } => change::rm(cli, &store, sessions)?,
        Command::Purge { sessions } => change::purge(cli, env, store, sessions)?,
        Command::Stats => stats::run(cli, &store)?,
    };
    Ok(super::give(text))
}

impl Which {
    fn filter(&self, cli: &Cli) -> Filter {
        Filter {
            profile: cli.common.profile.clone(),
            model: cli.common.model.clone(),
            route: self.route.clone(),
            tag: self.tag.clone(),
            since: self.since,
            before: self.before,
            archived: self.archived,
        }
    }
}
