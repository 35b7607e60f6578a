//! TCP or TLS stream of a lettre connection: no Nagle delay, a deadline on every wait, and reads
//! continue during writes.

use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_rustls::client::TlsStream;

use super::reply_buffer::ReplyBuffer;

/// Maximum number of bytes read while a write is blocked.
const MAX_READ_AHEAD_BYTES: usize = 64 * 1024;

/// Shared control of the stream, because lettre owns the stream itself.
#[derive(Debug)]
pub(super) struct IoControl {
    start: Instant,
    deadline_ms: AtomicU64,
    written: AtomicU64,
    /// The next write requires that nothing has arrived before it.
    expects_no_input: AtomicBool,
    write_prevented: AtomicBool,
}

impl IoControl {
    /// Returns a control whose first deadline is `timeout` from now.
    pub(super) fn new(timeout: Duration) -> Arc<Self> {
        let control = Self {
            start: Instant::now(),
            deadline_ms: AtomicU64::new(0),
            written: AtomicU64::new(0),
            expects_no_input: AtomicBool::new(false),
            write_prevented: AtomicBool::new(false),
        };
        control.set_timeout(timeout);
        Arc::new(control)
    }

    /// Sets the deadline of all following waits to `timeout` from now.
    pub(super) fn set_timeout(&self, timeout: Duration) {
        let deadline = self.start.elapsed().saturating_add(timeout).as_millis();
        self.deadline_ms.store(u64::try_from(deadline).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Declares that all replies have arrived: if the relay has sent anything or closed the
    /// connection since, the next write fails without sending anything.
    pub(super) fn expect_no_input(&self) {
        self.expects_no_input.store(true, Ordering::Relaxed);
    }

    /// Returns `true` if a write failed because the relay had sent something or closed the
    /// connection; nothing of that write was sent.
    pub(super) fn write_prevented(&self) -> bool {
        self.write_prevented.load(Ordering::Relaxed)
    }

    /// Returns the number of bytes written so far; bytes not counted have certainly not been sent.
    pub(super) fn bytes_written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    fn deadline(&self) -> Instant {
        let timeout = Duration::from_millis(self.deadline_ms.load(Ordering::Relaxed));
        self.start.checked_add(timeout).unwrap_or(self.start)
    }
}

/// TCP connection, unencrypted or within TLS.
#[derive(Debug)]
enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Stream from which lettre reads replies and to which it writes commands.
#[derive(Debug)]
pub(super) struct Stream {
    socket: Socket,
    peer: SocketAddr,
    replies: ReplyBuffer,
    eof: bool,
    /// The next write is a command whose reply is already in `replies`.
    discards_command: bool,
    control: Arc<IoControl>,
    timer: Pin<Box<Sleep>>,
}

impl Stream {
    /// Returns an unencrypted stream over a connected socket with the deadline of `control`.
    pub(super) fn plain(socket: TcpStream, control: Arc<IoControl>) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let peer = socket.peer_addr()?;
        Ok(Self::new(Socket::Plain(socket), peer, control))
    }

    fn new(socket: Socket, peer: SocketAddr, control: Arc<IoControl>) -> Self {
        let timer = Box::pin(tokio::time::sleep_until(control.deadline()));
        let replies = ReplyBuffer::default();
        Self { socket, peer, replies, eof: false, discards_command: false, control, timer }
    }

    /// Performs the TLS handshake and returns the encrypted stream. Fails if the server has already sent unsolicited data: an
    /// attacker could have injected it so that it passes for encrypted data.
    pub(super) async fn tls_handshake(
        self,
        tls: Arc<rustls::ClientConfig>,
        name: rustls::pki_types::ServerName<'static>,
    ) -> io::Result<Self> {
        if self.replies.len() > 0 {
            let message = "the relay sent unencrypted data before the TLS handshake";
            return Err(io::Error::new(ErrorKind::InvalidData, message));
        }
        let socket = match self.socket {
            Socket::Plain(socket) => socket,
            Socket::Tls(_) => return Err(io::Error::other("the connection is already encrypted")),
        };
        let handshake = tokio_rustls::TlsConnector::from(tls).connect(name, socket);
        let encrypted = match tokio::time::timeout_at(self.control.deadline(), handshake).await {
            Ok(done) => done?,
            Err(_) => return Err(timed_out()),
        };
        Ok(Self::new(Socket::Tls(Box::new(encrypted)), self.peer, self.control))
    }

    /// Returns `true` if the stream is not encrypted.
    pub(super) fn is_plaintext(&self) -> bool {
        matches!(self.socket, Socket::Plain(_))
    }

    /// Returns the address of the relay.
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Returns the buffer of unread replies.
    pub(super) fn replies(&mut self) -> &mut ReplyBuffer {
        &mut self.replies
    }

    /// Discards the command of the next write: EHLO of lettre to a relay that knows only HELO, whose
    /// reply is already buffered.
    pub(super) fn discard_next_command(&mut self) {
        self.discards_command = true;
    }

    /// Waits until data arrives; returns `false` if the relay has closed the connection.
    pub(super) async fn fill_buffer(&mut self) -> io::Result<bool> {
        std::future::poll_fn(|cx| self.poll_fill(cx)).await?;
        Ok(!self.eof)
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [const { MaybeUninit::uninit() }; 4096];
        let mut buf = ReadBuf::uninit(&mut bytes);
        let polled = match &mut self.socket {
            Socket::Plain(socket) => Pin::new(socket).poll_read(cx, &mut buf),
            Socket::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, &mut buf),
        };
        ready!(self.or_timed_out(cx, polled))?;
        self.eof = buf.filled().is_empty();
        self.replies.push(buf.filled())?;
        Poll::Ready(Ok(()))
    }

    /// Replaces pending by an error after the deadline.
    fn or_timed_out<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            return polled;
        }
        let deadline = self.control.deadline();
        loop {
            // A timer that fires early is set again; resetting it for every reply would cost more.
            if self.timer.deadline() > deadline {
                self.timer.as_mut().reset(deadline);
            }
            ready!(self.timer.as_mut().poll(cx));
            if self.timer.deadline() >= deadline {
                return Poll::Ready(Err(timed_out()));
            }
            self.timer.as_mut().reset(deadline);
        }
    }

    /// Fails if the relay has sent anything or closed the connection although no reply is due.
    fn check_no_input(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let mut reason = ErrorKind::UnexpectedEof.into();
        if self.replies.len() == 0 && !self.eof {
            match self.poll_fill(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(e)) => reason = e,
            }
        }
        self.control.write_prevented.store(true, Ordering::Relaxed);
        if self.replies.len() > 0 {
            reason = io::Error::new(ErrorKind::InvalidData, "the relay sent an unsolicited reply");
        }
        Err(reason)
    }
}

fn timed_out() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "the relay did not answer in time")
}

impl AsyncTokioStream for Stream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            let lines = self.replies.take_reply(buf.remaining());
            if !lines.is_empty() || buf.remaining() == 0 {
                buf.put_slice(lines);
                return Poll::Ready(Ok(()));
            }
            if self.eof {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_fill(cx))?;
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if std::mem::take(&mut self.discards_command) {
            return Poll::Ready(Ok(bytes.len()));
        }
        if self.control.expects_no_input.swap(false, Ordering::Relaxed) {
            self.check_no_input(cx)?;
        }
        let polled = match &mut self.socket {
            Socket::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Socket::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, bytes),
        };
        if let Poll::Ready(Ok(count)) = &polled {
            self.control.written.fetch_add(*count as u64, Ordering::Relaxed);
        }
        // Prevents a deadlock with a relay that does not read before its own output is read.
        while polled.is_pending() && !self.eof && self.replies.len() < MAX_READ_AHEAD_BYTES {
            match self.poll_fill(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Pending => break,
            }
        }
        self.or_timed_out(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = match &mut self.socket {
            Socket::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Socket::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        };
        self.or_timed_out(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = match &mut self.socket {
            Socket::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Socket::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
        };
        self.or_timed_out(cx, polled)
    }
}

#[cfg(test)]
mod tests;
