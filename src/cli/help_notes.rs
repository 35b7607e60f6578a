//! Notes below the help of commands, and changes of the help of all commands.

use clap::Command;

/// Changes a command and all commands below it; `change` gets the path of each, such as `editions list`.
pub(super) fn change_all(command: Command, change: &impl Fn(&str, Command) -> Command) -> Command {
    change_below("", command, change)
}

fn change_below(
    path: &str,
    command: Command,
    change: &impl Fn(&str, Command) -> Command,
) -> Command {
    let command = command.mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        change_below(path.trim_start(), sub, change)
    });
    change(path, command)
}

/// Adds a note to the help of a command, after those that it has.
pub(super) fn append(command: Command, note: &str) -> Command {
    let notes =
        command.get_after_help().map(|notes| format!("{}\n\n", notes.ansi())).unwrap_or_default();
    command.after_help(format!("{notes}{note}"))
}
