//! The command line in a shell: completions, manual pages, status, closed pipes, the width of a terminal
//! and colors.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::cli::import_example_data;
use crate::support::{Shell, Terminal};

#[test]
fn completions_and_manual_pages_name_every_command_without_a_configuration() {
    let shell = Shell::new();
    std::fs::remove_file(shell.path("config.toml")).unwrap();
    for name in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(shell.run_ok(&["completions", name]).contains("suppressions"), "{name}");
    }
    assert_eq!(shell.courant(&["completions", "cmd"]).status, 2);
    shell.run_ok(&["man", "--out", "share/man1"]);
    for page in ["courant.1", "courant-subscribers-add.1"] {
        assert!(shell.path("share/man1").join(page).exists(), "{page}");
    }
}

#[test]
fn the_status_is_at_most_ten_lines_and_one_json_document() {
    let shell = Shell::new();
    import_example_data(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    let text = shell.run_ok(&["status"]);
    assert!(text.lines().count() <= 10 && text.contains("3 messages waiting"), "{text}");
    let status = shell.courant(&["status", "--json"]).json();
    assert_eq!(status["waiting"], 3);
    assert_eq!(status["transports"][0]["waiting"], 3);
    assert_eq!(status["open_editions"][0]["state"], "sending");
    shell.run_ok(&["deliver"]);
    assert!(shell.run_ok(&["status"]).contains("none open"));
}

#[test]
fn a_pipe_that_closes_is_not_an_error() {
    let shell = Shell::new();
    let people: String = (0..5_000).map(|n| format!("reader{n}@example.org\n")).collect();
    shell.write("many.csv", format!("email\n{people}"));
    shell.run_ok(&["subscribers", "import", "many.csv", "--digest", "weekly"]);
    import_example_data(&shell);
    shell.run_ok(&["digests", "run", "weekly"]);
    for arguments in [
        &["subscribers", "export"][..],
        &["subscribers", "list"],
        &["subscribers", "list", "--json"],
        &["subscribers", "--help"],
        &["editions", "export", "1"],
        &["editions", "show", "1"],
        &["editions", "list"],
        &["articles", "list"],
        &["articles", "show", "a"],
        &["audit", "list"],
        &["digests", "list"],
        &["digests", "next"],
        &["feeds", "list"],
        &["feeds", "readers"],
        &["sources", "list"],
        &["suppressions", "list"],
        &["tokens", "list"],
        &["websub", "subscribers"],
        &["status"],
        &["check"],
        &["completions", "bash"],
    ] {
        let mut child = Shell::command(&shell.path("."), arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}: {output:?}");
    }
}

/// Adds long names, a long address and failed deliveries to the example data.
fn shell_with_long_texts() -> Shell {
    let shell = Shell::with(
        "[[transports]]",
        "[[digests]]
name = \"partner-institutions\"
title = \"Monthly digest for partner institutions and their international offices\"
schedule = \"0 8 1 * *\"
from = \"College News <news@example.edu>\"
[[transports]]",
    );
    import_example_data(&shell);
    shell.write(
        "more.jsonl",
        "{\"id\":\"c\",\"title\":\"A headline that is much longer than a line of a usual terminal, as some of them are\",\"section\":\"International cooperation\",\"body_html\":\"<p>text</p>\"}\n",
    );
    shell.run_ok(&["articles", "import", "more.jsonl"]);
    let name = "Jürgen Weiß-Hohenlohe, International Office of the University";
    let address = "juergen.weiss-hohenlohe@office.example.org";
    shell.run_ok(&["subscribers", "add", address, "--digest", "weekly", "--name", name]);
    shell.run_ok(&["digests", "run", "weekly"]);
    shell.run_ok(&["deliver"]);
    shell.run_ok(&["suppressions", "add", "eve@example.org"]);
    shell.run_ok(&["tokens", "create", "prometheus-of-the-monitoring", "--role", "viewer"]);
    shell
}

#[test]
fn the_output_of_commands_fits_a_terminal_of_80_columns_and_keys_stay_complete() {
    let shell = shell_with_long_texts();
    let terminal = Terminal { columns: 80, no_color: true };
    for (arguments, part) in [
        (&["articles", "list"][..], "college"),
        (&["audit", "list"], "suppression"),
        (&["check"], "warn"),
        (&["digests", "list"], "partner-institutions"),
        (&["digests", "next"], "left out: 3 were in an earlier edition"),
        (&["editions", "list"], "cancelled"),
        (&["editions", "show", "1"], "sent 3"),
        (&["editions", "show", "1", "--failed"], "no delivery failed"),
        (&["feeds", "list"], "https://news.example.edu/feeds/news.rss"),
        (&["feeds", "list", "--on-demand"], "international%20cooperation.rss"),
        (&["feeds", "readers"], "median of 7 days"),
        (&["sources", "list"], "blocked removals"),
        (&["status"], "partner-institutions"),
        (&["subscribers", "list"], "juergen.weiss-hohenlohe@office.example.org"),
        (&["subscribers", "show", "juergen.weiss-hohenlohe@office.example.org"], "University"),
        (&["suppressions", "list"], "admin"),
        (&["tokens", "list"], "prometheus-of-the-monitoring"),
        (&["websub", "subscribers"], "hub"),
        (&["digests", "preview", "weekly", "--out", "preview"], "--sample"),
    ] {
        let shown = terminal.show(&shell, arguments);
        assert!(shown.contains(part), "{arguments:?}: {shown}");
        for line in shown.lines().filter(|line| !line.trim_start().starts_with("https://")) {
            assert!(line.chars().count() <= 80, "{arguments:?}: {line}");
        }
    }
    let json = terminal.show(&shell, &["articles", "list", "--json"]);
    assert!(json.lines().any(|line| line.chars().count() > 80), "a document is never wrapped");
}

#[test]
fn colors_appear_only_on_a_terminal_and_never_with_no_color() {
    let shell = shell_with_long_texts();
    for arguments in
        [&["check"][..], &["subscribers", "list"], &["status"], &["editions", "--help"]]
    {
        let shown = |no_color| Terminal { columns: 80, no_color }.show(&shell, arguments);
        assert!(shown(false).contains("\u{1b}["), "{arguments:?}");
        assert!(!shown(true).contains('\u{1b}'), "{arguments:?}");
        assert!(!shell.run_ok(arguments).contains('\u{1b}'), "{arguments:?}");
    }
}
