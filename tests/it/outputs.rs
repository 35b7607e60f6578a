//! Outputs for people: the zone of their times, the named digests, the counts of articles.

use crate::cli::import_example_data;
use crate::support::Shell;

/// Returns an installation in Lisbon with a second digest, whose dates are in another zone.
fn installation() -> Shell {
    let shell = Shell::with(
        "[[transports]]",
        "[[digests]]\nname = \"monthly\"\ntitle = \"The month\"\nschedule = \"0 8 1 * *\"\n\
         timezone = \"Asia/Shanghai\"\nfrom = \"College News <news@example.edu>\"\n\
         [[feeds]]\nname = \"nothing\"\nsections = [\"No such section\"]\n[[transports]]",
    );
    shell.replace("[database]", "timezone = \"Europe/Lisbon\"\n[database]");
    import_example_data(&shell);
    shell
}

#[test]
fn outputs_with_times_name_their_zone_once() {
    let shell = installation();
    shell.run_ok(&["digests", "run", "weekly"]);
    shell.run_ok(&["tokens", "create", "site", "--role", "viewer"]);
    shell.run_ok(&["suppressions", "add", "eve@example.org"]);
    for arguments in [
        &["articles", "list"][..],
        &["audit", "list"],
        &["digests", "list"],
        &["digests", "next"],
        &["editions", "list"],
        &["editions", "show", "1"],
        &["sources", "list"],
        &["sources", "check", "college"],
        &["status"],
        &["suppressions", "list"],
        &["suppressions", "show", "eve@example.org"],
        &["tokens", "list"],
    ] {
        let text = shell.run_ok(arguments);
        let expected = if arguments == ["sources", "check", "college"] { 2 } else { 1 };
        assert_eq!(text.matches("Europe/Lisbon").count(), expected, "{arguments:?}: {text}");
        let other = usize::from(matches!(arguments, ["digests", ..] | ["status"]));
        assert_eq!(text.matches("Asia/Shanghai").count(), other, "{arguments:?}: {text}");
    }
}

#[test]
fn digests_next_lists_the_named_digests_only() {
    let shell = installation();
    let text = shell.run_ok(&["digests", "next", "monthly"]);
    assert!(text.contains("(monthly)") && !text.contains("(weekly)"), "{text}");
    let both = shell.courant(&["digests", "next", "monthly", "weekly", "--json"]).json();
    assert_eq!((&both[0]["digest"], &both[1]["digest"]), (&"monthly".into(), &"weekly".into()));
    let output = shell.courant(&["digests", "next", "yearly"]);
    assert_eq!(output.status, 2, "{output:?}");
    assert!(output.err.contains("yearly"), "{output:?}");
}

#[test]
fn check_counts_the_articles_of_sources_feeds_and_digests() {
    let shell = installation();
    let articles = shell.courant(&["articles", "list", "--json"]).json().as_array().unwrap().len();
    let text = shell.courant(&["check"]).out;
    for line in [
        format!("ok    source college: readable, {articles} articles imported"),
        format!("ok    feed news: {articles} articles"),
        "warn  feed nothing: it selects none of the articles".to_owned(),
        format!("ok    digest weekly: {articles} articles for the next edition"),
    ] {
        assert!(text.contains(&line), "{line}: {text}");
    }
}

#[test]
fn a_sync_shows_a_note_once_and_counts_it_afterwards() {
    let shell = Shell::new();
    let cms = shell.write("cms.db", "");
    let query = "query = \"SELECT 1 AS id, 'Fair' AS title, '2026-09-20' AS published_at\"";
    shell.replace(
        "kind = \"builtin\"",
        &format!("kind = \"query\"\nurl = \"sqlite://{}\"\n{query}", cms.display()),
    );
    let note = "note on all rows: No article has a link";
    let first = shell.run_ok(&["sources", "sync"]);
    assert!(first.contains(note) && !first.contains("as before"), "{first}");
    let second = shell.run_ok(&["sources", "sync"]);
    let counted = "1 note as before; `courant sources check college` shows all notes";
    assert!(second.contains(counted) && !second.contains(note), "{second}");
    assert!(shell.run_ok(&["sources", "check", "college"]).contains("links         none"));
    let json = shell.courant(&["sources", "sync", "--json"]).json();
    assert_eq!(
        (&json[0]["new_notes"], &json[0]["notes"][0]["id"]),
        (&0.into(), &"all rows".into())
    );
}
