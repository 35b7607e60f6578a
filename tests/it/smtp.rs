//! How mail leaves: a connection against a server that misbehaves.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop where it can't")]

use std::time::{Duration, Instant};

use courant::config::settings::{DomainLimits, Route, TlsMode, Transport, Uncertain};
use courant::domain::time::Millis;
use courant::mail::mail_catcher::MailCatcher;
use courant::mail::message::{MessageParts, message_id};
use courant::mail::smtp::{
    AttemptResult, ConnectError, Connection, FailureScope, Relay, SmtpOutcome, Timeouts,
};

use crate::smtp_server::{At, Rule, Script, SmtpServer};

pub(crate) const FROM: &str = "news@example.edu";
const MAIL: &str = "Subject: hello\r\n\r\nhello\r\n";

pub(crate) fn transport(server: &SmtpServer, tls: TlsMode) -> Transport {
    let (host, port) = (server.address().ip().to_string(), server.address().port());
    Transport {
        name: "default".to_owned(),
        was: Vec::new(),
        route: Route::Smtp { host, port, tls },
        username: None,
        password: None,
        tls_ca: None,
        ehlo: "news.example.edu".to_owned(),
        envelope_from: None,
        connections: 1,
        messages_per_connection: 500,
        rate: Vec::new(),
        warm_up: None,
        domain_limits: DomainLimits::default(),
        weight: 1,
        standby: false,
        pool: None,
        uncertain: Uncertain::Retry,
        dkim: Vec::new(),
        dkim_domain: None,
    }
}

/// Long enough for a busy machine, short enough for a test that waits for it.
pub(crate) fn timeouts(ms: u64) -> Timeouts {
    let span = Duration::from_millis(ms);
    Timeouts {
        connect: span,
        reply: span,
        content: span,
        unproven_pipelining: span,
        ..Timeouts::default()
    }
}

pub(crate) async fn connect(server: &SmtpServer) -> Result<Connection, ConnectError> {
    let relay = Relay::from_transport(&transport(server, TlsMode::Opportunistic), timeouts(10_000))
        .unwrap();
    Connection::open(&relay).await
}

async fn started(script: Script) -> (SmtpServer, Connection) {
    let server = SmtpServer::start(script).await;
    let connection = connect(&server).await.unwrap();
    (server, connection)
}

/// What became of a mail, in few words.
pub(crate) fn summary(delivered: &AttemptResult) -> String {
    let open = if delivered.reusable { "open" } else { "closed" };
    match &delivered.outcome {
        SmtpOutcome::Sent { reply } => format!("sent, {open}: {reply}"),
        SmtpOutcome::Deferred { reply, scope } => format!("deferred {scope:?}, {open}: {reply}"),
        SmtpOutcome::Rejected { reply, scope } => format!("refused {scope:?}, {open}: {reply}"),
        SmtpOutcome::Unknown { why } => format!("unknown, {open}: {why}"),
        SmtpOutcome::RelayError { why } => format!("relay, {open}: {why}"),
    }
}

pub(crate) async fn send(connection: &mut Connection, to: &str) -> String {
    summary(&connection.send(FROM, to, MAIL).await)
}

#[tokio::test]
async fn an_envelope_goes_out_in_one_write_when_the_relay_pipelines() {
    let (server, mut connection) = started(Script::new().size(1_000_000)).await;
    for to in ["a@example.org", "b@example.org"] {
        assert_eq!(send(&mut connection, to).await, "sent, open: 250 2.0.0 taken");
    }
    connection.quit().await;
    let mails = server.wait_for(2).await;
    assert_eq!(
        (mails[0].from.as_str(), mails[0].to.join(","), mails[0].content.as_str()),
        (FROM, "a@example.org".to_owned(), MAIL)
    );
    let envelope = "MAIL+RCPT+DATA";
    assert_eq!(server.verbs(1), ["EHLO", "EHLO", envelope, envelope, "QUIT"]);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_relay_without_pipelining_is_spoken_to_step_by_step() {
    let script = Script::new()
        .without_pipelining()
        .rule(Rule::reply(At::Rcpt, "550 5.1.1 unknown").recipient("bad"));
    let (server, mut connection) = started(script).await;
    assert!(!connection.supports_pipelining());
    assert_eq!(
        send(&mut connection, "bad@example.org").await,
        "refused Recipient, open: 550 5.1.1 unknown"
    );
    assert_eq!(send(&mut connection, "a@example.org").await, "sent, open: 250 2.0.0 taken");
    assert_eq!(server.verbs(1), ["EHLO", "EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"]);
}

#[tokio::test]
async fn a_refused_recipient_costs_no_connection() {
    let (server, mut connection) = started(
        Script::new()
            .rule(Rule::reply(At::Rcpt, "550-5.1.1 no\r\n550 5.1.1 such user").recipient("bad")),
    )
    .await;
    assert_eq!(
        send(&mut connection, "bad@example.org").await,
        "refused Recipient, open: 550 5.1.1 no such user"
    );
    assert_eq!(send(&mut connection, "good@example.org").await, "sent, open: 250 2.0.0 taken");
    assert_eq!(send(&mut connection, "good@example.org").await, "sent, open: 250 2.0.0 taken");
    assert_eq!(server.connections(), 1);
    let verbs = server.verbs(1);
    assert_eq!(
        verbs[2..],
        ["MAIL+RCPT+DATA", "RSET+MAIL+RCPT+DATA", "MAIL+RCPT+DATA"],
        "RSET after an error alone"
    );
}

#[tokio::test]
async fn a_recipient_who_must_wait_waits_alone() {
    let (server, mut connection) = started(
        Script::new().rule(Rule::reply(At::Rcpt, "450 4.2.0 greylisted").recipient("slow")),
    )
    .await;
    assert_eq!(
        send(&mut connection, "slow@example.org").await,
        "deferred Recipient, open: 450 4.2.0 greylisted"
    );
    assert_eq!(send(&mut connection, "a@example.org").await, "sent, open: 250 2.0.0 taken");
    server.set_script(Script::new());
    assert_eq!(send(&mut connection, "slow@example.org").await, "sent, open: 250 2.0.0 taken");
}

#[tokio::test]
async fn where_data_is_granted_for_nobody_a_lone_dot_ends_it() {
    let script = Script::new()
        .always_accepts_data()
        .rule(Rule::reply(At::Rcpt, "550 5.1.1 unknown").recipient("bad"));
    let (server, mut connection) = started(script).await;
    assert_eq!(
        send(&mut connection, "bad@example.org").await,
        "refused Recipient, open: 550 5.1.1 unknown"
    );
    assert_eq!(send(&mut connection, "a@example.org").await, "sent, open: 250 2.0.0 taken");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn where_a_recipient_is_taken_though_the_sender_was_not_no_empty_mail_is_left_behind() {
    let script =
        Script::new().always_accepts_data().rule(Rule::reply(At::Mail, "550 5.7.1 not you").once());
    let (server, mut connection) = started(script).await;
    assert_eq!(
        send(&mut connection, "a@example.org").await,
        "refused Message, closed: 550 5.7.1 not you"
    );
    assert!(server.mails().is_empty(), "{:?}", server.mails());
}

#[tokio::test]
async fn closing_words_are_the_relays_trouble_wherever_they_come() {
    for at in [At::Mail, At::Rcpt, At::Data, At::Content] {
        for script in [Script::new(), Script::new().without_pipelining()] {
            let (server, mut connection) =
                started(script.rule(Rule::reply_and_close(at, "421 4.3.2 shutting down"))).await;
            let became = send(&mut connection, "a@example.org").await;
            // Within a recipient's own content it counts as an attempt, for it may be about that content.
            let meant =
                if at == At::Content { "deferred Relay, closed: " } else { "relay, closed: " };
            assert!(
                became.starts_with(meant) && became.ends_with("421 4.3.2 shutting down"),
                "{at:?}: {became}"
            );
            assert!(
                send(&mut connection, "a@example.org").await.starts_with("relay, closed"),
                "a closed connection says so"
            );
            assert!(server.mails().is_empty());
        }
    }
    for at in [At::Connect, At::Ehlo] {
        let server =
            SmtpServer::start(Script::new().rule(Rule::reply_and_close(at, "421 4.3.2 busy")))
                .await;
        let trouble = connect(&server).await.err().unwrap();
        assert!(
            matches!(&trouble, ConnectError::Rejected { reply, .. } if reply.text == "421 4.3.2 busy"),
            "{trouble}"
        );
        assert!(!trouble.is_permanent());
    }
}

#[tokio::test]
async fn a_connection_gone_behind_the_final_dot_leaves_the_outcome_unknown() {
    let (server, mut connection) =
        started(Script::new().rule(Rule::close(At::Stored).on_connection(1).once())).await;
    assert_eq!(
        send(&mut connection, "a@example.org").await,
        "unknown, closed: the relay closed the connection"
    );
    assert_eq!(server.mails().len(), 1, "it had arrived, which we could not know");
}

#[tokio::test]
async fn a_connection_gone_before_that_is_the_relays_trouble() {
    for at in [At::Mail, At::Rcpt, At::Data] {
        let (_server, mut connection) = started(Script::new().rule(Rule::close(at))).await;
        assert_eq!(
            send(&mut connection, "a@example.org").await,
            "relay, closed: the relay closed the connection",
            "{at:?}"
        );
    }
}

#[tokio::test]
async fn a_large_mail_that_breaks_off_in_the_middle_is_certainly_unsent() {
    let large = format!("Subject: x\r\n\r\n{}", "0123456789\r\n".repeat(3_000_000));
    let (_server, mut connection) = started(Script::new().rule(Rule::close(At::MidContent))).await;
    let became = summary(&connection.send(FROM, "a@example.org", &large).await);
    assert_eq!(
        became,
        "deferred Relay, closed: 451 the relay closed the connection, before the whole message was sent"
    );
    let (_server, mut connection) =
        started(Script::new().rule(Rule::reply_and_close(At::MidContent, "552 5.3.4 too large")))
            .await;
    let became = summary(&connection.send(FROM, "a@example.org", &large).await);
    assert!(
        became == "refused Message, closed: 552 5.3.4 too large"
            || became.starts_with("deferred Relay, closed"),
        "{became}"
    );
}

#[tokio::test]
async fn a_relay_that_stalls_is_not_waited_for_longer_than_said() {
    for (at, meant) in [(At::Mail, "relay"), (At::Data, "relay"), (At::Stored, "unknown")] {
        let server = SmtpServer::start(Script::new().rule(Rule::stall(at))).await;
        let short = Timeouts { connect: Duration::from_secs(10), ..timeouts(300) };
        let relay =
            Relay::from_transport(&transport(&server, TlsMode::Opportunistic), short).unwrap();
        let mut connection = Connection::open(&relay).await.unwrap();
        let begun = Instant::now();
        assert_eq!(
            send(&mut connection, "a@example.org").await,
            format!("{meant}, closed: the relay did not answer in time")
        );
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
    let server = SmtpServer::start(Script::new().rule(Rule::stall(At::Connect))).await;
    let relay =
        Relay::from_transport(&transport(&server, TlsMode::Opportunistic), timeouts(300)).unwrap();
    assert!(matches!(Connection::open(&relay).await, Err(ConnectError::Unreachable { .. })));
}

#[tokio::test]
async fn a_mail_given_up_half_way_takes_its_connection_with_it() {
    for at in [At::Mail, At::Content] {
        let (_server, mut connection) = started(Script::new().rule(Rule::stall(at).once())).await;
        let given_up = tokio::time::timeout(
            Duration::from_millis(100),
            send(&mut connection, "a@example.org"),
        )
        .await;
        assert!(given_up.is_err() && !connection.is_idle());
        assert!(
            send(&mut connection, "b@example.org").await.starts_with("relay, closed"),
            "no answer may reach the wrong mail"
        );
    }
}

#[tokio::test]
async fn a_relay_that_is_merely_slow_is_waited_for() {
    let (server, mut connection) = started(
        Script::new()
            .rule(Rule::stall(At::Content))
            .rule(Rule::delay(At::Mail, Duration::from_millis(20))),
    )
    .await;
    let sending = tokio::spawn(async move { send(&mut connection, "a@example.org").await });
    server.wait_for(1).await;
    while !sending.is_finished() {
        server.release();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(sending.await.unwrap(), "sent, open: 250 2.0.0 taken");
}

#[tokio::test]
async fn garbage_is_trouble_before_the_dot_and_doubt_behind_it() {
    for (at, meant) in
        [(At::Mail, "relay, closed"), (At::Data, "relay, closed"), (At::Content, "unknown, closed")]
    {
        let (_server, mut connection) =
            started(Script::new().rule(Rule::reply_and_close(at, "hello, how are you?"))).await;
        let became = send(&mut connection, "a@example.org").await;
        assert_eq!(became, format!("{meant}: the relay answered with something that is not SMTP"));
    }
    let server =
        SmtpServer::start(Script::new().rule(Rule::reply(At::Connect, "HTTP/1.1 400 Bad Request")))
            .await;
    assert!(matches!(connect(&server).await, Err(ConnectError::NotSmtp { .. })));
}

#[tokio::test]
async fn refusals_of_the_message_name_the_message() {
    let (_server, mut connection) =
        started(Script::new().rule(Rule::reply(At::Content, "554 5.7.1 looks like spam").once()))
            .await;
    assert_eq!(
        send(&mut connection, "a@example.org").await,
        "refused Message, open: 554 5.7.1 looks like spam"
    );
    assert_eq!(send(&mut connection, "a@example.org").await, "sent, open: 250 2.0.0 taken");
    let (server, mut connection) = started(Script::new().size(10)).await;
    let delivered = connection.send(FROM, "a@example.org", MAIL).await;
    assert!(
        matches!(delivered.outcome, SmtpOutcome::Rejected { scope: FailureScope::Message, .. }),
        "{delivered:?}"
    );
    assert_eq!(server.verbs(1), ["EHLO", "EHLO"], "a mail that is too large is not even begun");
}

#[tokio::test]
async fn dots_reach_the_relay_doubled_and_the_reader_single() {
    let (server, mut connection) = started(Script::new()).await;
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
async fn a_letter_arrives_in_the_mailbox_as_it_was_written() {
    let (mailbox, address) = MailCatcher::listen(0, || Millis(5)).await.unwrap();
    let server = SmtpServer::start(Script::new()).await;
    let route = Route::Smtp {
        host: "localhost".to_owned(),
        port: address.port(),
        tls: TlsMode::Opportunistic,
    };
    let relay = Relay::from_transport(
        &Transport { route, ..transport(&server, TlsMode::Opportunistic) },
        timeouts(10_000),
    )
    .unwrap();
    let id = message_id("edition 1, row 1", b"secret", "news.example.edu");
    let letter = MessageParts {
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
    let message = letter.to_message().unwrap();
    for _ in 0..2 {
        assert!(
            summary(&connection.send(FROM, "ann@example.org", &message).await)
                .starts_with("sent, open")
        );
    }
    connection.quit().await;
    let mails = mailbox.mails();
    assert_eq!((mails.len(), mails[0].id, mails[0].received_at), (2, 2, Millis(5)));
    assert_eq!((mails[0].subject.as_str(), mails[0].from.as_str()), (letter.subject, letter.from));
    assert_eq!(
        (mails[0].text.trim_end(), mails[0].html.trim_end()),
        ("a line\r\n.\r\nanother 行", letter.html)
    );
    assert_eq!(mails[0].raw, message.as_bytes());
}
