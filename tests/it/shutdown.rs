//! Shutdown while a relay does not reply: the process ends within the grace time and records
//! unknown outcomes.

use std::time::{Duration, Instant};

use courant::delivery::Report;
use courant::domain::time::{MINUTE, SignedDuration};
use courant::mail::smtp::Timeouts;
use tokio_util::sync::CancellationToken;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{LONGEST_WAIT, World, article, database_tests};

/// Sends three mails over one connection and shuts down while the relay stalls at `at`; if
/// `replies` is set, the relay replies during the shutdown. Returns the edition, the report and the
/// shutdown time.
async fn shut_down_while_stalled(
    world: &mut World,
    at: At,
    grace: Duration,
    replies: bool,
) -> (i64, Report, Duration) {
    world.configure(|s| s.transport = "connections = 1".into()).await;
    world.relay.set_script(Script::new().rule(Rule::stall(at).once()));
    world.publish([article(&format!("{at:?}"))]).await;
    world.add_readers(3).await;
    let edition = world.create_edition().await;
    let timeouts =
        Timeouts { transaction_grace: grace, content_grace: grace, ..Timeouts::default() };
    let (dispatcher, transport, shutdown) = (
        world.dispatcher().with_timeouts(timeouts),
        world.transport().clone(),
        CancellationToken::new(),
    );
    let (token, before) = (shutdown.clone(), world.relay.stalled());
    let sending = tokio::spawn(async move {
        dispatcher.deliver_due(&transport, SignedDuration::ZERO, &token).await.unwrap()
    });
    while world.relay.stalled() == before {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let start = Instant::now();
    shutdown.cancel();
    if replies {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.relay.release();
    }
    let report = tokio::time::timeout(LONGEST_WAIT, sending)
        .await
        .expect("delivery should not wait for the stalled relay")
        .unwrap();
    (edition, report, start.elapsed())
}

const GRACE: Duration = Duration::from_millis(300);

database_tests! {
    async fn an_envelope_without_a_reply_is_queued_again_at_shutdown(world) {
        for at in [At::Mail, At::Rcpt, At::Data] {
            let (edition, report, took) = shut_down_while_stalled(world, at, GRACE, false).await;
            assert!(took >= GRACE && report.sent == 0, "{at:?}: {took:?}, {report:?}");
            assert_eq!(world.edition_status(edition).await, "sending: 3 queued", "{at:?}");
            world.relay.set_script(Script::new());
            world.relay.release();
            world.restart();
            world.deliver().await;
            assert_eq!(world.edition_status(edition).await, "sent: 3 sent", "{at:?}");
        }
        assert_eq!(world.relay.mails().len(), 9);
    }

    async fn a_relay_that_does_not_greet_does_not_delay_the_shutdown(world) {
        for at in [At::Connect, At::Ehlo] {
            let (edition, report, _) = shut_down_while_stalled(world, at, GRACE, false).await;
            assert_eq!(
                (report.handled(), world.edition_status(edition).await.as_str()),
                (0, "sending: 3 queued"),
                "{at:?}"
            );
            assert!(
                !report.error.is_some_and(|reason| reason.contains("no reply from the relay")),
                "an interrupted connect is no error of the relay"
            );
            world.relay.set_script(Script::new());
            world.relay.release();
            world.restart();
            world.deliver().await;
            assert_eq!(world.edition_status(edition).await, "sent: 3 sent", "{at:?}");
        }
        assert_eq!(world.relay.mails().len(), 6);
    }

    async fn a_message_without_a_reply_at_shutdown_has_an_unknown_outcome(world) {
        let (edition, report, took) =
            shut_down_while_stalled(world, At::Content, GRACE, false).await;
        assert!(took >= GRACE && report.sent == 0, "{took:?}, {report:?}");
        assert_eq!(world.edition_status(edition).await, "sending: 3 queued");
        assert!(
            world
                .last_reply("r0@example.org")
                .await
                .contains("no reply to the message before the shutdown")
        );
        assert_eq!(world.sql("UPDATE deliveries SET state = state WHERE uncertain = 1").await, 1);
        world.restart();
        world.advance(MINUTE);
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.relay.mails().len()),
            ("sent: 3 sent", 4)
        );
    }

    async fn a_reply_during_the_shutdown_is_recorded(world) {
        let (edition, report, took) =
            shut_down_while_stalled(world, At::Content, 2 * LONGEST_WAIT, true).await;
        // The message pipelined behind it is sent as well, because the relay has its envelope.
        assert!(report.sent == 2 && took < LONGEST_WAIT, "{took:?}, {report:?}");
        assert_eq!(world.edition_status(edition).await, "sending: 1 queued, 2 sent");
        world.restart();
        world.deliver().await;
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.relay.mails().len()),
            ("sent: 3 sent", 3)
        );
    }
}
