//! Tags and attributes of subscribers: on the command line, in files, and in the database.

use std::collections::BTreeMap;

use courant::domain::actor::Actor;
use courant::domain::attribute::{AttributeType, AttributeValue};
use courant::domain::filter::Condition;
use courant::domain::page::PageRequest;
use courant::subscribers::attributes::{self, KnownAttributes};
use courant::subscribers::changes::{self, SubscriberEdit};
use courant::subscribers::export::export_subscribers;
use serde_json::json;

use crate::cli::import_example_data;
use crate::subscriber_files::import_file;
use crate::support::{Shell, database_tests};

fn text(value: &str) -> AttributeValue {
    AttributeValue::Text(value.to_owned())
}

#[test]
fn an_admin_sets_and_removes_tags_and_attribute_values() {
    let shell = Shell::new();
    import_example_data(&shell);
    let edit = ["subscribers", "edit", "ann@example.org"];
    let options = [
        "--tag",
        "Partner",
        "--tag",
        "vip",
        "--attribute",
        "city=Köln",
        "--attribute",
        "visits=12",
    ];
    let changed = shell.run_ok(&[&edit[..], &options].concat());
    for part in ["tags: partner, vip (was none)", "city: Köln (was none)", "visits: 12 (was none)"]
    {
        assert!(changed.contains(part), "{changed}");
    }
    let shown = shell.courant(&["subscribers", "show", "ann@example.org", "--json"]).json();
    assert_eq!(shown["tags"], json!(["partner", "vip"]));
    assert_eq!(shown["attributes"], json!({"city": "Köln", "visits": 12}));
    let people = shell.run_ok(&["subscribers", "show", "ann@example.org"]);
    assert!(people.contains("tags: partner, vip") && people.contains("city: Köln"), "{people}");
    shell.run_ok(&[&edit[..], &["--untag", "VIP", "--remove-attribute", "visits"]].concat());
    let listed = shell.courant(&["subscribers", "list", "--json"]).json();
    let ann = listed.as_array().unwrap().iter().find(|p| p["email"] == "ann@example.org").unwrap();
    assert_eq!((&ann["tags"], &ann["attributes"]), (&json!(["partner"]), &json!({"city": "Köln"})));
    let added =
        ["subscribers", "add", "dan@example.org", "--tag", "new", "--attribute", "visits=3"];
    shell.run_ok(&added);
    let shown = shell.courant(&["subscribers", "show", "dan@example.org", "--json"]).json();
    assert_eq!((&shown["tags"], &shown["attributes"]), (&json!(["new"]), &json!({"visits": 3})));
}

#[test]
fn values_that_do_not_fit_their_attribute_are_wrong_usage() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&["attributes", "add", "member_since", "--type", "date"]);
    for (pair, part) in [
        ("member_since=2025", "write a date such as `2026-11-29`"),
        ("member since=2025", "for example `member_since`"),
        ("status=x", "cannot be the name of an attribute"),
        ("city", "write NAME=VALUE"),
        ("city=", "must not be empty"),
    ] {
        let output =
            shell.courant(&["subscribers", "edit", "ann@example.org", "--attribute", pair]);
        assert!(output.status == 2 && output.err.contains(part), "{pair}: {output:?}");
    }
    let unknown =
        shell.courant(&["subscribers", "edit", "ann@example.org", "--remove-attribute", "town"]);
    assert!(unknown.status == 2 && unknown.err.contains("member_since"), "{unknown:?}");
    let list = shell.courant(&["attributes", "list", "--json"]).json();
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    assert_eq!((&list[0]["type"], &list[0]["subscribers"]), (&json!("date"), &json!(0)));
    let other = shell.courant(&["attributes", "add", "member_since", "--type", "text"]);
    assert!(other.status == 2 && other.err.contains("has the type date"), "{other:?}");
    assert!(
        shell
            .run_ok(&["attributes", "add", "member_since", "--type", "date"])
            .contains("exists already")
    );
    shell.run_ok(&["attributes", "remove", "member_since"]);
    assert_eq!(shell.courant(&["attributes", "remove", "member_since"]).status, 1);
}

database_tests! {
    async fn the_columns_of_a_file_become_attributes_and_an_export_contains_them(world) {
        let file = "email,Tags,Home City,Age,Joined,VIP,Postal code,status\n\
            ann@example.org,Partner; VIP,Köln,41,2024-05-03,yes,01067,x\n\
            bob@example.org,,,7.5,,no,90210,y\n";
        let report = import_file(world, file.as_bytes(), |_| ()).await;
        assert_eq!((report.counts.confirmed, report.rejected.count), (2, 0), "{report:?}");
        let known = KnownAttributes::read(&world.app.store).await.unwrap();
        let types: Vec<_> = known.names().map(|name| (name.to_owned(), known.type_of(name).unwrap())).collect();
        let expected = [
            ("age", AttributeType::Number),
            ("home_city", AttributeType::Text),
            ("joined", AttributeType::Date),
            ("postal_code", AttributeType::Text),
            ("vip", AttributeType::Boolean),
        ];
        assert_eq!(types, expected.map(|(name, kind)| (name.to_owned(), kind)));
        let ann = world.app.store.subscribers().find_by_address("ann@example.org").await.unwrap().unwrap();
        assert_eq!(ann.tags, ["partner", "vip"]);
        assert_eq!(ann.attributes["home_city"], text("Köln"));
        assert_eq!(ann.attributes["vip"], AttributeValue::Boolean(true));
        let mut out = Vec::new();
        export_subscribers(&world.app.store, &Condition::All(Vec::new()), Some("weekly"), &Actor::Cli, world.now(), &mut out).await.unwrap();
        let exported = String::from_utf8(out.clone()).unwrap();
        assert!(exported.starts_with("email,name,language,timezone,tags,sections,digest,status,since,consent,suppressed,age,home_city,joined,postal_code,vip\n"), "{exported}");
        assert!(exported.contains(",41,Köln,2024-05-03,01067,true\n"), "{exported}");
        let people = world.app.store.subscribers().list(&PageRequest::first(10)).await.unwrap().items;
        for person in people {
            changes::erase(&world.app.store, &person, &Actor::Cli, world.now()).await.unwrap().unwrap();
        }
        assert_eq!(world.app.store.attributes().count_values("age").await.unwrap(), 0);
        assert_eq!(world.sql("DELETE FROM subscriber_tags").await, 0, "erased with their subscribers");
        let wrong = import_file(world, b"email,age,joined\nnew@example.org,old,\nnow@example.org,,2024\n", |_| ()).await;
        let reasons: Vec<&str> = wrong.rejected.first.iter().map(|(_, reason)| reason.as_str()).collect();
        assert!(reasons[0].contains("`age`") && reasons[1].contains("`joined`"), "{reasons:?}");
        let again = import_file(world, &out, |m| m.dry_run = true).await;
        assert_eq!((again.valid, again.rejected.count), (2, 0), "{again:?}");
    }

    async fn values_are_changed_with_an_audit_entry_that_does_not_contain_them(world) {
        world.add_readers(1).await;
        let store = &world.app.store;
        let reader = store.subscribers().find_by_address("r0@example.org").await.unwrap().unwrap();
        let edit = SubscriberEdit {
            tags: vec!["Secret".to_owned()],
            attributes: BTreeMap::from([("city".to_owned(), text("Köln"))]),
            ..SubscriberEdit::default()
        };
        let secret = &world.app.store_identity.secret;
        changes::edit(store, secret, &reader, &edit, &[], &Actor::Cli, world.now()).await.unwrap().unwrap();
        let log = store.audit_log().list(&PageRequest::first(2)).await.unwrap().items;
        assert_eq!(log[0].detail, Some(json!({"fields": [], "values": 2})));
        assert_eq!((log[1].object_id.as_str(), log[1].detail.clone()), ("city", Some(json!({"type": "text"}))));
        assert!(!format!("{log:?}").to_lowercase().contains("secret"), "{log:?}");
        let added = attributes::add(store, "city", AttributeType::Number, &Actor::Cli, world.now()).await.unwrap();
        assert!(added.unwrap_err().contains("has the type text"));
        assert_eq!(store.attributes().remove("city", &Actor::Cli, world.now()).await.unwrap(), Some(1));
        assert_eq!(store.attributes().remove("city", &Actor::Cli, world.now()).await.unwrap(), None);
        let reader = store.subscribers().find(reader.id).await.unwrap().unwrap();
        assert!(reader.attributes.is_empty() && reader.tags == ["secret"]);
    }
}
