//! The clients' sockets: one piece of an answer is written as one, and who keeps a connection waiting loses it.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep};

/// How long a client may at least take to send a request from its first byte to its last, be silent between two, or take nothing of an
/// answer.
const PATIENCE: Duration = Duration::from_secs(75);
/// How often a connection is looked at whether its client keeps us waiting; counting looks, no request ever asks for the time.
const LOOK: Duration = Duration::from_secs(25);
/// How many looks must find no progress: the first may come right after the last progress.
const LOOKS: u64 = PATIENCE.as_secs().div_ceil(LOOK.as_secs()) + 1;
/// How long no connection is taken once the system gave none, as when too many files are open.
const REST: Duration = Duration::from_secs(1);

/// Takes connections.
#[derive(Debug)]
pub(super) struct Sockets {
    listener: TcpListener,
    /// No connection could be taken, and that was told.
    is_stuck: bool,
}

/// A connection. The kernel takes a single piece faster by `send` than by `writev`, which is all that the HTTP library uses.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    /// How many looks have found the client to keep us waiting.
    looks: u64,
    /// A request has begun that nothing was answered to yet.
    is_asking: bool,
    /// Wakes a connection on which nothing happens; made when it first waits.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Sockets {
    /// Those that come to a listener.
    pub(super) fn of(listener: TcpListener) -> Self {
        Self { listener, is_stuck: false }
    }
}

impl Listener for Sockets {
    type Io = Socket;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Socket, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    if std::mem::take(&mut self.is_stuck) {
                        tracing::info!("connections are taken again");
                    }
                    // A short answer must not wait for the acknowledgement of the one before it; where it can't be set, it only waits.
                    let _ = stream.set_nodelay(true);
                    return (Socket::of(stream), address);
                }
                Err(error) if is_of_one(&error) => {}
                Err(error) => {
                    if !std::mem::replace(&mut self.is_stuck, true) {
                        tracing::error!(
                            "no connection can be taken: {error}; if too many files are open, raise their limit (ulimit -n, LimitNOFILE)"
                        );
                    }
                    sleep(REST).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Whether a client went away before it was taken, which is nobody else's trouble.
fn is_of_one(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

impl Socket {
    fn of(stream: TcpStream) -> Self {
        Self { stream, looks: 0, is_asking: false, alarm: None }
    }

    /// Nothing came or went: whether that has lasted too long, and a call for the next look.
    fn wait<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        match &mut self.alarm {
            Some(alarm) if !alarm.is_elapsed() => return Poll::Pending,
            Some(alarm) => {
                self.looks += 1;
                if self.looks >= LOOKS {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                alarm.as_mut().reset(Instant::now() + LOOK);
            }
            None => self.alarm = Some(Box::pin(sleep(LOOK))),
        }
        if let Some(alarm) = &mut self.alarm {
            // It has just been set and can't have rung; this leaves word whom to wake.
            let _ = alarm.as_mut().poll(context);
        }
        Poll::Pending
    }

    /// What a write came to; an answer that moves is one that somebody takes.
    fn written(
        &mut self,
        wrote: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match wrote {
            Poll::Pending => self.wait(context),
            done => {
                (self.looks, self.is_asking) = (0, false);
                done
            }
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, into) {
            Poll::Pending => self.wait(context),
            done => {
                // Bytes that come one by one are no excuse.
                if !std::mem::replace(&mut self.is_asking, true) {
                    self.looks = 0;
                }
                done
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(wrote, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        let wrote = match pieces {
            [piece] => stream.poll_write(context, piece),
            _ => stream.poll_write_vectored(context, pieces),
        };
        self.written(wrote, context)
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

    /// A server on a clock that stands still until everybody waits, and then goes on to the next alarm.
    async fn connected() -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let long = "x".repeat(64 << 20);
        let routes =
            Router::new().route("/", get(async || "hello")).route("/long", get(async || long));
        tokio::spawn(axum::serve(Sockets::of(listener), routes).into_future());
        TcpStream::connect(address).await.unwrap()
    }

    /// What comes until the server closes the connection, and after how long it did.
    async fn until_closed(stream: &mut TcpStream) -> (Vec<u8>, Duration) {
        let (began, mut said) = (Instant::now(), Vec::new());
        let _ = stream.read_to_end(&mut said).await;
        (said, began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_half_a_request_or_none_loses_the_connection() {
        for half in ["", "GET / HTTP/1.1\r\nHo"] {
            let mut stream = connected().await;
            stream.write_all(half.as_bytes()).await.unwrap();
            let (_, took) = until_closed(&mut stream).await;
            assert!(took >= PATIENCE && took < PATIENCE * 2, "{half:?}: {took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_a_request_byte_by_byte_is_not_waited_for_either() {
        let mut stream = connected().await;
        let began = Instant::now();
        for byte in b"GET / HTTP/1.1\r\nHost: news.example.edu\r\n".iter().cycle() {
            if stream.write_all(&[*byte]).await.is_err() || began.elapsed() > PATIENCE * 3 {
                break;
            }
            sleep(Duration::from_secs(10)).await;
        }
        assert!(began.elapsed() < PATIENCE * 2, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_asking_keeps_the_connection() {
        let mut stream = connected().await;
        for _ in 0..10 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            let mut said = [0; 512];
            let count = stream.read(&mut said).await.unwrap();
            assert!(String::from_utf8_lossy(&said[..count]).ends_with("hello"));
            sleep(PATIENCE * 2 / 3).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_of_an_answer_loses_it() {
        let mut stream = connected().await;
        stream.write_all(b"GET /long HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        sleep(PATIENCE * 3).await;
        let (said, _) = until_closed(&mut stream).await;
        assert!(!said.is_empty() && said.len() < 64 << 20, "{} bytes", said.len());
    }
}
