//! The command line: the tree of commands, how they end, what they print.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::config::ConfigError;
use crate::domain::address::EmailAddress;

mod articles;
mod check;
mod deliver;
pub mod demo;
mod digests;
mod editions;
mod feeds;
mod hub;
mod output;
mod progress;
mod readers;
mod serve;
mod sources;
mod storage;
mod subscribers;
mod suppressions;
mod tokens;

/// Turns the articles in the database you already have into feeds and scheduled digest e-mails.
#[derive(Debug, Parser)]
#[command(name = "courant", version, about, long_about = None, propagate_version = true)]
struct Options {
    /// The configuration
    #[arg(
        long,
        global = true,
        env = "COURANT_CONFIG",
        default_value = "config.toml",
        value_name = "FILE"
    )]
    config: PathBuf,
    /// Print one JSON document instead of a table (`list`, `show` and `next`)
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything: sources, feeds, digests, delivery, web (the default)
    Serve,
    /// Show a sample college in the browser: no config, nothing to install
    Demo(demo::Options),
    /// Check config, database, sources, places to publish to and templates
    Check,
    /// Bring the database up to date
    Migrate,
    /// Read sources
    #[command(subcommand)]
    Sources(sources::Command),
    /// Look at mirrored articles, import them, let them keep their ids when their CMS changes
    #[command(subcommand)]
    Articles(articles::Command),
    /// Look at feeds and at how many read them; write them to a folder, publish them elsewhere
    #[command(subcommand)]
    Feeds(feeds::Command),
    /// Look at who is sent changes by the hub
    #[command(subcommand)]
    Hub(hub::Command),
    /// Look at digests, try them out, make an edition now
    #[command(subcommand)]
    Digests(digests::Command),
    /// Look at editions; pause, resume, cancel or retry one
    #[command(subcommand)]
    Editions(editions::Command),
    /// Send all that is due, then exit
    Deliver,
    /// Manage the people who receive digests
    #[command(subcommand)]
    Subscribers(subscribers::Command),
    /// Manage addresses that must never be mailed
    #[command(subcommand)]
    Suppressions(suppressions::Command),
    /// Manage tokens for programs that use the API
    #[command(subcommand)]
    Tokens(tokens::Command),
    /// Write a consistent copy of a SQLite store; the copy does not send until `adopt`
    Backup {
        /// The copy's name; must not exist
        file: PathBuf,
    },
    /// Let this copy of the store send under the config's base_url
    Adopt,
}

/// Wrong usage: exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Parses the command line, runs the command and gives the exit status: 0 done, 1 failed, 2 wrong usage or config.
pub fn main() -> ExitCode {
    let options = Options::parse();
    log(matches!(options.command, None | Some(Command::Serve)));
    // rustls refuses to choose where several providers could be linked.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            output::complain(&format!("cannot start: {e}"));
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(run(options));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match ended {
        Ok(code) => code,
        Err(e) if output::is_broken_pipe(&e) => ExitCode::SUCCESS,
        Err(e) => {
            output::complain(&format!("{e:#}"));
            let misused = e.is::<Usage>() || e.chain().any(|c| c.is::<ConfigError>());
            if misused { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let (path, json) = (options.config, options.json);
    let command = match options.command {
        None | Some(Command::Serve) => return serve::run(&path).await,
        Some(Command::Demo(demo)) => return demo.run().await,
        Some(Command::Check) => return check::run(&path).await,
        Some(command) => command,
    };
    let app = App::from_file(&path).await?;
    let ended = match command {
        Command::Migrate => storage::migrate(&app).await,
        Command::Sources(c) => c.run(&app, json).await,
        Command::Articles(c) => c.run(&app, json).await,
        Command::Feeds(c) => c.run(&app, json).await,
        Command::Hub(c) => c.run(&app, json).await,
        Command::Digests(c) => c.run(&app, json).await,
        Command::Editions(c) => c.run(&app, json).await,
        Command::Deliver => deliver::run(&app).await,
        Command::Subscribers(c) => c.run(&app, json).await,
        Command::Suppressions(c) => c.run(&app, json).await,
        Command::Tokens(c) => c.run(&app, json).await,
        Command::Backup { file } => storage::backup(&app, &file).await,
        Command::Adopt => storage::adopt(&app).await,
        Command::Demo(_) | Command::Check | Command::Serve => {
            unreachable!("they connect by themselves")
        }
    };
    app.store.close().await;
    ended
}

/// An address given as an argument.
pub(crate) fn address(email: &str) -> anyhow::Result<EmailAddress> {
    EmailAddress::parse(email).map_err(|why| Usage(format!("{email}: {why}")).into())
}

/// `1 line`, `2 lines`.
pub(crate) fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Logs go to standard error; `COURANT_LOG` chooses what (as `debug` or `courant::delivery=trace`).
fn log(serves: bool) {
    // The HTML parser warns of every table that an editor broke.
    let default = if serves { "courant=info,warn,html5ever=error" } else { "warn,html5ever=error" };
    let filter = EnvFilter::try_from_env("COURANT_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_tree_of_commands_is_sound() {
        super::Options::command().debug_assert();
    }
}
