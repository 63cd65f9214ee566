//! How the chat begins, and what is left of it.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::Chat;
use super::DONE;
use super::ENGINE_EVENTS;
use super::TURN_EVENTS;
use super::named;
use crate::app;
use crate::app::Keymap;
use crate::app::Model;
use crate::app::Msg;
use crate::backend::turn_queue;
use crate::config::Paths;
use crate::engine::Engine;
use crate::prompt::Form;
use crate::runtime::Front;
use crate::runtime::clock::Clock;
use crate::runtime::driver::Driver;
use crate::runtime::ids;
use crate::runtime::input;
use crate::runtime::keeper::Keeper;
use crate::runtime::keeper::Keeping;
use crate::runtime::outside::Outside;
use crate::runtime::screen::Manner;
use crate::runtime::screen::Screen;
use crate::runtime::signals::Signals;
use crate::theme::Theme;

/// What is left of the chat.
#[derive(Clone, Debug, Default)]
pub struct Left {
    /// The signal to die by, if one asked for the end.
    pub die_by: Option<i32>,
    /// The conversation in front, clean, as Markdown; empty if there was none.
    pub transcript: String,
}

/// How the chat is opened.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Opening {
    /// Every theme by name, in the colours that the terminal has.
    pub themes: Vec<(String, Theme)>,
    /// The one to begin with.
    pub theme: Theme,
    /// Whether the terminal is asked if it is light, and the theme follows that.
    pub follows_ground: bool,
    /// What keys do.
    pub keys: Keymap,
    /// The prompts of the library, by name.
    pub prompts: Vec<(String, Form)>,
    /// What is wrong with the user's files, a line each.
    pub complaints: Vec<String>,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// Whether the open sessions stand beside the conversation on a wide screen.
    pub sidebar: bool,
    /// Whether everything is said in lines, and the terminal not taken.
    pub plain: bool,
    /// Whether the chat stays on the normal screen.
    pub inline: bool,
    /// What is around this program.
    pub outside: Outside,
    /// Where models are looked for.
    pub paths: Paths,
    /// A directory that only the user can enter, for a draft in an editor.
    pub scratch: PathBuf,
    /// The first question, if it was given on the command line.
    pub question: Option<String>,
    /// What of it is kept.
    pub keeping: Keeping,
}

impl Chat {
    pub(super) fn new(front: &Front, opening: Opening, signals: Signals) -> io::Result<Self> {
        let manner = manner(&opening);
        let Opening { theme, themes, keeping, question, keys, prompts, complaints, .. } = opening;
        let names = themes.iter().map(|(name, _)| name.clone()).collect();
        let resumes = matches!(keeping, Keeping::In(..));
        let screen = Screen::new(theme, manner, front.panic_at.clone())?;
        let (events, engine) = mpsc::channel(ENGINE_EVENTS);
        let own = named(front.model.clone(), events.clone());
        let backend = front.engine.clone().map(|config| Engine::new(config, own));
        if let Some(backend) = backend.as_ref().filter(|_| front.warms()) {
            backend.warm();
        }
        let (queue, turns) = turn_queue(TURN_EVENTS);
        let inline = manner == Manner::Inline;
        let own = app::Settings { keys, prompts, themes: names, ..app::Settings::default() };
        // Lines have no room beside them either.
        let narrow = manner != Manner::Full;
        let own = app::Settings { inline: narrow, sidebar: opening.sidebar, ..own };
        let settings = settings(front, &keeping, own);
        let (width, height) = crossterm::terminal::size()?;
        let (keeper, kept) = Keeper::start(keeping);
        let clock = Clock::start();
        let mut model = Model::new(settings, ids::new_session(), width, height);
        if !complaints.is_empty() {
            model.update(Msg::Told(complaints.join(" · ")));
        }
        let (tells, told) = mpsc::channel(DONE);
        Ok(Self {
            clock,
            model,
            themes,
            follows_ground: opening.follows_ground,
            plain: opening.plain,
            inline,
            mouse: opening.mouse,
            outside: Arc::new(opening.outside),
            scratch: opening.scratch,
            told,
            tells,
            foreseeing: None,
            loads: HashMap::new(),
            paths: Arc::new(opening.paths),
            own_model: front.model.clone(),
            away: false,
            driver: Driver::new(front, backend, queue, clock),
            screen,
            signals,
            inputs: if opening.plain { input::read_lines() } else { input::read() },
            turns,
            engine,
            events,
            keeper,
            kept,
            question,
            resumes,
            beginning: HashMap::new(),
            drawn: None,
            deadline: None,
            die_by: None,
            exit: false,
            panic_at: front.panic_at.clone(),
        })
    }
}

fn manner(opening: &Opening) -> Manner {
    match (opening.plain, opening.inline) {
        (true, _) => Manner::Plain,
        (false, true) => Manner::Inline,
        (false, false) => Manner::Full,
    }
}

fn settings(front: &Front, keeping: &Keeping, own: app::Settings) -> app::Settings {
    app::Settings {
        profile: front.profile.name.clone(),
        mode: front.profile.mode,
        privacy: front.profile.privacy,
        model: front.model.clone(),
        system: front.profile.system.clone(),
        sampling: front.profile.sampling.clone(),
        limits: front.limits(),
        growth: front.growth(),
        on_full: front.profile.on_full,
        prefill_ahead: front.prefill_ahead && front.warms(),
        leaves_to: front.leaves_to(),
        remote_first: !front.warms(),
        // What nobody finds again the engine need not keep either.
        ephemeral: matches!(keeping, Keeping::Nothing),
        ..own
    }
}
