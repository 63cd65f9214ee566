//! The prompts sent during this run, oldest first.

use crate::app::composer::kills::Kills;

/// The most prompts kept: more than anybody walks back through key by key.
const CAPACITY: usize = 200;

/// Prompts that Up brings back, and what was deleted.
#[derive(Clone, Debug, Default)]
pub struct History {
    prompts: Vec<String>,
    pub(super) kills: Kills,
}

impl History {
    /// Adds a prompt; one that repeats the last is kept once.
    pub fn push(&mut self, prompt: &str) {
        if self.prompts.last().is_some_and(|last| last == prompt) {
            return;
        }
        if self.prompts.len() == CAPACITY {
            self.prompts.remove(0);
        }
        self.prompts.push(prompt.to_owned());
    }

    /// Returns the prompts, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &str> {
        self.prompts.iter().rev().map(String::as_str)
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.prompts.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.prompts.is_empty()
    }

    /// Returns the prompt at `index`; empty past the newest.
    pub fn get(&self, index: usize) -> &str {
        self.prompts.get(index).map_or("", String::as_str)
    }
}
