//! Dedicated thread for sending, since connections that wake each other across threads cost more
//! than the messages.

use anyhow::Context as _;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// Runs a future to completion on a dedicated thread with its own runtime.
///
/// # Errors
/// If the runtime or the thread cannot be created. A panic of the future is propagated.
pub async fn on_dedicated_thread<T, F>(
    work: impl FnOnce() -> F + Send + 'static,
) -> anyhow::Result<T>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let (done, result) = oneshot::channel();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot create the runtime for sending")?;
    let thread = std::thread::Builder::new().name("sending".into()).spawn(move || {
        let value = runtime.block_on(async { work().await });
        // Drops the remaining tasks, with everything they hold, before the result is sent.
        drop(runtime);
        // The receiver may be gone; the work is done nevertheless.
        let _ = done.send(value);
    });
    let thread = thread.context("cannot create the thread for sending")?;
    match result.await {
        Ok(value) => Ok(value),
        Err(_) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => anyhow::bail!("the thread for sending ended before its work"),
        },
    }
}
