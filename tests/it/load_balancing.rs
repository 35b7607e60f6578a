//! Load balancing over several transports, failover between them, and backoff for slow domains.

use std::collections::BTreeMap;
use std::process::Stdio;

use courant::domain::actor::Actor;
use courant::domain::article::IncomingArticle;
use courant::domain::time::{HOUR, MINUTE};
use courant::subscribers::NewSubscriber;
use tokio_util::sync::CancellationToken;

use crate::smtp_server::{At, Rule, Script, SmtpServer};
use crate::support::{LONGEST_WAIT, Shell, World, article, database_tests};

/// Adds a second transport to the pool of the first; uses the system clock, as the process does.
async fn add_second_transport(
    world: &mut World,
    first: &str,
    second: &str,
    script: Script,
) -> SmtpServer {
    let server = SmtpServer::start(script).await;
    let table = format!(
        "[[transports]]\nname = \"second\"\nurl = \"smtp://{}\"\npool = \"default\"\nconnections = 2\n{second}",
        server.address()
    );
    world.use_real_time();
    world.configure(|s| (s.transport, s.more) = (format!("connections = 2\n{first}"), table)).await;
    world
        .publish([IncomingArticle { published_at: world.now().plus(-HOUR), ..article("a") }])
        .await;
    server
}

/// Runs `courant deliver`; returns its exit status and last line of output.
async fn deliver(world: &World) -> (Option<i32>, String) {
    let (home, config) = (world.home.path().to_owned(), world.config_file());
    let run = move || {
        Shell::command(&home, &["--config", config.to_str().unwrap(), "deliver"])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), stdout.lines().last().unwrap_or_default().to_owned())
}

/// Returns the number of mails at both servers; asserts that every reader received exactly one.
fn mails_per_server(world: &World, other: &SmtpServer, readers: usize) -> (usize, usize) {
    let (first, second) = (world.relay.mails(), other.mails());
    let mut by_reader: BTreeMap<String, usize> = BTreeMap::new();
    for mail in first.iter().chain(&second) {
        *by_reader.entry(mail.to.join(",")).or_default() += 1;
    }
    assert!(
        by_reader.len() == readers && by_reader.values().all(|n| *n == 1),
        "{} of {readers}",
        by_reader.len()
    );
    (first.len(), second.len())
}

database_tests! {
    async fn transports_of_a_pool_share_the_mail_without_duplicates(world) {
        let other = add_second_transport(world, "", "", Script::new()).await;
        world.add_readers(1_100).await;
        world.create_edition().await;
        assert_eq!(
            deliver(world).await,
            (Some(0), "sent 1100, failed 0, waiting 0, held 0".to_owned())
        );
        let (first, second) = mails_per_server(world, &other, 1_100);
        assert!(first > 0 && second > 0, "{first} and {second}");
    }

    async fn a_transport_of_weight_three_sends_about_three_times_as_much(world) {
        let readers = 2_560;
        let other = add_second_transport(world, "weight = 3", "", Script::new()).await;
        world.add_readers(readers).await;
        world.create_edition().await;
        assert_eq!(
            deliver(world).await,
            (Some(0), format!("sent {readers}, failed 0, waiting 0, held 0"))
        );
        let (first, second) = mails_per_server(world, &other, readers);
        assert!((60..=90).contains(&(100 * first / readers)), "{first} and {second}");
    }

    async fn a_standby_transport_sends_only_while_the_first_is_unavailable(world) {
        let other = add_second_transport(world, "", "standby = true", Script::new()).await;
        world.add_readers(40).await;
        world.create_edition().await;
        assert_eq!(
            deliver(world).await,
            (Some(0), "sent 40, failed 0, waiting 0, held 0".to_owned())
        );
        assert_eq!(mails_per_server(world, &other, 40), (40, 0));
        world.relay.set_script(Script::new().rule(Rule::close(At::Connect)));
        world
            .publish([IncomingArticle { published_at: world.now().plus(-HOUR), ..article("b") }])
            .await;
        world.create_edition().await;
        let start = std::time::Instant::now();
        assert_eq!(
            deliver(world).await,
            (Some(0), "sent 40, failed 0, waiting 0, held 0".to_owned())
        );
        assert_eq!((world.relay.mails().len(), other.mails().len()), (40, 40));
        assert!(
            start.elapsed() < std::time::Duration::from_secs(20),
            "delivery should not wait for the first relay: {:?}",
            start.elapsed()
        );
    }

    async fn the_run_of_a_standby_transport_without_a_turn_ends_while_mail_is_due(world) {
        let other = add_second_transport(world, "", "standby = true", Script::new()).await;
        let digest = world.digest("weekly");
        let (context, now) = (world.app.digest_context(), world.now());
        courant::digests::queue_test(context, digest, "r1@example.org", &courant::digests::PreviewContent::Next.into(), &Actor::Cli, now)
            .await
            .unwrap();
        let standby = world.app.config.transports[1].clone();
        let dispatcher = world.app.dispatcher();
        let shutdown = CancellationToken::new();
        let run = dispatcher.deliver_due(&standby, MINUTE, &shutdown);
        let report = tokio::time::timeout(LONGEST_WAIT, run).await;
        assert_eq!(report.expect("the run ends").unwrap().handled(), 0);
        assert!(other.mails().is_empty());
    }

    async fn the_second_relay_takes_over_when_the_first_fails_during_an_edition(world) {
        let other = add_second_transport(world, "", "", Script::new()).await;
        world.relay.set_script(
            Script::new().rule(Rule::reply_and_close(At::Mail, "421 4.3.2 going down")),
        );
        world.add_readers(600).await;
        world.create_edition().await;
        assert_eq!(
            deliver(world).await,
            (Some(0), "sent 600, failed 0, waiting 0, held 0".to_owned())
        );
        assert_eq!(mails_per_server(world, &other, 600), (0, 600));
    }

    async fn a_domain_that_defers_every_mail_does_not_delay_other_domains(world) {
        world.relay.set_script(
            Script::new()
                .rule(Rule::reply(At::Rcpt, "451 4.3.2 too busy").recipient("@slow.example")),
        );
        world.publish([article("a")]).await;
        let at = |domain: &str, n: usize| NewSubscriber {
            email: format!("r{n}@{domain}"),
            ..NewSubscriber::default()
        };
        world
            .subscribe(
                "weekly",
                (0..60).map(|n| at(if n % 2 == 0 { "slow.example" } else { "fast.example" }, n)),
            )
            .await;
        let edition = world.create_edition().await;
        let report = world.deliver().await;
        assert_eq!(report.sent, 30);
        assert!(
            (5..=12).contains(&report.deferred),
            "only a few mails should be attempted: {report:?}"
        );
        assert_eq!(world.edition_status(edition).await, "sending: 30 queued, 30 sent");
        world.relay.set_script(Script::new());
        world.advance(2 * HOUR);
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 60 sent");
    }

    async fn the_backoff_of_a_domain_applies_to_the_next_run_too(world) {
        world.relay.set_script(
            Script::new()
                .rule(Rule::reply(At::Rcpt, "451 4.3.2 too busy").recipient("@slow.example")),
        );
        world.publish([article("a")]).await;
        world
            .subscribe(
                "weekly",
                (0..20).map(|n| NewSubscriber {
                    email: format!("r{n}@slow.example"),
                    ..NewSubscriber::default()
                }),
            )
            .await;
        world.create_edition().await;
        assert!((5..=12).contains(&world.deliver().await.deferred));
        world
            .publish([IncomingArticle { published_at: world.now().plus(-HOUR), ..article("b") }])
            .await;
        let second = world.create_edition().await;
        let report = world.deliver().await;
        assert_eq!(
            (report.handled(), world.edition_status(second).await.as_str()),
            (0, "sending: 20 queued")
        );
        world.relay.set_script(Script::new());
        world.advance(2 * HOUR);
        world.deliver().await;
        assert_eq!(world.edition_status(second).await, "sent: 20 sent");
    }
}
