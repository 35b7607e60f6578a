//! `courant users`: manages the people who sign in to the admin area.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};

use super::table::Column::Key;
use super::table::TextTable;
use super::usage::UsageError;
use super::{output, paging};
use crate::accounts::{self, AccountError, NewUser, PASSWORD_LINK_LIFETIME};
use crate::app::App;
use crate::clock;
use crate::domain::actor::Actor;
use crate::domain::digest_scope::DigestScope;
use crate::domain::role::Role;
use crate::domain::site_urls::SiteUrls;
use crate::fs::read_regular_file;
use crate::wire::users::{PasswordLink, RemovedUser, User};

/// Maximum size of a file with a password in bytes.
const MAX_PASSWORD_FILE_BYTES: u64 = 1024;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a user and print a link to set a password
    Add {
        /// Name of the user
        name: String,
        /// Role, which determines the permissions of the user
        #[arg(long)]
        role: RoleArg,
        /// Read the password from the first line of a file
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Limit an editor or list manager to these digests
        #[arg(long, value_name = "NAME", num_args = 1..)]
        digest: Vec<String>,
    },
    /// List users, newest first
    List {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Change the role of a user, whose sessions end
    Role {
        /// Name of the user
        name: String,
        /// Role, which determines the permissions of the user
        role: RoleArg,
        /// Limit an editor or list manager to these digests
        #[arg(long, value_name = "NAME", num_args = 1..)]
        digest: Vec<String>,
    },
    /// Print a link with which a user sets a new password
    Reset {
        /// Name of the user
        name: String,
    },
    /// Remove a user, whose sessions end
    Remove {
        /// Name of the user
        name: String,
    },
}

/// Role argument of the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleArg {
    /// All permissions, including users and tokens
    Admin,
    /// Manage feeds, digests and editions
    Editor,
    /// Manage subscribers and their lists
    Lists,
    /// Read content, subscribers and metrics
    Viewer,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Admin => Self::Admin,
            RoleArg::Editor => Self::Editor,
            RoleArg::Lists => Self::ListManager,
            RoleArg::Viewer => Self::Viewer,
        }
    }
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::Add { name, role, password_file, digest } => {
                let digests = scope(app, digest)?;
                let new = NewUser { name, role: role.into(), digests, oidc: None };
                add(app, new, password_file.as_deref(), json).await
            }
            Self::List { limit } => list(app, limit, json).await,
            Self::Role { name, role, digest } => {
                let (role, digests, now) = (Role::from(role), scope(app, digest)?, app.now());
                let context = app.account_context();
                let done =
                    accounts::set_role(context, &name, role, &digests, &Actor::Cli, now).await;
                match report(done)? {
                    Some(()) => print_user(app, &name, "now has the role", json).await,
                    None => Ok(ExitCode::FAILURE),
                }
            }
            Self::Reset { name } => print_link(app, &name, json).await,
            Self::Remove { name } => {
                let context = app.account_context();
                let done = accounts::remove_user(context, &name, &Actor::Cli, app.now()).await;
                if report(done)?.is_none() {
                    return Ok(ExitCode::FAILURE);
                }
                let text = format!("Removed the user {name}.");
                output::result(json, &RemovedUser { name, removed: true }, &text)?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// Returns the scope of the digests that are named, all of which must be configured.
fn scope(app: &App, digests: Vec<String>) -> Result<DigestScope, UsageError> {
    let is_known = |name: &&String| app.config.digests.iter().any(|d| d.name == **name);
    match digests.iter().find(|name| !is_known(name)) {
        Some(name) => Err(UsageError(format!(
            "there is no digest {name:?}; `courant digests list` shows all"
        ))),
        None => Ok(DigestScope::new(Some(digests).filter(|names| !names.is_empty()))),
    }
}

/// Prints an error about the user's present state and returns `None`; returns other errors.
fn report<T>(result: Result<T, AccountError>) -> anyhow::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e @ (AccountError::NotFound(_) | AccountError::LastAdmin(_))) => {
            output::error(&e.to_string());
            Ok(None)
        }
        Err(AccountError::Store(e)) => Err(e.into()),
        Err(e @ AccountError::Crypto(_)) => Err(e.into()),
        Err(e) => Err(UsageError(e.to_string()).into()),
    }
}

async fn add(
    app: &App,
    new: NewUser,
    password_file: Option<&Path>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let password = password_file.map(read_password).transpose()?;
    let (context, name) = (app.account_context(), new.name.clone());
    let salt = clock::random_bytes();
    let added =
        accounts::add_user(context, new, password.as_deref(), salt, &Actor::Cli, app.now()).await;
    if report(added)?.is_none() {
        return Ok(ExitCode::FAILURE);
    }
    match password {
        Some(_) => print_user(app, &name, "was added with the role", json).await,
        None => print_link(app, &name, json).await,
    }
}

/// Returns the first line of a file.
fn read_password(path: &Path) -> anyhow::Result<String> {
    let bytes = read_regular_file(path, MAX_PASSWORD_FILE_BYTES)
        .with_context(|| format!("cannot read the password from {}", path.display()))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| UsageError(format!("{} is not UTF-8 text", path.display())))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

async fn print_user(app: &App, name: &str, verb: &str, json: bool) -> anyhow::Result<ExitCode> {
    let user = app.store.users().find(name).await?;
    let user = user.with_context(|| format!("the user {name:?} was removed meanwhile"))?;
    let text = format!("The user {name} {verb} {}.", user.role.as_str());
    output::result(json, &User::from(&user), &text)?;
    Ok(ExitCode::SUCCESS)
}

/// Creates and prints a link with which the user sets a password.
async fn print_link(app: &App, name: &str, json: bool) -> anyhow::Result<ExitCode> {
    let (context, now) = (app.account_context(), app.now());
    let entropy = clock::random_bytes();
    let made = accounts::create_password_link(context, name, entropy, &Actor::Cli, now).await;
    let Some(token) = report(made)? else { return Ok(ExitCode::FAILURE) };
    let url = SiteUrls(&app.config.site.base_url).set_password(&token);
    if json {
        let expires_at = now.plus(PASSWORD_LINK_LIFETIME).rfc3339();
        output::json(&PasswordLink { name: name.to_owned(), url, expires_at })?;
    } else {
        output::verbatim(&url)?;
        output::note("The link sets the password once and is valid for one day.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<ExitCode> {
    let all = paging::collect(limit, async |page| app.store.users().list(&page).await).await?;
    if json {
        output::json(&all.iter().map(User::from).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let zone = &app.config.site.timezone;
    let columns = ["name", "role", "digests", "second factor", "since", "last sign-in"];
    let mut table = TextTable::new(&columns.map(Key));
    for user in all {
        table.row([
            user.name,
            user.role.as_str().to_owned(),
            user.digests.names().map_or_else(|| "all".to_owned(), |names| names.join(", ")),
            if user.totp_secret.is_some() { "yes" } else { "no" }.to_owned(),
            user.created_at.in_zone(zone),
            user.signed_in_at.map_or_else(|| "never".to_owned(), |time| time.in_zone(zone)),
        ]);
    }
    table.print_in_zone("There are no users.", zone)?;
    Ok(ExitCode::SUCCESS)
}
