//! Measures the lists of subscribers in an existing database; `bench/lists` runs it.
//!
//! Usage: `lists_client URL SUBSCRIBERS ROUNDS`. It prints one JSON document: the times of each operation in
//! milliseconds.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot continue should panic on the spot"
)]
#![expect(clippy::print_stdout, reason = "the result is printed for bench/lists")]

use std::collections::BTreeMap;
use std::time::Instant;

use courant::domain::actor::Actor;
use courant::domain::filter::{Condition, FilterNames, compile};
use courant::domain::page::PageRequest;
use courant::domain::time::Millis;
use courant::store::Store;
use courant::store::subscriber_lists::{SubscriberOrder, SubscriberQuery};
use courant::store::subscriber_values::ValueChanges;
use courant::store::subscribers::SubscriberDetails;
use courant::store::suppressions::address_hash;
use jiff::tz::TimeZone;
use serde_json::json;

/// Filters of an editor: common and rare tags, attributes of each type, and subscriptions.
const FILTERS: [&str; 6] = [
    "tag = \"partner\" and language = \"zh\"",
    "tag = \"vip\"",
    "city = \"Köln\" and not tag = \"vip\"",
    "visits >= 95 and joined < \"2025-01-01\"",
    "digest = \"weekly\" and status = \"paused\"",
    "digest = \"weekly\" and not tag = \"partner\" and name ~ \"ann\"",
];
/// Number of rows of a page.
const PAGE: usize = 50;
/// Number of people up to which a list counts.
const COUNTED: i64 = 5_000;

/// Times of each operation.
struct Times(BTreeMap<&'static str, Vec<f64>>);

impl Times {
    async fn measure<T>(&mut self, operation: &'static str, run: impl Future<Output = T>) -> T {
        let start = Instant::now();
        let result = run.await;
        self.0.entry(operation).or_default().push(start.elapsed().as_secs_f64() * 1000.0);
        result
    }
}

/// A linear congruential generator, so that every run measures the same operations.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let store = Store::open(&arguments[1]).await.unwrap();
    let subscribers: u64 = arguments[2].parse().unwrap();
    let rounds: usize = arguments[3].parse().unwrap();
    if rounds == 0 {
        // The database has its tables now, but no attributes yet.
        return store.close().await;
    }
    let names = FilterNames {
        attributes: Some(store.attributes().types().await.unwrap()),
        digests: vec!["weekly".to_owned()],
        segments: BTreeMap::new(),
        timezone: TimeZone::UTC,
    };
    let conditions: Vec<Condition> =
        FILTERS.iter().map(|filter| compile(filter, &names).unwrap()).collect();
    let (mut times, mut random) = (Times(BTreeMap::new()), Random(1));
    for round in 0..rounds {
        let number = random.below(subscribers);
        search(&store, &mut times, number).await;
        lists(&store, &mut times, &conditions[round % conditions.len()]).await;
        person(&store, &mut times, number).await;
    }
    store.close().await;
    println!("{}", json!(times.0));
}

async fn search(store: &Store, times: &mut Times, number: u64) {
    let all = Condition::All(Vec::new());
    let address = format!("reader{number}@partner");
    // From a part that one person has to one that all have.
    for (operation, text) in [
        ("search a rare part", address.as_str()),
        ("search a number", address.trim_start_matches("reader").split('@').next().unwrap()),
        ("search a common part", "@partner1"),
        ("search two characters", "王小"),
    ] {
        let query = SubscriberQuery {
            search: text.to_owned(),
            order: SubscriberOrder::Newest,
            ..SubscriberQuery::of(all.clone())
        };
        let page = PageRequest::first(PAGE);
        times.measure(operation, store.subscribers().list_matching(&query, &page)).await.unwrap();
    }
}

async fn lists(store: &Store, times: &mut Times, condition: &Condition) {
    let query = SubscriberQuery::of(condition.clone());
    let page = PageRequest::first(PAGE);
    let list = store.subscribers().list_matching(&query, &page);
    let first = times.measure("list with a filter", list).await.unwrap();
    if let Some(after) = first.next {
        let page = PageRequest { limit: PAGE, after: Some(after) };
        let list = store.subscribers().list_matching(&query, &page);
        times.measure("next page", list).await.unwrap();
    }
    let limited = store.subscribers().count_up_to(&query, COUNTED);
    times.measure("count of a filter", limited).await.unwrap();
    let exact = store.subscribers().count_matching(&query);
    times.measure("exact count of a filter", exact).await.unwrap();
}

async fn person(store: &Store, times: &mut Times, number: u64) {
    let address = format!("reader{number}@partner{}.example", number % 200);
    let open = async {
        let found = store.subscribers().find_by_address(&address).await.unwrap().unwrap();
        store.subscriptions().list_of(&[found.id]).await.unwrap();
        store.deliveries().to_subscriber(found.id, 20).await.unwrap();
        let hashes = [found.address_hash.clone()];
        store.suppressions().with_keys(&hashes).await.unwrap();
        found
    };
    let found = times.measure("open a person", open).await;
    let details = SubscriberDetails {
        address: found.address.clone(),
        address_key: address.clone(),
        address_hash: address_hash(b"benchmark", &address),
        name: Some(format!("Reader Number {number}")),
        language: found.language,
        timezone: found.timezone,
        values: ValueChanges { tags: vec!["opened".to_owned()], ..ValueChanges::default() },
    };
    let now = Millis(1_800_000_000_000);
    let (subscribers, transports) = (store.subscribers(), BTreeMap::new());
    let change = subscribers.change(found.id, &details, None, &transports, &Actor::Cli, now);
    times.measure("change a person", change).await.unwrap();
}
