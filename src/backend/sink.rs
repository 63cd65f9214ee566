//! Where a backend puts a turn's events.

use std::ops::ControlFlow;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::chat::Fault;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;

/// Cancels one turn; a child of its session's, which is a child of the program's.
pub type Cancel = CancellationToken;

/// The receiving end: the front's loop. Bounded; a full queue makes backends wait.
pub type TurnQueue = mpsc::Receiver<(TurnId, TurnEvent)>;

/// Makes the queue that carries all turns of one front. `capacity` in events.
pub fn turn_queue(capacity: usize) -> (mpsc::Sender<(TurnId, TurnEvent)>, TurnQueue) {
    mpsc::channel(capacity)
}

/// The events of one turn. Dropping it without `Finished` emits `Failed`: the room for the last
/// event is reserved when the sink is made, so a full queue cannot swallow it.
#[derive(Debug)]
pub struct TokenSink {
    turn: TurnId,
    queue: mpsc::Sender<(TurnId, TurnEvent)>,
    last: Option<mpsc::OwnedPermit<(TurnId, TurnEvent)>>,
    cancel: Cancel,
    /// An event was dropped: what would come behind it is dropped too.
    torn: bool,
}

impl TokenSink {
    /// Opens a sink for `turn`; waits for room for its last event.
    ///
    /// Returns `None` when the receiving end is gone.
    ///
    /// # Cancel safety
    /// Safe: nothing is sent before it returns.
    pub async fn open(
        turn: TurnId,
        queue: mpsc::Sender<(TurnId, TurnEvent)>,
        cancel: Cancel,
    ) -> Option<Self> {
        let last = queue.clone().reserve_owned().await.ok()?;
        Some(Self { turn, queue, last: Some(last), cancel, torn: false })
    }

    /// Returns the turn that this sink belongs to.
    pub fn turn(&self) -> TurnId {
        self.turn
    }

    /// Returns whether the turn is to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }

    /// Returns the turn's cancel token, to wait on beside other things.
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Says where the turn runs; before any token.
    pub async fn routed(&self, decision: crate::chat::Decision) -> ControlFlow<()> {
        self.send(TurnEvent::Routed(decision)).await
    }

    /// Tells a step that is no token; waits for room.
    pub async fn told(&self, event: TurnEvent) -> ControlFlow<()> {
        self.send(event).await
    }

    /// Passes an event on and waits for room; `Break` when nobody listens or the turn has ended.
    ///
    /// A cancelled turn waits for no room: from the first event that finds none, all are dropped
    /// but the `Finished`, whose room is reserved.
    ///
    /// # Cancel safety
    /// An event whose call was dropped has not been sent.
    pub async fn emit(&mut self, event: TokenEvent) -> ControlFlow<()> {
        if self.last.is_none() {
            return ControlFlow::Break(());
        }
        if let TokenEvent::Finished(reason, usage) = event {
            self.finish(reason, usage);
            return ControlFlow::Break(());
        }
        if self.torn {
            return ControlFlow::Continue(());
        }
        tokio::select! {
            biased;
            sent = self.send(TurnEvent::Token(event)) => sent,
            () = self.cancel.cancelled() => {
                self.torn = true;
                ControlFlow::Continue(())
            }
        }
    }

    /// Ends the turn; later calls do nothing.
    pub fn finish(&mut self, reason: StopReason, usage: Usage) {
        if let Some(permit) = self.last.take() {
            let event = TurnEvent::Token(TokenEvent::Finished(reason, usage));
            permit.send((self.turn, event));
        }
    }

    async fn send(&self, event: TurnEvent) -> ControlFlow<()> {
        match self.queue.send((self.turn, event)).await {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

impl Drop for TokenSink {
    fn drop(&mut self) {
        let fault = Fault::new("the answer was given up without a reason")
            .hint("this is a defect of edgewise; ask again");
        self.finish(StopReason::Failed(fault), Usage::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(event: &TurnEvent) -> bool {
        matches!(event, TurnEvent::Token(TokenEvent::Finished(..)))
    }

    #[tokio::test]
    async fn a_dropped_sink_fails_its_turn_even_when_the_queue_is_full() {
        let (queue, mut events) = turn_queue(2);
        let mut sink =
            TokenSink::open(TurnId(1), queue, Cancel::new()).await.expect("the queue is open");
        assert!(sink.emit(TokenEvent::Delta("a".into())).await.is_continue());
        drop(sink);
        assert!(!finished(&events.recv().await.expect("the delta").1));
        assert!(matches!(
            events.recv().await,
            Some((TurnId(1), TurnEvent::Token(TokenEvent::Finished(StopReason::Failed(_), _))))
        ));
        assert!(events.recv().await.is_none());
    }

    #[tokio::test]
    async fn a_turn_finishes_once() {
        let (queue, mut events) = turn_queue(8);
        let mut sink =
            TokenSink::open(TurnId(1), queue, Cancel::new()).await.expect("the queue is open");
        let end = || TokenEvent::Finished(StopReason::EndOfTurn, Usage::default());
        assert!(sink.emit(end()).await.is_break());
        assert!(sink.emit(end()).await.is_break());
        assert!(sink.emit(TokenEvent::Delta("late".into())).await.is_break());
        drop(sink);
        assert!(finished(&events.recv().await.expect("the end").1));
        assert!(events.recv().await.is_none());
    }

    #[tokio::test]
    async fn a_cancelled_turn_waits_for_no_room_and_still_finishes() {
        let (queue, mut events) = turn_queue(2);
        let cancel = Cancel::new();
        let sink = TokenSink::open(TurnId(1), queue, cancel.clone()).await;
        let mut sink = sink.expect("the queue is open");
        let delta = |text: &str| TokenEvent::Delta(text.to_owned());
        // A cancelled turn's events are passed on as long as there is room.
        cancel.cancel();
        assert!(sink.emit(delta("a")).await.is_continue());
        assert!(sink.emit(delta("dropped")).await.is_continue());
        let first = events.recv().await.expect("the first").1;
        assert_eq!(first, TurnEvent::Token(delta("a")));
        // There is room again, and no hole in the answer.
        assert!(sink.emit(delta("behind a hole")).await.is_continue());
        sink.finish(StopReason::Cancelled, Usage::default());
        drop(sink);
        assert!(finished(&events.recv().await.expect("the end").1));
        assert!(events.recv().await.is_none());
    }
}
