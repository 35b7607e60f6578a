//! Digests without recipients: a scheduled edition is not created, and no article is used up.

use courant::digests::Prepared;
use courant::domain::actor::Actor;
use courant::domain::article::IncomingArticle;
use courant::domain::suppression_target::SuppressionTarget;
use courant::domain::time::{DAY, Millis, SECOND};
use courant::subscribers::{self, NewSubscriber};

use crate::support::{START_TIME, Shell, World, article, database_tests};

/// Returns the date of the weekly digest after some weeks; the first one has the number 0.
fn date(week: i32) -> Millis {
    let first = Millis::from("2026-09-21T08:00:00Z".parse::<jiff::Timestamp>().unwrap());
    first.plus(week * 7 * DAY)
}

/// Returns the titles in the edition of a date, which must have one recipient.
async fn titles(world: &World, week: i32) -> Vec<String> {
    let prepared = world.prepare(date(week)).await;
    let [Prepared::Created { edition, deliveries: 1 }] = prepared[..] else {
        panic!("no edition: {prepared:?}")
    };
    world.titles_in(edition).await
}

database_tests! {
    async fn the_first_recipients_get_the_articles_of_the_dates_before(world) {
        world.prepare(START_TIME).await;
        world.publish([article("a"), article("b")]).await;
        assert_eq!(world.prepare(date(0)).await, []);
        world.add_readers(1).await;
        assert_eq!(world.prepare(date(0).plus(SECOND)).await, [], "the date has passed");
        assert_eq!(titles(world, 1).await.len(), 2);
    }

    async fn without_recipients_articles_become_too_old(world) {
        world.prepare(START_TIME).await;
        world.publish([article("old")]).await;
        for week in 0..6 {
            assert_eq!(world.prepare(date(week)).await, [], "week {week}");
        }
        let published_at = date(6).plus(-DAY);
        world.publish_at(published_at, [IncomingArticle { published_at, ..article("new") }]).await;
        world.add_readers(1).await;
        assert_eq!(titles(world, 6).await, ["Title of new"], "max_age is 30 days");
    }

    async fn suppressed_people_and_readers_of_other_sections_are_no_recipients(world) {
        let in_section = |name: &str| IncomingArticle { sections: vec![name.into()], ..article(name) };
        world.prepare(START_TIME).await;
        world.publish([in_section("Sport")]).await;
        world.add_readers(1).await;
        let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
        let reader = SuppressionTarget::parse("r0@example.org").unwrap();
        assert!(subscribers::suppress(store, secret, &reader, &Actor::Cli, world.now()).await.unwrap());
        let campus = NewSubscriber {
            email: "ann@example.org".into(),
            sections: vec!["Campus".into()],
            ..NewSubscriber::default()
        };
        world.subscribe("weekly", [campus]).await;
        assert_eq!(world.prepare(date(0)).await, []);
        world.publish([in_section("Campus")]).await;
        assert_eq!(titles(world, 1).await.len(), 2);
    }

    async fn an_audience_that_nobody_fulfils_has_no_recipients(world) {
        world.configure(|s| s.digest = "audience = 'language = \"zh\"'".into()).await;
        world.prepare(START_TIME).await;
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        assert_eq!(world.prepare(date(0)).await, []);
        let reader = NewSubscriber {
            email: "li@example.org".into(),
            language: Some("zh".into()),
            ..NewSubscriber::default()
        };
        world.subscribe("weekly", [reader]).await;
        assert_eq!(titles(world, 1).await, ["Title of a"]);
    }
}

#[test]
fn an_edition_that_an_admin_created_without_recipients_can_be_cancelled_after_it_was_sent() {
    let shell = Shell::new();
    shell.write("articles.jsonl", "{\"id\":\"a\",\"title\":\"First\"}\n");
    shell.run_ok(&["articles", "import", "articles.jsonl"]);
    let created = shell.courant(&["digests", "run", "weekly"]);
    assert_eq!((created.status, created.out.as_str()), (0, "1\n"));
    assert!(created.err.contains("`courant editions cancel 1` lets them wait"), "{}", created.err);
    shell.run_ok(&["deliver"]);
    assert_eq!(shell.courant(&["digests", "run", "weekly"]).status, 1, "its article is used up");
    shell.run_ok(&["editions", "cancel", "1"]);
    shell.run_ok(&["deliver"]);
    shell.run_ok(&[
        "subscribers",
        "add",
        "ann@example.org",
        "--digest",
        "weekly",
        "--status",
        "confirmed",
        "--consent",
        "form",
    ]);
    assert_eq!(shell.run_ok(&["digests", "run", "weekly"]), "2\n");
    shell.run_ok(&["deliver"]);
    assert_eq!(shell.mails(), 1);
}
