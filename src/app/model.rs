//! The whole state of the front.

use std::time::Duration;

use crate::app::composer::History;
use crate::app::mint::Mint;
use crate::app::notice::Notice;
use crate::app::palette::Palette;
use crate::app::picker::Picker;
use crate::app::search::Search;
use crate::app::session::Session;
use crate::app::settings::Settings;
use crate::app::status::EngineState;
use crate::app::status::EngineStatus;
use crate::app::turn::Turn;
use crate::app::update::Ahead;
use crate::app::update::Files;
use crate::app::update::Held;
use crate::app::update::Recent;
use crate::app::update::Sight;
use crate::app::update::Typing;
use crate::chat::MessageId;
use crate::chat::Place;
use crate::chat::Saving;
use crate::chat::SessionId;
use crate::chat::Shelved;
use crate::chat::Timestamp;
use crate::chat::TurnId;

/// How often figures that move by themselves are drawn while an answer runs.
const FIGURES_EVERY: Duration = Duration::from_millis(250);

/// How often the engine is asked for its figures while their panel is open.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long open turns are waited for after the user asked to leave (design section 5).
pub(super) const LEAVE_WITHIN: Duration = Duration::from_secs(2);

/// The narrowest screen, in columns, that has room for the open sessions beside the conversation.
pub const SIDEBAR_FROM: u16 = 120;

/// What lies over the transcript and takes the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlay {
    /// The keymap, scrolled down by this many rows.
    Help(u16),
    /// The device's signals, scrolled down by this many rows.
    Device(u16),
    /// Why the last turn ran where it did, scrolled down by this many rows.
    Why(u16),
    /// "Quit?", asked at this time.
    Quit(Duration),
    /// "Close this session?"
    Close,
    /// The conversation does not fit its context: what is to go? [`Model::dropping`] tells what would.
    Full,
    /// The saved sessions: [`Model::picker`].
    Sessions,
    /// The search over all messages: [`Model::search`].
    Search,
    /// The sidebar has the keys; this one is selected of its open sessions and [`Model::recent`].
    Sidebar(usize),
    /// "May this session leave this device?"
    Egress,
    /// A list to choose from: [`Model::palette`].
    Palette,
    /// Where what is marked is to be saved: [`Model::line`].
    SaveTo,
}

/// Everything that the screen shows and the next message may change.
///
/// Invariants: there is always a session; of a session's turns only the last may run; a turn
/// finishes once; what a session's tree holds stays in it; `Effect::Exit` comes when no turn is open, or when time is up.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Model {
    pub(super) sessions: Vec<Session>,
    pub(super) current: usize,
    pub(super) settings: Settings,
    pub(super) engine: EngineStatus,
    pub(super) overlay: Option<Overlay>,
    pub(super) notice: Option<Notice>,
    pub(super) history: History,
    pub(super) size: (u16, u16),
    pub(super) composer_width: u16,
    pub(super) help_slack: u16,
    /// When the engine's figures were last asked for.
    pub(super) looked_at: Duration,
    /// Turns of sessions that were closed: cancelled, and waited for when leaving.
    pub(super) orphans: Vec<TurnId>,
    pub(super) mint: Mint,
    pub(super) saving: Saving,
    /// Whether changes of the store are told.
    pub(super) watching: bool,
    pub(super) picker: Picker,
    pub(super) search: Search,
    /// The message to show as soon as its session has been read.
    pub(super) jump: Option<(SessionId, MessageId)>,
    /// What was last ordered to be evaluated ahead.
    pub(super) ahead: Option<Ahead>,
    /// The draft, as far as it is still being typed.
    pub(super) typing: Typing,
    /// What the draft would cost.
    pub(super) sight: Sight,
    /// A turn that waits for the user's word on leaving this device.
    pub(super) held: Option<Held>,
    /// The context before it was enlarged, until an engine has room for the larger one.
    pub(super) smaller: Option<u32>,
    pub(super) palette: Palette,
    /// The endpoints as they were last told of.
    pub(super) places: Vec<Place>,
    /// The models on this machine; `None` until they were looked for.
    pub(super) shelf: Option<Vec<Shelved>>,
    /// The profile's own model.
    pub(super) usual: String,
    pub(super) files: Files,
    /// The draft whose completions the user does not want, by its session and version.
    pub(super) declined: Option<(SessionId, u64)>,
    /// The session and the draft whose files are being read.
    pub(super) attaching: Option<(SessionId, String)>,
    /// One line that is typed on top.
    pub(super) line: String,
    /// Answers are shown as they were written.
    pub(super) raw: bool,
    /// Reasoning is shown.
    pub(super) thoughts: bool,
    /// The sessions stand beside the conversation, where there is room.
    pub(super) sidebar: bool,
    /// What was saved last is wanted there, and as it was last told.
    pub(super) looks_beside: bool,
    pub(super) recent: Vec<Recent>,
    /// The mouse is the chat's.
    pub(super) mouse: bool,
    pub(super) leaving_since: Option<Duration>,
    pub(super) gone: bool,
    pub(super) next_turn: u64,
    pub(super) now: Duration,
    touched_at: Duration,
    version: u64,
}

impl Model {
    /// Starts with one empty session on a screen of `width` by `height` cells. Its identity was just
    /// made: later ones follow from it.
    pub fn new(settings: Settings, first: SessionId, width: u16, height: u16) -> Self {
        Self {
            sessions: vec![Session::new(first)],
            current: 0,
            engine: EngineStatus::new(settings.remote_first),
            // Rows that go to the terminal have its whole width.
            sidebar: settings.sidebar && !settings.inline,
            looks_beside: false,
            recent: Vec::new(),
            usual: settings.model.clone(),
            settings,
            overlay: None,
            notice: None,
            history: History::default(),
            size: (width, height),
            composer_width: width,
            help_slack: 0,
            looked_at: Duration::ZERO,
            orphans: Vec::new(),
            mint: Mint::new(first),
            saving: Saving::default(),
            watching: false,
            picker: Picker::default(),
            search: Search::default(),
            jump: None,
            ahead: None,
            typing: Typing::default(),
            sight: Sight::default(),
            held: None,
            smaller: None,
            palette: Palette::default(),
            places: Vec::new(),
            shelf: None,
            files: Files::default(),
            declined: None,
            attaching: None,
            line: String::new(),
            raw: false,
            thoughts: false,
            mouse: true,
            leaving_since: None,
            gone: false,
            next_turn: 0,
            now: Duration::ZERO,
            touched_at: Duration::ZERO,
            version: 0,
        }
    }

    /// Returns a number that changes when there is something new to draw.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns when the runtime is to send the next `Msg::Tick`, if time alone changes anything:
    /// the figures of a running answer, a draft that rests, what is to be saved, or the end of the
    /// patience for leaving.
    pub fn next_deadline(&self) -> Option<Duration> {
        if let Some(since) = self.leaving_since {
            return (!self.gone).then_some(since + LEAVE_WITHIN);
        }
        let figures = self.current().running().map(|_| self.touched_at + FIGURES_EVERY);
        let look = self.looks_again_at().into_iter().chain(self.rests_at()).chain(self.counts_at());
        figures.into_iter().chain(look).chain(self.save_at()).min()
    }

    /// Returns when the panel wants newer figures, if it is open.
    pub(super) fn looks_again_at(&self) -> Option<Duration> {
        matches!(self.overlay, Some(Overlay::Device(_))).then(|| self.looked_at + LOOK_EVERY)
    }

    /// Returns the sessions, oldest first; never empty.
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// Returns the index of the session in front.
    pub fn current_index(&self) -> usize {
        self.current
    }

    /// Returns the session in front.
    pub fn current(&self) -> &Session {
        &self.sessions[self.current]
    }

    /// Returns the settings of this run.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Returns the engine as last heard of.
    pub fn engine(&self) -> &EngineStatus {
        &self.engine
    }

    /// Returns what lies over the transcript.
    pub fn overlay(&self) -> Option<Overlay> {
        self.overlay
    }

    /// Returns the line above the composer.
    pub fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref()
    }

    /// Returns the list of saved sessions; of use while it lies on top.
    pub fn picker(&self) -> &Picker {
        &self.picker
    }

    /// Returns the search; of use while it lies on top.
    pub fn search(&self) -> &Search {
        &self.search
    }

    /// Returns the list to choose from; of use while it lies on top.
    pub fn palette(&self) -> &Palette {
        &self.palette
    }

    /// Returns the endpoints as they were last told of.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Returns the line that is typed on top.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Returns whether answers are shown as they were written.
    pub fn is_raw(&self) -> bool {
        self.raw
    }

    /// Returns whether the mouse is the chat's.
    pub fn has_mouse(&self) -> bool {
        self.mouse
    }

    /// Returns whether the sessions are to stand beside the conversation, where there is room.
    pub fn has_sidebar(&self) -> bool {
        self.sidebar
    }

    /// Returns the conversation in front as Markdown, clean; empty if there is none.
    pub fn transcript(&self) -> String {
        let session = self.current();
        if session.turns().is_empty() {
            return String::new();
        }
        crate::app::update::source(session).into_string()
    }

    /// Returns whether reasoning is shown.
    pub fn shows_thoughts(&self) -> bool {
        self.thoughts
    }

    /// Returns the wall clock's time, as of the newest message.
    pub fn time(&self) -> Timestamp {
        self.mint.time(self.now)
    }

    /// Returns how saving goes.
    pub fn saving(&self) -> &Saving {
        &self.saving
    }

    /// Returns whether the program is on its way out.
    pub fn is_leaving(&self) -> bool {
        self.leaving_since.is_some()
    }

    /// Returns the newest time that a message carried.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Returns the turns that are open, those of closed sessions included.
    pub fn open_turns(&self) -> impl Iterator<Item = TurnId> {
        let running = self.sessions.iter().filter_map(Session::running).map(Turn::id);
        running.chain(self.orphans.iter().copied())
    }

    /// Returns the tokens that one session may take: the setting, or the engine's pool if that is
    /// smaller; 0 while neither is known.
    pub fn context_limit(&self) -> u32 {
        let pool = match self.engine.state() {
            EngineState::Ready(info) => info.pool_tokens,
            EngineState::Loading(_) | EngineState::Lost(_) | EngineState::Unused => 0,
        };
        let known = [self.settings.limits.n_ctx, pool].into_iter().filter(|tokens| *tokens > 0);
        known.min().unwrap_or(0)
    }

    pub(super) fn current_mut(&mut self) -> &mut Session {
        &mut self.sessions[self.current]
    }

    /// Says that there is something new to draw.
    pub(super) fn touch(&mut self) {
        self.touched_at = self.now;
        self.version += 1;
    }

    /// Takes the time of a message.
    pub(super) fn observe(&mut self, at: Duration) {
        self.now = self.now.max(at);
    }
}
