//! Every change that somebody makes has an actor and an entry in the audit log.

use courant::api_tokens::{NewToken, TOKEN_BYTES};
use courant::domain::actor::{Actor, ActorKind};
use courant::domain::audit::{AuditAction, AuditObject};
use courant::domain::digest_scope::DigestScope;
use courant::domain::edition::EditionCommand;
use courant::domain::page::{Cursor, PageRequest};
use courant::domain::role::Role;
use courant::sources::import;
use courant::store::audit_log::AuditEntry;
use courant::store::suppressions::address_hash;
use courant::subscribers::{self, NewSubscriber};
use courant::{api_tokens, delivery};

use crate::support::{World, article, database_tests};

async fn entries(world: &World) -> Vec<AuditEntry> {
    let page = world.app.store.audit_log().list(&PageRequest::first(100)).await.unwrap();
    assert_eq!(page.next, None);
    page.items
}

database_tests! {
    async fn changes_are_recorded_with_their_actor_newest_first(world) {
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        let edition = world.create_edition().await;
        let editor = Actor::User { name: "li".into(), role: Role::Editor, digests: DigestScope::All };
        let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
        delivery::run_edition_command(store, edition, EditionCommand::Pause, &editor, world.now())
            .await
            .unwrap();
        let new = NewToken::new("cms", Role::Viewer);
        api_tokens::create_token(store, secret, new, [1; TOKEN_BYTES], &Actor::Cli, world.now()).await.unwrap();
        let recorded = entries(world).await;
        let summary: Vec<_> = recorded
            .iter()
            .map(|e| (e.actor_kind, e.actor_name.as_deref(), e.action, e.object, e.object_id.as_str()))
            .collect();
        assert_eq!(
            summary[..3],
            [
                (ActorKind::Cli, None, AuditAction::Create, AuditObject::Token, "cms"),
                (ActorKind::User, Some("li"), AuditAction::Pause, AuditObject::Edition, edition.to_string().as_str()),
                (ActorKind::Cli, None, AuditAction::Create, AuditObject::Edition, edition.to_string().as_str()),
            ]
        );
        assert_eq!(recorded[0].detail, Some(serde_json::json!({"role": "viewer"})));
        assert!(recorded.iter().all(|e| !format!("{e:?}").contains("@example.org")), "no personal data");
    }

    async fn a_change_that_is_rejected_leaves_no_entry(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        let edition = world.create_edition().await;
        world.deliver().await;
        let before = entries(world).await.len();
        let store = &world.app.store;
        for command in [EditionCommand::Pause, EditionCommand::Resume, EditionCommand::Cancel] {
            delivery::run_edition_command(store, edition, command, &Actor::Cli, world.now()).await.unwrap_err();
        }
        assert!(!api_tokens::revoke_token(store, "nobody", &Actor::Cli, world.now()).await.unwrap());
        assert_eq!(entries(world).await.len(), before);
    }

    async fn a_request_that_changes_nothing_leaves_no_entry(world) {
        let hash = address_hash(&world.app.store_identity.secret, "r0@example.org");
        world.app.store.suppressions().add(&hash, "complaint", &Actor::Cli, world.now()).await.unwrap();
        world.add_readers(2).await;
        let reader = world.app.store.subscribers().find_by_address("r1@example.org").await.unwrap().unwrap().id;
        let subscription = world.app.store.subscriptions().list_of(&[reader]).await.unwrap()[0].id;
        let unsubscribe = async || {
            world.app.store.subscriptions().unsubscribe(subscription, None, false, &Actor::Subscriber, world.now()).await.unwrap()
        };
        assert!(unsubscribe().await);
        let before = entries(world).await;
        assert_eq!(before[0].action, AuditAction::Unsubscribe);
        assert!(!unsubscribe().await);
        let page = NewSubscriber { email: "r0@example.org".into(), ..NewSubscriber::default() };
        let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
        subscribers::subscribe(store, secret, &page, &[world.digest("weekly")], world.now())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(entries(world).await, before);
    }

    async fn an_edition_that_the_schedule_creates_is_a_change_of_the_system(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        world.prepare(world.now()).await;
        world.advance(courant::domain::time::SignedDuration::from_hours(24 * 8));
        world.prepare(world.now()).await;
        let created = entries(world).await.into_iter().find(|e| e.object == AuditObject::Edition);
        assert_eq!(created.map(|e| e.actor_kind), Some(ActorKind::System));
    }

    async fn an_import_of_articles_and_its_entry_are_stored_together(world) {
        let file = world.home.path().join("articles.jsonl");
        let lines: String = (0..45).map(|i| format!("{{\"id\":\"a{i}\",\"title\":\"A\"}}\n")).collect();
        std::fs::write(&file, lines).unwrap();
        let (store, config) = (&world.app.store, &world.app.config);
        let import = async || import::import_file(store, config, &config.sources[0], &file, &Actor::Cli, world.now(), |_| ()).await;
        world.sql("ALTER TABLE article_terms RENAME TO away").await;
        import().await.unwrap_err();
        assert_eq!(entries(world).await, [], "nothing was imported");
        world.sql("ALTER TABLE away RENAME TO article_terms").await;
        assert_eq!(import().await.unwrap().unwrap().report.added, 45);
        let recorded = entries(world).await;
        assert_eq!(recorded.len(), 1, "{recorded:?}");
        assert_eq!((recorded[0].action, recorded[0].object), (AuditAction::Import, AuditObject::Source));
        assert_eq!(recorded[0].detail, Some(serde_json::json!({"articles": 45})));
        import().await.unwrap().unwrap();
        assert_eq!(entries(world).await, recorded, "an unchanged file changes nothing");
    }

    async fn the_log_is_read_in_pages(world) {
        for name in ["a", "b", "c", "d", "e"] {
            let (new, random) = (NewToken::new(name, Role::Viewer), [name.as_bytes()[0]; TOKEN_BYTES]);
            let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
            api_tokens::create_token(store, secret, new, random, &Actor::Cli, world.now()).await.unwrap();
        }
        let mut names = Vec::new();
        let mut request = PageRequest::first(2);
        loop {
            let page = world.app.store.audit_log().list(&request).await.unwrap();
            assert!(page.items.len() <= 2);
            names.extend(page.items.into_iter().map(|e| e.object_id));
            let Some(next) = page.next else { break };
            request = PageRequest { limit: 2, after: Some(Cursor::from_client(next.as_str())) };
        }
        assert_eq!(names, ["e", "d", "c", "b", "a"]);
        let forged = PageRequest { limit: 2, after: Some(Cursor::from_client("forged")) };
        let error = world.app.store.audit_log().list(&forged).await.unwrap_err().to_string();
        assert!(error.contains("cursor is not valid"), "{error}");
    }

    async fn subscribers_are_named_by_their_present_address_until_they_are_erased(world) {
        use courant::domain::address::EmailAddress;
        use courant::subscribers::changes::{self, SubscriberEdit};

        world.add_readers(2).await;
        let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
        let names = async || {
            let mut entries = entries(world).await;
            store.audit_log().set_names(&mut entries).await.unwrap();
            let named = |e: AuditEntry| (e.action.as_str(), e.object.as_str(), e.object_name);
            entries.into_iter().map(named).collect::<Vec<_>>()
        };
        let reader = store.subscribers().find_by_address("r1@example.org").await.unwrap().unwrap();
        let subscription = store.subscriptions().list_of(&[reader.id]).await.unwrap()[0].id;
        store.subscriptions().unsubscribe(subscription, None, false, &Actor::Subscriber, world.now()).await.unwrap();
        let edit = SubscriberEdit { email: Some("new@example.org".into()), ..SubscriberEdit::default() };
        changes::edit(store, secret, &reader, &edit, &[], &Actor::Cli, world.now()).await.unwrap().unwrap();
        let address = EmailAddress::parse("new@example.org").unwrap();
        subscribers::suppress(store, secret, &address.into(), &Actor::Cli, world.now()).await.unwrap();
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(
            names().await,
            [
                ("create", "suppression", named("new@example.org")),
                ("change", "subscriber", named("new@example.org")),
                ("unsubscribe", "subscription", named("new@example.org (weekly)")),
                ("import", "subscriber", None),
            ]
        );
        changes::erase(store, &reader, &Actor::Cli, world.now()).await.unwrap().unwrap();
        assert_eq!(
            names().await,
            [
                ("erase", "subscriber", named("erased person")),
                ("create", "suppression", None),
                ("change", "subscriber", named("erased person")),
                ("unsubscribe", "subscription", named("erased person")),
                ("import", "subscriber", None),
            ]
        );
        let stored = format!("{:?}", entries(world).await);
        assert!(!stored.contains("@example.org"), "{stored}");
    }
}
