//! What the draft would cost, route by route: asked for once it rests, never while anything runs.

use std::time::Duration;

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::status::EngineState;
use crate::chat::Generation;
use crate::chat::MessageId;
use crate::chat::Outlook;
use crate::chat::Priority;
use crate::chat::Promise;
use crate::chat::Route;
use crate::chat::SessionId;
use crate::prompt::Density;
use crate::route::Pin;

/// How long nothing is typed until it is asked: between two words somebody who types fast is not
/// waited for.
const REST: Duration = Duration::from_millis(250);

/// The draft that is counted, and what its cost depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Subject {
    session: SessionId,
    leaf: Option<MessageId>,
    version: u64,
    pin: Option<Pin>,
    /// Nothing is asked: a turn runs, or the draft takes the place of an earlier question.
    only_estimated: bool,
}

/// What is known of the draft.
#[derive(Debug, Default)]
pub(in crate::app) struct Sight {
    subject: Option<Subject>,
    /// When to ask, if the draft rests until then.
    due: Option<Duration>,
    /// The newest question.
    number: u64,
    estimated: u32,
    counted: Option<u32>,
    known: Option<Outlook>,
    /// Tokens of the conversation with an empty draft behind it.
    blank: Option<(SessionId, Option<MessageId>, u32)>,
    density: Density,
}

/// What is shown of the draft's cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost<'a> {
    /// Tokens of the draft.
    pub tokens: u32,
    /// Whether they are counted, or estimated.
    pub exact: bool,
    /// Tokens of the whole prompt, once they are counted.
    pub prompt_tokens: Option<u32>,
    /// What each route promises, in the user's order.
    pub routes: &'a [Promise],
}

impl Model {
    /// Returns what the draft would cost, if there is a question in it.
    pub fn cost(&self) -> Option<Cost<'_>> {
        let Sight { subject, estimated, counted, known, .. } = &self.sight;
        subject.as_ref()?;
        let routes = known.as_ref().map_or(&[][..], |known| &known.routes);
        let prompt_tokens = known.as_ref().filter(|_| counted.is_some()).map(|it| it.prompt_tokens);
        let (tokens, exact) = counted.map_or((*estimated, false), |counted| (counted, true));
        Some(Cost { tokens, exact, prompt_tokens, routes })
    }

    /// Returns when the draft is to be counted, if it is not.
    pub(in crate::app) fn counts_at(&self) -> Option<Duration> {
        self.sight.due
    }

    /// Has the draft counted once it rests.
    pub(super) fn look_out(&mut self, effects: &mut Vec<Effect>) {
        if !self.is_question() {
            self.sight.subject = None;
            self.sight.due = None;
            return;
        }
        let session = self.current();
        let subject = Subject {
            session: session.id,
            leaf: session.tree.leaf(),
            version: session.composer.version(),
            pin: session.pin().cloned(),
            only_estimated: session.editing.is_some() || self.open_turns().next().is_some(),
        };
        if self.sight.subject.as_ref() != Some(&subject) {
            self.estimate(subject);
        } else if self.sight.due.is_some_and(|at| at <= self.now) {
            self.sight.due = None;
            let asked = self.foresee(&subject);
            effects.push(asked);
        }
    }

    /// Takes in what a draft would cost; late words on another one are left out, and so is where the
    /// user does not want the session to go.
    pub(super) fn foreseen(&mut self, number: u64, mut outlook: Outlook) {
        let consents = &self.current().consents;
        outlook.routes.retain(|promise| match &promise.route {
            Route::Local => true,
            Route::Remote(name) => consents.get(name) != Some(&false),
        });
        let Some(subject) = self.sight.subject.as_ref().filter(|_| number == self.sight.number)
        else {
            return;
        };
        if let Some(blank) = outlook.blank_tokens {
            self.sight.blank = Some((subject.session, subject.leaf, blank));
        }
        let blank = self.sight.blank.as_ref().map(|(.., tokens)| *tokens);
        let counted = blank.filter(|_| outlook.exact);
        self.sight.counted = counted.map(|blank| outlook.prompt_tokens.saturating_sub(blank));
        if let Some(counted) = self.sight.counted {
            let bytes = self.current().composer.whole().len();
            self.sight.density = Density::counted(bytes, 0, counted);
        }
        self.sight.known = Some(outlook);
        self.touch();
    }

    /// Returns whether the draft is a question that something could count.
    fn is_question(&self) -> bool {
        let loads = match self.engine.state() {
            EngineState::Ready(_) | EngineState::Unused => false,
            EngineState::Loading(_) | EngineState::Lost(_) => true,
        };
        let text = self.current().composer.text();
        !loads && !self.is_leaving() && !text.trim().is_empty() && !text.starts_with('/')
    }

    fn estimate(&mut self, subject: Subject) {
        let bytes = self.current().composer.whole().len();
        let sight = &mut self.sight;
        // What stands around a message is no part of the draft.
        sight.estimated =
            sight.density.estimate(bytes).saturating_sub(sight.density.estimate(0)).max(1);
        sight.counted = None;
        sight.number += 1;
        sight.due = (!subject.only_estimated).then_some(self.now + REST);
        // Where only the words changed, what the routes promised stands until the new word comes.
        let same = sight.subject.as_ref().is_some_and(|was| {
            (was.session, was.leaf, &was.pin) == (subject.session, subject.leaf, &subject.pin)
        });
        if !same || subject.only_estimated {
            sight.known = None;
        }
        sight.subject = Some(subject);
    }

    fn foresee(&self, subject: &Subject) -> Effect {
        let draft = self.current().composer.whole();
        let generation = |draft: &str| Generation {
            priority: Priority::Ahead,
            ..self.generation(self.current, Some(draft))
        };
        let known = self.sight.blank.as_ref();
        let known = known
            .is_some_and(|(session, leaf, _)| (*session, *leaf) == (subject.session, subject.leaf));
        Effect::Foresee {
            number: self.sight.number,
            generation: generation(draft.trim()),
            blank: (!known).then(|| generation("")),
            pin: subject.pin.clone(),
            counts: matches!(self.engine.state(), EngineState::Ready(_)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Msg;
    use crate::app::Settings;
    use crate::chat::Key;
    use crate::chat::KeyCode;
    use crate::chat::LoadState;
    use crate::chat::Message;
    use crate::chat::ModelInfo;
    use crate::chat::Role;
    use crate::chat::StopReason;
    use crate::chat::TokenEvent;
    use crate::chat::TurnEvent;
    use crate::chat::Usage;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn ready() -> Model {
        let mut model = Model::new(Settings::default(), SessionId(0), 80, 24);
        let state = LoadState::Ready(ModelInfo { pool_tokens: 4096, ..ModelInfo::default() });
        model.update(Msg::Load { state, at: ms(0) });
        model
    }

    fn typed(model: &mut Model, text: &str, at: Duration) -> Vec<Effect> {
        let keys = text.chars().map(|c| Key::plain(KeyCode::Char(c)));
        keys.flat_map(|key| model.update(Msg::Key { key, at })).collect()
    }

    type Asked = (u64, Generation, Option<Generation>);

    fn asked(effects: Vec<Effect>) -> Option<Asked> {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Foresee { number, generation, blank, .. } => Some((number, generation, blank)),
            _ => None,
        })
    }

    fn outlook(prompt_tokens: u32, blank_tokens: Option<u32>) -> Outlook {
        let promise = Promise { route: Route::Local, predicted: None, measured: true };
        Outlook { prompt_tokens, blank_tokens, exact: true, routes: vec![promise] }
    }

    #[test]
    fn where_the_user_refused_to_go_is_not_told_of() {
        let mut model = ready();
        model.current_mut().consents.extend([("a".to_owned(), false), ("b".to_owned(), true)]);
        typed(&mut model, "Why", ms(0));
        let (number, ..) = asked(model.update(Msg::Tick(ms(300)))).expect("asked");
        let mut all = outlook(33, Some(30));
        for name in ["a", "b", "c"] {
            let route = Route::Remote(name.into());
            all.routes.push(Promise { route, predicted: None, measured: false });
        }
        model.update(Msg::Foreseen { number, outlook: all });
        let routes = model.cost().expect("counted").routes.iter();
        let routes: Vec<String> = routes.map(|promise| promise.route.to_string()).collect();
        assert_eq!(routes, ["local", "remote:b", "remote:c"]);
    }

    #[test]
    fn a_draft_is_estimated_at_once_and_counted_when_it_rests() {
        let mut model = ready();
        assert_eq!(model.cost(), None);
        assert_eq!(asked(typed(&mut model, "Why is it", ms(0))), None);
        let cost = model.cost().expect("a draft");
        assert!(!cost.exact && cost.tokens > 0 && cost.routes.is_empty(), "{cost:?}");
        assert_eq!(asked(model.update(Msg::Tick(ms(100)))), None);
        let (number, generation, blank) = asked(model.update(Msg::Tick(ms(250)))).expect("asked");
        assert_eq!(generation.messages, [Message::text(Role::User, "Why is it")]);
        assert_eq!(generation.priority, Priority::Ahead);
        assert_eq!(blank.expect("once").messages, [Message::text(Role::User, "")]);
        assert_eq!(model.counts_at(), None, "nothing is due until somebody types");
        model.update(Msg::Foreseen { number, outlook: outlook(33, Some(30)) });
        let cost = model.cost().expect("counted");
        assert_eq!((cost.tokens, cost.exact, cost.prompt_tokens), (3, true, Some(33)));
        // Another word: what is known stands as an estimate; the conversation is not counted again.
        typed(&mut model, " blue", ms(300));
        let cost = model.cost().expect("a draft");
        assert!(!cost.exact && cost.routes.len() == 1, "{cost:?}");
        let (number, _, blank) = asked(model.update(Msg::Tick(ms(600)))).expect("asked again");
        assert_eq!(blank, None);
        model.update(Msg::Foreseen { number: number - 1, outlook: outlook(99, None) });
        assert!(!model.cost().expect("a draft").exact, "late words on another draft");
        model.update(Msg::Foreseen { number, outlook: outlook(34, None) });
        assert_eq!(model.cost().expect("counted").tokens, 4);
    }

    #[test]
    fn while_a_model_loads_nothing_is_said_and_no_command_is_counted() {
        let mut model = Model::new(Settings::default(), SessionId(0), 80, 24);
        typed(&mut model, "Why", ms(0));
        assert_eq!((model.cost(), model.counts_at()), (None, None));
        let mut model = ready();
        typed(&mut model, "/route", ms(0));
        assert_eq!((model.cost(), model.counts_at()), (None, None));
    }

    #[test]
    fn while_an_answer_runs_nothing_is_asked() {
        let mut model = ready();
        typed(&mut model, "One", ms(0));
        let key = Key::plain(KeyCode::Enter);
        let effects = model.update(Msg::Key { key, at: ms(10) });
        let turn = effects.iter().find_map(|effect| match effect {
            Effect::Generate { turn, .. } => Some(*turn),
            _ => None,
        });
        typed(&mut model, "two", ms(20));
        assert_eq!(asked(model.update(Msg::Tick(ms(900)))), None);
        assert!(!model.cost().expect("an estimate").exact);
        let end = TokenEvent::Finished(StopReason::EndOfTurn, Usage::default());
        let (turn, event) = (turn.expect("it was sent"), TurnEvent::Token(end));
        model.update(Msg::Turn { turn, event, at: ms(1000) });
        assert!(asked(model.update(Msg::Tick(ms(1300)))).is_some(), "the answer is there");
    }
}
