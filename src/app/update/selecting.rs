//! Where a session is answered, and by which model: the lists to choose from, and what is chosen.

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::app::notice::Notice;
use crate::app::palette::Choice;
use crate::app::palette::Does;
use crate::app::status::EngineState;
use crate::chat::Fault;
use crate::chat::LoadState;
use crate::chat::Mode;
use crate::chat::Place;
use crate::chat::PrivacyClass;
use crate::chat::SessionId;
use crate::chat::Shelved;
use crate::route::Pin;
use crate::text;
use crate::words;
use crate::words::say;
use crate::words::word;

/// The names of the two lists' titles.
const PLACES: &str = "palette-places";
const AGAIN: &str = "palette-again";

impl Model {
    /// Shows where the session in front may be answered, and by what.
    pub(super) fn show_places(&mut self, effects: &mut Vec<Effect>) {
        let choices = self.place_choices();
        self.choose(PLACES, choices);
        self.ask_places(effects);
        effects.push(Effect::Shelf);
    }

    /// Shows where the marked question, or the newest one, may be answered once more.
    pub(super) fn show_again(&mut self, effects: &mut Vec<Effect>) {
        if self.is_busy() || self.marked_question().is_none() {
            return;
        }
        let choices = self.again_choices();
        self.choose(AGAIN, choices);
        self.ask_places(effects);
    }

    /// Asks what is known of the endpoints.
    pub(super) fn ask_places(&self, effects: &mut Vec<Effect>) {
        effects.push(Effect::Places(self.current().context_tokens()));
    }

    /// The same for the panel, which shows none where turns go nowhere.
    pub(super) fn look_at_places(&self, effects: &mut Vec<Effect>) {
        if !self.settings.leaves_to.is_empty() {
            self.ask_places(effects);
        }
    }

    pub(super) fn places_told(&mut self, places: Vec<Place>) {
        if self.places != places {
            self.places = places;
            self.relist();
            self.touch();
        }
    }

    pub(super) fn shelf_told(&mut self, models: Vec<Shelved>) {
        self.shelf = Some(models);
        self.relist();
        self.touch();
    }

    /// Lists anew what is chosen from, if it is one of ours.
    fn relist(&mut self) {
        let choices = match (self.overlay, self.palette.title()) {
            (Some(Overlay::Palette), PLACES) => self.place_choices(),
            (Some(Overlay::Palette), AGAIN) => self.again_choices(),
            _ => return,
        };
        self.palette.exchange(choices);
    }

    fn place_choices(&self) -> Vec<Choice> {
        let pin = self.current().pin();
        let line = |label: String, detail: &str, wanted: Option<Pin>| {
            let label = marked(label, pin == wanted.as_ref());
            Choice::new(&label, detail, Does::Pin(wanted))
        };
        let mut choices =
            vec![line(word("place-mode").to_owned(), self.settings.mode.name(), None)];
        let others = self.endpoints().into_iter();
        let others = others.map(|(name, detail)| {
            line(say!("place-route", name = name.as_str()), &detail, Some(Pin::Remote(Some(name))))
        });
        if self.settings.mode != Mode::RemoteOnly {
            let label = say!("place-route", name = word("this-device"));
            choices.push(line(label, &self.device_words(), Some(Pin::Local)));
        }
        choices.extend(others);
        choices.extend(self.model_choices());
        choices
    }

    fn again_choices(&self) -> Vec<Choice> {
        let device = (self.settings.mode != Mode::RemoteOnly).then(|| {
            Choice::new(word("this-device"), &self.device_words(), Does::Again(Pin::Local))
        });
        let others = self.endpoints().into_iter();
        let others = others.map(|(name, detail)| {
            Choice::new(&name, &detail, Does::Again(Pin::Remote(Some(name.clone()))))
        });
        device.into_iter().chain(others).collect()
    }

    fn model_choices(&self) -> Vec<Choice> {
        let own = std::iter::once((self.usual.as_str(), None));
        let others = self.shelf.iter().flatten();
        let others = others.map(|model| (model.name.as_str(), Some(model)));
        let listed = others.clone().any(|(name, _)| name == self.usual);
        let own = own.filter(|_| !listed && !self.settings.remote_first);
        own.chain(others)
            .map(|(name, model)| {
                let label = marked(say!("place-model", name = name), name == self.settings.model);
                let detail = model.map_or(word("place-usual").to_owned(), words);
                Choice::new(&label, &detail, Does::Model(name.to_owned()))
            })
            .collect()
    }

    /// Returns the endpoints with what is known of each: those that may be asked without more ado,
    /// and those of which it was told what stands against them.
    fn endpoints(&self) -> Vec<(String, String)> {
        if !self.places.is_empty() {
            let known = self.places.iter();
            return known.map(|place| (place.endpoint.clone(), self.place_words(place))).collect();
        }
        let names = self.settings.leaves_to.iter();
        names.map(|(name, origin)| (name.clone(), origin.clone())).collect()
    }

    fn place_words(&self, place: &Place) -> String {
        let class = self.settings.privacy.strictest(self.current().class);
        if class == PrivacyClass::LocalOnly {
            return word("place-local-only").to_owned();
        }
        if let Some(rejected) = place.rejected {
            return words::reject_words(rejected).to_owned();
        }
        let first = place.measured.map_or(word("place-unmeasured").to_owned(), |it| {
            say!("place-first-token", seconds = format!("{:.1}", it.ttft.as_secs_f64()))
        });
        [first.as_str(), place.model.as_str()].join(" · ").trim_end_matches(" · ").to_owned()
    }

    fn device_words(&self) -> String {
        let rates = self.engine.history().rev().find_map(|rates| rates.decode_tps);
        let speed = rates.map(|rate| say!("figure-decode", rate = text::tokens_per_second(rate)));
        let both = speed.into_iter().chain([self.settings.model.clone()]);
        both.collect::<Vec<_>>().join(" · ")
    }

    /// Pins the session in front, its next turn only if `once`.
    pub(super) fn pin_to(&mut self, pin: Option<Pin>, once: bool) {
        let told = match &pin {
            None => word("pinned-not").to_owned(),
            Some(pin) if once => say!("pinned-once", place = place(pin)),
            Some(pin) => say!("pinned-always", place = place(pin)),
        };
        let session = self.current_mut();
        if once {
            session.pin_once = pin;
        } else {
            session.pin_once = None;
            session.pin = pin;
        }
        self.notice = Some(Notice::info(&told));
    }

    /// Has the session in front answered by another model of this machine from the next turn on.
    pub(super) fn take_model(&mut self, name: &str) {
        let told = match () {
            () if matches!(self.engine.state(), EngineState::Unused) => {
                word("model-elsewhere").to_owned()
            }
            () if name == self.settings.model => say!("model-already", name = name),
            () => {
                self.current_mut().model = Some(name.to_owned());
                say!("model-next", name = name)
            }
        };
        self.notice = Some(Notice::info(&told));
    }

    /// Has the engine ready that the session in front wants.
    pub(super) fn fit_model(&mut self, effects: &mut Vec<Effect>) {
        let wanted = self.current().model.as_ref().unwrap_or(&self.usual);
        if *wanted == self.settings.model || self.is_leaving() {
            return;
        }
        let wanted = wanted.clone();
        self.settings.model.clone_from(&wanted);
        // What is known of the one before is not known of this one.
        self.engine.exchange(LoadState::Loading(0), self.now);
        self.ahead = None;
        effects.push(Effect::Model(self.current().id, wanted));
    }

    /// Goes back to the profile's model: the one that was chosen cannot be used.
    pub(super) fn no_model(&mut self, session: SessionId, fault: &Fault) {
        if let Some(session) = self.sessions.iter_mut().find(|one| one.id == session) {
            session.model = None;
        }
        self.notice = Some(Notice::fault(fault));
        self.touch();
    }
}

/// Says what is known of a model: whether it fits, how fast it was here, its size.
fn words(model: &Shelved) -> String {
    if let Some(fault) = &model.fault {
        return fault.clone();
    }
    let speed = model.decode_tps.map_or(word("place-unmeasured").to_owned(), |rate| {
        say!("figure-decode", rate = text::tokens_per_second(rate))
    });
    let fits = match model.fits {
        Some(true) => word("place-fits"),
        Some(false) => word("place-too-large"),
        None => word("place-may-fit"),
    };
    format!("{fits} · {speed} · {}", text::bytes(model.bytes))
}

/// Marks what is chosen already.
fn marked(label: String, is_chosen: bool) -> String {
    if is_chosen { say!("place-now", label = label) } else { label }
}

fn place(pin: &Pin) -> String {
    match pin {
        Pin::Local => word("this-device").to_owned(),
        Pin::Remote(None) => word("profiles-endpoint").to_owned(),
        Pin::Remote(Some(endpoint)) => endpoint.clone(),
    }
}
