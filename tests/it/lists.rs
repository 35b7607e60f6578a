//! Lists of subscribers on the command line: removals, searches, changes, and what an edition could
//! not send.

use courant::domain::edition::EditionCommand;
use courant::domain::page::PageRequest;
use serde_json::{Value, json};

use crate::cli::import_example_data;
use crate::smtp_server::{At, Rule, Script};
use crate::support::{Shell, article, database_tests};

const TWO_DIGESTS: &str = "[[digests]]
name = \"monthly\"
schedule = \"0 8 1 * *\"
from = \"College News <news@example.edu>\"
[[transports]]";

fn shell_with_two_digests() -> Shell {
    let shell = Shell::with("[[transports]]", TWO_DIGESTS);
    import_example_data(&shell);
    shell
}

/// Returns the status of each subscription of a subscriber, by digest.
fn statuses(shell: &Shell, email: &str) -> Value {
    let shown = shell.courant(&["subscribers", "show", email, "--json"]).json();
    let subscriptions = shown["subscriptions"].as_array().unwrap().iter();
    subscriptions
        .map(|s| (s["digest"].as_str().unwrap().to_owned(), s["status"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Returns the addresses that `subscribers list` prints with these options.
fn listed(shell: &Shell, options: &[&str]) -> Vec<String> {
    let list = shell.courant(&[&["subscribers", "list", "--json"], options].concat()).json();
    let mut emails: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["email"].as_str().unwrap().split('@').next().unwrap().to_owned())
        .collect();
    emails.sort();
    emails
}

#[test]
fn an_admin_ends_one_subscription_and_begins_it_again_with_consent() {
    let shell = shell_with_two_digests();
    let ann = "ann@example.org";
    let consent = ["--status", "confirmed", "--consent", "asked by phone"];
    shell.run_ok(&[&["subscribers", "add", ann, "--digest", "monthly"], &consent[..]].concat());
    let text =
        shell.run_ok(&["subscribers", "remove", ann, "--digest", "weekly", "--reason", "moved"]);
    assert_eq!(text.trim(), "Unsubscribed ann@example.org from weekly.");
    assert_eq!(statuses(&shell, ann), json!({"weekly": "unsubscribed", "monthly": "confirmed"}));
    assert!(
        shell.run_ok(&["subscribers", "show", ann]).contains("unsubscribed by an admin (moved)")
    );
    let wrong = shell.courant(&["subscribers", "remove", ann, "--digest", "wekly"]);
    assert!(wrong.status == 2 && wrong.err.contains("weekly, monthly"), "{wrong:?}");
    shell.run_ok(&[&["subscribers", "add", ann, "--digest", "weekly"], &consent[..]].concat());
    assert_eq!(statuses(&shell, ann), json!({"weekly": "confirmed", "monthly": "confirmed"}));
    shell.run_ok(&["subscribers", "remove", ann]);
    assert_eq!(statuses(&shell, ann), json!({"weekly": "unsubscribed", "monthly": "unsubscribed"}));
    let asked = shell.run_ok(&["subscribers", "add", ann, "--digest", "weekly"]);
    assert!(asked.contains("weekly: confirmation e-mail queued"), "{asked}");
    assert_eq!(statuses(&shell, ann), json!({"weekly": "pending", "monthly": "unsubscribed"}));
}

#[test]
fn a_removal_that_was_undone_stays_in_the_history_with_its_reason_and_the_earlier_consent() {
    let shell = Shell::new();
    import_example_data(&shell);
    let ann = "ann@example.org";
    shell.run_ok(&["subscribers", "remove", ann, "--reason", "moved"]);
    let consent = ["--status", "confirmed", "--consent", "asked by phone"];
    shell.run_ok(&[&["subscribers", "add", ann], &consent[..]].concat());
    let text = shell.run_ok(&["subscribers", "show", ann]);
    for part in [
        "weekly: confirmed since",
        "consent: asked by phone",
        "before: unsubscribed by an admin (moved) from",
        "before: confirmed from",
        "consent: form of the open day",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let shown = shell.courant(&["subscribers", "show", ann, "--json"]).json();
    let history: Vec<_> = shown["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| (h["status"].clone(), h["removal_reason"].clone(), h["consent"].clone()))
        .collect();
    let form = json!("form of the open day");
    assert_eq!(
        history,
        [
            (json!("unsubscribed"), json!("moved"), form.clone()),
            (json!("confirmed"), Value::Null, form),
        ]
    );
    assert_eq!(shown["subscriptions"][0]["consent"], "asked by phone");
    shell.run_ok(&["subscribers", "add", ann, "--name", "Ann Lee"]);
    let again = shell.courant(&["subscribers", "show", ann, "--json"]).json();
    assert_eq!(again["history"], shown["history"], "nothing was replaced");
    shell.run_ok(&["subscribers", "erase", ann]);
}

#[test]
fn a_confirmed_status_without_evidence_of_consent_is_wrong_usage() {
    let shell = Shell::new();
    import_example_data(&shell);
    for command in [
        &["subscribers", "add", "dan@example.org"][..],
        &["subscribers", "import", "people.csv", "--digest", "weekly"],
    ] {
        for more in [&["--status", "confirmed"][..], &["--status", "confirmed", "--consent", " "]] {
            let output = shell.courant(&[command, more].concat());
            assert!(output.status == 2 && output.err.contains("--consent"), "{output:?}");
        }
    }
    assert_eq!(listed(&shell, &[]), ["ann", "bob", "cai"]);
}

#[test]
fn a_list_is_filtered_by_text_digest_and_status_and_shows_suppressions() {
    let shell = shell_with_two_digests();
    shell.run_ok(&[
        "subscribers",
        "add",
        "dan@example.org",
        "--digest",
        "monthly",
        "--name",
        "DANIÈLE",
    ]);
    shell.run_ok(&["subscribers", "remove", "bob@example.org"]);
    shell.run_ok(&["suppressions", "add", "cai@example.org"]);
    for (options, expected) in [
        (&["--search", "BOB@"][..], &["bob"][..]),
        (&["--search", "danièle"], &["dan"]),
        (&["--search", "蔡"], &["cai"]),
        (&["--search", "%"], &[]),
        (&["--digest", "monthly"], &["dan"]),
        (&["--digest", "weekly", "--status", "confirmed"], &["ann", "cai"]),
        (&["--status", "pending"], &["dan"]),
        (&["--status", "unsubscribed"], &["bob"]),
        (&["--status", "suppressed"], &["cai"]),
        (&["--status", "suppressed", "--digest", "monthly"], &[]),
    ] {
        assert_eq!(listed(&shell, options), expected, "{options:?}");
    }
    assert!(
        shell.run_ok(&["subscribers", "list"]).contains("suppressed (admin), weekly confirmed")
    );
    let shown = shell.courant(&["subscribers", "show", "cai@example.org", "--json"]).json();
    assert_eq!(
        (&shown["suppressed"], &shown["suppression_reason"]),
        (&json!(true), &json!("admin"))
    );
    assert!(shell.run_ok(&["suppressions", "list"]).contains("cai@example.org"));
    shell.run_ok(&["suppressions", "remove", "cai@example.org"]);
    let shown = shell.courant(&["subscribers", "show", "cai@example.org", "--json"]).json();
    assert_eq!(shown["suppressed"], false);
}

#[test]
fn adding_a_known_subscriber_says_what_changed_and_unknown_terms_are_rejected() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.write(
        "more.jsonl",
        "{\"id\":\"c\",\"title\":\"Third\",\"section\":\"Labs\"}\n{\"id\":\"d\",\"title\":\"Fourth\",\"section\":\"Sport\"}\n",
    );
    shell.run_ok(&["articles", "import", "more.jsonl"]);
    let add = ["subscribers", "add", "ann@example.org"];
    let changed = shell.run_ok(&[&add[..], &["--name", "Ann Lee", "--section", "labs"]].concat());
    for part in [
        "weekly: already subscribed",
        "name: Ann Lee (was Ann)",
        "sections of weekly: labs (were all)",
    ] {
        assert!(changed.contains(part), "{changed}");
    }
    let changed = shell.run_ok(&[&add[..], &["--all-sections"]].concat());
    assert!(changed.contains("sections of weekly: all (were labs)"), "{changed}");
    for (options, part) in [
        (["--section", "Nonsense"], "existing sections: Labs, Sport"),
        (["--language", "qq"], "languages of the digest: en"),
    ] {
        let output = shell.courant(&[&add[..], &options].concat());
        assert!(output.status != 0 && output.err.contains(part), "{output:?}");
    }
    shell.write(
        "bad.csv",
        "email,sections,language\neve@example.org,Labs;Nonsense,en\nfay@example.org,Sport,fr\n",
    );
    let import = ["subscribers", "import", "bad.csv", "--digest", "weekly"];
    let output = shell.courant(&import);
    assert!(
        output.status == 1 && output.err.contains("bad.csv:2: there is no section"),
        "{output:?}"
    );
    shell.run_ok(&[&import[..], &["--skip-bad"]].concat());
    let shown = shell.courant(&["subscribers", "show", "fay@example.org", "--json"]).json();
    assert_eq!(shown["subscriptions"][0]["sections"], json!(["Sport"]));
}

#[test]
fn the_deliveries_of_an_edition_are_exported_as_cells_that_are_safe_in_spreadsheets() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&[
        "subscribers",
        "add",
        "=dan@example.org",
        "--name",
        "+Dan",
        "--status",
        "confirmed",
        "--consent",
        "letter",
    ]);
    shell.run_ok(&["digests", "run", "weekly"]);
    shell.run_ok(&["editions", "cancel", "1"]);
    let csv = shell.run_ok(&["editions", "export", "1"]);
    assert_eq!(csv.lines().count(), 5, "{csv}");
    assert!(csv.contains("'=dan@example.org,'+Dan,cancelled,0,,"), "{csv}");
    assert_eq!(shell.courant(&["editions", "export", "7"]).status, 1);
}

#[test]
fn a_changed_address_keeps_its_subscriptions_and_the_former_one_needs_its_owner() {
    let shell = shell_with_two_digests();
    let (old, new) = ("ann@example.org", "ann.lee@example.org");
    let edit = ["subscribers", "edit"];
    let text = shell.run_ok(&[&edit[..], &[old, "--email", new, "--name", "Ann Lee"]].concat());
    assert_eq!(text.trim(), format!("{old}: address: {new} (was {old}); name: Ann Lee (was Ann)"));
    assert_eq!(statuses(&shell, new), json!({"weekly": "confirmed"}));
    assert!(shell.run_ok(&["subscribers", "show", new]).contains(&format!("changed from {old}")));
    let consent = ["--status", "confirmed", "--consent", "an old list"];
    let added =
        shell.run_ok(&[&["subscribers", "add", old, "--digest", "weekly"], &consent[..]].concat());
    assert!(added.contains("only they can resubscribe"), "{added}");
    assert_eq!(listed(&shell, &[]), ["ann.lee", "bob", "cai"]);
    shell.run_ok(&["suppressions", "add", "sue@example.org"]);
    shell.run_ok(&["subscribers", "add", "dan@example.org", "--digest", "weekly"]);
    for (email, to, reason) in [
        (new, "bob@example.org", "is another subscriber"),
        (new, "sue@example.org", "is suppressed"),
        (new, "not an address", "not a valid e-mail address"),
        ("bob@example.org", old, "was a subscriber before"),
        ("nobody@example.org", "n@example.org", "is not a subscriber"),
    ] {
        let output = shell.courant(&[&edit[..], &[email, "--email", to]].concat());
        assert!(output.status == 1 && output.err.contains(reason), "{output:?}");
    }
    let output = shell.courant(&[&edit[..], &[new]].concat());
    assert!(output.status == 2 && output.err.contains("nothing to change"), "{output:?}");
    let text =
        shell.run_ok(&[&edit[..], &["dan@example.org", "--email", "d@example.org"]].concat());
    let expected = "address: d@example.org (was dan@example.org); 1 confirmation e-mail to the former address cancelled; 1 confirmation e-mail queued for the new address";
    assert!(text.contains(expected), "{text}");
    shell.run_ok(&[&edit[..], &[new, "--email", old, "--name", ""]].concat());
    let shown = shell.courant(&["subscribers", "show", old, "--json"]).json();
    assert_eq!((&shown["name"], &shown["email"]), (&Value::Null, &json!(old)));
}

#[test]
fn an_export_of_one_digest_says_how_its_people_are_subscribed_to_another() {
    let shell = shell_with_two_digests();
    let export = shell.run_ok(&["subscribers", "export", "--digest", "weekly"]);
    std::fs::write(shell.path("weekly.csv"), export).unwrap();
    for option in [&["--dry-run"][..], &[]] {
        let import = ["subscribers", "import", "weekly.csv", "--digest", "monthly"];
        let output = shell.courant(&[&import, option].concat());
        assert_eq!(output.status, 0, "{output:?}");
        assert!(output.out.contains("skipped (another digest) 3"), "{output:?}");
        assert!(
            output.err.contains("none of its lines belongs to monthly; to subscribe its people"),
            "{output:?}"
        );
    }
}

#[test]
fn an_erased_subscriber_leaves_no_personal_data_and_returns_only_by_their_own_request() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    shell.run_ok(&["deliver"]);
    shell.run_ok(&["subscribers", "edit", "ann@example.org", "--email", "ann.lee@example.org"]);
    let text = shell.run_ok(&["subscribers", "erase", "ann.lee@example.org"]);
    assert_eq!(
        text.trim(),
        "Erased ann.lee@example.org: 1 subscription deleted, 1 delivery anonymized."
    );
    assert_eq!(shell.courant(&["subscribers", "show", "ann.lee@example.org"]).status, 1);
    for address in ["ann@example.org", "ann.lee@example.org"] {
        for list in [
            &["editions", "export", "1"][..],
            &["subscribers", "export"],
            &["audit", "list", "--json"],
            &["suppressions", "list", "--json"],
        ] {
            let shown = shell.run_ok(list);
            assert!(!shown.contains(address) && !shown.contains("Ann"), "{list:?}: {shown}");
        }
        let consent = ["--status", "confirmed", "--consent", "an old list"];
        let added = shell.run_ok(&[&["subscribers", "add", address], &consent[..]].concat());
        assert!(added.contains("only they can resubscribe"), "{added}");
    }
    assert_eq!(listed(&shell, &[]), ["bob", "cai"]);
    let edition = shell.courant(&["editions", "show", "1", "--json"]).json();
    assert_eq!(edition["counts"]["sent"], 3);
    let erased = shell.courant(&["audit", "list", "--json"]).json();
    assert!(erased.as_array().unwrap().iter().any(|e| e["action"] == "erase"), "{erased}");
}

database_tests! {
    async fn an_edition_lists_who_did_not_get_it_with_the_reply_and_keeps_it_after_retry_and_cancel(world) {
        world.add_readers(3).await;
        world.publish([article("a")]).await;
        let edition = world.create_edition().await;
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "550 5.2.1 mailbox disabled").recipient("r1@")));
        world.deliver().await;
        for command in [EditionCommand::Retry, EditionCommand::Cancel] {
            let all = world.app.store.editions().deliveries(edition, false, &PageRequest::first(9)).await.unwrap();
            let failed: Vec<_> = all.items.iter().map(|d| (d.address.as_str(), d.attempts, d.last_reply.as_deref())).collect();
            assert_eq!(failed, [("r1@example.org", 1, Some("550 5.2.1 mailbox disabled"))]);
            world.run_command(edition, command).await;
        }
        assert_eq!(world.edition_status(edition).await, "cancelled: 2 sent, 1 failed");
    }

    async fn what_a_reader_ended_after_an_admin_is_not_begun_again_by_an_admin(world) {
        use courant::domain::actor::Actor;
        use courant::domain::address::EmailAddress;
        use courant::domain::link_token::{LinkScope, sign};
        use courant::subscribers;

        world.add_readers(2).await;
        let secret = world.app.store_identity.secret.clone();
        for n in 0..2 {
            let address = EmailAddress::parse(&format!("r{n}@example.org")).unwrap();
            subscribers::unsubscribe_by_admin(&world.app.store, &address, None, "slip", &Actor::Cli, world.now()).await.unwrap();
        }
        let person = world.app.store.subscribers().find_by_address("r1@example.org").await.unwrap().unwrap();
        let own = world.app.store.subscriptions().list_of(&[person.id]).await.unwrap().remove(0);
        assert_eq!(own.removal_reason.as_deref(), Some("slip"));
        let token = sign(&secret, LinkScope::Unsubscribe { subscription: own.id, edition: None });
        subscribers::unsubscribe(&world.app.store, &secret, &token, false, world.now()).await.unwrap().unwrap();
        world.add_readers(2).await;
        for (n, expected) in ["confirmed", "unsubscribed"].into_iter().enumerate() {
            let person = world.app.store.subscribers().find_by_address(&format!("r{n}@example.org")).await.unwrap().unwrap();
            let own = world.app.store.subscriptions().list_of(&[person.id]).await.unwrap().remove(0);
            assert_eq!((own.status.as_str(), own.removal_reason), (expected, None));
        }
    }

    async fn an_erased_address_is_subscribed_again_by_its_owner_and_queued_mail_is_cancelled(world) {
        use courant::domain::actor::Actor;
        use courant::subscribers::{self, changes};

        world.add_readers(3).await;
        world.publish([article("a")]).await;
        let edition = world.create_edition().await;
        let reader = async |world: &crate::support::World, n: usize| world.app.store.subscribers().find_by_address(&format!("r{n}@example.org")).await.unwrap();
        let erase = async |world: &crate::support::World, n: usize| {
            let subscriber = reader(world, n).await.unwrap();
            changes::erase(&world.app.store, &subscriber, &Actor::Cli, world.now()).await.unwrap()
        };
        assert_eq!(erase(world, 1).await, Ok((1, 1)), "with a queued delivery");
        world.relay.set_script(Script::new().rule(Rule::reply(At::Rcpt, "550 5.2.1 mailbox disabled").recipient("r0@")));
        world.deliver().await;
        assert_eq!(world.edition_status(edition).await, "sent: 1 sent, 1 failed, 1 cancelled");
        assert_eq!(erase(world, 0).await, Ok((1, 1)), "with a failed delivery");
        let retry = courant::delivery::run_edition_command(&world.app.store, edition, EditionCommand::Retry, &Actor::Cli, world.now()).await;
        assert!(retry.unwrap_err().to_string().contains("nothing to retry"));
        world.relay.set_script(Script::new());
        world.add_readers(3).await;
        assert!(reader(world, 0).await.is_none() && reader(world, 1).await.is_none(), "an admin does not subscribe an erased address");
        let secret = world.app.store_identity.secret.clone();
        let request = subscribers::NewSubscriber { email: "r1@example.org".to_owned(), ..Default::default() };
        subscribers::subscribe(&world.app.store, &secret, &request, &[world.digest("weekly")], world.now()).await.unwrap().unwrap();
        world.deliver().await;
        let text = world.mails_to("r1@example.org").pop().unwrap().text;
        let token = text.split_once("/confirm/").unwrap().1.split_whitespace().next().unwrap().to_owned();
        subscribers::confirm(&world.app.store, &secret, &token, world.now()).await.unwrap().unwrap();
        let subscriber = reader(world, 1).await.unwrap();
        let change = changes::SubscriberEdit { email: Some("new@example.org".to_owned()), ..Default::default() };
        changes::edit(&world.app.store, &secret, &subscriber, &change, &world.app.config.digests, &Actor::Cli, world.now()).await.unwrap().unwrap();
        let old_link = subscribers::resolve_confirmation_link(&world.app.store, &secret, &token, world.now()).await.unwrap();
        assert!(old_link.is_none(), "a link that was sent to a former address confirms nothing");
    }
}
