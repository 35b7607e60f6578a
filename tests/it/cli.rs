//! The command line as people and scripts use it: what commands do, and their JSON output.

use std::collections::BTreeMap;

use courant::demo::mailbox::mime;
use serde_json::Value;

use crate::support::Shell;

/// Imports two articles and three subscribers, so that an edition can be created.
pub(crate) fn import_example_data(shell: &Shell) {
    let now = courant::clock::now().rfc3339();
    let lines = format!(
        "{{\"id\":\"a\",\"title\":\"First & best\",\"body_html\":\"<p>x</p>\",\"published_at\":\"{now}\"}}\n{{\"id\":\"b\",\"title\":\"Second\"}}\n"
    );
    shell.write("articles.jsonl", lines);
    shell.run_ok(&["articles", "import", "articles.jsonl"]);
    shell.write(
        "people.csv",
        "email,name\nann@example.org,Ann\nbob@example.org,Bob\ncai@example.org,蔡\n",
    );
    shell.run_ok(&[
        "subscribers",
        "import",
        "people.csv",
        "--digest",
        "weekly",
        "--status",
        "confirmed",
        "--consent",
        "form of the open day",
    ]);
}

#[test]
fn five_commands_import_articles_and_send_a_digest() {
    let shell = Shell::new();
    import_example_data(&shell);
    let edition = shell.run_ok(&["digests", "run", "weekly"]);
    let edition = edition.trim();
    assert_eq!(edition, "1");
    let output = shell.courant(&["deliver"]);
    assert_eq!(
        (output.status, output.out.lines().last()),
        (0, Some("sent 3, failed 0, waiting 0, held 0"))
    );
    assert_eq!(shell.mails(), 3);
    assert!(
        shell.path("courant.db").exists() && !shell.path("courant.db-wal").exists(),
        "the database should be one file, which can be copied"
    );
    let shown = shell.courant(&["editions", "show", edition, "--json"]).json();
    assert_eq!((shown["state"].as_str(), shown["digest"].as_str()), (Some("sent"), Some("weekly")));
    assert_eq!(
        shown["counts"],
        serde_json::json!({"queued": 0, "sending": 0, "sent": 3, "failed": 0, "held": 0, "cancelled": 0, "bounced": 0})
    );
    assert_eq!(shown["articles"].as_array().unwrap().len(), 2);
    assert_eq!(shell.courant(&["editions", "list", "--json"]).json()[0]["counts"], shown["counts"]);
    let subscriber = shell.courant(&["subscribers", "show", "ann@example.org", "--json"]).json();
    let delivery = &subscriber["deliveries"][0];
    assert_eq!(
        (delivery["state"].as_str(), delivery["attempts"].as_i64(), delivery["edition"].as_i64()),
        (Some("sent"), Some(1), Some(1))
    );
    let again = shell.courant(&["digests", "run", "weekly"]);
    assert_eq!(again.status, 1);
    assert!(again.err.contains("no edition created: 0 articles available"), "{again:?}");
}

#[test]
fn list_and_show_commands_print_one_json_document_with_the_flag_in_either_position() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    shell.run_ok(&["suppressions", "add", "eve@example.org"]);
    for list in [
        "sources",
        "articles",
        "feeds",
        "digests",
        "editions",
        "subscribers",
        "suppressions",
        "audit",
    ] {
        let after = shell.courant(&[list, "list", "--json"]).json();
        let before = shell.courant(&["--json", list, "list"]).json();
        assert!(
            after == before && after.as_array().is_some_and(|a| !a.is_empty()),
            "{list}: {after}"
        );
        let one = shell.courant(&[list, "list", "--limit", "1", "--json"]).json();
        assert_eq!(one.as_array().map(Vec::len), Some(1), "{list}");
    }
    for show in [
        ["articles", "show", "college/a"],
        ["editions", "show", "1"],
        ["subscribers", "show", "ann@example.org"],
    ] {
        assert!(shell.courant(&[&show[..], &["--json"]].concat()).json().is_object(), "{show:?}");
    }
    assert!(shell.courant(&["digests", "next", "--json"]).json().is_array());
    let newest: Value = shell.courant(&["subscribers", "list", "--json"]).json();
    assert_eq!(newest[0]["email"], "cai@example.org", "newest first");
    assert_eq!(newest[0]["subscriptions"][0]["status"], "confirmed");
}

#[test]
fn commands_that_change_something_print_one_json_document() {
    let shell = Shell::new();
    import_example_data(&shell);
    for (arguments, key) in [
        (&["migrate"][..], "up_to_date"),
        (&["articles", "import", "articles.jsonl"], "left_out"),
        (&["feeds", "build", "--out", "built"], "files"),
        (&["digests", "preview", "weekly", "--out", "seen"], "articles"),
        (&["digests", "test", "weekly", "--to", "eve@example.org"], "delivery"),
        (&["digests", "run", "weekly"], "deliveries"),
        (&["editions", "pause", "1"], "counts"),
        (&["editions", "resume", "1"], "counts"),
        (&["deliver"], "waiting"),
        (&["subscribers", "add", "dan@example.org"], "pending"),
        (&["subscribers", "import", "people.csv", "--digest", "weekly", "--dry-run"], "valid"),
        (&["subscribers", "remove", "dan@example.org"], "digests"),
        (&["suppressions", "add", "eve@example.org"], "added"),
        (&["suppressions", "remove", "eve@example.org"], "removed"),
        (&["tokens", "create", "cms", "--role", "editor"], "token"),
        (&["tokens", "revoke", "cms"], "revoked"),
        (&["backup", "copy.db"], "file"),
        (&["adopt"], "base_url"),
    ] {
        let document = shell.courant(&[arguments, &["--json"]].concat()).json();
        assert!(document.get(key).is_some(), "{arguments:?}: {document}");
    }
    let findings = shell.courant(&["check", "--json"]).json();
    let is_expected = |finding: &Value| {
        let text = finding["text"].as_str().unwrap();
        finding["level"] == "ok" || text.contains("of the example") || text.contains("an example")
    };
    assert!(findings.as_array().unwrap().iter().all(is_expected), "{findings}");
}

#[test]
fn the_config_is_found_by_flag_and_by_environment() {
    let shell = Shell::new();
    let config = shell.path("config.toml");
    let elsewhere = tempfile::tempdir().unwrap();
    let flagged =
        Shell::command(elsewhere.path(), &["feeds", "list", "--config", config.to_str().unwrap()])
            .output()
            .unwrap();
    let named = Shell::command(elsewhere.path(), &["feeds", "list"])
        .env("COURANT_CONFIG", &config)
        .output()
        .unwrap();
    let neither = Shell::command(elsewhere.path(), &["feeds", "list"]).output().unwrap();
    assert!(flagged.status.success() && named.status.success());
    assert_eq!(neither.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&neither.stderr).contains("no such file"));
    let title = Shell::command(elsewhere.path(), &["feeds", "list", "--json"])
        .env("COURANT_CONFIG", &config)
        .env("COURANT__FEEDS__NEWS__TITLE", "From outside")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&title.stdout).contains("From outside"));
}

/// A template that uses tags and attribute values, also in a condition.
const VALUES: &str = "<p>{{#if (eq subscriber.attributes.city 'Köln & <b>')}}from Cologne, {{/if}}\
    {{subscriber.attributes.city}}, {{subscriber.attributes.visits}}, \
    {{#each subscriber.tags}}[{{this}}]{{/each}}</p>";

#[test]
fn a_preview_equals_the_mail_that_its_recipient_gets_with_or_without_precompilation() {
    // The second cannot be precompiled with a placeholder: the CSS inliner reads class names.
    for html in [
        "<p title='{{subscriber.name}}'>{{subscriber.name}}</p>",
        "<p class='{{subscriber.name}}'>{{subscriber.name}}</p>",
        VALUES,
    ] {
        let shell = Shell::new();
        shell.replace("[site]\n", "templates = \"mine\"\n[site]\n");
        shell.write("mine/email/digest/subject.hbs", "For {{subscriber.name}} !");
        shell.write(
            "mine/email/digest/html.hbs",
            format!("{html}<a href=\"{{{{subscriber.unsubscribe_url}}}}\">x</a>"),
        );
        shell.write(
            "mine/email/digest/text.hbs",
            "a\n{{subscriber.name}}\n\n\n.{{subscriber.address}}\n",
        );
        import_example_data(&shell);
        shell.write(
            "more.csv",
            "email,name,tags,city,visits\ndan@example.org,,,,\neve@example.org,\"Eve \"\"<b>\"\" & O'Hara\",new;vip,Köln & <b>,2.5\n",
        );
        shell.run_ok(&[
            "subscribers",
            "import",
            "more.csv",
            "--digest",
            "weekly",
            "--status",
            "confirmed",
            "--consent",
            "letter of May",
        ]);
        let recipients =
            ["ann@example.org", "cai@example.org", "dan@example.org", "eve@example.org"];
        let previews = recipients.map(|to| {
            shell.run_ok(&["digests", "preview", "weekly", "--as", to, "--out", to]);
            let part = |name: &str| {
                std::fs::read_to_string(shell.path(to).join(name)).unwrap().replace('\n', "\r\n")
            };
            (to.to_owned(), (part("body.html"), part("body.txt")))
        });
        shell.run_ok(&["digests", "run", "weekly"]);
        shell.run_ok(&["deliver"]);
        let mails: BTreeMap<String, (String, String)> = std::fs::read_dir(shell.path("outbox"))
            .unwrap()
            .map(|file| mime::parse(&std::fs::read(file.unwrap().path()).unwrap()))
            .map(|mail| {
                let to = mail
                    .header("To")
                    .unwrap()
                    .rsplit(['<', ' '])
                    .next()
                    .unwrap()
                    .trim_end_matches('>')
                    .to_owned();
                let link_token = mail
                    .html
                    .split("/unsubscribe/")
                    .nth(1)
                    .and_then(|rest| rest.split('"').next())
                    .unwrap();
                (to, (mail.html.replace(link_token, "preview"), mail.text))
            })
            .collect();
        for (to, parts) in previews {
            assert_eq!(mails.get(&to), Some(&parts), "{html}");
        }
        if html == VALUES {
            let html = |to: &str| mails[to].0.clone();
            let eve = "<p>from Cologne, Köln &amp; &lt;b&gt;, 2.5, [new][vip]</p>";
            assert!(html("eve@example.org").contains(eve), "{}", html("eve@example.org"));
            assert!(html("dan@example.org").contains("<p>, , </p>"), "{}", html("dan@example.org"));
        }
    }
}

#[test]
fn a_preview_writes_four_files_and_creates_no_edition() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&[
        "digests",
        "preview",
        "weekly",
        "--as",
        "cai@example.org",
        "--out",
        "seen/here",
    ]);
    for file in ["subject.txt", "body.html", "body.txt", "message.eml"] {
        assert!(
            !std::fs::read_to_string(shell.path("seen/here").join(file)).unwrap().trim().is_empty(),
            "{file}"
        );
    }
    assert!(
        std::fs::read_to_string(shell.path("seen/here/body.html"))
            .unwrap()
            .contains("First &amp; best")
    );
    assert_eq!(shell.courant(&["editions", "list", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn feeds_build_writes_three_formats_of_every_feed_and_the_same_bytes_again() {
    let shell = Shell::new();
    import_example_data(&shell);
    let read = |directory: &str| {
        ["rss", "atom", "json"]
            .map(|e| std::fs::read(shell.path(directory).join(format!("news.{e}"))).unwrap())
    };
    shell.run_ok(&["feeds", "build", "--out", "public/one"]);
    shell.run_ok(&["feeds", "build", "--out", "public/two"]);
    assert_eq!(read("public/one"), read("public/two"));
    assert!(String::from_utf8_lossy(&read("public/one")[0]).contains("First &amp; best"));
}

#[test]
fn exported_subscribers_can_be_imported_unchanged() {
    let shell = Shell::new();
    import_example_data(&shell);
    let out = shell.run_ok(&["subscribers", "export", "--digest", "weekly"]);
    assert_eq!(out.lines().count(), 4, "{out}");
    let other = Shell::new();
    other.write("people.csv", &out);
    other.run_ok(&[
        "subscribers",
        "import",
        "people.csv",
        "--digest",
        "weekly",
        "--status",
        "confirmed",
        "--consent",
        "form of the open day",
    ]);
    let names: Vec<_> =
        other.courant(&["subscribers", "list", "--json"]).json().as_array().unwrap().clone();
    assert!(names.len() == 3 && names.iter().any(|p| p["name"] == "蔡"), "{names:?}");
}

#[test]
fn a_database_copy_sends_nothing_until_it_is_adopted() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    shell.run_ok(&["backup", "copy.db"]);
    assert_eq!(
        shell.courant(&["backup", "copy.db"]).status,
        1,
        "an existing file should not be overwritten"
    );
    shell.replace("sqlite://courant.db", "sqlite://copy.db");
    let output = shell.courant(&["deliver"]);
    assert!(output.status == 1 && output.err.contains("courant adopt"), "{output:?}");
    assert_eq!(shell.courant(&["digests", "run", "weekly"]).status, 1);
    assert_eq!(shell.mails(), 0);
    shell.run_ok(&["adopt"]);
    shell.run_ok(&["deliver"]);
    assert_eq!(shell.mails(), 3);
}

#[test]
fn nothing_is_sent_after_the_base_url_changed() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    shell.replace("https://news.example.edu", "https://staging.example.edu");
    let output = shell.courant(&["deliver"]);
    assert!(output.status == 1 && output.err.contains("https://staging.example.edu"), "{output:?}");
    assert_eq!(shell.mails(), 0);
}

#[test]
fn a_paused_date_is_not_the_next_one_of_a_digest() {
    let shell = Shell::new();
    shell.replace("name = \"weekly\"", "name = \"weekly\"\npause = [\"2000-01-01..2999-12-31\"]");
    let list = shell.courant(&["digests", "list", "--json"]).json();
    let next = shell.courant(&["digests", "next", "--json"]).json();
    assert_eq!((&list[0]["next"], &next[0]["dates"]), (&Value::Null, &serde_json::json!([])));
    shell.replace("2999-12-31", "2000-12-31");
    let list = shell.courant(&["digests", "list", "--json"]).json();
    let next = shell.courant(&["digests", "next", "--json"]).json();
    assert!(list[0]["next"].is_string() && list[0]["next"] == next[0]["dates"][0], "{list} {next}");
}
