//! Segments and audiences: who receives an edition.

use courant::config::Config;
use courant::digests::audience_size;
use courant::domain::actor::Actor;
use courant::domain::definition::{Definition, DefinitionKind};
use courant::subscribers::NewSubscriber;
use courant::subscribers::changes::{self, SubscriberEdit};
use courant::{app, definitions};

use crate::cli::import_example_data;
use crate::support::{Shell, World, article, database_tests};

const SEGMENTS: &str = "[[segments]]
name = \"partners\"
was = [\"friends\"]
title = \"Partner institutions\"
filter = 'tag = \"partner\" and not city = \"bonn\"'
";

/// Returns a shell without data whose weekly digest has this audience.
fn shell_with_audience(audience: &str) -> Shell {
    let digest = format!("audience = '{audience}'\n{SEGMENTS}[[transports]]");
    Shell::with("[[transports]]", &digest)
}

async fn tag(world: &World, address: &str, tag: &str) {
    let store = &world.app.store;
    let person = store.subscribers().find_by_address(address).await.unwrap().unwrap();
    let edit = SubscriberEdit { tags: vec![tag.to_owned()], ..SubscriberEdit::default() };
    let secret = &world.app.store_identity.secret;
    changes::edit(store, secret, &person, &edit, &[], &Actor::Cli, world.now())
        .await
        .unwrap()
        .unwrap();
}

fn tagged(email: &str, tags: &[&str]) -> NewSubscriber {
    NewSubscriber {
        email: email.to_owned(),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        ..NewSubscriber::default()
    }
}

#[test]
fn commands_count_the_subscribers_of_segments_and_audiences() {
    let shell = shell_with_audience("segment = \"friends\"");
    import_example_data(&shell);
    shell.run_ok(&["attributes", "add", "city", "--type", "text"]);
    let edit = ["subscribers", "edit"];
    shell.run_ok(&[&edit[..], &["ann@example.org", "--tag", "partner"]].concat());
    shell.run_ok(
        &[&edit[..], &["bob@example.org", "--tag", "partner", "--attribute", "city=Bonn"]].concat(),
    );
    let listed = shell.courant(&["segments", "list", "--json"]).json();
    assert_eq!((&listed[0]["name"], &listed[0]["subscribers"]), (&"partners".into(), &1.into()));
    let shown = shell.run_ok(&["segments", "show", "partners"]);
    assert!(shown.contains("Partner institutions") && shown.contains("1 subscriber"), "{shown}");
    let wrong = shell.courant(&["segments", "show", "partner"]);
    assert!(wrong.status == 2 && wrong.err.contains("did you mean `partners`?"), "{wrong:?}");
    let next = shell.courant(&["digests", "next", "--json"]).json();
    assert_eq!(next[0]["subscribers"], 1);
    assert!(shell.run_ok(&["digests", "next"]).contains("1 recipient"));
    assert!(
        shell.run_ok(&["check", "--offline"]).contains("digest weekly: audience of 1 subscriber")
    );
    assert_eq!(
        shell
            .courant(&[
                "subscribers",
                "list",
                "--where",
                "segment = \"partners\"",
                "--count",
                "--json"
            ])
            .json()["subscribers"],
        1
    );
    let used = shell.courant(&["attributes", "remove", "city"]);
    assert!(used.status == 1 && used.err.contains("the segment partners"), "{used:?}");
}

#[test]
fn filters_of_the_configuration_are_checked_with_file_and_line() {
    let shell = shell_with_audience("segment = \"partner\"");
    let wrong = shell.courant(&["subscribers", "list"]);
    assert!(wrong.status == 2 && wrong.err.contains("did you mean `partners`?"), "{wrong:?}");
    let line = wrong.err.split("config.toml:").nth(1).unwrap();
    assert!(line.contains(": [[digests]] weekly: `audience`: at character 11"), "{}", wrong.err);
    let shell = shell_with_audience("town = \"Bonn\"");
    for command in [&["check", "--offline"][..], &["serve"]] {
        let output = shell.courant(command);
        let all = format!("{}{}", output.out, output.err);
        assert!(output.status != 0, "{command:?} {all}");
        for part in [
            "config.toml:",
            "[[digests]] weekly: `audience`",
            "unknown field or attribute `town`",
            "[[segments]] partners: `filter`",
        ] {
            assert!(all.contains(part), "{command:?} {part}: {all}");
        }
    }
}

database_tests! {
    async fn an_edition_goes_to_the_confirmed_subscribers_who_fulfil_the_filter(world) {
        world.configure(|s| s.digest = "audience = 'tag = \"partner\" and not tag = \"away\"'".into()).await;
        world.publish([article("a")]).await;
        world.subscribe("weekly", [tagged("p@example.org", &["Partner"]), tagged("away@example.org", &["partner", "away"]), tagged("none@example.org", &[])]).await;
        assert_eq!(audience_size(world.app.digest_context(), world.digest("weekly")).await.unwrap(), 1);
        let edition = world.create_edition().await;
        // The audience is frozen.
        tag(world, "none@example.org", "partner").await;
        tag(world, "p@example.org", "away").await;
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 1 sent");
        assert_eq!(world.mail_counts().into_keys().collect::<Vec<_>>(), ["p@example.org"]);
    }

    async fn a_large_audience_is_frozen_in_batches_and_continues_after_a_crash(world) {
        world.configure(|s| s.digest = "audience = 'domain = \"even.example\"'".into()).await;
        world.publish([article("a")]).await;
        world.subscribe("weekly", (0..1400).map(|n| tagged(&format!("r{n}@{}.example", if n % 2 == 0 { "even" } else { "odd" }), &[]))).await;
        let edition = world.create_edition().await;
        assert_eq!(world.edition_status(edition).await, "sending: 700 queued");
        assert_eq!(world.sql("UPDATE delivery_batches SET done = done").await, 3, "full batches");
        // As after a crash in the middle of freezing.
        world.sql("DELETE FROM deliveries WHERE batch_id > 1").await;
        world.sql("DELETE FROM delivery_batches WHERE id > 1").await;
        world.sql("UPDATE editions SET state = 'preparing', frozen_through = (SELECT MAX(subscription_id) FROM deliveries)").await;
        courant::digests::freeze_preparing(&world.app.store, world.now()).await.unwrap();
        assert_eq!(world.edition_status(edition).await, "sending: 700 queued");
        world.run_command(edition, courant::domain::edition::EditionCommand::Cancel).await;
    }

    async fn an_audience_that_uses_a_missing_attribute_sends_nothing(world) {
        world.publish([article("a")]).await;
        world.add_readers(1).await;
        world.configure(|s| s.digest = "audience = 'city = \"Bonn\"'".into()).await;
        let created = courant::digests::create_edition_now(world.app.digest_context(), world.digest("weekly"), world.now(), &Actor::Cli, world.now()).await;
        assert!(created.unwrap_err().to_string().contains("unknown field or attribute `city`"));
        assert_eq!(world.deliver().await.sent, 0);
    }

    async fn a_segment_can_be_defined_in_the_database(world) {
        let path = world.config_file();
        let read = |definitions: &[Definition]| app::load_config_with(&path, definitions);
        let read: &(dyn Fn(&[Definition]) -> Result<Config, courant::config::ConfigError> + Sync) = &read;
        let segment = |body: &str| Definition { kind: DefinitionKind::Segment, name: "partners".into(), body: body.into() };
        let (store, templates) = (&world.app.store, &world.app.templates);
        let saved = definitions::save(store, read, templates, segment("filter = 'tag = \"partner\"'"), &Actor::Cli, world.now()).await;
        assert!(saved.is_ok(), "{saved:?}");
        let wrong = definitions::save(store, read, templates, segment("filter = 'town = \"x\"'"), &Actor::Cli, world.now()).await;
        assert!(wrong.unwrap_err().to_string().contains("unknown field or attribute `town`"));
        world.configure(|_| ()).await;
    }
}
