//! Readers come, confirm, leave and come back (promises 6 and 7).

use courant::domain::address::EmailAddress;
use courant::domain::subscription::{RequestOrigin, Status};
use courant::domain::time::{DAY, HOUR, MINUTE, SignedDuration};
use courant::domain::token::{LinkScope, sign};
use courant::subscribers::{self, NewSubscriber};

use crate::subscriber_files::bring;
use crate::support::{World, article, stories};

fn person(email: &str) -> NewSubscriber {
    NewSubscriber { email: email.into(), ..NewSubscriber::default() }
}

fn secret(world: &World) -> &[u8] {
    &world.app.instance.secret
}

/// Asks on the page.
async fn ask(world: &World, email: &str) {
    ask_for(world, "weekly", email).await;
}

async fn ask_for(world: &World, digest: &str, email: &str) {
    let digests = [world.digest(digest)];
    subscribers::subscribe(&world.app.store, secret(world), &person(email), &digests, world.now())
        .await
        .unwrap()
        .unwrap();
}

pub(crate) async fn status(world: &World, email: &str) -> Option<Status> {
    let person = world.app.store.find_subscriber(email).await.unwrap()?;
    world.app.store.subscriptions_of(&[person.id]).await.unwrap().first().map(|s| s.status)
}

async fn subscription(world: &World, email: &str) -> i64 {
    let person = world.app.store.find_subscriber(email).await.unwrap().unwrap();
    world.app.store.subscriptions_of(&[person.id]).await.unwrap()[0].id
}

/// The token of the last mail to an address, in the link of this kind.
fn token_for(world: &World, email: &str, kind: &str) -> String {
    let text = world.mails_to(email).pop().expect("a mail").text;
    let (_, behind) =
        text.split_once(&format!("/{kind}/")).unwrap_or_else(|| panic!("no {kind} link in {text}"));
    behind.split_whitespace().next().unwrap().to_owned()
}

/// Leaves by a link; gives the token that takes it back, if there is one.
async fn leave(world: &World, email: &str) -> Option<String> {
    let token = sign(
        secret(world),
        LinkScope::Unsubscribe { subscription: subscription(world, email).await },
    );
    let left =
        subscribers::unsubscribe(&world.app.store, secret(world), &token, false, world.now())
            .await
            .unwrap()
            .unwrap();
    // What happens next happens later, on a fast disk too.
    world.advance(SignedDuration::from_millis(10));
    left.undo
}

async fn undo(world: &World, token: &str) -> bool {
    subscribers::undo_unsubscribe(&world.app.store, secret(world), token, world.now())
        .await
        .unwrap()
}

/// Follows a confirmation link; gives the digests that are confirmed.
async fn confirm(world: &World, token: &str) -> Vec<String> {
    let confirmed =
        subscribers::confirm(&world.app.store, secret(world), token, world.now()).await.unwrap();
    confirmed.map(|(_, digests)| digests).unwrap_or_default()
}

/// A second digest.
const DAILY: &str = r#"[[digests]]
name = "daily"
title = "Every morning"
schedule = "0 7 * * *"
from = "College News <news@example.edu>""#;

stories! {
    async fn who_asks_on_the_page_is_asked_back_and_gets_nothing_before_they_confirm(world) {
        world.publish([article("a")]).await;
        ask(world, "ann@example.org").await;
        assert_eq!(status(world, "ann@example.org").await, Some(Status::Pending));
        world.create_edition().await;
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 1, "the confirmation alone");
        let token = token_for(world, "ann@example.org", "confirm");
        let (_, digests) = subscribers::confirm(&world.app.store, secret(world), &token, world.now()).await.unwrap().unwrap();
        assert_eq!((digests, status(world, "ann@example.org").await), (vec!["weekly".to_owned()], Some(Status::Confirmed)));
        world.publish([article("b")]).await;
        world.create_edition().await;
        world.deliver().await;
        assert!(world.mails_to("ann@example.org")[1].text.contains("Title of b"));
    }

    async fn looking_at_a_confirmation_changes_nothing(world) {
        ask(world, "ann@example.org").await;
        world.deliver().await;
        let token = token_for(world, "ann@example.org", "confirm");
        for _ in 0..3 {
            assert!(subscribers::pending_confirmation(&world.app.store, secret(world), &token, world.now()).await.unwrap().is_some());
        }
        assert_eq!(status(world, "ann@example.org").await, Some(Status::Pending));
    }

    async fn a_link_does_only_what_it_was_made_for(world) {
        world.publish([article("a")]).await;
        ask(world, "new@example.org").await;
        world.add_readers(1).await;
        world.create_edition().await;
        world.deliver().await;
        let confirms = token_for(world, "new@example.org", "confirm");
        let leaves = token_for(world, "r0@example.org", "unsubscribe");
        let (store, now) = (&world.app.store, world.now());
        assert!(subscribers::unsubscribe(store, secret(world), &confirms, true, now).await.unwrap().is_none());
        assert!(subscribers::confirm(store, secret(world), &leaves, now).await.unwrap().is_none());
        assert!(!subscribers::undo_unsubscribe(store, secret(world), &leaves, now).await.unwrap());
        assert!(subscribers::unsubscribe(store, b"another store's secret", &leaves, true, now).await.unwrap().is_none());
        assert_eq!(status(world, "new@example.org").await, Some(Status::Pending));
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Confirmed));
        assert!(subscribers::unsubscribe(store, secret(world), &leaves, false, now).await.unwrap().is_some());
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Unsubscribed));
    }

    async fn a_confirmation_link_ends_when_the_mail_says_so(world) {
        ask(world, "ann@example.org").await;
        world.deliver().await;
        let token = token_for(world, "ann@example.org", "confirm");
        world.advance(31 * DAY);
        assert!(subscribers::confirm(&world.app.store, secret(world), &token, world.now()).await.unwrap().is_none());
        assert_eq!(status(world, "ann@example.org").await, Some(Status::Pending));
    }

    async fn a_leaving_can_be_taken_back_for_an_hour(world) {
        world.add_readers(2).await;
        let undos = [leave(world, "r0@example.org").await.unwrap(), leave(world, "r1@example.org").await.unwrap()];
        assert!(undo(world, &undos[0]).await);
        world.advance(HOUR + MINUTE);
        assert!(!undo(world, &undos[1]).await);
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Confirmed));
        assert_eq!(status(world, "r1@example.org").await, Some(Status::Unsubscribed));
    }

    async fn a_leaving_is_not_taken_back_against_an_admin_or_a_suppression(world) {
        world.add_readers(3).await;
        let address = |n: usize| EmailAddress::parse(&format!("r{n}@example.org")).unwrap();
        let mut undos = Vec::new();
        for n in 0..3 {
            undos.push(leave(world, &format!("r{n}@example.org")).await.unwrap());
        }
        subscribers::suppress(&world.app.store, secret(world), &address(0), world.now()).await.unwrap();
        subscribers::unsubscribe_all(&world.app.store, &address(1), world.now()).await.unwrap().unwrap();
        assert!(!undo(world, &undos[0]).await, "suppressed since");
        assert!(!undo(world, &undos[1]).await, "removed by an admin since");
        assert!(undo(world, &undos[2]).await, "nobody said anything against the third");
        for (n, now) in [Status::Unsubscribed, Status::Unsubscribed, Status::Confirmed].into_iter().enumerate() {
            assert_eq!(status(world, &format!("r{n}@example.org")).await, Some(now), "r{n}");
        }
    }

    async fn who_left_comes_back_only_by_the_page_and_their_own_confirmation(world) {
        world.add_readers(1).await;
        leave(world, "r0@example.org").await;
        world.add_readers(1).await;
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Unsubscribed), "not by an admin with consent");
        let report = bring(world, b"email\nr0@example.org\n", |_| ()).await;
        assert_eq!((report.previously_unsubscribed, report.confirmed), (1, 0), "not by an import");
        let digests = [world.digest("weekly")];
        let request = subscribers::validate(&person("r0@example.org"), &digests, "x", secret(world)).unwrap();
        subscribers::apply_requests(&world.app.store, vec![request], &digests, RequestOrigin::Admin, world.now()).await.unwrap();
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Unsubscribed), "nor is an admin's word enough to ask them");
        ask(world, "r0@example.org").await;
        let report = bring(world, b"email\nr0@example.org\n", |_| ()).await;
        assert_eq!((report.previously_unsubscribed, report.confirmed), (1, 0), "not by an import while they are asked");
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Unsubscribed), "asking brings nobody back");
        world.deliver().await;
        assert_eq!(confirm(world, &token_for(world, "r0@example.org", "confirm")).await, ["weekly"]);
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Confirmed));
    }

    async fn a_leaving_that_found_nothing_confirmed_can_not_be_taken_back(world) {
        ask(world, "ann@example.org").await;
        assert_eq!(leave(world, "ann@example.org").await, None, "they never confirmed");
        world.add_readers(1).await;
        let taken_back = leave(world, "r0@example.org").await.unwrap();
        assert_eq!(leave(world, "r0@example.org").await, None, "they had left before");
        world.advance(MINUTE);
        ask(world, "r0@example.org").await;
        assert_eq!(leave(world, "r0@example.org").await, None, "a stranger had them asked in between");
        assert!(!undo(world, &taken_back).await, "it was asked for since");
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Unsubscribed));
    }

    async fn a_confirmation_mail_from_before_they_left_brings_nobody_back(world) {
        ask(world, "ann@example.org").await;
        world.deliver().await;
        let old = token_for(world, "ann@example.org", "confirm");
        world.advance(SignedDuration::from_millis(10));
        assert_eq!(confirm(world, &old).await, ["weekly"]);
        assert_eq!(confirm(world, &old).await, ["weekly"], "a second look is told the same");
        leave(world, "ann@example.org").await;
        assert_eq!(confirm(world, &old).await, [""; 0], "nor are they told that it did");
        ask(world, "ann@example.org").await;
        assert_eq!(confirm(world, &old).await, [""; 0], "nor while a new mail is on its way");
        assert_eq!(status(world, "ann@example.org").await, Some(Status::Unsubscribed));
        world.deliver().await;
        assert_eq!(confirm(world, &token_for(world, "ann@example.org", "confirm")).await, ["weekly"]);
    }

    async fn every_digest_is_asked_about_however_soon_after_another(world) {
        world.configure(|s| s.more = DAILY.into()).await;
        ask_for(world, "daily", "ann@example.org").await;
        world.advance(5 * MINUTE);
        ask_for(world, "weekly", "ann@example.org").await;
        ask_for(world, "daily", "ann@example.org").await;
        world.deliver().await;
        assert_eq!(world.mails_to("ann@example.org").len(), 2, "one for each");
        world.advance(11 * MINUTE);
        ask_for(world, "daily", "ann@example.org").await;
        world.deliver().await;
        assert_eq!(world.mails_to("ann@example.org").len(), 3, "a request that asked nobody moved nothing");
    }

    async fn who_left_a_moment_ago_is_asked_at_once_but_once(world) {
        ask(world, "ann@example.org").await;
        world.deliver().await;
        confirm(world, &token_for(world, "ann@example.org", "confirm")).await;
        leave(world, "ann@example.org").await;
        for _ in 0..3 {
            ask(world, "ann@example.org").await;
        }
        world.deliver().await;
        assert_eq!(world.mails_to("ann@example.org").len(), 2);
        assert_eq!(confirm(world, &token_for(world, "ann@example.org", "confirm")).await, ["weekly"]);
    }

    async fn who_asks_again_and_again_gets_one_confirmation_mail(world) {
        for _ in 0..5 {
            ask(world, "ann@example.org").await;
        }
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 1);
        world.advance(20 * MINUTE);
        ask(world, "ann@example.org").await;
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 2, "a mail may get lost");
    }

    async fn a_stranger_on_the_page_changes_nothing_about_a_person_we_know(world) {
        world.subscribe("weekly", [NewSubscriber { name: Some("Ann".into()), language: Some("zh".into()), ..person("ann@example.org") }]).await;
        let stranger = NewSubscriber { name: Some("Mallory".into()), language: Some("fr".into()), ..person("Ann@Example.org") };
        let digests = [world.digest("weekly")];
        subscribers::subscribe(&world.app.store, secret(world), &stranger, &digests, world.now()).await.unwrap().unwrap();
        let ann = world.app.store.find_subscriber("ann@example.org").await.unwrap().unwrap();
        assert_eq!((ann.name.as_deref(), ann.language.as_deref()), (Some("Ann"), Some("zh")));
        assert_eq!(status(world, "ann@example.org").await, Some(Status::Confirmed));
        world.deliver().await;
        assert!(world.relay.mails().is_empty());
    }
}
