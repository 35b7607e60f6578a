//! A thread of its own for sending: connections that wake each other across threads cost more than the mails do.

use anyhow::Context as _;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// Runs a future to its end on a thread and a runtime of its own, and waits for it.
///
/// # Errors
/// When there is no thread to be had; a panic inside goes on here.
pub async fn apart<T, F>(work: impl FnOnce() -> F + Send + 'static) -> anyhow::Result<T>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let (done, result) = oneshot::channel();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .context("there is no runtime to send on")?;
    let thread = std::thread::Builder::new().name("sending".into()).spawn(move || {
        let value = runtime.block_on(async { work().await });
        // First what is left of its tasks, with all they hold.
        drop(runtime);
        // Whoever waited may be gone; the work is done all the same.
        let _ = done.send(value);
    });
    let thread = thread.context("there is no thread to send on")?;
    match result.await {
        Ok(value) => Ok(value),
        Err(_) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => anyhow::bail!("the thread that sends ended before its work"),
        },
    }
}
