//! Contents of messages, which arrive over SMTP unchanged.

use courant::config::settings::{TlsMode, Transport, TransportTarget};
use courant::demo::mailbox::Mailbox;
use courant::domain::time::Millis;
use courant::mail::message::{MessageParts, message_id};
use courant::mail::smtp::{Connection, Relay};

use crate::smtp::{FROM, start, summary, timeouts, transport};
use crate::smtp_server::{Script, SmtpServer};

#[tokio::test]
async fn leading_dots_are_stuffed_on_the_wire_and_removed_by_the_server() {
    let (server, mut connection) = start(Script::new()).await;
    let content = ".first\r\n..\r\na.b\r\n.\r\nlast";
    assert!(summary(&connection.send("", "a@example.org", content).await).starts_with("sent"));
    let mail = server.wait_for(1).await.remove(0);
    assert_eq!(mail.raw, "..first\r\n...\r\na.b\r\n..\r\nlast\r\n.\r\n");
    assert_eq!(
        (mail.from.as_str(), mail.content.as_str()),
        ("", ".first\r\n..\r\na.b\r\n.\r\nlast\r\n")
    );
}

#[tokio::test]
async fn the_mailbox_receives_a_message_unchanged() {
    let (mailbox, address) = Mailbox::listen(0, || Millis(5)).await.unwrap();
    let server = SmtpServer::start(Script::new()).await;
    let target = TransportTarget::Smtp {
        host: "localhost".to_owned(),
        port: address.port(),
        tls: TlsMode::Opportunistic,
    };
    let relay = Relay::from_transport(
        &Transport { target, ..transport(&server, TlsMode::Opportunistic) },
        timeouts(10_000),
    )
    .unwrap();
    let id = message_id("edition 1, row 1", b"secret", "news.example.edu");
    let parts = MessageParts {
        from: "学院新闻 <news@example.edu>",
        to_address: "ann@example.org",
        to_name: Some("Ann"),
        reply_to: None,
        subject: "This week: 新图书馆 opens",
        text: "a line\n.\nanother 行\n",
        html: &format!("<p>{}</p>", "é".repeat(2_000)),
        message_id: &id,
        date: Millis(1_790_000_000_000),
        list: None,
        feedback_id: None,
        edition: None,
    };
    let mut connection = Connection::open(&relay).await.unwrap();
    let message = parts.to_message().unwrap();
    for _ in 0..2 {
        assert!(
            summary(&connection.send(FROM, "ann@example.org", &message).await)
                .starts_with("sent, open")
        );
    }
    connection.quit().await;
    let mails = mailbox.messages();
    assert_eq!((mails.len(), mails[0].id, mails[0].received_at), (2, 2, Millis(5)));
    assert_eq!((mails[0].subject.as_str(), mails[0].from.as_str()), (parts.subject, parts.from));
    assert_eq!(
        (mails[0].text.trim_end(), mails[0].html.trim_end()),
        ("a line\r\n.\r\nanother 行", parts.html)
    );
    assert_eq!(mails[0].raw, message.as_bytes());
}
