//! Versions of definitions: history, rename, restore, concurrent changes, dependents and export.

use courant::config::{Config, ConfigError, FieldError, export_definitions};
use courant::definitions::{self, DefinitionError, Dependents};
use courant::domain::definition::{Definition, DefinitionKind};
use courant::subscribers::NewSubscriber;

use crate::definitions::{delete, editor, feed, save};
use crate::support::{World, article, database_tests};

const FEED: DefinitionKind = DefinitionKind::Feed;

fn reader(world: &World) -> impl Fn(&[Definition]) -> Result<Config, ConfigError> + Sync + use<> {
    let path = world.config_file();
    move |all: &[Definition]| Config::load_with(&path, std::iter::empty(), all)
}

fn digest(name: &str) -> Definition {
    let body = "title = \"Month\"\nschedule = \"0 8 1 * *\"\nfrom = \"N <n@example.edu>\"\n";
    Definition { kind: DefinitionKind::Digest, name: name.into(), body: body.into() }
}

fn ann() -> NewSubscriber {
    NewSubscriber { email: "ann@example.edu".into(), ..NewSubscriber::default() }
}

/// Returns the text of a configuration without the locations of its filters.
fn without_locations(config: &Config) -> String {
    let text = format!("{config:?}");
    let mut parts = text.split("location: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once(" }").map_or(part, |(_, rest)| rest))
}

async fn rename(
    world: &World,
    kind: DefinitionKind,
    names: (&str, &str),
) -> Result<i64, DefinitionError> {
    let (store, read) = (&world.app.store, reader(world));
    definitions::rename(store, &read, kind, names, &editor(), world.now()).await
}

async fn restore(world: &World, name: &str, version: i64) -> Result<i64, DefinitionError> {
    let (app, read, wanted) = (&world.app, reader(world), (FEED, name, version));
    definitions::restore(&app.store, &read, &app.templates, wanted, &editor(), world.now()).await
}

async fn current(world: &World) -> Vec<Definition> {
    world.app.store.definitions().current().await.unwrap()
}

database_tests! {
    async fn errors_name_the_field_and_the_part_of_its_value(world) {
        let body = "items = 0\naliases = [\"/ok/\",\n  \"bad\"]\ntitles = { zh = \"\" }\nlangauge = \"en\"\nsources = [\"none\"]\n";
        let error = save(world, feed("campus", body)).await.unwrap_err();
        let DefinitionError::Invalid(error) = error else { panic!("{error}") };
        let errors = error.field_errors(FEED, "campus");
        let paths: Vec<String> = errors.iter().map(|error| error.path.join("/")).collect();
        assert_eq!(paths, ["items", "aliases/1", "titles/zh", "langauge", "sources/0"], "{errors:?}");
        assert!(error.to_string().contains("feed \"campus\" in the database, line 3: "), "{error}");
        // An error of another table has no field of this definition.
        let errors = error.field_errors(FEED, "other");
        assert!(errors.iter().all(|FieldError { path, .. }| path.is_empty()), "{errors:?}");
        assert!(errors[0].message.starts_with("feed \"campus\" in the database, line 1: "), "{errors:?}");
    }

    async fn a_renamed_digest_keeps_its_subscriptions_and_its_versions(world) {
        save(world, digest("monthly")).await.unwrap();
        let file = world.config_file();
        world.app = courant::app::App::from_file(&file).await.unwrap();
        world.subscribe("monthly", [ann()]).await;
        let version = rename(world, DefinitionKind::Digest, ("monthly", "month")).await.unwrap();
        let app = courant::app::App::from_file(&file).await.unwrap();
        app.apply_renames(&courant::domain::actor::Actor::Cli).await.unwrap();
        assert!(app.config.digests.iter().any(|digest| digest.name == "month"));
        assert_eq!(app.store.definitions().count_subscriptions("month").await.unwrap(), 1);
        assert_eq!(app.store.definitions().count_subscriptions("monthly").await.unwrap(), 0);
        let history = definitions::history(&app.store, DefinitionKind::Digest, "month").await.unwrap();
        let names: Vec<_> = history.iter().map(|revision| revision.name.as_str()).collect();
        assert_eq!(names, ["month", "monthly"]);
        assert_eq!((history[0].version.version, history[0].changes[0].key.as_str()), (version, "was"));
        // Neither name is free, and a second rename adds to the former names.
        let taken = rename(world, DefinitionKind::Digest, ("month", "monthly")).await;
        assert!(matches!(taken, Err(DefinitionError::Invalid(_))), "{taken:?}");
        rename(world, DefinitionKind::Digest, ("month", "every-month")).await.unwrap();
        assert!(current(world).await[0].body.starts_with("was = [\"monthly\", \"month\"]\n"));
        let missing = rename(world, DefinitionKind::Digest, ("month", "x")).await;
        assert!(matches!(missing, Err(DefinitionError::NotFound { .. })), "{missing:?}");
        app.store.close().await;
    }

    async fn an_old_version_is_restored_with_the_former_names_of_today(world) {
        let first = save(world, feed("campus", "title = \"One\"\nitems = 5\n")).await.unwrap();
        let second = save(world, feed("campus", "title = \"Two\"\nitems = 5\n")).await.unwrap();
        rename(world, FEED, ("campus", "people")).await.unwrap();
        restore(world, "people", first).await.unwrap();
        let restored = "was = [\"campus\"]\ntitle = \"One\"\nitems = 5\n";
        assert_eq!(current(world).await, [feed("people", restored)]);
        delete(world, "people").await.unwrap();
        restore(world, "people", second).await.unwrap();
        assert_eq!(current(world).await, [feed("people", "was = [\"campus\"]\ntitle = \"Two\"\nitems = 5\n")]);
        let other = save(world, feed("other", "title = \"Other\"\n")).await.unwrap();
        let error = restore(world, "people", other).await;
        assert!(matches!(error, Err(DefinitionError::NotFound { .. })), "{error:?}");
        let history = definitions::history(&world.app.store, FEED, "people").await.unwrap();
        let changed: Vec<Vec<&str>> =
            history.iter().map(|r| r.changes.iter().map(|c| c.key.as_str()).collect()).collect();
        assert_eq!(changed, [
            vec!["items", "title", "was"], vec!["items", "title", "was"], vec!["title"], vec!["was"], vec!["title"],
            vec!["items", "title"],
        ]);
    }

    async fn a_change_of_a_replaced_version_is_refused(world) {
        let store = &world.app.store;
        let first = save(world, feed("campus", "title = \"One\"\n")).await.unwrap();
        let base = definitions::expect_version(store, FEED, "campus", Some(first)).await.unwrap();
        save(world, feed("campus", "title = \"Two\"\n")).await.unwrap();
        let stale = definitions::expect_version(store, FEED, "campus", Some(first)).await;
        assert!(matches!(stale, Err(DefinitionError::Conflict)), "{stale:?}");
        let (read, mine) = (reader(world), feed("campus", "title = \"Three\"\n"));
        let late = definitions::save_after(store, base, &read, &world.app.templates, mine, &editor(), world.now()).await;
        assert!(matches!(late, Err(DefinitionError::Conflict)), "{late:?}");
        let late = definitions::delete_after(store, base, &read, (FEED, "campus"), &editor(), world.now()).await;
        assert!(matches!(late, Err(DefinitionError::Conflict)), "{late:?}");
        delete(world, "campus").await.unwrap();
        definitions::expect_version(store, FEED, "campus", None).await.unwrap();
        let gone = definitions::expect_version(store, FEED, "campus", Some(first)).await;
        assert!(matches!(gone, Err(DefinitionError::Conflict)), "{gone:?}");
    }

    async fn dependents_of_a_digest_and_of_a_feed_are_listed(world) {
        let (app, now) = (&world.app, world.now());
        let digest = app.config.digests[0].name.clone();
        let of_digest = definitions::dependents(&app.store, &app.config, DefinitionKind::Digest, &digest, now);
        assert!(of_digest.await.unwrap().is_empty());
        world.subscribe(&digest, [ann()]).await;
        world.publish([article("one")]).await;
        let edition = world.create_edition().await;
        let app = &world.app;
        let of_digest = definitions::dependents(&app.store, &app.config, DefinitionKind::Digest, &digest, now);
        assert_eq!(of_digest.await.unwrap(), Dependents {
            editions_in_progress: vec![edition], subscriptions: 1, ..Dependents::default()
        });
        save(world, feed("campus", "aliases = [\"/old/\"]\n")).await.unwrap();
        let config = reader(world)(&current(world).await).unwrap();
        let of_feed = definitions::dependents(&app.store, &config, FEED, "campus", now).await.unwrap();
        assert_eq!(of_feed, Dependents { aliases: vec!["/old/".into()], ..Dependents::default() });
    }

    async fn exported_definitions_read_from_a_file_give_the_same_configuration(world) {
        save(world, feed("campus", "title = \"Campus\" # a comment\ntitles = { zh = \"校园\" }")).await.unwrap();
        save(world, digest("monthly")).await.unwrap();
        let all = current(world).await;
        let path = world.config_file();
        let before = Config::load_with(&path, std::iter::empty(), &all).unwrap();
        let file = format!("{}\n{}", world.config_text(), export_definitions(&all));
        let after = Config::parse(&path, &file, std::iter::empty()).unwrap();
        assert_eq!(without_locations(&before), without_locations(&after));
    }
}
