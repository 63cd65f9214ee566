//! What is saved, and when.

use std::time::Duration;

use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::session::DESK_WITHIN;
use crate::app::session::Session;
use crate::app::turn::Turn;
use crate::chat::Change;
use crate::chat::Node;
use crate::chat::PartKind;

impl Model {
    /// Saves something, unless nothing of this chat is saved.
    pub(super) fn save(&self, change: Change, effects: &mut Vec<Effect>) {
        if !self.settings.ephemeral {
            effects.push(Effect::Save(change));
        }
    }

    /// Saves that a turn begins; the runtime lets no request leave before this is durable.
    pub(super) fn save_begin(&mut self, index: usize, nodes: Vec<Node>, effects: &mut Vec<Effect>) {
        let created = self.mint.time(self.now);
        let info = self.sessions[index].info(&self.settings, created);
        self.sessions[index].kept.known = true;
        self.save(Change::Begin { session: Box::new(info), nodes }, effects);
    }

    /// Saves where the running answer of a session runs.
    pub(super) fn save_route(&self, index: usize, effects: &mut Vec<Effect>) {
        let session = &self.sessions[index];
        let routed = session.running().and_then(|turn| turn.replied().zip(turn.newest_span()));
        let Some((placed, span)) = routed else { return };
        let span = span.clone();
        self.save(Change::Routed { session: session.id, message: placed.id, span }, effects);
    }

    /// Saves what came of the newest answer of a session since the last time.
    pub(super) fn save_progress(&mut self, index: usize, effects: &mut Vec<Effect>) {
        let (at, now) = (self.mint.time(self.now), self.now);
        let session = &mut self.sessions[index];
        let id = session.id;
        let Some(turn) = session.last_mut() else { return };
        let (Some(placed), Some((from, text))) = (turn.replied(), turn.unsaved(now)) else {
            return;
        };
        let from_byte = from as u64;
        let kind = PartKind::Text;
        let message = placed.id;
        self.save(Change::Append { session: id, message, from_byte, kind, text, at }, effects);
    }

    /// Saves how the newest answer of a session ended; the tree has its end already.
    pub(super) fn save_end(&mut self, index: usize, effects: &mut Vec<Effect>) {
        self.save_progress(index, effects);
        let at = self.mint.time(self.now);
        let session = &self.sessions[index];
        let replied = session.turns().last().and_then(Turn::replied);
        let Some(node) = replied.and_then(|placed| session.tree.node(placed.id)) else { return };
        let answer = node.answer.clone().unwrap_or_default();
        let (session, message, state) = (session.id, node.id, node.state);
        self.save(Change::Finish { session, message, state, answer, at }, effects);
    }

    /// Saves which leaf of the session in front is selected.
    pub(super) fn save_leaf(&self, effects: &mut Vec<Effect>) {
        let session = self.current();
        if let Some(leaf) = session.tree.leaf() {
            self.save(Change::Select { session: session.id, leaf }, effects);
        }
    }

    /// Names the session in front.
    pub(super) fn rename(&mut self, title: &str, effects: &mut Vec<Effect>) {
        self.current_mut().rename(title);
        let session = self.current();
        if session.kept.known {
            let (id, title) = (session.id, title.trim().to_owned());
            self.save(Change::Rename { session: id, title }, effects);
        }
    }

    /// Saves what is due by now: answers that stream, and desks that were left alone for a moment.
    pub(super) fn save_due(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now;
        for index in 0..self.sessions.len() {
            let due = |at: Option<Duration>| at.is_some_and(|at| at <= now);
            if due(self.sessions[index].running().and_then(Turn::save_at)) {
                self.save_progress(index, effects);
            }
            let stale = self.sessions[index].kept.stale_since;
            if due(stale.map(|since| since + DESK_WITHIN)) {
                self.save_desk(index, effects);
            }
        }
    }

    /// Saves every desk that is not.
    pub(super) fn save_desks(&mut self, effects: &mut Vec<Effect>) {
        for index in 0..self.sessions.len() {
            self.save_desk(index, effects);
        }
    }

    pub(super) fn save_desk(&mut self, index: usize, effects: &mut Vec<Effect>) {
        let created = self.mint.time(self.now);
        let info = self.sessions[index].info(&self.settings, created);
        let session = &mut self.sessions[index];
        let Some(desk) = session.keep() else { return };
        if !std::mem::replace(&mut session.kept.known, true) {
            self.save(Change::Create(Box::new(info)), effects);
        }
        self.save(desk, effects);
    }

    /// Takes note that the desk in front has changed.
    pub(super) fn notice_desk(&mut self) {
        let now = self.now;
        if self.settings.ephemeral || self.is_leaving() {
            return;
        }
        let session = self.current_mut();
        if session.kept.stale_since.is_none() && session.desk() != session.kept.desk {
            session.kept.stale_since = Some(now);
        }
    }

    /// Returns when the next thing is to be saved.
    pub(in crate::app) fn save_at(&self) -> Option<Duration> {
        let answers = self.sessions.iter().filter_map(Session::running);
        let answers = answers.filter_map(Turn::save_at);
        let desks = self.sessions.iter().filter_map(|session| session.kept.stale_since);
        let due = answers.chain(desks.map(|since| since + DESK_WITHIN)).min();
        due.filter(|_| !self.settings.ephemeral)
    }
}
