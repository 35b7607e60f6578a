//! Every relay behaviour of the table has its outcome, checked with the dispatcher.

mod cases;
mod transaction_cases;

use std::time::Duration;

use courant::delivery::Dispatcher;
use courant::domain::article::IncomingArticle;
use courant::domain::edition::EditionCommand;
use courant::domain::page::PageRequest;
use courant::domain::time::{HOUR, SignedDuration};
use courant::mail::smtp::Timeouts;
use tokio_util::sync::CancellationToken;

use crate::smtp_server::{ReceivedMail, Script};
use crate::support::{World, article, database_tests};
use Expected::{ConnectFails, OneUncertain, RelayFails};
use cases::{Case, Expected, handshake_cases, session_cases, timeout_cases};
use transaction_cases::{content_cases, envelope_cases};

/// Readers r0 to r3; rules for a single recipient apply to r1.
const READERS: usize = 4;

/// Sends an edition over one connection to a relay with this behaviour, checks the result, and then
/// completes the edition over a working relay.
async fn check_case(world: &mut World, (name, expected, script, text): Case, timeout: Duration) {
    let id = format!(
        "a{}",
        world.app.store.editions().list(&PageRequest::first(999)).await.unwrap().items.len()
    );
    world.publish([IncomingArticle { published_at: world.now(), ..article(&id) }]).await;
    // Earlier cases may have suppressed a reader.
    world.sql("DELETE FROM suppressions").await;
    world.sql("UPDATE deliveries SET rejection = NULL").await;
    let (edition, before) =
        (world.create_edition().await, world.relay.with_mails(<[ReceivedMail]>::len));
    world.relay.set_script(script);
    world.restart();
    let dispatcher = world.dispatcher().with_timeouts(Timeouts {
        connect: timeout,
        reply: timeout,
        content: timeout,
        ..Timeouts::default()
    });
    let error = deliver_until_relay_error(world, dispatcher, expected, text).await;
    let (status, recorded) =
        (world.edition_status(edition).await, world.last_reply("r1@example.org").await);
    let (first, last) = expected.statuses();
    if matches!(expected, RelayFails | ConnectFails) {
        assert!(
            error.is_some_and(|e| e.contains(text)),
            "{name}: the relay error is not reported: {recorded}"
        );
        assert!(
            status.starts_with(first) && !status.contains("failed") && !status.contains("sending,"),
            "{name}: {status}"
        );
    } else {
        assert_eq!(status, first, "{name}: {recorded}");
        assert!(recorded.contains(text), "{name}: {recorded}");
    }
    world.relay.release();
    world.relay.set_script(Script::new());
    if world.settings.transport_url.is_some() {
        // The relay no longer requires encryption or a password.
        world
            .configure(|s| (s.transport_url, s.transport) = (None, "connections = 1".into()))
            .await;
    }
    world.restart();
    world.advance(HOUR);
    if status.starts_with("paused") {
        world.run_command(edition, EditionCommand::Resume).await;
    }
    world.deliver().await;
    assert_eq!(world.edition_status(edition).await, last, "{name}: at the end");
    let received = world.relay.with_mails(|mails| mails[before..].to_vec());
    assert!(received.iter().all(is_complete), "{name}: an incomplete mail was received");
    let sent =
        last.split(" sent").next().and_then(|s| s.rsplit(' ').next()?.parse().ok()).unwrap_or(0);
    let duplicates = usize::from(expected == OneUncertain);
    assert!(
        (sent..=sent + duplicates).contains(&received.len()),
        "{name}: {} mails for {sent}",
        received.len()
    );
}

/// Returns `true` if a mail has a Message-ID and ends with the boundary of its last part.
pub(crate) fn is_complete(mail: &ReceivedMail) -> bool {
    mail.content.contains("Message-ID: ") && mail.content.ends_with("--\r\n")
}

/// Delivers until nothing is left to do, or until the expected relay error occurs, because the run
/// would wait for the relay. Returns the relay error of the run.
async fn deliver_until_relay_error(
    world: &World,
    dispatcher: Dispatcher,
    expected: Expected,
    text: &str,
) -> Option<String> {
    let (transport, shutdown, connections) =
        (world.transport().clone(), CancellationToken::new(), world.relay.connections());
    let token = shutdown.clone();
    let sending = tokio::spawn(async move {
        dispatcher.deliver_due(&transport, SignedDuration::ZERO, &token).await.unwrap()
    });
    while !sending.is_finished() {
        let has_failed = match expected {
            RelayFails => world.last_reply("r0@example.org").await.contains(text),
            ConnectFails => world.relay.connections() > connections,
            _ => false,
        };
        if has_failed {
            shutdown.cancel();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let error = sending.await.unwrap().error;
    courant::delivery::settle_editions(&world.app.store, world.now()).await.unwrap();
    error
}

/// Checks all cases, with each script changed by `adapt`.
async fn check_all_cases(world: &mut World, adapt: fn(Script) -> Script) {
    world.configure(|s| s.transport = "connections = 1".into()).await;
    world.add_readers(READERS).await;
    let cases = envelope_cases().into_iter().chain(content_cases()).chain(session_cases());
    for (name, expected, script, text) in cases {
        check_case(world, (name, expected, adapt(script), text), Duration::from_secs(20)).await;
    }
    for (name, expected, script, text) in timeout_cases() {
        check_case(world, (name, expected, adapt(script), text), Duration::from_millis(400)).await;
    }
}

database_tests! {
    async fn every_relay_behaviour_has_the_outcome_of_the_table(world) {
        check_all_cases(world, |script| script).await;
    }

    async fn every_behaviour_of_a_relay_without_pipelining_has_the_outcome_of_the_table(world) {
        check_all_cases(world, Script::without_pipelining).await;
    }

    async fn starttls_and_auth_of_a_relay_never_lose_a_mail(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        world.add_readers(READERS).await;
        for (scheme, lines, case) in handshake_cases() {
            let url = format!("{scheme}://{}", world.relay.address());
            world
                .configure(|s| {
                    (s.transport_url, s.transport) =
                        (Some(url), format!("connections = 1\n{lines}"))
                })
                .await;
            check_case(world, case, Duration::from_secs(20)).await;
        }
    }
}
