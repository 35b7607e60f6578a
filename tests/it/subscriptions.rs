//! Subscribing, confirming, unsubscribing and subscribing again (guarantees 6 and 7).

use courant::domain::address::EmailAddress;
use courant::domain::link_token::{LinkScope, sign};
use courant::domain::subscription::{RequestOrigin, SubscriptionStatus};
use courant::domain::time::{DAY, HOUR, MINUTE, SignedDuration};
use courant::subscribers::{self, NewSubscriber};

use crate::subscriber_files::import_file;
use crate::support::{World, article, database_tests};

fn person(email: &str) -> NewSubscriber {
    NewSubscriber { email: email.into(), ..NewSubscriber::default() }
}

fn secret(world: &World) -> &[u8] {
    &world.app.store_identity.secret
}

/// Requests a subscription to the weekly digest on the subscription page.
pub(crate) async fn request_subscription(world: &World, email: &str) {
    request_digest(world, "weekly", email).await;
}

async fn request_digest(world: &World, digest: &str, email: &str) {
    let digests = [world.digest(digest)];
    subscribers::subscribe(&world.app.store, secret(world), &person(email), &digests, world.now())
        .await
        .unwrap()
        .unwrap();
}

pub(crate) async fn status(world: &World, email: &str) -> Option<SubscriptionStatus> {
    let person = world.app.store.subscribers().find_by_address(email).await.unwrap()?;
    world.app.store.subscriptions().list_of(&[person.id]).await.unwrap().first().map(|s| s.status)
}

async fn subscription(world: &World, email: &str) -> i64 {
    let person = world.app.store.subscribers().find_by_address(email).await.unwrap().unwrap();
    world.app.store.subscriptions().list_of(&[person.id]).await.unwrap()[0].id
}

/// Returns the token in the link of this kind in the last mail to an address.
fn token_for(world: &World, email: &str, kind: &str) -> String {
    let text = world.mails_to(email).pop().expect("a mail").text;
    let (_, rest) =
        text.split_once(&format!("/{kind}/")).unwrap_or_else(|| panic!("no {kind} link in {text}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

/// Unsubscribes by a link; returns the undo token if there is one.
async fn unsubscribe(world: &World, email: &str) -> Option<String> {
    let token = sign(
        secret(world),
        LinkScope::Unsubscribe { subscription: subscription(world, email).await, edition: None },
    );
    let result =
        subscribers::unsubscribe(&world.app.store, secret(world), &token, false, world.now())
            .await
            .unwrap()
            .unwrap();
    // On a fast disk, the next event would otherwise get the same timestamp.
    world.advance(SignedDuration::from_millis(10));
    result.undo
}

async fn undo(world: &World, token: &str) -> bool {
    subscribers::undo_unsubscribe(&world.app.store, secret(world), token, world.now())
        .await
        .unwrap()
}

/// Follows a confirmation link and returns the confirmed digests.
async fn confirm(world: &World, token: &str) -> Vec<String> {
    let confirmed =
        subscribers::confirm(&world.app.store, secret(world), token, world.now()).await.unwrap();
    confirmed.map(|(_, digests)| digests).unwrap_or_default()
}

/// Config of a second digest.
const DAILY: &str = r#"[[digests]]
name = "daily"
title = "Every morning"
schedule = "0 7 * * *"
from = "College News <news@example.edu>""#;

database_tests! {
    async fn a_new_subscriber_receives_only_a_confirmation_mail_before_confirming(world) {
        world.publish([article("a")]).await;
        request_subscription(world, "ann@example.org").await;
        assert_eq!(status(world, "ann@example.org").await, Some(SubscriptionStatus::Pending));
        world.create_edition().await;
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 1, "only the confirmation mail should be sent");
        let token = token_for(world, "ann@example.org", "confirm");
        let (_, digests) = subscribers::confirm(&world.app.store, secret(world), &token, world.now()).await.unwrap().unwrap();
        assert_eq!((digests, status(world, "ann@example.org").await), (vec!["weekly".to_owned()], Some(SubscriptionStatus::Confirmed)));
        world.publish([article("b")]).await;
        world.create_edition().await;
        world.deliver().await;
        assert!(world.mails_to("ann@example.org")[1].text.contains("Title of b"));
    }

    async fn an_edition_counts_the_recipients_who_left_with_one_of_its_links_until_they_undo_it(world) {
        world.add_readers(3).await;
        let mut editions = Vec::new();
        for name in ["a", "b"] {
            world.publish([article(name)]).await;
            editions.push(world.create_edition().await);
            world.deliver().await;
        }
        let left = async || {
            let mut counts = Vec::new();
            for edition in &editions {
                counts.push(world.app.store.editions().get(*edition).await.unwrap().unsubscribed);
            }
            counts
        };
        let leave = async |mail: usize, email: &str| {
            let text = world.mails_to(email).swap_remove(mail).text;
            let (_, rest) = text.split_once("/unsubscribe/").unwrap();
            let token = rest.split_whitespace().next().unwrap();
            world.advance(MINUTE);
            subscribers::unsubscribe(&world.app.store, secret(world), token, false, world.now()).await.unwrap().unwrap().undo
        };
        leave(0, "r0@example.org").await.unwrap();
        leave(1, "r1@example.org").await.unwrap();
        let undo_token = leave(1, "r2@example.org").await.unwrap();
        assert_eq!(left().await, [1, 2]);
        assert_eq!(leave(0, "r1@example.org").await, None);
        assert_eq!(left().await, [1, 2], "a subscription ends once");
        assert!(undo(world, &undo_token).await);
        assert_eq!(left().await, [1, 1]);
    }

    async fn viewing_a_confirmation_page_changes_nothing(world) {
        request_subscription(world, "ann@example.org").await;
        world.deliver().await;
        let token = token_for(world, "ann@example.org", "confirm");
        for _ in 0..3 {
            assert!(subscribers::resolve_confirmation_link(&world.app.store, secret(world), &token, world.now()).await.unwrap().is_some());
        }
        assert_eq!(status(world, "ann@example.org").await, Some(SubscriptionStatus::Pending));
    }

    async fn a_link_is_valid_only_for_its_scope(world) {
        world.publish([article("a")]).await;
        request_subscription(world, "new@example.org").await;
        world.add_readers(1).await;
        world.create_edition().await;
        world.deliver().await;
        let confirm_token = token_for(world, "new@example.org", "confirm");
        let unsubscribe_token = token_for(world, "r0@example.org", "unsubscribe");
        let (store, now) = (&world.app.store, world.now());
        assert!(subscribers::unsubscribe(store, secret(world), &confirm_token, true, now).await.unwrap().is_none());
        assert!(subscribers::confirm(store, secret(world), &unsubscribe_token, now).await.unwrap().is_none());
        assert!(!subscribers::undo_unsubscribe(store, secret(world), &unsubscribe_token, now).await.unwrap());
        assert!(subscribers::unsubscribe(store, b"another store's secret", &unsubscribe_token, true, now).await.unwrap().is_none());
        assert_eq!(status(world, "new@example.org").await, Some(SubscriptionStatus::Pending));
        assert_eq!(status(world, "r0@example.org").await, Some(SubscriptionStatus::Confirmed));
        assert!(subscribers::unsubscribe(store, secret(world), &unsubscribe_token, false, now).await.unwrap().is_some());
        assert_eq!(status(world, "r0@example.org").await, Some(SubscriptionStatus::Unsubscribed));
    }

    async fn a_confirmation_link_expires(world) {
        request_subscription(world, "ann@example.org").await;
        world.deliver().await;
        let token = token_for(world, "ann@example.org", "confirm");
        world.advance(31 * DAY);
        assert!(subscribers::confirm(&world.app.store, secret(world), &token, world.now()).await.unwrap().is_none());
        assert_eq!(status(world, "ann@example.org").await, Some(SubscriptionStatus::Pending));
    }

    async fn an_unsubscription_can_be_undone_for_an_hour(world) {
        world.add_readers(2).await;
        let undos = [unsubscribe(world, "r0@example.org").await.unwrap(), unsubscribe(world, "r1@example.org").await.unwrap()];
        assert!(undo(world, &undos[0]).await);
        world.advance(HOUR + MINUTE);
        assert!(!undo(world, &undos[1]).await);
        assert_eq!(status(world, "r0@example.org").await, Some(SubscriptionStatus::Confirmed));
        assert_eq!(status(world, "r1@example.org").await, Some(SubscriptionStatus::Unsubscribed));
    }

    async fn an_unsubscription_cannot_be_undone_after_a_suppression_or_a_removal_by_an_admin(world) {
        world.add_readers(3).await;
        let address = |n: usize| EmailAddress::parse(&format!("r{n}@example.org")).unwrap();
        let mut undos = Vec::new();
        for n in 0..3 {
            undos.push(unsubscribe(world, &format!("r{n}@example.org")).await.unwrap());
        }
        subscribers::suppress(&world.app.store, secret(world), &address(0).into(), &courant::domain::actor::Actor::Cli, world.now()).await.unwrap();
        subscribers::unsubscribe_by_admin(&world.app.store, &address(1), None, "left the college", &courant::domain::actor::Actor::Cli, world.now()).await.unwrap().unwrap();
        assert!(!undo(world, &undos[0]).await, "the address was suppressed in between");
        assert!(!undo(world, &undos[1]).await, "an admin removed the reader in between");
        assert!(undo(world, &undos[2]).await, "nothing prevents the third");
        for (n, expected) in [SubscriptionStatus::Unsubscribed, SubscriptionStatus::Unsubscribed, SubscriptionStatus::Confirmed].into_iter().enumerate() {
            assert_eq!(status(world, &format!("r{n}@example.org")).await, Some(expected), "r{n}");
        }
    }

    async fn an_unsubscribed_reader_returns_only_by_confirming_a_request_on_the_page(world) {
        world.add_readers(1).await;
        unsubscribe(world, "r0@example.org").await;
        world.add_readers(1).await;
        assert_eq!(status(world, "r0@example.org").await, Some(SubscriptionStatus::Unsubscribed), "an admin with consent should not resubscribe them");
        let report = import_file(world, b"email\nr0@example.org\n", |_| ()).await;
        assert_eq!((report.counts.previously_unsubscribed, report.counts.confirmed), (1, 0), "an import should not resubscribe them");
        let digests = [world.digest("weekly")];
        let request = subscribers::validate(&person("r0@example.org"), &digests, "x", secret(world)).unwrap();
        subscribers::apply_requests(&world.app.store, vec![request], &digests, RequestOrigin::Admin, &courant::domain::actor::Actor::Cli, world.now()).await.unwrap();
        assert_eq!(status(world, "r0@example.org").await, Some(SubscriptionStatus::Unsubscribed), "an admin should not even cause a confirmation mail");
        request_subscription(world, "r0@example.org").await;
        let report = import_file(world, b"email\nr0@example.org\n", |_| ()).await;
        assert_eq!((report.counts.previously_unsubscribed, report.counts.confirmed), (1, 0), "an import should not confirm a pending request");
        assert_eq!(status(world, "r0@example.org").await, Some(SubscriptionStatus::Unsubscribed), "a request should not resubscribe anybody");
        world.deliver().await;
        assert_eq!(confirm(world, &token_for(world, "r0@example.org", "confirm")).await, ["weekly"]);
        assert_eq!(status(world, "r0@example.org").await, Some(SubscriptionStatus::Confirmed));
    }

    async fn unsubscribing_without_a_confirmed_subscription_cannot_be_undone(world) {
        request_subscription(world, "ann@example.org").await;
        assert_eq!(unsubscribe(world, "ann@example.org").await, None, "the subscription was never confirmed");
        world.add_readers(1).await;
        let undo_token = unsubscribe(world, "r0@example.org").await.unwrap();
        assert_eq!(unsubscribe(world, "r0@example.org").await, None, "they had already unsubscribed");
        world.advance(MINUTE);
        request_subscription(world, "r0@example.org").await;
        assert_eq!(unsubscribe(world, "r0@example.org").await, None, "a request in between should not make the undo possible");
        assert!(!undo(world, &undo_token).await, "a subscription was requested in between");
        assert_eq!(status(world, "r0@example.org").await, Some(SubscriptionStatus::Unsubscribed));
    }

    async fn a_confirmation_link_from_before_unsubscribing_confirms_nothing(world) {
        request_subscription(world, "ann@example.org").await;
        world.deliver().await;
        let old = token_for(world, "ann@example.org", "confirm");
        world.advance(SignedDuration::from_millis(10));
        assert_eq!(confirm(world, &old).await, ["weekly"]);
        assert_eq!(confirm(world, &old).await, ["weekly"], "confirming twice should return the same digests");
        unsubscribe(world, "ann@example.org").await;
        assert_eq!(confirm(world, &old).await, [""; 0], "an old link should confirm nothing after unsubscribing");
        request_subscription(world, "ann@example.org").await;
        assert_eq!(confirm(world, &old).await, [""; 0], "an old link should confirm nothing while a new request is pending");
        assert_eq!(status(world, "ann@example.org").await, Some(SubscriptionStatus::Unsubscribed));
        world.deliver().await;
        assert_eq!(confirm(world, &token_for(world, "ann@example.org", "confirm")).await, ["weekly"]);
    }

    async fn each_digest_sends_its_own_confirmation_mail_however_soon_after_another(world) {
        world.configure(|s| s.more = DAILY.into()).await;
        request_digest(world, "daily", "ann@example.org").await;
        world.advance(5 * MINUTE);
        request_digest(world, "weekly", "ann@example.org").await;
        request_digest(world, "daily", "ann@example.org").await;
        world.deliver().await;
        assert_eq!(world.mails_to("ann@example.org").len(), 2, "each digest should have its own mail");
        world.advance(11 * MINUTE);
        request_digest(world, "daily", "ann@example.org").await;
        world.deliver().await;
        assert_eq!(world.mails_to("ann@example.org").len(), 3, "a request without a mail should not extend the waiting time");
    }

    async fn a_reader_who_just_unsubscribed_gets_one_confirmation_mail_at_once(world) {
        request_subscription(world, "ann@example.org").await;
        world.deliver().await;
        confirm(world, &token_for(world, "ann@example.org", "confirm")).await;
        unsubscribe(world, "ann@example.org").await;
        for _ in 0..3 {
            request_subscription(world, "ann@example.org").await;
        }
        world.deliver().await;
        assert_eq!(world.mails_to("ann@example.org").len(), 2);
        assert_eq!(confirm(world, &token_for(world, "ann@example.org", "confirm")).await, ["weekly"]);
    }

    async fn repeated_requests_send_one_confirmation_mail(world) {
        for _ in 0..5 {
            request_subscription(world, "ann@example.org").await;
        }
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 1);
        world.advance(20 * MINUTE);
        request_subscription(world, "ann@example.org").await;
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 2, "a later request should send another mail, because mails get lost");
    }

    async fn a_mailbox_receives_at_most_five_confirmations_a_day_in_all_spellings_together(world) {
        let spellings = ["lin.yue@gmail.com", "linyue@gmail.com", "l.i.nyue+a@gmail.com", "LINYUE@googlemail.com"];
        for _ in 0..8 {
            for spelling in spellings {
                request_subscription(world, spelling).await;
            }
            world.advance(20 * MINUTE);
        }
        request_subscription(world, "another@gmail.com").await;
        world.deliver().await;
        let counts = world.mail_counts();
        assert_eq!(counts.values().sum::<usize>(), 6, "{counts:?}");
        assert_eq!(counts["another@gmail.com"], 1);
        world.advance(DAY);
        request_subscription(world, "linyue@gmail.com").await;
        world.deliver().await;
        assert_eq!(world.mail_counts().values().sum::<usize>(), 7, "the next day");
    }

    async fn confirmations_of_the_last_hour_are_counted_over_all_networks(world) {
        let store = &world.app.store;
        for n in 0..7 {
            request_subscription(world, &format!("reader{n}@example.org")).await;
        }
        assert_eq!(store.subscriptions().confirmations_of_last_hour(world.now()).await.unwrap(), 7);
        assert_eq!(store.subscriptions().confirmations_of_last_hour(world.now().plus(-HOUR)).await.unwrap(), 0, "a clock that was ahead");
        world.advance(HOUR);
        assert_eq!(store.subscriptions().confirmations_of_last_hour(world.now()).await.unwrap(), 0);
    }

    async fn sign_ups_that_nobody_confirms_are_forgotten_after_a_month(world) {
        world.configure(|s| s.more = DAILY.into()).await;
        let store = &world.app.store;
        world.subscribe("weekly", [person("ann@example.org")]).await;
        request_digest(world, "daily", "ann@example.org").await;
        request_subscription(world, "never@example.org").await;
        world.deliver().await;
        world.advance(30 * DAY);
        request_subscription(world, "new@example.org").await;
        assert_eq!(subscribers::delete_pending(store, world.now()).await.unwrap(), 0);
        world.advance(DAY);
        assert_eq!(subscribers::delete_pending(store, world.now()).await.unwrap(), 2);
        assert!(store.subscribers().find_by_address("never@example.org").await.unwrap().is_none());
        assert_eq!(world.sql("UPDATE deliveries SET attempts = attempts WHERE address = 'never@example.org'").await, 0);
        assert_eq!(status(world, "ann@example.org").await, Some(SubscriptionStatus::Confirmed));
        assert_eq!(status(world, "new@example.org").await, Some(SubscriptionStatus::Pending));
        assert_eq!(subscribers::delete_pending(store, world.now()).await.unwrap(), 0);
    }

    async fn a_request_on_the_page_does_not_change_an_existing_subscriber(world) {
        world.subscribe("weekly", [NewSubscriber { name: Some("Ann".into()), language: Some("zh".into()), ..person("ann@example.org") }]).await;
        let stranger = NewSubscriber { name: Some("Mallory".into()), language: Some("fr".into()), ..person("Ann@Example.org") };
        let digests = [world.digest("weekly")];
        subscribers::subscribe(&world.app.store, secret(world), &stranger, &digests, world.now()).await.unwrap().unwrap();
        let ann = world.app.store.subscribers().find_by_address("ann@example.org").await.unwrap().unwrap();
        assert_eq!((ann.name.as_deref(), ann.language.as_deref()), (Some("Ann"), Some("zh")));
        assert_eq!(status(world, "ann@example.org").await, Some(SubscriptionStatus::Confirmed));
        world.deliver().await;
        assert!(world.relay.mails().is_empty());
    }
}
