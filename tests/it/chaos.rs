//! Relays that fail at random and nodes that are killed at any moment: every reader still receives
//! the mail (guarantee 4).

use std::time::Duration;

use courant::domain::time::{HOUR, MINUTE, SignedDuration};
use tokio_util::sync::CancellationToken;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, database_tests};

const READERS: usize = 60;
const CONNECTIONS: usize = 3;

/// Pseudo-random numbers that are the same at every run.
struct Rng(u64);

impl Rng {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    /// Returns a random failure; `uncertain` also allows failures that leave the outcome unknown.
    fn rule(&mut self, uncertain: bool) -> Rule {
        let at = [At::Connect, At::Ehlo, At::Mail, At::Rcpt, At::Data][self.below(5)];
        let rule = match self.below(if uncertain { 7 } else { 5 }) {
            0 => Rule::close(at),
            1 => Rule::reply_and_close(at, "421 4.3.2 going away"),
            2 => Rule::reply(At::Rcpt, "450 4.2.0 greylisted"),
            3 => Rule::reply(At::Content, "452 4.3.1 full"),
            4 => Rule::reply(At::Mail, "451 4.3.0 not now"),
            5 => Rule::close(At::Stored),
            _ => Rule::close(At::Content),
        };
        rule.times(1 + self.below(4)).for_recipient_if(self.below(3) == 0, self.below(READERS))
    }
}

impl Rule {
    fn for_recipient_if(self, condition: bool, reader: usize) -> Self {
        if condition { self.recipient(&format!("r{reader}@")) } else { self }
    }
}

/// Runs a node for a moment against a failing relay, then shuts it down, or kills it if `kill` is
/// set.
async fn run_briefly(world: &mut World, rng: &mut Rng, uncertain: bool, kill: bool) {
    let script = (0..1 + rng.below(5)).fold(Script::new(), |s, _| s.rule(rng.rule(uncertain)));
    world.relay.set_script(if rng.below(3) == 0 { script.without_pipelining() } else { script });
    let (dispatcher, transport, shutdown) =
        (world.dispatcher(), world.transport().clone(), CancellationToken::new());
    let token = shutdown.clone();
    let delivery = tokio::spawn(async move {
        dispatcher.deliver_due(&transport, SignedDuration::ZERO, &token).await
    });
    tokio::time::sleep(Duration::from_millis(u64::try_from(rng.below(60)).unwrap())).await;
    if kill {
        delivery.abort();
        let _ = delivery.await;
        world.sql("UPDATE delivery_batches SET lease_until = 0 WHERE lease_node IS NOT NULL").await;
        world.sql("UPDATE delivery_queue SET lease_until = 0 WHERE lease_node IS NOT NULL").await;
    } else {
        shutdown.cancel();
        delivery.await.unwrap().unwrap();
    }
    world.restart();
    world.advance(HOUR);
}

/// Sends an edition through eight failing runs and then over a working relay; returns its status.
async fn send_through_failures(
    world: &mut World,
    seed: u64,
    uncertain: bool,
    kill: bool,
) -> String {
    world.configure(|s| s.transport = format!("connections = {CONNECTIONS}")).await;
    world.publish([article(&format!("a{seed}"))]).await;
    world.add_readers(READERS).await;
    let edition = world.create_edition().await;
    let mut rng = Rng(seed);
    for _ in 0..8 {
        run_briefly(world, &mut rng, uncertain, kill).await;
    }
    world.relay.set_script(Script::new());
    for _ in 0..4 {
        world.deliver().await;
        world.advance(8 * HOUR);
    }
    world.advance(MINUTE);
    world.edition_status(edition).await
}

database_tests! {
    async fn despite_random_failures_every_reader_gets_the_edition_once(world) {
        for seed in 1..=3_usize {
            let status =
                send_through_failures(world, u64::try_from(seed).unwrap(), false, false).await;
            assert_eq!(status, format!("sent: {READERS} sent"), "seed {seed}");
            assert!(
                world.mail_counts().values().all(|n| *n == seed),
                "seed {seed}: {:?}",
                world.mail_counts()
            );
        }
    }

    async fn a_mail_with_an_unknown_outcome_is_retried_once_and_none_is_lost(world) {
        let status = send_through_failures(world, 11, true, false).await;
        assert!(status.starts_with("sent: ") && !status.contains("failed"), "{status}");
        assert_eq!(
            world
                .sql("UPDATE deliveries SET state = state WHERE state NOT IN ('sent', 'held')")
                .await,
            0
        );
        assert!(world.mail_counts().values().all(|n| *n <= 2), "{:?}", world.mail_counts());
        assert_eq!(
            world
                .sql("UPDATE deliveries SET state = state WHERE state = 'held' AND uncertain < 2")
                .await,
            0
        );
    }

    async fn nodes_that_crash_at_any_moment_lose_no_mail(world) {
        let status = send_through_failures(world, 23, false, true).await;
        assert_eq!(status, format!("sent: {READERS} sent"));
        assert_eq!(world.mail_counts().len(), READERS);
        let duplicates = world.relay.mails().len() - READERS;
        assert!(duplicates <= 8 * 2 * CONNECTIONS, "{duplicates} duplicates");
    }
}
