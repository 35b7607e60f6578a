//! Migrations are the same for both databases and keep existing data.

use std::collections::BTreeSet;
use std::path::Path;

use courant::store::Store;

use crate::support::{article, database_tests};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn file_names(engine: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("migrations").join(engine)).unwrap();
    entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn both_databases_have_the_same_migrations_numbered_without_gaps() {
    let names = [file_names("sqlite"), file_names("postgres")];
    assert_eq!(names[0], names[1]);
    for (number, name) in (1..).zip(&names[0]) {
        assert!(name.starts_with(&format!("{number:04}_")) && name.ends_with(".sql"), "{name}");
    }
}

#[test]
fn every_migration_file_is_embedded() {
    let listed = std::fs::read_to_string(root().join("src/store/migrations.rs")).unwrap();
    for engine in ["sqlite", "postgres"] {
        for name in file_names(engine) {
            assert!(
                listed.contains(&format!("migrations/{engine}/{name}")),
                "{engine}/{name} is not in src/store/migrations.rs"
            );
        }
    }
}

#[test]
fn the_example_config_of_the_repository_is_valid() {
    let config =
        courant::config::Config::load(&root().join("config.toml"), std::iter::empty()).unwrap();
    assert_eq!(
        (config.sources.len(), config.feeds.len(), config.digests.len(), config.transports.len()),
        (1, 1, 1, 1)
    );
}

database_tests! {
    async fn every_statement_is_accepted_by_the_database(world) {
        let prepared = world.app.store.prepare_statements().await.unwrap();
        assert!(prepared > 150, "{prepared}");
        world.sql("DROP TABLE rejected_rows").await;
        let error = world.app.store.prepare_statements().await.unwrap_err().to_string();
        assert!(error.contains("rejected_rows"), "{error}");
    }

    async fn migrating_again_keeps_subscribers_and_articles(world) {
        world.publish([article("a")]).await;
        world.add_readers(3).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        let url = world.app.config.database.url.clone();
        let again = Store::open(&url).await.unwrap();
        assert_eq!(again.editions().counts(edition).await.unwrap().sent, 3);
        assert_eq!(again.identity().await.unwrap().secret, world.app.store_identity.secret, "tokens and ids should stay valid");
        again.close().await;
    }

    async fn two_processes_that_start_at_the_same_time_migrate_once(world) {
        let url = world.app.config.database.url.clone();
        let (one, two) = if world.is_sqlite() {
            let fresh = url.replace("courant.db", "fresh.db");
            tokio::join!(Store::open(&fresh), Store::open(&fresh))
        } else {
            world.sql("DROP SCHEMA public CASCADE").await;
            world.sql("CREATE SCHEMA public").await;
            tokio::join!(Store::open(&url), Store::open(&url))
        };
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.identity().await.unwrap().secret, two.identity().await.unwrap().secret);
        one.close().await;
        two.close().await;
    }
}
