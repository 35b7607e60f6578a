//! Feeds and digests that the database defines, beside those of the config file.

use std::time::{Duration, Instant};

use courant::config::Config;
use courant::definitions::{self, DefinitionError};
use courant::domain::actor::{Actor, ActorKind};
use courant::domain::definition::{Definition, DefinitionKind};
use courant::domain::digest_scope::DigestScope;
use courant::domain::role::Role;

use crate::crashes::Node;
use crate::server_process::get;
use crate::support::{LONGEST_WAIT, World, database_tests};

pub(crate) fn editor() -> Actor {
    Actor::User { name: "lin".into(), role: Role::Editor, digests: DigestScope::All }
}

pub(crate) fn feed(name: &str, body: &str) -> Definition {
    Definition { kind: DefinitionKind::Feed, name: name.into(), body: body.into() }
}

pub(crate) async fn save(world: &World, definition: Definition) -> Result<i64, DefinitionError> {
    let path = world.config_file();
    let read = |all: &[Definition]| Config::load_with(&path, std::iter::empty(), all);
    let (store, templates) = (&world.app.store, &world.app.templates);
    definitions::save(store, &read, templates, definition, &editor(), world.now()).await
}

pub(crate) async fn delete(world: &World, name: &str) -> Result<i64, DefinitionError> {
    let path = world.config_file();
    let read = |all: &[Definition]| Config::load_with(&path, std::iter::empty(), all);
    let (store, kind) = (&world.app.store, DefinitionKind::Feed);
    definitions::delete(store, &read, kind, name, &editor(), world.now()).await
}

/// Waits until each node responds to a feed with this status.
async fn until_status(nodes: &mut [Node], path: &str, status: u16) {
    let start = Instant::now();
    for node in nodes {
        let address = node.serving.wait_until_ready();
        while get(address, path, &[]).status != status {
            assert!(start.elapsed() < LONGEST_WAIT, "{}", node.serving.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

database_tests! {
    async fn a_definition_is_served_by_every_node_without_a_restart(world) {
        world.use_real_time();
        let count = if world.is_sqlite() { 1 } else { 2 };
        let mut nodes: Vec<Node> = (0..count).map(|n| Node::start(world, n, "serve")).collect();
        until_status(&mut nodes, "/feeds/campus.rss", 404).await;
        save(world, feed("campus", "title = \"Campus\"\nitems = 5\n")).await.unwrap();
        until_status(&mut nodes, "/feeds/campus.rss", 200).await;
        delete(world, "campus").await.unwrap();
        until_status(&mut nodes, "/feeds/campus.rss", 404).await;
        for node in nodes {
            assert_eq!(node.serving.stop().0, Some(0));
        }
    }

    async fn a_invalid_definition_is_refused_with_each_fault_and_its_line(world) {
        let invalid = feed("campus", "title = \"Campus\"\nitems = 0\nlangauge = \"en\"\n");
        let error = save(world, invalid).await.unwrap_err().to_string();
        let lines: Vec<&str> = error.lines().collect();
        assert!(lines[0].starts_with("feed \"campus\" in the database, line 2: [[feeds]] campus: `items`"), "{error}");
        assert!(lines[1].starts_with("feed \"campus\" in the database, line 3: [[feeds]]"), "{error}");
        assert_eq!(lines.len(), 2, "{error}");
        for body in ["title = \"A\"\n[site]\ntitle = \"B\"\n", "name = \"other\"\n", "[[feeds]]\nname = \"x\"\n", "title = "] {
            let error = save(world, feed("campus", body)).await.unwrap_err();
            assert!(matches!(error, DefinitionError::Invalid(_)), "{body}: {error}");
        }
        assert_eq!(world.app.store.definitions().version().await.unwrap(), 0);
    }

    async fn a_digest_of_the_database_needs_an_existing_template(world) {
        let digest = |template: &str| Definition {
            kind: DefinitionKind::Digest,
            name: "monthly".into(),
            body: format!("title = \"Month\"\nschedule = \"0 8 1 * *\"\nfrom = \"N <n@example.edu>\"\n{template}"),
        };
        let error = save(world, digest("template = \"none\"\n")).await.unwrap_err();
        assert!(matches!(error, DefinitionError::UnknownTemplate { .. }), "{error}");
        save(world, digest("")).await.unwrap();
        assert_eq!(world.app.store.definitions().current().await.unwrap().len(), 1);
    }

    async fn a_name_of_the_config_file_cannot_be_redefined_or_deleted(world) {
        let name = world.app.config.feeds[0].name.clone();
        let error = save(world, feed(&name, "title = \"Mine\"\n")).await.unwrap_err();
        assert!(matches!(error, DefinitionError::InFile { .. }), "{error}");
        assert!(matches!(delete(world, &name).await, Err(DefinitionError::InFile { .. })));
        assert!(matches!(delete(world, "no-such").await, Err(DefinitionError::NotFound { .. })));
    }

    async fn versions_are_kept_with_their_author_and_a_stale_change_is_refused(world) {
        save(world, feed("campus", "title = \"One\"\n")).await.unwrap();
        save(world, feed("campus", "title = \"Two\"\n")).await.unwrap();
        delete(world, "campus").await.unwrap();
        let all = world.app.store.definitions();
        let versions = all.versions(DefinitionKind::Feed, "campus").await.unwrap();
        let bodies: Vec<_> = versions.iter().map(|v| v.body.as_deref()).collect();
        assert_eq!(bodies, [None, Some("title = \"Two\"\n"), Some("title = \"One\"\n")]);
        assert_eq!((versions[0].actor_kind, versions[0].actor_name.as_deref()), (ActorKind::User, Some("lin")));
        assert_eq!(all.current().await.unwrap(), []);
        // Two changes were validated with the configuration of version 3: the second is refused.
        let previous = all.version().await.unwrap();
        let add = async |body| {
            all.add_version(DefinitionKind::Feed, "x", Some(body), previous, &editor(), world.now()).await.unwrap()
        };
        assert!(add("title = \"A\"\n").await.is_some());
        assert_eq!(add("title = \"B\"\n").await, None);
        assert_eq!(all.current().await.unwrap(), [feed("x", "title = \"A\"\n")]);
    }
}
