//! Filters over subscribers: the same people in SQL on both engines and in Rust; searches and pages.

use std::collections::{BTreeMap, BTreeSet};

use courant::domain::actor::Actor;
use courant::domain::attribute::{AttributeType, AttributeValue, ValueError};
use courant::domain::filter::{Condition, FilterNames, SubscriberValues, TextTest, compile};
use courant::domain::page::PageRequest;
use courant::store::subscriber_lists::{SubscriberOrder, SubscriberQuery};
use courant::subscribers::{NewSubscriber, suppress};
use jiff::tz::TimeZone;
use proptest::option::of as maybe;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::cli::import_example_data;
use crate::support::{Shell, World, database_tests};

/// Texts that quoting, patterns, folding or collations could break.
const TEXTS: [&str; 14] = [
    "Ann",
    "ann lee",
    "Müller",
    "MULLER",
    "O'Brien",
    "100%",
    "a_b",
    "!x",
    "王小明",
    "say \"hi\"",
    "back\\slash",
    "*[x]?",
    "Ωmega",
    "straße",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => proptest::sample::select(&TEXTS[..]).prop_map(str::to_owned), 1 => "\\PC{1,8}"]
}

/// Returns a part of a text of one to three characters.
fn part() -> impl Strategy<Value = String> {
    (text(), 0..3_usize, 1..4_usize).prop_map(|(text, skip, take)| {
        let part: String = text.chars().skip(skip).take(take).collect();
        if part.trim().is_empty() { "a".to_owned() } else { part }
    })
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn date() -> impl Strategy<Value = String> {
    (2025..2027, 1..13, 1..28).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}"))
}

fn operator() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&["=", "!=", "<", "<=", ">", ">="][..])
}

fn comparison() -> impl Strategy<Value = String> {
    let text_field = proptest::sample::select(&["name", "city", "address", "domain"][..]);
    let test = |field: &str, operator: &str, value: String| format!("{field} {operator} {value}");
    prop_oneof![
        (text_field.clone(), operator(), text()).prop_map(move |(f, o, t)| test(f, o, quoted(&t))),
        (text_field, part()).prop_map(move |(f, t)| test(f, "~", quoted(&t))),
        (text(), text()).prop_map(|(a, b)| format!("tag not in ({}, {})", quoted(&a), quoted(&b))),
        text().prop_map(|t| format!("tag = {}", quoted(&t))),
        part().prop_map(|t| format!("tag ~ {}", quoted(&t))),
        part().prop_map(|t| format!("section ~ {}", quoted(&t))),
        text().prop_map(|t| format!("section != {}", quoted(&t))),
        (operator(), -30..30).prop_map(|(o, n)| format!("visits {o} {n}.5")),
        (operator(), date()).prop_map(|(o, d)| format!("joined {o} \"{d}\"")),
        (operator(), date()).prop_map(|(o, d)| format!("created {o} \"{d}\"")),
        proptest::sample::select(
            &[
                "vip = true",
                "vip != yes",
                "suppressed = no",
                "suppressed = true",
                "language = \"zh\"",
                "language in (\"zh-Hant\", \"en\")",
                "language is empty",
                "name is empty",
                "city is not empty",
                "visits is empty",
                "tag is empty",
                "timezone = \"ASIA/shanghai\"",
                "timezone ~ \"asia\"",
                "timezone is not empty",
                "digest = \"weekly\"",
                "digest != \"monthly\"",
                "digest is empty",
                "digest in (\"weekly\", \"monthly\")",
                "status = \"paused\"",
                "status != \"confirmed\"",
                "status in (\"pending\", \"unsubscribed\")",
                "section is empty",
                "domain = \"example.org\"",
                "visits in (1, 2.5, -3)",
            ][..],
        )
        .prop_map(str::to_owned),
    ]
}

fn filter() -> impl Strategy<Value = String> {
    comparison().prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.clone().prop_map(|a| format!("not ({a})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) and not ({b})")),
        ]
    })
}

fn names(attributes: BTreeMap<String, AttributeType>) -> FilterNames {
    FilterNames {
        attributes: Some(attributes),
        digests: vec!["weekly".to_owned(), "monthly".to_owned()],
        segments: BTreeMap::new(),
        timezone: TimeZone::get("Asia/Shanghai").unwrap(),
    }
}

fn person() -> impl Strategy<Value = NewSubscriber> {
    let languages = proptest::sample::select(&["en", "zh", "zh-Hant", "zhx", "de-AT"][..]);
    let zones = proptest::sample::select(&["Asia/Shanghai", "Europe/Berlin"][..]);
    let attributes = (maybe(text()), maybe(-30..30_i32), maybe(date()), maybe(any::<bool>()));
    let lists = (proptest::collection::vec(text(), 0..3), proptest::collection::vec(text(), 0..3));
    (maybe(text()), maybe(languages), maybe(zones), attributes, lists).prop_map(
        |(name, language, timezone, (city, visits, joined, vip), (tags, sections))| {
            let is_tag = |tag: &String| courant::domain::tag::normalize(tag).is_ok();
            let values = [
                ("city", city.map(|c| AttributeType::Text.value(&c))),
                ("visits", visits.map(|n| AttributeType::Number.value(&format!("{n}.5")))),
                ("joined", joined.map(|d| AttributeType::Date.value(&d))),
                ("vip", vip.map(|v| AttributeType::Boolean.value(&v.to_string()))),
            ];
            let value = |(name, value): (&str, Option<Result<AttributeValue, ValueError>>)| {
                Some((name.to_owned(), value?.ok()?))
            };
            NewSubscriber {
                email: String::new(),
                name,
                language: language.map(str::to_owned),
                timezone: timezone.map(str::to_owned),
                sections,
                resets_sections: false,
                tags: tags.into_iter().filter(is_tag).collect(),
                attributes: values.into_iter().filter_map(value).collect(),
            }
        },
    )
}

/// Adds people with random values, and returns all of them as filters see them, by id.
async fn add_people(world: &World, runner: &mut TestRunner) -> BTreeMap<i64, SubscriberValues> {
    let secret = &world.app.store_identity.secret;
    for n in 0..40 {
        let domain = ["example.org", "xn--mnchen-3ya.example", "a.example"][n % 3];
        let person = person().new_tree(runner).unwrap().current();
        let person = NewSubscriber { email: format!("Person{n}_x@{domain}"), ..person };
        for digest in ["weekly", "monthly"].into_iter().take(n % 3) {
            world.subscribe(digest, [person.clone()]).await;
        }
        if n % 3 == 0 {
            world.subscribe("monthly", [person.clone()]).await;
        }
        if n % 7 == 0 {
            let address = courant::domain::address::EmailAddress::parse(&person.email).unwrap();
            suppress(&world.app.store, secret, &address.into(), &Actor::Cli, world.now())
                .await
                .unwrap();
        }
        world.advance(courant::domain::time::SignedDuration::from_hours(97));
    }
    for (n, status) in ["pending", "paused", "unsubscribed"].into_iter().enumerate() {
        world
            .sql(&format!("UPDATE subscriptions SET status = '{status}' WHERE id % 5 = {n}"))
            .await;
    }
    let store = &world.app.store;
    let all = store.subscribers().list(&PageRequest::first(999)).await.unwrap().items;
    let ids: Vec<i64> = all.iter().map(|p| p.id).collect();
    let hashes: Vec<String> = all.iter().map(|p| p.address_hash.clone()).collect();
    let subscriptions = store.subscriptions().list_of(&ids).await.unwrap();
    let suppressed: BTreeSet<String> = store
        .suppressions()
        .with_keys(&hashes)
        .await
        .unwrap()
        .into_iter()
        .map(|s| s.hash)
        .collect();
    all.iter()
        .map(|p| (p.id, p.person(&subscriptions, suppressed.contains(&p.address_hash))))
        .collect()
}

async fn ids(world: &World, query: &SubscriberQuery) -> Vec<i64> {
    let page = PageRequest::first(999);
    let found = world.app.store.subscribers().list_matching(query, &page).await;
    found.unwrap_or_else(|e| panic!("{query:?}: {e}")).items.iter().map(|p| p.id).collect()
}

async fn found(world: &World, search: &str) -> Vec<String> {
    let query = SubscriberQuery {
        search: search.to_owned(),
        order: SubscriberOrder::Address,
        ..SubscriberQuery::default()
    };
    let page = PageRequest::first(99);
    let found = world.app.store.subscribers().list_matching(&query, &page).await.unwrap().items;
    let count = world.app.store.subscribers().count_matching(&query).await.unwrap();
    assert_eq!(usize::try_from(count), Ok(found.len()));
    found.into_iter().map(|p| p.address.split('@').next().unwrap().to_owned()).collect()
}

#[test]
fn a_list_is_filtered_counted_and_sorted_on_the_command_line() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&["subscribers", "edit", "ann@example.org", "--tag", "partner"]);
    shell.run_ok(&[
        "subscribers",
        "edit",
        "bob@example.org",
        "--tag",
        "partner",
        "--attribute",
        "city=Köln",
    ]);
    let list =
        |options: &[&str]| shell.courant(&[&["subscribers", "list", "--json"], options].concat());
    let emails = |options: &[&str]| -> Vec<String> {
        list(options)
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p["email"].as_str().unwrap().to_owned())
            .collect()
    };
    let partners = "tag = \"partner\" and digest = \"weekly\"";
    assert_eq!(
        emails(&["--where", partners, "--sort", "address"]),
        ["ann@example.org", "bob@example.org"]
    );
    assert_eq!(emails(&["--where", "city = \"koln\""]), ["bob@example.org"]);
    assert_eq!(emails(&["--where", "not tag is empty", "--search", "ANN"]), ["ann@example.org"]);
    assert_eq!(list(&["--where", partners, "--count"]).json()["subscribers"], 2);
    let wrong = list(&["--where", "tag = \"x\" and citi = \"y\""]);
    assert!(wrong.status == 2 && wrong.err.contains("did you mean `city`?"), "{wrong:?}");
    assert!(wrong.err.contains("\n              ^"), "{}", wrong.err);
}

database_tests! {
    async fn filters_select_the_same_people_in_sql_and_in_rust(world) {
        world.configure(|s| s.more = "[[digests]]\nname = \"monthly\"\nschedule = \"0 8 1 * *\"\nfrom = \"College News <news@example.edu>\"".into()).await;
        let mut runner = TestRunner::default();
        let people = add_people(world, &mut runner).await;
        let names = names(world.app.store.attributes().types().await.unwrap());
        assert_eq!(names.attributes.as_ref().unwrap().len(), 4, "every attribute has a value");
        let filters = std::env::var("COURANT_TEST_FILTERS").map_or(400, |n| n.parse().unwrap());
        let (mut checked, mut selective) = (0, 0);
        while checked < filters {
            let text = filter().new_tree(&mut runner).unwrap().current();
            // Some combinations are rejected as ambiguous, or have too many comparisons.
            let Ok(condition) = compile(&text, &names) else { continue };
            checked += 1;
            let expected: Vec<i64> = people.iter().rev().filter(|(_, p)| condition.holds_for(p)).map(|(id, _)| *id).collect();
            selective += usize::from(!expected.is_empty() && expected.len() < people.len());
            let query = SubscriberQuery::of(condition);
            assert_eq!(ids(world, &query).await, expected, "{text}");
            let count = world.app.store.subscribers().count_matching(&query).await.unwrap();
            assert_eq!(usize::try_from(count), Ok(expected.len()), "{text}");
            for limit in [1, 7, 1_000] {
                let counted = world.app.store.subscribers().count_up_to(&query, limit).await.unwrap();
                assert_eq!(counted, count.min(limit), "{text} up to {limit}");
            }
        }
        assert!(selective > filters / 3, "only {selective} filters select some people");
    }

    async fn people_are_found_by_any_part_of_address_and_name(world) {
        let person = |email: &str, name: &str| NewSubscriber { email: email.into(), name: Some(name.into()), ..NewSubscriber::default() };
        world.subscribe("weekly", [
            person("ann.mueller@example.org", "Ann Müller"),
            person("wang@example.cn", "王小明"),
            person("odd_name%x@example.org", "100% [a*b?] 'q' !"),
            person("li@example.cn", "李小"),
        ]).await;
        for (search, expected) in [
            ("Muller", &["ann.mueller"][..]),
            ("MÜLL", &["ann.mueller"]),
            ("mueller@EX", &["ann.mueller"]),
            ("小明", &["wang"]),
            ("小", &["li", "wang"]),
            ("王小明", &["wang"]),
            ("e.cn", &["li", "wang"]),
            ("[a*", &["odd_name%x"]),
            ("0% [", &["odd_name%x"]),
            ("%", &["odd_name%x"]),
            ("e%x", &["odd_name%x"]),
            ("d_n", &["odd_name%x"]),
            ("xample_org", &[]),
            ("n%m", &[]),
            ("*", &["odd_name%x"]),
            (" 'q' ", &["odd_name%x"]),
            ("b?]", &["odd_name%x"]),
            ("zzz", &[]),
        ] {
            assert_eq!(found(world, search).await, expected, "{search}");
        }
        world.sql("UPDATE subscribers SET name_key = 'renamed' WHERE address_key = 'li@example.cn'").await;
        assert_eq!((found(world, "李小").await.len(), found(world, "ename").await), (0, vec!["li".to_owned()]));
        world.sql("DELETE FROM subscriptions").await;
        world.sql("DELETE FROM subscribers WHERE address_key = 'li@example.cn'").await;
        assert!(found(world, "ename").await.is_empty());
    }

    async fn rare_people_are_found_beyond_the_first_rows_of_a_large_list(world) {
        let person = |n: usize| NewSubscriber { email: format!("r{n}@example.org"), tags: if n < 60 { vec!["rare".into()] } else { Vec::new() }, ..NewSubscriber::default() };
        world.subscribe("weekly", (0..5_300).map(person)).await;
        let rare = Condition::Tag(TextTest::Among(vec!["rare".into()]));
        for order in [SubscriberOrder::Newest, SubscriberOrder::Oldest] {
            for (condition, search, expected) in [(rare.clone(), "example", 60), (Condition::All(Vec::new()), "r12@", 1)] {
                let query = SubscriberQuery { order, search: search.into(), ..SubscriberQuery::of(condition) };
                let (mut seen, mut page) = (BTreeSet::new(), PageRequest::first(50));
                loop {
                    let found = world.app.store.subscribers().list_matching(&query, &page).await.unwrap();
                    assert!(found.items.iter().all(|p| seen.insert(p.id)), "{order:?}: listed twice");
                    if found.next.is_none() { break; }
                    page.after = found.next;
                }
                assert_eq!(seen.len(), expected, "{order:?} {search}");
            }
        }
    }

    async fn every_order_lists_each_person_once_over_small_pages(world) {
        world.add_readers(7).await;
        for (order, first) in [(SubscriberOrder::Newest, "r6"), (SubscriberOrder::Oldest, "r0"), (SubscriberOrder::Address, "r0")] {
            let query = SubscriberQuery { order, search: "example".into(), ..SubscriberQuery::of(Condition::Not(Box::new(Condition::Suppressed))) };
            let (mut seen, mut page) = (Vec::new(), PageRequest::first(2));
            loop {
                let found = world.app.store.subscribers().list_matching(&query, &page).await.unwrap();
                seen.extend(found.items.into_iter().map(|p| p.address));
                if found.next.is_none() { break; }
                page.after = found.next;
            }
            assert!(seen[0].starts_with(first), "{order:?}: {seen:?}");
            assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 7);
            assert_eq!(seen.len(), 7);
        }
    }
}
