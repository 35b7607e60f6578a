//! Processes that are killed repeatedly while they send: no mail is lost (guarantee 4).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use courant::domain::article::IncomingArticle;
use courant::domain::time::HOUR;

use crate::server_process::ServerProcess;
use crate::smtp_server::{At, ReceivedMail, Rule, Script};
use crate::support::{LONGEST_WAIT, World, article, database_tests};

/// Connections of the transport `default`.
pub(crate) const CONNECTIONS: usize = 2;
/// Maximum number of mails between two kills.
const MAX_MAILS_BETWEEN_KILLS: usize = 60;

/// A sending process, which the relay recognises by its EHLO name.
pub(crate) struct Node {
    pub(crate) serving: ServerProcess,
    pub(crate) name: String,
}

impl Node {
    /// Starts the nth process on this database.
    pub(crate) fn start(world: &World, n: usize, command: &str) -> Self {
        let (directory, name) =
            (world.home.path().join(format!("n{n}")), format!("n{n}.example.edu"));
        std::fs::create_dir(&directory).unwrap();
        let table = format!("name = \"default\"\nehlo = \"{name}\"\n");
        std::fs::write(
            directory.join("config.toml"),
            world.config_text().replace("name = \"default\"\n", &table),
        )
        .unwrap();
        Self { serving: ServerProcess::start_command(&directory, command), name }
    }

    /// Returns the number of mails received from this process.
    pub(crate) fn mails(&self, world: &World) -> usize {
        world.relay.with_mails(|mails| mails.iter().filter(|m| m.ehlo_name == self.name).count())
    }
}

/// Adds readers and sets up a slow relay. Processes use the system clock, so the test does too.
pub(crate) async fn set_up(world: &World, readers: usize, delay_ms: u64) {
    world.use_real_time();
    world.relay.set_script(slow_relay(delay_ms));
    world.add_readers(readers).await;
}

/// Returns the script of a relay that replies to each message after `delay_ms`.
pub(crate) fn slow_relay(delay_ms: u64) -> Script {
    Script::new().rule(slow_rule(delay_ms))
}

/// Returns the rule that delays the reply to each message by `delay_ms`.
pub(crate) fn slow_rule(delay_ms: u64) -> Rule {
    Rule::delay(At::Content, Duration::from_millis(delay_ms))
}

/// Creates an edition with a new article.
pub(crate) async fn another_edition(world: &World) -> i64 {
    let id: [u8; 8] = courant::clock::random_bytes();
    let id = format!("{:x}", u64::from_le_bytes(id));
    world
        .publish([IncomingArticle { published_at: world.now().plus(-HOUR), ..article(&id) }])
        .await;
    world.create_edition().await
}

/// Returns the number of kills: `COURANT_TEST_KILLS`, or this default.
pub(crate) fn kills(default: usize) -> usize {
    std::env::var("COURANT_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Returns a random number below `limit`.
fn random_below(limit: usize) -> usize {
    let bytes: [u8; 8] = courant::clock::random_bytes();
    usize::try_from(u64::from_le_bytes(bytes) % limit as u64).unwrap()
}

/// Waits until the relay has received this many mails in total.
async fn until_received(world: &World, node: &Node, wanted: usize) {
    let start = Instant::now();
    while world.relay.with_mails(<[ReceivedMail]>::len) < wanted {
        assert!(
            start.elapsed() < LONGEST_WAIT,
            "received {} of {wanted} mails: {}",
            node.mails(world),
            node.serving.log()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until all mails of these editions are sent; fails after a long time without progress.
pub(crate) async fn until_sent(world: &World, nodes: &[Node], editions: &[i64], readers: usize) {
    let (mut last_progress, mut mails) = (Instant::now(), 0);
    for edition in editions {
        loop {
            let status = world.edition_status(*edition).await;
            if status == format!("sent: {readers} sent") {
                break;
            }
            let more = world.relay.with_mails(<[ReceivedMail]>::len);
            if more > mails {
                (last_progress, mails) = (Instant::now(), more);
            }
            let logs = || nodes.iter().map(|n| n.serving.log()).collect::<Vec<_>>();
            assert!(
                last_progress.elapsed() < LONGEST_WAIT,
                "edition {edition} is {status} after {mails} mails: {:?}",
                logs()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Waits until a node has sent `wanted` mails; returns `false` if it exits before that because
/// nothing is left to send.
async fn until_node_sent(
    world: &World,
    node: &mut Node,
    wanted: usize,
    editions: &mut Vec<i64>,
) -> bool {
    let (start, mut last, mut sent) = (Instant::now(), Instant::now(), 0);
    while sent < wanted {
        let now = node.mails(world);
        if now > sent {
            (last, sent) = (Instant::now(), now);
        }
        if node.serving.has_exited() {
            return false;
        }
        // All remaining mails are leased by killed processes: create new ones.
        if last.elapsed() > Duration::from_secs(3) {
            last = Instant::now();
            editions.push(another_edition(world).await);
        }
        assert!(
            start.elapsed() < LONGEST_WAIT,
            "{} does not send: {}",
            node.name,
            node.serving.log()
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    true
}

fn message_id(mail: &ReceivedMail) -> &str {
    mail.content.lines().find(|l| l.starts_with("Message-ID:")).unwrap()
}

/// Asserts that every reader received every edition complete and under one Message-ID. A mail
/// received more than once must be among the last two that a killed process sent over a connection:
/// one accepted but not recorded, one in flight. Returns the number of mails and of repeats.
pub(crate) fn check_mails(
    mails: &[ReceivedMail],
    editions: usize,
    readers: usize,
    killed: &BTreeSet<String>,
) -> (usize, usize) {
    let mut attempts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut by_connection: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, mail) in mails.iter().enumerate() {
        assert!(
            mail.content.trim_end().ends_with("--"),
            "an incomplete mail was received for {:?}",
            mail.to
        );
        attempts.entry(message_id(mail)).or_default().push(at);
        by_connection.entry(mail.connection).or_default().push(at);
    }
    let mut received: BTreeMap<&[String], usize> = BTreeMap::new();
    let mut repeats = 0;
    let mut repeats_by_process: BTreeMap<&str, usize> = BTreeMap::new();
    for ids in attempts.values() {
        let (last, earlier) = ids.split_last().unwrap();
        *received.entry(&mails[*last].to).or_default() += 1;
        for first in earlier {
            let first = &mails[*first];
            assert_eq!(first.to, mails[*last].to, "two readers' mails have the same Message-ID");
            assert!(
                killed.contains(&first.ehlo_name),
                "{} was not killed, but the mail to {:?} was sent again",
                first.ehlo_name,
                first.to
            );
            let mails_of_connection = &by_connection[&first.connection];
            let last_two: Vec<_> = mails_of_connection
                .iter()
                .rev()
                .take(2)
                .map(|at| message_id(&mails[*at]))
                .collect();
            assert!(
                last_two.contains(&message_id(first)),
                "a repeated mail was not among the last two of its connection"
            );
            *repeats_by_process.entry(&first.ehlo_name).or_default() += 1;
            repeats += 1;
        }
    }
    assert_eq!(received.len(), readers, "some readers received nothing");
    assert!(
        received.values().all(|n| *n == editions),
        "a reader received an edition under two Message-IDs, or not at all"
    );
    assert!(repeats_by_process.values().all(|n| *n <= 2 * CONNECTIONS), "{repeats_by_process:?}");
    assert!(repeats <= 2 * CONNECTIONS * killed.len());
    (mails.len(), repeats)
}

/// Kills processes at random moments while they send, lets the last ones finish, and checks all
/// mails.
pub(crate) async fn kill_while_sending(world: &World, nodes: usize, times: usize) {
    // On PostgreSQL the two batches of a killed process stay leased until its leases expire; on
    // SQLite they are available at once.
    let readers = if world.is_sqlite() { 600 } else { 512 * times.clamp(2, 30) };
    set_up(world, readers, 4).await;
    let mut editions = vec![another_edition(world).await];
    let mut running: Vec<Node> = (0..nodes).map(|n| Node::start(world, n, "serve")).collect();
    let (mut started, mut killed) = (nodes, BTreeSet::new());
    while killed.len() < times {
        let newest = editions.last().copied().unwrap_or_default();
        if world.app.store.editions().counts(newest).await.unwrap().queued < 100 {
            editions.push(another_edition(world).await);
        }
        let mut node = running.swap_remove(random_below(running.len()));
        let was_sending = until_node_sent(
            world,
            &mut node,
            1 + random_below(MAX_MAILS_BETWEEN_KILLS),
            &mut editions,
        )
        .await;
        tokio::time::sleep(Duration::from_micros(random_below(4000) as u64)).await;
        if was_sending && !node.serving.has_exited() {
            killed.insert(node.name);
            node.serving.kill();
        }
        let command = if killed.len() % 3 == 1 && was_sending { "deliver" } else { "serve" };
        running.push(Node::start(world, started, command));
        started += 1;
    }
    // `deliver` exits without the mails that killed processes have leased, so one `serve` must run.
    running.push(Node::start(world, started, "serve"));
    until_sent(world, &running, &editions, readers).await;
    for mut node in running {
        assert!(node.serving.has_exited() || node.serving.stop().0 == Some(0));
    }
    let (mails, repeats) =
        world.relay.with_mails(|mails| check_mails(mails, editions.len(), readers, &killed));
    eprintln!(
        "{times} kills, {nodes} processes, {} editions, {readers} readers: {mails} mails, {repeats} of them repeats",
        editions.len()
    );
    for edition in editions {
        assert_eq!(world.edition_status(edition).await, format!("sent: {readers} sent"));
    }
}

database_tests! {
    async fn killing_the_process_while_it_sends_loses_no_mail(world) {
        let default = if world.is_sqlite() { 8 } else { 3 };
        kill_while_sending(world, 1, kills(default)).await;
    }

    async fn sigterm_finishes_the_mails_in_flight_and_exits(world) {
        let readers = 300;
        set_up(world, readers, 10).await;
        let edition = another_edition(world).await;
        let node = Node::start(world, 0, "serve");
        until_received(world, &node, 40).await;
        let (status, took) = node.serving.stop();
        assert_eq!(status, Some(0));
        assert!(took < Duration::from_secs(10), "it took {took:?}");
        let counts = world.app.store.editions().counts(edition).await.unwrap();
        let received = world.relay.mails().len();
        assert_eq!(
            (counts.sending, counts.sent),
            (0, i64::try_from(received).unwrap()),
            "{counts:?}"
        );
        assert!(received < readers, "all mails were sent before the signal");
        let restarted = [Node::start(world, 1, "serve")];
        until_sent(world, &restarted, &[edition], readers).await;
        let [restarted] = restarted;
        assert_eq!(restarted.serving.stop().0, Some(0));
        let mails_and_repeats =
            world.relay.with_mails(|mails| check_mails(mails, 1, readers, &BTreeSet::new()));
        assert_eq!(mails_and_repeats, (readers, 0));
    }
}
