//! Commands that a person runs after `courant init`.

use std::path::Path;

use super::config_file::Answers;

/// Returns the commands that a person runs next.
pub(super) fn text(answers: &Answers, path: &Path) -> String {
    let config = if path == Path::new("config.toml") {
        String::new()
    } else {
        format!(" --config {}", path.display())
    };
    let name = answers.source_name();
    let (first, second) = if answers.source_kind == "builtin" {
        ("articles import FILE".to_owned(), "imports articles")
    } else {
        (format!("sources check {name}"), "shows what it contains")
    };
    let serves = format!("serves feeds on 127.0.0.1:{}, sends digests", answers.port);
    let steps = [
        (first, second),
        ("sources sync".to_owned(), "imports the articles"),
        ("digests preview weekly --out preview".to_owned(), "writes the next digest"),
        ("digests test weekly --to YOU@EXAMPLE.EDU".to_owned(), "sends it only to you"),
        ("users add NAME --role admin".to_owned(), "prints a link to set a password for /admin"),
        ("serve".to_owned(), serves.as_str()),
    ];
    let steps = steps
        .into_iter()
        .filter(|(command, _)| answers.source_kind != "builtin" || command != "sources sync");
    let lines: String = steps
        .map(|(command, purpose)| format!("  courant{config} {command:<42} {purpose}\n"))
        .collect();
    format!("\nNext:\n{lines}")
}
