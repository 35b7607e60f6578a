//! Help in one layout for all commands: options in one line each, with the meanings of their values below,
//! and without `--json` where the output is no JSON in any case.

use std::fmt::Write as _;

use clap::builder::{PossibleValue, Styles};
use clap::{Arg, ArgAction, Command};

use super::help_notes::{append, change_all};

/// Commands whose output `--json` does not change.
const WITHOUT_JSON: [&str; 7] = [
    "serve",
    "demo",
    "completions",
    "man",
    "editions export",
    "subscribers export",
    "suppressions export",
];

/// Changes the help of a command and of all commands below it.
pub(super) fn add(command: Command, styles: &Styles) -> Command {
    change_all(command, &|path, command| {
        let command = list_values(command, styles);
        if WITHOUT_JSON.contains(&path) {
            // The option of the program stays valid here; only the help does not show it.
            let json = Arg::new("json").long("json").global(true).action(ArgAction::SetTrue);
            return command.arg(json.hide(true));
        }
        command
    })
}

/// Moves the meanings of the values of options from the options to the notes below them. With them, an
/// option would have a paragraph of its own.
fn list_values(command: Command, styles: &Styles) -> Command {
    let style = styles.get_header();
    let mut notes = Vec::new();
    for argument in command.get_arguments() {
        let values = described_values(argument);
        if values.is_empty() {
            continue;
        }
        let name = argument.get_long().map_or_else(
            || format!("<{}>", argument.get_id().as_str().to_uppercase()),
            |long| format!("--{long}"),
        );
        let mut note = format!("{style}Values of {name}:{style:#}");
        let width = values.iter().map(|value| value.get_name().len()).max().unwrap_or_default();
        for value in &values {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = write!(note, "\n  {:width$}  {help}", value.get_name());
        }
        notes.push(note);
    }
    let command = command.mut_args(|arg| {
        if described_values(&arg).is_empty() { arg } else { arg.hide_possible_values(true) }
    });
    notes.iter().fold(command, |command, note| append(command, note))
}

/// Returns the values of an argument if they have a meaning that help states.
fn described_values(argument: &Arg) -> Vec<PossibleValue> {
    let mut values = argument.get_possible_values();
    values.retain(|value| !value.is_hide_set() && value.get_help().is_some());
    values
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _};

    use super::*;
    use crate::cli::Cli;

    /// Returns what `--help` prints for the command at a path.
    fn help(path: &str) -> String {
        let words = ["courant"].into_iter().chain(path.split(' ')).chain(["--help"]);
        let command = add(Cli::command(), &Styles::plain());
        command.try_get_matches_from(words).unwrap_err().to_string()
    }

    #[test]
    fn options_take_one_line_and_the_meanings_of_their_values_follow() {
        let help = help("tokens create");
        let options = help.split_once("Options:\n").unwrap().1;
        let options = options.split_once("\n\n").unwrap().0;
        assert!(options.lines().all(|line| line.contains("  ")), "{options}");
        assert!(options.contains("--role <ROLE>  "), "{options}");
        assert!(help.contains("\nValues of --role:\n  admin   All permissions"), "{help}");
        assert!(!help.contains("see a summary"), "{help}");
    }

    #[test]
    fn json_is_listed_only_where_it_changes_the_output_and_is_accepted_everywhere() {
        for path in WITHOUT_JSON {
            assert!(!help(path).contains("--json"), "{path}");
        }
        assert!(help("editions list").contains("--json"));
        for line in ["courant --json demo", "courant demo --json"] {
            let command = add(Cli::command(), &Styles::plain());
            let matches = command.try_get_matches_from(line.split(' ')).unwrap();
            assert!(Cli::from_arg_matches(&matches).unwrap().json, "{line}");
        }
    }
}
