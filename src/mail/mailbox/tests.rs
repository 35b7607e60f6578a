//! The mailbox listens, takes mails apart and lets the oldest go.

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

fn now() -> Millis {
    Millis(7)
}

async fn say(address: SocketAddr, words: &[u8]) -> String {
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket.write_all(words).await.unwrap();
    let mut answers = String::new();
    socket.read_to_string(&mut answers).await.unwrap();
    answers
}

#[tokio::test]
async fn a_pipelined_mail_is_kept_and_shown() {
    let (mailbox, address) = Mailbox::listen(0, now).await.unwrap();
    let answers = say(
        address,
        b"EHLO a\r\nMAIL FROM:<a@b.example> SIZE=9\r\nRCPT TO:<c@d.example>\r\nDATA\r\n\
        Subject: =?utf-8?q?=E5=AD=A6?=\r\nFrom: A <a@b.example>\r\n\r\n..x\r\n.\r\nQUIT\r\n",
    )
    .await;
    assert!(
        answers.ends_with(
            "354 Go ahead, and end with a dot\r\n250 2.0.0 kept as 1\r\n221 2.0.0 bye\r\n"
        ),
        "{answers}"
    );
    let mails = mailbox.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].subject.as_str(), mails[0].text.as_str(), mails[0].received_at),
        ("学", ".x\r\n", Millis(7))
    );
    assert_eq!(
        (mails[0].envelope_from.as_str(), mails[0].envelope_to.as_slice()),
        ("a@b.example", ["c@d.example".to_owned()].as_slice())
    );
    assert_eq!(mailbox.mail(1).as_ref(), mails.first());
    assert_eq!(mailbox.mail(2), None);
}

#[tokio::test]
async fn commands_out_of_order_are_refused_and_the_session_goes_on() {
    let (mailbox, address) = Mailbox::listen(0, now).await.unwrap();
    let answers = say(address, b"DATA\r\nRCPT TO:<a@b>\r\nMAIL x\r\nFOO\r\n\r\nQUIT\r\n").await;
    let codes: Vec<&str> = answers.lines().map(|l| &l[..3]).collect();
    assert_eq!(codes, ["220", "503", "503", "501", "502", "502", "221"]);
    assert!(mailbox.mails().is_empty());
}

#[test]
fn the_oldest_mails_make_room() {
    let shelf = Mutex::new(Shelf::default());
    for _ in 0..MOST_MAILS + 3 {
        put(&shelf, String::new(), Vec::new(), vec![0; 10], Millis(0));
    }
    let shelf = shelf.into_inner().unwrap();
    assert_eq!(
        (shelf.mails.len(), shelf.bytes, shelf.mails[0].id),
        (MOST_MAILS, MOST_MAILS * 10, 4)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn foreign_bytes_do_no_harm_to_the_server(
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
        let words = pieces.concat();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, server) = tokio::io::duplex(1 << 20);
            let (mut reader, mut writer) = tokio::io::split(client);
            writer.write_all(&words).await.unwrap();
            writer.shutdown().await.unwrap();
            let _ = session::serve(server, |_, _, _| 1).await;
            let mut answers = Vec::new();
            reader.read_to_end(&mut answers).await.unwrap();
            assert!(answers.starts_with(b"220 "));
        });
    }
}
