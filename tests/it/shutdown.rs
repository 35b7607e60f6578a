//! A process that is told to stop while a relay keeps silent ends in good time, and tells what it does not know.

use std::time::{Duration, Instant};

use courant::delivery::Report;
use courant::domain::time::MINUTE;
use courant::mail::smtp::Timeouts;
use tokio_util::sync::CancellationToken;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, stories};

/// Sends to three over one connection and stops while the relay keeps silent there; gives how long the end took.
async fn stopped(
    world: &mut World,
    at: At,
    grace: Duration,
    speaks: bool,
) -> (i64, Report, Duration) {
    world.configure(|s| s.transport = "connections = 1".into()).await;
    world.relay.set_script(Script::new().rule(Rule::stall(at).once()));
    world.publish([article(&format!("{at:?}"))]).await;
    world.readers(3).await;
    let edition = world.edition().await;
    let patience = Timeouts { envelope_grace: grace, content_grace: grace, ..Timeouts::default() };
    let (engine, transport, stop) = (
        world.engine().with_timeouts(patience),
        world.transport().clone(),
        CancellationToken::new(),
    );
    let (halt, before) = (stop.clone(), world.relay.stalled());
    let sending =
        tokio::spawn(async move { engine.deliver_due(&transport, 0, &halt).await.unwrap() });
    while world.relay.stalled() == before {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let told = Instant::now();
    stop.cancel();
    if speaks {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.relay.release();
    }
    let report = tokio::time::timeout(Duration::from_secs(20), sending)
        .await
        .expect("it waits for a silent relay")
        .unwrap();
    (edition, report, told.elapsed())
}

const SHORT: Duration = Duration::from_millis(300);

stories! {
    async fn an_envelope_without_an_answer_is_not_waited_for_and_goes_back(world) {
        for at in [At::Mail, At::Rcpt, At::Data] {
            let (edition, report, took) = stopped(world, at, SHORT, false).await;
            assert!(took >= SHORT && report.sent == 0, "{at:?}: {took:?}, {report:?}");
            assert_eq!(world.fate(edition).await, "sending: 3 queued", "{at:?}");
            world.relay.set_script(Script::new());
            world.relay.release();
            world.restart();
            world.deliver().await;
            assert_eq!(world.fate(edition).await, "sent: 3 sent", "{at:?}");
        }
        assert_eq!(world.relay.mails().len(), 9);
    }

    async fn a_relay_that_is_silent_before_any_mail_is_not_waited_for(world) {
        for at in [At::Connect, At::Ehlo] {
            let (edition, report, _) = stopped(world, at, SHORT, false).await;
            assert_eq!((report.attempts(), world.fate(edition).await.as_str()), (0, "sending: 3 queued"), "{at:?}");
            assert!(!report.error.is_some_and(|why| why.contains("silent")), "nobody knows that it is in trouble");
            world.relay.set_script(Script::new());
            world.relay.release();
            world.restart();
            world.deliver().await;
            assert_eq!(world.fate(edition).await, "sent: 3 sent", "{at:?}");
        }
        assert_eq!(world.relay.mails().len(), 6);
    }

    async fn a_message_without_an_answer_is_not_waited_for_long_and_stays_unknown(world) {
        let (edition, report, took) = stopped(world, At::Content, SHORT, false).await;
        assert!(took >= SHORT && report.sent == 0, "{took:?}, {report:?}");
        assert_eq!(world.fate(edition).await, "sending: 3 queued");
        assert!(world.answer("r0@example.org").await.contains("no reply to the message before the shutdown"));
        assert_eq!(world.sql("UPDATE deliveries SET state = state WHERE uncertain = 1").await, 1);
        world.restart();
        world.leap(MINUTE);
        world.deliver().await;
        assert_eq!((world.fate(edition).await.as_str(), world.relay.mails().len()), ("sent: 3 sent", 4));
    }

    async fn an_answer_that_comes_while_we_stop_counts(world) {
        let (edition, report, took) = stopped(world, At::Content, Duration::from_secs(15), true).await;
        // What rode behind it is sent as well: the relay has been told of it.
        assert!(report.sent == 2 && took < Duration::from_secs(10), "{took:?}, {report:?}");
        assert_eq!(world.fate(edition).await, "sending: 1 queued, 2 sent");
        world.restart();
        world.deliver().await;
        assert_eq!((world.fate(edition).await.as_str(), world.relay.mails().len()), ("sent: 3 sent", 3));
    }
}
