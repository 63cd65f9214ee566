//! Where a backend puts a turn's events.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::backend::meter::Meter;
use crate::chat::Decision;
use crate::chat::Fault;
use crate::chat::Route;
use crate::chat::StopReason;
use crate::chat::TokenEvent;
use crate::chat::TurnEvent;
use crate::chat::TurnId;
use crate::chat::Usage;

/// Cancels one turn; a child of its session's, which is a child of the program's.
pub type Cancel = CancellationToken;

/// The receiving end: the front's loop. Bounded; a full queue makes backends wait.
pub type TurnQueue = mpsc::Receiver<(TurnId, TurnEvent)>;

/// The room for a turn's last event.
type Permit = mpsc::OwnedPermit<(TurnId, TurnEvent)>;

/// Makes the queue that carries all turns of one front. `capacity` in events.
pub fn turn_queue(capacity: usize) -> (mpsc::Sender<(TurnId, TurnEvent)>, TurnQueue) {
    mpsc::channel(capacity)
}

/// How often is looked whether a silent answer is held up by the front itself.
const LOOKS: u32 = 8;

/// The events of one turn. Dropping it without `Finished` emits `Failed`: the room for the last
/// event is reserved when the sink is made, so a full queue cannot swallow it.
#[derive(Debug)]
pub struct TokenSink {
    turn: TurnId,
    queue: mpsc::Sender<(TurnId, TurnEvent)>,
    last: Option<Permit>,
    cancel: Cancel,
    /// Stops whoever answers now: a child of the turn's token.
    halt: Cancel,
    /// An event was dropped: what would come behind it is dropped too.
    torn: bool,
    /// Who takes the turn over if it breaks off in mid-answer.
    heir: Option<Heir>,
    /// What came before the turn was taken over.
    earlier: Option<Usage>,
    /// What goes over the network for it.
    meter: Meter,
}

/// Who takes a turn over, and what there is to take over so far.
#[derive(Debug)]
struct Heir {
    to: oneshot::Sender<Broken>,
    route: Option<Route>,
    text: String,
    silence: Option<Duration>,
    /// Tokens so far.
    heard: watch::Sender<u64>,
}

/// Follows an answer from outside: whether it still comes.
#[derive(Debug)]
pub struct Heard {
    tokens: watch::Receiver<u64>,
    queue: mpsc::Sender<(TurnId, TurnEvent)>,
    halt: Cancel,
}

impl Heard {
    /// Waits until no token has come for `silence` behind the first one, and stops whoever answers
    /// then: the answer is handed over as one that broke off. Returns without a word when it ends
    /// before. Time in which the front takes nothing in says nothing of who answers.
    ///
    /// # Cancel safety
    /// Safe: nothing is stopped then.
    pub async fn stop_if_silent(mut self, silence: Duration) {
        if self.tokens.wait_for(|tokens| *tokens > 0).await.is_err() {
            return;
        }
        let mut quiet = 0;
        while quiet < LOOKS {
            match tokio::time::timeout(silence / LOOKS, self.tokens.changed()).await {
                Ok(Ok(())) => quiet = 0,
                Ok(Err(_)) => return,
                Err(_) if self.queue.capacity() == 0 => quiet = 0,
                Err(_) => quiet += 1,
            }
        }
        self.halt.cancel();
    }
}

/// An answer that broke off, still open: somebody else may go on with it, or end it.
#[derive(Debug)]
pub struct Broken {
    /// Where it goes on. Whatever becomes of it, what came so far stands: it does not fail any more.
    pub sink: TokenSink,
    /// Where it broke off, as it was told last.
    pub route: Option<Route>,
    /// All that was passed on of it.
    pub text: String,
    /// What it cost so far; it is counted into the turn's end.
    pub usage: Usage,
    /// Why it broke off.
    pub fault: Fault,
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
        let last = Some(last);
        let meter = Meter::default();
        let halt = cancel.child_token();
        Some(Self {
            turn,
            queue,
            last,
            cancel,
            halt,
            torn: false,
            heir: None,
            earlier: None,
            meter,
        })
    }

    /// Returns the turn that this sink belongs to.
    pub fn turn(&self) -> TurnId {
        self.turn
    }

    /// Returns whether the turn is to stop.
    pub fn is_cancelled(&self) -> bool {
        self.halt.is_cancelled()
    }

    /// Returns the cancel token of whoever answers, to wait on beside other things.
    pub fn cancel(&self) -> Cancel {
        self.halt.clone()
    }

    /// Returns what counts the turn's bytes, for whoever sends any; its end tells them.
    pub fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// Has an answer that breaks off behind its first text handed over instead of ended; it counts as
    /// broken off where it gives nothing for `silence`, if that is said. What is handed over never
    /// comes where the turn ends in any other way.
    pub fn entrust(&mut self, silence: Option<Duration>) -> (oneshot::Receiver<Broken>, Heard) {
        let (to, broken) = oneshot::channel();
        let (heard, tokens) = watch::channel(0);
        self.heir = Some(Heir { to, route: None, text: String::new(), silence, heard });
        (broken, Heard { tokens, queue: self.queue.clone(), halt: self.halt.clone() })
    }

    /// Returns how long an answer that has begun may give nothing, where somebody else would go on.
    pub fn silence(&self) -> Option<Duration> {
        self.heir.as_ref().and_then(|heir| heir.silence)
    }

    /// Takes back [`TokenSink::entrust`]: however the turn ends, it ends here.
    pub fn keep(&mut self) {
        self.heir = None;
    }

    /// Says where the turn runs: before any token, or where another goes on with it.
    pub async fn routed(&mut self, decision: Decision) -> ControlFlow<()> {
        if let Some(heir) = &mut self.heir {
            heir.route = Some(decision.route.clone());
        }
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
        let text = match &event {
            TokenEvent::Delta(text) if self.heir.is_some() => Some(text.clone()),
            _ => None,
        };
        tokio::select! {
            biased;
            sent = self.send(TurnEvent::Token(event)) => {
                if let Some((heir, text)) = self.heir.as_mut().zip(text) {
                    heir.text.push_str(&text);
                    heir.heard.send_modify(|tokens| *tokens += 1);
                }
                sent
            }
            () = self.cancel.cancelled() => {
                self.torn = true;
                ControlFlow::Continue(())
            }
        }
    }

    /// Ends the turn; later calls do nothing.
    pub fn finish(&mut self, reason: StopReason, usage: Usage) {
        let Some(permit) = self.last.take() else { return };
        // Whoever was stopped, and not by the user, fell silent.
        let silent = self.silence().filter(|_| self.halt.is_cancelled());
        let reason = match (silent, reason) {
            (Some(time), StopReason::Cancelled) if !self.cancel.is_cancelled() => {
                let seconds = time.as_secs().max(1);
                StopReason::Interrupted(Fault::new(format!("no token came for {seconds} s")))
            }
            (_, reason) => reason,
        };
        let (permit, reason) = match (self.heir.take(), reason) {
            (Some(heir), StopReason::Interrupted(fault))
                if !heir.text.is_empty() && !self.torn && !self.cancel.is_cancelled() =>
            {
                let Some(back) = self.hand_over(permit, heir, (fault, usage)) else { return };
                back
            }
            (_, reason) => (permit, reason),
        };
        let (reason, usage) = match (self.earlier, reason) {
            (None, reason) => (reason, usage),
            (Some(earlier), StopReason::Failed(fault)) => {
                (StopReason::Interrupted(fault), earlier.and_then(usage))
            }
            (Some(earlier), reason) => (reason, earlier.and_then(usage)),
        };
        let usage = Usage { traffic: self.meter.read(), ..usage };
        permit.send((self.turn, TurnEvent::Token(TokenEvent::Finished(reason, usage))));
    }

    /// Hands the open turn over; returns what is needed to end it if nobody takes it.
    fn hand_over(
        &self,
        permit: Permit,
        heir: Heir,
        (fault, usage): (Fault, Usage),
    ) -> Option<(Permit, StopReason)> {
        let sink = Self {
            turn: self.turn,
            queue: self.queue.clone(),
            last: Some(permit),
            cancel: self.cancel.clone(),
            halt: self.cancel.child_token(),
            torn: false,
            heir: None,
            earlier: Some(usage),
            meter: self.meter.clone(),
        };
        let Heir { to, route, text, .. } = heir;
        let broken = Broken { sink, route, text, usage, fault };
        let Broken { mut sink, fault, .. } = to.send(broken).err()?;
        Some((sink.last.take()?, StopReason::Interrupted(fault)))
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

    fn interrupted() -> StopReason {
        StopReason::Interrupted(Fault::new("gone"))
    }

    async fn broken_off(says: &[&str]) -> (TokenSink, oneshot::Receiver<Broken>, TurnQueue) {
        let (queue, events) = turn_queue(8);
        let sink = TokenSink::open(TurnId(1), queue, Cancel::new()).await;
        let mut sink = sink.expect("the queue is open");
        let (broken, _) = sink.entrust(None);
        for text in says {
            assert!(sink.emit(TokenEvent::Delta((*text).to_owned())).await.is_continue());
        }
        (sink, broken, events)
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_handed_over_open_and_ends_once() {
        let (mut sink, broken, mut events) = broken_off(&["Once ", "upon"]).await;
        let used = |tokens| Usage { completion_tokens: tokens, ..Usage::default() };
        sink.finish(interrupted(), used(2));
        drop(sink);
        let mut broken = broken.await.expect("it is handed over");
        assert_eq!((broken.text.as_str(), broken.usage), ("Once upon", used(2)));
        broken.sink.finish(StopReason::Failed(Fault::new("nor here")), used(3));
        drop(broken);
        let mut ends = Vec::new();
        while let Some((_, event)) = events.recv().await {
            ends.extend(finished(&event).then_some(event));
        }
        let end = StopReason::Interrupted(Fault::new("nor here"));
        assert_eq!(ends, [TurnEvent::Token(TokenEvent::Finished(end, used(5)))]);
    }

    #[tokio::test]
    async fn what_did_not_break_off_in_mid_answer_ends_where_it_is() {
        let (mut sink, broken, mut events) = broken_off(&[]).await;
        sink.finish(interrupted(), Usage::default());
        assert!(broken.await.is_err(), "nothing came");
        assert!(finished(&events.recv().await.expect("its end").1));
        let (mut sink, broken, _events) = broken_off(&["a"]).await;
        sink.cancel.cancel();
        sink.finish(interrupted(), Usage::default());
        assert!(broken.await.is_err(), "the user stopped it");
        let (mut sink, broken, _events) = broken_off(&["a"]).await;
        sink.keep();
        sink.finish(interrupted(), Usage::default());
        assert!(broken.await.is_err(), "it was taken back");
        let (mut sink, broken, mut events) = broken_off(&["a"]).await;
        drop(broken);
        sink.finish(interrupted(), Usage::default());
        events.recv().await.expect("the text");
        assert!(finished(&events.recv().await.expect("its end").1), "nobody takes it");
    }

    async fn begun(
        silence: Duration,
        room: usize,
    ) -> (TokenSink, oneshot::Receiver<Broken>, Heard, TurnQueue) {
        let (queue, events) = turn_queue(room);
        let sink = TokenSink::open(TurnId(1), queue, Cancel::new()).await;
        let mut sink = sink.expect("the queue is open");
        let (broken, heard) = sink.entrust(Some(silence));
        (sink, broken, heard, events)
    }

    #[tokio::test(start_paused = true)]
    async fn who_falls_silent_is_stopped_and_its_answer_handed_over() {
        let silence = Duration::from_secs(4);
        let (mut sink, broken, heard, _events) = begun(silence, 8).await;
        let follow = tokio::spawn(heard.stop_if_silent(silence));
        // Before the first token nothing is a silence.
        tokio::time::sleep(silence * 10).await;
        assert!(!sink.is_cancelled());
        for _ in 0..2 {
            // What is held back is a token all the same.
            assert!(sink.emit(TokenEvent::Delta(String::new())).await.is_continue());
            tokio::time::sleep(silence * 3 / 4).await;
            assert!(!sink.is_cancelled());
        }
        assert!(sink.emit(TokenEvent::Delta("a".into())).await.is_continue());
        follow.await.expect("it looks until then");
        assert!(sink.cancel().is_cancelled());
        sink.finish(StopReason::Cancelled, Usage::default());
        let broken = broken.await.expect("it is handed over");
        assert_eq!(
            (broken.text.as_str(), broken.fault.message.as_str()),
            ("a", "no token came for 4 s")
        );
        assert!(!broken.sink.is_cancelled(), "whoever goes on is not stopped");
    }

    #[tokio::test(start_paused = true)]
    async fn a_front_that_takes_nothing_in_and_a_user_who_stops_are_no_silence() {
        let silence = Duration::from_secs(4);
        let (mut sink, broken, heard, mut events) = begun(silence, 4).await;
        let follow = tokio::spawn(heard.stop_if_silent(silence));
        // The queue has room for four, one of them for the end.
        for _ in 0..3 {
            assert!(sink.emit(TokenEvent::Delta("a".into())).await.is_continue());
        }
        tokio::time::sleep(silence * 10).await;
        assert!(!sink.is_cancelled(), "nobody reads");
        events.recv().await.expect("a token");
        follow.await.expect("it looks until then");
        assert!(sink.is_cancelled());
        sink.cancel.cancel();
        sink.finish(StopReason::Cancelled, Usage::default());
        assert!(broken.await.is_err(), "the user stopped it");
    }
}
