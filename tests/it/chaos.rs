//! Bad weather: relays that misbehave at random and nodes that die at any moment; everybody gets their mail all the same (promise 4).

use std::time::Duration;

use courant::domain::time::{HOUR, MINUTE};
use tokio_util::sync::CancellationToken;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, stories};

const READERS: usize = 60;
const CONNECTIONS: usize = 3;

/// Numbers that are the same at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    /// What goes wrong next; `unsure` is whether the outcome of a mail may stay unknown.
    fn rule(&mut self, unsure: bool) -> Rule {
        let at = [At::Connect, At::Ehlo, At::Mail, At::Rcpt, At::Data][self.roll(5)];
        let rule = match self.roll(if unsure { 7 } else { 5 }) {
            0 => Rule::drop(at),
            1 => Rule::say_and_drop(at, "421 4.3.2 going away"),
            2 => Rule::say(At::Rcpt, "450 4.2.0 greylisted"),
            3 => Rule::say(At::Content, "452 4.3.1 full"),
            4 => Rule::say(At::Mail, "451 4.3.0 not now"),
            5 => Rule::drop(At::Kept),
            _ => Rule::drop(At::Content),
        };
        rule.times(1 + self.roll(4)).recipient_or_any(self.roll(3) == 0, self.roll(READERS))
    }
}

impl Rule {
    fn recipient_or_any(self, one: bool, reader: usize) -> Self {
        if one { self.recipient(&format!("r{reader}@")) } else { self }
    }
}

/// Lets a node work for a moment in bad weather, then stops it in order, or kills it.
async fn squall(world: &mut World, dice: &mut Dice, unsure: bool, deadly: bool) {
    let script = (0..1 + dice.roll(5)).fold(Script::new(), |s, _| s.rule(dice.rule(unsure)));
    world.relay.set_script(if dice.roll(3) == 0 { script.without_pipelining() } else { script });
    let (engine, transport, stop) =
        (world.engine(), world.transport().clone(), CancellationToken::new());
    let stopped = stop.clone();
    let work = tokio::spawn(async move { engine.deliver_due(&transport, 0, &stopped).await });
    tokio::time::sleep(Duration::from_millis(u64::try_from(dice.roll(60)).unwrap())).await;
    if deadly {
        work.abort();
        let _ = work.await;
        world.sql("UPDATE delivery_batches SET lease_until = 0 WHERE lease_node IS NOT NULL").await;
        world.sql("UPDATE delivery_queue SET lease_until = 0 WHERE lease_node IS NOT NULL").await;
    } else {
        stop.cancel();
        work.await.unwrap().unwrap();
    }
    world.restart();
    world.leap(HOUR);
}

/// A storm, then calm until everything has ended; gives the edition's fate.
async fn weather(world: &mut World, seed: u64, unsure: bool, deadly: bool) -> String {
    world.configure(|s| s.transport = format!("connections = {CONNECTIONS}")).await;
    world.publish([article(&format!("a{seed}"))]).await;
    world.readers(READERS).await;
    let edition = world.edition().await;
    let mut dice = Dice(seed);
    for _ in 0..8 {
        squall(world, &mut dice, unsure, deadly).await;
    }
    world.relay.set_script(Script::new());
    for _ in 0..4 {
        world.deliver().await;
        world.leap(8 * HOUR);
    }
    world.leap(MINUTE);
    world.fate(edition).await
}

stories! {
    async fn in_a_storm_everybody_gets_the_edition_once(world) {
        for seed in 1..=3_usize {
            let fate = weather(world, u64::try_from(seed).unwrap(), false, false).await;
            assert_eq!(fate, format!("sent: {READERS} sent"), "seed {seed}");
            assert!(world.arrived().values().all(|n| *n == seed), "seed {seed}: {:?}", world.arrived());
        }
    }

    async fn where_outcomes_stay_unknown_each_is_tried_once_more_and_no_one_is_lost(world) {
        let fate = weather(world, 11, true, false).await;
        assert!(fate.starts_with("sent: ") && !fate.contains("failed"), "{fate}");
        assert_eq!(world.sql("UPDATE deliveries SET state = state WHERE state NOT IN ('sent', 'held')").await, 0);
        assert!(world.arrived().values().all(|n| *n <= 2), "{:?}", world.arrived());
        assert_eq!(world.sql("UPDATE deliveries SET state = state WHERE state = 'held' AND uncertain < 2").await, 0);
    }

    async fn where_nodes_die_at_any_moment_no_one_is_lost(world) {
        let fate = weather(world, 23, false, true).await;
        assert_eq!(fate, format!("sent: {READERS} sent"));
        assert_eq!(world.arrived().len(), READERS);
        let doubles = world.relay.mails().len() - READERS;
        assert!(doubles <= 8 * 2 * CONNECTIONS, "{doubles} doubles");
    }
}
