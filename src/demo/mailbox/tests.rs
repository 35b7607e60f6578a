//! Tests of the mailbox: sessions, parsing and eviction.

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn now() -> Millis {
    Millis(7)
}

async fn converse(address: SocketAddr, commands: &[u8]) -> String {
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket.write_all(commands).await.unwrap();
    let mut replies = String::new();
    socket.read_to_string(&mut replies).await.unwrap();
    replies
}

#[tokio::test]
async fn pipelined_mail_is_stored_and_can_be_read() {
    let (catcher, address) = Mailbox::listen(0, now).await.unwrap();
    let replies = converse(
        address,
        b"EHLO a\r\nMAIL FROM:<a@b.example> SIZE=9\r\nRCPT TO:<c@d.example>\r\nDATA\r\n\
        Subject: =?utf-8?q?=E5=AD=A6?=\r\nFrom: A <a@b.example>\r\n\r\n..x\r\n.\r\nQUIT\r\n",
    )
    .await;
    assert!(
        replies.ends_with(
            "354 Start mail input; end with <CRLF>.<CRLF>\r\n250 2.0.0 stored as 1\r\n221 2.0.0 bye\r\n"
        ),
        "{replies}"
    );
    let messages = catcher.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (messages[0].subject.as_str(), messages[0].text.as_str(), messages[0].received_at),
        ("学", ".x\r\n", Millis(7))
    );
    assert_eq!(
        (messages[0].envelope_from.as_str(), messages[0].envelope_to.as_slice()),
        ("a@b.example", ["c@d.example".to_owned()].as_slice())
    );
    assert_eq!(catcher.message(1).as_ref(), messages.first());
    assert_eq!(catcher.message(2), None);
}

#[tokio::test]
async fn commands_out_of_order_are_rejected_and_the_session_continues() {
    let (catcher, address) = Mailbox::listen(0, now).await.unwrap();
    let replies =
        converse(address, b"DATA\r\nRCPT TO:<a@b>\r\nMAIL x\r\nFOO\r\n\r\nQUIT\r\n").await;
    let codes: Vec<&str> = replies.lines().map(|l| &l[..3]).collect();
    assert_eq!(codes, ["220", "503", "503", "501", "502", "502", "221"]);
    assert!(catcher.messages().is_empty());
}

#[test]
fn oldest_mails_are_evicted_first() {
    let inbox = Mutex::new(Inbox::default());
    for _ in 0..MAX_MESSAGES + 3 {
        store(&inbox, String::new(), Vec::new(), vec![0; 10], Millis(0));
    }
    let inbox = inbox.into_inner().unwrap();
    assert_eq!(
        (inbox.messages.len(), inbox.bytes, inbox.messages[0].id),
        (MAX_MESSAGES, MAX_MESSAGES * 10, 4)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn server_accepts_arbitrary_bytes(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just(b"MAIL FROM:<a@b>\r\n".to_vec()),
                Just(b"RCPT TO:<a@b>\r\n".to_vec()),
                Just(b"DATA\r\n".to_vec()),
                Just(b".\r\n".to_vec()),
                proptest::collection::vec(any::<u8>(), 0..100),
            ],
            0..12,
        ),
    ) {
        let commands = pieces.concat();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, server) = tokio::io::duplex(1 << 20);
            let (mut reader, mut writer) = tokio::io::split(client);
            writer.write_all(&commands).await.unwrap();
            writer.shutdown().await.unwrap();
            let _ = session::serve(server, |_, _, _| 1).await;
            let mut replies = Vec::new();
            reader.read_to_end(&mut replies).await.unwrap();
            assert!(replies.starts_with(b"220 "));
        });
    }
}
