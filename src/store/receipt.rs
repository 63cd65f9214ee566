//! The answer to a change.

use tokio::sync::oneshot;

use crate::chat::Fault;
use crate::store::change::Saved;

/// Resolves when the change is durable, or when it is known that it is not. Dropping it changes
/// nothing: the change is written all the same.
#[derive(Debug)]
pub struct Receipt(oneshot::Receiver<Saved>);

impl Receipt {
    /// Makes a receipt and the way to resolve it.
    pub(super) fn new() -> (oneshot::Sender<Saved>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self(receiver))
    }

    /// Makes one that is resolved.
    pub(super) fn of(saved: Saved) -> Self {
        let (sender, receipt) = Self::new();
        sender.send(saved).ok();
        receipt
    }

    /// Waits for it.
    ///
    /// # Cancel safety
    /// Safe: nothing is lost but the answer.
    pub async fn saved(self) -> Saved {
        self.0.await.unwrap_or_else(|_| lost())
    }

    /// Returns what is known of it now; `None` while it waits.
    #[cfg(test)]
    pub(super) fn now(mut self) -> Option<Saved> {
        self.0.try_recv().ok()
    }

    /// Waits for it on a thread that may block.
    pub fn wait(self) -> Saved {
        self.0.blocking_recv().unwrap_or_else(|_| lost())
    }
}

/// The writer never drops a change without an answer, unless it panicked.
fn lost() -> Saved {
    Saved::Refused(Fault::new("the thread that saves conversations is gone").hint("start anew"))
}
