//! What refusals of the sender or the message do to an edition: few fail, then it pauses.

use courant::domain::article::IncomingArticle;
use courant::domain::edition::EditionCommand;

use crate::smtp_server::{At, Rule, Script};
use crate::support::{World, article, stories};

async fn another_edition(world: &World) -> i64 {
    let id = format!("a{}", world.app.store.editions(None).await.unwrap().len());
    world.publish([IncomingArticle { published_at: world.now(), ..article(&id) }]).await;
    world.edition().await
}

async fn note(world: &World, edition: i64) -> String {
    world.app.store.edition(edition).await.unwrap().unwrap().note.unwrap_or_default()
}

stories! {
    async fn a_refused_sender_or_message_fails_three_on_ten_connections_and_the_others_go_after_the_pause(world) {
        world.configure(|s| s.transport = "connections = 10".into()).await;
        world.readers(60).await;
        let refusals = [
            (At::Mail, "550 5.1.8 bad sender"),
            (At::Mail, "553 5.1.8 bad sender"),
            (At::Mail, "550 go away"),
            (At::Rcpt, "554 5.7.1 relay access denied"),
            (At::Data, "554 5.6.0 no"),
            (At::Content, "554 5.7.1 spam"),
            (At::Content, "552 5.3.4 too big"),
        ];
        for (at, words) in refusals {
            for script in [Script::new(), Script::new().without_pipelining()] {
                let (edition, before) = (another_edition(world).await, world.relay.mails().len());
                world.relay.set_script(script.rule(Rule::say(at, words)));
                world.deliver().await;
                assert_eq!(world.fate(edition).await, "paused: 57 queued, 3 failed", "{at:?} {words}");
                let note = note(world, edition).await;
                assert!(note.contains("3 times in a row") && note.contains(words), "{note}");
                world.relay.set_script(Script::new());
                world.order(edition, EditionCommand::Resume).await;
                world.deliver().await;
                assert_eq!(world.fate(edition).await, "sent: 57 sent, 3 failed", "{at:?} {words}");
                assert_eq!(world.relay.mails().len() - before, 57, "{at:?} {words}");
            }
        }
    }

    async fn what_is_said_about_recipients_pauses_nothing_however_often(world) {
        world.configure(|s| s.transport = "connections = 10".into()).await;
        world.readers(40).await;
        for (at, words) in [(At::Rcpt, "550 5.1.1 unknown"), (At::Rcpt, "550 unknown"), (At::Content, "552 5.2.2 over quota")] {
            let edition = another_edition(world).await;
            world.relay.set_script(Script::new().rule(Rule::say(at, words)));
            world.deliver().await;
            assert_eq!(world.fate(edition).await, "sent: 40 failed", "{words}");
        }
        let edition = another_edition(world).await;
        world.relay.set_script(Script::new().rule(Rule::say(At::Content, "554 5.7.1 spam").recipient("r7@")));
        world.deliver().await;
        assert_eq!(world.fate(edition).await, "sent: 39 sent, 1 failed");
    }

    async fn two_in_a_hundred_of_the_last_five_hundred_pause_and_fewer_do_not(world) {
        world.configure(|s| s.transport = "connections = 4".into()).await;
        world.readers(520).await;
        for (refused, fate) in [(9, "sent: 511 sent, 9 failed"), (10, "paused: ")] {
            let edition = another_edition(world).await;
            let rule = |n: usize| Rule::say(At::Content, "554 5.7.1 spam").recipient(&format!("r{}@", 10 + n * 45));
            world.relay.set_script((0..refused).fold(Script::new(), |script, n| script.rule(rule(n))));
            world.deliver().await;
            let now = world.fate(edition).await;
            assert!(now.starts_with(fate), "{now}");
            if refused == 10 {
                assert!(now.ends_with("10 failed") && note(world, edition).await.contains("2 % of the last 500"), "{now}");
                world.order(edition, EditionCommand::Resume).await;
                world.deliver().await;
                assert_eq!(world.fate(edition).await, "sent: 510 sent, 10 failed");
            }
        }
    }
}
