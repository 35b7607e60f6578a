//! Several programs on one PostgreSQL: some are killed, one oversleeps, and nobody loses a mail (promise 4).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use courant::domain::time::HOUR;

use crate::crashes::{
    CONNECTIONS, Node, another_edition, begin, killed_while_sending, kills, paced, until_sent,
};
use crate::smtp_server::{Arrived, At, Rule, Script};
use crate::support::{World, stories};

/// The last mail over each connection: on the wire while the relay stalls.
fn on_the_wire(mails: &[Arrived]) -> Vec<String> {
    let last: BTreeMap<usize, &Arrived> = mails.iter().map(|m| (m.connection, m)).collect();
    last.into_values().map(|m| m.to.join(",")).collect()
}

/// Waits for something; generous, for a busy machine.
async fn until(what: &str, mut there: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !there().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

mod told {
    use super::*;

    pub(super) async fn three_programs_of_which_one_or_another_is_killed_take_no_mail_from_anybody(
        world: &mut World,
    ) {
        killed_while_sending(world, 3, kills(3)).await;
    }

    pub(super) async fn a_program_that_overslept_its_leases_starts_nothing_more_and_what_it_learns_late_counts(
        world: &mut World,
    ) {
        let readers = 200;
        begin(world, readers, 4).await;
        let edition = another_edition(world).await;
        let sleeper = Node::start(world, 0, "serve");
        until("the first sends", async || sleeper.mails(world) >= 20).await;
        // Its next mail stalls on each connection, taken and not answered.
        world.relay.set_script(Script::new().rule(Rule::stall(At::Content)));
        until("its connections stall", async || world.relay.stalled() >= CONNECTIONS).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        sleeper.serving.signal("STOP");
        let stalled = world.relay.look(on_the_wire);
        let at_sleep = sleeper.mails(world);
        // A connection that was closed meanwhile leaves a last mail behind that was answered.
        let mut unanswered = Vec::new();
        for reader in stalled {
            if !world.answer(&reader).await.contains("taken") {
                unanswered.push(reader);
            }
        }
        let late = unanswered.remove(0);
        // While it sleeps it is told yes; the other node is told "later" about one of these.
        world
            .relay
            .set_script(paced(4).rule(Rule::say(At::Rcpt, "450 4.2.0 later").recipient(&late)));
        world.relay.release();
        let other = Node::start(world, 1, "serve");
        let all_but_one = format!("sending: 1 queued, {} sent", readers - 1);
        until("the other takes over", async || world.fate(edition).await == all_but_one).await;
        assert!(!world.answer(&late).await.contains("taken"));
        sleeper.serving.signal("CONT");
        let woken = Instant::now();
        let both = [sleeper, other];
        until_sent(world, &both, &[edition], readers).await;
        assert!(
            woken.elapsed() < Duration::from_secs(30),
            "nobody waits until the mail would be tried again"
        );
        assert!(world.answer(&late).await.contains("taken"), "what it learned late is recorded");
        // Should something of what it had be started after all, it is within these seconds.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let woke = both[0].mails(world) - at_sleep;
        assert!(woke <= CONNECTIONS, "{woke} mails were started that another node had");
        let times =
            |to: &str| world.relay.look(|mails| mails.iter().filter(|m| m.to == [to]).count());
        assert_eq!(times(&late), 1, "nobody sends again what is known to be sent");
        let repeats = world.relay.look(<[Arrived]>::len) - readers;
        assert!(repeats < 2 * CONNECTIONS, "{repeats}");
        for node in both {
            assert_eq!(node.serving.stop().0, Some(0));
        }
        world.leap(HOUR);
        assert_eq!(world.deliver().await.sent, 0);
    }
}

stories!(@on postgres Postgres
    three_programs_of_which_one_or_another_is_killed_take_no_mail_from_anybody
    a_program_that_overslept_its_leases_starts_nothing_more_and_what_it_learns_late_counts
);
