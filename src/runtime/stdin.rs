//! Reading standard input without standing still for ever in silence.

use std::time::Duration;

use tokio::sync::oneshot;

/// Runs `read` on a thread of its own and calls `notice` once if it takes longer than `patience`.
/// Returns `None` when the thread panicked.
///
/// # Cancel safety
/// The thread goes on reading; what it reads is lost.
pub async fn read_stdin<T: Send + 'static>(
    read: impl FnOnce() -> T + Send + 'static,
    patience: Duration,
    notice: impl FnOnce(),
) -> Option<T> {
    let (tell, mut text) = oneshot::channel();
    std::thread::spawn(move || tell.send(read()).ok());
    if let Ok(read) = tokio::time::timeout(patience, &mut text).await {
        return read.ok();
    }
    notice();
    text.await.ok()
}
