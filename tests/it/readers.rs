//! Readers come, confirm, leave and come back (promises 6 and 7); and come by file.

use std::collections::HashMap;

use courant::domain::subscription::{Asker, Status};
use courant::domain::time::{DAY, HOUR, MINUTE};
use courant::domain::token::{Power, sign};
use courant::subscribers::import::{Manner, Report, import};
use courant::subscribers::{self, Person};

use crate::support::{World, article, stories};

fn person(email: &str) -> Person {
    Person { email: email.into(), ..Person::default() }
}

fn secret(world: &World) -> &[u8] {
    &world.app.instance.secret
}

/// Asks on the page.
async fn ask(world: &World, email: &str) {
    let digests = [world.digest("weekly")];
    subscribers::subscribe(&world.app.store, secret(world), &person(email), &digests, world.now()).await.unwrap().unwrap();
}

async fn status(world: &World, email: &str) -> Option<Status> {
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
    let (_, behind) = text.split_once(&format!("/{kind}/")).unwrap_or_else(|| panic!("no {kind} link in {text}"));
    behind.split_whitespace().next().unwrap().to_owned()
}

async fn leave(world: &World, email: &str) {
    let token = sign(secret(world), Power::Unsubscribe { subscription: subscription(world, email).await });
    subscribers::leave(&world.app.store, secret(world), &token, false, world.now()).await.unwrap().unwrap();
}

async fn bring(world: &World, file: &[u8], change: impl FnOnce(&mut Manner)) -> Report {
    let path = world.home.path().join("people.csv");
    std::fs::write(&path, file).unwrap();
    let mut manner = Manner { confirmed: true, map: HashMap::new(), dry_run: false, skip_bad: false, consent: String::new() };
    change(&mut manner);
    import(&world.app.store, secret(world), &path, world.digest("weekly"), &manner, world.now(), |_| ()).await.unwrap()
}

/// One usable line before and one behind lines that are not.
const MIXED: &[u8] = b"\xEF\xBB\xBFemail,name\nann@example.org,Ann\nnot an address,Bob\nann@EXAMPLE.org,Again\ncarl@example.org\n\"d\xff@example.org\",Dora\neve@example.org,Eve\n";

stories! {
    async fn who_asks_on_the_page_is_asked_back_and_gets_nothing_before_they_confirm(world) {
        world.publish([article("a")]).await;
        ask(world, "ann@example.org").await;
        assert_eq!(status(world, "ann@example.org").await, Some(Status::Pending));
        world.edition().await;
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 1, "the confirmation alone");
        let token = token_for(world, "ann@example.org", "confirm");
        let (_, digests) = subscribers::confirm(&world.app.store, secret(world), &token, world.now()).await.unwrap().unwrap();
        assert_eq!((digests, status(world, "ann@example.org").await), (vec!["weekly".to_owned()], Some(Status::Confirmed)));
        world.publish([article("b")]).await;
        world.edition().await;
        world.deliver().await;
        assert!(world.mails_to("ann@example.org")[1].text.contains("Title of b"));
    }

    async fn looking_at_a_confirmation_changes_nothing(world) {
        ask(world, "ann@example.org").await;
        world.deliver().await;
        let token = token_for(world, "ann@example.org", "confirm");
        for _ in 0..3 {
            assert!(subscribers::asked(&world.app.store, secret(world), &token, world.now()).await.unwrap().is_some());
        }
        assert_eq!(status(world, "ann@example.org").await, Some(Status::Pending));
    }

    async fn a_link_does_only_what_it_was_made_for(world) {
        world.publish([article("a")]).await;
        ask(world, "new@example.org").await;
        world.readers(1).await;
        world.edition().await;
        world.deliver().await;
        let confirms = token_for(world, "new@example.org", "confirm");
        let leaves = token_for(world, "r0@example.org", "unsubscribe");
        let (store, now) = (&world.app.store, world.now());
        assert!(subscribers::leave(store, secret(world), &confirms, true, now).await.unwrap().is_none());
        assert!(subscribers::confirm(store, secret(world), &leaves, now).await.unwrap().is_none());
        assert!(!subscribers::undo(store, secret(world), &leaves, now).await.unwrap());
        assert!(subscribers::leave(store, b"another store's secret", &leaves, true, now).await.unwrap().is_none());
        assert_eq!(status(world, "new@example.org").await, Some(Status::Pending));
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Confirmed));
        assert!(subscribers::leave(store, secret(world), &leaves, false, now).await.unwrap().is_some());
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Left));
    }

    async fn a_confirmation_link_ends_when_the_mail_says_so(world) {
        ask(world, "ann@example.org").await;
        world.deliver().await;
        let token = token_for(world, "ann@example.org", "confirm");
        world.leap(31 * DAY);
        assert!(subscribers::confirm(&world.app.store, secret(world), &token, world.now()).await.unwrap().is_none());
        assert_eq!(status(world, "ann@example.org").await, Some(Status::Pending));
    }

    async fn a_leaving_can_be_taken_back_for_an_hour(world) {
        world.readers(2).await;
        let mut undos = Vec::new();
        for email in ["r0@example.org", "r1@example.org"] {
            let token = sign(secret(world), Power::Unsubscribe { subscription: subscription(world, email).await });
            undos.push(subscribers::leave(&world.app.store, secret(world), &token, false, world.now()).await.unwrap().unwrap());
        }
        assert!(subscribers::undo(&world.app.store, secret(world), &undos[0], world.now()).await.unwrap());
        world.leap(HOUR + MINUTE);
        assert!(!subscribers::undo(&world.app.store, secret(world), &undos[1], world.now()).await.unwrap());
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Confirmed));
        assert_eq!(status(world, "r1@example.org").await, Some(Status::Left));
    }

    async fn who_left_comes_back_only_by_the_page_and_their_own_confirmation(world) {
        world.readers(1).await;
        leave(world, "r0@example.org").await;
        world.readers(1).await;
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Left), "not by an admin with consent");
        let report = bring(world, b"email\nr0@example.org\n", |_| ()).await;
        assert_eq!((report.left, report.confirmed), (1, 0), "not by an import");
        let digests = [world.digest("weekly")];
        let request = subscribers::request(&person("r0@example.org"), &digests, "x", secret(world)).unwrap();
        subscribers::carry_out(&world.app.store, vec![request], &digests, Asker::Admin, world.now()).await.unwrap();
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Left), "nor is an admin's word enough to ask them");
        ask(world, "r0@example.org").await;
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Pending));
        world.deliver().await;
        let token = token_for(world, "r0@example.org", "confirm");
        subscribers::confirm(&world.app.store, secret(world), &token, world.now()).await.unwrap().unwrap();
        assert_eq!(status(world, "r0@example.org").await, Some(Status::Confirmed));
    }

    async fn who_asks_again_and_again_gets_one_confirmation_mail(world) {
        for _ in 0..5 {
            ask(world, "ann@example.org").await;
        }
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 1);
        world.leap(20 * MINUTE);
        ask(world, "ann@example.org").await;
        world.deliver().await;
        assert_eq!(world.relay.mails().len(), 2, "a mail may get lost");
    }

    async fn a_stranger_on_the_page_changes_nothing_about_a_person_we_know(world) {
        world.subscribe("weekly", [Person { name: Some("Ann".into()), language: Some("zh".into()), ..person("ann@example.org") }]).await;
        let stranger = Person { name: Some("Mallory".into()), language: Some("fr".into()), ..person("Ann@Example.org") };
        let digests = [world.digest("weekly")];
        subscribers::subscribe(&world.app.store, secret(world), &stranger, &digests, world.now()).await.unwrap().unwrap();
        let ann = world.app.store.find_subscriber("ann@example.org").await.unwrap().unwrap();
        assert_eq!((ann.name.as_deref(), ann.language.as_deref()), (Some("Ann"), Some("zh")));
        assert_eq!(status(world, "ann@example.org").await, Some(Status::Confirmed));
        world.deliver().await;
        assert!(world.relay.mails().is_empty());
    }

    async fn of_a_file_with_bad_lines_nothing_is_imported(world) {
        let report = bring(world, MIXED, |_| ()).await;
        let lines: Vec<u64> = report.refused.iter().map(|(line, _)| *line).collect();
        assert_eq!((lines, report.imported, report.good), (vec![3, 4, 5, 6], false, 2), "{:?}", report.refused);
        let reason = |i: usize| report.refused[i].1.clone();
        assert!(reason(1).contains("the same address as in line 2"), "{}", reason(1));
        assert!(reason(2).contains("fields") && reason(3).contains("UTF-8"), "{:?}", report.refused);
        assert!(world.app.store.subscribers_before(i64::MAX, 10).await.unwrap().is_empty());
    }

    async fn with_skip_bad_the_good_lines_are_imported(world) {
        let report = bring(world, MIXED, |m| m.skip_bad = true).await;
        assert_eq!((report.imported, report.confirmed, report.refused.len()), (true, 2, 4));
        let names: Vec<_> = world.app.store.subscribers_before(i64::MAX, 10).await.unwrap().into_iter().map(|p| p.name.unwrap()).collect();
        assert_eq!(names, ["Eve", "Ann"]);
    }

    async fn a_dry_run_changes_nothing(world) {
        let report = bring(world, b"email\nann@example.org\n", |m| m.dry_run = true).await;
        assert_eq!((report.good, report.imported), (1, false));
        assert!(world.app.store.subscribers_before(i64::MAX, 10).await.unwrap().is_empty());
    }

    async fn an_import_without_consent_asks_everybody_by_mail(world) {
        let report = bring(world, b"E-Mail;x,Wer\nann@example.org,Ann\nbob@example.org,Bob\n", |m| {
            m.confirmed = false;
            m.map = [("email", "E-Mail;x"), ("name", "Wer")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        }).await;
        assert_eq!((report.asked, report.confirmed), (2, 0));
        world.deliver().await;
        assert!(world.mails_to("bob@example.org")[0].text.contains("/confirm/"));
        assert_eq!(status(world, "bob@example.org").await, Some(Status::Pending));
    }

    async fn an_import_of_people_we_have_keeps_them_as_they_are(world) {
        world.readers(2).await;
        let report = bring(world, b"email,name\nr0@example.org,Rose\nnew@example.org,New\n", |_| ()).await;
        assert_eq!((report.kept, report.confirmed), (1, 1));
        let mut out = Vec::new();
        let lines = subscribers::export::export(&world.app.store, Some("weekly"), &mut out).await.unwrap();
        assert_eq!(lines, 3, "{}", String::from_utf8_lossy(&out));
    }
}
