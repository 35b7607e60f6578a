//! The wire under lettre's connection: no delay, a deadline on every wait, and it goes on reading while it writes.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
}

impl Gauge {
    /// A gauge whose first deadline is `span` from now.
    pub(super) fn new(span: Duration) -> Arc<Self> {
        let gauge = Self { start: Instant::now(), due: AtomicU64::new(0), written: AtomicU64::new(0) };
        gauge.within(span);
        Arc::new(gauge)
    }

    /// Whatever is waited for from here on must have happened within `span`.
    pub(super) fn within(&self, span: Duration) {
        let due = self.start.elapsed().saturating_add(span).as_millis();
        self.due.store(u64::try_from(due).unwrap_or(u64::MAX), Ordering::Relaxed);
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
    pub(super) async fn seal(self, tls: Arc<rustls::ClientConfig>, name: rustls::pki_types::ServerName<'static>) -> io::Result<Self> {
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
        let mut bytes = [0_u8; 4096];
        let mut buf = ReadBuf::new(&mut bytes);
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
    fn or_late<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_pending() {
            let due = self.gauge.due();
            if self.alarm.deadline() != due {
                self.alarm.as_mut().reset(due);
            }
            ready!(self.alarm.as_mut().poll(cx));
            return Poll::Ready(Err(late()));
        }
        polled
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
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
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
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
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
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    #[tokio::test]
    async fn a_write_does_not_wait_for_a_server_that_waits_to_be_read() {
        let small = |size| {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(size).unwrap();
            socket.set_send_buffer_size(size).unwrap();
            socket
        };
        let server = small(16_384);
        server.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = server.listen(1).unwrap();
        let socket = small(16_384);
        let client = socket.connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let talker = tokio::spawn(async move {
            // More than the buffers on the way hold: this waits until it is read.
            server.write_all("250-x\r\n".repeat(9_000).as_bytes()).await.unwrap();
            let mut all = vec![0; 1_000_000];
            server.read_exact(&mut all).await.unwrap();
            server.write_all(b"250 done\r\n").await.unwrap();
        });
        let mut stream = Stream::clear(client, Gauge::new(Duration::from_secs(20))).unwrap();
        stream.write_all(&vec![b'x'; 1_000_000]).await.unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).await.unwrap();
        assert!(answers.ends_with("250-x\r\n250 done\r\n"));
        talker.await.unwrap();
    }

    #[tokio::test]
    async fn a_deadline_ends_a_wait_and_can_be_moved() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let gauge = Gauge::new(Duration::from_millis(20));
        let mut stream = Stream::clear(client, Arc::clone(&gauge)).unwrap();
        assert_eq!(stream.read_u8().await.unwrap_err().kind(), ErrorKind::TimedOut);
        let (mut server, _) = listener.accept().await.unwrap();
        gauge.within(Duration::from_secs(20));
        server.write_all(b"250 ok\r\n").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'2');
    }
}
