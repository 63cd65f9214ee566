//! Changes on their way to the writer.
//!
//! Nobody blocks who puts something in: text of one answer and drafts of one session are merged, so
//! that what waits is bounded by what is on the screens, and [`MOST`] things at the utmost. What
//! does not fit is refused and says so.

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
        if let Some(last) = state.entries.back_mut()
            && merge(&mut last.work, &entry.work)
        {
            last.waiting.append(&mut entry.waiting);
            return;
        }
        if state.entries.len() >= MOST {
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

    /// Refuses what comes later; what is in is still taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.news.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes one change of two that follow each other, if that is possible.
fn merge(last: &mut Work, next: &Work) -> bool {
    let (Work::Change(last), Work::Change(next)) = (last, next) else { return false };
    match (last, next) {
        (
            Change::Append { session, message, kind, text, at, .. },
            Change::Append { session: s, message: m, kind: k, text: more, at: later, .. },
        ) if (&*session, &*message, &*kind) == (s, m, k) && text.len() < MERGE_BYTES => {
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
