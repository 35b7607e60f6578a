//! Ledger: a digest sends each story at most once and never misses one (guarantee 3).

use courant::digests::{Prepared, create_edition_now};
use courant::domain::actor::Actor;
use courant::domain::article::IncomingArticle;
use courant::domain::edition::EditionCommand;
use courant::domain::time::{DAY, HOUR};

use crate::support::{START_TIME, article, database_tests};

/// A second digest, which has its own ledger.
const DAILY: &str =
    "[[digests]]\nname = \"daily\"\nschedule = \"0 7 * * *\"\nfrom = \"news@example.edu\"\n";

database_tests! {
    async fn a_story_is_sent_once(world) {
        world.publish([article("a"), article("b")]).await;
        world.add_readers(1).await;
        let first = world.create_edition().await;
        assert_eq!(world.titles_in(first).await.len(), 2);
        assert_eq!(world.run("weekly").await, Prepared::TooFew { stories: 0 });
        world.publish([article("c")]).await;
        let second = world.create_edition().await;
        assert_eq!(world.titles_in(second).await, ["Title of c"]);
    }

    async fn an_article_imported_late_is_still_sent(world) {
        world.publish([article("a")]).await;
        world.create_edition().await;
        world.advance(7 * DAY);
        world
            .publish([IncomingArticle {
                published_at: START_TIME.plus(-2 * HOUR),
                ..article("late")
            }])
            .await;
        let edition = world.create_edition().await;
        assert_eq!(world.titles_in(edition).await, ["Title of late"]);
    }

    async fn an_article_older_than_max_age_at_its_import_is_never_sent(world) {
        world.configure(|s| s.digest = "max_age = \"3d\"".into()).await;
        let old = IncomingArticle { published_at: START_TIME.plus(-4 * DAY), ..article("old") };
        let back_dated =
            IncomingArticle { published_at: START_TIME.plus(-2 * DAY), ..article("back-dated") };
        world.publish([old, back_dated]).await;
        let edition = world.create_edition().await;
        assert_eq!(world.titles_in(edition).await, ["Title of back-dated"]);
    }

    async fn a_story_waiting_for_an_edition_never_becomes_too_old(world) {
        world.configure(|s| s.digest = "max_age = \"3d\"\nmin_articles = 2".into()).await;
        world.publish([article("a")]).await;
        assert_eq!(world.run("weekly").await, Prepared::TooFew { stories: 1 });
        world.advance(60 * DAY);
        world.publish([IncomingArticle { published_at: world.now(), ..article("b") }]).await;
        let edition = world.create_edition().await;
        assert_eq!(world.titles_in(edition).await, ["Title of b", "Title of a"]);
    }

    async fn an_edited_story_is_not_sent_again(world) {
        world.publish([article("a")]).await;
        world.create_edition().await;
        world
            .publish([IncomingArticle {
                title: "Corrected".into(),
                published_at: START_TIME,
                ..article("a")
            }])
            .await;
        assert_eq!(world.run("weekly").await, Prepared::TooFew { stories: 0 });
    }

    async fn a_story_unpublished_before_the_edition_is_not_in_it(world) {
        world.publish([article("a"), article("b")]).await;
        world.unpublish("a").await;
        let edition = world.create_edition().await;
        assert_eq!(world.titles_in(edition).await, ["Title of b"]);
    }

    async fn a_republished_story_is_sent_only_if_it_was_not_sent_before(world) {
        world.publish([article("sent"), article("unsent")]).await;
        world.unpublish("unsent").await;
        world.create_edition().await;
        world.unpublish("sent").await;
        world.publish([article("sent"), article("unsent")]).await;
        let edition = world.create_edition().await;
        assert_eq!(world.titles_in(edition).await, ["Title of unsent"]);
    }

    async fn a_translation_imported_later_is_not_sent(world) {
        world.publish([article("a")]).await;
        world.create_edition().await;
        let translation = IncomingArticle {
            language: Some("zh-CN".into()),
            translation_of: Some("a".into()),
            ..article("a-zh")
        };
        world.publish([translation]).await;
        assert_eq!(world.run("weekly").await, Prepared::TooFew { stories: 0 });
    }

    async fn translations_are_one_story_sent_in_the_language_of_each_reader(world) {
        world.configure(|s| s.digest = "languages = [\"en\", \"zh\"]".into()).await;
        let translation = IncomingArticle {
            title: "标题".into(),
            language: Some("zh-CN".into()),
            translation_of: Some("a".into()),
            ..article("a-zh")
        };
        world.publish([article("a"), translation]).await;
        let reader = |name: &str, language: &str| courant::subscribers::NewSubscriber {
            email: format!("{name}@example.org"),
            language: Some(language.into()),
            ..Default::default()
        };
        world
            .subscribe(
                "weekly",
                [reader("ann", "en-GB"), reader("li", "zh-CN"), reader("jean", "fr")],
            )
            .await;
        let edition = world.create_edition().await;
        assert_eq!(world.titles_in(edition).await.len(), 1);
        world.deliver().await;
        let contains = |name: &str, title: &str| {
            world.mails_to(&format!("{name}@example.org"))[0].html.contains(title)
        };
        assert!(contains("ann", "Title of a") && !contains("ann", "标题"));
        assert!(contains("li", "标题") && !contains("li", "Title of a"));
        assert!(
            contains("jean", "Title of a"),
            "a reader of another language gets the first language"
        );
    }

    async fn the_stories_of_a_cancelled_edition_are_sent_again(world) {
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        let first = world.create_edition().await;
        assert_eq!(
            world.run_command(first, EditionCommand::Cancel).await,
            format!("Edition {first} is cancelled; messages that will not be sent: 2.")
        );
        assert_eq!(world.edition_status(first).await, "cancelled: 2 cancelled");
        let second = world.create_edition().await;
        assert_eq!(world.titles_in(second).await, ["Title of a"]);
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 2);
    }

    async fn a_cancelled_edition_with_sent_mails_keeps_its_stories(world) {
        world.relay.set_script(
            crate::smtp_server::Script::new().rule(
                crate::smtp_server::Rule::reply(crate::smtp_server::At::Rcpt, "450 4.2.0 later")
                    .recipient("r1@"),
            ),
        );
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        world.run_command(edition, EditionCommand::Cancel).await;
        assert_eq!(world.edition_status(edition).await, "cancelled: 1 sent, 1 cancelled");
        assert_eq!(world.run("weekly").await, Prepared::TooFew { stories: 0 });
    }

    async fn each_digest_has_its_own_ledger(world) {
        world.configure(|s| s.more = DAILY.into()).await;
        world.publish([article("a")]).await;
        world.create_edition().await;
        assert!(matches!(world.run("daily").await, Prepared::Created { .. }));
        assert_eq!(world.run("daily").await, Prepared::TooFew { stories: 0 });
    }

    async fn a_reader_of_one_section_gets_only_its_stories(world) {
        let in_section = |id: &str, section: &str| IncomingArticle {
            sections: vec![section.into()],
            ..article(id)
        };
        world.publish([in_section("s", "Sport"), in_section("c", "Campus")]).await;
        let person = courant::subscribers::NewSubscriber {
            email: "ann@example.org".into(),
            sections: vec!["sport".into()],
            ..Default::default()
        };
        world.subscribe("weekly", [person]).await;
        world.add_readers(1).await;
        world.create_edition().await;
        world.deliver().await;
        let mail = world.mails_to("ann@example.org").remove(0);
        assert!(mail.text.contains("Title of s") && !mail.text.contains("Title of c"));
        let mail = world.mails_to("r0@example.org").remove(0);
        assert!(mail.text.contains("Title of s") && mail.text.contains("Title of c"));
    }

    async fn articles_beyond_max_articles_are_listed_as_links(world) {
        world.configure(|s| s.digest = "max_articles = 1".into()).await;
        world
            .publish([article("a"), IncomingArticle { published_at: START_TIME, ..article("b") }])
            .await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        assert_eq!(world.titles_in(edition).await.len(), 2, "both stories belong to the edition");
        world.deliver().await;
        let html = world.mails_to("r0@example.org").remove(0).html;
        assert!(
            html.contains("Text of b") && !html.contains("Text of a"),
            "the newest article should be shown in full"
        );
        assert!(html.contains("https://college.example/a.html"));
    }

    async fn an_article_with_a_future_date_is_sent_after_that_date(world) {
        world
            .publish([IncomingArticle { published_at: START_TIME.plus(DAY), ..article("future") }])
            .await;
        assert_eq!(world.run("weekly").await, Prepared::TooFew { stories: 0 });
        world.advance(DAY + HOUR);
        let edition = world.create_edition().await;
        assert_eq!(world.titles_in(edition).await, ["Title of future"]);
    }

    async fn an_edition_with_a_future_date_contains_only_articles_that_are_public_now(world) {
        let future = IncomingArticle { published_at: START_TIME.plus(DAY), ..article("future") };
        world.publish([article("public"), future]).await;
        let (digest, at) = (world.digest("weekly"), world.now().plus(2 * DAY));
        let created =
            create_edition_now(world.app.digest_context(), digest, at, &Actor::Cli, world.now()).await.unwrap();
        let Prepared::Created { edition, .. } = created else { panic!("no edition: {created:?}") };
        assert_eq!(world.titles_in(edition).await, ["Title of public"]);
    }

    async fn a_renamed_digest_keeps_its_ledger_and_its_subscribers(world) {
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        world.create_edition().await;
        world.deliver().await;
        world.configure(|s| s.renamed.push(("weekly", "monday"))).await;
        assert_eq!(world.run("monday").await, Prepared::TooFew { stories: 0 });
        world.publish([article("b")]).await;
        assert!(matches!(world.run("monday").await, Prepared::Created { deliveries: 2, .. }));
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 4);
    }
}
