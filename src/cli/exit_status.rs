//! Exit statuses of the commands for which 1 has more than one meaning; their `--help` and their manual
//! pages show them.

use clap::Command;
use clap::builder::Styles;

use super::help_notes::{append, change_all};

/// Meanings of the statuses 0 and 1 by command.
const STATUSES: &[(&str, [&str; 2])] = &[
    (
        "check",
        [
            "no errors; there may be warnings",
            "the configuration or something it refers to has an error",
        ],
    ),
    (
        "reload",
        [
            "every running server uses the new configuration",
            "no server answered, or one keeps its old configuration",
        ],
    ),
    (
        "sources sync",
        [
            "every source was read; removals may be blocked",
            "a source could not be read; the others were synced",
        ],
    ),
    (
        "articles import",
        [
            "all articles of the file were imported",
            "a line is invalid and nothing was imported, or an article\n     was rejected and the others were imported",
        ],
    ),
    ("articles remap-ids", ["the mapping was applied", "a line is invalid; nothing was remapped"]),
    (
        "feeds publish",
        ["every destination was updated", "a destination has an error; the others were updated"],
    ),
    (
        "digests run",
        ["an edition was created", "no edition was created, for example for lack of articles"],
    ),
    (
        "deliver",
        [
            "all due messages were attempted; some may have failed, and\n     others may wait for a later attempt",
            "no message was sent, and one failed or is held; or a\n     transport could not send; or another process sends",
        ],
    ),
    (
        "subscribers import",
        [
            "all valid lines were imported (--dry-run: all are valid)",
            "a line is invalid and nothing was imported",
        ],
    ),
    ("suppressions remove", ["the suppression was removed", "the address was not suppressed"]),
    ("users role", ["the user has the role", "there is no such user, or no admin would remain"]),
    ("users reset", ["the link was printed", "there is no such user"]),
    ("users remove", ["the user was removed", "there is no such user, or no admin would remain"]),
    ("tokens revoke", ["the token was revoked", "there is no such token"]),
];

/// Adds the exit statuses of each command to its help, after the notes that it has.
pub(super) fn add(command: Command, styles: &Styles) -> Command {
    let style = styles.get_header();
    let usage = "wrong usage or invalid configuration";
    change_all(command, &|path, command| {
        let Some((_, [success, failure])) = STATUSES.iter().find(|(name, _)| *name == path) else {
            return command;
        };
        let note =
            format!("{style}Exit status:{style:#}\n  0  {success}\n  1  {failure}\n  2  {usage}");
        append(command, &note)
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    /// Returns the help of a command by its path.
    fn help(path: &str) -> String {
        let mut command = add(Cli::command(), &Styles::plain());
        command.build();
        let mut found = &mut command;
        for name in path.split(' ') {
            found = found.find_subcommand_mut(name).unwrap_or_else(|| panic!("no {path}"));
        }
        found.render_long_help().to_string()
    }

    #[test]
    fn the_help_of_a_command_states_its_exit_statuses_in_lines_that_fit_a_terminal() {
        for (path, [success, failure]) in STATUSES {
            let help = help(path);
            assert!(help.contains(&format!("  0  {success}\n  1  {failure}\n  2  ")), "{help}");
            let statuses = help.split_once("Exit status:").unwrap().1;
            assert!(statuses.lines().all(|line| line.len() <= 76), "{statuses}");
        }
    }

    #[test]
    fn the_documentation_lists_the_same_commands() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operating.md");
        let text = std::fs::read_to_string(path).unwrap();
        let table = text.split_once("| command | 0 | 1 |").unwrap().1;
        let table = table.split_once("\n\n").unwrap().0;
        let listed: Vec<&str> = table.lines().filter_map(|l| l.split('`').nth(1)).collect();
        assert_eq!(listed, STATUSES.iter().map(|(path, _)| *path).collect::<Vec<_>>());
    }
}
