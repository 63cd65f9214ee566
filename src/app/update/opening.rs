//! Saved sessions are opened again.

use std::collections::HashMap;

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::model::Overlay;
use crate::app::session::Loaded;
use crate::app::session::Session;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::SessionId;
use crate::chat::SessionInfo;

impl Model {
    /// Shows a session that was read; an empty one in front makes way for it.
    pub(super) fn opened(&mut self, info: &SessionInfo, page: Vec<(Node, Vec<MessageId>)>) {
        if let Some(index) = self.sessions.iter().position(|session| session.id == info.id) {
            self.show(index);
            return;
        }
        let session = Session::opened(info, page, &mut self.next_turn);
        if self.current().is_blank() && !self.current().kept.known {
            self.sessions[self.current] = session;
            self.show(self.current);
        } else {
            self.sessions.push(session);
            self.show(self.sessions.len() - 1);
        }
    }

    /// Takes in all messages of a session; what waited for them goes on.
    pub(super) fn whole(
        &mut self,
        id: SessionId,
        nodes: Vec<Node>,
        leaf: Option<MessageId>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(index) = self.sessions.iter().position(|session| session.id == id) else { return };
        if self.sessions[index].running().is_some() {
            return;
        }
        let asked = self.sessions[index].loaded == Loaded::PageAndAsked;
        self.sessions[index].complete(nodes, leaf, &mut self.next_turn);
        self.touch();
        if let Some(message) = self.jump.take_if(|(session, _)| *session == id).map(|(_, id)| id) {
            self.jump_to(index, message, effects);
        }
        if asked && !self.is_leaving() {
            self.take_queued(index, effects);
        }
    }

    /// Asks to be told of changes while something on the screen depends on other windows.
    pub(super) fn watch(&mut self, effects: &mut Vec<Effect>) {
        let wanted = self.overlay == Some(Overlay::Sessions)
            || self.looks_beside
            || !self.settings.ephemeral && self.sessions.iter().any(|session| session.kept.known);
        if wanted != self.watching {
            self.watching = wanted;
            effects.push(Effect::Watch(wanted));
        }
    }

    /// Reads what may be another one now.
    pub(super) fn changed(&self, effects: &mut Vec<Effect>) {
        if self.overlay == Some(Overlay::Sessions) {
            effects.push(Effect::List);
        }
        if self.looks_beside {
            effects.push(Effect::Recent);
        }
        let elsewhere = self.sessions.iter().filter(|session| session.is_answered_elsewhere());
        effects.extend(elsewhere.map(|session| Effect::Reread(session.id)));
        let rests = |session: &&Session| session.rests() && !self.settings.ephemeral;
        let resting = self.sessions.iter().filter(rests);
        let peek = |session: &Session| Some(Effect::Peek(session.id, session.tree.leaf()?));
        effects.extend(resting.filter_map(peek));
    }

    /// Takes in what another window has added behind what is shown. Where it went on elsewhere in the
    /// tree, or knows less than is here, what is shown stays.
    pub(super) fn grown(&mut self, id: SessionId, nodes: Vec<Node>, leaf: MessageId) {
        let Some(session) = self.sessions.iter_mut().find(|session| session.id == id) else {
            return;
        };
        let follows = |shown: MessageId| {
            let parents: HashMap<_, _> = nodes.iter().map(|node| (node.id, node.parent)).collect();
            let mut above = parents.get(&leaf).copied().flatten();
            while let Some(id) = above.filter(|id| *id != shown) {
                above = parents.get(&id).copied().flatten();
            }
            above.is_some()
        };
        if session.rests() && session.tree.leaf().is_some_and(follows) {
            session.complete(nodes, Some(leaf), &mut self.next_turn);
            self.touch();
        }
    }

    /// Shows a message, on whichever branch it is, and marks it.
    pub(super) fn jump_to(&mut self, index: usize, message: MessageId, effects: &mut Vec<Effect>) {
        let session = &mut self.sessions[index];
        let on_path = session.tree.path().iter().any(|node| node.id == message);
        if !on_path && session.running().is_none() && session.tree.select(message).is_ok() {
            session.follow_path(&mut self.next_turn);
        }
        self.show(index);
        if !on_path {
            self.save_leaf(effects);
        }
        self.mark(message);
    }
}
