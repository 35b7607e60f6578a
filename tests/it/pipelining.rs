//! SMTP pipelining across messages: the next envelope is sent in one write with the content before
//! it, and no failure loses or duplicates a mail.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue should panic on the spot")]

mod fallback;

use std::time::Duration;

use courant::config::settings::TlsMode;
use courant::mail::smtp::{Connection, Envelope, Relay, Timeouts};

use crate::smtp::{FROM, send, summary, timeouts, transport};
use crate::smtp_server::{At, Rule, Script, SmtpServer};

pub(crate) const SENT: &str = "sent, open: 250 2.0.0 taken";
const CLOSED: &str = "relay, closed: the relay closed the connection";
const TIMED_OUT: &str = "relay, closed: the relay did not answer in time";
const UNUSABLE: &str = "relay, closed: the connection to the relay cannot accept a message";

fn relay(server: &SmtpServer, timeouts: Timeouts) -> Relay {
    Relay::from_transport(&transport(server, TlsMode::Opportunistic), timeouts).unwrap()
}

async fn start(script: Script) -> (SmtpServer, Relay, Connection) {
    let server = SmtpServer::start(script).await;
    let relay = relay(
        &server,
        Timeouts { unproven_pipelining: Duration::from_millis(300), ..timeouts(300_000) },
    );
    let connection = Connection::open(&relay).await.unwrap();
    (server, relay, connection)
}

fn mail_to(name: &str) -> String {
    format!("Subject: hello\r\n\r\nhello {name}\r\n")
}

/// Sends a mail to each name, with every envelope pipelined behind the content before it, until the
/// connection closes. Returns a summary of each attempt.
pub(crate) async fn send_pipelined(connection: &mut Connection, names: &[&str]) -> Vec<String> {
    let mails: Vec<_> =
        names.iter().map(|name| (format!("{name}@example.org"), mail_to(name))).collect();
    send_mails_pipelined(connection, &mails).await
}

async fn send_mails_pipelined(
    connection: &mut Connection,
    mails: &[(String, String)],
) -> Vec<String> {
    let envelope = |(to, content): &'_ (String, String)| (to.clone(), content.len());
    let mut results = Vec::new();
    let mut is_started = false;
    for (i, mail) in mails.iter().enumerate() {
        if results.len() > i {
            continue;
        }
        if !std::mem::take(&mut is_started) {
            let (to, size) = envelope(mail);
            if let Err(result) =
                connection.start_transaction(&Envelope { from: FROM, to: &to, size }).await
            {
                results.push(summary(&result));
                continue;
            }
        }
        let next = mails.get(i + 1).map(envelope);
        let next = next.as_ref().map(|(to, size)| Envelope { from: FROM, to, size: *size });
        results.push(summary(&connection.send_content(&mail.1, next.as_ref()).await));
        if next.is_some() {
            match connection.read_pipelined_replies().await {
                Ok(()) => is_started = true,
                Err(result) => results.push(summary(&result)),
            }
        }
    }
    results
}

/// Returns the names that received a mail; asserts that each mail is complete.
fn received_by(server: &SmtpServer) -> Vec<String> {
    let name = |to: &str| to.strip_suffix("@example.org").unwrap().to_owned();
    let mails = server.mails();
    let names = mails.iter().map(|mail| {
        let [to] = mail.to.as_slice() else { panic!("{:?}", mail.to) };
        assert_eq!(mail.content, mail_to(&name(to)), "the content belongs to another recipient");
        name(to)
    });
    names.collect()
}

#[tokio::test]
async fn every_mail_takes_one_write_and_is_received_once_and_complete() {
    let (server, _, mut connection) = start(Script::new().size(1_000_000)).await;
    assert!(connection.can_pipeline_next());
    assert_eq!(send_pipelined(&mut connection, &["a", "b", "c", "d"]).await, [SENT; 4]);
    assert!(connection.is_idle());
    connection.quit().await;
    assert_eq!(received_by(&server), ["a", "b", "c", "d"]);
    let pipelined = ".+MAIL+RCPT+DATA";
    assert_eq!(server.verbs(1)[2..], ["MAIL+RCPT+DATA", pipelined, pipelined, pipelined, "QUIT"]);
}

#[tokio::test]
async fn the_reply_to_a_content_does_not_wait_for_the_pipelined_envelope() {
    let (server, _, mut connection) =
        start(Script::new().rule(Rule::stall(At::Rcpt).recipient("b@"))).await;
    let (a, b) = (mail_to("a"), mail_to("b"));
    let envelope = |to, content: &str| Envelope { from: FROM, to, size: content.len() };
    connection.start_transaction(&envelope("a@example.org", &a)).await.unwrap();
    assert_eq!(
        summary(&connection.send_content(&a, Some(&envelope("b@example.org", &b))).await),
        SENT
    );
    assert!(!connection.is_idle(), "no mail can be started while an envelope is pipelined");
    let releasing = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        server.release();
    };
    let (pipelined, ()) = tokio::join!(connection.read_pipelined_replies(), releasing);
    assert_eq!(pipelined, Ok(()));
    assert_eq!(summary(&connection.send_content(&b, None).await), SENT);
    assert_eq!(received_by(&server), ["a", "b"]);
}

#[tokio::test]
async fn a_rejected_recipient_does_not_delay_the_others() {
    let unknown = "550 5.1.1 unknown";
    for script in [Script::new(), Script::new().always_accepts_data()] {
        let script = script
            .rule(Rule::reply(At::Rcpt, unknown).recipient("bad"))
            .rule(Rule::reply(At::Rcpt, "450 4.2.0 greylisted").recipient("slow"))
            .rule(Rule::reply(At::Rcpt, "501 bad address syntax").recipient("odd"));
        let (server, _, mut connection) = start(script).await;
        let results =
            send_pipelined(&mut connection, &["a", "bad", "b", "slow", "c", "odd", "d"]).await;
        let (bad, slow) = (
            format!("rejected Recipient, open: {unknown}"),
            "deferred Recipient, open: 450 4.2.0 greylisted",
        );
        let odd = "rejected Recipient, open: 501 bad address syntax";
        assert_eq!(results, [SENT, &bad, SENT, slow, SENT, odd, SENT]);
        assert_eq!(received_by(&server), ["a", "b", "c", "d"]);
        assert_eq!(server.connections(), 1);
        assert!(
            server.verbs(1).contains(&"RSET+MAIL+RCPT+DATA".to_owned()),
            "a failed envelope should be reset first"
        );
        assert!(
            connection.can_pipeline_next(),
            "a rejected recipient is no reason to stop pipelining"
        );
    }
}

#[tokio::test]
async fn after_a_rejected_content_the_next_mail_is_sent() {
    let script =
        Script::new().rule(Rule::reply(At::Content, "554 5.7.1 looks like spam").recipient("a@"));
    let (server, _, mut connection) = start(script).await;
    let spam = "rejected Message, open: 554 5.7.1 looks like spam";
    assert_eq!(
        send_pipelined(&mut connection, &["a", "b", "a", "c"]).await,
        [spam, SENT, spam, SENT]
    );
    assert_eq!(received_by(&server), ["b", "c"]);
    assert!(
        !server.verbs(1).iter().any(|group| group.contains("RSET")),
        "no reset is needed after a final dot"
    );
}

#[tokio::test]
async fn a_421_defers_only_the_mail_whose_content_it_answers() {
    let bye = "421 4.3.2 shutting down";
    let (server, _, mut connection) =
        start(Script::new().rule(Rule::reply_and_close(At::Content, bye).recipient("a@"))).await;
    assert_eq!(
        send_pipelined(&mut connection, &["a", "b"]).await,
        [&format!("deferred Relay, closed: {bye}"), UNUSABLE]
    );
    assert!(server.mails().is_empty());
    for (at, stage) in [(At::PipelinedMail, "MAIL"), (At::Rcpt, "RCPT"), (At::Data, "DATA")] {
        let rule = Rule::reply_and_close(at, bye);
        let rule = if at == At::PipelinedMail { rule } else { rule.recipient("b@") };
        let (server, relay, mut connection) = start(Script::new().rule(rule)).await;
        let results = send_pipelined(&mut connection, &["a", "b", "c"]).await;
        assert_eq!(
            results[..2],
            [SENT, &format!("relay, closed: the relay answered {stage} with: {bye}")]
        );
        assert_eq!(received_by(&server), ["a"]);
        assert!(
            Connection::open(&relay).await.unwrap().can_pipeline_next(),
            "a relay that shuts down still supports pipelining"
        );
    }
}

#[tokio::test]
async fn a_connection_closed_at_any_point_loses_and_duplicates_no_mail() {
    let unknown = "unknown, closed: the relay closed the connection";
    let taken = "250 2.0.0 taken";
    for (rule, first, second, received, falls_back) in [
        (Rule::close(At::Content).recipient("a@"), unknown, UNUSABLE, 0, false),
        (Rule::close(At::Stored).recipient("a@"), unknown, UNUSABLE, 1, false),
        (Rule::reply_and_close(At::Content, taken).recipient("a@"), SENT, CLOSED, 1, true),
        (Rule::close(At::PipelinedMail), SENT, CLOSED, 1, true),
        (Rule::close(At::Rcpt).recipient("b@"), SENT, CLOSED, 1, true),
        (Rule::close(At::Data).recipient("b@"), SENT, CLOSED, 1, true),
        (
            Rule::reply_and_close(At::Content, "554 5.7.1 go away").recipient("a@"),
            "rejected Message, open: 554 5.7.1 go away",
            CLOSED,
            0,
            false,
        ),
    ] {
        let name = format!("{rule:?}");
        let (server, relay, mut connection) = start(Script::new().rule(rule)).await;
        assert_eq!(send_pipelined(&mut connection, &["a", "b"]).await, [first, second], "{name}");
        assert!(!connection.is_idle() && server.mails().len() == received, "{name}");
        assert_eq!(
            Connection::open(&relay).await.unwrap().can_pipeline_next(),
            !falls_back,
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_extra_reply_never_counts_for_another_mail() {
    let twice = "250 2.0.0 taken\r\n250 2.0.0 taken";
    let (server, _, mut connection) =
        start(Script::new().rule(Rule::reply(At::Content, twice).recipient("a@"))).await;
    let results = send_pipelined(&mut connection, &["a", "b"]).await;
    assert_eq!(results, [SENT, "relay, closed: the relay answered DATA with: 250 2.1.5 ok"]);
    assert_eq!(received_by(&server), ["a"]);
    let (server, relay, mut connection) =
        start(Script::new().rule(Rule::reply(At::Content, twice).recipient("a@"))).await;
    assert_eq!(send(&mut connection, "a@example.org").await, SENT);
    let results = send(&mut connection, "b@example.org").await;
    assert_eq!(results, "relay, closed: the relay sent an unsolicited reply: 250 2.0.0 taken");
    assert_eq!(
        server.verbs(1)[2..],
        ["MAIL+RCPT+DATA"],
        "no command should be sent after an unsolicited reply"
    );
    assert!(Connection::open(&relay).await.unwrap().can_pipeline_next());
    let granted = "354 go ahead\r\n250 2.0.0 taken";
    let (server, _, mut connection) =
        start(Script::new().rule(Rule::reply(At::Data, granted).recipient("b@"))).await;
    let results = send_pipelined(&mut connection, &["a", "b"]).await;
    assert_eq!(
        results,
        [SENT, "relay, closed: the relay sent an unsolicited reply: 250 2.0.0 taken"]
    );
    assert_eq!(
        received_by(&server),
        ["a"],
        "a content should not count as accepted before it is sent"
    );
}

#[tokio::test]
async fn an_invalid_envelope_is_not_pipelined() {
    let (server, _, mut connection) = start(Script::new().size(1_000)).await;
    let mail = |name: &str| (format!("{name}@example.org"), mail_to(name));
    let large = ("large@example.org".to_owned(), "x".repeat(2_000));
    let odd = ("no address".to_owned(), String::new());
    let results =
        send_mails_pipelined(&mut connection, &[mail("a"), large, mail("b"), odd, mail("c")]).await;
    assert_eq!(
        (&results[0], &results[2], &results[4]),
        (&SENT.to_owned(), &SENT.to_owned(), &SENT.to_owned())
    );
    assert!(results[1].starts_with("rejected Message, open: 552 5.3.4"), "{}", results[1]);
    assert!(results[3].starts_with("rejected Recipient, open: 553 5.1.3"), "{}", results[3]);
    assert_eq!(server.verbs(1)[2..], ["MAIL+RCPT+DATA"; 3]);
}

#[tokio::test]
async fn large_contents_with_many_dots_are_pipelined_without_deadlock() {
    let (server, _, mut connection) = start(Script::new()).await;
    let line = |i: usize| {
        format!("{}{i} a line of a large mail. And more.\r\n", [".", "..", "", ".\r\n"][i % 4])
    };
    let content: String = (0..6_000).map(line).collect();
    assert!(content.len() > 200_000);
    let mails: Vec<_> = ["a", "b", "c", "d", "e"]
        .map(|name| (format!("{name}@example.org"), content.clone()))
        .into();
    let sending = tokio::time::timeout(
        Duration::from_secs(30),
        send_mails_pipelined(&mut connection, &mails),
    );
    assert_eq!(sending.await.unwrap(), [SENT; 5]);
    assert!(server.mails().iter().all(|mail| mail.content == content));
    assert_eq!(server.mails().len(), 5);
}

#[tokio::test]
async fn cancelling_a_pipelined_mail_halfway_closes_its_connection() {
    let (server, relay, mut connection) =
        start(Script::new().rule(Rule::stall(At::Content).once())).await;
    let halfway = send_pipelined(&mut connection, &["a", "b"]);
    assert!(tokio::time::timeout(Duration::from_millis(100), halfway).await.is_err());
    assert!(!connection.is_idle() && !connection.can_pipeline_next());
    assert_eq!(
        summary(&connection.read_pipelined_replies().await.unwrap_err()),
        UNUSABLE,
        "the reply to a content should not count for an envelope"
    );
    let mut next = Connection::open(&relay).await.unwrap();
    assert_eq!(send_pipelined(&mut next, &["c", "d"]).await, [SENT; 2]);
    assert!(
        server.verbs(2).contains(&".+MAIL+RCPT+DATA".to_owned()),
        "a cancelled probe should release its permit"
    );
    let (server, _, mut connection) = start(Script::new()).await;
    connection
        .start_transaction(&Envelope { from: FROM, to: "a@example.org", size: 1 })
        .await
        .unwrap();
    connection.abandon();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(server.mails().is_empty(), "a mail without content should not be received");
}

/// Sends like a worker: mails that were not attempted are retried on a new connection, up to eight
/// times.
async fn send_with_retries(relay: &Relay, names: &[&str]) -> Vec<String> {
    let mut results = vec![String::new(); names.len()];
    for _ in 0..8 {
        let remaining: Vec<usize> = (0..names.len())
            .filter(|&i| results[i].is_empty() || results[i].starts_with("relay"))
            .collect();
        if remaining.is_empty() {
            break;
        }
        let mut connection = Connection::open(relay).await.unwrap();
        let recipients: Vec<&str> = remaining.iter().map(|&i| names[i]).collect();
        for (i, outcome) in
            remaining.into_iter().zip(send_pipelined(&mut connection, &recipients).await)
        {
            results[i] = outcome;
        }
    }
    results
}

#[tokio::test]
async fn an_unusual_reply_for_one_mail_does_not_affect_the_others() {
    let replies = [
        "250 2.0.0 x",
        "354 x",
        "450 4.2.0 x",
        "500 x",
        "501 x",
        "503 x",
        "550 5.1.1 x",
        "554 5.7.1 x",
        "421 x",
        "hello",
    ];
    for at in [At::Mail, At::PipelinedMail, At::Rcpt, At::Data, At::Content, At::Rset] {
        for rule in
            replies.map(|text| [Rule::reply(at, text), Rule::reply_and_close(at, text)]).concat()
        {
            let name = format!("{rule:?}");
            let rule = if matches!(at, At::Rcpt | At::Data | At::Content) {
                rule.recipient("b@")
            } else {
                rule
            };
            let script = Script::new()
                .rule(rule.once())
                .rule(Rule::reply(At::Rcpt, "550 5.1.1 unknown").recipient("bad"));
            let server = SmtpServer::start(script).await;
            let relay =
                relay(&server, Timeouts { connect: Duration::from_secs(10), ..timeouts(500) });
            let results = send_with_retries(&relay, &["a", "b", "bad", "c"]).await;
            let received = received_by(&server);
            for (recipient, outcome) in ["a", "b", "bad", "c"].into_iter().zip(&results) {
                let times = received.iter().filter(|name| *name == recipient).count();
                let sent = outcome.starts_with("sent");
                assert!(
                    times == usize::from(sent) || outcome.starts_with("unknown") && times <= 1,
                    "{name}: {recipient} {times} times, {results:?}"
                );
            }
            assert!(
                results[2].starts_with("rejected Recipient")
                    || at == At::Mail
                    || at == At::PipelinedMail,
                "{name}: {results:?}"
            );
            if matches!(at, At::Rcpt | At::Data | At::Content) {
                assert!(
                    results[0].starts_with("sent") && results[3].starts_with("sent"),
                    "{name}: {results:?}"
                );
            }
        }
    }
}
