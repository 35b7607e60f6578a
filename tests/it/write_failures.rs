//! A database that accepts no writes for a while: delivery waits and goes on, nobody gets a mail
//! twice, and `/readyz` tells the reason meanwhile.

use courant::domain::edition::EditionState;
use courant::domain::time::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::support::{World, article, database_tests, wait_until_async};

const READERS: usize = 200;

async fn edition_to_all(world: &mut World) -> i64 {
    world.configure(|s| s.transport = "connections = 4".into()).await;
    world.publish([article("a")]).await;
    world.add_readers(READERS).await;
    world.create_edition().await
}

/// Delivers until nothing is left, as the ticks of the daemon do; errors are tried again.
async fn deliver_all(world: &World, edition: i64) {
    let (dispatcher, stop) = (world.dispatcher(), CancellationToken::new());
    wait_until_async("the edition is sent", async || {
        let run = dispatcher.deliver_due(world.transport(), SignedDuration::ZERO, &stop);
        let _ = run.await;
        let finished = courant::delivery::settle_editions(&world.app.store, world.now()).await;
        let state = world.app.store.editions().find(edition).await;
        finished.is_ok() && matches!(state, Ok(Some(e)) if e.state == EditionState::Sent)
    })
    .await;
}

/// Checks that every reader got the edition once.
async fn assert_sent_once(world: &World, edition: i64) {
    assert_eq!(world.edition_status(edition).await, format!("sent: {READERS} sent"));
    let counts = world.mail_counts();
    assert!(counts.len() == READERS && counts.values().all(|n| *n == 1), "{counts:?}");
}

mod bodies {
    use super::*;

    pub(super) async fn a_full_disk_of_the_server_delays_an_edition_and_nothing_more(
        world: &mut World,
    ) {
        let edition = edition_to_all(world).await;
        world
            .sql(
                "CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF (SELECT COUNT(*) FROM room) = 0 THEN
                   RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
                 END IF; RETURN NEW; END $$",
            )
            .await;
        world.sql("CREATE TABLE room (id int)").await;
        for table in ["deliveries", "instance", "subscribers", "delivery_batches"] {
            world
                .sql(&format!(
                    "CREATE TRIGGER full_{table} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION no_space()"
                ))
                .await;
        }
        let delivery = deliver_all(world, edition);
        let meanwhile = async {
            wait_until_async("the failure is noticed", async || {
                world.app.store.check_writable().await.is_err()
            })
            .await;
            let reason = world.app.store.check_writable().await.unwrap_err().to_string();
            assert!(reason.contains("No space left"), "{reason}");
            assert!(world.relay.mails().is_empty());
            world.sql("INSERT INTO room VALUES (1)").await;
        };
        tokio::join!(delivery, meanwhile);
        assert_sent_once(world, edition).await;
        world.app.store.check_writable().await.unwrap();
    }

    pub(super) async fn connections_that_an_admin_ends_again_and_again_lose_and_repeat_nothing(
        world: &mut World,
    ) {
        let edition = edition_to_all(world).await;
        let done = CancellationToken::new();
        let delivery = async {
            deliver_all(world, edition).await;
            done.cancel();
        };
        let killer = async {
            for _ in 0..60 {
                if done.is_cancelled() {
                    return;
                }
                world
                    .sql(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                          WHERE datname = current_database() AND pid <> pg_backend_pid()",
                    )
                    .await;
                tokio::time::sleep(std::time::Duration::from_millis(15)).await;
            }
        };
        tokio::join!(delivery, killer);
        assert_sent_once(world, edition).await;
        world.app.store.check_writable().await.unwrap();
    }
}

database_tests!(@on postgres Postgres
    a_full_disk_of_the_server_delays_an_edition_and_nothing_more
    connections_that_an_admin_ends_again_and_again_lose_and_repeat_nothing
);
