//! The wire under lettre's connection: no delay, a deadline on every wait, and it goes on reading while it writes.

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

use super::reading::Inbound;

/// While a write waits, this much is read ahead at most.
const READ_AHEAD: usize = 64 * 1024;

/// What the connection and its wire tell each other, for lettre keeps the wire to itself.
#[derive(Debug)]
pub(super) struct Gauge {
    start: Instant,
    due: AtomicU64,
    written: AtomicU64,
    /// Nothing may have arrived when the next byte is written.
    my_turn: AtomicBool,
    out_of_turn: AtomicBool,
}

impl Gauge {
    /// A gauge whose first deadline is `span` from now.
    pub(super) fn new(span: Duration) -> Arc<Self> {
        let gauge = Self {
            start: Instant::now(),
            due: AtomicU64::new(0),
            written: AtomicU64::new(0),
            my_turn: AtomicBool::new(false),
            out_of_turn: AtomicBool::new(false),
        };
        gauge.within(span);
        Arc::new(gauge)
    }

    /// Whatever is waited for from here on must have happened within `span`.
    pub(super) fn within(&self, span: Duration) {
        let due = self.start.elapsed().saturating_add(span).as_millis();
        self.due.store(u64::try_from(due).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Every question has its answer: if the relay has spoken or hung up since, the next write does not begin and fails.
    pub(super) fn take_turn(&self) {
        self.my_turn.store(true, Ordering::Relaxed);
    }

    /// Whether a write failed since the relay had spoken or hung up before it; nothing of that write was sent.
    pub(super) fn was_out_of_turn(&self) -> bool {
        self.out_of_turn.load(Ordering::Relaxed)
    }

    /// Bytes that the wire has taken so far; a byte not counted has certainly not been sent.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    fn due(&self) -> Instant {
        let span = Duration::from_millis(self.due.load(Ordering::Relaxed));
        self.start.checked_add(span).unwrap_or(self.start)
    }
}

/// A TCP connection in clear or within TLS.
#[derive(Debug)]
enum Line {
    Clear(TcpStream),
    Sealed(Box<TlsStream<TcpStream>>),
}

/// The stream that lettre reads replies from and writes commands to.
#[derive(Debug)]
pub(super) struct Stream {
    line: Line,
    peer: SocketAddr,
    inbound: Inbound,
    ended: bool,
    gauge: Arc<Gauge>,
    alarm: Pin<Box<Sleep>>,
}

impl Stream {
    /// A stream in clear over a connected socket, its deadline being the gauge's.
    pub(super) fn clear(socket: TcpStream, gauge: Arc<Gauge>) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        let peer = socket.peer_addr()?;
        Ok(Self::over(Line::Clear(socket), peer, gauge))
    }

    fn over(line: Line, peer: SocketAddr, gauge: Arc<Gauge>) -> Self {
        let alarm = Box::pin(tokio::time::sleep_until(gauge.due()));
        Self { line, peer, inbound: Inbound::default(), ended: false, gauge, alarm }
    }

    /// The same stream within TLS; refuses when the server has already sent something that was not asked for, since a
    /// stranger on the way could have put it there to be taken for protected.
    pub(super) async fn seal(
        self,
        tls: Arc<rustls::ClientConfig>,
        name: rustls::pki_types::ServerName<'static>,
    ) -> io::Result<Self> {
        if self.inbound.len() > 0 {
            let words = "the relay sent something in clear where TLS should begin";
            return Err(io::Error::new(ErrorKind::InvalidData, words));
        }
        let socket = match self.line {
            Line::Clear(socket) => socket,
            Line::Sealed(_) => return Err(io::Error::other("the connection is encrypted already")),
        };
        let handshake = tokio_rustls::TlsConnector::from(tls).connect(name, socket);
        let sealed = match tokio::time::timeout_at(self.gauge.due(), handshake).await {
            Ok(done) => done?,
            Err(_) => return Err(late()),
        };
        Ok(Self::over(Line::Sealed(Box::new(sealed)), self.peer, self.gauge))
    }

    /// Whether what is written can be read on the way.
    pub(super) fn is_clear(&self) -> bool {
        matches!(self.line, Line::Clear(_))
    }

    /// Who is at the other end.
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// What arrived and was not read yet.
    pub(super) fn inbound(&mut self) -> &mut Inbound {
        &mut self.inbound
    }

    /// Waits until something arrives; false when the relay has closed.
    pub(super) async fn arrival(&mut self) -> io::Result<bool> {
        std::future::poll_fn(|cx| self.poll_arrival(cx)).await?;
        Ok(!self.ended)
    }

    fn poll_arrival(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [const { MaybeUninit::uninit() }; 4096];
        let mut buf = ReadBuf::uninit(&mut bytes);
        let polled = match &mut self.line {
            Line::Clear(socket) => Pin::new(socket).poll_read(cx, &mut buf),
            Line::Sealed(tls) => Pin::new(tls.as_mut()).poll_read(cx, &mut buf),
        };
        ready!(self.or_late(cx, polled))?;
        self.ended = buf.filled().is_empty();
        self.inbound.feed(buf.filled())?;
        Poll::Ready(Ok(()))
    }

    /// Turns waiting past the deadline into an error.
    fn or_late<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            return polled;
        }
        let due = self.gauge.due();
        loop {
            // An alarm that rings early is set again then; to move it for every reply would cost more.
            if self.alarm.deadline() > due {
                self.alarm.as_mut().reset(due);
            }
            ready!(self.alarm.as_mut().poll(cx));
            if self.alarm.deadline() >= due {
                return Poll::Ready(Err(late()));
            }
            self.alarm.as_mut().reset(due);
        }
    }

    /// Looks whether something has come from the relay, which has nothing to say now.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let mut why = ErrorKind::UnexpectedEof.into();
        if self.inbound.len() == 0 && !self.ended {
            match self.poll_arrival(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(e)) => why = e,
            }
        }
        self.gauge.out_of_turn.store(true, Ordering::Relaxed);
        if self.inbound.len() > 0 {
            why = io::Error::new(ErrorKind::InvalidData, "the relay spoke out of turn");
        }
        Err(why)
    }
}

fn late() -> io::Error {
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
            let lines = self.inbound.take(buf.remaining());
            if !lines.is_empty() || buf.remaining() == 0 {
                buf.put_slice(lines);
                return Poll::Ready(Ok(()));
            }
            if self.ended {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_arrival(cx))?;
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.gauge.my_turn.swap(false, Ordering::Relaxed) {
            self.poll_quiet(cx)?;
        }
        let polled = match &mut self.line {
            Line::Clear(socket) => Pin::new(socket).poll_write(cx, bytes),
            Line::Sealed(tls) => Pin::new(tls.as_mut()).poll_write(cx, bytes),
        };
        if let Poll::Ready(Ok(taken)) = &polled {
            self.gauge.written.fetch_add(*taken as u64, Ordering::Relaxed);
        }
        // A relay that waits until its own words are read would otherwise wait for us, and we for it.
        while polled.is_pending() && !self.ended && self.inbound.len() < READ_AHEAD {
            match self.poll_arrival(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(e)) => return Poll::Ready(Err(e)),
                Poll::Pending => break,
            }
        }
        self.or_late(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = match &mut self.line {
            Line::Clear(socket) => Pin::new(socket).poll_flush(cx),
            Line::Sealed(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        };
        self.or_late(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = match &mut self.line {
            Line::Clear(socket) => Pin::new(socket).poll_shutdown(cx),
            Line::Sealed(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
        };
        self.or_late(cx, polled)
    }
}

#[cfg(test)]
mod tests;
