//! The command line in a shell: completions, manual pages, status and closed pipes.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::cli::import_example_data;
use crate::support::Shell;

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
    for arguments in [
        &["subscribers", "export"][..],
        &["subscribers", "list"],
        &["subscribers", "list", "--json"],
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
