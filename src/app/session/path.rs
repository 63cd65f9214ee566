//! The selected path of the tree, as turns.

use crate::app::session::Session;
use crate::app::turn::Placed;
use crate::app::turn::Turn;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::Role;
use crate::chat::TurnId;
use crate::prompt;

/// Turns that a session shows at first: a few screens.
const WINDOW: usize = 64;

/// How many more at a time: a screen or two, so that none of them is slow.
const STEP: usize = 16;

/// A question and the answer behind it; of a path that was imported, perhaps only one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair {
    asked: Option<MessageId>,
    replied: Option<MessageId>,
}

/// Pairs up a path, oldest first.
fn pairs(path: &[&Node]) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::with_capacity(path.len() / 2 + 1);
    for node in path {
        match (node.message.role, pairs.last_mut()) {
            (Role::Assistant, Some(last)) if last.replied.is_none() => {
                last.replied = Some(node.id);
            }
            (Role::Assistant, _) => pairs.push(Pair { asked: None, replied: Some(node.id) }),
            (Role::User | Role::System | Role::Tool, _) => {
                pairs.push(Pair { asked: Some(node.id), replied: None });
            }
        }
    }
    pairs
}

impl Session {
    /// Brings the turns up to date with the tree's selected path. What both have in common stays;
    /// `next` counts the turns of this run.
    pub(in crate::app) fn follow_path(&mut self, next: &mut u64) {
        let path = self.tree.path();
        self.window = prompt::sent_from(&path);
        let pairs = pairs(&path);
        let first = self.turns.first().map(pair_of);
        let found = first.and_then(|first| pairs.iter().position(|pair| *pair == first));
        // A path that has nothing in common with what is shown is shown from its end.
        self.hidden = found.unwrap_or(pairs.len().saturating_sub(WINDOW));
        let shown = &pairs[self.hidden..];
        let same = self.turns.iter().zip(shown).take_while(|(turn, pair)| pair_of(turn) == **pair);
        let same = same.count();
        if same < self.turns.len() {
            self.turns.truncate(same);
            self.epoch += 1;
        }
        for pair in &shown[same..] {
            let turn = self.told(*pair, next);
            self.turns.push(turn);
        }
    }

    /// Brings the turns up to date with a tree that was read anew: answers may have ended and
    /// siblings may have come.
    pub(in crate::app) fn refresh(&mut self, next: &mut u64) {
        self.follow_path(next);
        for index in 0..self.turns.len() {
            let pair = pair_of(&self.turns[index]);
            let running = self.turns[index].is_open();
            let fresh = self.told(pair, next);
            if !running && !self.turns[index].shows_the_same(&fresh) {
                self.turns[index] = fresh;
                self.epoch += 1;
            }
        }
    }

    /// Shows more of what came before; `false` when all that is loaded is shown.
    pub(in crate::app) fn reveal(&mut self, next: &mut u64) -> bool {
        let first = self.turns.first().and_then(|turn| turn.messages().next());
        let Some(first) = first.filter(|_| self.hidden > 0) else { return false };
        // No more of the path is looked at than is shown: it may be long.
        let mut above: Vec<&Node> = self.tree.above(first).take(2 * STEP).collect();
        above.reverse();
        let pairs = pairs(&above);
        // An answer at the very top may have its question above.
        let cut = above.len() == 2 * STEP && pairs.first().is_some_and(|it| it.asked.is_none());
        let pairs = &pairs[usize::from(cut)..];
        let pairs = &pairs[pairs.len().saturating_sub(STEP)..];
        self.put_before(pairs, next)
    }

    /// Shows no more than its end again, where that is what is looked at: whatever lays out all that
    /// is shown, another width for one, costs as much as that.
    pub(in crate::app) fn conceal(&mut self) {
        let old = self.turns.len().saturating_sub(WINDOW);
        let follows = self.scroll.top().is_none() && self.scroll.goal().is_none();
        if old == 0 || !follows || self.reading.is_some() {
            return;
        }
        self.turns.drain(..old);
        self.hidden += old;
        self.epoch += 1;
    }

    /// Shows everything that is loaded.
    pub(in crate::app) fn reveal_all(&mut self, next: &mut u64) {
        self.reveal_from(0, next);
    }

    /// Shows as much as it takes for a message of the path to be shown.
    pub(in crate::app) fn reveal_message(&mut self, id: MessageId, next: &mut u64) {
        let pairs = pairs(&self.tree.path());
        let at = pairs.iter().position(|pair| [pair.asked, pair.replied].contains(&Some(id)));
        if let Some(at) = at {
            self.reveal_from(at.saturating_sub(STEP).min(self.hidden), next);
        }
    }

    fn reveal_from(&mut self, from: usize, next: &mut u64) -> bool {
        if from >= self.hidden {
            return false;
        }
        let pairs = pairs(&self.tree.path());
        self.put_before(&pairs[from..self.hidden], next)
    }

    /// Shows turns before those that are shown.
    fn put_before(&mut self, pairs: &[Pair], next: &mut u64) -> bool {
        let older: Vec<Turn> = pairs.iter().map(|pair| self.told(*pair, next)).collect();
        self.turns.splice(0..0, older);
        self.hidden = self.hidden.saturating_sub(pairs.len());
        self.epoch += 1;
        !pairs.is_empty()
    }

    fn told(&self, pair: Pair, next: &mut u64) -> Turn {
        let id = TurnId(*next);
        *next += 1;
        let told = |id: MessageId| Some((self.tree.node(id)?, self.placed(id)));
        Turn::told(id, pair.asked.and_then(told), pair.replied.and_then(told))
    }

    fn placed(&self, id: MessageId) -> Placed {
        let siblings = self.tree.siblings(id);
        let place = siblings.iter().position(|sibling| *sibling == id).unwrap_or(0);
        Placed { id, place: place + 1, of: siblings.len().max(1) }
    }
}

fn pair_of(turn: &Turn) -> Pair {
    Pair {
        asked: turn.asked().map(|placed| placed.id),
        replied: turn.replied().map(|placed| placed.id),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::Message;
    use crate::chat::NodeState;
    use crate::chat::SessionId;
    use crate::chat::Timestamp;
    use crate::chat::Tree;

    fn node(number: u128, role: Role) -> Node {
        Node {
            id: MessageId(number),
            parent: (number > 0).then(|| MessageId(number - 1)),
            message: Message::text(role, "words"),
            state: NodeState::Complete,
            created: Timestamp(0),
            answer: None,
        }
    }

    proptest! {
        /// Whoever asked and answered, in whatever order: a few at a time are all in the end.
        #[test]
        fn what_came_before_is_shown_bit_by_bit(
            asks in prop::collection::vec(prop::bool::weighted(0.55), 0..400),
        ) {
            let role = |asks: &bool| if *asks { Role::User } else { Role::Assistant };
            let nodes = (0..).zip(&asks).map(|(number, asks)| node(number, role(asks)));
            let mut session = Session::new(SessionId(1));
            session.tree = Tree::of(nodes, None).expect("one path");
            let (mut next, mut shown) = (0, 0);
            session.follow_path(&mut next);
            let all = pairs(&session.tree.path());
            loop {
                let turns: Vec<Pair> = session.turns.iter().map(pair_of).collect();
                prop_assert_eq!(session.hidden, all.len() - turns.len());
                prop_assert_eq!(&all[session.hidden..], &turns[..]);
                prop_assert!(turns.len() > shown || shown == 0 && turns.is_empty());
                prop_assert!(turns.len() <= shown.max(WINDOW - STEP) + STEP);
                shown = turns.len();
                if !session.reveal(&mut next) {
                    break;
                }
            }
            prop_assert_eq!(session.hidden, 0);
        }
    }
}
