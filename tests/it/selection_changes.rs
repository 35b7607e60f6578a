//! Articles and digests whose selection changes: an article that enters the selection of a digest is
//! news by its age at that moment, and one that waits in it never becomes too old.

use courant::digests::Prepared;
use courant::domain::article::IncomingArticle;
use courant::domain::time::{DAY, HOUR, Millis, SignedDuration};

use crate::support::{World, article, database_tests};

/// Imports an article that was published `age` ago in a section.
async fn publish(world: &World, id: &str, section: &str, age: SignedDuration) {
    let published_at = world.now().plus(-age);
    world.publish([in_section(id, section, published_at)]).await;
}

fn in_section(id: &str, section: &str, published_at: Millis) -> IncomingArticle {
    IncomingArticle { sections: vec![section.into()], published_at, ..article(id) }
}

/// Imports a stored article again under another section.
async fn refile(world: &World, id: &str, section: &str) {
    let stored = world.app.store.articles().find(&format!("college/{id}")).await.unwrap().unwrap();
    world.publish([in_section(id, section, stored.published_at)]).await;
}

/// Returns the articles of an edition made now, by id; runs none if there are none.
async fn edition(world: &World) -> Vec<String> {
    match world.run("weekly").await {
        Prepared::Created { edition, .. } => {
            let mut titles = world.titles_in(edition).await;
            titles.sort();
            titles.iter().map(|title| title.replace("Title of ", "")).collect()
        }
        _ => Vec::new(),
    }
}

/// Begins a digest of these settings, and lets a year pass.
async fn year_of(world: &mut World, digest: &str) {
    world.configure(|s| s.digest = format!("missed = \"skip\"\n{digest}")).await;
    world.prepare(world.now()).await;
    world.advance(365 * DAY);
}

/// Restarts with other settings, as an operator does.
async fn reconfigure(world: &mut World, digest: &str) {
    world.configure(|s| s.digest = format!("missed = \"skip\"\n{digest}")).await;
    world.prepare(world.now()).await;
}

const LAB: &str = "sections = [\"Lab\"]";
const LAB_AND_CAMPUS: &str = "sections = [\"Lab\", \"Campus\"]";

database_tests! {
    async fn an_old_article_that_is_filed_under_a_selected_section_is_not_news(world) {
        year_of(world, LAB).await;
        for id in ["a", "b", "c"] {
            publish(world, id, "Kitchen", HOUR).await;
            world.advance(50 * DAY);
        }
        publish(world, "d", "Kitchen", HOUR).await;
        world.advance(10 * DAY);
        for id in ["a", "b", "c", "d"] {
            refile(world, id, "Lab").await;
        }
        assert_eq!(edition(world).await, ["d"]);
        world.advance(40 * DAY);
        refile(world, "c", "Lab").await;
        assert_eq!(edition(world).await, [""; 0]);
    }

    async fn an_old_article_that_gets_a_selected_tag_is_not_news(world) {
        year_of(world, "tags = [\"partners\"]").await;
        let published_at = world.now();
        world.publish([IncomingArticle { published_at, ..article("a") }]).await;
        world.advance(180 * DAY);
        let tagged =
            IncomingArticle { tags: vec!["Partners".into()], published_at, ..article("a") };
        world.publish([tagged]).await;
        assert_eq!(edition(world).await, [""; 0]);
    }

    async fn a_wider_selection_does_not_tell_the_past_of_what_it_adds(world) {
        year_of(world, LAB).await;
        for n in 0..6 {
            publish(world, &format!("old{n}"), "Campus", HOUR).await;
            world.advance(30 * DAY);
        }
        publish(world, "young", "Campus", HOUR).await;
        world.advance(20 * DAY);
        for wider in [LAB_AND_CAMPUS, "", "sources = [\"college\"]"] {
            reconfigure(world, wider).await;
            let stories = courant::digests::next_edition(
                world.app.digest_context(), world.digest("weekly"), world.now(), world.now(),
            ).await.unwrap();
            assert_eq!(stories.articles.len(), 1, "{wider}");
        }
        assert_eq!(edition(world).await, ["young"]);
    }

    async fn a_longer_max_age_does_not_reach_behind_the_change(world) {
        year_of(world, "max_age = \"7d\"").await;
        publish(world, "old", "Lab", 40 * DAY).await;
        publish(world, "older", "Lab", 100 * DAY).await;
        world.advance(25 * DAY);
        reconfigure(world, "max_age = \"60d\"").await;
        assert_eq!(edition(world).await, [""; 0]);
    }

    async fn a_shorter_max_age_applies_to_what_waits(world) {
        year_of(world, "max_age = \"60d\"").await;
        publish(world, "late", "Lab", 40 * DAY).await;
        publish(world, "new", "Lab", HOUR).await;
        reconfigure(world, "max_age = \"7d\"").await;
        assert_eq!(edition(world).await, ["new"]);
    }

    async fn what_waits_never_becomes_too_old_whatever_changes(world) {
        year_of(world, LAB_AND_CAMPUS).await;
        for id in ["edited", "tagged", "moved", "untouched"] {
            publish(world, id, "Lab", HOUR).await;
        }
        world.advance(90 * DAY);
        let published_at = world.now().plus(-90 * DAY - HOUR);
        let edited = IncomingArticle {
            body_html: "<p>Corrected.</p>".into(), ..in_section("edited", "Lab", published_at)
        };
        let tagged = IncomingArticle { tags: vec!["x".into()], ..in_section("tagged", "Lab", published_at) };
        world.publish([edited, tagged, in_section("moved", "Campus", published_at)]).await;
        world.advance(90 * DAY);
        reconfigure(world, "").await;
        world.advance(90 * DAY);
        refile(world, "moved", "Elsewhere").await;
        reconfigure(world, "sections = [\"lab\", \"elsewhere\"]").await;
        assert_eq!(edition(world).await, ["edited", "moved", "tagged", "untouched"]);
        assert_eq!(edition(world).await, [""; 0]);
    }

    async fn an_article_that_leaves_by_mistake_for_hours_keeps_its_place(world) {
        year_of(world, LAB).await;
        for id in ["gone", "refiled"] {
            publish(world, id, "Lab", HOUR).await;
        }
        world.advance(90 * DAY);
        let published_at = world.now().plus(-90 * DAY - HOUR);
        world.unpublish("gone").await;
        refile(world, "refiled", "Kitchen").await;
        reconfigure(world, "sections = [\"Kitchen\"]").await;
        world.advance(5 * HOUR);
        reconfigure(world, LAB).await;
        world.publish([in_section("gone", "Lab", published_at)]).await;
        refile(world, "refiled", "Lab").await;
        assert_eq!(edition(world).await, ["gone", "refiled"]);
    }

    async fn an_article_that_returns_after_months_is_as_old_as_it_is(world) {
        year_of(world, LAB).await;
        for id in ["gone", "refiled"] {
            publish(world, id, "Lab", HOUR).await;
        }
        let published_at = world.now().plus(-HOUR);
        world.unpublish("gone").await;
        refile(world, "refiled", "Kitchen").await;
        world.advance(90 * DAY);
        world.publish([in_section("gone", "Lab", published_at)]).await;
        refile(world, "refiled", "Lab").await;
        assert_eq!(edition(world).await, [""; 0]);
    }

    async fn a_digest_that_was_absent_for_months_starts_as_a_new_one(world) {
        year_of(world, LAB).await;
        publish(world, "old", "Lab", HOUR).await;
        let mut without = world.app.clone();
        let mut config = (*without.config).clone();
        config.digests.clear();
        without.config = config.into();
        courant::digests::prepare_due(without.digest_context(), world.now()).await.unwrap();
        world.advance(60 * DAY);
        publish(world, "young", "Lab", HOUR).await;
        world.prepare(world.now()).await;
        assert_eq!(edition(world).await, ["young"]);
    }

    async fn a_renamed_source_and_a_renamed_digest_keep_what_waits(world) {
        year_of(world, "sources = [\"college\"]").await;
        publish(world, "a", "Lab", HOUR).await;
        world.advance(90 * DAY);
        world.configure(|s| {
            s.digest = "missed = \"skip\"\nsources = [\"school\"]".into();
            s.renamed = vec![("college", "school"), ("weekly", "bulletin")];
        }).await;
        let prepared = world.run("bulletin").await;
        assert!(matches!(prepared, Prepared::Created { .. }), "{prepared:?}");
    }

    async fn a_new_section_of_the_whole_site_tells_nothing_old(world) {
        // The editors rename a section, and the operator follows a week later.
        year_of(world, LAB).await;
        for n in 0..3 {
            publish(world, &format!("sent{n}"), "Lab", HOUR).await;
        }
        assert_eq!(edition(world).await.len(), 3);
        publish(world, "unsent", "Lab", HOUR).await;
        publish(world, "other", "Kitchen", HOUR).await;
        world.advance(10 * DAY);
        for id in ["sent0", "sent1", "sent2", "unsent"] {
            refile(world, id, "Laboratory").await;
        }
        world.advance(7 * DAY);
        reconfigure(world, "sections = [\"Laboratory\"]").await;
        assert_eq!(edition(world).await, ["unsent"]);
    }
}
