//! Imports of subscribers: exports of other services, numbers of a dry run, and interruptions.

use std::path::PathBuf;

use courant::domain::actor::Actor;
use courant::domain::file_import::ImportEvent;
use courant::domain::import_changes::ExistingPeople;
use courant::domain::page::PageRequest;
use courant::domain::subscriber_import::ImportCounts;
use courant::domain::subscription::SubscriptionStatus;
use courant::store::subscribers::{Subscriber, Subscription};
use courant::subscribers::import::{ImportOptions, ImportReport, Preset, import};
use courant::subscribers::{NewSubscriber, suppress, unsubscribe_by_admin};

use crate::subscriber_files::import_file;
use crate::support::{World, database_tests, wait_until_async};

/// Returns a person with the subscription to the weekly digest.
async fn person(world: &World, email: &str) -> Option<(Subscriber, Subscription)> {
    let store = &world.app.store;
    let person = store.subscribers().find_by_address(email).await.unwrap()?;
    let subscription = store.subscriptions().list_of(&[person.id]).await.unwrap().remove(0);
    Some((person, subscription))
}

/// Imports an export of another service without any setting but the consent.
async fn import_export(world: &World, file: &str, preset: Preset) -> ImportReport {
    let report = import_file(world, file.as_bytes(), |s| s.consent = "form of the old site".into());
    let report = report.await;
    assert_eq!(report.form.as_ref().and_then(|form| form.preset), Some(preset), "{report:?}");
    assert!(report.imported, "{report:?}");
    report
}

/// Returns the reason for which the address is suppressed.
async fn suppression(world: &World, email: &str) -> Option<String> {
    let secret = &world.app.store_identity.secret;
    let hash = courant::store::suppressions::address_hash(secret, email);
    world.app.store.suppressions().find(&hash).await.unwrap()
}

fn attribute(person: &Subscriber, name: &str) -> String {
    person.attributes.get(name).map(ToString::to_string).unwrap_or_default()
}

/// Writes a file with this number of people, and returns its path.
fn many_people(world: &World, number: usize) -> PathBuf {
    let path = world.home.path().join("many.csv");
    let lines: String = (0..number).map(|n| format!("m{n}@example.org,Name {n}\n")).collect();
    std::fs::write(&path, format!("email,name\n{lines}")).unwrap();
    path
}

/// Imports the file until the first chunk is stored, as if the process had been killed then.
async fn interrupted_import(world: &World, path: PathBuf, options: ImportOptions) {
    let (app, digest, now) = (world.app.clone(), world.digest("weekly").clone(), world.now());
    let killed = tokio::spawn(async move {
        let on_event = |event: ImportEvent<'_>| {
            assert!(!matches!(event, ImportEvent::Stored { .. }), "killed")
        };
        import(&app.store, &app.store_identity.secret, &path, &digest, &options, now, on_event)
            .await
    });
    assert!(killed.await.is_err_and(|error| error.is_panic()));
}

fn confirmed() -> ImportOptions {
    let mut options = ImportOptions::new(Actor::Cli);
    options.settings.confirmed = true;
    options
}

async fn run(world: &World, path: &std::path::Path, options: &ImportOptions) -> ImportReport {
    let (store, secret) = (&world.app.store, &world.app.store_identity.secret);
    import(store, secret, path, world.digest("weekly"), options, world.now(), |_| ()).await.unwrap()
}

database_tests! {
    async fn an_import_keeps_and_subscribes_a_person_whom_another_process_adds_meanwhile(world) {
        let other = world.begin_with("INSERT INTO subscribers (address, address_key, address_hash, created_at) VALUES ('m5@example.org', 'm5@example.org', 'of the other process', 1)").await;
        let (app, digest, now, path) = (world.app.clone(), world.digest("weekly").clone(), world.now(), many_people(world, 30));
        let options = confirmed();
        let importing = tokio::spawn(async move {
            import(&app.store, &app.store_identity.secret, &path, &digest, &options, now, |_| ()).await
        });
        wait_until_async("the import waits for the other process", async || world.has_waiting_transaction().await).await;
        other.commit().await;
        let report = importing.await.unwrap().unwrap();
        assert_eq!((report.imported, report.counts.confirmed, report.counts.new), (true, 30, 29), "{report:?}");
        let (found, subscription) = person(world, "m5@example.org").await.unwrap();
        assert_eq!((found.address_hash.as_str(), subscription.status), ("of the other process", SubscriptionStatus::Confirmed));
    }

    async fn an_export_of_listmonk_is_imported_with_attributes_and_statuses(world) {
        let file = "uuid,email,name,attributes,status,created_at,updated_at\n\
            0a,ann@example.org,Ann Lee,\"{\"\"city\"\":\"\"Köln\"\",\"\"visits\"\":12}\",enabled,2024-03-01 08:00:00 +0000 UTC,x\n\
            0b,bob@example.org,Bob,{},disabled,2024-03-02 08:00:00 +0000 UTC,x\n\
            0c,cai@example.org,Cai,{},blocklisted,2024-03-03 08:00:00 +0000 UTC,x\n";
        let report = import_export(world, file, Preset::Listmonk).await;
        assert_eq!((report.counts.confirmed, report.counts.previously_unsubscribed, report.counts.suppressed), (1, 1, 1));
        let (ann, subscription) = person(world, "ann@example.org").await.unwrap();
        assert_eq!((attribute(&ann, "city"), attribute(&ann, "visits")), ("Köln".to_owned(), "12".to_owned()));
        assert_eq!(subscription.consent, "form of the old site; listmonk: added 2024-03-01 08:00:00 +0000 UTC");
        assert_eq!(person(world, "bob@example.org").await.unwrap().1.status, SubscriptionStatus::Unsubscribed);
        assert!(person(world, "cai@example.org").await.is_none());
        assert_eq!(suppression(world, "cai@example.org").await.as_deref(), Some("admin"));
        let again = import_file(world, b"email\nbob@example.org\ncai@example.org\n", |_| ()).await;
        assert_eq!((again.counts.previously_unsubscribed, again.counts.suppressed), (1, 1), "nobody is revived: {again:?}");
    }

    async fn the_files_of_a_mailchimp_audience_are_imported(world) {
        let columns = "Email Address,First Name,Last Name,Phone Number,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS";
        let subscribed = format!("{columns}\nann@example.org,Ann,Lee,+49 221 1,4,,,2020-05-01 10:00:00,192.0.2.7,50.9,6.9,1,2,Europe/Berlin,DE,NW,2021-01-01 00:00:00,55,ab,,\"\"\"VIP\"\",\"\"Key Partner\"\"\"\n");
        let report = import_export(world, &subscribed, Preset::Mailchimp).await;
        assert_eq!((report.counts.new, report.counts.confirmed), (1, 1));
        let (ann, subscription) = person(world, "ann@example.org").await.unwrap();
        assert_eq!((ann.name.as_deref(), ann.timezone.as_deref()), (Some("Ann Lee"), Some("Europe/Berlin")));
        assert_eq!((ann.tags, subscription.consent.ends_with("Mailchimp: confirmed 2020-05-01 10:00:00, confirmed from 192.0.2.7")), (vec!["key partner".to_owned(), "vip".to_owned()], true));
        let unsubscribed = format!("{columns},UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER\nbob@example.org,Bob,,,2,,,,,,,,,,,,x,56,ac,,,2022-02-02 00:00:00,May,7,No longer interested,\neve@example.org,Eve,,,2,,,,,,,,,,,,x,57,ad,,,2022-02-02 00:00:00,May,7,Abuse complaint,\n");
        import_export(world, &unsubscribed, Preset::Mailchimp).await;
        assert_eq!(person(world, "bob@example.org").await.unwrap().1.status, SubscriptionStatus::Unsubscribed);
        assert_eq!(suppression(world, "eve@example.org").await.as_deref(), Some("complaint"));
        let cleaned = format!("{columns},CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID\ncai@example.org,Cai,,,2,,,,,,,,,,,,x,58,ae,,,2022-02-02 00:00:00,May,7\n");
        import_export(world, &cleaned, Preset::Mailchimp).await;
        assert_eq!(suppression(world, "cai@example.org").await.as_deref(), Some("bounce"));
        assert!(person(world, "cai@example.org").await.is_none());
    }

    async fn an_export_of_mailpoet_has_a_line_for_each_list_of_a_person(world) {
        let file = "\u{feff}\"Email\",\"First name\",\"Last name\",\"Subscription IP\",\"Subscription time\",\"Confirmation time\",\"Confirmation IP\",\"List status\",\"Global status\",\"Town\",\"List\"\n\
            \"ann@example.org\",\"Ann \\\"Annie\\\"\",\"Lee\",\"192.0.2.1\",\"2023-01-01 10:00:00\",\"2023-01-02 10:00:00\",\"192.0.2.2\",\"subscribed\",\"subscribed\",\"Bonn\",\"Weekly News\"\n\
            \"bob@example.org\",\"Bob\",\"\",\"\",\"\",\"\",\"\",\"unsubscribed\",\"unsubscribed\",\"\",\"Weekly News\"\n\
            \"dan@example.org\",\"Dan\",\"\",\"\",\"\",\"\",\"\",\"unconfirmed\",\"unconfirmed\",\"\",\"Weekly News\"\n\
            \"ann@example.org\",\"Ann \\\"Annie\\\"\",\"Lee\",\"\",\"\",\"\",\"\",\"subscribed\",\"subscribed\",\"Bonn\",\"Events\"\n\
            \"ann@example.org\",\"Ann \\\"Annie\\\"\",\"Lee\",\"\",\"\",\"\",\"\",\"unsubscribed\",\"subscribed\",\"Bonn\",\"Jobs\"\n\
            \"cai@example.org\",\"Cai\",\"\",\"\",\"\",\"\",\"\",\"subscribed\",\"bounced\",\"\",\"Not In Segment\"\n";
        let report = import_export(world, file, Preset::Mailpoet).await;
        assert_eq!((report.rejected.count, report.counts.confirmed, report.counts.pending), (0, 1, 1), "{report:?}");
        let (ann, subscription) = person(world, "ann@example.org").await.unwrap();
        assert_eq!((ann.name.as_deref(), ann.tags.clone(), attribute(&ann, "town")), (Some("Ann \"Annie\" Lee"), vec!["events".to_owned(), "weekly news".to_owned()], "Bonn".to_owned()));
        assert_eq!(subscription.consent, "form of the old site; MailPoet: subscribed from 192.0.2.1, subscribed 2023-01-01 10:00:00, confirmed 2023-01-02 10:00:00, confirmed from 192.0.2.2");
        assert_eq!(person(world, "bob@example.org").await.unwrap().1.status, SubscriptionStatus::Unsubscribed);
        assert_eq!(person(world, "dan@example.org").await.unwrap().1.status, SubscriptionStatus::Pending);
        assert_eq!(suppression(world, "cai@example.org").await.as_deref(), Some("bounce"));
    }

    async fn exports_of_ghost_and_substack_are_imported(world) {
        let ghost = "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\r\n\
            6a,ann@example.org,Ann,Met in May,true,false,,2024-01-01T00:00:00.000Z,,\"VIP,Press\",Gold\r\n\
            6b,bob@example.org,Bob,,false,false,,2024-01-02T00:00:00.000Z,,,\r\n";
        import_export(world, ghost, Preset::Ghost).await;
        let (ann, _) = person(world, "ann@example.org").await.unwrap();
        assert_eq!((ann.tags.clone(), attribute(&ann, "note")), (["gold", "press", "vip"].map(str::to_owned).to_vec(), "Met in May".to_owned()));
        assert_eq!(person(world, "bob@example.org").await.unwrap().1.status, SubscriptionStatus::Unsubscribed);
        let substack = "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n\
            cai@example.org,true,2027-07-01T00:00:00.000Z,yearly,false,2026-06-01T00:00:00.000Z,2026-07-15T00:00:00.000Z\n\
            dan@example.org,false,,other,true,2026-05-01T00:00:00.000Z,\n";
        import_export(world, substack, Preset::Substack).await;
        let (cai, subscription) = person(world, "cai@example.org").await.unwrap();
        assert_eq!((attribute(&cai, "plan"), subscription.consent.contains("Substack: subscribed 2026-06-01T00:00:00.000Z, first payment")), ("yearly".to_owned(), true));
        assert_eq!(person(world, "dan@example.org").await.unwrap().1.status, SubscriptionStatus::Unsubscribed);
    }

    async fn a_dry_run_counts_what_the_import_then_does(world) {
        world.add_readers(4).await;
        let address = |n: usize| courant::domain::address::EmailAddress::parse(&format!("r{n}@example.org")).unwrap();
        let store = &world.app.store;
        suppress(store, &world.app.store_identity.secret, &address(2).into(), &Actor::Cli, world.now()).await.unwrap();
        let reader = store.subscribers().find_by_address("r3@example.org").await.unwrap().unwrap();
        let link = store.subscriptions().list_of(&[reader.id]).await.unwrap().remove(0);
        store.subscriptions().unsubscribe(link.id, None, false, &Actor::Subscriber, world.now()).await.unwrap();
        import_file(world, b"email\npending@example.org\n", |s| s.confirmed = false).await;
        unsubscribe_by_admin(store, &address(0), None, "moved", &Actor::Cli, world.now()).await.unwrap();
        let file = b"email,name,tags,status,suppressed\n\
            r0@example.org,,,,\n\
            r1@example.org,New Name,vip,,\n\
            r2@example.org,,,,\n\
            r3@example.org,,,,\n\
            pending@example.org,,,,\n\
            new@example.org,New,a;b,,\n\
            left@example.org,Left,,unsubscribed,\n\
            bad@example.org,Bad,,,bounce\n";
        let dry = import_file(world, file, |s| s.dry_run = true).await;
        let expected = ImportCounts { new: 1, changed: 3, details_changed: 1, confirmed: 3, already_subscribed: 1, previously_unsubscribed: 2, suppressed: 2, suppressions_added: 1, ..ImportCounts::default() };
        assert_eq!((dry.counts, dry.imported), (expected, false));
        let done = import_file(world, file, |_| ()).await;
        assert_eq!((done.counts, done.imported), (expected, true));
        let again = import_file(world, file, |s| s.dry_run = true).await.counts;
        assert_eq!((again.unchanged, again.new, again.changed, again.suppressions_added), (4, 0, 0, 0), "{again:?}");
    }

    async fn an_interrupted_import_continues_after_the_last_stored_chunk(world) {
        let path = many_people(world, 1_500);
        interrupted_import(world, path.clone(), confirmed()).await;
        let jobs = world.app.store.imports().list(&PageRequest::first(9)).await.unwrap().items;
        assert_eq!((jobs.len(), jobs[0].state.as_str(), jobs[0].valid), (1, "storing", 1_500));
        let stored = jobs[0].counts.new;
        assert!((1..1_500).contains(&stored), "{stored}");
        let report = run(world, &path, &confirmed()).await;
        assert_eq!(report.resumed_after, Some(jobs[0].done_through));
        assert_eq!((report.counts.new, report.counts.confirmed, report.counts.unchanged), (1_500, 1_500, 0), "no line is stored twice");
        let job = world.app.store.imports().find(jobs[0].id).await.unwrap().unwrap();
        assert!(job.finished_at.is_some() && job.counts == report.counts);
        let again = run(world, &path, &confirmed()).await;
        assert_eq!((again.resumed_after, again.counts.unchanged), (None, 1_500), "a finished import begins again");
    }

    async fn other_settings_or_another_file_begin_a_new_import(world) {
        let path = many_people(world, 600);
        interrupted_import(world, path.clone(), confirmed()).await;
        let mut options = confirmed();
        options.settings.consent = "another form".into();
        assert_eq!(run(world, &path, &options).await.resumed_after, None);
        std::fs::write(&path, "email\nother@example.org\n").unwrap();
        let report = run(world, &path, &confirmed()).await;
        assert_eq!((report.resumed_after, report.counts.new), (None, 1));
    }

    async fn a_cancelled_import_stores_no_further_line(world) {
        let path = many_people(world, 600);
        interrupted_import(world, path.clone(), confirmed()).await;
        let imports = world.app.store.imports();
        let job = imports.list(&PageRequest::first(1)).await.unwrap().items.remove(0);
        let chunk = courant::store::imports::ImportChunk { digest: "weekly".into(), transport: String::new(), existing: ExistingPeople::Update, language: None, rows: Vec::new(), through: 600 };
        assert!(imports.cancel(job.id, &Actor::Cli, world.now()).await.unwrap().is_some());
        assert!(imports.apply_chunk(&job, &chunk, &Actor::Cli, world.now()).await.unwrap().is_none());
        assert!(imports.cancel(job.id, &Actor::Cli, world.now()).await.unwrap().is_none(), "it has ended");
        assert_eq!(run(world, &path, &confirmed()).await.resumed_after, None);
    }

    async fn a_paused_subscription_stays_paused_in_another_installation(world) {
        let file = b"email,digest,status,since,consent\npaul@example.org,weekly,paused,2026-01-01T00:00:00Z,form\n";
        import_file(world, file, |_| ()).await;
        assert_eq!(person(world, "paul@example.org").await.unwrap().1.status, SubscriptionStatus::Paused);
        let unknown = import_file(world, file, |s| s.confirmed = false).await;
        assert_eq!(unknown.counts.already_subscribed, 1);
    }

    async fn people_of_a_later_line_keep_what_an_earlier_subscription_has(world) {
        world.subscribe("weekly", [NewSubscriber { email: "ann@example.org".into(), name: Some("Ann".into()), ..NewSubscriber::default() }]).await;
        import_file(world, "email,name,city\nann@example.org,,Köln\n".as_bytes(), |_| ()).await;
        let (ann, subscription) = person(world, "ann@example.org").await.unwrap();
        assert_eq!((ann.name.as_deref(), attribute(&ann, "city"), subscription.status), (Some("Ann"), "Köln".to_owned(), SubscriptionStatus::Confirmed));
    }

    async fn a_check_and_an_import_say_which_stored_values_the_file_changes(world) {
        import_file(world, "email,name,language,sections,tags,city\nann@example.org,Ann,en,News,member,Bonn\nbob@example.org,Bob,,,,\n".as_bytes(), |_| ()).await;
        let file = "email,name,language,sections,tags,city\nann@example.org,Ann Lee,,Sport,vip,Köln\nbob@example.org,Bob,,,,\nnew@example.org,New,,,,\n".as_bytes();
        let check = import_file(world, file, |s| s.dry_run = true).await;
        let done = import_file(world, file, |_| ()).await;
        assert_eq!((check.counts.details_changed, done.counts.details_changed), (1, 1));
        assert_eq!(check.changed_people, done.changed_people);
        let (ann, _) = person(world, "ann@example.org").await.unwrap();
        let changes = &check.changed_people[0];
        assert_eq!((changes.id, changes.address.as_str(), changes.more), (ann.id, "ann@example.org", 0));
        let values: Vec<_> = changes.values.iter().map(|v| (v.field.as_str(), v.old.as_deref(), v.new.as_str())).collect();
        assert_eq!(values, [
            ("name", Some("Ann"), "Ann Lee"),
            ("tags", Some("member"), "member, vip"),
            ("attribute city", Some("Bonn"), "Köln"),
            ("sections", Some("News"), "Sport"),
        ]);
        let again = import_file(world, file, |s| s.dry_run = true).await;
        assert_eq!((again.counts.details_changed, again.changed_people.len()), (0, 0));
    }

    async fn an_import_shows_the_changes_of_the_first_people_and_counts_all(world) {
        let path = many_people(world, 1_500);
        run(world, &path, &confirmed()).await;
        let content = std::fs::read_to_string(&path).unwrap().replace("Name ", "Another ");
        std::fs::write(&path, content).unwrap();
        let mut options = confirmed();
        options.settings.dry_run = true;
        let check = run(world, &path, &options).await;
        assert_eq!((check.counts.details_changed, check.changed_people.len()), (1_500, 20));
        let done = run(world, &path, &confirmed()).await;
        assert_eq!((done.counts.details_changed, done.changed_people), (1_500, check.changed_people));
    }

    async fn existing_people_can_be_left_as_they_are(world) {
        import_file(world, "email,name,sections\nann@example.org,Ann,News\n".as_bytes(), |s| s.confirmed = false).await;
        import_file(world, "email,name\nbob@example.org,Bob\n".as_bytes(), |_| ()).await;
        let (bob, link) = person(world, "bob@example.org").await.unwrap();
        world.sql(&format!("DELETE FROM subscriptions WHERE id = {}", link.id)).await;
        let file = "email,name,sections,tags\nann@example.org,Other,Sport,vip\nbob@example.org,Other,,vip\nnew@example.org,New,,\n".as_bytes();
        let keep = |s: &mut courant::subscribers::import::ImportSettings| s.existing = ExistingPeople::Keep;
        let report = import_file(world, file, keep).await;
        assert_eq!((report.counts.details_changed, report.counts.new, report.counts.already_subscribed), (0, 1, 1), "{report:?}");
        let (ann, pending) = person(world, "ann@example.org").await.unwrap();
        assert_eq!((ann.name.as_deref(), ann.tags.len(), pending.status), (Some("Ann"), 0, SubscriptionStatus::Pending));
        assert_eq!(pending.sections, ["News"]);
        let (kept, begun) = person(world, "bob@example.org").await.unwrap();
        assert_eq!((kept.id, kept.name.as_deref(), kept.tags.len()), (bob.id, Some("Bob"), 0));
        assert_eq!(begun.status, SubscriptionStatus::Confirmed, "a person without a subscription gets one");
    }

    async fn an_empty_value_of_the_file_empties_nothing(world) {
        let file = "email,name,language,timezone,sections,tags,city\n";
        let full = format!("{file}ann@example.org,Ann,zh-CN,Asia/Shanghai,News,member,Bonn\n");
        import_file(world, full.as_bytes(), |s| s.confirmed = false).await;
        let details = |ann: &Subscriber| (ann.name.clone(), ann.language.clone(), ann.timezone.clone(), ann.tags.clone(), attribute(ann, "city"));
        let before = details(&person(world, "ann@example.org").await.unwrap().0);
        assert_eq!(before.2.as_deref(), Some("Asia/Shanghai"));
        for confirmed in [false, true, true] {
            let empty = format!("{file}ann@example.org,,,,,,\n");
            let report = import_file(world, empty.as_bytes(), |s| s.confirmed = confirmed).await;
            assert_eq!((report.counts.details_changed, report.changed_people.len()), (0, 0));
            let (ann, subscription) = person(world, "ann@example.org").await.unwrap();
            assert_eq!(details(&ann), before);
            assert_eq!(subscription.sections, ["News"], "confirmed {confirmed}");
        }
    }

    async fn a_language_for_the_whole_file_is_given_to_people_without_one(world) {
        import_file(world, "email,language\nhas@example.org,fr\nnone@example.org,\n".as_bytes(), |_| ()).await;
        let file = "email,language\nhas@example.org,\nnone@example.org,\nown@example.org,de\nnew@example.org,\n".as_bytes();
        let report = import_file(world, file, |s| {
            s.confirmed = false;
            s.language = Some("zh-cn".into());
        }).await;
        assert_eq!((report.counts.new, report.counts.details_changed), (2, 1), "{report:?}");
        let change = &report.changed_people[0];
        assert_eq!((change.address.as_str(), change.values[0].old.as_deref(), change.values[0].new.as_str()), ("none@example.org", None, "zh-CN"));
        for (email, language) in [("has", "fr"), ("none", "zh-CN"), ("own", "de"), ("new", "zh-CN")] {
            let (found, _) = person(world, &format!("{email}@example.org")).await.unwrap();
            assert_eq!(found.language.as_deref(), Some(language), "{email}");
        }
    }

    async fn the_owners_of_a_list_in_one_language_are_asked_in_it(world) {
        import_file(world, "email,language\nhas@example.org,en\n".as_bytes(), |_| ()).await;
        world.sql("DELETE FROM subscriptions").await;
        import_file(world, b"email\nhas@example.org\nwang@example.org\n", |s| {
            s.confirmed = false;
            s.language = Some("zh-CN".into());
        }).await;
        world.deliver().await;
        let subject = |address: &str| world.mails_to(address).pop().unwrap().header("subject").unwrap().to_owned();
        assert!(subject("wang@example.org").contains("请确认订阅"), "{}", subject("wang@example.org"));
        assert!(subject("has@example.org").contains("Confirm your subscription"), "the stored language counts");
    }

    async fn erasing_a_person_and_time_remove_the_shown_changes(world) {
        let path = many_people(world, 3);
        run(world, &path, &confirmed()).await;
        let content = std::fs::read_to_string(&path).unwrap().replace("Name ", "Another ");
        std::fs::write(&path, content).unwrap();
        assert_eq!(run(world, &path, &confirmed()).await.changed_people.len(), 3);
        let store = &world.app.store;
        let (second, _) = person(world, "m1@example.org").await.unwrap();
        store.subscribers().erase(second.id, &Actor::Cli, world.now()).await.unwrap();
        let shown = async || store.imports().list(&PageRequest::first(1)).await.unwrap().items.remove(0).changed_people;
        let addresses: Vec<String> = shown().await.into_iter().map(|person| person.address).collect();
        assert_eq!(addresses, ["m0@example.org", "m2@example.org"]);
        world.advance(31 * courant::domain::time::DAY);
        courant::subscribers::import::jobs::clean_up(store, world.now()).await.unwrap();
        assert_eq!(shown().await, []);
    }
}
