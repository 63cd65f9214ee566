//! Reasoning at the beginning of an answer, told apart from the answer itself.
//!
//! Models mark it by tags of their own. Some have the opening tag in their template, so that only
//! the closing one is heard: then all before it was reasoning.

use crate::text::Clean;

/// How models mark their reasoning: what begins it and what ends it.
const TAGS: [(&str, &str); 6] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
];

/// How much of an answer may turn out to have been reasoning without an opening tag.
const SILENT_MAX: usize = 64 * 1024;

/// Where the text stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing was heard that decides.
    #[default]
    Unknown,
    /// Reasoning, up to this tag.
    Thinking(&'static str),
    /// Between the reasoning and the first word of the answer.
    Between,
    /// The answer; it may have begun as reasoning.
    Answering,
    /// The answer, for good.
    Decided,
}

/// What a piece of text adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// To the reasoning.
    pub(super) thought: Clean,
    /// To the answer.
    pub(super) answer: Clean,
    /// Whether everything that was taken for the answer before was reasoning.
    pub(super) recanted: bool,
}

/// Divides a text that arrives in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Splitter {
    state: State,
    /// What may be part of a tag.
    held: Clean,
    answered: usize,
}

impl Splitter {
    /// Takes the next piece in.
    pub(super) fn push(&mut self, piece: &Clean) -> Parts {
        let mut parts = Parts::default();
        if self.state == State::Decided {
            parts.answer = piece.clone();
            return parts;
        }
        self.held.push(piece);
        while self.step(&mut parts) {}
        parts
    }

    /// Gives away what was held back.
    pub(super) fn finish(&mut self) -> Parts {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Thinking(_) => Parts { thought: held, ..Parts::default() },
            _ => Parts { answer: held, ..Parts::default() },
        }
    }

    /// Returns whether reasoning goes on.
    pub(super) fn is_thinking(&self) -> bool {
        matches!(self.state, State::Thinking(_))
    }

    /// Goes on by one decision; `false` when more text is needed for the next.
    fn step(&mut self, parts: &mut Parts) -> bool {
        match self.state {
            State::Unknown => self.begin(),
            State::Thinking(close) => self.think(close, parts),
            State::Between => self.skip(),
            State::Answering => self.answer(parts),
            State::Decided => {
                parts.answer.push(&std::mem::take(&mut self.held));
                false
            }
        }
    }

    fn begin(&mut self) -> bool {
        let text = self.held.as_str().trim_start();
        if let Some((open, close)) = TAGS.iter().find(|(open, _)| text.starts_with(open)) {
            let rest = text[open.len()..].trim_start_matches('\n').len();
            self.forget(self.held.len() - rest);
            self.state = State::Thinking(close);
            return true;
        }
        if TAGS.iter().any(|(open, _)| open.starts_with(text)) {
            return false;
        }
        self.state = State::Answering;
        true
    }

    fn think(&mut self, close: &'static str, parts: &mut Parts) -> bool {
        if let Some(at) = self.held.as_str().find(close) {
            self.close(at, close.len(), parts);
            return true;
        }
        let kept = partial(self.held.as_str(), close);
        parts.thought.push(&self.held.slice(0..kept));
        self.forget(kept);
        false
    }

    fn answer(&mut self, parts: &mut Parts) -> bool {
        let held = self.held.as_str();
        let tag = TAGS.iter().find_map(|(_, close)| Some((held.find(close)?, close.len())));
        if let Some((at, length)) = tag {
            parts.thought.push(&std::mem::take(&mut parts.answer));
            parts.recanted = true;
            self.close(at, length, parts);
            return true;
        }
        let kept = TAGS.iter().map(|(_, close)| partial(held, close)).min().unwrap_or(0);
        self.answered += kept;
        parts.answer.push(&self.held.slice(0..kept));
        self.forget(kept);
        if self.answered > SILENT_MAX {
            self.state = State::Decided;
            return true;
        }
        false
    }

    /// Ends the reasoning at a tag.
    fn close(&mut self, at: usize, length: usize, parts: &mut Parts) {
        let thought = self.held.as_str()[..at].trim_end().len();
        parts.thought.push(&self.held.slice(0..thought));
        self.forget(at + length);
        self.state = State::Between;
    }

    /// Leaves blanks out until the answer begins.
    fn skip(&mut self) -> bool {
        let rest = self.held.as_str().trim_start().len();
        self.forget(self.held.len() - rest);
        if rest > 0 {
            self.state = State::Decided;
        }
        rest > 0
    }

    fn forget(&mut self, bytes: usize) {
        self.held = self.held.slice(bytes..self.held.len());
    }
}

/// Returns where in `text` a `tag` may begin that its end cuts off; its length if none does.
fn partial(text: &str, tag: &str) -> usize {
    let from = text.len().saturating_sub(tag.len() - 1);
    let starts = text.char_indices().map(|(at, _)| at).filter(|at| *at >= from);
    starts.into_iter().find(|at| tag.starts_with(&text[*at..])).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns reasoning and answer.
    fn split(pieces: &[String]) -> (String, String) {
        let (mut splitter, mut thought, mut answer) =
            (Splitter::default(), String::new(), String::new());
        let mut take = |parts: Parts| {
            if parts.recanted {
                thought.push_str(&std::mem::take(&mut answer));
            }
            thought.push_str(parts.thought.as_str());
            answer.push_str(parts.answer.as_str());
        };
        for piece in pieces {
            take(splitter.push(&Clean::new(piece)));
        }
        take(splitter.finish());
        (thought, answer)
    }

    fn whole(text: &str) -> (String, String) {
        split(&[text.to_owned()])
    }

    fn pair(thought: &str, answer: &str) -> (String, String) {
        (thought.to_owned(), answer.to_owned())
    }

    #[test]
    fn tags_at_the_beginning_mark_reasoning() {
        assert_eq!(whole("<think>\nhm\n</think>\n\nYes."), pair("hm", "Yes."));
        assert_eq!(whole("\n<thinking>hm</thinking>Yes."), pair("hm", "Yes."));
        assert_eq!(whole("[THINK]hm[/THINK]Yes."), pair("hm", "Yes."));
        assert_eq!(whole("<think>never ends"), pair("never ends", ""));
        assert_eq!(whole("Yes <think>no</think>"), pair("Yes <think>no", ""));
        assert_eq!(whole("hm\n</think>\nYes."), pair("hm", "Yes."));
        assert_eq!(whole("<b> is a tag"), pair("", "<b> is a tag"));
        assert_eq!(whole("1 < 2 </"), pair("", "1 < 2 </"));
    }

    #[test]
    fn tags_behind_reasoning_are_text() {
        let text = "<think>a</think>`<think>` begins it, `</think>` ends it";
        assert_eq!(whole(text), pair("a", "`<think>` begins it, `</think>` ends it"));
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_whole(cuts in prop::collection::vec(0_usize..60, 0..8)) {
            for text in [
                "<think>\nlet me see <i>\n</think>\n\nYes <b>.",
                "so <thin\n</think>  Yes </thin",
                " <reasoning>漢字</reasoning>漢字 ◁think▷",
            ] {
                let mut cuts: Vec<usize> =
                    cuts.iter().copied().filter(|at| text.is_char_boundary(*at)).collect();
                cuts.extend([0, text.len()]);
                cuts.retain(|at| *at <= text.len());
                cuts.sort_unstable();
                let pieces: Vec<String> =
                    cuts.windows(2).map(|pair| text[pair[0]..pair[1]].to_owned()).collect();
                let (thought, answer) = split(&pieces);
                let wanted = whole(text);
                prop_assert_eq!(thought.trim(), wanted.0.trim());
                prop_assert_eq!(answer, wanted.1);
            }
        }
    }
}
