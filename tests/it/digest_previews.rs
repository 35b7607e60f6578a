//! Previews and test e-mails: why an edition is empty, earlier editions and samples, and the headers
//! and the link of a test.

use courant::demo::mailbox::mime::ParsedMail;
use courant::digests::{self, PreviewContent, PreviewOptions};
use courant::domain::actor::Actor;
use courant::domain::article::IncomingArticle;
use courant::domain::left_out::ExclusionReason;
use courant::domain::link_token::{LinkScope, verify};
use courant::domain::time::{DAY, Millis};
use courant::subscribers::NewSubscriber;

use crate::cli::import_example_data;
use crate::support::{START_TIME, Shell, World, article, database_tests};

/// Returns an article in a section, published so long before the start of the test.
fn in_section(id: &str, section: &str, days_ago: i32) -> IncomingArticle {
    IncomingArticle {
        sections: vec![section.to_owned()],
        published_at: START_TIME.plus(-DAY * days_ago),
        ..article(id)
    }
}

/// Returns the reasons for which the next edition leaves articles out.
async fn left_out(world: &World) -> Vec<(ExclusionReason, u64)> {
    let (digest, now) = (world.digest("weekly"), world.now());
    let next = digests::next_edition(world.app.digest_context(), digest, now, now).await.unwrap();
    next.left_out.iter().collect()
}

/// Renders a preview of the weekly digest.
async fn preview(world: &World, content: PreviewContent) -> anyhow::Result<digests::Preview> {
    let options = PreviewOptions { content, ..PreviewOptions::default() };
    let digest = world.digest("weekly");
    digests::preview(world.app.digest_context(), digest, &options, world.now()).await
}

/// Sends a test of the weekly digest and returns the message.
async fn test_mail(world: &World, to: &str, content: PreviewContent) -> ParsedMail {
    test_mail_with(world, to, &content.into()).await
}

async fn test_mail_with(world: &World, to: &str, options: &PreviewOptions) -> ParsedMail {
    let digest = world.digest("weekly");
    let context = world.app.digest_context();
    digests::queue_test(context, digest, to, options, &Actor::Cli, world.now()).await.unwrap();
    world.deliver().await;
    let is_test =
        |mail: &ParsedMail| mail.header("Subject").is_some_and(|s| s.starts_with("[Test]"));
    world.mails_to(to).into_iter().find(is_test).unwrap()
}

database_tests! {
    async fn articles_that_an_edition_leaves_out_are_counted_by_rule(world) {
        world.configure(|s| s.digest = "sections = [\"Workshops\"]\nmax_age = \"20d\"".into()).await;
        world.publish([
            in_section("new", "Workshops", 1),
            in_section("old", "Workshops", 21),
            in_section("older", "workshops", 400),
            in_section("oldest", "Workshops", 4_000),
            in_section("canteen", "Campus", 1),
            in_section("garden", "Campus", 900),
            in_section("next month", "Workshops", -30),
        ])
        .await;
        let reasons =
            [(ExclusionReason::MaxAge, 3), (ExclusionReason::OtherSection, 2), (ExclusionReason::Future, 1)];
        assert_eq!(left_out(world).await, reasons);
        world.create_edition().await;
        assert!(left_out(world).await.contains(&(ExclusionReason::AlreadySent, 1)));
        world.unpublish("oldest").await;
        assert!(left_out(world).await.contains(&(ExclusionReason::MaxAge, 2)), "a removed article is not counted");
    }

    async fn translations_and_other_selections_are_counted(world) {
        let translation = IncomingArticle {
            language: Some("zh".into()),
            translation_of: Some("a".into()),
            ..article("b")
        };
        world.publish([article("a"), translation]).await;
        assert_eq!(left_out(world).await, [], "both articles are one story of the edition");
        world.create_edition().await;
        assert_eq!(left_out(world).await, [(ExclusionReason::AlreadySent, 2)]);
        world.configure(|s| s.digest = "tags = [\"kiln\"]".into()).await;
        assert_eq!(left_out(world).await, [(ExclusionReason::OtherTag, 2)]);
        world.configure(|s| s.digest = "authors = [\"Mara\"]".into()).await;
        assert_eq!(left_out(world).await, [(ExclusionReason::OtherAuthor, 2)]);
    }

    async fn a_test_is_the_mail_that_the_preview_shows(world) {
        world.configure(|s| s.digest = "languages = [\"en\", \"zh\"]".into()).await;
        let translation =
            IncomingArticle { language: Some("zh".into()), translation_of: Some("a".into()), ..article("b") };
        world.publish([IncomingArticle { language: Some("en".into()), ..article("a") }, translation]).await;
        let li = NewSubscriber { email: "li@example.org".into(), language: Some("zh".into()), ..NewSubscriber::default() };
        world.subscribe("weekly", [li]).await;
        let next = || PreviewOptions::from(PreviewContent::Next);
        let options = [
            ("plain@example.net", next(), "Title of a"),
            ("zh@example.net", PreviewOptions { language: Some("zh".into()), ..next() }, "Title of b"),
            ("as@example.net", PreviewOptions { as_subscriber: Some("li@example.org".into()), ..next() }, "Title of b"),
        ];
        for (to, options, title) in options {
            let mail = test_mail_with(world, to, &options).await;
            assert!(mail.html.contains(title), "{to}: {}", mail.html);
            assert!(mail.html.contains(to) && !mail.html.contains("li@example.org"), "{to}");
        }
    }

    async fn a_preview_shows_an_earlier_edition_or_a_sample(world) {
        let none = preview(world, PreviewContent::Last).await.unwrap_err().to_string();
        assert!(none.contains("has no edition yet; use --sample"), "{none}");
        let sample = preview(world, PreviewContent::Sample).await.unwrap();
        assert!(sample.stories > 0 && sample.mail.html.contains("College News"));
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let first = world.create_edition().await;
        world.publish([article("b")]).await;
        world.create_edition().await;
        assert_eq!(preview(world, PreviewContent::Next).await.unwrap().stories, 0);
        for (content, titles) in [
            (PreviewContent::Last, ["Title of b"].as_slice()),
            (PreviewContent::Edition(first), &["Title of a"]),
            (PreviewContent::Sample, &["Title of a", "Title of b"]),
        ] {
            let preview = preview(world, content).await.unwrap();
            assert_eq!(preview.stories, titles.len(), "{content:?}");
            for title in ["Title of a", "Title of b"] {
                assert_eq!(preview.mail.html.contains(title), titles.contains(&title), "{content:?}");
            }
            assert!(preview.mail.html.contains("reader@example.org"), "{content:?}");
            assert!(!preview.message.contains("slot"), "{content:?}: a placeholder is left");
        }
        let missing = preview(world, PreviewContent::Edition(99)).await.unwrap_err().to_string();
        assert!(missing.contains("99"), "{missing}");
    }

    async fn a_test_mail_has_the_recipient_and_headers_of_a_digest(world) {
        world.publish([article("a")]).await;
        let mail = test_mail(world, "boss@example.org", PreviewContent::Next).await;
        let header = |name: &str| mail.header(name).unwrap_or_default().to_owned();
        assert!(header("Subject").starts_with("[Test] Title of a"), "{}", header("Subject"));
        assert!(header("List-ID").contains("<weekly.news.example.edu>"));
        assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        assert_eq!(header("Auto-Submitted"), "auto-generated");
        assert_eq!(header("X-Courant-Edition"), "test");
        assert!(!header("Feedback-ID").is_empty());
        let link = header("List-Unsubscribe").trim_matches(['<', '>']).to_owned();
        for part in [&mail.html, &mail.text] {
            assert!(part.contains(&link) && part.contains("boss@example.org"), "{part}");
            assert!(!part.contains("reader@example.org"), "{part}");
        }
        let token = link.rsplit('/').next().unwrap();
        let scope = verify(&world.app.store_identity.secret, token);
        assert!(matches!(scope, Some(LinkScope::Test { .. })), "{scope:?}");
    }

    async fn a_test_to_a_subscriber_has_their_name_and_does_not_unsubscribe_them(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        let mail = test_mail(world, "r0@example.org", PreviewContent::Edition(edition)).await;
        assert!(mail.html.contains("Title of a") && mail.html.contains("r0@example.org"));
        let link = mail.header("List-Unsubscribe").unwrap().trim_matches(['<', '>']).to_owned();
        let token = link.rsplit('/').next().unwrap();
        let secret = &world.app.store_identity.secret;
        let store = &world.app.store;
        let outcome = courant::subscribers::unsubscribe(store, secret, token, false, Millis(0)).await;
        assert!(outcome.unwrap().is_none(), "the link should end no subscription");
    }
}

#[test]
fn a_preview_of_an_earlier_edition_counts_the_recipients_of_that_edition() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    let added = ["subscribers", "add", "dan@example.org", "--status", "confirmed"];
    shell.run_ok(&[&added[..], &["--consent", "letter of May"]].concat());
    let preview = |content: &[&str]| {
        let command = ["digests", "preview", "weekly", "--out", "seen"];
        shell.run_ok(&[&command[..], content].concat())
    };
    for content in [&["--edition", "1"][..], &["--last"]] {
        assert!(preview(content).contains(" 3 recipients"), "{content:?}: {}", preview(content));
    }
    for content in [&[][..], &["--sample"]] {
        assert!(preview(content).contains(" 4 recipients"), "{content:?}: {}", preview(content));
    }
}

#[test]
fn the_next_edition_has_articles_and_recipients_or_fewer_articles_than_it_needs() {
    let shell = Shell::new();
    let short = "  the next edition would hold 0 articles, fewer than min_articles = 1, and is not created\n";
    let out = shell.run_ok(&["digests", "next"]);
    assert!(out.contains(short), "{out}");
    import_example_data(&shell);
    let next = "  the next edition would hold 2 articles and have 3 recipients\n";
    let out = shell.run_ok(&["digests", "next"]);
    assert!(out.contains(next), "{out}");
}

#[test]
fn commands_say_why_an_edition_is_empty() {
    let shell = Shell::new();
    let empty = shell.courant(&["digests", "run", "weekly"]);
    assert!(empty.err.contains("the database has no articles yet"), "{empty:?}");
    let line = |id: i32| {
        format!(
            "{{\"id\":\"{id}\",\"title\":\"From the attic {id}\",\"published_at\":\"2019-05-0{id}T10:00:00Z\"}}\n"
        )
    };
    shell.write("attic.jsonl", (1..=3).map(line).collect::<String>());
    shell.run_ok(&["articles", "import", "attic.jsonl"]);
    let reason = "3 are older than max_age = 30d";
    assert!(shell.run_ok(&["digests", "next"]).contains(reason));
    let checked = shell.run_ok(&["check"]);
    assert!(
        checked.contains(&format!("0 articles for the next edition; left out: {reason}")),
        "{checked}"
    );
    assert!(shell.run_ok(&["digests", "preview", "weekly", "--out", "seen"]).contains(reason));
    assert!(
        shell.run_ok(&["digests", "test", "weekly", "--to", "boss@example.org"]).contains(reason)
    );
    let run = shell.courant(&["digests", "run", "weekly"]);
    assert!(run.status == 1 && run.err.contains(reason), "{run:?}");
    let left_out = serde_json::json!([{"reason": "max_age", "articles": 3}]);
    assert_eq!(shell.courant(&["digests", "next", "--json"]).json()[0]["left_out"], left_out);
    let preview = ["digests", "preview", "weekly", "--out", "seen", "--json"];
    assert_eq!(shell.courant(&preview).json()["left_out"], left_out);
    let sample = shell.run_ok(&["digests", "preview", "weekly", "--sample", "--out", "seen"]);
    assert!(sample.contains("3 articles") && !sample.contains("left out"), "{sample}");
    let both = shell.courant(&["digests", "preview", "weekly", "--sample", "--last", "--out", "x"]);
    assert_eq!(both.status, 2, "{both:?}");
}
