//! What may leave this device: the class of a session, and the user's word on each endpoint.

use std::collections::VecDeque;

use crate::app::effect::Effect;
use crate::app::keymap::Action;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::app::notice::Notice;
use crate::app::session::Session;
use crate::chat::Generation;
use crate::chat::Key;
use crate::chat::PrivacyClass;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::chat::TurnId;
use crate::route::Pin;
use crate::words::word;

/// A turn that waits for the user's word, and the endpoints that are still to be asked about.
#[derive(Debug)]
pub(in crate::app) struct Held {
    effect: Effect,
    asks: VecDeque<String>,
}

impl Model {
    /// Returns the endpoint that the user is asked about, with its origin.
    pub fn asks_about(&self) -> Option<(&str, &str)> {
        let asked = self.held.as_ref()?.asks.front()?;
        let mut places = self.settings.leaves_to.iter();
        let (name, origin) = places.find(|(name, _)| name == asked)?;
        Some((name, origin))
    }

    /// Begins a turn; one of a session that may go to an endpoint for the first time is held until
    /// the user has answered.
    pub(super) fn send_out(
        &mut self,
        index: usize,
        (turn, pin, broke_off): (TurnId, Option<Pin>, Option<Route>),
        generation: Generation,
        effects: &mut Vec<Effect>,
    ) {
        let asks = self.unasked(index, pin.as_ref(), generation.class);
        let effect = Effect::Generate { turn, generation, pin, broke_off };
        if !asks.is_empty() && index == self.current {
            self.held = Some(Held { effect, asks });
            self.overlay = Some(Overlay::Egress);
        } else {
            effects.push(effect);
        }
    }

    /// Returns the endpoints that a turn may go to and that the user was not asked about. Whoever
    /// pins one that was refused is asked again.
    fn unasked(&self, index: usize, pin: Option<&Pin>, class: PrivacyClass) -> VecDeque<String> {
        if class == PrivacyClass::LocalOnly {
            return VecDeque::new();
        }
        let consents = &self.sessions[index].consents;
        let names = self.settings.leaves_to.iter().map(|(name, _)| name);
        let asks = names.filter(|name| match pin {
            Some(Pin::Local) => false,
            Some(Pin::Remote(Some(wanted))) => {
                wanted == *name && consents.get(*name) != Some(&true)
            }
            Some(Pin::Remote(None)) => consents.get(*name) != Some(&true),
            None => !consents.contains_key(*name),
        });
        asks.cloned().collect()
    }

    /// Takes the answer to whether a session may go to an endpoint. "No" is remembered as well: the
    /// turn goes on as it can without.
    pub(super) fn egress_key(
        &mut self,
        key: Key,
        action: Option<Action>,
        effects: &mut Vec<Effect>,
    ) {
        let answer = match super::leaving::answer(key) {
            None if action == Some(Action::Interrupt) => Some(false),
            answer => answer,
        };
        let Some(may) = answer else { return };
        let endpoint = self.held.as_mut().and_then(|held| held.asks.pop_front());
        if let Some(endpoint) = endpoint {
            let session = self.current_mut();
            session.consents.insert(endpoint.clone(), may);
            if may {
                effects.push(Effect::Allow(session.id, endpoint));
            }
        }
        if self.held.as_ref().is_none_or(|held| held.asks.is_empty()) {
            self.overlay = None;
            self.let_go(effects);
        }
    }

    /// Begins what was held, allowed or not.
    pub(super) fn let_go(&mut self, effects: &mut Vec<Effect>) {
        let Some(Held { effect, .. }) = self.held.take() else { return };
        if let Effect::Generate { turn: held, .. } = &effect {
            let running = self.sessions.iter_mut().filter_map(Session::running_mut);
            // The user's own time to answer is nobody's time to the first token.
            running.filter(|turn| turn.id() == *held).for_each(|turn| turn.run(self.now));
        }
        effects.push(effect);
    }

    /// Makes a session as strict as it is in the store.
    pub(super) fn tighten(&mut self, id: SessionId, class: PrivacyClass) {
        if let Some(session) = self.sessions.iter_mut().find(|session| session.id == id) {
            session.class = session.class.strictest(class);
        }
    }

    /// Makes a session as strict as what is said in it under this profile, for good, and says so.
    pub(super) fn taint(&mut self, index: usize) {
        let (privacy, current) = (self.settings.privacy, self.current);
        let session = &mut self.sessions[index];
        let was = session.class;
        session.class = was.strictest(privacy);
        if was != session.class && !session.turns().is_empty() && index == current {
            self.notice = Some(Notice::info(word("local-only-now")));
        }
    }

    /// Copies what of the session in front may leave this device into a new one.
    pub(super) fn redact(&mut self, effects: &mut Vec<Effect>) {
        let into = self.mint.session(self.now);
        let created = self.mint.time(self.now);
        let session = self.current();
        let told = match session.tree.leaf() {
            _ if self.settings.ephemeral => word("redact-unsaved"),
            None => word("nothing-to-copy"),
            Some(_) if session.class != PrivacyClass::LocalOnly => word("redact-open"),
            Some(_) if session.running().is_some() => word("busy"),
            Some(at) => {
                effects.push(Effect::Redact { from: session.id, at, into, created });
                return;
            }
        };
        self.notice = Some(Notice::info(told));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::app::Msg;
    use crate::app::Settings;
    use crate::chat::KeyCode;
    use crate::chat::Message;
    use crate::chat::MessageId;
    use crate::chat::Node;
    use crate::chat::NodeState;
    use crate::chat::Role;
    use crate::chat::SessionInfo;
    use crate::chat::Timestamp;

    fn chat(privacy: PrivacyClass) -> Model {
        let place = |name: &str| (name.to_owned(), format!("https://{name}.example"));
        let leaves_to = match privacy {
            PrivacyClass::LocalOnly => Vec::new(),
            PrivacyClass::Open => vec![place("lan"), place("far")],
        };
        let settings = Settings { privacy, leaves_to, ..Settings::default() };
        Model::new(settings, SessionId(0), 80, 24)
    }

    fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
        model.update(Msg::Key { key: Key::plain(code), at: Duration::ZERO })
    }

    fn ask(model: &mut Model, question: &str) -> Vec<Effect> {
        model.update(Msg::Paste(question.to_owned()));
        key(model, KeyCode::Enter)
    }

    fn sent(effects: &[Effect]) -> Option<&Generation> {
        effects.iter().find_map(|effect| match effect {
            Effect::Generate { generation, .. } => Some(generation),
            _ => None,
        })
    }

    fn allowed(effects: &[Effect]) -> Vec<&str> {
        let allows = effects.iter().filter_map(|effect| match effect {
            Effect::Allow(_, endpoint) => Some(endpoint.as_str()),
            _ => None,
        });
        allows.collect()
    }

    /// Opens a saved session of this class.
    fn open(model: &mut Model, class: PrivacyClass) {
        let mut info = SessionInfo::new(SessionId(7), "quick", Timestamp(0));
        (info.privacy, info.leaf) = (class, Some(MessageId(2)));
        let node = |id, parent: Option<u128>, role| Node {
            id: MessageId(id),
            parent: parent.map(MessageId),
            created: Timestamp(0),
            message: Message::text(role, "said"),
            state: NodeState::Complete,
            answer: None,
        };
        let nodes = vec![node(1, None, Role::User), node(2, Some(1), Role::Assistant)];
        let page = nodes.iter().map(|node| (node.clone(), vec![node.id])).collect();
        model.update(Msg::Opened { info: Box::new(info), page });
        let (session, leaf) = (SessionId(7), Some(MessageId(2)));
        model.update(Msg::Whole { session, nodes, leaf, class });
    }

    #[test]
    fn every_endpoint_is_asked_about_once_before_anything_leaves() {
        let mut model = chat(PrivacyClass::Open);
        assert_eq!(sent(&ask(&mut model, "one")), None, "it is held");
        assert_eq!(model.asks_about(), Some(("lan", "https://lan.example")));
        let first = key(&mut model, KeyCode::Char('y'));
        assert_eq!((allowed(&first), sent(&first)), (vec!["lan"], None));
        assert_eq!(model.asks_about(), Some(("far", "https://far.example")));
        let second = key(&mut model, KeyCode::Esc);
        assert_eq!(allowed(&second), Vec::<&str>::new());
        assert_eq!(sent(&second).map(|it| it.class), Some(PrivacyClass::Open));
        assert_eq!(model.overlay(), None);
    }

    #[test]
    fn a_local_only_session_stays_so_under_an_open_profile() {
        let mut model = chat(PrivacyClass::Open);
        open(&mut model, PrivacyClass::LocalOnly);
        let effects = ask(&mut model, "and now?");
        assert_eq!(sent(&effects).map(|it| it.class), Some(PrivacyClass::LocalOnly));
        assert_eq!(model.overlay(), None, "nobody is asked what may not be");
    }

    #[test]
    fn a_private_profile_makes_an_open_session_private() {
        let mut model = chat(PrivacyClass::LocalOnly);
        open(&mut model, PrivacyClass::Open);
        let effects = ask(&mut model, "a secret");
        assert_eq!(sent(&effects).map(|it| it.class), Some(PrivacyClass::LocalOnly));
        let begun = effects.iter().find_map(|effect| match effect {
            Effect::Save(crate::chat::Change::Begin { session, .. }) => Some(session.privacy),
            _ => None,
        });
        assert_eq!(begun, Some(PrivacyClass::LocalOnly), "the store hears of it");
        assert_eq!(model.current().class(), PrivacyClass::LocalOnly);
        let notice = model.notice().expect("it is said").text.as_str().to_owned();
        assert!(notice.starts_with("local-only from here on"), "{notice}");
    }

    #[test]
    fn what_another_window_said_in_private_makes_it_private_here() {
        let mut model = chat(PrivacyClass::Open);
        open(&mut model, PrivacyClass::Open);
        let (session, leaf) = (SessionId(7), MessageId(9));
        let class = PrivacyClass::LocalOnly;
        model.update(Msg::Grown { session, nodes: Vec::new(), leaf, class });
        let effects = ask(&mut model, "and now?");
        assert_eq!(sent(&effects).map(|it| it.class), Some(PrivacyClass::LocalOnly));
    }

    #[test]
    fn a_fork_is_as_private_and_a_redacted_copy_is_asked_for() {
        let mut model = chat(PrivacyClass::Open);
        open(&mut model, PrivacyClass::LocalOnly);
        let effects = ask(&mut model, "/redact");
        let [Effect::Redact { from, at, .. }] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!((*from, *at), (SessionId(7), MessageId(2)));
        key(&mut model, KeyCode::Esc);
        key(&mut model, KeyCode::Char('f'));
        assert_eq!(model.sessions().len(), 2, "forked");
        assert_eq!(model.current().class(), PrivacyClass::LocalOnly);
    }
}
