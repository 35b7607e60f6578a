//! Errors of the command line: exit statuses and messages.

use crate::support::Shell;

#[test]
fn an_invalid_config_is_rejected_with_file_and_line() {
    for (was, is, line, message) in [
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
            let output = shell.courant(command);
            assert_eq!(output.status, 2, "{is}: {output:?}");
            let location = format!("config.toml:{line}: ");
            assert!(
                output.err.contains(&location)
                    && output.err.contains(message)
                    && output.out.is_empty(),
                "{is}: {output:?}"
            );
        }
        assert!(!shell.path("courant.db").exists(), "a rejected config should create no database");
    }
}

#[test]
fn wrong_usage_exits_with_status_2() {
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
        let output = shell.courant(arguments);
        assert!(
            output.status == 2 && output.out.is_empty() && !output.err.is_empty(),
            "{arguments:?}: {output:?}"
        );
    }
    let output = shell.courant(&["digests", "run", "monthly"]);
    assert!(
        output.err.contains("monthly") && output.err.contains("weekly"),
        "the error should list the existing digests: {output:?}"
    );
}

#[test]
fn a_subscriber_without_a_digest_is_asked_for_one_of_the_existing_digests() {
    let shell = Shell::new();
    let daily =
        "[[digests]]\nname = \"daily\"\nschedule = \"0 7 * * *\"\nfrom = \"news@example.edu\"\n";
    shell.replace("[[transports]]", &format!("{daily}[[transports]]"));
    let output = shell.courant(&["subscribers", "add", "ann@example.org"]);
    assert_eq!(output.status, 2, "{output:?}");
    let problem = "no digest given; use --digest NAME; existing digests: weekly, daily";
    assert!(output.err.contains(problem), "{output:?}");
}

#[test]
fn the_error_of_an_invalid_address_names_it_once() {
    let shell = Shell::new();
    for arguments in [
        &["subscribers", "add", "nobody"][..],
        &["subscribers", "show", "nobody"],
        &["digests", "test", "weekly", "--to", "nobody"],
        &["digests", "preview", "weekly", "--out", "x", "--as", "nobody"],
    ] {
        let error = shell.courant(arguments).err;
        assert_eq!(
            error, "error: `nobody` is not a valid e-mail address: it has no @\n",
            "{arguments:?}"
        );
    }
}

#[test]
fn an_option_that_needs_a_number_says_so() {
    let shell = Shell::new();
    for (value, hint) in [("x", "write a whole number"), ("99999999999999999999", "too large")] {
        for arguments in [["articles", "list", "--limit"], ["feeds", "readers", "--days"]] {
            let output = shell.courant(&[&arguments[..], &[value]].concat());
            assert_eq!(output.status, 2, "{output:?}");
            assert!(
                output.err.contains(&format!("invalid value '{value}' for '{}", arguments[2]))
                    && output.err.contains(hint)
                    && !output.err.contains("digit"),
                "{output:?}"
            );
        }
    }
}

#[test]
fn a_missing_object_exits_with_status_1() {
    let shell = Shell::new();
    for arguments in [
        &["editions", "show", "7"][..],
        &["editions", "pause", "7"],
        &["articles", "show", "nothing"],
        &["subscribers", "show", "nobody@example.org"],
        &["suppressions", "remove", "nobody@example.org"],
        &["articles", "import", "missing.jsonl"],
    ] {
        let output = shell.courant(arguments);
        assert!(
            output.status == 1 && output.err.starts_with("error: "),
            "{arguments:?}: {output:?}"
        );
    }
}

#[test]
fn check_reports_errors_in_templates_and_sources() {
    let shell = Shell::new();
    assert_eq!(shell.courant(&["check"]).status, 0);
    shell.replace("[site]\n", "templates = \"mine\"\n[site]\n");
    shell.write("mine/email/digest/text.hbs", "{{site.titel}}\n");
    let output = shell.courant(&["check"]);
    assert_eq!(output.status, 1, "{output:?}");
    assert!(format!("{}{}", output.out, output.err).contains("titel"), "{output:?}");
    let shell = Shell::with(
        "kind = \"builtin\"",
        "kind = \"query\"\nurl = \"sqlite://cms.db\"\nquery = \"SELECT 1 AS id\"",
    );
    shell.write("cms.db", "");
    let output = shell.courant(&["check"]);
    assert!(output.status == 1 && output.out.contains("`title` is missing"), "{output:?}");
    let synced = shell.courant(&["sources", "sync"]);
    assert!(synced.status == 1 && synced.err.contains("`title` is missing"), "{synced:?}");
    let listed = shell.run_ok(&["sources", "list"]);
    assert!(listed.contains("\ncollege: query: the column `title` is missing"), "{listed}");
}

#[test]
fn a_query_of_two_statements_is_rejected_by_the_check_and_by_the_sync() {
    let shell = Shell::with(
        "kind = \"builtin\"",
        "kind = \"query\"\nurl = \"sqlite://cms.db\"\nquery = \"SELECT 1 AS id, 'A' AS title, 0 AS published_at; SELECT 2\"",
    );
    shell.write("cms.db", "");
    let problem = "query: a second statement follows the first one; write only one SELECT";
    let output = shell.courant(&["check"]);
    assert!(output.status == 1 && output.out.contains(problem), "{output:?}");
    let output = shell.courant(&["sources", "sync"]);
    assert!(output.status == 1 && output.err.contains(problem), "{output:?}");
}

#[test]
fn an_unreachable_database_is_reported_in_one_line_without_its_password() {
    let shell = Shell::with("sqlite://courant.db", "postgres://news:sesame@127.0.0.1:1/courant");
    for command in [&["check"][..], &["deliver"], &["editions", "list"]] {
        let output = shell.courant(command);
        assert!(output.status == 1 && output.err.contains("127.0.0.1:1/courant"), "{output:?}");
        assert!(!output.err.contains("sesame") && output.err.lines().count() == 1, "{output:?}");
    }
}

#[test]
fn invalid_lines_are_reported_by_file_and_line_and_nothing_is_imported() {
    let shell = Shell::new();
    shell.write("people.csv", "email\nann@example.org\nnonsense\n");
    let output = shell.courant(&["subscribers", "import", "people.csv", "--digest", "weekly"]);
    assert!(output.status == 1 && output.err.contains("people.csv:3: "), "{output:?}");
    assert_eq!(shell.courant(&["subscribers", "list", "--json"]).json(), serde_json::json!([]));
    shell.write("a.jsonl", "{\"title\":\"fine\"}\n{\"titel\":\"typo\"}\nno json\n");
    let output = shell.courant(&["articles", "import", "a.jsonl"]);
    assert!(
        output.status == 1
            && output.err.contains("a.jsonl:2: ")
            && output.err.contains("a.jsonl:3: "),
        "{output:?}"
    );
    assert_eq!(shell.courant(&["articles", "list", "--json"]).json(), serde_json::json!([]));
}
