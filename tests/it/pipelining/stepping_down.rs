//! Relays that offer pipelining and do not stand it: less is said to them at once, and nothing is lost over it.

use std::time::{Duration, Instant};

use courant::config::settings::TlsMode;
use courant::mail::smtp::{Connection, Relay};

use super::{ALONE, GONE, LATE, SENT, readers, send_pipelined, started};
use crate::smtp::{send, timeouts, transport};
use crate::smtp_server::{At, Rule, Script};

#[tokio::test]
async fn a_relay_that_loses_what_rides_is_asked_once_and_remembered() {
    let (server, relay, mut connection) =
        started(Script::new().discards_pipelined_commands()).await;
    let begun = Instant::now();
    assert_eq!(send_pipelined(&mut connection, &["a", "b"]).await, [SENT, LATE]);
    assert!(begun.elapsed() < Duration::from_secs(5), "not for the full patience with a reply");
    let mut next = Connection::open(&relay.clone()).await.unwrap();
    assert!(!next.can_pipeline_next() && next.supports_pipelining());
    assert_eq!(send_pipelined(&mut next, &["b", "c", "d"]).await, [SENT; 3]);
    assert_eq!(readers(&server), ["a", "b", "c", "d"]);
    assert_eq!(server.verbs(2)[2..], ["MAIL+RCPT+DATA"; 3]);
    let fresh =
        Relay::from_transport(&transport(&server, TlsMode::Opportunistic), timeouts(10_000))
            .unwrap();
    assert!(
        Connection::open(&fresh).await.unwrap().can_pipeline_next(),
        "another relay has its own memory"
    );
}

#[tokio::test]
async fn a_relay_that_does_not_understand_what_rides_steps_down_and_loses_nothing() {
    for words in [
        "500 what?",
        "501 syntax error",
        "502 no",
        "503 5.5.1 nested MAIL",
        "554 SMTP synchronization error",
        "354 go ahead",
    ] {
        let (server, relay, mut connection) =
            started(Script::new().rule(Rule::reply(At::PipelinedMail, words))).await;
        let became = send_pipelined(&mut connection, &["a", "b"]).await;
        assert_eq!(
            became,
            [SENT, &format!("relay, closed: the relay answered MAIL with: {words}")]
        );
        let mut next = Connection::open(&relay).await.unwrap();
        assert!(!next.can_pipeline_next());
        assert_eq!(send_pipelined(&mut next, &["b", "c"]).await, [SENT; 2]);
        assert_eq!(readers(&server), ["a", "b", "c"]);
    }
    let improper = "503 5.5.0 improper use of pipelining";
    let (_server, relay, mut connection) =
        started(Script::new().rule(Rule::reply(At::Content, improper).recipient("a@"))).await;
    let became = send_pipelined(&mut connection, &["a", "b"]).await;
    assert_eq!(
        became,
        [&format!("relay, closed: the relay answered the message with: {improper}"), ALONE]
    );
    assert!(!Connection::open(&relay).await.unwrap().can_pipeline_next());
}

#[tokio::test]
async fn where_it_has_worked_it_takes_three_failures_in_a_row() {
    let (_server, relay, mut connection) =
        started(Script::new().rule(Rule::close(At::Rcpt).recipient("bad"))).await;
    assert_eq!(send_pipelined(&mut connection, &["a", "b", "bad"]).await, [SENT, SENT, GONE]);
    for (names, rides) in [
        (&["a", "bad"][..], true),
        (&["a", "b", "bad"], true),
        (&["a", "bad"], true),
        (&["a", "bad"], false),
    ] {
        let mut connection = Connection::open(&relay).await.unwrap();
        assert!(connection.can_pipeline_next());
        assert_eq!(send_pipelined(&mut connection, names).await.last().unwrap(), GONE);
        assert_eq!(Connection::open(&relay).await.unwrap().can_pipeline_next(), rides, "{names:?}");
    }
}

#[tokio::test]
async fn a_relay_that_can_not_take_an_envelope_at_once_is_told_step_by_step() {
    let script = Script::new().rule(Rule::reply(At::Data, "503 5.5.1 RCPT first").once());
    let (server, relay, mut connection) = started(script).await;
    let became = send(&mut connection, "a@example.org").await;
    assert_eq!(became, "relay, closed: the relay answered DATA with: 503 5.5.1 RCPT first");
    let mut next = Connection::open(&relay).await.unwrap();
    assert!(next.supports_pipelining() && !next.can_pipeline_next());
    assert_eq!(send_pipelined(&mut next, &["a", "b"]).await, [SENT; 2]);
    assert_eq!(server.verbs(2)[2..], ["MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA"]);
}

#[tokio::test]
async fn a_relay_without_pipelining_gets_one_command_at_a_time() {
    let (server, _, mut connection) = started(Script::new().without_pipelining()).await;
    assert!(!connection.can_pipeline_next());
    assert_eq!(send_pipelined(&mut connection, &["a", "b"]).await, [SENT; 2]);
    assert_eq!(server.verbs(1)[2..], ["MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA"]);
    assert_eq!(readers(&server), ["a", "b"]);
}

#[tokio::test]
async fn a_relay_that_hangs_up_between_two_mails_is_not_blamed_for_it() {
    let last = Rule::reply_and_close(At::Content, "250 2.0.0 taken");
    let (server, relay, mut connection) = started(Script::new().rule(last)).await;
    for sent in 1..=4 {
        assert_eq!(send(&mut connection, "a@example.org").await, SENT);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(send(&mut connection, "b@example.org").await, GONE);
        assert_eq!(server.verbs(sent)[2..], ["MAIL+RCPT+DATA"]);
        connection = Connection::open(&relay).await.unwrap();
        assert!(connection.can_pipeline_next(), "it said nothing to what was written at once");
    }
}
