//! Suppressed domains: no address there receives e-mails, however and whenever it is subscribed.

use courant::domain::actor::Actor;
use courant::domain::filter::Condition;
use courant::domain::suppression_target::SuppressionTarget;
use courant::store::subscriber_lists::SubscriberQuery;
use courant::subscribers::{self, NewSubscriber};

use crate::cli::import_example_data;
use crate::subscriber_files::import_file;
use crate::support::{Shell, World, article, database_tests};

fn at(domain: &str) -> SuppressionTarget {
    SuppressionTarget::parse(domain).unwrap()
}

fn person(email: &str) -> NewSubscriber {
    NewSubscriber { email: email.into(), ..NewSubscriber::default() }
}

async fn suppress(world: &World, target: &str) -> bool {
    let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
    subscribers::suppress(store, secret, &at(target), &Actor::Cli, world.now()).await.unwrap()
}

async fn suppressed_people(world: &World) -> i64 {
    let query = SubscriberQuery::of(Condition::Suppressed);
    world.app.store.subscribers().count_matching(&query).await.unwrap()
}

database_tests! {
    async fn nobody_at_a_suppressed_domain_receives_anything(world) {
        world.publish([article("a")]).await;
        world.add_readers(2).await;
        world.subscribe("weekly", [person("eva@sub.example.org"), person("Max@Example.COM")]).await;
        let edition = world.create_edition().await;
        let digests = [world.digest("weekly")];
        let secret = &world.app.store_identity.secret;
        subscribers::subscribe(&world.app.store, secret, &person("new@example.org"), &digests, world.now()).await.unwrap().unwrap();
        assert!(suppress(world, "@Example.org").await && !suppress(world, "@example.org").await);
        assert_eq!(suppressed_people(world).await, 3);
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 2 sent, 2 cancelled");
        assert_eq!((world.mails_to("eva@sub.example.org").len(), world.mails_to("Max@example.com").len()), (1, 1));
        let report = import_file(world, b"email\nlate@example.org\nlate@example.net\n", |_| ()).await;
        assert_eq!((report.counts.suppressed, report.counts.confirmed), (1, 1));
        subscribers::subscribe(&world.app.store, secret, &person("again@example.org"), &digests, world.now()).await.unwrap().unwrap();
        world.publish([article("b")]).await;
        let next = world.create_edition().await;
        world.deliver().await;
        assert_eq!(world.edition_status(next).await, "sent: 3 sent");
        assert!(world.mail_counts().keys().all(|to| !to.ends_with("@example.org")), "{:?}", world.mail_counts());
        assert!(subscribers::unsuppress(&world.app.store, secret, &at("@example.org"), &Actor::Cli, world.now()).await.unwrap());
        world.publish([article("c")]).await;
        let last = world.create_edition().await;
        world.deliver().await;
        assert_eq!(world.edition_status(last).await, "sent: 5 sent", "the readers are still subscribed");
    }
}

#[test]
fn a_domain_is_suppressed_shown_and_allowed_again_on_the_command_line() {
    let shell = Shell::new();
    import_example_data(&shell);
    let added = shell.courant(&["suppressions", "add", "@EXAMPLE.org", "--json"]).json();
    assert_eq!(added["added"], true);
    let list = shell.run_ok(&["suppressions", "list"]);
    assert!(list.contains("@example.org"), "{list}");
    let shown = shell.run_ok(&["suppressions", "show", "ann@example.org"]);
    assert!(shown.contains("every address at example.org has been suppressed since"), "{shown}");
    let person = shell.courant(&["subscribers", "show", "ann@example.org", "--json"]).json();
    assert_eq!(person["suppression_reason"], "admin", "{person}");
    let refused = shell.courant(&["subscribers", "add", "zoe@example.org", "--digest", "weekly"]);
    assert!(refused.status != 0 && refused.err.contains("suppressed"), "{refused:?}");
    assert!(shell.run_ok(&["suppressions", "export"]).contains("@example.org"));
    assert_eq!(shell.courant(&["suppressions", "remove", "ann@example.org"]).status, 1);
    assert!(
        shell.run_ok(&["suppressions", "remove", "@example.org"]).contains("Removed @example.org")
    );
    let wrong = shell.courant(&["suppressions", "add", "@"]);
    assert!(wrong.status == 2 && wrong.err.contains("@example.com"), "{wrong:?}");
}
