//! Relays that accept fewer simultaneous connections than are configured: mail is sent over those
//! that they accept, without waits and without attempts that count.

use courant::domain::time::MINUTE;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, database_tests};

const READERS: usize = 300;

/// Sends an edition over ten connections to a relay with this script; every reader gets it once,
/// and no delivery waits.
async fn send_to(world: &mut World, script: Script) {
    world.configure(|s| s.transport = "connections = 10".into()).await;
    world.relay.set_script(script);
    world.publish([article("a")]).await;
    world.add_readers(READERS).await;
    let edition = world.create_edition().await;
    let report = world.deliver().await;
    assert_eq!((report.sent, report.deferred, report.error), (READERS as u64, 0, None));
    assert_eq!(world.edition_status(edition).await, format!("sent: {READERS} sent"));
    let counts = world.mail_counts();
    assert!(counts.len() == READERS && counts.values().all(|n| *n == 1));
    let transport = world.dispatcher().snapshot().remove(0);
    assert_eq!((transport.relay_failures, transport.relay_error), (0, None));
}

database_tests! {
    async fn a_relay_that_greets_only_two_connections_gets_all_mail_over_those(world) {
        let reject = Rule::reply_and_close(At::Connect, "421 4.7.0 too many connections from you");
        send_to(world, Script::new().simultaneous_connections(2, reject)).await;
        assert!(world.relay.connections() <= 20, "{}", world.relay.connections());
    }

    async fn a_relay_that_closes_further_connections_without_a_word_gets_all_mail(world) {
        send_to(world, Script::new().simultaneous_connections(3, Rule::close(At::Connect))).await;
    }

    async fn a_relay_that_rejects_further_connections_after_ehlo_gets_all_mail(world) {
        let reject = Rule::reply_and_close(At::Ehlo, "450 4.3.2 try again later");
        send_to(world, Script::new().simultaneous_connections(2, reject)).await;
    }

    async fn a_relay_that_counts_connections_at_the_content_gets_all_mail(world) {
        let limit = Rule::reply(At::Content, "432 4.3.2 Concurrent connections limit exceeded");
        send_to(world, Script::new().simultaneous_connections(2, limit)).await;
    }

    async fn a_relay_that_counts_connections_at_mail_gets_all_mail(world) {
        let limit = Rule::reply_and_close(At::Mail, "421 4.7.0 Too many concurrent SMTP sessions");
        send_to(world, Script::new().without_pipelining().simultaneous_connections(1, limit)).await;
    }

    async fn a_relay_that_refuses_its_only_connection_is_unavailable_until_it_accepts(world) {
        let limit = Rule::reply(At::Content, "432 4.3.2 Concurrent connections limit exceeded");
        world.relay.set_script(Script::new().rule(limit.times(2)));
        world.configure(|s| s.transport = "connections = 1".into()).await;
        world.publish([article("a")]).await;
        world.add_readers(3).await;
        let edition = world.create_edition().await;
        let dispatcher = world.dispatcher();
        world.deliver_with(&dispatcher, MINUTE).await;
        assert_eq!(world.edition_status(edition).await, "sent: 3 sent");
        assert!(world.mail_counts().values().all(|n| *n == 1));
    }
}
