//! The wire against a relay that writes, keeps silent, or speaks when it should not.

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
async fn a_write_does_not_begin_where_the_relay_spoke_out_of_turn() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let gauge = Gauge::new(Duration::from_secs(20));
    let mut stream = Stream::clear(client, Arc::clone(&gauge)).unwrap();
    gauge.take_turn();
    stream.write_all(b"MAIL").await.unwrap();
    server.write_all(b"421 tired\r\n").await.unwrap();
    while !gauge.was_out_of_turn() {
        gauge.take_turn();
        let _ = stream.write_all(b"x").await;
        tokio::task::yield_now().await;
    }
    let mut said = [0; 9];
    stream.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"421 tired", "what it said can still be read");
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
    gauge.within(Duration::from_millis(20));
    let mut rest = String::new();
    assert_eq!(
        stream.read_to_string(&mut rest).await.unwrap_err().kind(),
        ErrorKind::TimedOut,
        "and moved to an earlier time"
    );
}
