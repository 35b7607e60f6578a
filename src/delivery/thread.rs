//! Dedicated thread for sending, since waking connections across threads costs more than sending.

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
    let thread = std::thread::Builder::new().name("sending".into()).spawn(move || {
        // Built here: a runtime must not be dropped in the context of another, which happens if the
        // thread cannot start.
        let built = Builder::new_current_thread().enable_all().build();
        let value = built.context("cannot create the runtime for sending").map(|runtime| {
            let value = runtime.block_on(async { work().await });
            // Drops the remaining tasks, with everything they hold, before the result is sent.
            drop(runtime);
            value
        });
        // The receiver may be gone; the work is done nevertheless.
        let _ = done.send(value);
    });
    let thread = thread.context("cannot create the thread for sending")?;
    match result.await {
        Ok(value) => value,
        Err(_) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => anyhow::bail!("the thread for sending ended before its work"),
        },
    }
}
