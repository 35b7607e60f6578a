//! The next envelope in one write with the content before it: what it saves, and what it must never cost.

#![expect(clippy::unwrap_used, reason = "a test that can't go on should stop where it can't")]

mod stepping_down;

use std::time::Duration;

use courant::config::settings::TlsMode;
use courant::mail::smtp::{Connection, Envelope, Relay, Timeouts};

use crate::smtp::{FROM, send, summary, timeouts, transport};
use crate::smtp_server::{At, Rule, Script, SmtpServer};

pub(crate) const SENT: &str = "sent, open: 250 2.0.0 taken";
const GONE: &str = "relay, closed: the relay closed the connection";
const LATE: &str = "relay, closed: the relay did not answer in time";
const ALONE: &str = "relay, closed: the connection to the relay cannot accept a mail";

fn relay(server: &SmtpServer, patience: Timeouts) -> Relay {
    Relay::from_transport(&transport(server, TlsMode::Opportunistic), patience).unwrap()
}

async fn started(script: Script) -> (SmtpServer, Relay, Connection) {
    let server = SmtpServer::start(script).await;
    let relay = relay(
        &server,
        Timeouts { unproven_pipelining: Duration::from_millis(300), ..timeouts(10_000) },
    );
    let connection = Connection::open(&relay).await.unwrap();
    (server, relay, connection)
}

fn mail_to(name: &str) -> String {
    format!("Subject: hello\r\n\r\nhello {name}\r\n")
}

/// Hands over a mail to each, the next envelope always behind the content before it, as long as the connection lives.
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
    let mut became = Vec::new();
    let mut begun = false;
    for (i, mail) in mails.iter().enumerate() {
        if became.len() > i {
            continue;
        }
        if !std::mem::take(&mut begun) {
            let (to, size) = envelope(mail);
            if let Err(ended) = connection.begin(&Envelope { from: FROM, to: &to, size }).await {
                became.push(summary(&ended));
                continue;
            }
        }
        let next = mails.get(i + 1).map(envelope);
        let riding = next.as_ref().map(|(to, size)| Envelope { from: FROM, to, size: *size });
        became.push(summary(&connection.finish(&mail.1, riding.as_ref()).await));
        if riding.is_some() {
            match connection.finish_pipelined().await {
                Ok(()) => begun = true,
                Err(ended) => became.push(summary(&ended)),
            }
        }
    }
    became
}

/// Who got a mail, each once and whole.
fn readers(server: &SmtpServer) -> Vec<String> {
    let name = |to: &str| to.strip_suffix("@example.org").unwrap().to_owned();
    let mails = server.mails();
    let names = mails.iter().map(|mail| {
        let [to] = mail.to.as_slice() else { panic!("{:?}", mail.to) };
        assert_eq!(mail.content, mail_to(&name(to)), "another's content");
        name(to)
    });
    names.collect()
}

#[tokio::test]
async fn every_mail_costs_one_write_and_arrives_once_and_whole() {
    let (server, _, mut connection) = started(Script::new().size(1_000_000)).await;
    assert!(connection.can_pipeline_next());
    assert_eq!(send_pipelined(&mut connection, &["a", "b", "c", "d"]).await, [SENT; 4]);
    assert!(connection.is_idle());
    connection.quit().await;
    assert_eq!(readers(&server), ["a", "b", "c", "d"]);
    let riding = ".+MAIL+RCPT+DATA";
    assert_eq!(server.verbs(1)[2..], ["MAIL+RCPT+DATA", riding, riding, riding, "QUIT"]);
}

#[tokio::test]
async fn the_answer_to_a_content_does_not_wait_for_what_rode_behind_it() {
    let (server, _, mut connection) =
        started(Script::new().rule(Rule::stall(At::Rcpt).recipient("b@"))).await;
    let (a, b) = (mail_to("a"), mail_to("b"));
    let envelope = |to, content: &str| Envelope { from: FROM, to, size: content.len() };
    connection.begin(&envelope("a@example.org", &a)).await.unwrap();
    assert_eq!(summary(&connection.finish(&a, Some(&envelope("b@example.org", &b))).await), SENT);
    assert!(!connection.is_idle(), "nothing else can be begun while an envelope rides");
    let releasing = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        server.release();
    };
    let (ridden, ()) = tokio::join!(connection.finish_pipelined(), releasing);
    assert_eq!(ridden, Ok(()));
    assert_eq!(summary(&connection.finish(&b, None).await), SENT);
    assert_eq!(readers(&server), ["a", "b"]);
}

#[tokio::test]
async fn one_refused_on_the_way_holds_nobody_else_up() {
    let unknown = "550 5.1.1 unknown";
    for script in [Script::new(), Script::new().always_accepts_data()] {
        let script = script
            .rule(Rule::reply(At::Rcpt, unknown).recipient("bad"))
            .rule(Rule::reply(At::Rcpt, "450 4.2.0 greylisted").recipient("slow"))
            .rule(Rule::reply(At::Rcpt, "501 bad address syntax").recipient("odd"));
        let (server, _, mut connection) = started(script).await;
        let became =
            send_pipelined(&mut connection, &["a", "bad", "b", "slow", "c", "odd", "d"]).await;
        let (bad, slow) = (
            format!("refused Recipient, open: {unknown}"),
            "deferred Recipient, open: 450 4.2.0 greylisted",
        );
        let odd = "refused Recipient, open: 501 bad address syntax";
        assert_eq!(became, [SENT, &bad, SENT, slow, SENT, odd, SENT]);
        assert_eq!(readers(&server), ["a", "b", "c", "d"]);
        assert_eq!(server.connections(), 1);
        assert!(
            server.verbs(1).contains(&"RSET+MAIL+RCPT+DATA".to_owned()),
            "what failed is forgotten first"
        );
        assert!(
            connection.can_pipeline_next(),
            "what a relay may say to anybody is no reason to step down"
        );
    }
}

#[tokio::test]
async fn a_content_refused_leaves_the_next_its_turn() {
    let script =
        Script::new().rule(Rule::reply(At::Content, "554 5.7.1 looks like spam").recipient("a@"));
    let (server, _, mut connection) = started(script).await;
    let spam = "refused Message, open: 554 5.7.1 looks like spam";
    assert_eq!(
        send_pipelined(&mut connection, &["a", "b", "a", "c"]).await,
        [spam, SENT, spam, SENT]
    );
    assert_eq!(readers(&server), ["b", "c"]);
    assert!(
        !server.verbs(1).iter().any(|group| group.contains("RSET")),
        "behind a final dot nothing is left to forget"
    );
}

#[tokio::test]
async fn closing_words_count_against_nobody_but_whose_content_they_answer() {
    let bye = "421 4.3.2 shutting down";
    let (server, _, mut connection) =
        started(Script::new().rule(Rule::reply_and_close(At::Content, bye).recipient("a@"))).await;
    assert_eq!(
        send_pipelined(&mut connection, &["a", "b"]).await,
        [&format!("deferred Relay, closed: {bye}"), ALONE]
    );
    assert!(server.mails().is_empty());
    for (at, stage) in [(At::PipelinedMail, "MAIL"), (At::Rcpt, "RCPT"), (At::Data, "DATA")] {
        let rule = Rule::reply_and_close(at, bye);
        let rule = if at == At::PipelinedMail { rule } else { rule.recipient("b@") };
        let (server, relay, mut connection) = started(Script::new().rule(rule)).await;
        let became = send_pipelined(&mut connection, &["a", "b", "c"]).await;
        assert_eq!(
            became[..2],
            [SENT, &format!("relay, closed: the relay answered {stage} with: {bye}")]
        );
        assert_eq!(readers(&server), ["a"]);
        assert!(
            Connection::open(&relay).await.unwrap().can_pipeline_next(),
            "a relay that closes down speaks as it should"
        );
    }
}

#[tokio::test]
async fn a_connection_gone_at_any_point_loses_nobody_and_doubles_nobody() {
    let unknown = "unknown, closed: the relay closed the connection";
    let taken = "250 2.0.0 taken";
    for (rule, first, second, arrived, steps_down) in [
        (Rule::close(At::Content).recipient("a@"), unknown, ALONE, 0, false),
        (Rule::close(At::Stored).recipient("a@"), unknown, ALONE, 1, false),
        (Rule::reply_and_close(At::Content, taken).recipient("a@"), SENT, GONE, 1, true),
        (Rule::close(At::PipelinedMail), SENT, GONE, 1, true),
        (Rule::close(At::Rcpt).recipient("b@"), SENT, GONE, 1, true),
        (Rule::close(At::Data).recipient("b@"), SENT, GONE, 1, true),
        (
            Rule::reply_and_close(At::Content, "554 5.7.1 go away").recipient("a@"),
            "refused Message, open: 554 5.7.1 go away",
            GONE,
            0,
            false,
        ),
    ] {
        let name = format!("{rule:?}");
        let (server, relay, mut connection) = started(Script::new().rule(rule)).await;
        assert_eq!(send_pipelined(&mut connection, &["a", "b"]).await, [first, second], "{name}");
        assert!(!connection.is_idle() && server.mails().len() == arrived, "{name}");
        assert_eq!(
            Connection::open(&relay).await.unwrap().can_pipeline_next(),
            !steps_down,
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_answer_too_many_never_becomes_the_answer_to_another_mail() {
    let twice = "250 2.0.0 taken\r\n250 2.0.0 taken";
    let (server, _, mut connection) =
        started(Script::new().rule(Rule::reply(At::Content, twice).recipient("a@"))).await;
    let became = send_pipelined(&mut connection, &["a", "b"]).await;
    assert_eq!(became, [SENT, "relay, closed: the relay answered DATA with: 250 2.1.5 ok"]);
    assert_eq!(readers(&server), ["a"]);
    let (server, relay, mut connection) =
        started(Script::new().rule(Rule::reply(At::Content, twice).recipient("a@"))).await;
    assert_eq!(send(&mut connection, "a@example.org").await, SENT);
    let became = send(&mut connection, "b@example.org").await;
    assert_eq!(became, "relay, closed: the relay sent an unsolicited reply: 250 2.0.0 taken");
    assert_eq!(
        server.verbs(1)[2..],
        ["MAIL+RCPT+DATA"],
        "where question and answer have parted nothing more is asked"
    );
    assert!(Connection::open(&relay).await.unwrap().can_pipeline_next());
    let granted = "354 go ahead\r\n250 2.0.0 taken";
    let (server, _, mut connection) =
        started(Script::new().rule(Rule::reply(At::Data, granted).recipient("b@"))).await;
    let became = send_pipelined(&mut connection, &["a", "b"]).await;
    assert_eq!(
        became,
        [SENT, "relay, closed: the relay sent an unsolicited reply: 250 2.0.0 taken"]
    );
    assert_eq!(readers(&server), ["a"], "a content is not taken for accepted before it was sent");
}

#[tokio::test]
async fn an_envelope_that_no_relay_could_take_does_not_board() {
    let (server, _, mut connection) = started(Script::new().size(1_000)).await;
    let mail = |name: &str| (format!("{name}@example.org"), mail_to(name));
    let large = ("large@example.org".to_owned(), "x".repeat(2_000));
    let odd = ("no address".to_owned(), String::new());
    let became =
        send_mails_pipelined(&mut connection, &[mail("a"), large, mail("b"), odd, mail("c")]).await;
    assert_eq!(
        (&became[0], &became[2], &became[4]),
        (&SENT.to_owned(), &SENT.to_owned(), &SENT.to_owned())
    );
    assert!(became[1].starts_with("refused Message, open: 552 5.3.4"), "{}", became[1]);
    assert!(became[3].starts_with("refused Recipient, open: 553 5.1.3"), "{}", became[3]);
    assert_eq!(server.verbs(1)[2..], ["MAIL+RCPT+DATA"; 3]);
}

#[tokio::test]
async fn large_contents_full_of_dots_ride_without_anybody_waiting_for_the_other() {
    let (server, _, mut connection) = started(Script::new()).await;
    let line = |i: usize| {
        format!("{}{i} a line of a large mail. And more.\r\n", [".", "..", "", ".\r\n"][i % 4])
    };
    let content: String = (0..6_000).map(line).collect();
    assert!(content.len() > 200_000);
    let mails: Vec<_> = ["a", "b", "c", "d", "e"]
        .map(|name| (format!("{name}@example.org"), content.clone()))
        .into();
    let handing_over = tokio::time::timeout(
        Duration::from_secs(30),
        send_mails_pipelined(&mut connection, &mails),
    );
    assert_eq!(handing_over.await.unwrap(), [SENT; 5]);
    assert!(server.mails().iter().all(|mail| mail.content == content));
    assert_eq!(server.mails().len(), 5);
}

#[tokio::test]
async fn a_hand_over_given_up_half_way_takes_its_connection_with_it() {
    let (server, relay, mut connection) =
        started(Script::new().rule(Rule::stall(At::Content).once())).await;
    let halfway = send_pipelined(&mut connection, &["a", "b"]);
    assert!(tokio::time::timeout(Duration::from_millis(100), halfway).await.is_err());
    assert!(!connection.is_idle() && !connection.can_pipeline_next());
    assert_eq!(
        summary(&connection.finish_pipelined().await.unwrap_err()),
        ALONE,
        "the answer to a content is not one to an envelope"
    );
    let mut next = Connection::open(&relay).await.unwrap();
    assert_eq!(send_pipelined(&mut next, &["c", "d"]).await, [SENT; 2]);
    assert!(
        server.verbs(2).contains(&".+MAIL+RCPT+DATA".to_owned()),
        "a trial that was given up leaves room for another"
    );
    let (server, _, mut connection) = started(Script::new()).await;
    connection.begin(&Envelope { from: FROM, to: "a@example.org", size: 1 }).await.unwrap();
    connection.abandon();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(server.mails().is_empty(), "content that was due and never came is no mail");
}

/// Hands over as a lane does: whoever went back unattempted is tried again on a new connection, a few times.
async fn send_with_retries(relay: &Relay, names: &[&str]) -> Vec<String> {
    let mut became = vec![String::new(); names.len()];
    for _ in 0..8 {
        let left: Vec<usize> = (0..names.len())
            .filter(|&i| became[i].is_empty() || became[i].starts_with("relay"))
            .collect();
        if left.is_empty() {
            break;
        }
        let mut connection = Connection::open(relay).await.unwrap();
        let whom: Vec<&str> = left.iter().map(|&i| names[i]).collect();
        for (i, outcome) in left.into_iter().zip(send_pipelined(&mut connection, &whom).await) {
            became[i] = outcome;
        }
    }
    became
}

#[tokio::test]
async fn whatever_is_said_to_one_the_others_get_theirs_once() {
    let words = [
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
        for said in
            words.map(|words| [Rule::reply(at, words), Rule::reply_and_close(at, words)]).concat()
        {
            let name = format!("{said:?}");
            let said = if matches!(at, At::Rcpt | At::Data | At::Content) {
                said.recipient("b@")
            } else {
                said
            };
            let script = Script::new()
                .rule(said.once())
                .rule(Rule::reply(At::Rcpt, "550 5.1.1 unknown").recipient("bad"));
            let server = SmtpServer::start(script).await;
            let relay =
                relay(&server, Timeouts { connect: Duration::from_secs(10), ..timeouts(500) });
            let became = send_with_retries(&relay, &["a", "b", "bad", "c"]).await;
            let arrived = readers(&server);
            for (name_of, outcome) in ["a", "b", "bad", "c"].into_iter().zip(&became) {
                let times = arrived.iter().filter(|name| *name == name_of).count();
                let sent = outcome.starts_with("sent");
                assert!(
                    times == usize::from(sent) || outcome.starts_with("unknown") && times <= 1,
                    "{name}: {name_of} {times} times, {became:?}"
                );
            }
            assert!(
                became[2].starts_with("refused Recipient")
                    || at == At::Mail
                    || at == At::PipelinedMail,
                "{name}: {became:?}"
            );
            if matches!(at, At::Rcpt | At::Data | At::Content) {
                assert!(
                    became[0].starts_with("sent") && became[3].starts_with("sent"),
                    "{name}: {became:?}"
                );
            }
        }
    }
}
