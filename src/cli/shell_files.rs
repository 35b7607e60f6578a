//! `courant completions` and `courant man`: files that a package installs for shells and `man`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Command;

use super::output;

/// Prints completions for a shell.
pub(super) fn completions(
    mut command: Command,
    shell: clap_complete::Shell,
) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "courant", &mut text);
    output::verbatim(String::from_utf8(text)?.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// Writes one manual page for the program and each command to a directory.
pub(super) fn man_pages(command: Command, directory: &Path) -> anyhow::Result<ExitCode> {
    let shown = directory.display();
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(command, directory))
        .with_context(|| format!("cannot write to {shown}; choose a directory with --out DIR"))?;
    output::line(&format!("Wrote the manual pages to {shown}."))?;
    Ok(ExitCode::SUCCESS)
}
