//! Examples of every command, which its `--help` and its manual page show.

use clap::Command;
use clap::builder::Styles;

use super::help_notes::{append, change_all};

/// Examples by command; the first is that of the program itself.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("", &["courant demo", "courant init", "courant serve"]),
    ("serve", &["courant serve", "courant serve --config /etc/courant/config.toml"]),
    ("demo", &["courant demo", "courant demo --port 9000"]),
    (
        "init",
        &[
            "courant init",
            "courant init --source wordpress \\\n    --source-url mysql://courant:a-long-password@127.0.0.1/wordpress",
            "courant init --title \"College News\" --base-url https://news.example.edu \\\n    --from \"College News <news@example.edu>\" \\\n    --relay smtps://mail.example.edu",
        ],
    ),
    ("check", &["courant check", "courant check --offline"]),
    ("status", &["courant status", "courant status --json"]),
    ("completions", &["courant completions bash > /etc/bash_completion.d/courant"]),
    ("man", &["courant man --out /usr/local/share/man/man1"]),
    ("migrate", &["courant migrate"]),
    ("reload", &["courant reload"]),
    ("sources", &["courant sources check wordpress", "courant sources sync"]),
    (
        "sources sync",
        &[
            "courant sources sync",
            "courant sources sync wordpress",
            "courant sources sync wordpress --accept-removals",
        ],
    ),
    ("sources check", &["courant sources check wordpress"]),
    ("sources list", &["courant sources list", "courant sources list --json"]),
    ("articles", &["courant articles list --limit 20", "courant articles import articles.csv"]),
    ("articles list", &["courant articles list --limit 20", "courant articles list --scheduled"]),
    (
        "articles show",
        &[
            "courant articles show wordpress/42",
            "courant articles show \"tag:news.example.edu,2026:wordpress/42\"",
        ],
    ),
    (
        "articles import",
        &[
            "courant articles import articles.csv",
            "courant articles import export.xml --source college --report rejected.txt",
        ],
    ),
    ("articles remap-ids", &["courant articles remap-ids old-and-new-ids.csv --source wordpress"]),
    ("feeds", &["courant feeds list", "courant feeds build --out public"]),
    ("feeds list", &["courant feeds list", "courant feeds list --on-demand --limit 20"]),
    ("feeds readers", &["courant feeds readers", "courant feeds readers news --days 90"]),
    ("feeds build", &["courant feeds build --out public"]),
    ("feeds publish", &["courant feeds publish", "courant feeds publish cdn --again"]),
    ("digests", &["courant digests next", "courant digests preview weekly --out preview"]),
    ("digests list", &["courant digests list", "courant digests list --json"]),
    ("digests next", &["courant digests next"]),
    (
        "digests preview",
        &[
            "courant digests preview weekly --out preview",
            "courant digests preview weekly --out preview --as ann@example.org",
            "courant digests preview weekly --out preview --sample",
        ],
    ),
    (
        "digests test",
        &[
            "courant digests test weekly --to you@example.edu",
            "courant digests test weekly --to you@example.edu --last",
        ],
    ),
    (
        "digests run",
        &["courant digests run weekly", "courant digests run weekly --now 2026-09-21T08:00:00Z"],
    ),
    ("digests pause", &["courant digests pause weekly", "courant digests pause --all"]),
    ("digests resume", &["courant digests resume weekly", "courant digests resume --all"]),
    ("editions", &["courant editions list", "courant editions show 12 --failed"]),
    ("editions list", &["courant editions list", "courant editions list --limit 10"]),
    ("editions show", &["courant editions show 12", "courant editions show 12 --failed"]),
    (
        "editions export",
        &[
            "courant editions export 12 > edition-12.csv",
            "courant editions export 12 --failed > not-sent.csv",
        ],
    ),
    ("editions pause", &["courant editions pause 12"]),
    ("editions resume", &["courant editions resume 12"]),
    ("editions cancel", &["courant editions cancel 12"]),
    ("editions retry", &["courant editions retry 12"]),
    ("deliver", &["courant deliver"]),
    (
        "subscribers",
        &[
            "courant subscribers list --search example.org",
            "courant subscribers import people.csv --digest weekly",
        ],
    ),
    (
        "subscribers list",
        &[
            "courant subscribers list --search example.org",
            "courant subscribers list --digest weekly --status pending",
            "courant subscribers list --where 'tag = \"partner\" and language = \"zh\"'",
        ],
    ),
    ("subscribers show", &["courant subscribers show ann@example.org"]),
    (
        "subscribers add",
        &[
            "courant subscribers add ann@example.org --digest weekly",
            "courant subscribers add ann@example.org --section Campus --section Library",
            "courant subscribers add ann@example.org --status confirmed \\\n    --consent \"by phone, 3 May\"",
        ],
    ),
    (
        "subscribers edit",
        &[
            "courant subscribers edit ann@example.org --email ann.lee@example.org",
            "courant subscribers edit ann@example.org --name \"Ann Lee\" --language en",
            "courant subscribers edit ann@example.org --tag partner \\\n    --attribute city=Berlin",
        ],
    ),
    ("subscribers erase", &["courant subscribers erase ann@example.org"]),
    (
        "subscribers remove",
        &[
            "courant subscribers remove ann@example.org",
            "courant subscribers remove ann@example.org --digest weekly --reason moved",
        ],
    ),
    (
        "subscribers import",
        &[
            "courant subscribers import people.csv --digest weekly --dry-run",
            "courant subscribers import people.csv --digest weekly \\\n    --map \"email=E-Mail,name=Full Name\"",
            "courant subscribers import partners.csv --digest weekly \\\n    --status confirmed --consent \"partner agreement 2026\"",
        ],
    ),
    (
        "subscribers export",
        &[
            "courant subscribers export > subscribers.csv",
            "courant subscribers export --digest weekly > weekly.csv",
        ],
    ),
    ("attributes", &["courant attributes list", "courant attributes add member_since --type date"]),
    (
        "subscribers bulk",
        &[
            "courant subscribers bulk tag partner --where 'domain = \"example.edu\"'",
            "courant subscribers bulk list",
        ],
    ),
    (
        "subscribers bulk tag",
        &["courant subscribers bulk tag partner --where 'domain = \"example.edu\"'"],
    ),
    (
        "subscribers bulk untag",
        &["courant subscribers bulk untag new --where 'created < \"2026-01-01\"'"],
    ),
    (
        "subscribers bulk subscribe",
        &[
            "courant subscribers bulk subscribe --digest weekly \\\n    --consent \"agreement of 2026\" --where 'tag = \"partner\"'",
        ],
    ),
    (
        "subscribers bulk unsubscribe",
        &[
            "courant subscribers bulk unsubscribe --digest weekly \\\n    --reason \"end of the project\" --where 'tag = \"project\"'",
        ],
    ),
    (
        "subscribers bulk erase",
        &[
            "courant subscribers bulk erase --where 'digest is empty'",
            "courant subscribers bulk erase --where 'digest is empty' --yes",
        ],
    ),
    (
        "subscribers bulk list",
        &["courant subscribers bulk list --limit 5", "courant subscribers bulk list --json"],
    ),
    ("subscribers bulk resume", &["courant subscribers bulk resume 7"]),
    ("attributes list", &["courant attributes list", "courant attributes list --json"]),
    (
        "attributes add",
        &[
            "courant attributes add city --type text",
            "courant attributes add member_since --type date",
        ],
    ),
    ("attributes remove", &["courant attributes remove city"]),
    ("segments", &["courant segments list", "courant segments show partners"]),
    ("segments list", &["courant segments list", "courant segments list --json"]),
    ("segments show", &["courant segments show partners"]),
    ("suppressions", &["courant suppressions list", "courant suppressions show ann@example.org"]),
    ("suppressions list", &["courant suppressions list", "courant suppressions list --limit 20"]),
    ("suppressions export", &["courant suppressions export > suppressions.csv"]),
    ("suppressions show", &["courant suppressions show ann@example.org"]),
    ("suppressions add", &["courant suppressions add ann@example.org"]),
    ("suppressions remove", &["courant suppressions remove ann@example.org"]),
    ("users", &["courant users add lin --role editor", "courant users list"]),
    (
        "users add",
        &[
            "courant users add lin --role editor",
            "courant users add wu --role lists --digest weekly",
            "courant users add admin --role admin --password-file password.txt",
        ],
    ),
    ("users list", &["courant users list", "courant users list --json"]),
    ("users role", &["courant users role lin admin"]),
    ("users reset", &["courant users reset lin"]),
    ("users remove", &["courant users remove lin"]),
    ("tokens", &["courant tokens create cms --role editor", "courant tokens list"]),
    (
        "tokens create",
        &[
            "courant tokens create cms --role editor",
            "courant tokens create prometheus --role viewer > /etc/prometheus/token",
        ],
    ),
    ("tokens list", &["courant tokens list"]),
    ("tokens revoke", &["courant tokens revoke cms"]),
    ("audit", &["courant audit list --limit 20"]),
    ("audit list", &["courant audit list --limit 20", "courant audit list --json"]),
    ("config", &["courant config show --effective", "courant config export"]),
    ("config show", &["courant config show", "courant config show --effective --json"]),
    ("config export", &["courant config export > definitions.toml"]),
    ("definitions", &["courant definitions list", "courant definitions show feed campus"]),
    ("definitions list", &["courant definitions list", "courant definitions list --json"]),
    ("definitions show", &["courant definitions show feed campus"]),
    ("definitions restore", &["courant definitions restore feed campus 12"]),
    ("webhooks", &["courant webhooks list", "courant webhooks test intranet"]),
    ("webhooks list", &["courant webhooks list", "courant webhooks list --json"]),
    ("webhooks log", &["courant webhooks log intranet --limit 20"]),
    ("webhooks replay", &["courant webhooks replay intranet evt_12"]),
    ("webhooks test", &["courant webhooks test intranet"]),
    ("websub", &["courant websub subscribers"]),
    ("websub subscribers", &["courant websub subscribers", "courant websub subscribers --json"]),
    ("backup", &["courant backup /var/backups/courant.db"]),
    ("adopt", &["courant adopt"]),
];

/// Adds the examples of each command to its help, after the notes that it has; the heading has the
/// style of the other headings.
pub(super) fn add(command: Command, styles: &Styles) -> Command {
    let style = styles.get_header();
    change_all(command, &|path, command| {
        let Some((_, examples)) = EXAMPLES.iter().find(|(name, _)| *name == path) else {
            return command;
        };
        let examples = examples.join("\n  ");
        append(command, &format!("{style}Examples:{style:#}\n  {examples}"))
    })
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;
    use crate::cli::Cli;

    /// Splits a command line as a shell does, without redirections.
    fn words(line: &str) -> Vec<String> {
        let (line, mut words, mut quote) = (line.replace("\\\n", " "), Vec::new(), None);
        let mut word = String::new();
        for c in line.split(" > ").next().unwrap_or_default().chars() {
            match c {
                c if quote == Some(c) => quote = None,
                '"' | '\'' if quote.is_none() => quote = Some(c),
                ' ' if quote.is_none() => words.push(std::mem::take(&mut word)),
                _ => word.push(c),
            }
        }
        words.push(word);
        words.retain(|word| !word.is_empty());
        words
    }

    /// Returns the paths of a command and of all commands below it.
    fn paths(prefix: &str, command: &Command) -> Vec<String> {
        let below = command.get_subcommands().flat_map(|sub| {
            let path = format!("{prefix} {}", sub.get_name());
            paths(path.trim_start(), sub)
        });
        std::iter::once(prefix.to_owned()).chain(below).collect()
    }

    #[test]
    fn every_command_has_examples_that_it_parses_and_that_fit_a_terminal() {
        let mut paths = paths("", &Cli::command());
        let mut named: Vec<String> = EXAMPLES.iter().map(|(name, _)| (*name).to_owned()).collect();
        paths.sort();
        named.sort();
        assert_eq!(named, paths, "a command without examples, or examples without a command");
        for (path, examples) in EXAMPLES {
            assert!(!examples.is_empty(), "{path}");
            for example in *examples {
                let words = words(example);
                let below = format!("courant {path}");
                assert!(words.join(" ").starts_with(below.trim_end()), "{path}: {example}");
                let parsed = Cli::try_parse_from(&words);
                assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
                assert!(example.lines().all(|line| line.len() <= 76), "{example}");
            }
        }
    }

    #[test]
    fn help_has_the_notes_of_a_command_before_its_examples() {
        let mut command = add(Cli::command(), &Styles::plain());
        command.build();
        let help = |command: &mut Command| command.render_long_help().to_string();
        let editions = command.find_subcommand_mut("editions").unwrap();
        let cancel = help(editions.find_subcommand_mut("cancel").unwrap());
        let end = "held.\n\nExamples:\n  courant editions cancel 12\n";
        assert!(cancel.ends_with(end), "{cancel}");
    }
}
