//! Bulk operations over a filter: their results, and their continuation after an interruption.

use courant::domain::actor::Actor;
use courant::domain::bulk::{BulkAction, BulkOutcome};
use courant::domain::digest_scope::DigestScope;
use courant::domain::filter::{Condition, TextTest};
use courant::domain::page::PageRequest;
use courant::domain::role::Role;
use courant::domain::subscription::SubscriptionStatus;
use courant::domain::time::MINUTE;
use courant::store::bulk_jobs::BulkChunk;
use courant::store::subscriber_lists::SubscriberQuery;
use courant::subscribers::bulk::{self, BulkContext};
use courant::subscribers::suppress;
use serde_json::json;

use crate::cli::import_example_data;
use crate::subscriptions::status;
use crate::support::{Shell, World, database_tests};

fn context(world: &World) -> BulkContext<'_> {
    BulkContext {
        store: &world.app.store,
        config: &world.app.config,
        secret: &world.app.store_identity.secret,
        actor: &Actor::Cli,
    }
}

/// Returns the condition that a subscriber has a tag.
fn tagged(tag: &str) -> Condition {
    Condition::Tag(TextTest::Among(vec![tag.to_owned()]))
}

async fn count(world: &World, condition: Condition) -> i64 {
    let query = SubscriberQuery::of(condition);
    world.app.store.subscribers().count_matching(&query).await.unwrap()
}

/// Performs an action for the people who fulfil a condition; returns the number of each outcome.
async fn perform(
    world: &World,
    action: BulkAction,
    condition: Condition,
) -> Vec<(BulkOutcome, u64)> {
    let job = bulk::start(context(world), &action, &condition, world.now()).await.unwrap();
    let done = bulk::run(context(world), job.id, || world.now(), |_| ()).await.unwrap();
    assert!(done.finished_at.is_some());
    done.counts.iter().collect()
}

fn all() -> Condition {
    Condition::All(Vec::new())
}

#[test]
fn people_are_changed_in_bulk_on_the_command_line() {
    let shell = Shell::new();
    import_example_data(&shell);
    let bulk = |options: &[&str]| shell.courant(&[&["subscribers", "bulk"], options].concat());
    let people = "address ~ \"@example.org\"";
    let counted = bulk(&["tag", "Partner", "--where", people, "--dry-run", "--json"]).json();
    assert_eq!(counted["subscribers"], 3);
    let done = bulk(&["tag", "Partner", "--where", people, "--json"]).json();
    assert_eq!(done["outcomes"], json!({"changed": 3}));
    let again = bulk(&["tag", "partner", "--where", people]);
    assert!(again.out.contains("unchanged 3"), "{again:?}");
    assert!(bulk(&["untag", "partner", "--where", "name ~ \"ann\""]).out.contains("untagged 1"));
    let ended = bulk(&["unsubscribe", "--digest", "weekly", "--where", "tag = \"partner\""]);
    assert!(ended.out.contains("unsubscribed 2"), "{ended:?}");
    let begun = bulk(&[
        "subscribe",
        "--digest",
        "weekly",
        "--consent",
        "by phone",
        "--where",
        "tag = \"partner\"",
    ]);
    assert!(begun.out.contains("subscribed 2"), "{begun:?}");
    let exported = shell.run_ok(&["subscribers", "export", "--where", "not tag = \"partner\""]);
    assert_eq!((exported.lines().count(), exported.contains("ann@")), (2, true), "{exported}");
    let asked = bulk(&["erase", "--where", "tag = \"partner\""]);
    assert!(asked.out.contains("2 subscribers would be changed; add --yes"), "{asked:?}");
    assert!(bulk(&["erase", "--where", "tag = \"partner\"", "--yes"]).out.contains("erased 2"));
    let jobs = bulk(&["list", "--json"]).json();
    assert_eq!((jobs.as_array().unwrap().len(), &jobs[0]["action"]), (6, &json!("erase")));
    let wrong = bulk(&["tag", "x", "--where", " "]);
    assert!(wrong.status == 2 && wrong.err.contains("--where is empty"), "{wrong:?}");
    assert_eq!(bulk(&["resume", "99"]).status, 1);
    let log = shell.run_ok(&["audit", "list", "--json"]);
    assert!(log.contains("bulk_job") && !log.contains("partner"), "{log}");
}

database_tests! {
    async fn an_interrupted_operation_continues_where_it_stopped(world) {
        world.add_readers(1_203).await;
        let action = BulkAction::Tag("vip".to_owned());
        // The condition does not hold any more for those who are done.
        let condition = Condition::Not(Box::new(tagged("vip")));
        let job = bulk::start(context(world), &action, &condition, world.now()).await.unwrap();
        world.subscribe("weekly", [courant::subscribers::NewSubscriber { email: "later@example.org".into(), ..Default::default() }]).await;
        assert_eq!(job.total, 1_203);
        let page = PageRequest::first(500);
        let first = world.app.store.subscribers().list_between(&condition, 0..job.last_subscriber, &page).await.unwrap().items;
        let chunk = BulkChunk { subscribers: first.iter().map(|p| p.id).collect(), requests: Vec::new(), transport: String::new() };
        let jobs = world.app.store.bulk_jobs();
        let kept = jobs.apply_chunk(&job, chunk.clone(), &Actor::Cli, world.now()).await.unwrap().unwrap();
        assert_eq!(kept.counts.of(BulkOutcome::Changed), 500);
        // A second process with the state before it changes nothing.
        assert!(jobs.apply_chunk(&job, chunk, &Actor::Cli, world.now()).await.unwrap().is_none());
        let mut progress = Vec::new();
        let done = bulk::run(context(world), job.id, || world.now(), |job| progress.push(job.counts.total())).await.unwrap();
        assert_eq!(progress, [1_000, 1_203, 1_203]);
        assert_eq!((done.counts.of(BulkOutcome::Changed), done.finished_at.is_some()), (1_203, true));
        assert_eq!(count(world, condition).await, 1, "a later subscriber does not belong to the job");
        let entries = world.app.store.audit_log().list(&PageRequest::first(99)).await.unwrap().items;
        assert_eq!(entries.iter().filter(|e| e.object.as_str() == "bulk_job").count(), 4, "start and three chunks");
    }

    async fn the_service_continues_an_operation_whose_process_ended(world) {
        world.add_readers(3).await;
        let maria = Actor::User { name: "maria".to_owned(), role: Role::ListManager, digests: DigestScope::All };
        let ctx = BulkContext { actor: &maria, ..context(world) };
        let action = BulkAction::Tag("vip".to_owned());
        let job = bulk::start(ctx, &action, &all(), world.now()).await.unwrap();
        let pass = async || {
            let secret = &world.app.store_identity.secret;
            bulk::continue_interrupted(&world.app.store, &world.app.config, secret, || world.now()).await.unwrap()
        };
        assert_eq!(pass().await, 0, "its own process may still be at work");
        world.advance(2 * MINUTE);
        assert_eq!((pass().await, pass().await), (1, 0));
        let done = world.app.store.bulk_jobs().find(job.id).await.unwrap().unwrap();
        assert_eq!((done.counts.of(BulkOutcome::Changed), done.finished_at.is_some()), (3, true));
        let entries = world.app.store.audit_log().list(&PageRequest::first(99)).await.unwrap().items;
        let steps = entries.iter().filter(|e| e.object.as_str() == "bulk_job");
        assert!(steps.clone().count() == 2 && steps.clone().all(|e| e.actor_name.as_deref() == Some("maria")), "{entries:?}");
    }

    async fn what_was_not_done_is_counted_by_reason(world) {
        world.add_readers(4).await;
        let address = |n: usize| courant::domain::address::EmailAddress::parse(&format!("r{n}@example.org")).unwrap();
        let reader = world.app.store.subscribers().find_by_address("r1@example.org").await.unwrap().unwrap();
        let link = world.app.store.subscriptions().list_of(&[reader.id]).await.unwrap().remove(0);
        world.app.store.subscriptions().unsubscribe(link.id, None, false, &Actor::Subscriber, world.now()).await.unwrap();
        courant::subscribers::unsubscribe_by_admin(&world.app.store, &address(2), None, "moved", &Actor::Cli, world.now()).await.unwrap();
        suppress(&world.app.store, &world.app.store_identity.secret, &address(3).into(), &Actor::Cli, world.now()).await.unwrap();
        let subscribe = BulkAction::Subscribe { digest: "weekly".into(), consent: "letter of May".into() };
        let outcomes = perform(world, subscribe, all()).await;
        assert_eq!(outcomes, [(BulkOutcome::Changed, 1), (BulkOutcome::Unchanged, 1), (BulkOutcome::Suppressed, 1), (BulkOutcome::Unsubscribed, 1)]);
        assert_eq!(status(world, "r1@example.org").await, Some(SubscriptionStatus::Unsubscribed));
        assert_eq!(status(world, "r2@example.org").await, Some(SubscriptionStatus::Confirmed));
        let unsubscribe = BulkAction::Unsubscribe { digest: "weekly".into(), reason: "end".into() };
        assert_eq!(perform(world, unsubscribe, all()).await, [(BulkOutcome::Changed, 3), (BulkOutcome::Unchanged, 1)]);
        assert_eq!(perform(world, BulkAction::Erase, all()).await, [(BulkOutcome::Changed, 4)]);
        assert_eq!(count(world, all()).await, 0);
        let unknown = bulk::start(context(world), &BulkAction::Unsubscribe { digest: "daily".into(), reason: String::new() }, &all(), world.now()).await;
        assert!(unknown.unwrap_err().to_string().contains("weekly"));
    }
}
