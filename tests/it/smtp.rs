//! SMTP connections to a server that misbehaves.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue should panic on the spot")]

use std::time::{Duration, Instant};

use courant::config::settings::{
    DomainLimits, TlsMode, Transport, TransportTarget, UncertainPolicy,
};
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
        former_names: Vec::new(),
        target: TransportTarget::Smtp { host, port, tls },
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
        uncertain: UncertainPolicy::Retry,
        dkim: Vec::new(),
        dkim_domain: None,
    }
}

/// Returns timeouts of `ms` for connecting and for every reply.
pub(crate) fn timeouts(ms: u64) -> Timeouts {
    let timeout = Duration::from_millis(ms);
    Timeouts {
        connect: timeout,
        reply: timeout,
        content: timeout,
        unproven_pipelining: timeout,
        ..Timeouts::default()
    }
}

pub(crate) async fn connect(server: &SmtpServer) -> Result<Connection, ConnectError> {
    let relay =
        Relay::from_transport(&transport(server, TlsMode::Opportunistic), timeouts(300_000))
            .unwrap();
    Connection::open(&relay).await
}

pub(crate) async fn start(script: Script) -> (SmtpServer, Connection) {
    let server = SmtpServer::start(script).await;
    let connection = connect(&server).await.unwrap();
    (server, connection)
}

/// Returns the outcome of an attempt and the state of its connection as a short text.
pub(crate) fn summary(result: &AttemptResult) -> String {
    let open = if result.reusable { "open" } else { "closed" };
    match &result.outcome {
        SmtpOutcome::Sent { reply } => format!("sent, {open}: {reply}"),
        SmtpOutcome::Deferred { reply, scope } => format!("deferred {scope:?}, {open}: {reply}"),
        SmtpOutcome::Rejected { reply, scope } => format!("rejected {scope:?}, {open}: {reply}"),
        SmtpOutcome::Uncertain { reason } => format!("unknown, {open}: {reason}"),
        SmtpOutcome::TooManyConnections { reply } => format!("connections, {open}: {reply}"),
        SmtpOutcome::RelayError { reason } => format!("relay, {open}: {reason}"),
    }
}

pub(crate) async fn send(connection: &mut Connection, to: &str) -> String {
    summary(&connection.send(FROM, to, MAIL).await)
}

#[tokio::test]
async fn the_envelope_is_sent_in_one_write_if_the_relay_supports_pipelining() {
    let (server, mut connection) = start(Script::new().size(1_000_000)).await;
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
async fn a_relay_without_pipelining_gets_one_command_at_a_time() {
    let script = Script::new()
        .without_pipelining()
        .rule(Rule::reply(At::Rcpt, "550 5.1.1 unknown").recipient("bad"));
    let (server, mut connection) = start(script).await;
    assert!(!connection.supports_pipelining());
    assert_eq!(
        send(&mut connection, "bad@example.org").await,
        "rejected Recipient, open: 550 5.1.1 unknown"
    );
    assert_eq!(send(&mut connection, "a@example.org").await, "sent, open: 250 2.0.0 taken");
    assert_eq!(server.verbs(1), ["EHLO", "EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"]);
}

#[tokio::test]
async fn a_rejected_recipient_does_not_close_the_connection() {
    let (server, mut connection) = start(
        Script::new()
            .rule(Rule::reply(At::Rcpt, "550-5.1.1 no\r\n550 5.1.1 such user").recipient("bad")),
    )
    .await;
    assert_eq!(
        send(&mut connection, "bad@example.org").await,
        "rejected Recipient, open: 550 5.1.1 no such user"
    );
    assert_eq!(send(&mut connection, "good@example.org").await, "sent, open: 250 2.0.0 taken");
    assert_eq!(send(&mut connection, "good@example.org").await, "sent, open: 250 2.0.0 taken");
    assert_eq!(server.connections(), 1);
    let verbs = server.verbs(1);
    assert_eq!(
        verbs[2..],
        ["MAIL+RCPT+DATA", "RSET+MAIL+RCPT+DATA", "MAIL+RCPT+DATA"],
        "RSET should be sent only after an error"
    );
}

#[tokio::test]
async fn a_deferred_recipient_does_not_affect_others() {
    let (server, mut connection) =
        start(Script::new().rule(Rule::reply(At::Rcpt, "450 4.2.0 greylisted").recipient("slow")))
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
async fn data_accepted_without_recipients_is_ended_by_a_lone_dot() {
    let script = Script::new()
        .always_accepts_data()
        .rule(Rule::reply(At::Rcpt, "550 5.1.1 unknown").recipient("bad"));
    let (server, mut connection) = start(script).await;
    assert_eq!(
        send(&mut connection, "bad@example.org").await,
        "rejected Recipient, open: 550 5.1.1 unknown"
    );
    assert_eq!(send(&mut connection, "a@example.org").await, "sent, open: 250 2.0.0 taken");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_recipient_accepted_after_a_rejected_sender_leaves_no_empty_mail() {
    let script =
        Script::new().always_accepts_data().rule(Rule::reply(At::Mail, "550 5.7.1 not you").once());
    let (server, mut connection) = start(script).await;
    assert_eq!(
        send(&mut connection, "a@example.org").await,
        "rejected Message, closed: 550 5.7.1 not you"
    );
    assert!(server.mails().is_empty(), "{:?}", server.mails());
}

#[tokio::test]
async fn a_421_at_any_step_is_a_relay_error() {
    for at in [At::Mail, At::Rcpt, At::Data, At::Content] {
        for script in [Script::new(), Script::new().without_pipelining()] {
            let (server, mut connection) =
                start(script.rule(Rule::reply_and_close(at, "421 4.3.2 shutting down"))).await;
            let result = send(&mut connection, "a@example.org").await;
            // In reply to the content it counts as an attempt, since the content may be the reason.
            let expected =
                if at == At::Content { "deferred Relay, closed: " } else { "relay, closed: " };
            assert!(
                result.starts_with(expected) && result.ends_with("421 4.3.2 shutting down"),
                "{at:?}: {result}"
            );
            assert!(
                send(&mut connection, "a@example.org").await.starts_with("relay, closed"),
                "a closed connection should return a relay error"
            );
            assert!(server.mails().is_empty());
        }
    }
    for at in [At::Connect, At::Ehlo] {
        let server =
            SmtpServer::start(Script::new().rule(Rule::reply_and_close(at, "421 4.3.2 busy")))
                .await;
        let error = connect(&server).await.err().unwrap();
        assert!(
            matches!(&error, ConnectError::Rejected { reply, .. } if reply.text == "421 4.3.2 busy"),
            "{error}"
        );
        assert!(!error.is_permanent());
    }
}

#[tokio::test]
async fn a_connection_closed_after_the_final_dot_leaves_the_outcome_unknown() {
    let (server, mut connection) =
        start(Script::new().rule(Rule::close(At::Stored).on_connection(1).once())).await;
    assert_eq!(
        send(&mut connection, "a@example.org").await,
        "unknown, closed: the relay closed the connection"
    );
    assert_eq!(server.mails().len(), 1, "the server should have received the mail");
}

#[tokio::test]
async fn a_connection_closed_before_the_content_is_a_relay_error() {
    for at in [At::Mail, At::Rcpt, At::Data] {
        let (_server, mut connection) = start(Script::new().rule(Rule::close(at))).await;
        assert_eq!(
            send(&mut connection, "a@example.org").await,
            "relay, closed: the relay closed the connection",
            "{at:?}"
        );
    }
}

#[tokio::test]
async fn a_large_mail_interrupted_in_the_middle_is_not_sent() {
    let large = format!("Subject: x\r\n\r\n{}", "0123456789\r\n".repeat(3_000_000));
    let (_server, mut connection) = start(Script::new().rule(Rule::close(At::MidContent))).await;
    let result = summary(&connection.send(FROM, "a@example.org", &large).await);
    assert_eq!(
        result,
        "deferred Relay, closed: 451 the relay closed the connection, before the whole message was sent"
    );
    let (_server, mut connection) =
        start(Script::new().rule(Rule::reply_and_close(At::MidContent, "552 5.3.4 too large")))
            .await;
    let result = summary(&connection.send(FROM, "a@example.org", &large).await);
    assert!(
        result == "rejected Message, closed: 552 5.3.4 too large"
            || result.starts_with("deferred Relay, closed"),
        "{result}"
    );
}

#[tokio::test]
async fn a_stalled_relay_is_a_timeout() {
    for (at, expected) in [(At::Mail, "relay"), (At::Data, "relay"), (At::Stored, "unknown")] {
        let server = SmtpServer::start(Script::new().rule(Rule::stall(at))).await;
        let short = Timeouts { connect: Duration::from_secs(10), ..timeouts(300) };
        let relay =
            Relay::from_transport(&transport(&server, TlsMode::Opportunistic), short).unwrap();
        let mut connection = Connection::open(&relay).await.unwrap();
        let start = Instant::now();
        assert_eq!(
            send(&mut connection, "a@example.org").await,
            format!("{expected}, closed: the relay did not answer in time")
        );
        assert!(start.elapsed() < Duration::from_secs(100));
    }
    let server = SmtpServer::start(Script::new().rule(Rule::stall(At::Connect))).await;
    let relay =
        Relay::from_transport(&transport(&server, TlsMode::Opportunistic), timeouts(300)).unwrap();
    assert!(matches!(Connection::open(&relay).await, Err(ConnectError::Unreachable { .. })));
}

#[tokio::test]
async fn cancelling_a_mail_halfway_closes_its_connection() {
    for at in [At::Mail, At::Content] {
        let (_server, mut connection) = start(Script::new().rule(Rule::stall(at).once())).await;
        let cancelled = tokio::time::timeout(
            Duration::from_millis(100),
            send(&mut connection, "a@example.org"),
        )
        .await;
        assert!(cancelled.is_err() && !connection.is_idle());
        assert!(
            send(&mut connection, "b@example.org").await.starts_with("relay, closed"),
            "a late reply must not count for another mail"
        );
    }
}

#[tokio::test]
async fn a_slow_reply_within_the_timeout_is_accepted() {
    let (server, mut connection) = start(
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
async fn garbage_is_a_relay_error_before_the_final_dot_and_unknown_after_it() {
    for (at, expected) in
        [(At::Mail, "relay, closed"), (At::Data, "relay, closed"), (At::Content, "unknown, closed")]
    {
        let (_server, mut connection) =
            start(Script::new().rule(Rule::reply_and_close(at, "hello, how are you?"))).await;
        let result = send(&mut connection, "a@example.org").await;
        assert_eq!(
            result,
            format!("{expected}: the relay answered with something that is not SMTP")
        );
    }
    let server =
        SmtpServer::start(Script::new().rule(Rule::reply(At::Connect, "HTTP/1.1 400 Bad Request")))
            .await;
    assert!(matches!(connect(&server).await, Err(ConnectError::NotSmtp { .. })));
}

#[tokio::test]
async fn rejections_of_the_message_have_the_message_scope() {
    let (_server, mut connection) =
        start(Script::new().rule(Rule::reply(At::Content, "554 5.7.1 looks like spam").once()))
            .await;
    assert_eq!(
        send(&mut connection, "a@example.org").await,
        "rejected Message, open: 554 5.7.1 looks like spam"
    );
    assert_eq!(send(&mut connection, "a@example.org").await, "sent, open: 250 2.0.0 taken");
    let (server, mut connection) = start(Script::new().size(10)).await;
    let result = connection.send(FROM, "a@example.org", MAIL).await;
    assert!(
        matches!(result.outcome, SmtpOutcome::Rejected { scope: FailureScope::Message, .. }),
        "{result:?}"
    );
    assert_eq!(server.verbs(1), ["EHLO", "EHLO"], "a mail that is too large should not be started");
}

#[tokio::test]
async fn a_relay_that_rejects_ehlo_is_greeted_with_helo_and_has_no_extensions() {
    for reply in ["500 unknown command", "502 5.5.1 not implemented", "504 no such parameter"] {
        let rule = || Rule::reply(At::Ehlo, reply);
        let (server, mut connection) = start(Script::new().rule(rule())).await;
        for to in ["a@example.org", "b@example.org"] {
            assert_eq!(send(&mut connection, to).await, "sent, open: 250 2.0.0 taken");
        }
        assert_eq!(server.verbs(1)[..3], ["EHLO", "HELO", "MAIL"], "{reply}");
        assert_eq!(server.mails()[0].ehlo_name, "news.example.edu");

        let relay =
            Relay::from_transport(&transport(&server, TlsMode::Required), timeouts(300_000));
        let error = Connection::open(&relay.unwrap()).await.err().unwrap();
        assert!(matches!(error, ConnectError::NoStartTls { .. }), "{error}");

        let login = Transport {
            username: Some("ann".into()),
            password: Some("sesame".into()),
            ..transport(&server, TlsMode::Opportunistic)
        };
        let relay = Relay::from_transport(&login, timeouts(300_000)).unwrap();
        let error = Connection::open(&relay).await.err().unwrap();
        assert!(matches!(error, ConnectError::NoAuthMechanism { .. }), "{error}");

        let refused = Script::new().rule(rule()).rule(Rule::reply(At::Helo, "554 go away"));
        let error = connect(&SmtpServer::start(refused).await).await.err().unwrap();
        assert!(error.to_string().contains("554 go away"), "{error}");
        let closed = Script::new().rule(rule()).rule(Rule::close(At::Helo));
        let error = connect(&SmtpServer::start(closed).await).await.err().unwrap();
        assert!(error.to_string().contains(reply), "{error}");
    }
    let rejected = Script::new().rule(Rule::reply(At::Ehlo, "550 5.7.1 go away"));
    let server = SmtpServer::start(rejected).await;
    let error = connect(&server).await.err().unwrap();
    assert!(matches!(error, ConnectError::Rejected { .. }), "{error}");
    assert_eq!(server.verbs(1), ["EHLO"]);
}
