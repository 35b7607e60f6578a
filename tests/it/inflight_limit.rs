//! How many messages are open at once on a connection: two, one accepted and not yet recorded, one on the wire (promise 4).

use tokio_util::sync::CancellationToken;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{article, stories};

stories! {
    async fn nothing_of_a_third_message_leaves_while_two_are_not_recorded(world) {
        // Behind the last message of a connection nothing rides, so no grant tells what is recorded.
        world.configure(|s| s.transport = "connections = 1\nmessages_per_connection = 3".into()).await;
        world.relay.set_script(Script::new().rule(Rule::stall(At::Content).once()));
        world.publish([article("a")]).await;
        world.readers(5).await;
        let edition = world.edition().await;
        let (engine, transport) = (world.engine(), world.transport().clone());
        let sending = tokio::spawn(async move { engine.deliver_due(&transport, 0, &CancellationToken::new()).await });
        while world.relay.stalled() == 0 || world.fate(edition).await != "sending: 2 queued, 3 sending" {
            tokio::task::yield_now().await;
        }
        let standstill = world.standstill().await;
        world.relay.release();
        // The first two are accepted, and the relay waits for the third; what would follow, follows at once. A machine that is
        // too slow for that asks for the second grant again, which comes to the same.
        let is_waited_for = || world.relay.verbs(1).join(" ").matches("DATA").count() == 3;
        for _ in 0..300 {
            if is_waited_for() {
                break;
            }
            world.fate(edition).await;
        }
        for _ in 0..100 {
            world.fate(edition).await;
        }
        let open = world.relay.mails().len();
        let fate = world.fate(edition).await;
        standstill.end().await;
        assert_eq!((open.min(2), fate.as_str()), (open, "sending: 2 queued, 3 sending"), "a third was open");
        sending.await.unwrap().unwrap();
        courant::delivery::close_editions(&world.app.store, world.now()).await.unwrap();
        assert_eq!((world.fate(edition).await.as_str(), world.relay.mails().len()), ("sent: 5 sent", 5));
    }
}
