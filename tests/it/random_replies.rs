//! Relays that answer at random: what they took is whole, and every row says what they said.

use std::collections::BTreeMap;
use std::time::Duration;

use courant::domain::article::IncomingArticle;
use courant::domain::delivery::DeliveryState;
use courant::domain::time::HOUR;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tokio_util::sync::CancellationToken;

use crate::relay_outcomes::is_whole;
use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, stories};

const READERS: usize = 5;

/// What is said to a command instead of the usual, or nothing at all.
#[derive(Debug, Clone)]
struct Odd {
    at: At,
    words: Option<&'static str>,
    closes: bool,
    reader: Option<usize>,
    times: usize,
}

const WORDS: &[&str] = &[
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

fn odd() -> impl Strategy<Value = Odd> {
    let at = prop::sample::select(vec![At::Mail, At::Rcpt, At::Data, At::Content, At::Rset]);
    let words = prop::option::weighted(0.9, prop::sample::select(WORDS));
    (at, words, prop::bool::weighted(0.2), prop::option::of(0..READERS), 1..4_usize).prop_map(
        |(at, words, closes, reader, times)| Odd {
            at,
            words,
            closes,
            // Nobody is named before RCPT.
            reader: if at == At::Mail { None } else { reader },
            times,
        },
    )
}

impl Odd {
    fn rule(&self) -> Rule {
        let rule = match self.words {
            None => Rule::drop(self.at),
            Some(words) if self.closes => Rule::say_and_drop(self.at, words),
            Some(words) => Rule::say(self.at, words),
        };
        let rule = rule.times(self.times);
        self.reader.iter().fold(rule, |rule, n| rule.recipient(&format!("r{n}@")))
    }
}

/// State and answer of every reader's newest mail.
async fn rows(world: &World) -> BTreeMap<String, (DeliveryState, String)> {
    let mut rows = BTreeMap::new();
    for n in 0..READERS {
        let address = format!("r{n}@example.org");
        let person = world.app.store.find_subscriber(&address).await.unwrap().unwrap();
        let mail = world.app.store.deliveries_to(person.id, 1).await.unwrap().remove(0);
        rows.insert(address, (mail.state, mail.last_reply.unwrap_or_default()));
    }
    rows
}

/// An edition meets such a relay, and then a good one.
async fn meets(world: &mut World, number: usize, odds: &[Odd], pipelines: bool, grants_data: bool) {
    let told = format!("{odds:?}, pipelines {pipelines}, grants DATA {grants_data}");
    world
        .publish([IncomingArticle { published_at: world.now(), ..article(&format!("a{number}")) }])
        .await;
    let (edition, before) = (world.edition().await, world.relay.mails().len());
    let script = odds.iter().fold(Script::new(), |script, odd| script.rule(odd.rule()));
    let script = if pipelines { script } else { script.without_pipelining() };
    world.relay.set_script(if grants_data { script.grants_data_always() } else { script });
    world.restart();
    let (engine, transport, stop) =
        (world.engine(), world.transport().clone(), CancellationToken::new());
    let stopped = stop.clone();
    let sending =
        tokio::spawn(async move { engine.deliver_due(&transport, 0, &stopped).await.unwrap() });
    // A relay in trouble would be waited for.
    let _ = tokio::time::timeout(Duration::from_millis(300), async {
        while !sending.is_finished() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    stop.cancel();
    sending.await.unwrap();
    let taken: Vec<_> = world.relay.look(|mails| mails[before..].to_vec());
    assert!(taken.iter().all(is_whole), "an empty or half mail was taken: {told}");
    for (address, (state, answer)) in rows(world).await {
        let times = taken.iter().filter(|m| m.to == [address.clone()]).count();
        match state {
            DeliveryState::Sent => assert!(
                times == 1 && answer.starts_with('2'),
                "{address} {times} times, {answer}: {told}"
            ),
            DeliveryState::Failed => assert!(
                times == 0 && odds.iter().any(|o| o.words == Some(&answer)),
                "{address} {times} times, {answer}: {told}"
            ),
            DeliveryState::Queued => {
                assert_eq!(times, 0, "{address} has it and it is queued, {answer}: {told}")
            }
            other => panic!("{address} is {other}, {answer}: {told}"),
        }
    }
    world.relay.set_script(Script::new());
    world.restart();
    world.leap(HOUR);
    if world.fate(edition).await.starts_with("paused") {
        world.order(edition, courant::domain::edition::EditionCommand::Resume).await;
    }
    world.deliver().await;
    for (address, (state, _)) in rows(world).await {
        let times = world
            .relay
            .look(|mails| mails[before..].iter().filter(|m| m.to == [address.clone()]).count());
        assert!(
            matches!((state, times), (DeliveryState::Sent, 1) | (DeliveryState::Failed, 0)),
            "{address} is {state}, {times} times: {told}"
        );
    }
}

stories! {
    async fn whatever_is_answered_what_was_taken_is_whole_and_rows_say_what_was_said(world) {
        world.configure(|s| s.transport = "connections = 2".into()).await;
        world.readers(READERS).await;
        let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(24);
        let mut runner = TestRunner::default();
        let scripts = (prop::collection::vec(odd(), 1..7), any::<bool>(), any::<bool>());
        for number in 0..cases {
            let (odds, pipelines, grants_data) = scripts.new_tree(&mut runner).unwrap().current();
            meets(world, number, &odds, pipelines, grants_data).await;
        }
    }
}
