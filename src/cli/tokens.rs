//! `courant tokens`: manages tokens of API clients.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use super::table::Column::Key;
use super::table::TextTable;
use super::usage::UsageError;
use super::{output, paging};
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::role::Role;
use crate::wire::tokens::{NewToken, RevokedToken, Token};
use crate::{api_tokens, clock};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a token and print it; it cannot be shown again
    #[command(after_help = "\
In this version, a token permits two requests: POST /api/v1/sources/NAME/sync, which starts a sync \
(roles admin and editor), and GET /metrics (all roles).")]
    Create {
        /// Name of the token, for example the client's name
        name: String,
        /// Role, which determines the permissions of the token
        #[arg(long)]
        role: RoleArg,
    },
    /// List tokens, newest first (secrets are never shown)
    List {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
    /// Revoke a token by name
    Revoke {
        /// Name of the token
        name: String,
    },
}

/// Role argument of the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleArg {
    /// All permissions; in this version: syncs and metrics
    Admin,
    /// Content and editions; in this version: syncs and metrics
    Editor,
    /// Manage subscribers; in this version: read metrics
    Lists,
    /// Read-only access; in this version: read metrics
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
            Self::Create { name, role } => {
                let (secret, random) = (&app.store_identity.secret, clock::random_bytes());
                let made = api_tokens::create_token(
                    &app.store,
                    secret,
                    &name,
                    role.into(),
                    random,
                    &Actor::Cli,
                    app.now(),
                )
                .await?;
                let token = made.map_err(UsageError)?;
                if json {
                    let role = Role::from(role).as_str().to_owned();
                    output::json(&NewToken { name, role, token })?;
                } else {
                    output::verbatim(&token)?;
                    output::note(
                        "The token is shown only once. Clients send it as `Authorization: Bearer TOKEN`.",
                    );
                }
            }
            Self::List { limit } => list(app, limit, json).await?,
            Self::Revoke { name } => {
                if !api_tokens::revoke_token(&app.store, &name, &Actor::Cli, app.now()).await? {
                    output::error(&format!("there is no token {name:?}"));
                    return Ok(ExitCode::FAILURE);
                }
                let text = format!("Revoked the token {name}.");
                output::result(json, &RevokedToken { name, revoked: true }, &text)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<()> {
    let all = paging::collect(limit, async |page| app.store.api_tokens().list(&page).await).await?;
    if json {
        return output::json(&all.iter().map(Token::from).collect::<Vec<_>>());
    }
    let mut table = TextTable::new(&[Key("name"), Key("role"), Key("since")]);
    for t in all {
        table.row([
            t.name,
            t.role.as_str().to_owned(),
            t.created_at.in_zone(&app.config.site.timezone),
        ]);
    }
    table.print_in_zone("There are no tokens.", &app.config.site.timezone)
}
