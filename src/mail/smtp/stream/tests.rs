//! Tests of the stream with relays that write, stay silent, or send unsolicited data.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};

use super::*;

#[tokio::test]
async fn write_proceeds_while_the_server_waits_for_its_output_to_be_read() {
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
    let server_task = tokio::spawn(async move {
        // More than the socket buffers hold, so this blocks until it is read.
        server.write_all("250-x\r\n".repeat(9_000).as_bytes()).await.unwrap();
        let mut all = vec![0; 1_000_000];
        server.read_exact(&mut all).await.unwrap();
        server.write_all(b"250 done\r\n").await.unwrap();
    });
    let mut stream = Stream::plain(client, IoControl::new(Duration::from_secs(20))).unwrap();
    stream.write_all(&vec![b'x'; 1_000_000]).await.unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).await.unwrap();
    assert!(replies.ends_with("250-x\r\n250 done\r\n"));
    server_task.await.unwrap();
}

#[tokio::test]
async fn write_fails_if_the_relay_sent_something_unsolicited() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let control = IoControl::new(Duration::from_secs(20));
    let mut stream = Stream::plain(client, Arc::clone(&control)).unwrap();
    control.expect_no_input();
    stream.write_all(b"MAIL").await.unwrap();
    server.write_all(b"421 closing\r\n").await.unwrap();
    while !control.write_prevented() {
        control.expect_no_input();
        let _ = stream.write_all(b"x").await;
        tokio::task::yield_now().await;
    }
    let mut received = [0; 11];
    stream.read_exact(&mut received).await.unwrap();
    assert_eq!(&received, b"421 closing", "the unsolicited reply can still be read");
}

#[tokio::test]
async fn deadline_ends_a_wait_and_can_be_moved() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let control = IoControl::new(Duration::from_millis(20));
    let mut stream = Stream::plain(client, Arc::clone(&control)).unwrap();
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), ErrorKind::TimedOut);
    let (mut server, _) = listener.accept().await.unwrap();
    control.set_timeout(Duration::from_secs(20));
    server.write_all(b"250 ok\r\n").await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'2');
    control.set_timeout(Duration::from_millis(20));
    let mut rest = String::new();
    assert_eq!(
        stream.read_to_string(&mut rest).await.unwrap_err().kind(),
        ErrorKind::TimedOut,
        "the deadline can be moved to an earlier time"
    );
}
