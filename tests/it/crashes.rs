//! The program itself is killed while it sends, again and again, and nobody loses a mail (promise 4).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use courant::domain::article::Draft;
use courant::domain::time::HOUR;

use crate::program::Serving;
use crate::smtp_server::{Arrived, At, Rule, Script};
use crate::support::{World, article, stories};

const READERS: usize = 300;
/// Of the transport `default`.
const CONNECTIONS: usize = 2;

/// A real process tells the time by the machine's clock, so the story happens now.
async fn begin(world: &World, pace: u64) -> i64 {
    world.become_real();
    world.relay.set_script(Script::new().rule(Rule::wait(At::Content, Duration::from_millis(pace))));
    world.publish([Draft { published_at: world.now().plus(-HOUR), ..article("a") }]).await;
    world.readers(READERS).await;
    let edition = world.edition().await;
    world.config_file();
    edition
}

/// How often to kill: more where somebody has the time for it.
fn kills(usual: usize) -> usize {
    std::env::var("COURANT_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Waits until the relay has this many different recipients.
async fn until_reached(world: &World, serving: &Serving, wanted: usize) {
    let begun = Instant::now();
    loop {
        let reached: BTreeSet<_> = world.relay.mails().into_iter().map(|m| m.to).collect();
        if reached.len() >= wanted {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{} of {wanted} were reached: {}", reached.len(), serving.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until the edition is over.
async fn until_sent(world: &World, serving: &Serving, edition: i64) {
    let (begun, wanted) = (Instant::now(), format!("sent: {READERS} sent"));
    loop {
        let fate = world.fate(edition).await;
        if fate == wanted {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{fate}: {}", serving.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn message_id(mail: &Arrived) -> String {
    mail.content.lines().find(|l| l.starts_with("Message-ID:")).unwrap().to_owned()
}

/// Everybody was reached; says how many mails came more than once, all of them under their first name.
fn repeats(world: &World) -> usize {
    let mut names: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for mail in world.relay.mails() {
        names.entry(mail.to.clone()).or_default().push(message_id(&mail));
    }
    assert_eq!(names.len(), READERS, "somebody was never reached");
    let mut all = BTreeSet::new();
    for (reader, ids) in &names {
        assert!(ids.iter().all(|id| *id == ids[0]), "{reader:?} got one mail under two names: {ids:?}");
        assert!(all.insert(ids[0].clone()), "two readers' mails have one name");
    }
    names.values().map(|ids| ids.len() - 1).sum()
}

/// A number below `most` that nobody foresees.
fn chance(most: usize) -> usize {
    let bytes: [u8; 8] = courant::clock::random_bytes();
    usize::try_from(u64::from_le_bytes(bytes) % most as u64).unwrap()
}

/// Kills the program at random moments of its sending, lets the last one finish, and counts.
async fn killed_while_sending(world: &World, times: usize) {
    let edition = begin(world, 4).await;
    let mut serving = Serving::start(world.home.path());
    let mut log = Vec::new();
    for left in (1..=times).rev() {
        let reached: BTreeSet<_> = world.relay.mails().into_iter().map(|m| m.to).collect();
        let room = (READERS - reached.len()) / (left + 1);
        until_reached(world, &serving, reached.len() + 1 + chance(room.max(1))).await;
        tokio::time::sleep(Duration::from_micros(chance(4000) as u64)).await;
        serving.kill();
        log.push(world.relay.mails().len());
        serving = Serving::start(world.home.path());
    }
    until_sent(world, &serving, edition).await;
    assert_eq!(serving.stop().0, Some(0));
    let repeats = repeats(world);
    assert!(repeats <= 2 * CONNECTIONS * times, "{repeats} repeats after kills at {log:?} mails");
    assert_eq!(world.fate(edition).await, format!("sent: {READERS} sent"));
}

stories! {
    async fn whoever_kills_the_program_while_it_sends_takes_no_mail_from_anybody(world) {
        // Another node takes over when the leases of a dead one have run out; on SQLite nobody has to wait.
        let usual = if world.is_sqlite() { 3 } else { 1 };
        killed_while_sending(world, kills(usual)).await;
    }

    async fn a_program_told_to_stop_finishes_what_is_in_flight_and_goes(world) {
        let edition = begin(world, 10).await;
        let serving = Serving::start(world.home.path());
        until_reached(world, &serving, 40).await;
        let (status, took) = serving.stop();
        assert_eq!(status, Some(0));
        assert!(took < Duration::from_secs(10), "it took {took:?}");
        let counts = world.app.store.edition_counts(edition).await.unwrap();
        let arrived = world.relay.mails().len();
        assert_eq!((counts.sending, counts.sent), (0, i64::try_from(arrived).unwrap()), "{counts:?}");
        assert!(arrived < READERS, "there was nothing left to leave");
        let again = Serving::start(world.home.path());
        until_sent(world, &again, edition).await;
        assert_eq!((again.stop().0, repeats(world)), (Some(0), 0));
    }
}
