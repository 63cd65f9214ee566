//! Changes on their way to the writer.
//!
//! Nobody blocks who puts something in: text of one answer and drafts of one session are merged, so
//! that what waits is bounded by what is on the screens, and [`MOST`] things at the utmost. What
//! does not fit is refused and says so; what belongs to an answer that has begun is never refused, or
//! there would be a hole in it: there are no more such changes than answers, but for their routes.

use std::collections::VecDeque;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::chat::Change;
use crate::chat::Fault;
use crate::store::change::Saved;
use crate::store::change::Work;

/// The most changes that wait.
const MOST: usize = 4096;

/// The most bytes of answers that are merged into one change.
const MERGE_BYTES: usize = 1 << 20;

/// A change and who waits for it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) work: Work,
    pub(super) waiting: Vec<oneshot::Sender<Saved>>,
}

impl Entry {
    /// Tells everybody who waits.
    pub(super) fn tell(&mut self, saved: &Saved) {
        for waiting in self.waiting.drain(..) {
            // Nobody need be interested.
            waiting.send(saved.clone()).ok();
        }
    }
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    closed: bool,
}

/// The queue; shared by every handle and the writer.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    news: Condvar,
}

impl Queue {
    /// Puts a change in; never waits.
    pub(super) fn put(&self, work: Work, waiting: oneshot::Sender<Saved>) {
        let mut state = self.lock();
        let mut entry = Entry { work, waiting: vec![waiting] };
        if state.closed {
            return entry.tell(&Saved::Refused(Fault::new("the store is closed")));
        }
        let of_an_answer = is_of_an_answer(&entry.work);
        let near = if of_an_answer { usize::MAX } else { 1 };
        if let Some(waiting) = state
            .entries
            .iter_mut()
            .rev()
            .take(near)
            .find_map(|there| merge(&mut there.work, &entry.work).then_some(&mut there.waiting))
        {
            return waiting.append(&mut entry.waiting);
        }
        if state.entries.len() >= MOST && !of_an_answer {
            let fault = Fault::new("too much waits to be saved").hint("ask again in a moment");
            return entry.tell(&Saved::Refused(fault));
        }
        state.entries.push_back(entry);
        self.news.notify_one();
    }

    /// Waits for changes and takes all there are; `None` when it is closed and empty.
    pub(super) fn take(&self) -> Option<Vec<Entry>> {
        let mut state = self.lock();
        while state.entries.is_empty() && !state.closed {
            state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let entries: Vec<Entry> = state.entries.drain(..).collect();
        (!entries.is_empty()).then_some(entries)
    }

    /// Puts back what could not be written, before everything else.
    pub(super) fn put_back(&self, entries: Vec<Entry>) {
        let mut state = self.lock();
        for entry in entries.into_iter().rev() {
            state.entries.push_front(entry);
        }
    }

    /// Returns how many changes wait.
    pub(super) fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Waits before another try; returns whether the queue was closed meanwhile.
    pub(super) fn pause(&self, time: Duration) -> bool {
        let state = self.lock();
        let closed = |state: &mut State| !state.closed;
        let waited = self.news.wait_timeout_while(state, time, closed);
        waited.unwrap_or_else(PoisonError::into_inner).0.closed
    }

    /// Waits for that time; returns whether nothing came in and it is still open.
    pub(super) fn is_idle_for(&self, time: Duration) -> bool {
        let idle = |state: &mut State| state.entries.is_empty() && !state.closed;
        let waited = self.news.wait_timeout_while(self.lock(), time, idle);
        waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Refuses what comes later; what is in is still taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.news.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether a change goes on with an answer whose beginning was taken.
fn is_of_an_answer(work: &Work) -> bool {
    let Work::Change(change) = work else { return false };
    matches!(change, Change::Routed { .. } | Change::Append { .. } | Change::Finish { .. })
}

/// Makes one change of two, if that is possible. Text is added where it goes on, whatever stands
/// between: behind the end of its answer nothing does.
fn merge(there: &mut Work, next: &Work) -> bool {
    let (Work::Change(there), Work::Change(next)) = (there, next) else { return false };
    match (there, next) {
        (
            Change::Append { session, message, from_byte, kind, text, at },
            Change::Append {
                session: s,
                message: m,
                from_byte: from,
                kind: k,
                text: more,
                at: later,
            },
        ) if (&*session, &*message, &*kind) == (s, m, k)
            && *from_byte + text.len() as u64 == *from
            && text.len() < MERGE_BYTES =>
        {
            text.push_str(more);
            *at = *later;
            true
        }
        (Change::Keep { session, desk }, Change::Keep { session: same, desk: newer })
            if session == same =>
        {
            desk.clone_from(newer);
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Answer;
    use crate::chat::MessageId;
    use crate::chat::NodeState;
    use crate::chat::PartKind;
    use crate::chat::SessionId;
    use crate::chat::Timestamp;

    const SESSION: SessionId = SessionId(7);

    fn append(message: u128, from_byte: u64, text: &str) -> Change {
        Change::Append {
            session: SESSION,
            message: MessageId(message),
            from_byte,
            kind: PartKind::Text,
            text: text.to_owned(),
            at: Timestamp(3),
        }
    }

    /// Puts a change in; returns what it is told at once.
    fn put(queue: &Queue, change: Change) -> Option<Saved> {
        let (waiting, mut told) = oneshot::channel();
        queue.put(Work::Change(change), waiting);
        told.try_recv().ok()
    }

    fn full() -> Queue {
        let queue = Queue::default();
        for title in 0..MOST {
            let title = title.to_string();
            assert_eq!(put(&queue, Change::Rename { session: SESSION, title }), None);
        }
        queue
    }

    #[test]
    fn a_full_queue_refuses_nothing_of_an_answer_that_has_begun() {
        let queue = full();
        let title = "one too many".to_owned();
        let refused = put(&queue, Change::Rename { session: SESSION, title });
        assert!(matches!(refused, Some(Saved::Refused(_))), "{refused:?}");
        for (from, text) in [(0, "Once "), (5, "upon "), (10, "a time")] {
            for message in [2, 4] {
                assert_eq!(put(&queue, append(message, from, text)), None);
            }
        }
        let (message, state, at) = (MessageId(2), NodeState::Complete, Timestamp(9));
        let answer = Box::new(Answer::default());
        assert_eq!(
            put(&queue, Change::Finish { session: SESSION, message, state, answer, at }),
            None
        );
        let entries = queue.take().expect("all of it");
        let behind: Vec<&Work> = entries[MOST..].iter().map(|entry| &entry.work).collect();
        let [Work::Change(first), Work::Change(second), Work::Change(Change::Finish { .. })] =
            behind.as_slice()
        else {
            panic!("an answer takes one place: {behind:?}")
        };
        assert_eq!(first, &append(2, 0, "Once upon a time"));
        assert_eq!(second, &append(4, 0, "Once upon a time"));
        assert_eq!(entries[MOST].waiting.len(), 3, "each is told");
    }

    #[test]
    fn text_is_added_only_where_it_goes_on() {
        let queue = Queue::default();
        for change in [append(2, 0, "a"), append(2, 4, "e"), append(2, 1, "bcd"), append(2, 5, "f")]
        {
            assert_eq!(put(&queue, change), None);
        }
        let works: Vec<Work> =
            queue.take().expect("all").into_iter().map(|entry| entry.work).collect();
        let expected = [append(2, 0, "abcd"), append(2, 4, "ef")].map(Work::Change);
        assert_eq!(works, expected);
    }
}
