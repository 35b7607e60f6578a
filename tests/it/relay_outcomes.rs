//! What relays do, and what becomes of every recipient: the table of outcomes, told by the engine.

use std::time::Duration;

use courant::delivery::Dispatcher;
use courant::domain::article::IncomingArticle;
use courant::domain::edition::EditionCommand;
use courant::domain::time::HOUR;
use courant::mail::smtp::Timeouts;
use tokio_util::sync::CancellationToken;

use crate::smtp_server::{Arrived, At, Rule, Script};
use crate::support::{World, article, stories};
use Fate::{Doubts, FailsAll, FailsOne, Goes, NoWay, Pauses, Troubles, Waits};

/// r0 to r3; what happens to one of them happens to r1.
const READERS: usize = 4;

/// What a behaviour means for an edition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Everybody gets it.
    Goes,
    /// One never does, the others do.
    FailsOne,
    /// All fail, each for themselves.
    FailsAll,
    /// Three fail; the edition pauses, and the fourth is sent after that.
    Pauses,
    /// One waits, the others are reached.
    Waits,
    /// The same, and nobody knows whether that mail arrived.
    Doubts,
    /// It is the relay's: nobody fails, and everybody gets it once when it is over.
    Troubles,
    /// The same, before any mail is named.
    NoWay,
}

impl Fate {
    /// How the edition stands after the first run, and in the end.
    fn told(self) -> (&'static str, &'static str) {
        match self {
            Goes => ("sent: 4 sent", "sent: 4 sent"),
            FailsOne => ("sent: 3 sent, 1 failed", "sent: 3 sent, 1 failed"),
            FailsAll => ("sent: 4 failed", "sent: 4 failed"),
            Pauses => ("paused: 1 queued, 3 failed", "sent: 1 sent, 3 failed"),
            Waits | Doubts => ("sending: 1 queued, 3 sent", "sent: 4 sent"),
            Troubles | NoWay => ("sending: ", "sent: 4 sent"),
        }
    }
}

/// A name, what it means, what the server does, and words that the row of r1 has (or what is told of the relay).
type Line = (&'static str, Fate, Script, &'static str);

fn to_one(rule: Rule) -> Script {
    Script::new().rule(rule.recipient("r1@"))
}

fn once(rule: Rule) -> Script {
    Script::new().rule(rule.once())
}

fn to_all(rule: Rule) -> Script {
    Script::new().rule(rule)
}

fn says(at: At, words: &str) -> Rule {
    Rule::say(at, words)
}

/// What is said to the sender, the recipient and DATA.
fn of_the_envelope() -> Vec<Line> {
    use At::{Data, Mail, Rcpt};
    vec![
        ("4xx to MAIL", Troubles, to_all(says(Mail, "451 4.3.0 not now")), "451 4.3.0 not now"),
        ("4xx to MAIL without code", Troubles, to_all(says(Mail, "450 not now")), "450 not now"),
        (
            "a sender refused",
            Pauses,
            to_all(says(Mail, "550 5.7.1 sender not allowed")),
            "550 5.7.1 sender not allowed",
        ),
        (
            "a sender refused without code",
            Pauses,
            to_all(says(Mail, "550 who are you")),
            "550 who are you",
        ),
        (
            "a sender's domain refused",
            Pauses,
            to_all(says(Mail, "553 5.1.8 no such domain")),
            "553 5.1.8",
        ),
        ("a message too big at MAIL", Pauses, to_all(says(Mail, "552 5.3.4 too big")), "552 5.3.4"),
        (
            "a login that expired",
            Troubles,
            once(says(Mail, "530 5.7.0 authentication required")),
            "530 5.7.0",
        ),
        ("an unknown command", Troubles, once(says(Mail, "500 5.5.2 what")), "500 5.5.2"),
        (
            "a recipient unknown",
            FailsOne,
            to_one(says(Rcpt, "550 5.1.1 no such user")),
            "550 5.1.1 no such user",
        ),
        (
            "a recipient unknown without code",
            FailsOne,
            to_one(says(Rcpt, "550 no such user")),
            "550 no such user",
        ),
        (
            "a recipient unknown in odd words",
            FailsOne,
            to_one(says(Rcpt, "550 5.5.1 no such user")),
            "550 5.5.1",
        ),
        (
            "all recipients unknown",
            FailsAll,
            to_all(says(Rcpt, "550 5.1.1 no such user")),
            "550 5.1.1",
        ),
        ("all mailboxes disabled", FailsAll, to_all(says(Rcpt, "550 5.2.1 disabled")), "550 5.2.1"),
        (
            "all unknown in odd words",
            FailsAll,
            to_all(says(Rcpt, "550 5.5.1 no such user")),
            "550 5.5.1",
        ),
        ("policy against one", FailsOne, to_one(says(Rcpt, "550 5.7.1 not welcome")), "550 5.7.1"),
        (
            "policy against all",
            Pauses,
            to_all(says(Rcpt, "554 5.7.1 relay access denied")),
            "554 5.7.1",
        ),
        (
            "a bad sender told at RCPT",
            Pauses,
            to_all(says(Rcpt, "550 5.1.8 bad sender")),
            "550 5.1.8",
        ),
        (
            "a full mailbox for good",
            FailsOne,
            to_one(says(Rcpt, "552 5.2.2 mailbox full")),
            "552 5.2.2",
        ),
        (
            "a full mailbox without code",
            FailsOne,
            to_one(says(Rcpt, "552 mailbox full")),
            "552 mailbox full",
        ),
        (
            "a full mailbox for now",
            Waits,
            to_one(says(Rcpt, "452 4.2.2 mailbox full")),
            "452 4.2.2",
        ),
        ("a full mailbox without code for now", Waits, to_one(says(Rcpt, "452 full")), "452 full"),
        ("greylisting", Waits, to_one(says(Rcpt, "450 4.7.1 greylisted")), "450 4.7.1 greylisted"),
        (
            "greylisting with a time",
            Waits,
            to_one(says(Rcpt, "450 4.7.1 greylisted, come back in 300 seconds")),
            "300 seconds",
        ),
        ("a bad sequence", Troubles, once(says(Rcpt, "503 5.5.1 bad sequence")), "503 5.5.1"),
        ("a forwarding address", Goes, to_one(says(Rcpt, "251 will forward")), "taken"),
        (
            "an address not verified",
            Goes,
            to_one(says(Rcpt, "252 can't verify, but will try")),
            "taken",
        ),
        ("354 to RCPT", Troubles, once(says(Rcpt, "354 what")), "354 what"),
        ("DATA put off", Waits, to_one(says(Data, "451 4.3.0 later")), "451 4.3.0"),
        ("DATA refused to one", FailsOne, to_one(says(Data, "554 5.6.0 no")), "554 5.6.0"),
        ("DATA refused to all", Pauses, to_all(says(Data, "554 5.6.0 no")), "554 5.6.0"),
        ("DATA out of sequence", Troubles, once(says(Data, "503 5.5.1 bad sequence")), "503 5.5.1"),
        ("250 to DATA", Troubles, once(says(Data, "250 what")), "250 what"),
        (
            "354 though RCPT was refused",
            FailsOne,
            to_one(says(Rcpt, "550 5.1.1 unknown")).grants_data_always(),
            "550 5.1.1",
        ),
        (
            "354 though RCPT was put off",
            Waits,
            to_one(says(Rcpt, "450 4.2.0 later")).grants_data_always(),
            "450 4.2.0",
        ),
        ("SIZE too small", Pauses, Script::new().size(100), "552 5.3.4 the message has"),
        (
            "no reset",
            FailsOne,
            to_one(says(Rcpt, "550 5.1.1 unknown")).rule(says(At::Rset, "502 5.5.1 what")),
            "550 5.1.1",
        ),
    ]
}

/// What is said to the message.
fn of_the_content() -> Vec<Line> {
    use At::{Content, Kept, MidContent};
    vec![
        ("content put off", Waits, to_one(says(Content, "451 4.7.1 later")), "451 4.7.1"),
        ("content put off without code", Waits, to_one(says(Content, "451 later")), "451 later"),
        ("a disk full", Waits, to_one(says(Content, "452 4.3.1 disk full")), "452 4.3.1"),
        (
            "spam, says one",
            FailsOne,
            to_one(says(Content, "554 5.7.1 looks like spam")),
            "554 5.7.1",
        ),
        ("spam, say all", Pauses, to_all(says(Content, "554 5.7.1 looks like spam")), "554 5.7.1"),
        ("content refused without code", Pauses, to_all(says(Content, "554 no")), "554 no"),
        ("too big, says one", FailsOne, to_one(says(Content, "552 5.3.4 too big")), "552 5.3.4"),
        ("too big, say all", Pauses, to_all(says(Content, "552 5.3.4 too big")), "552 5.3.4"),
        ("too big without code", Pauses, to_all(says(Content, "552 too big")), "552 too big"),
        (
            "mailboxes full behind the dot",
            FailsAll,
            to_all(says(Content, "552 5.2.2 over quota")),
            "552 5.2.2",
        ),
        (
            "recipients unknown behind the dot",
            FailsAll,
            to_all(says(Content, "550 5.1.1 no such user")),
            "550 5.1.1",
        ),
        (
            "a reply in two lines",
            Goes,
            to_one(says(Content, "250-2.0.0 taken\r\n250 2.0.0 for good")),
            "taken 2.0.0 for good",
        ),
        (
            "a refusal in two lines",
            FailsOne,
            to_one(says(Content, "550-5.2.2 over\r\n550 5.2.2 quota")),
            "550 5.2.2 over quota",
        ),
        ("taken late", Goes, to_one(Rule::wait(Content, Duration::from_millis(200))), "taken"),
        ("taken and closed", Goes, to_one(Rule::say_and_drop(Content, "250 2.0.0 taken")), "taken"),
        (
            "taken twice",
            Goes,
            to_one(says(Content, "250 2.0.0 taken\r\n250 2.0.0 taken again").once()),
            "taken",
        ),
        (
            "closing words to the message",
            Waits,
            to_one(Rule::say_and_drop(Content, "421 4.3.2 bye").once()),
            "421 4.3.2",
        ),
        ("354 to the message", Doubts, to_one(says(Content, "354 what").once()), "354 what"),
        ("garbage to the message", Doubts, to_one(says(Content, "whatever").once()), "not SMTP"),
        ("closed behind the dot", Doubts, to_one(Rule::drop(Content).once()), "closed"),
        ("kept and closed", Doubts, to_one(Rule::drop(Kept).once()), "closed"),
        ("closed in the middle", Doubts, to_one(Rule::drop(MidContent).once()), "closed"),
        ("two mails a connection", Goes, Script::new().mails_per_connection(2), "taken"),
    ]
}

/// What any step may hear.
fn of_every_step() -> Vec<Line> {
    use At::{Connect, Data, Ehlo, Mail, Rcpt, Rset};
    let mut lines = vec![
        ("a refused greeting", NoWay, to_all(says(Connect, "554 5.7.1 go away")), "554 5.7.1"),
        ("a greeting for later", NoWay, to_all(says(Connect, "450 4.3.2 later")), "450 4.3.2"),
        ("a refused EHLO", NoWay, to_all(says(Ehlo, "550 5.7.1 not you")), "550 5.7.1"),
        ("EHLO unknown", NoWay, to_all(says(Ehlo, "502 5.5.1 what")), "502 5.5.1"),
        ("nothing offered", Goes, to_all(says(Ehlo, "250 relay.test")), "taken"),
        (
            "a greeting in two lines",
            Goes,
            to_all(says(Connect, "220-relay.test\r\n220 ready")),
            "taken",
        ),
        (
            "MAIL granted in 200 lines",
            Goes,
            to_all(says(Mail, &format!("{}250 ok", "250-ok\r\n".repeat(200)))),
            "taken",
        ),
        (
            "codes alone",
            Goes,
            to_all(says(Mail, "250")).rule(says(Rcpt, "250")).rule(says(Data, "354")),
            "taken",
        ),
        ("a code alone refuses", FailsOne, to_one(says(Rcpt, "550")), "550"),
        (
            "a refusal in two lines",
            FailsOne,
            to_one(says(Rcpt, "550-5.1.1 no\r\n550 5.1.1 such user")),
            "550 5.1.1 no such user",
        ),
        (
            "a greeting in pieces",
            Goes,
            to_all(Rule::pieces(Connect, &[b"2", b"20 rel", b"ay\r", b"\n"])),
            "taken",
        ),
        (
            "replies in pieces",
            Goes,
            to_all(Rule::pieces(Rcpt, &[b"25", b"0 2.1.5", b" ok\r", b"\n"])),
            "taken",
        ),
        (
            "content taken in pieces",
            Goes,
            to_all(Rule::pieces(At::Content, &[b"250-2.0.0 ta", b"ken\r\n2", b"50 yes\r\n"])),
            "taken",
        ),
        ("bare line feeds", Goes, to_all(Rule::pieces(Rcpt, &[b"250 2.1.5 ok\n"])), "taken"),
        (
            "bytes of old encodings",
            FailsOne,
            to_one(Rule::pieces(Rcpt, &[b"550 5.1.1 \xd3\xca\xcf\xe4\r\n"])),
            "550 5.1.1",
        ),
        ("a line without end", Troubles, once(Rule::pieces(Mail, &[&[b'2'; 40_000]])), "relay"),
        (
            "goodbye to RSET",
            FailsOne,
            to_one(says(Rcpt, "550 5.1.1 no")).rule(Rule::say_and_drop(Rset, "421 bye").once()),
            "550 5.1.1",
        ),
    ];
    for (at, name) in
        [(Connect, "the greeting"), (Ehlo, "EHLO"), (Mail, "MAIL"), (Rcpt, "RCPT"), (Data, "DATA")]
    {
        let fate = if matches!(at, Connect | Ehlo) { NoWay } else { Troubles };
        lines.push((
            name,
            fate,
            once(Rule::say_and_drop(at, "421 4.3.2 closing")),
            "421 4.3.2 closing",
        ));
        lines.push((name, fate, once(Rule::drop(at)), "closed the connection"));
        lines.push((name, fate, once(says(at, "whatever")), "SMTP"));
    }
    lines
}

/// Where a relay keeps silent.
fn of_silence() -> Vec<Line> {
    use At::{Connect, Content, Data, Ehlo, Mail, Rcpt};
    let silent = |at| once(Rule::stall(at));
    let late = "did not answer in time";
    vec![
        ("silence instead of a greeting", NoWay, silent(Connect), late),
        ("silence to EHLO", NoWay, silent(Ehlo), late),
        ("silence to MAIL", Troubles, silent(Mail), late),
        ("silence to RCPT", Troubles, silent(Rcpt), late),
        ("silence to DATA", Troubles, silent(Data), late),
        ("silence to the message", Doubts, to_one(Rule::stall(Content).once()), late),
    ]
}

/// Where encryption or a password is wanted: the way, further lines of the transport, and the behaviour.
fn of_opening() -> Vec<(&'static str, &'static str, Line)> {
    let offers = "250-relay.test\r\n250-PIPELINING\r\n250 STARTTLS";
    let starttls = |words| to_all(says(At::Ehlo, offers)).rule(says(At::StartTls, words));
    let login = "username = \"ann\"\npassword = \"sesame\"";
    let asks = |script: Script| script.login("ann", "sesame");
    vec![
        ("smtp", "", ("STARTTLS refused, no matter", Goes, starttls("454 4.7.0 not now"), "taken")),
        ("smtp", "", ("STARTTLS broken, no matter", Goes, starttls("220 2.0.0 ready"), "taken")),
        (
            "smtp+starttls",
            "",
            ("STARTTLS refused where required", NoWay, starttls("454 4.7.0 not now"), "454 4.7.0"),
        ),
        (
            "smtp+starttls",
            "",
            ("STARTTLS stripped where required", NoWay, Script::new(), "does not offer STARTTLS"),
        ),
        ("smtp", login, ("AUTH granted", Goes, asks(Script::new()), "taken")),
        (
            "smtp",
            login,
            ("AUTH refused", NoWay, asks(to_all(says(At::Auth, "535 5.7.8 wrong"))), "535 5.7.8"),
        ),
        (
            "smtp",
            login,
            ("AUTH put off", NoWay, asks(to_all(says(At::Auth, "454 4.7.0 later"))), "454 4.7.0"),
        ),
        (
            "smtp",
            login,
            (
                "no AUTH that we know",
                NoWay,
                asks(Script::new()).mechanisms("CRAM-MD5"),
                "neither AUTH PLAIN nor",
            ),
        ),
        ("smtp", login, ("no AUTH at all", NoWay, Script::new(), "neither AUTH PLAIN nor")),
        ("smtp", "", ("AUTH required", Troubles, asks(Script::new()), "530 5.7.0")),
    ]
}

/// One edition over one connection of a relay that behaves like this, and its end when the relay behaves.
async fn meets(world: &mut World, (name, fate, script, words): Line, patience: Duration) {
    let id = format!("a{}", world.app.store.editions(None).await.unwrap().len());
    world.publish([IncomingArticle { published_at: world.now(), ..article(&id) }]).await;
    let (edition, before) = (world.edition().await, world.relay.look(<[Arrived]>::len));
    world.relay.set_script(script);
    world.restart();
    let engine = world.engine().with_timeouts(Timeouts {
        connect: patience,
        reply: patience,
        content: patience,
        ..Timeouts::default()
    });
    let trouble = sent_until_trouble(world, engine, fate, words).await;
    let (now, then) = (world.fate(edition).await, world.answer("r1@example.org").await);
    let (wanted, finally) = fate.told();
    if matches!(fate, Troubles | NoWay) {
        assert!(
            trouble.is_some_and(|t| t.contains(words)),
            "{name}: the relay's trouble is not told: {then}"
        );
        assert!(
            now.starts_with(wanted) && !now.contains("failed") && !now.contains("sending,"),
            "{name}: {now}"
        );
    } else {
        assert_eq!(now, wanted, "{name}: {then}");
        assert!(then.contains(words), "{name}: {then}");
    }
    world.relay.release();
    world.relay.set_script(Script::new());
    if world.settings.way.is_some() {
        // Whatever it wanted, it wants no more.
        world.configure(|s| (s.way, s.transport) = (None, "connections = 1".into())).await;
    }
    world.restart();
    world.leap(HOUR);
    if now.starts_with("paused") {
        world.order(edition, EditionCommand::Resume).await;
    }
    world.deliver().await;
    assert_eq!(world.fate(edition).await, finally, "{name}: in the end");
    let arrived = world.relay.look(|mails| mails[before..].to_vec());
    assert!(arrived.iter().all(is_whole), "{name}: half a mail arrived");
    let sent =
        finally.split(" sent").next().and_then(|s| s.rsplit(' ').next()?.parse().ok()).unwrap_or(0);
    let doubled = usize::from(fate == Doubts);
    assert!(
        (sent..=sent + doubled).contains(&arrived.len()),
        "{name}: {} mails for {sent}",
        arrived.len()
    );
}

/// Whether a mail ends as it should, with the last part's boundary.
pub(crate) fn is_whole(mail: &Arrived) -> bool {
    mail.content.contains("Message-ID: ") && mail.content.ends_with("--\r\n")
}

/// Sends until nothing is left to do, or the relay's trouble is known, for it would be waited for; gives the trouble.
async fn sent_until_trouble(
    world: &World,
    engine: Dispatcher,
    fate: Fate,
    words: &str,
) -> Option<String> {
    let (transport, stop, connections) =
        (world.transport().clone(), CancellationToken::new(), world.relay.connections());
    let stopped = stop.clone();
    let sending =
        tokio::spawn(async move { engine.deliver_due(&transport, 0, &stopped).await.unwrap() });
    while !sending.is_finished() {
        let known = match fate {
            Troubles => world.answer("r0@example.org").await.contains(words),
            NoWay => world.relay.connections() > connections,
            _ => false,
        };
        if known {
            stop.cancel();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let trouble = sending.await.unwrap().error;
    courant::delivery::close_editions(&world.app.store, world.now()).await.unwrap();
    trouble
}

/// All behaviours, one after the other, of a relay that pipelines or does not.
async fn all(world: &mut World, dress: fn(Script) -> Script) {
    world.configure(|s| s.transport = "connections = 1".into()).await;
    world.readers(READERS).await;
    let lines = of_the_envelope().into_iter().chain(of_the_content()).chain(of_every_step());
    for (name, fate, script, words) in lines {
        meets(world, (name, fate, dress(script), words), Duration::from_secs(20)).await;
    }
    for (name, fate, script, words) in of_silence() {
        meets(world, (name, fate, dress(script), words), Duration::from_millis(400)).await;
    }
}

stories! {
    async fn whatever_a_relay_does_every_recipient_ends_as_the_table_says(world) {
        all(world, |script| script).await;
    }

    async fn whatever_a_relay_without_pipelining_does_every_recipient_ends_as_the_table_says(world) {
        all(world, Script::without_pipelining).await;
    }

    async fn whatever_a_relay_wants_before_it_takes_mail_nobody_is_lost_by_it(world) {
        world.configure(|s| s.transport = "connections = 1".into()).await;
        world.readers(READERS).await;
        for (scheme, lines, line) in of_opening() {
            let way = format!("{scheme}://{}", world.relay.address());
            world.configure(|s| (s.way, s.transport) = (Some(way), format!("connections = 1\n{lines}"))).await;
            meets(world, line, Duration::from_secs(20)).await;
        }
    }
}
