//! Threads that render templates. Their stacks are large enough for every template that the sandbox
//! accepts, and they keep rendering away from the threads of the async runtime.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;

use anyhow::anyhow;
use tokio::sync::oneshot;

/// Stack of a rendering thread, in bytes; 50 levels need much less, but the stack frames of debug
/// builds are large.
const STACK_BYTES: usize = 16 * 1024 * 1024;

type RenderTask = Box<dyn FnOnce() + Send>;

/// Pool of the process; its threads are started by the first task.
static POOL: LazyLock<RenderPool> = LazyLock::new(RenderPool::start);

thread_local! {
    static IS_RENDER_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// One thread for each processor, which take tasks from one queue.
struct RenderPool {
    tasks: Mutex<Sender<RenderTask>>,
}

impl RenderPool {
    fn start() -> Self {
        let (tasks, queue) = channel::<RenderTask>();
        let queue = Arc::new(Mutex::new(queue));
        let threads = thread::available_parallelism().map_or(2, usize::from);
        for _ in 0..threads {
            let queue = Arc::clone(&queue);
            // With fewer threads the queue is longer; with none, tasks report that they were lost.
            let _ = render_thread().spawn(move || run_tasks(&queue));
        }
        Self { tasks: Mutex::new(tasks) }
    }
}

fn render_thread() -> thread::Builder {
    thread::Builder::new().name("template".into()).stack_size(STACK_BYTES)
}

fn run_tasks(queue: &Mutex<Receiver<RenderTask>>) {
    IS_RENDER_THREAD.set(true);
    loop {
        let task = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = task else { return };
        // A panic drops the sender of the result, which reports it; the thread continues.
        let _ = catch_unwind(AssertUnwindSafe(task));
    }
}

/// Runs `work` on a rendering thread.
///
/// # Errors
/// One sentence if `work` panicked, or no thread could be started.
pub(super) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<T> {
    let (sender, result) = oneshot::channel();
    let task = Box::new(move || {
        let _ = sender.send(work());
    });
    let sent = POOL.tasks.lock().unwrap_or_else(PoisonError::into_inner).send(task);
    sent.map_err(|_| lost_task())?;
    result.await.map_err(|_| lost_task())
}

/// Runs `work` on a thread with a large stack and blocks until it ends: on this one if it is a
/// rendering thread, else on a new one.
///
/// # Errors
/// One sentence if the thread cannot be started, or `work` panicked.
pub(super) fn run_blocking<T: Send>(work: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
    if IS_RENDER_THREAD.get() {
        return Ok(work());
    }
    thread::scope(|scope| {
        let thread = render_thread().spawn_scoped(scope, || {
            IS_RENDER_THREAD.set(true);
            work()
        });
        let thread = thread.map_err(|error| {
            anyhow!("cannot start a thread to render a template ({error}); try again")
        })?;
        thread.join().map_err(|_| lost_task())
    })
}

fn lost_task() -> anyhow::Error {
    anyhow!("rendering a template panicked, which is a bug in Courant; please report it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_runs_on_a_rendering_thread_and_nested_work_on_the_same_one() {
        let (outer, inner) = run(|| {
            let outer = thread::current().id();
            (outer, run_blocking(|| thread::current().id()).unwrap())
        })
        .await
        .unwrap();
        assert_eq!(outer, inner);
        assert_ne!(outer, thread::current().id());
        assert_ne!(run_blocking(|| thread::current().id()).unwrap(), thread::current().id());
    }

    #[tokio::test]
    async fn a_panic_is_reported_and_does_not_end_the_pool() {
        for _ in 0..20 {
            assert!(run(|| -> () { panic!("a bug") }).await.is_err());
        }
        assert_eq!(run(|| 7).await.unwrap(), 7);
    }
}
