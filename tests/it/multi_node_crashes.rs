//! Several processes on one PostgreSQL: some are killed, one is suspended past its leases, and no
//! mail is lost (guarantee 4).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use courant::domain::time::HOUR;

use crate::crashes::{
    CONNECTIONS, Node, another_edition, kill_while_sending, kills, set_up, slow_relay, slow_rule,
    until_sent,
};
use crate::smtp_server::{At, ReceivedMail, Rule, Script};
use crate::support::{World, database_tests, wait_until_async};

/// Returns the recipients of the last mail of each stalled connection, to which the relay has not
/// replied.
fn unanswered(mails: &[ReceivedMail], stalled: &[usize]) -> Vec<String> {
    let last: BTreeMap<usize, &ReceivedMail> = mails.iter().map(|m| (m.connection, m)).collect();
    let last = last.into_values().filter(|mail| stalled.contains(&mail.connection));
    last.map(|mail| mail.to.join(",")).collect()
}

mod bodies {
    use super::*;

    pub(super) async fn killing_one_of_three_processes_repeatedly_loses_no_mail(world: &mut World) {
        kill_while_sending(world, 3, kills(3)).await;
    }

    pub(super) async fn a_process_suspended_past_its_leases_starts_no_mail_and_records_late_replies(
        world: &mut World,
    ) {
        let readers = 200;
        set_up(world, readers, 4).await;
        // From the 21st mail on each connection stalls: the relay has the mail, but does not reply.
        let stall = Rule::stall(At::Content).after(20);
        world.relay.set_script(Script::new().rule(stall).rule(slow_rule(4)));
        let edition = another_edition(world).await;
        let suspended = Node::start(world, 0, "serve");
        wait_until_async("its connections stall", async || world.relay.stalled() >= CONNECTIONS)
            .await;
        let answered = world.relay.with_mails(<[ReceivedMail]>::len) - CONNECTIONS;
        wait_until_async("the outcomes before are recorded", async || {
            let counts = world.app.store.editions().counts(edition).await.unwrap();
            usize::try_from(counts.sent) == Ok(answered)
        })
        .await;
        suspended.serving.suspend();
        let sent_before = suspended.mails(world);
        let stalled = world.relay.stalled_connections();
        let late = world.relay.with_mails(|mails| unanswered(mails, &stalled)).remove(0);
        // While the process is suspended, the relay accepts its mail; to the other node it replies
        // "later" for one of these recipients.
        world.relay.set_script(
            slow_relay(4).rule(Rule::reply(At::Rcpt, "450 4.2.0 later").recipient(&late)),
        );
        world.relay.release();
        let other = Node::start(world, 1, "serve");
        let all_but_one = format!("sending: 1 queued, {} sent", readers - 1);
        wait_until_async("the other node takes over", async || {
            world.edition_status(edition).await == all_but_one
        })
        .await;
        assert!(!world.last_reply(&late).await.contains("taken"));
        suspended.serving.resume();
        let resumed = Instant::now();
        let both = [suspended, other];
        until_sent(world, &both, &[edition], readers).await;
        assert!(
            resumed.elapsed() < Duration::from_secs(240),
            "the edition should be complete before the mail would be retried"
        );
        assert!(
            world.last_reply(&late).await.contains("taken"),
            "the late reply should be recorded"
        );
        // If the process starts further mails of its lost leases, it does so within two seconds.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let started = both[0].mails(world) - sent_before;
        assert!(
            started <= CONNECTIONS,
            "{started} mails were started that another node had leased"
        );
        let times = |to: &str| {
            world.relay.with_mails(|mails| mails.iter().filter(|m| m.to == [to]).count())
        };
        assert_eq!(times(&late), 1, "a mail that is recorded as sent should not be sent again");
        let repeats = world.relay.with_mails(<[ReceivedMail]>::len) - readers;
        assert!(repeats < 2 * CONNECTIONS, "{repeats}");
        for node in both {
            assert_eq!(node.serving.stop().0, Some(0));
        }
        world.advance(HOUR);
        assert_eq!(world.deliver().await.sent, 0);
    }
}

database_tests!(@on postgres Postgres
    killing_one_of_three_processes_repeatedly_loses_no_mail
    a_process_suspended_past_its_leases_starts_no_mail_and_records_late_replies
);
