//! Relays that offer pipelining but cannot handle it: the connection falls back to less pipelining,
//! and no mail is lost.

use std::time::{Duration, Instant};

use courant::config::settings::TlsMode;
use courant::mail::smtp::{Connection, Relay};

use super::{CLOSED, SENT, TIMED_OUT, UNUSABLE, received_by, send_pipelined, start};
use crate::smtp::{send, timeouts, transport};
use crate::smtp_server::{At, Rule, Script};

#[tokio::test]
async fn a_relay_that_discards_pipelined_commands_is_probed_once_and_remembered() {
    let (server, relay, mut connection) = start(Script::new().discards_pipelined_commands()).await;
    let start_time = Instant::now();
    assert_eq!(send_pipelined(&mut connection, &["a", "b"]).await, [SENT, TIMED_OUT]);
    assert!(
        start_time.elapsed() < Duration::from_secs(100),
        "should not wait for the full reply timeout"
    );
    let mut next = Connection::open(&relay.clone()).await.unwrap();
    assert!(!next.can_pipeline_next() && next.supports_pipelining());
    assert_eq!(send_pipelined(&mut next, &["b", "c", "d"]).await, [SENT; 3]);
    assert_eq!(received_by(&server), ["a", "b", "c", "d"]);
    assert_eq!(server.verbs(2)[2..], ["MAIL+RCPT+DATA"; 3]);
    let fresh =
        Relay::from_transport(&transport(&server, TlsMode::Opportunistic), timeouts(10_000))
            .unwrap();
    assert!(
        Connection::open(&fresh).await.unwrap().can_pipeline_next(),
        "the level is remembered per relay"
    );
}

#[tokio::test]
async fn a_relay_that_rejects_pipelined_commands_causes_a_fallback_without_loss() {
    for reply in [
        "500 what?",
        "501 syntax error",
        "502 no",
        "503 5.5.1 nested MAIL",
        "554 SMTP synchronization error",
        "354 go ahead",
    ] {
        let (server, relay, mut connection) =
            start(Script::new().rule(Rule::reply(At::PipelinedMail, reply))).await;
        let results = send_pipelined(&mut connection, &["a", "b"]).await;
        assert_eq!(
            results,
            [SENT, &format!("relay, closed: the relay answered MAIL with: {reply}")]
        );
        let mut next = Connection::open(&relay).await.unwrap();
        assert!(!next.can_pipeline_next());
        assert_eq!(send_pipelined(&mut next, &["b", "c"]).await, [SENT; 2]);
        assert_eq!(received_by(&server), ["a", "b", "c"]);
    }
    let improper = "503 5.5.0 improper use of pipelining";
    let (_server, relay, mut connection) =
        start(Script::new().rule(Rule::reply(At::Content, improper).recipient("a@"))).await;
    let results = send_pipelined(&mut connection, &["a", "b"]).await;
    assert_eq!(
        results,
        [&format!("relay, closed: the relay answered the message with: {improper}"), UNUSABLE]
    );
    assert!(!Connection::open(&relay).await.unwrap().can_pipeline_next());
}

#[tokio::test]
async fn proven_pipelining_falls_back_after_three_failures_in_a_row() {
    let (_server, relay, mut connection) =
        start(Script::new().rule(Rule::close(At::Rcpt).recipient("bad"))).await;
    assert_eq!(send_pipelined(&mut connection, &["a", "b", "bad"]).await, [SENT, SENT, CLOSED]);
    for (names, pipelines) in [
        (&["a", "bad"][..], true),
        (&["a", "b", "bad"], true),
        (&["a", "bad"], true),
        (&["a", "bad"], false),
    ] {
        let mut connection = Connection::open(&relay).await.unwrap();
        assert!(connection.can_pipeline_next());
        assert_eq!(send_pipelined(&mut connection, names).await.last().unwrap(), CLOSED);
        assert_eq!(
            Connection::open(&relay).await.unwrap().can_pipeline_next(),
            pipelines,
            "{names:?}"
        );
    }
}

#[tokio::test]
async fn a_relay_that_cannot_handle_a_pipelined_envelope_gets_one_command_at_a_time() {
    let script = Script::new().rule(Rule::reply(At::Data, "503 5.5.1 RCPT first").once());
    let (server, relay, mut connection) = start(script).await;
    let results = send(&mut connection, "a@example.org").await;
    assert_eq!(results, "relay, closed: the relay answered DATA with: 503 5.5.1 RCPT first");
    let mut next = Connection::open(&relay).await.unwrap();
    assert!(next.supports_pipelining() && !next.can_pipeline_next());
    assert_eq!(send_pipelined(&mut next, &["a", "b"]).await, [SENT; 2]);
    assert_eq!(server.verbs(2)[2..], ["MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA"]);
}

#[tokio::test]
async fn a_relay_without_pipelining_gets_one_command_at_a_time() {
    let (server, _, mut connection) = start(Script::new().without_pipelining()).await;
    assert!(!connection.can_pipeline_next());
    assert_eq!(send_pipelined(&mut connection, &["a", "b"]).await, [SENT; 2]);
    assert_eq!(server.verbs(1)[2..], ["MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA"]);
    assert_eq!(received_by(&server), ["a", "b"]);
}

#[tokio::test]
async fn a_relay_that_closes_between_two_mails_keeps_its_pipelining_level() {
    let last = Rule::reply_and_close(At::Content, "250 2.0.0 taken");
    let (server, relay, mut connection) = start(Script::new().rule(last)).await;
    for sent in 1..=4 {
        assert_eq!(send(&mut connection, "a@example.org").await, SENT);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(send(&mut connection, "b@example.org").await, CLOSED);
        assert_eq!(server.verbs(sent)[2..], ["MAIL+RCPT+DATA"]);
        connection = Connection::open(&relay).await.unwrap();
        assert!(connection.can_pipeline_next(), "the relay did not reply to pipelined commands");
    }
}
