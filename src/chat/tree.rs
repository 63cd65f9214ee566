//! A conversation as a tree: editing a question or asking for another answer adds a sibling, and
//! nothing is overwritten. One leaf is selected; the way to it is what is shown and sent.
//!
//! A tree may be loaded in part: a parent that is not loaded ends the path there, and a sibling
//! that is not loaded is known by its identity alone.

use std::collections::HashMap;

use thiserror::Error;

use crate::chat::MessageId;
use crate::chat::Node;
use crate::chat::NodeState;

/// Why a tree refuses a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TreeError {
    /// There is no such message.
    #[error("no message {0}")]
    Unknown(MessageId),
    /// There is such a message already.
    #[error("message {0} is there twice")]
    Twice(MessageId),
    /// The message it should follow is not there.
    #[error("message {0} follows one that is not there")]
    Orphan(MessageId),
    /// An answer ends once.
    #[error("message {0} has ended already")]
    Ended(MessageId),
}

/// Messages, who follows whom, and the selected leaf.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    nodes: HashMap<MessageId, Node>,
    /// In the order they were added; `None` has the first messages.
    children: HashMap<Option<MessageId>, Vec<MessageId>>,
    leaf: Option<MessageId>,
}

impl Tree {
    /// Makes a whole tree of `nodes`, parents before their children, with `leaf` selected; `None`
    /// selects the newest.
    ///
    /// # Errors
    /// A message is there twice, follows one that does not come before it, or `leaf` is not there.
    pub fn of(
        nodes: impl IntoIterator<Item = Node>,
        leaf: Option<MessageId>,
    ) -> Result<Self, TreeError> {
        let mut tree = Self::default();
        for node in nodes {
            tree.add(node)?;
        }
        match leaf {
            Some(leaf) => tree.stop_at(leaf)?,
            None => tree.leaf = tree.newest_below(None),
        }
        Ok(tree)
    }

    /// Returns a message.
    pub fn node(&self, id: MessageId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// Returns how many messages are loaded.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns whether no message is loaded.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns the selected leaf.
    pub fn leaf(&self) -> Option<MessageId> {
        self.leaf
    }

    /// Returns the messages from the first that is loaded to the selected leaf.
    pub fn path(&self) -> Vec<&Node> {
        let node = |id: Option<MessageId>| id.and_then(|id| self.nodes.get(&id));
        let mut path: Vec<&Node> =
            std::iter::successors(node(self.leaf), |below| node(below.parent)).collect();
        path.reverse();
        path
    }

    /// Returns the messages that a message follows, newest first, as far as they are loaded.
    pub fn above(&self, id: MessageId) -> impl Iterator<Item = &Node> {
        let above = |node: &Node| node.parent.and_then(|id| self.nodes.get(&id));
        std::iter::successors(self.nodes.get(&id).and_then(above), move |node| above(node))
    }

    /// Returns what follows a message, oldest first; `None` has the first messages.
    pub fn children(&self, parent: Option<MessageId>) -> &[MessageId] {
        self.children.get(&parent).map_or(&[], Vec::as_slice)
    }

    /// Returns a message and the others that follow the same one, oldest first; empty if it is not
    /// loaded.
    pub fn siblings(&self, id: MessageId) -> &[MessageId] {
        self.nodes.get(&id).map_or(&[], |node| self.children(node.parent))
    }

    /// Returns every loaded message, parents before their children, siblings in their order.
    pub fn nodes(&self) -> Vec<&Node> {
        let mut found = Vec::with_capacity(self.nodes.len());
        let tops = self.nodes.values().filter(|node| match node.parent {
            Some(parent) => !self.nodes.contains_key(&parent),
            None => true,
        });
        let mut parents: Vec<Option<MessageId>> = tops.map(|node| node.parent).collect();
        parents.sort_unstable();
        parents.dedup();
        let mut open: Vec<MessageId> = Vec::new();
        for parent in parents.into_iter().rev() {
            open.extend(self.children(parent).iter().rev());
        }
        while let Some(id) = open.pop() {
            if let Some(node) = self.nodes.get(&id) {
                found.push(node);
                open.extend(self.children(Some(id)).iter().rev());
            }
        }
        found
    }

    /// Adds a message and selects it. One that follows the parent of another is its sibling: that
    /// is what an edited question or a second answer is.
    ///
    /// # Errors
    /// It is there already, or the message it follows is not.
    pub fn add(&mut self, node: Node) -> Result<(), TreeError> {
        if self.nodes.contains_key(&node.id) {
            return Err(TreeError::Twice(node.id));
        }
        if node.parent.is_some_and(|parent| !self.nodes.contains_key(&parent)) {
            return Err(TreeError::Orphan(node.id));
        }
        self.children.entry(node.parent).or_default().push(node.id);
        self.leaf = Some(node.id);
        self.nodes.insert(node.id, node);
        Ok(())
    }

    /// Takes in a message that was loaded; `siblings` are all that follow the same one, itself
    /// included, oldest first. The selection stays, unless there is none.
    pub fn load(&mut self, node: Node, siblings: Vec<MessageId>) {
        self.children.insert(node.parent, siblings);
        self.leaf.get_or_insert(node.id);
        self.nodes.insert(node.id, node);
    }

    /// Selects the newest leaf below a message, its newest child first.
    ///
    /// # Errors
    /// It is not loaded.
    pub fn select(&mut self, id: MessageId) -> Result<(), TreeError> {
        if !self.nodes.contains_key(&id) {
            return Err(TreeError::Unknown(id));
        }
        self.leaf = self.newest_below(Some(id));
        Ok(())
    }

    /// Selects a message itself: what follows it is no longer on the path.
    ///
    /// # Errors
    /// It is not loaded.
    pub fn stop_at(&mut self, id: MessageId) -> Result<(), TreeError> {
        if !self.nodes.contains_key(&id) {
            return Err(TreeError::Unknown(id));
        }
        self.leaf = Some(id);
        Ok(())
    }

    /// Changes an answer that is still streaming.
    ///
    /// # Errors
    /// It is not loaded, or has ended.
    pub fn stream(
        &mut self,
        id: MessageId,
        change: impl FnOnce(&mut Node),
    ) -> Result<(), TreeError> {
        let node = self.nodes.get_mut(&id).ok_or(TreeError::Unknown(id))?;
        if node.state != NodeState::Streaming {
            return Err(TreeError::Ended(id));
        }
        let (kept_id, parent) = (node.id, node.parent);
        change(node);
        (node.id, node.parent) = (kept_id, parent);
        Ok(())
    }

    /// Removes a message and everything below it. Where the selected leaf was among them, the
    /// newest leaf below its parent is selected.
    ///
    /// # Errors
    /// It is not loaded.
    pub fn remove(&mut self, id: MessageId) -> Result<(), TreeError> {
        let parent = self.nodes.get(&id).ok_or(TreeError::Unknown(id))?.parent;
        let mut open = vec![id];
        let mut selected_goes = false;
        while let Some(id) = open.pop() {
            self.nodes.remove(&id);
            selected_goes |= self.leaf == Some(id);
            open.extend(self.children.remove(&Some(id)).unwrap_or_default());
        }
        if let Some(siblings) = self.children.get_mut(&parent) {
            siblings.retain(|sibling| *sibling != id);
            if siblings.is_empty() {
                self.children.remove(&parent);
            }
        }
        if selected_goes {
            self.leaf = self.newest_below(parent);
        }
        Ok(())
    }

    /// Returns the way to a message as a tree of its own, with the same identities. An answer that
    /// is still streaming is interrupted in the copy.
    ///
    /// # Errors
    /// It is not loaded.
    pub fn fork(&self, at: MessageId) -> Result<Self, TreeError> {
        let mut way = self.clone();
        way.stop_at(at)?;
        let mut copy = Self::default();
        for node in way.path() {
            let mut node = node.clone();
            if node.state == NodeState::Streaming {
                node.state = NodeState::Interrupted;
            }
            copy.load(node.clone(), vec![node.id]);
            copy.leaf = Some(node.id);
        }
        Ok(copy)
    }

    /// Returns the leaf that is met by always taking the newest child that is loaded; the message
    /// itself if it has none.
    fn newest_below(&self, from: Option<MessageId>) -> Option<MessageId> {
        let newest = |parent: Option<MessageId>| {
            self.children(parent).iter().rev().find(|id| self.nodes.contains_key(id)).copied()
        };
        let mut at = from;
        while let Some(child) = newest(at) {
            at = Some(child);
        }
        at
    }
}

#[cfg(test)]
mod tests;
