//! Stored counts of editions: always equal to the deliveries, whatever happens to them after the end.

use std::collections::BTreeMap;

use courant::domain::actor::Actor;
use courant::domain::article::IncomingArticle;
use courant::domain::delivery::{DeliveryOutcome, DeliveryState};
use courant::domain::edition::EditionCommand;
use courant::domain::page::PageRequest;
use courant::domain::time::DAY;
use courant::store::edition_deliveries::EditionDelivery;
use courant::store::outcomes::{CommitConnection, OutcomeRecord};
use courant::store::suppressions::address_hash;
use courant::subscribers::changes;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, database_tests};

/// Number of readers, who fill two batches.
const READERS: usize = 260;

async fn edition_for(world: &World, id: &str) -> i64 {
    world.publish([IncomingArticle { published_at: world.now(), ..article(id) }]).await;
    world.create_edition().await
}

/// Returns the deliveries of an edition, read in pages: all, or those in a state.
async fn deliveries(world: &World, id: i64, state: Option<DeliveryState>) -> Vec<EditionDelivery> {
    let editions = world.app.store.editions();
    let (mut request, mut all) = (PageRequest::first(100), Vec::new());
    loop {
        let page = match state {
            Some(state) => editions.deliveries_in(id, state, &request).await.unwrap(),
            None => editions.deliveries(id, true, &request).await.unwrap(),
        };
        all.extend(page.items);
        if page.next.is_none() {
            return all;
        }
        request.after = page.next;
    }
}

/// Compares the counts of an edition, and its lists by state, with its deliveries.
async fn check(world: &World, id: i64, after: &str) {
    let counts = world.app.store.editions().counts(id).await.unwrap();
    let all = deliveries(world, id, None).await;
    assert!(all.is_sorted_by_key(|d| d.id), "after {after}");
    let mut counted: BTreeMap<&str, i64> = BTreeMap::new();
    for delivery in &all {
        *counted.entry(delivery.state.as_str()).or_default() += 1;
    }
    for state in DeliveryState::ALL {
        let number = counted.get(state.as_str()).copied().unwrap_or(0);
        assert_eq!(counts.of(state), number, "{} deliveries after {after}", state.as_str());
        let listed = deliveries(world, id, Some(state)).await;
        assert_eq!(
            i64::try_from(listed.len()).unwrap(),
            number,
            "{} after {after}",
            state.as_str()
        );
    }
    let unsent =
        world.app.store.editions().deliveries(id, false, &PageRequest::first(999)).await.unwrap();
    let expected = all.iter().filter(|d| match d.state {
        DeliveryState::Queued => d.attempts > 0,
        state => !matches!(state, DeliveryState::Sending | DeliveryState::Sent),
    });
    assert_eq!(unsent.items.len(), expected.count(), "unsent after {after}");
}

/// Returns `true` if the counts of the edition are stored.
async fn is_stored(world: &World, id: i64) -> bool {
    let same =
        format!("UPDATE editions SET counts = counts WHERE id = {id} AND counts IS NOT NULL");
    world.sql(&same).await == 1
}

/// Records that a message was sent, as a node does that lost its lease during the attempt.
async fn record_as_sent(world: &World, delivery: i64, with_queue: bool) {
    let record = OutcomeRecord {
        id: delivery,
        outcome: DeliveryOutcome::Sent,
        may_retry_uncertain: false,
        reply: Some("250 2.0.0 late".to_owned()),
        rejection: None,
        is_queue_entry: with_queue,
    };
    let mut connection = CommitConnection::new(&world.app.store);
    connection.commit("another node", &[record], &[], world.now()).await.unwrap();
    connection.close().await;
}

async fn suppress(world: &World, reader: usize) {
    let address = format!("r{reader}@example.org");
    let hash = address_hash(&world.app.store_identity.secret, &address);
    world.app.store.suppressions().add(&hash, "complaint", &Actor::Cli, world.now()).await.unwrap();
}

async fn erase(world: &World, reader: usize) {
    let (store, address) = (&world.app.store, format!("r{reader}@example.org"));
    if let Some(person) = store.subscribers().find_by_address(&address).await.unwrap() {
        changes::erase(store, &person, &Actor::Cli, world.now()).await.unwrap().unwrap();
    }
}

/// A change of the deliveries of an edition.
#[derive(Debug, Clone)]
enum Step {
    Deliver(usize, Option<&'static str>),
    Command(EditionCommand),
    /// Queues failed deliveries again without opening the edition, as a node does that ends then.
    BeginRetry,
    SendLate(usize, bool),
    Suppress(usize),
    Erase(usize),
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let reply = prop::sample::select(vec![
        None,
        Some("450 4.2.0 later"),
        Some("550 5.1.1 unknown"),
        Some("554 5.7.1 policy"),
    ]);
    let commands = vec![
        EditionCommand::Pause,
        EditionCommand::Resume,
        EditionCommand::Retry,
        EditionCommand::Retry,
        EditionCommand::Cancel,
    ];
    prop_oneof![
        4 => (0..READERS, reply).prop_map(|(reader, reply)| Step::Deliver(reader, reply)),
        3 => prop::sample::select(commands).prop_map(Step::Command),
        1 => Just(Step::BeginRetry),
        2 => (0..READERS, any::<bool>()).prop_map(|(n, queued)| Step::SendLate(n, queued)),
        1 => (0..READERS).prop_map(Step::Suppress),
        1 => (0..READERS).prop_map(Step::Erase),
        1 => Just(Step::Wait),
    ]
}

/// Carries out a step; a command that the state of the edition does not allow changes nothing.
async fn take(world: &World, id: i64, step: &Step) {
    match step {
        Step::Deliver(reader, reply) => {
            // The reply concerns the reader and those whose numbers begin with the same digits.
            let recipient = format!("r{reader}").trim_end_matches('0').to_owned();
            let rule = match reply {
                Some(text) => Rule::reply(At::Rcpt, text),
                None => Rule::close(At::Content).times(2),
            };
            world.relay.set_script(Script::new().rule(rule.recipient(&recipient)));
            world.deliver().await;
        }
        Step::Command(command) => {
            let (store, now) = (&world.app.store, world.now());
            let _ =
                courant::delivery::run_edition_command(store, id, *command, &Actor::Cli, now).await;
        }
        Step::BeginRetry => {
            let _ = world.app.store.editions().begin_retry(id, &Actor::Cli, world.now()).await;
        }
        Step::SendLate(number, with_queue) => {
            let all = deliveries(world, id, None).await;
            if let Some(delivery) = all.iter().rfind(|d| d.state != DeliveryState::Sent) {
                record_as_sent(world, delivery.id, *with_queue).await;
            }
            record_as_sent(world, all[number % all.len()].id, *with_queue).await;
        }
        Step::Suppress(reader) => suppress(world, *reader).await,
        Step::Erase(reader) => erase(world, *reader).await,
        Step::Wait => world.advance(DAY),
    }
}

database_tests! {
    async fn the_counts_of_an_edition_are_stored_at_its_end_and_follow_retries_and_late_outcomes(world) {
        world.configure(|s| s.transport = "uncertain = \"hold\"".into()).await;
        world.add_readers(READERS).await;
        let id = edition_for(world, "a").await;
        suppress(world, 7).await;
        world.relay.set_script(
            Script::new()
                .rule(Rule::reply(At::Rcpt, "550 5.7.1 policy").recipient("r1@"))
                .rule(Rule::reply(At::Rcpt, "550 5.7.1 policy").recipient("r259@"))
                .rule(Rule::close(At::Content).recipient("r3@")),
        );
        assert!(!is_stored(world, id).await, "before the end");
        world.deliver().await;
        assert_eq!(world.edition_status(id).await, "sent: 256 sent, 2 failed, 1 held, 1 cancelled");
        assert!(is_stored(world, id).await);
        check(world, id, "the end").await;
        for (with_queue, left) in [(false, "2 failed"), (true, "1 failed")] {
            let unsent = [DeliveryState::Held, DeliveryState::Failed];
            let late = deliveries(world, id, Some(unsent[usize::from(with_queue)])).await.remove(0);
            record_as_sent(world, late.id, with_queue).await;
            assert!(!is_stored(world, id).await && world.edition_status(id).await.contains(left));
            check(world, id, "a late outcome").await;
            world.deliver().await;
            assert!(is_stored(world, id).await, "after the next tick");
            check(world, id, "the next tick").await;
        }
        world.relay.set_script(Script::new());
        world.run_command(id, EditionCommand::Retry).await;
        assert!(!is_stored(world, id).await);
        check(world, id, "a retry").await;
        world.deliver().await;
        assert_eq!(world.edition_status(id).await, "sent: 259 sent, 1 cancelled");
        assert!(is_stored(world, id).await);
        erase(world, 5).await;
        check(world, id, "an erasure").await;
    }

    async fn a_retry_that_was_interrupted_leaves_no_stored_counts(world) {
        world.add_readers(READERS).await;
        let id = edition_for(world, "a").await;
        world.relay.set_script(
            Script::new()
                .rule(Rule::reply(At::Rcpt, "550 5.7.1 policy").recipient("r1@"))
                .rule(Rule::reply(At::Rcpt, "550 5.7.1 policy").recipient("r259@")),
        );
        world.deliver().await;
        let retry = world.app.store.editions().begin_retry(id, &Actor::Cli, world.now()).await.unwrap();
        assert_eq!(retry.requeued, 1);
        assert_eq!(world.edition_status(id).await, "sending: 1 queued, 258 sent, 1 failed");
        assert!(!is_stored(world, id).await, "the delivery has not ended");
        check(world, id, "the first batch").await;
        erase(world, 1).await;
        world.deliver().await;
        assert_eq!(world.edition_status(id).await, "sent: 258 sent, 2 failed");
        assert!(is_stored(world, id).await);
    }

    async fn a_cancelled_edition_stores_its_counts_once_nothing_is_in_flight(world) {
        world.add_readers(3).await;
        let id = edition_for(world, "a").await;
        world.sql("UPDATE deliveries SET state = 'sending' WHERE address = 'r1@example.org'").await;
        world.sql("UPDATE delivery_batches SET lease_node = 'other', lease_until = 9000000000000").await;
        world.run_command(id, EditionCommand::Cancel).await;
        assert_eq!(world.edition_status(id).await, "cancelled: 1 sending, 2 cancelled");
        assert!(!is_stored(world, id).await);
        let in_flight = deliveries(world, id, Some(DeliveryState::Sending)).await.remove(0);
        record_as_sent(world, in_flight.id, false).await;
        world.deliver().await;
        assert_eq!(world.edition_status(id).await, "cancelled: 1 sent, 2 cancelled");
        assert!(is_stored(world, id).await);
    }

    async fn after_random_changes_the_counts_equal_the_deliveries(world) {
        world.configure(|s| s.transport = "uncertain = \"hold\"".into()).await;
        let mut runner = TestRunner::deterministic();
        for story in 0..6 {
            world.add_readers(READERS).await;
            let id = edition_for(world, &format!("story {story}")).await;
            let steps = prop::collection::vec(step(), 4..12).new_tree(&mut runner).unwrap().current();
            for (n, step) in steps.iter().enumerate() {
                take(world, id, step).await;
                check(world, id, &format!("step {n} of {steps:?}")).await;
            }
            world.relay.set_script(Script::new());
            let store = &world.app.store;
            let _ = courant::delivery::run_edition_command(store, id, EditionCommand::Cancel, &Actor::Cli, world.now()).await;
            world.deliver().await;
            check(world, id, &format!("the end of {steps:?}")).await;
        }
    }
}
