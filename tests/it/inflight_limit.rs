//! Limit of open messages per connection: two, of which one is accepted but not yet recorded and
//! the other is being transmitted (guarantee 4).

use courant::domain::time::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{article, database_tests};

database_tests! {
    async fn a_third_message_is_not_started_while_two_are_unrecorded(world) {
        // Nothing is pipelined behind the last message of a connection, so no start permit depends
        // on what has been recorded.
        world
            .configure(|s| s.transport = "connections = 1\nmessages_per_connection = 3".into())
            .await;
        world.relay.set_script(Script::new().rule(Rule::stall(At::Content).once()));
        world.publish([article("a")]).await;
        world.add_readers(5).await;
        let edition = world.create_edition().await;
        let (dispatcher, transport) = (world.dispatcher(), world.transport().clone());
        let sending = tokio::spawn(async move {
            dispatcher.deliver_due(&transport, SignedDuration::ZERO, &CancellationToken::new()).await
        });
        while world.relay.stalled() == 0
            || world.edition_status(edition).await != "sending: 2 queued, 3 sending"
        {
            tokio::task::yield_now().await;
        }
        let stalled_db = world.stall_db().await;
        world.relay.release();
        // The relay accepts the first two messages and waits for the content of the third, which
        // would follow at once. On a slow machine the second permit expires and is requested again,
        // which has the same effect.
        let third_has_started = || world.relay.verbs(1).join(" ").matches("DATA").count() == 3;
        for _ in 0..300 {
            if third_has_started() {
                break;
            }
            world.edition_status(edition).await;
        }
        for _ in 0..100 {
            world.edition_status(edition).await;
        }
        let open = world.relay.mails().len();
        let status = world.edition_status(edition).await;
        stalled_db.resume().await;
        assert_eq!(
            (open.min(2), status.as_str()),
            (open, "sending: 2 queued, 3 sending"),
            "a third message was open"
        );
        sending.await.unwrap().unwrap();
        courant::delivery::settle_editions(&world.app.store, world.now()).await.unwrap();
        assert_eq!(
            (world.edition_status(edition).await.as_str(), world.relay.mails().len()),
            ("sent: 5 sent", 5)
        );
    }
}
