//! The program itself is killed while it sends, again and again, and nobody loses a mail (promise 4).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use courant::domain::article::IncomingArticle;
use courant::domain::time::HOUR;

use crate::program::Serving;
use crate::smtp_server::{Arrived, At, Rule, Script};
use crate::support::{World, article, stories};

/// Of the transport `default`.
pub(crate) const CONNECTIONS: usize = 2;
/// Mails between two kills at most.
const LIFE: usize = 60;

/// A process that sends, under a name by which the relay knows it.
pub(crate) struct Node {
    pub(crate) serving: Serving,
    pub(crate) name: String,
}

impl Node {
    /// The nth process over this store.
    pub(crate) fn start(world: &World, n: usize, command: &str) -> Self {
        let (folder, name) = (world.home.path().join(format!("n{n}")), format!("n{n}.example.edu"));
        std::fs::create_dir(&folder).unwrap();
        let named = format!("name = \"default\"\nehlo = \"{name}\"\n");
        std::fs::write(
            folder.join("config.toml"),
            world.config_text().replace("name = \"default\"\n", &named),
        )
        .unwrap();
        Self { serving: Serving::run(&folder, command), name }
    }

    /// How many mails came from it.
    pub(crate) fn mails(&self, world: &World) -> usize {
        world.relay.look(|mails| mails.iter().filter(|m| m.hello == self.name).count())
    }
}

/// Readers, and a relay that takes its time. A real process tells the time by the machine's clock, so the story happens now.
pub(crate) async fn begin(world: &World, readers: usize, pace: u64) {
    world.become_real();
    world.relay.set_script(paced(pace));
    world.readers(readers).await;
}

/// A relay that answers a message after so many milliseconds.
pub(crate) fn paced(pace: u64) -> Script {
    Script::new().rule(Rule::wait(At::Content, Duration::from_millis(pace)))
}

/// A new edition with an article of its own.
pub(crate) async fn another_edition(world: &World) -> i64 {
    let id: [u8; 8] = courant::clock::random_bytes();
    let id = format!("{:x}", u64::from_le_bytes(id));
    world
        .publish([IncomingArticle { published_at: world.now().plus(-HOUR), ..article(&id) }])
        .await;
    world.edition().await
}

/// How often to kill: more where somebody has the time for it.
pub(crate) fn kills(usual: usize) -> usize {
    std::env::var("COURANT_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// A number below `most` that nobody foresees.
fn chance(most: usize) -> usize {
    let bytes: [u8; 8] = courant::clock::random_bytes();
    usize::try_from(u64::from_le_bytes(bytes) % most as u64).unwrap()
}

/// Waits until the relay has this many mails in all.
async fn until_mails(world: &World, node: &Node, wanted: usize) {
    let begun = Instant::now();
    while world.relay.look(<[Arrived]>::len) < wanted {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{} of {wanted} came: {}",
            node.mails(world),
            node.serving.log()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until every mail of these editions is sent.
pub(crate) async fn until_sent(world: &World, nodes: &[Node], editions: &[i64], readers: usize) {
    let (mut begun, mut mails) = (Instant::now(), 0);
    for edition in editions {
        loop {
            let fate = world.fate(*edition).await;
            if fate == format!("sent: {readers} sent") {
                break;
            }
            let more = world.relay.look(<[Arrived]>::len);
            if more > mails {
                (begun, mails) = (Instant::now(), more);
            }
            let logs = || nodes.iter().map(|n| n.serving.log()).collect::<Vec<_>>();
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "edition {edition} is {fate} after {mails} mails: {:?}",
                logs()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Waits until a node has sent so many mails; false if it ended before that, having nothing to do.
async fn until_it_sent(
    world: &World,
    node: &mut Node,
    wanted: usize,
    editions: &mut Vec<i64>,
) -> bool {
    let (begun, mut last, mut sent) = (Instant::now(), Instant::now(), 0);
    while sent < wanted {
        let now = node.mails(world);
        if now > sent {
            (last, sent) = (Instant::now(), now);
        }
        if node.serving.has_ended() {
            return false;
        }
        // What there is, is in dead hands: they go on with something else.
        if last.elapsed() > Duration::from_secs(3) {
            last = Instant::now();
            editions.push(another_edition(world).await);
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{} sends nothing: {}",
            node.name,
            node.serving.log()
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    true
}

fn message_id(mail: &Arrived) -> &str {
    mail.content.lines().find(|l| l.starts_with("Message-ID:")).unwrap()
}

/// Everybody got every edition, whole and each under one name. A mail that came more than once was among the last two that
/// a killed process sent over its connection: one accepted and not recorded, one on the wire. Gives mails and repeats.
pub(crate) fn count(
    mails: &[Arrived],
    editions: usize,
    readers: usize,
    killed: &BTreeSet<String>,
) -> (usize, usize) {
    let mut attempts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut over: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, mail) in mails.iter().enumerate() {
        assert!(mail.content.trim_end().ends_with("--"), "half a mail came to {:?}", mail.to);
        attempts.entry(message_id(mail)).or_default().push(at);
        over.entry(mail.connection).or_default().push(at);
    }
    let mut reached: BTreeMap<&[String], usize> = BTreeMap::new();
    let mut repeats = 0;
    let mut of_process: BTreeMap<&str, usize> = BTreeMap::new();
    for ids in attempts.values() {
        let (last, earlier) = ids.split_last().unwrap();
        *reached.entry(&mails[*last].to).or_default() += 1;
        for first in earlier {
            let first = &mails[*first];
            assert_eq!(first.to, mails[*last].to, "two readers' mails have one name");
            assert!(
                killed.contains(&first.hello),
                "{} was not killed and yet {:?} was sent again",
                first.hello,
                first.to
            );
            let carried = &over[&first.connection];
            let end: Vec<_> =
                carried.iter().rev().take(2).map(|at| message_id(&mails[*at])).collect();
            assert!(
                end.contains(&message_id(first)),
                "it was not among the last two of its connection"
            );
            *of_process.entry(&first.hello).or_default() += 1;
            repeats += 1;
        }
    }
    assert_eq!(reached.len(), readers, "somebody was never reached");
    assert!(
        reached.values().all(|n| *n == editions),
        "somebody got an edition under two names, or not at all"
    );
    assert!(of_process.values().all(|n| *n <= 2 * CONNECTIONS), "{of_process:?}");
    assert!(repeats <= 2 * CONNECTIONS * killed.len());
    (mails.len(), repeats)
}

/// Kills processes at random moments of their sending, lets the last ones finish, and counts.
pub(crate) async fn killed_while_sending(world: &World, nodes: usize, times: usize) {
    // Of what a killed process had, the others leave two blocks alone until its leases run out; on SQLite nobody waits.
    let readers = if world.is_sqlite() { 600 } else { 512 * times.clamp(2, 30) };
    begin(world, readers, 4).await;
    let mut editions = vec![another_edition(world).await];
    let mut running: Vec<Node> = (0..nodes).map(|n| Node::start(world, n, "serve")).collect();
    let (mut started, mut killed) = (nodes, BTreeSet::new());
    while killed.len() < times {
        let newest = editions.last().copied().unwrap_or_default();
        if world.app.store.edition_counts(newest).await.unwrap().queued < 100 {
            editions.push(another_edition(world).await);
        }
        let mut node = running.swap_remove(chance(running.len()));
        let sends = until_it_sent(world, &mut node, 1 + chance(LIFE), &mut editions).await;
        tokio::time::sleep(Duration::from_micros(chance(4000) as u64)).await;
        if sends && !node.serving.has_ended() {
            killed.insert(node.name);
            node.serving.kill();
        }
        let command = if killed.len() % 3 == 1 && sends { "deliver" } else { "serve" };
        running.push(Node::start(world, started, command));
        started += 1;
    }
    // What `deliver` finds in dead hands it leaves; somebody has to stay.
    running.push(Node::start(world, started, "serve"));
    until_sent(world, &running, &editions, readers).await;
    for mut node in running {
        assert!(node.serving.has_ended() || node.serving.stop().0 == Some(0));
    }
    let (mails, repeats) = world.relay.look(|mails| count(mails, editions.len(), readers, &killed));
    eprintln!(
        "{times} kills, {nodes} at work, {} editions for {readers}: {mails} mails, {repeats} of them repeats",
        editions.len()
    );
    for edition in editions {
        assert_eq!(world.fate(edition).await, format!("sent: {readers} sent"));
    }
}

stories! {
    async fn whoever_kills_the_program_while_it_sends_takes_no_mail_from_anybody(world) {
        let usual = if world.is_sqlite() { 8 } else { 3 };
        killed_while_sending(world, 1, kills(usual)).await;
    }

    async fn a_program_told_to_stop_finishes_what_is_in_flight_and_goes(world) {
        let readers = 300;
        begin(world, readers, 10).await;
        let edition = another_edition(world).await;
        let node = Node::start(world, 0, "serve");
        until_mails(world, &node, 40).await;
        let (status, took) = node.serving.stop();
        assert_eq!(status, Some(0));
        assert!(took < Duration::from_secs(10), "it took {took:?}");
        let counts = world.app.store.edition_counts(edition).await.unwrap();
        let arrived = world.relay.mails().len();
        assert_eq!((counts.sending, counts.sent), (0, i64::try_from(arrived).unwrap()), "{counts:?}");
        assert!(arrived < readers, "there was nothing left to leave");
        let again = [Node::start(world, 1, "serve")];
        until_sent(world, &again, &[edition], readers).await;
        let [again] = again;
        assert_eq!(again.serving.stop().0, Some(0));
        let counted = world.relay.look(|mails| count(mails, 1, readers, &BTreeSet::new()));
        assert_eq!(counted, (readers, 0));
    }
}
