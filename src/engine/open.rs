//! The turns that are open on a connection.

use std::collections::HashMap;

use tokio::task::AbortHandle;

use crate::backend::TokenSink;
use crate::chat::Fault;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::Usage;

/// An open turn: where its events go, and what is known of its cost if the engine cannot tell.
#[derive(Debug)]
struct Open {
    sink: TokenSink,
    usage: Usage,
    /// Waits for the turn's cancellation.
    watch: AbortHandle,
}

/// The open turns by the number they have on the wire.
#[derive(Debug, Default)]
pub(super) struct OpenTurns(HashMap<u64, Open>);

impl OpenTurns {
    /// Adds a turn with the task that waits for its cancellation.
    pub(super) fn add(&mut self, turn: u64, sink: TokenSink, watch: AbortHandle) {
        self.0.insert(turn, Open { sink, usage: Usage::default(), watch });
    }

    /// Passes an event of the engine's on; `false` when nobody listens any more.
    pub(super) async fn pass(&mut self, turn: u64, event: TokenEvent) -> bool {
        let Some(open) = self.0.get_mut(&turn) else { return true };
        note(&mut open.usage, &event);
        let ends = matches!(event, TokenEvent::Finished(..));
        let listening = open.sink.emit(event).await.is_continue();
        if ends || !listening {
            self.remove(turn);
        }
        ends || listening
    }

    /// Returns whether a turn has not ended.
    pub(super) fn has(&self, turn: u64) -> bool {
        self.0.contains_key(&turn)
    }

    /// Returns whether no turn is open.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Ends a turn that the engine will not end.
    pub(super) fn end(&mut self, turn: u64, reason: StopReason) {
        if let Some(mut open) = self.remove(turn) {
            open.sink.finish(reason, open.usage);
        }
    }

    /// Ends all turns: what has begun to answer is interrupted, the rest failed.
    pub(super) fn end_all(&mut self, fault: &Fault) {
        let turns: Vec<u64> = self.0.keys().copied().collect();
        for turn in turns {
            let begun = self.0.get(&turn).is_some_and(|open| open.usage.completion_tokens > 0);
            let reason = if begun { StopReason::Interrupted } else { StopReason::Failed };
            self.end(turn, reason(fault.clone()));
        }
    }

    fn remove(&mut self, turn: u64) -> Option<Open> {
        let open = self.0.remove(&turn)?;
        open.watch.abort();
        Some(open)
    }
}

/// Counts along with the events.
fn note(usage: &mut Usage, event: &TokenEvent) {
    match event {
        TokenEvent::Prefill { total, cached, .. } => {
            usage.prompt_tokens = *total;
            usage.cached_tokens = *cached;
        }
        TokenEvent::Delta(_) => usage.completion_tokens += 1,
        TokenEvent::Queued(_) | TokenEvent::Finished(..) => {}
    }
}
