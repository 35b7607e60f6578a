//! TCP listener whose connections close after an idle timeout or to make room for others, and write
//! a single buffer with `send`.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep};

use super::connections::{Connections, OpenConnection};

/// Minimum time before a connection is closed because a request is incomplete, no request follows,
/// or the client reads nothing of a response.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// Interval of the idle checks of a connection; counting checks avoids a clock read per request.
const CHECK_INTERVAL: Duration = Duration::from_secs(25);
/// Checks without progress after which the connection is closed; the first one may come right after
/// the last progress.
const MAX_IDLE_CHECKS: u64 = IDLE_TIMEOUT.as_secs().div_ceil(CHECK_INTERVAL.as_secs()) + 1;
/// Pause after a failed `accept`, for example because of too many open files.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Accepts connections, up to a maximum number, and gives each an idle timeout.
#[derive(Debug)]
pub(super) struct IdleTimeoutListener {
    listener: TcpListener,
    connections: Arc<Connections>,
    /// `true` while `accept` fails, so that the failure is logged once.
    accept_failing: bool,
}

/// A connection with an idle timeout.
///
/// A single buffer is written with `send`, which is faster in the kernel than the `writev` that the
/// HTTP library always uses.
#[derive(Debug)]
pub(super) struct IdleTimeoutStream {
    stream: TcpStream,
    entry: OpenConnection,
    /// Consecutive idle checks without progress.
    idle_checks: u64,
    /// `true` from a request's first byte until the first byte of its response.
    request_pending: bool,
    /// Timer of the next idle check, created when the connection first waits.
    timer: Option<Pin<Box<Sleep>>>,
}

impl IdleTimeoutListener {
    /// Wraps a TCP listener; `max_connections` of its connections are open at a time.
    pub(super) fn new(listener: TcpListener, max_connections: usize) -> Self {
        Self { listener, connections: Connections::new(max_connections), accept_failing: false }
    }
}

impl Listener for IdleTimeoutListener {
    type Io = IdleTimeoutStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (IdleTimeoutStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    if std::mem::take(&mut self.accept_failing) {
                        tracing::info!("accepting connections again");
                    }
                    // Without this, a short response waits for the acknowledgement of the previous
                    // one (Nagle's algorithm); a failure to set it costs only that delay.
                    let _ = stream.set_nodelay(true);
                    let entry = self.connections.add().await;
                    return (IdleTimeoutStream::new(stream, entry), address);
                }
                Err(error) if is_connection_error(&error) => {}
                Err(error) => {
                    if !std::mem::replace(&mut self.accept_failing, true) {
                        tracing::error!(
                            "accept failed: {error}; if this is EMFILE, raise the open-files limit (ulimit -n, LimitNOFILE)"
                        );
                    }
                    self.connections.close_longest_waiting();
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Returns `true` if the error concerns only one connection, whose client went away before
/// `accept`.
fn is_connection_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

impl IdleTimeoutStream {
    fn new(stream: TcpStream, entry: OpenConnection) -> Self {
        Self { stream, entry, idle_checks: 0, request_pending: false, timer: None }
    }

    /// Counts an idle check if one is due and schedules the next one; fails with `TimedOut` after
    /// [`MAX_IDLE_CHECKS`], or if another connection needs the place of this one.
    fn poll_idle<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if self.entry.poll_closing(context.waker()) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        match &mut self.timer {
            Some(timer) if !timer.is_elapsed() => return Poll::Pending,
            Some(timer) => {
                self.idle_checks += 1;
                if self.idle_checks >= MAX_IDLE_CHECKS {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                timer.as_mut().reset(Instant::now() + CHECK_INTERVAL);
            }
            None => self.timer = Some(Box::pin(sleep(CHECK_INTERVAL))),
        }
        if let Some(timer) = &mut self.timer {
            // The timer was just set and cannot have elapsed; polling registers the waker.
            let _ = timer.as_mut().poll(context);
        }
        Poll::Pending
    }

    /// Passes on the result of a write; progress resets the idle checks.
    fn track_write(
        &mut self,
        result: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match result {
            Poll::Pending => {
                self.entry.set_busy();
                self.poll_idle(context)
            }
            progress => {
                (self.idle_checks, self.request_pending) = (0, false);
                self.entry.progress(true);
                progress
            }
        }
    }
}

impl AsyncRead for IdleTimeoutStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.poll_idle(context),
            progress => {
                // Only a request's first bytes reset the checks, so that a client cannot keep the
                // connection open by sending single bytes.
                if !std::mem::replace(&mut self.request_pending, true) {
                    self.idle_checks = 0;
                    self.entry.progress(false);
                }
                progress
            }
        }
    }
}

impl AsyncWrite for IdleTimeoutStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.track_write(result, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        let result = match buffers {
            [buffer] => stream.poll_write(context, buffer),
            _ => stream.poll_write_vectored(context, buffers),
        };
        self.track_write(result, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Connects to a server under tokio's paused clock, which jumps to the next timer when all
    /// tasks wait.
    async fn connect() -> TcpStream {
        TcpStream::connect(serve(1_000).await).await.unwrap()
    }

    /// Starts a server for at most this number of connections; returns its address.
    async fn serve(max_connections: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let long_body = "x".repeat(64 << 20);
        let routes =
            Router::new().route("/", get(async || "hello")).route("/long", get(async || long_body));
        let listener = IdleTimeoutListener::new(listener, max_connections);
        tokio::spawn(axum::serve(listener, routes).into_future());
        address
    }

    /// Requests a short page; returns `true` if it came.
    async fn is_served(stream: &mut TcpStream) -> bool {
        let mut received = [0; 512];
        if stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.is_err() {
            return false;
        }
        stream.read(&mut received).await.is_ok_and(|count| received[..count].ends_with(b"hello"))
    }

    /// Reads until the server closes the connection; returns the bytes and the time it took.
    async fn read_until_closed(stream: &mut TcpStream) -> (Vec<u8>, Duration) {
        let (began, mut received) = (Instant::now(), Vec::new());
        let _ = stream.read_to_end(&mut received).await;
        (received, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn incomplete_request_is_closed_after_the_idle_timeout() {
        for partial_request in ["", "GET / HTTP/1.1\r\nHo"] {
            let mut stream = connect().await;
            stream.write_all(partial_request.as_bytes()).await.unwrap();
            let (_, elapsed) = read_until_closed(&mut stream).await;
            assert!(
                elapsed >= IDLE_TIMEOUT && elapsed < IDLE_TIMEOUT * 2,
                "{partial_request:?}: {elapsed:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn request_sent_byte_by_byte_is_closed_too() {
        let mut stream = connect().await;
        let began = Instant::now();
        for byte in b"GET / HTTP/1.1\r\nHost: news.example.edu\r\n".iter().cycle() {
            if stream.write_all(&[*byte]).await.is_err() || began.elapsed() > IDLE_TIMEOUT * 3 {
                break;
            }
            sleep(Duration::from_secs(10)).await;
        }
        assert!(began.elapsed() < IDLE_TIMEOUT * 2, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn connection_with_regular_requests_stays_open() {
        let mut stream = connect().await;
        for _ in 0..10 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            let mut received = [0; 512];
            let count = stream.read(&mut received).await.unwrap();
            assert!(String::from_utf8_lossy(&received[..count]).ends_with("hello"));
            sleep(IDLE_TIMEOUT * 2 / 3).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn connection_that_reads_nothing_of_a_response_is_closed() {
        let mut stream = connect().await;
        stream.write_all(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        sleep(IDLE_TIMEOUT * 3).await;
        let (received, _) = read_until_closed(&mut stream).await;
        assert!(!received.is_empty() && received.len() < 64 << 20, "{} bytes", received.len());
    }

    #[tokio::test]
    async fn idle_slow_and_unread_connections_do_not_keep_new_clients_out() {
        for occupy in ["", "GET / HTTP/1.1\r\nHo", "GET /long HTTP/1.1\r\nHost: a\r\n\r\n"] {
            let address = serve(20).await;
            let mut occupying = Vec::new();
            for _ in 0..100 {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let _ = stream.write_all(occupy.as_bytes()).await;
                occupying.push(stream);
            }
            for _ in 0..10 {
                let mut stream = TcpStream::connect(address).await.unwrap();
                assert!(is_served(&mut stream).await, "{occupy:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_client_that_makes_requests_keeps_its_connection_beside_idle_ones() {
        let address = serve(10).await;
        let mut active = TcpStream::connect(address).await.unwrap();
        let mut idle = Vec::new();
        for _ in 0..50 {
            assert!(is_served(&mut active).await);
            idle.push(TcpStream::connect(address).await.unwrap());
        }
        assert!(is_served(&mut active).await);
    }
}
