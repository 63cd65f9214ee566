//! A session out of what is saved, and back.

use std::time::Duration;

use super::Desk;
use super::Loaded;
use super::Session;
use crate::app::scroll::Goal;
use crate::app::settings::Settings;
use crate::chat;
use crate::chat::Change;
use crate::chat::Draft;
use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::Role;
use crate::chat::SessionInfo;
use crate::chat::Timestamp;
use crate::chat::Tree;

/// How long a change of the draft may wait to be saved.
pub(in crate::app) const DESK_WITHIN: Duration = Duration::from_secs(1);

impl Session {
    /// Opens a saved session by its newest messages; [`Session::complete`] brings the others.
    pub(in crate::app) fn opened(
        info: &SessionInfo,
        page: Vec<(Node, Vec<MessageId>)>,
        next: &mut u64,
    ) -> Self {
        let mut session = Self::new(info.id);
        if !info.title.is_empty() {
            session.rename(&info.title);
        }
        for (node, siblings) in page.into_iter().rev() {
            session.tree.load(node, siblings);
        }
        session.follow_path(next);
        let path = session.tree.path();
        let newest = path.iter().rev().find_map(|node| node.answer.as_deref());
        session.model = newest.and_then(|answer| answer.settings.model.clone());
        session.composer.load(&info.draft.text, usize::try_from(info.draft.cursor).unwrap_or(0));
        session.queue = info.queued.iter().cloned().collect();
        session.tags.clone_from(&info.tags);
        session.archived = info.archived;
        session.class = info.privacy;
        if let Some(anchor) = info.scroll {
            session.scroll.show(Goal::Line(anchor));
        }
        session.loaded = Loaded::Page;
        session.kept.known = true;
        session.kept.desk = session.desk();
        session
    }

    /// Takes in all messages. What is shown stays where it is.
    pub(in crate::app) fn complete(
        &mut self,
        nodes: Vec<Node>,
        leaf: Option<MessageId>,
        next: &mut u64,
    ) {
        if let Ok(tree) = Tree::of(nodes, leaf) {
            if self.loaded == Loaded::Whole {
                self.unqueue_asked(&tree);
            }
            self.tree = tree;
            self.refresh(next);
        }
        self.loaded = Loaded::Whole;
    }

    /// Takes prompts off the queue that another window, which had them from the store as well, has
    /// asked meanwhile.
    fn unqueue_asked(&mut self, grown: &Tree) {
        let nodes = grown.nodes();
        let new = nodes.iter().filter(|node| self.tree.node(node.id).is_none());
        for asked in new.filter(|node| node.message.role == Role::User) {
            let text = asked.message.plain();
            if let Some(at) = self.queue.iter().position(|queued| *queued == text) {
                self.queue.remove(at);
            }
        }
    }

    /// Returns what the store is told of the session when it is new.
    pub(in crate::app) fn info(&self, settings: &Settings, created: Timestamp) -> SessionInfo {
        let mut info = SessionInfo::new(self.id, settings.profile.clone(), created);
        info.title = self.title.as_ref().map(|title| title.as_str().to_owned()).unwrap_or_default();
        info.mode = settings.mode;
        info.privacy = settings.privacy.strictest(self.class);
        info.tags.clone_from(&self.tags);
        info.archived = self.archived;
        info
    }

    /// Returns the desk as it is now.
    pub(in crate::app) fn desk(&self) -> Desk {
        Desk {
            version: self.composer.version(),
            cursor: self.composer.cursor(),
            queue: self.queue.clone(),
            scroll: self.scroll.anchor(),
        }
    }

    /// Returns the desk to be saved; `None` if it is, or if there is nothing of a session that is
    /// not saved either.
    pub(in crate::app) fn keep(&mut self) -> Option<Change> {
        self.kept.stale_since = None;
        let desk = self.desk();
        let empty = self.composer.is_empty() && self.queue.is_empty();
        if desk == self.kept.desk || !self.kept.known && empty {
            return None;
        }
        let draft =
            Draft { text: self.composer.whole(), cursor: self.composer.whole_cursor() as u64 };
        let queued = desk.queue.iter().cloned().collect();
        let saved = chat::Desk { draft, queued, scroll: desk.scroll };
        self.kept.desk = desk;
        Some(Change::Keep { session: self.id, desk: Box::new(saved) })
    }

    /// Returns whether the session holds nothing that anybody would miss.
    pub(in crate::app) fn is_blank(&self) -> bool {
        self.tree.is_empty() && self.composer.is_empty() && self.queue.is_empty()
    }
}
