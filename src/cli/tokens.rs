//! `courant tokens`: keys for programs that use the API.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::{Usage, output};
use crate::app::App;
use crate::domain::role::Role;
use crate::{access, clock};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make one and print it, this once
    Create {
        /// What it is called here, as the program that will use it
        name: String,
        /// What it may do
        #[arg(long)]
        role: Grant,
    },
    /// All of them, newest first, without what only their owners know
    List {
        /// At most so many
        #[arg(long)]
        limit: Option<i64>,
    },
    /// Make one useless from now on
    Revoke {
        /// What it is called
        name: String,
    },
}

/// A role as it is written on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Grant {
    /// Everything
    Admin,
    /// What is published and what goes out
    Editor,
    /// Subscribers and their lists
    Lists,
    /// Looking
    Viewer,
}

impl From<Grant> for Role {
    fn from(grant: Grant) -> Self {
        match grant {
            Grant::Admin => Self::Admin,
            Grant::Editor => Self::Editor,
            Grant::Lists => Self::Lists,
            Grant::Viewer => Self::Viewer,
        }
    }
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        match self {
            Self::Create { name, role } => {
                let (secret, chance) = (&app.instance.secret, clock::random_bytes());
                let made =
                    access::create_token(&app.store, secret, &name, role.into(), chance, app.now())
                        .await?;
                let token = made.map_err(Usage)?;
                if json {
                    output::json(
                        &json!({"name": name, "role": Role::from(role).word(), "token": token}),
                    )?;
                } else {
                    output::line(&token)?;
                    output::remark(
                        "This is the only time it is shown; programs send it as `Authorization: Bearer TOKEN`.",
                    );
                }
            }
            Self::List { limit } => list(app, limit, json).await?,
            Self::Revoke { name } => {
                if !access::revoke_token(&app.store, &name).await? {
                    output::complain(&format!("there is no token {name:?}"));
                    return Ok(ExitCode::FAILURE);
                }
                output::line(&format!("{name} is revoked"))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(app: &App, limit: Option<i64>, json: bool) -> anyhow::Result<()> {
    let all = app.store.tokens(limit).await?;
    if json {
        let rows: Vec<_> =
            all.iter().map(|t| json!({"name": t.name, "role": t.role.word(), "created_at": t.created_at.rfc3339()})).collect();
        return output::json(&rows.into());
    }
    let mut table = output::Table::new(&["name", "role", "since"]);
    for t in all {
        table.row([
            t.name,
            t.role.word().to_owned(),
            t.created_at.in_zone(&app.config.site.timezone),
        ]);
    }
    table.print("there is no token")
}
