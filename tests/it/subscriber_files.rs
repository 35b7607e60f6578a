//! Import and export of subscribers as CSV files.

use std::collections::HashMap;

use courant::domain::actor::Actor;
use courant::domain::file_import::ImportEvent;
use courant::domain::filter::Condition;
use courant::domain::page::PageRequest;
use courant::domain::subscription::SubscriptionStatus;
use courant::subscribers::export::export_subscribers;
use courant::subscribers::import::{ImportOptions, ImportReport, ImportSettings, import};

use crate::subscriptions::status;
use crate::support::{Shell, World, database_tests};

/// Imports a file for the weekly digest with confirmed subscriptions; `change` adjusts the options.
pub(crate) async fn import_file(
    world: &World,
    file: &[u8],
    change: impl FnOnce(&mut ImportSettings),
) -> ImportReport {
    let path = world.home.path().join("people.csv");
    std::fs::write(&path, file).unwrap();
    let mut options = ImportOptions::new(Actor::Cli);
    options.settings.confirmed = true;
    change(&mut options.settings);
    import(
        &world.app.store,
        &world.app.store_identity.secret,
        &path,
        world.digest("weekly"),
        &options,
        world.now(),
        |_| (),
    )
    .await
    .unwrap()
}

/// A file with a valid line before and after invalid lines.
const MIXED: &[u8] = b"\xEF\xBB\xBFemail,name\nann@example.org,Ann\nnot an address,Bob\nann@EXAMPLE.org,Again\ncarl@example.org,Carl,x\n\"d\xff@example.org\",Dora\neve@example.org,Eve\n";

database_tests! {
    async fn a_file_with_invalid_lines_is_rejected_as_a_whole(world) {
        let report = import_file(world, MIXED, |_| ()).await;
        let lines: Vec<u64> = report.rejected.first.iter().map(|(line, _)| *line).collect();
        assert_eq!((lines, report.imported, report.valid), (vec![3, 4, 5, 6], false, 2), "{:?}", report.rejected);
        let reason = |i: usize| report.rejected.first[i].1.clone();
        assert!(reason(1).contains("same address as in line 2"), "{}", reason(1));
        assert!(reason(2).contains("fields") && reason(3).contains("UTF-8"), "{:?}", report.rejected);
        assert!(world.app.store.subscribers().list(&PageRequest::first(10)).await.unwrap().items.is_empty());
    }

    async fn skip_bad_imports_the_valid_lines(world) {
        let report = import_file(world, MIXED, |m| m.skip_bad = true).await;
        assert_eq!((report.imported, report.counts.confirmed, report.rejected.count), (true, 2, 4));
        let names: Vec<_> = world.app.store.subscribers().list(&PageRequest::first(10)).await.unwrap().items.into_iter().map(|p| p.name.unwrap()).collect();
        assert_eq!(names, ["Eve", "Ann"]);
    }

    async fn a_long_file_is_imported_in_batches_with_progress_reports(world) {
        let path = world.home.path().join("many.csv");
        let lines: String = (0..450).map(|i| format!("m{i}@example.org\n")).collect();
        std::fs::write(&path, format!("email\nno address\n{lines}m7@example.org\n")).unwrap();
        let mut options = ImportOptions::new(Actor::Cli);
        (options.settings.confirmed, options.settings.skip_bad) = (true, true);
        let mut progress = Vec::new();
        let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
        let report = import(store, secret, &path, world.digest("weekly"), &options, world.now(), |event| if let ImportEvent::Stored { done, total } = event { progress.push((done, total)) });
        let report = report.await.unwrap();
        assert_eq!((report.counts.confirmed, report.rejected.count), (450, 2));
        assert!(progress.len() > 1 && progress.is_sorted() && progress.last() == Some(&(450, 450)), "{progress:?}");
        assert_eq!(world.app.store.subscribers().list(&PageRequest::first(999)).await.unwrap().items.len(), 450);
    }

    async fn a_dry_run_changes_nothing(world) {
        let report = import_file(world, b"email\nann@example.org\n", |m| m.dry_run = true).await;
        assert_eq!((report.valid, report.imported), (1, false));
        assert!(world.app.store.subscribers().list(&PageRequest::first(10)).await.unwrap().items.is_empty());
    }

    async fn an_import_without_consent_sends_confirmation_mails(world) {
        let report = import_file(world, b"E-Mail;x,Wer\nann@example.org,Ann\nbob@example.org,Bob\n", |m| {
            m.confirmed = false;
            m.columns = [("email", "E-Mail;x"), ("name", "Wer")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        }).await;
        assert_eq!((report.counts.pending, report.counts.confirmed), (2, 0));
        world.deliver().await;
        assert!(world.mails_to("bob@example.org")[0].text.contains("/confirm/"));
        assert_eq!(status(world, "bob@example.org").await, Some(SubscriptionStatus::Pending));
    }

    async fn an_import_leaves_existing_subscribers_unchanged(world) {
        world.add_readers(2).await;
        let report = import_file(world, b"email,name\nr0@example.org,Rose\nnew@example.org,New\n", |_| ()).await;
        assert_eq!((report.counts.already_subscribed, report.counts.confirmed), (1, 1));
        let mut out = Vec::new();
        export_subscribers(&world.app.store, &Condition::All(Vec::new()), Some("weekly"), &Actor::Cli, world.now(), &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 1 + 3, "{text}");
    }

    async fn exported_names_are_no_formulas_and_are_imported_unchanged(world) {
        let names = ["=1+1", "+49 Ida", "-", "@home", "'=quoted", "'plain"];
        let lines: String = names.iter().zip(1..).map(|(name, n)| format!("f{n}@example.org,'{name}\n").replace("''plain", "'plain")).collect();
        import_file(world, format!("email,name\n{lines}").as_bytes(), |_| ()).await;
        let mut out = Vec::new();
        export_subscribers(&world.app.store, &Condition::All(Vec::new()), Some("weekly"), &Actor::Cli, world.now(), &mut out).await.unwrap();
        let text = String::from_utf8(out.clone()).unwrap();
        assert!(!text.lines().flat_map(|line| line.split(',')).any(|cell| cell.starts_with(['=', '+', '-', '@'])), "{text}");
        for (name, n) in names.iter().zip(1..) {
            let reader = world.app.store.subscribers().find_by_address(&format!("f{n}@example.org")).await.unwrap().unwrap();
            assert_eq!(reader.name.as_deref(), Some(*name));
        }
        let report = import_file(world, &out, |m| m.dry_run = true).await;
        assert_eq!((report.valid, report.rejected.count), (names.len(), 0));
    }

    async fn characters_that_no_database_can_store_are_removed(world) {
        let report = import_file(world, b"email,name,sections\nann@example.org,\"A\0nn\",\"Cam\0pus;\0\"\n", |m| m.consent = "by\0 phone".into()).await;
        assert_eq!(report.counts.confirmed, 1, "{report:?}");
        let ann = world.app.store.subscribers().find_by_address("ann@example.org").await.unwrap().unwrap();
        let link = world.app.store.subscriptions().list_of(&[ann.id]).await.unwrap().remove(0);
        assert_eq!((ann.name.as_deref(), link.sections, link.consent.as_str()), (Some("Ann"), vec!["Campus".to_owned()], "by phone"));
    }

    async fn an_imported_export_repeats_the_state_of_each_subscription_to_the_digest(world) {
        let file = b"email,name,language,timezone,sections,digest,status,since,consent\n\
            ann@example.org,Ann,,,,monthly,confirmed,2026-01-01T00:00:00Z,form\n\
            ann@example.org,Ann,,,Campus,weekly,confirmed,2026-01-01T00:00:00Z,form of 2025\n\
            bob@example.org,Bob,,,,weekly,unsubscribed,2026-01-01T00:00:00Z,form\n\
            cai@example.org,Cai,,,,weekly,pending,2026-01-01T00:00:00Z,requested\n\
            dan@example.org,Dan,,,,,,,\n";
        let report = import_file(world, file, |m| m.consent = "list of the former server".into()).await;
        assert_eq!((report.counts.confirmed, report.counts.pending, report.counts.previously_unsubscribed, report.counts.other_digests), (1, 1, 1, 2), "{report:?}");
        assert_eq!((report.valid, report.rejected.count), (3, 0));
        for (email, expected) in [
            ("ann@example.org", Some(SubscriptionStatus::Confirmed)),
            ("bob@example.org", Some(SubscriptionStatus::Unsubscribed)),
            ("cai@example.org", Some(SubscriptionStatus::Pending)),
            ("dan@example.org", None),
        ] {
            assert_eq!(status(world, email).await, expected, "{email}");
        }
        let ann = world.app.store.subscribers().find_by_address("ann@example.org").await.unwrap().unwrap();
        let subscription = world.app.store.subscriptions().list_of(&[ann.id]).await.unwrap().remove(0);
        assert_eq!((subscription.sections, subscription.consent.as_str()), (vec!["Campus".to_owned()], "list of the former server; form of 2025"));
        let report = import_file(world, String::from_utf8_lossy(file).replace("pending", "waiting").as_bytes(), |m| m.dry_run = true).await;
        assert_eq!(report.rejected.first, [(5, "\"waiting\" is not a valid status; use one of: pending, confirmed, paused, unsubscribed".to_owned())]);
    }

    async fn a_suppression_is_exported_and_imported_with_its_subscriptions_and_never_revived(world) {
        use courant::domain::page::PageRequest;
        use courant::store::suppressions::address_hash;

        let file = b"email,name,language,timezone,sections,digest,status,since,consent,suppressed\n\
            ann@example.org,Ann,,,,weekly,confirmed,2026-01-01T00:00:00Z,form,\n\
            bob@example.org,Bob,,,,weekly,confirmed,2026-01-01T00:00:00Z,form,bounce\n\
            cai@example.org,Cai,,,,weekly,pending,2026-01-01T00:00:00Z,requested,complaint\n\
            dan@example.org,Dan,,,,monthly,confirmed,2026-01-01T00:00:00Z,form,admin\n\
            eve@example.org,Eve,,,,,,,,admin\n";
        for added in [4, 0] {
            let report = import_file(world, file, |_| ()).await;
            let counts = (report.counts.confirmed, report.counts.pending, report.counts.suppressed, report.counts.suppressions_added);
            assert_eq!(counts, (u64::from(added > 0), 0, 2, added), "{report:?}");
        }
        let list = async || {
            let page = world.app.store.suppressions().list(&PageRequest::first(9)).await.unwrap();
            page.items.into_iter().map(|s| (s.hash, s.reason)).collect::<HashMap<_, _>>()
        };
        let hash = |name: &str| address_hash(&world.app.store_identity.secret, &format!("{name}@example.org"));
        let expected = [("bob", "bounce"), ("cai", "complaint"), ("dan", "admin"), ("eve", "admin")];
        let expected: HashMap<_, _> = expected.iter().map(|(name, reason)| (hash(name), (*reason).to_owned())).collect();
        assert_eq!(list().await, expected);
        world.publish([crate::support::article("a")]).await;
        world.create_edition().await;
        world.deliver().await;
        assert_eq!(world.mail_counts(), [("ann@example.org".to_owned(), 1)].into());
        let mut out = Vec::new();
        export_subscribers(&world.app.store, &Condition::All(Vec::new()), Some("weekly"), &Actor::Cli, world.now(), &mut out).await.unwrap();
        let text = String::from_utf8(out.clone()).unwrap();
        assert!(text.contains("bob@example.org") && text.lines().any(|line| line.ends_with(",complaint")), "{text}");
        world.sql("DELETE FROM suppressions").await;
        assert_eq!(import_file(world, &out, |_| ()).await.counts.suppressions_added, 2);
        let plain = import_file(world, b"email\nbob@example.org\n", |_| ()).await;
        assert_eq!((plain.counts.confirmed, plain.counts.suppressed), (0, 1), "a file without the column revives nobody");
        let denied = import_file(world, b"email,suppressed\nbob@example.org,no\nfay@example.org,no\n", |_| ()).await;
        assert_eq!((denied.counts.confirmed, denied.counts.suppressed, denied.counts.suppressions_added), (1, 1, 0));
        let wrong = import_file(world, b"email,suppressed\nbob@example.org,perhaps\n", |_| ()).await;
        assert!(wrong.rejected.first[0].1.contains("use one of: admin, bounce, complaint"), "{wrong:?}");
        let mut out = Vec::new();
        let store = &world.app.store;
        assert!(store.suppressions().add(&hash("nobody"), "admin", &Actor::Cli, world.now()).await.unwrap());
        courant::subscribers::suppression_export::export_suppressions(store, &Actor::Cli, world.now(), &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 1 + 3, "{text}");
        for line in ["bob@example.org,bounce,", "cai@example.org,complaint,", ",admin,"] {
            assert!(text.lines().any(|l| l.starts_with(line)), "{text}");
        }
    }

    async fn columns_are_recognized_without_a_mapping(world) {
        let file = "E-mail address,Full Name,Preferred_Language\nann@example.org,Ann Lee,en\n";
        import_file(world, file.as_bytes(), |_| ()).await;
        let file = "姓名,电子邮件,语言\n李雷,lei@example.org,zh\n";
        import_file(world, file.as_bytes(), |_| ()).await;
        for (email, name, language) in [("ann@example.org", "Ann Lee", "en"), ("lei@example.org", "李雷", "zh")] {
            let person = world.app.store.subscribers().find_by_address(email).await.unwrap().unwrap();
            assert_eq!((person.name.as_deref(), person.language.as_deref()), (Some(name), Some(language)));
        }
    }
}

#[test]
fn the_guessed_encoding_of_a_file_is_shown_once() {
    let shell = Shell::new();
    // The title and the name are in GB18030.
    shell.write("people.csv", b"email,name\nmei@example.org,\xc0\xee\xc3\xb7\n");
    let import = ["subscribers", "import", "people.csv", "--digest", "weekly", "--dry-run"];
    let notes = shell.courant(&import).err;
    assert!(notes.contains("; --encoding, --delimiter and --preset correct this"), "{notes}");
    assert!(!notes.contains("was guessed"), "{notes}");
    // This command does not show the encoding otherwise.
    shell.write("articles.csv", b"id,title\n1,\xc0\xee\xc3\xb7\n");
    let log = shell.courant(&["articles", "import", "articles.csv"]).err;
    assert_eq!(log.matches("was guessed").count(), 1, "{log}");
}
