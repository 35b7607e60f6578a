//! Several transports carry the same mail: by weight, and for one another; and a domain that is slow holds up nobody else.

use std::collections::BTreeMap;
use std::process::Stdio;

use courant::domain::article::IncomingArticle;
use courant::domain::time::HOUR;
use courant::subscribers::NewSubscriber;

use crate::smtp_server::{At, Rule, Script, SmtpServer};
use crate::support::{Shell, World, article, stories};

/// A second transport that shares the first one's mail; the story happens now, for a real process tells the time.
async fn second(world: &mut World, first: &str, second: &str, script: Script) -> SmtpServer {
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

/// Runs `courant deliver`; gives its exit status and last line.
async fn deliver(world: &World) -> (Option<i32>, String) {
    let (home, config) = (world.home.path().to_owned(), world.config_file());
    let run = move || {
        Shell::command(&home, &["--config", config.to_str().unwrap(), "deliver"])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let said = tokio::task::spawn_blocking(run).await.unwrap();
    let out = String::from_utf8(said.stdout).unwrap();
    (said.status.code(), out.lines().last().unwrap_or_default().to_owned())
}

/// How many mails came to each of two servers; everybody has exactly one.
fn divided(world: &World, other: &SmtpServer, readers: usize) -> (usize, usize) {
    let (here, there) = (world.relay.mails(), other.mails());
    let mut each: BTreeMap<String, usize> = BTreeMap::new();
    for mail in here.iter().chain(&there) {
        *each.entry(mail.to.join(",")).or_default() += 1;
    }
    assert!(each.len() == readers && each.values().all(|n| *n == 1), "{} of {readers}", each.len());
    (here.len(), there.len())
}

stories! {
    async fn transports_that_share_divide_the_mail_and_nobody_gets_it_twice(world) {
        let other = second(world, "", "", Script::new()).await;
        world.add_readers(1_100).await;
        world.create_edition().await;
        assert_eq!(deliver(world).await, (Some(0), "sent 1100, failed 0, waiting 0, held 0".to_owned()));
        let (here, there) = divided(world, &other, 1_100);
        assert!(here > 0 && there > 0, "{here} and {there}");
    }

    async fn the_stronger_of_two_takes_about_three_times_as_much(world) {
        let readers = 2_560;
        let other = second(world, "weight = 3", "", Script::new()).await;
        world.add_readers(readers).await;
        world.create_edition().await;
        assert_eq!(deliver(world).await, (Some(0), format!("sent {readers}, failed 0, waiting 0, held 0")));
        let (here, there) = divided(world, &other, readers);
        assert!((60..=90).contains(&(100 * here / readers)), "{here} and {there}");
    }

    async fn a_stand_by_sends_nothing_while_the_first_can_and_all_when_it_can_not(world) {
        let other = second(world, "", "standby = true", Script::new()).await;
        world.add_readers(40).await;
        world.create_edition().await;
        assert_eq!(deliver(world).await, (Some(0), "sent 40, failed 0, waiting 0, held 0".to_owned()));
        assert_eq!(divided(world, &other, 40), (40, 0));
        world.relay.set_script(Script::new().rule(Rule::close(At::Connect)));
        world.publish([IncomingArticle { published_at: world.now().plus(-HOUR), ..article("b") }]).await;
        world.create_edition().await;
        let begun = std::time::Instant::now();
        assert_eq!(deliver(world).await, (Some(0), "sent 40, failed 0, waiting 0, held 0".to_owned()));
        assert_eq!((world.relay.mails().len(), other.mails().len()), (40, 40));
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "the first is not waited for: {:?}", begun.elapsed());
    }

    async fn a_relay_that_goes_down_in_mid_edition_is_stood_in_for(world) {
        let other = second(world, "", "", Script::new()).await;
        world.relay.set_script(Script::new().rule(Rule::reply_and_close(At::Mail, "421 4.3.2 going down")));
        world.add_readers(600).await;
        world.create_edition().await;
        assert_eq!(deliver(world).await, (Some(0), "sent 600, failed 0, waiting 0, held 0".to_owned()));
        assert_eq!(divided(world, &other, 600), (0, 600));
    }

    async fn a_domain_that_puts_everybody_off_is_left_alone_and_the_others_are_reached(world) {
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "451 4.3.2 too busy").recipient("@slow.example")));
        world.publish([article("a")]).await;
        let at = |domain: &str, n: usize| NewSubscriber { email: format!("r{n}@{domain}"), ..NewSubscriber::default() };
        world.subscribe("weekly", (0..60).map(|n| at(if n % 2 == 0 { "slow.example" } else { "fast.example" }, n))).await;
        let edition = world.create_edition().await;
        let report = world.deliver().await;
        assert_eq!(report.sent, 30);
        assert!((5..=12).contains(&report.deferred), "a few are tried, the rest is spared: {report:?}");
        assert_eq!(world.edition_status(edition).await, "sending: 30 queued, 30 sent");
        world.relay.set_script(Script::new());
        world.advance(2 * HOUR);
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 60 sent");
    }

    async fn a_domain_that_rests_is_left_alone_by_the_next_run_too(world) {
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "451 4.3.2 too busy").recipient("@slow.example")));
        world.publish([article("a")]).await;
        world.subscribe("weekly", (0..20).map(|n| NewSubscriber { email: format!("r{n}@slow.example"), ..NewSubscriber::default() })).await;
        world.create_edition().await;
        assert!((5..=12).contains(&world.deliver().await.deferred));
        world.publish([IncomingArticle { published_at: world.now().plus(-HOUR), ..article("b") }]).await;
        let second = world.create_edition().await;
        let report = world.deliver().await;
        assert_eq!((report.attempts(), world.edition_status(second).await.as_str()), (0, "sending: 20 queued"));
        world.relay.set_script(Script::new());
        world.advance(2 * HOUR);
        world.deliver().await;
        assert_eq!(world.edition_status(second).await, "sent: 20 sent");
    }
}
