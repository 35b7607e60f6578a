//! Command line: the command tree, exit codes and logging.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::Styles;
use clap::{CommandFactory, FromArgMatches as _, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::config::ConfigError;

mod adopt;
mod articles;
mod attributes;
mod audit;
mod backup;
mod check;
mod config;
mod definitions;
mod deliver;
mod demo;
mod digest_previews;
mod digest_sentences;
mod digests;
mod editions;
mod examples;
mod exit_status;
mod feeds;
mod help_layout;
mod help_notes;
mod init;
mod issue_report;
mod log_writer;
mod migrate;
mod output;
mod paging;
mod progress;
mod reload;
mod security_warnings;
mod segments;
mod serve;
mod shell_files;
mod sources;
mod status;
mod subscribers;
mod suppressions;
mod table;
mod tokens;
mod usage;
mod users;
mod webhooks;
mod websub;
mod wrap;

/// Options of all commands, and the command to run.
#[derive(Debug, Parser)]
#[command(name = "courant", version, about, long_about = None, propagate_version = true)]
struct Cli {
    /// Path of the configuration file
    #[arg(
        long,
        global = true,
        env = "COURANT_CONFIG",
        default_value = "config.toml",
        value_name = "FILE",
        help_heading = "Global options"
    )]
    config: PathBuf,
    /// Print one JSON document instead of text
    #[arg(long, global = true, help_heading = "Global options")]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all components: sources, feeds, mail, web (default)
    Serve,
    /// Run a demo site for a fictional college; needs no setup
    Demo(demo::DemoArgs),
    /// Ask for the settings of a site and write a configuration file
    Init(Box<init::InitArgs>),
    /// Check the configuration and everything that it refers to
    Check {
        /// Do not connect to relays
        #[arg(long)]
        offline: bool,
    },
    /// Show the state of sources, feeds, digests and delivery
    Status,
    /// Print completions for a shell
    Completions {
        /// Name of the shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages to a directory
    Man {
        /// Output directory; created if missing
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Apply pending database migrations
    Migrate,
    /// Reload the configuration of all running nodes
    Reload,
    /// List, check and sync sources
    #[command(subcommand)]
    Sources(sources::Command),
    /// List and import articles; remap ids after a CMS change
    #[command(subcommand)]
    Articles(articles::Command),
    /// List, build and publish feeds; show reader counts
    #[command(subcommand)]
    Feeds(feeds::Command),
    /// List, preview, test and run digests
    #[command(subcommand)]
    Digests(digests::Command),
    /// List editions; pause, resume, cancel or retry one
    #[command(subcommand)]
    Editions(editions::Command),
    /// Send all due messages, print a report and exit
    Deliver,
    /// Manage subscribers and their subscriptions
    #[command(subcommand)]
    Subscribers(subscribers::Command),
    /// Manage the attributes that subscribers can have
    #[command(subcommand)]
    Attributes(attributes::Command),
    /// Show the named filters over subscribers
    #[command(subcommand)]
    Segments(segments::Command),
    /// Manage the list of addresses that are never mailed
    #[command(subcommand)]
    Suppressions(suppressions::Command),
    /// Manage the people who sign in to the admin area
    #[command(subcommand)]
    Users(users::Command),
    /// Manage tokens of API clients
    #[command(subcommand)]
    Tokens(tokens::Command),
    /// List changes and who made them
    #[command(subcommand)]
    Audit(audit::Command),
    /// Show the configuration and where it comes from
    #[command(subcommand)]
    Config(config::Command),
    /// List and restore what the database defines
    #[command(subcommand)]
    Definitions(definitions::Command),
    /// List, test and repeat webhooks
    #[command(subcommand)]
    Webhooks(webhooks::Command),
    /// List the subscribers of the WebSub hub
    #[command(subcommand)]
    Websub(websub::Command),
    /// Back up a SQLite database; copies send only after `adopt`
    Backup {
        /// Path of the copy; must not exist yet
        file: PathBuf,
    },
    /// Allow this copy of the database to send messages
    Adopt,
}

impl Command {
    /// Returns `true` if the command uses no name that a rename (`was`) can change, so that it can run beside
    /// a server with the former names.
    fn ignores_renames(&self) -> bool {
        matches!(
            self,
            Self::Status
                | Self::Config(_)
                | Self::Audit(_)
                | Self::Backup { .. }
                | Self::Migrate
                | Self::Adopt
                | Self::Users(_)
                | Self::Tokens(_)
                | Self::Suppressions(_)
                | Self::Attributes(_)
                | Self::Websub(_)
        )
    }
}

/// Parses the command line and runs the command. Returns the exit code: 0 success, 1 failure,
/// 2 wrong usage or invalid configuration.
pub fn main() -> ExitCode {
    let options = parse_arguments();
    init_logging(matches!(options.command, None | Some(Command::Serve)));
    // rustls does not select a provider itself if several could be linked.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            output::error(&format!("cannot start: {e}"));
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(run(options));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match result {
        Ok(code) => code,
        Err(e) if output::is_broken_pipe(&e) => ExitCode::SUCCESS,
        Err(e) => {
            output::error(&format!("{e:#}"));
            let is_usage_error =
                e.is::<usage::UsageError>() || e.chain().any(|c| c.is::<ConfigError>());
            if is_usage_error { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// Parses the command line; exits with status 2 and one sentence if it is wrong.
fn parse_arguments() -> Cli {
    // The command tree is dropped on return: it is half a megabyte that no command needs while it runs.
    let mut command = with_notes(&Styles::default());
    command
        .try_get_matches_from_mut(std::env::args_os())
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .unwrap_or_else(|e| usage::with_number_hint(e, &command).exit())
}

/// Returns the command tree, whose help contains the values of options, exit statuses and examples.
fn with_notes(styles: &Styles) -> clap::Command {
    let command = help_layout::add(Cli::command(), styles);
    examples::add(exit_status::add(command, styles), styles)
}

async fn run(options: Cli) -> anyhow::Result<ExitCode> {
    let (path, json) = (options.config, options.json);
    let command = match options.command {
        None | Some(Command::Serve) => return serve::run(&path).await,
        Some(Command::Demo(demo)) => return demo.run().await,
        Some(Command::Init(args)) => return init::run(*args, &path, json).await,
        Some(Command::Check { offline }) => return check::run(&path, offline, json).await,
        Some(Command::Reload) => return reload::run(&path, json).await,
        Some(Command::Completions { shell }) => {
            return shell_files::completions(Cli::command(), shell);
        }
        Some(Command::Man { out }) => {
            return shell_files::man_pages(with_notes(&Styles::plain()), &out);
        }
        Some(command) => command,
    };
    let app = App::from_file(&path).await?;
    if !command.ignores_renames() {
        reload::apply_renames(&app).await?;
    }
    let result = match command {
        Command::Status => status::run(&app, json).await,
        Command::Migrate => migrate::run(&app, json).await,
        Command::Sources(c) => c.run(&app, json).await,
        Command::Articles(c) => c.run(&app, json).await,
        Command::Feeds(c) => c.run(&app, json).await,
        Command::Digests(c) => c.run(&app, json).await,
        Command::Editions(c) => c.run(&app, json).await,
        Command::Deliver => deliver::run(&app, json).await,
        Command::Subscribers(c) => c.run(&app, json).await,
        Command::Attributes(c) => c.run(&app, json).await,
        Command::Segments(c) => c.run(&app, json).await,
        Command::Suppressions(c) => c.run(&app, json).await,
        Command::Users(c) => c.run(&app, json).await,
        Command::Tokens(c) => c.run(&app, json).await,
        Command::Audit(c) => c.run(&app, json).await,
        Command::Config(c) => c.run(&app, json).await,
        Command::Definitions(c) => c.run(&app, json).await,
        Command::Webhooks(c) => c.run(&app, json).await,
        Command::Websub(c) => c.run(&app, json).await,
        Command::Backup { file } => backup::run(&app, &file, json).await,
        Command::Adopt => adopt::run(&app, json).await,
        Command::Demo(_)
        | Command::Init(_)
        | Command::Check { .. }
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::Reload
        | Command::Serve => {
            unreachable!("handled before the database is opened")
        }
    };
    app.store.close().await;
    result
}

/// Logs to standard error. `COURANT_LOG` sets the filter, for example `debug` or
/// `courant::delivery=trace`.
fn init_logging(is_server: bool) {
    // The HTML parser logs a warning for every malformed table in an article.
    let default =
        if is_server { "courant=info,warn,html5ever=error" } else { "warn,html5ever=error" };
    let filter = EnvFilter::try_from_env("COURANT_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(log_writer::stderr)
        .with_ansi(output::supports_color(&std::io::stderr()))
        .with_target(false)
        .init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn command_tree_passes_claps_assertions() {
        super::Cli::command().debug_assert();
    }
}
