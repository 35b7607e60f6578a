//! The program as people and scripts drive it: exit statuses, sentences, JSON.

use std::collections::BTreeMap;

use courant::mail::mail_catcher::mime;
use serde_json::Value;

use crate::support::Shell;

/// Two articles and three readers, ready for an edition.
pub(crate) fn ready(shell: &Shell) {
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
    ]);
}

#[test]
fn from_articles_to_mails_in_five_commands() {
    let shell = Shell::new();
    ready(&shell);
    let edition = shell.run_ok(&["digests", "run", "weekly"]);
    let edition = edition.trim();
    assert_eq!(edition, "1");
    let said = shell.courant(&["deliver"]);
    assert_eq!(
        (said.status, said.out.lines().last()),
        (0, Some("sent 3, failed 0, waiting 0, held 0"))
    );
    assert_eq!(shell.mails(), 3);
    assert!(
        shell.path("courant.db").exists() && !shell.path("courant.db-wal").exists(),
        "one file is left, to be copied as it is"
    );
    let shown = shell.courant(&["editions", "show", edition, "--json"]).json();
    assert_eq!((shown["state"].as_str(), shown["digest"].as_str()), (Some("sent"), Some("weekly")));
    assert_eq!(
        shown["counts"],
        serde_json::json!({"queued": 0, "sending": 0, "sent": 3, "failed": 0, "held": 0, "cancelled": 0, "bounced": 0})
    );
    assert_eq!(shown["articles"].as_array().unwrap().len(), 2);
    assert_eq!(shell.courant(&["editions", "list", "--json"]).json()[0]["counts"], shown["counts"]);
    let person = shell.courant(&["subscribers", "show", "ann@example.org", "--json"]).json();
    let delivery = &person["deliveries"][0];
    assert_eq!(
        (delivery["state"].as_str(), delivery["attempts"].as_i64(), delivery["edition"].as_i64()),
        (Some("sent"), Some(1), Some(1))
    );
    let again = shell.courant(&["digests", "run", "weekly"]);
    assert_eq!(again.status, 1);
    assert!(again.err.contains("no edition created: 0 articles available"), "{again:?}");
}

#[test]
fn every_list_and_show_gives_one_json_document_with_the_flag_before_or_behind() {
    let shell = Shell::new();
    ready(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    shell.run_ok(&["suppressions", "add", "eve@example.org"]);
    for list in
        ["sources", "articles", "feeds", "digests", "editions", "subscribers", "suppressions"]
    {
        let behind = shell.courant(&[list, "list", "--json"]).json();
        let before = shell.courant(&["--json", list, "list"]).json();
        assert!(
            behind == before && behind.as_array().is_some_and(|a| !a.is_empty()),
            "{list}: {behind}"
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

#[test]
fn a_config_that_can_not_work_is_refused_with_file_line_and_remedy() {
    for (was, is, line, says) in [
        ("title = ", "titel = ", 2, "titel"),
        ("kind = \"builtin\"", "kind = 7", 10, "kind"),
        ("0 8 * * MON", "0 8 * *", 15, "schedule"),
        ("0 8 * * MON", "0 0 30 2 *", 15, "never matches"),
        ("id_authority = ", "timezone = \"Mars/Olympus\"\nid_authority = ", 4, "Mars/Olympus"),
        ("file://outbox", "gopher://outbox", 19, "url"),
        ("https://news", "htps://news", 3, "base_url"),
        ("kind = \"builtin\"", "kind = \"query\"\nurl = \"sqlite:///x.db\"", 8, "query"),
        ("[site]", "[site", 1, ""),
    ] {
        let shell = Shell::with(was, is);
        for command in [&["check"][..], &["serve"], &["digests", "list"]] {
            let said = shell.courant(command);
            assert_eq!(said.status, 2, "{is}: {said:?}");
            let place = format!("config.toml:{line}: ");
            assert!(
                said.err.contains(&place) && said.err.contains(says) && said.out.is_empty(),
                "{is}: {said:?}"
            );
        }
        assert!(!shell.path("courant.db").exists(), "nothing is left half done");
    }
}

#[test]
fn wrong_usage_ends_with_status_two() {
    let shell = Shell::new();
    for arguments in [
        &["frobnicate"][..],
        &["digests", "run"],
        &["digests", "run", "monthly"],
        &["digests", "run", "weekly", "--now", "yesterday"],
        &["editions", "show", "first"],
        &["subscribers", "import", "x.csv", "--digest", "monthly"],
        &["sources", "sync", "elsewhere"],
        &["articles", "list", "--limit", "many"],
    ] {
        let said = shell.courant(arguments);
        assert!(
            said.status == 2 && said.out.is_empty() && !said.err.is_empty(),
            "{arguments:?}: {said:?}"
        );
    }
    let said = shell.courant(&["digests", "run", "monthly"]);
    assert!(
        said.err.contains("monthly") && said.err.contains("weekly"),
        "it lists what there is: {said:?}"
    );
}

#[test]
fn what_is_not_there_ends_with_status_one() {
    let shell = Shell::new();
    for arguments in [
        &["editions", "show", "7"][..],
        &["editions", "pause", "7"],
        &["articles", "show", "nothing"],
        &["subscribers", "show", "nobody@example.org"],
        &["suppressions", "remove", "nobody@example.org"],
        &["articles", "import", "missing.jsonl"],
    ] {
        let said = shell.courant(arguments);
        assert!(said.status == 1 && said.err.starts_with("error: "), "{arguments:?}: {said:?}");
    }
}

#[test]
fn check_finds_what_is_wrong_with_templates_and_sources() {
    let shell = Shell::new();
    assert_eq!(shell.courant(&["check"]).status, 0);
    shell.replace("[site]\n", "templates = \"mine\"\n[site]\n");
    shell.write("mine/email/digest/text.hbs", "{{site.titel}}\n");
    let said = shell.courant(&["check"]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(format!("{}{}", said.out, said.err).contains("titel"), "{said:?}");
    let shell = Shell::with(
        "kind = \"builtin\"",
        "kind = \"query\"\nurl = \"sqlite://cms.db\"\nquery = \"SELECT 1 AS id\"",
    );
    shell.write("cms.db", "");
    let said = shell.courant(&["check"]);
    assert!(said.status == 1 && said.out.contains("`title` is missing"), "{said:?}");
    let synced = shell.courant(&["sources", "sync"]);
    assert!(synced.status == 1 && synced.err.contains("`title` is missing"), "{synced:?}");
}

#[test]
fn each_mail_says_what_a_preview_for_its_reader_shows_whether_slots_are_filled_or_not() {
    // The second can't be filled: an inliner looks into classes.
    for html in [
        "<p title='{{subscriber.name}}'>{{subscriber.name}}</p>",
        "<p class='{{subscriber.name}}'>{{subscriber.name}}</p>",
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
        ready(&shell);
        shell.write(
            "more.csv",
            "email,name\ndan@example.org,\neve@example.org,\"Eve \"\"<b>\"\" & O'Hara\"\n",
        );
        shell.run_ok(&[
            "subscribers",
            "import",
            "more.csv",
            "--digest",
            "weekly",
            "--status",
            "confirmed",
        ]);
        let people = ["ann@example.org", "cai@example.org", "dan@example.org", "eve@example.org"];
        let shown = people.map(|to| {
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
                let own = mail
                    .html
                    .split("/unsubscribe/")
                    .nth(1)
                    .and_then(|rest| rest.split('"').next())
                    .unwrap();
                (to, (mail.html.replace(own, "preview"), mail.text))
            })
            .collect();
        for (to, parts) in shown {
            assert_eq!(mails.get(&to), Some(&parts), "{html}");
        }
    }
}

#[test]
fn a_database_that_can_not_be_reached_is_told_in_one_sentence_without_its_password() {
    let shell = Shell::with("sqlite://courant.db", "postgres://news:sesame@127.0.0.1:1/courant");
    for command in [&["check"][..], &["deliver"], &["editions", "list"]] {
        let said = shell.courant(command);
        assert!(said.status == 1 && said.err.contains("127.0.0.1:1/courant"), "{said:?}");
        assert!(!said.err.contains("sesame") && said.err.lines().count() == 1, "{said:?}");
    }
}

#[test]
fn bad_lines_are_told_by_file_and_line_and_nothing_is_imported() {
    let shell = Shell::new();
    shell.write("people.csv", "email\nann@example.org\nnonsense\n");
    let said = shell.courant(&["subscribers", "import", "people.csv", "--digest", "weekly"]);
    assert!(said.status == 1 && said.err.contains("people.csv:3: "), "{said:?}");
    assert_eq!(shell.courant(&["subscribers", "list", "--json"]).json(), serde_json::json!([]));
    shell.write("a.jsonl", "{\"title\":\"fine\"}\n{\"titel\":\"typo\"}\nno json\n");
    let said = shell.courant(&["articles", "import", "a.jsonl"]);
    assert!(
        said.status == 1 && said.err.contains("a.jsonl:2: ") && said.err.contains("a.jsonl:3: "),
        "{said:?}"
    );
    assert_eq!(shell.courant(&["articles", "list", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn a_preview_writes_four_files_and_makes_nothing() {
    let shell = Shell::new();
    ready(&shell);
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
fn feeds_build_writes_every_feed_in_its_three_formats_and_the_same_bytes_twice() {
    let shell = Shell::new();
    ready(&shell);
    let read = |folder: &str| {
        ["rss", "atom", "json"]
            .map(|e| std::fs::read(shell.path(folder).join(format!("news.{e}"))).unwrap())
    };
    shell.run_ok(&["feeds", "build", "--out", "public/one"]);
    shell.run_ok(&["feeds", "build", "--out", "public/two"]);
    assert_eq!(read("public/one"), read("public/two"));
    assert!(String::from_utf8_lossy(&read("public/one")[0]).contains("First &amp; best"));
}

#[test]
fn the_list_of_readers_comes_out_as_it_went_in() {
    let shell = Shell::new();
    ready(&shell);
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
    ]);
    let names: Vec<_> =
        other.courant(&["subscribers", "list", "--json"]).json().as_array().unwrap().clone();
    assert!(names.len() == 3 && names.iter().any(|p| p["name"] == "蔡"), "{names:?}");
}

#[test]
fn a_copy_does_not_send_until_it_is_adopted() {
    let shell = Shell::new();
    ready(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    shell.run_ok(&["backup", "copy.db"]);
    assert_eq!(shell.courant(&["backup", "copy.db"]).status, 1, "nothing is overwritten");
    shell.replace("sqlite://courant.db", "sqlite://copy.db");
    let said = shell.courant(&["deliver"]);
    assert!(said.status == 1 && said.err.contains("courant adopt"), "{said:?}");
    assert_eq!(shell.courant(&["digests", "run", "weekly"]).status, 1);
    assert_eq!(shell.mails(), 0);
    shell.run_ok(&["adopt"]);
    shell.run_ok(&["deliver"]);
    assert_eq!(shell.mails(), 3);
}

#[test]
fn under_another_base_url_nothing_is_sent() {
    let shell = Shell::new();
    ready(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    shell.replace("https://news.example.edu", "https://staging.example.edu");
    let said = shell.courant(&["deliver"]);
    assert!(said.status == 1 && said.err.contains("https://staging.example.edu"), "{said:?}");
    assert_eq!(shell.mails(), 0);
}
