//! Relays with random replies: every accepted mail is complete, and every delivery has the state
//! that its reply implies.

use std::collections::BTreeMap;
use std::time::Duration;

use courant::domain::article::IncomingArticle;
use courant::domain::delivery::DeliveryState;
use courant::domain::time::{HOUR, SignedDuration};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tokio_util::sync::CancellationToken;

use crate::relay_outcomes::is_complete;
use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, database_tests};

const READERS: usize = 5;

/// A reply that replaces the usual one; without text, the connection is closed.
#[derive(Debug, Clone)]
struct RandomReply {
    at: At,
    text: Option<&'static str>,
    closes: bool,
    reader: Option<usize>,
    times: usize,
}

const REPLIES: &[&str] = &[
    "250 2.0.0 why not",
    "251 forwarded",
    "354 go on",
    "421 4.3.2 closing",
    "450 4.2.0 later",
    "451 later",
    "452 4.3.1 full",
    "500 5.5.2 what",
    "503 5.5.1 bad sequence",
    "550 5.1.1 unknown",
    "550 no",
    "552 5.2.2 over quota",
    "552 5.3.4 too big",
    "554 5.7.1 policy",
    "554 no",
];

fn random_reply() -> impl Strategy<Value = RandomReply> {
    let at = prop::sample::select(vec![At::Mail, At::Rcpt, At::Data, At::Content, At::Rset]);
    let text = prop::option::weighted(0.9, prop::sample::select(REPLIES));
    (at, text, prop::bool::weighted(0.2), prop::option::of(0..READERS), 1..4_usize).prop_map(
        |(at, text, closes, reader, times)| RandomReply {
            at,
            text,
            closes,
            // Before RCPT the recipient is not known.
            reader: if at == At::Mail { None } else { reader },
            times,
        },
    )
}

impl RandomReply {
    fn rule(&self) -> Rule {
        let rule = match self.text {
            None => Rule::close(self.at),
            Some(text) if self.closes => Rule::reply_and_close(self.at, text),
            Some(text) => Rule::reply(self.at, text),
        };
        let rule = rule.times(self.times);
        self.reader.iter().fold(rule, |rule, n| rule.recipient(&format!("r{n}@")))
    }
}

/// Returns the state and the recorded reply of every reader's newest delivery.
async fn newest_deliveries(world: &World) -> BTreeMap<String, (DeliveryState, String)> {
    let mut deliveries = BTreeMap::new();
    for n in 0..READERS {
        let address = format!("r{n}@example.org");
        let person =
            world.app.store.subscribers().find_by_address(&address).await.unwrap().unwrap();
        let mail =
            world.app.store.deliveries().to_subscriber(person.id, 1).await.unwrap().remove(0);
        deliveries.insert(address, (mail.state, mail.last_reply.unwrap_or_default()));
    }
    deliveries
}

/// Sends an edition to a relay with these replies and then to a working one, and checks both
/// results.
async fn check_case(
    world: &mut World,
    number: usize,
    replies: &[RandomReply],
    pipelining: bool,
    accepts_data: bool,
) {
    let case = format!("{replies:?}, pipelining {pipelining}, accepts DATA {accepts_data}");
    world
        .publish([IncomingArticle { published_at: world.now(), ..article(&format!("a{number}")) }])
        .await;
    // Earlier cases may have suppressed a reader.
    world.sql("DELETE FROM suppressions").await;
    world.sql("UPDATE deliveries SET rejection = NULL").await;
    let (edition, before) = (world.create_edition().await, world.relay.mails().len());
    let script = replies.iter().fold(Script::new(), |script, reply| script.rule(reply.rule()));
    let script = if pipelining { script } else { script.without_pipelining() };
    world.relay.set_script(if accepts_data { script.always_accepts_data() } else { script });
    world.restart();
    let (dispatcher, transport, shutdown) =
        (world.dispatcher(), world.transport().clone(), CancellationToken::new());
    let token = shutdown.clone();
    let sending = tokio::spawn(async move {
        dispatcher.deliver_due(&transport, SignedDuration::ZERO, &token).await.unwrap()
    });
    // A run waits for a failing relay, so it is shut down after a while.
    let _ = tokio::time::timeout(Duration::from_millis(300), async {
        while !sending.is_finished() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    shutdown.cancel();
    sending.await.unwrap();
    let accepted: Vec<_> = world.relay.with_mails(|mails| mails[before..].to_vec());
    assert!(accepted.iter().all(is_complete), "an incomplete mail was accepted: {case}");
    for (address, (state, reply)) in newest_deliveries(world).await {
        let times = accepted.iter().filter(|m| m.to == [address.clone()]).count();
        match state {
            DeliveryState::Sent => assert!(
                times == 1 && reply.starts_with('2'),
                "{address} {times} times, {reply}: {case}"
            ),
            DeliveryState::Failed => assert!(
                times == 0 && replies.iter().any(|r| r.text == Some(&reply)),
                "{address} {times} times, {reply}: {case}"
            ),
            DeliveryState::Queued => {
                assert_eq!(times, 0, "{address} was sent a mail but is queued, {reply}: {case}")
            }
            other => panic!("{address} is {other}, {reply}: {case}"),
        }
    }
    world.relay.set_script(Script::new());
    world.restart();
    world.advance(HOUR);
    if world.edition_status(edition).await.starts_with("paused") {
        world.run_command(edition, courant::domain::edition::EditionCommand::Resume).await;
    }
    world.deliver().await;
    for (address, (state, _)) in newest_deliveries(world).await {
        let times = world.relay.with_mails(|mails| {
            mails[before..].iter().filter(|m| m.to == [address.clone()]).count()
        });
        assert!(
            matches!((state, times), (DeliveryState::Sent, 1) | (DeliveryState::Failed, 0)),
            "{address} is {state}, {times} times: {case}"
        );
    }
}

database_tests! {
    async fn after_random_replies_accepted_mails_are_complete_and_states_match_the_replies(world) {
        world.configure(|s| s.transport = "connections = 2".into()).await;
        world.add_readers(READERS).await;
        let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(24);
        let mut runner = TestRunner::default();
        let scripts = (prop::collection::vec(random_reply(), 1..7), any::<bool>(), any::<bool>());
        for number in 0..cases {
            let (replies, pipelining, accepts_data) =
                scripts.new_tree(&mut runner).unwrap().current();
            check_case(world, number, &replies, pipelining, accepts_data).await;
        }
    }
}
