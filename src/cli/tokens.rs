//! `courant tokens`: manages tokens of API clients.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use super::table::Column::{Key, Text};
use super::table::TextTable;
use super::usage::UsageError;
use super::{output, paging};
use crate::api_tokens::TokenError;
use crate::app::App;
use crate::domain::actor::Actor;
use crate::domain::digest_scope::DigestScope;
use crate::domain::duration;
use crate::domain::role::Role;
use crate::domain::time::Millis;
use crate::wire::tokens::{NewToken, RevokedToken, Token};
use crate::{api_tokens, clock, subscribers};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a token and print it; it cannot be shown again
    #[command(after_help = "\
The token permits what its role grants, in the API (/api/ describes it) and at /metrics. Only the \
roles editor and lists can be limited to digests.")]
    Create {
        /// Name of the token, for example the client's name
        name: String,
        /// Role, which determines the permissions of the token
        #[arg(long)]
        role: RoleArg,
        /// Time until it expires, for example 90d [default: never]
        #[arg(long, value_name = "DURATION")]
        expires: Option<String>,
        /// Limit the token to this digest; repeatable [default: all]
        #[arg(long, value_name = "NAME")]
        digest: Vec<String>,
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
    /// All permissions, including tokens and the audit log
    Admin,
    /// Change feeds, digests and editions, and sync sources
    Editor,
    /// Change subscribers and suppressions
    Lists,
    /// Read everything but tokens and the audit log
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
            Self::Create { name, role, expires, digest } => {
                create(app, name, role.into(), expires.as_deref(), digest, json).await?;
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

async fn create(
    app: &App,
    name: String,
    role: Role,
    expires: Option<&str>,
    digests: Vec<String>,
    json: bool,
) -> anyhow::Result<()> {
    let lifetime = expires.map(duration::parse).transpose().map_err(UsageError)?;
    let expires_at = lifetime.map(|lifetime| app.now().plus(lifetime));
    subscribers::find_digests(&app.config, &digests).map_err(UsageError)?;
    let digests = DigestScope::new((!digests.is_empty()).then_some(digests));
    let new = api_tokens::NewToken { name, role, digests, expires_at };
    let (secret, random) = (&app.store_identity.secret, clock::random_bytes());
    let document = |token: String| NewToken {
        name: new.name.clone(),
        role: role.as_str().to_owned(),
        digests: new.digests.names(),
        expires_at: expires_at.map(|t| t.rfc3339()),
        token,
    };
    let actor = Actor::Cli;
    match api_tokens::create_token(&app.store, secret, new.clone(), random, &actor, app.now()).await
    {
        Ok(token) if json => output::json(&document(token)),
        Ok(token) => {
            output::verbatim(&token)?;
            output::note(
                "The token is shown only once. Clients send it as `Authorization: Bearer TOKEN`.",
            );
            Ok(())
        }
        Err(TokenError::Store(cause)) => Err(cause.into()),
        Err(reason) => Err(UsageError(reason.to_string()).into()),
    }
}

async fn list(app: &App, limit: Option<usize>, json: bool) -> anyhow::Result<()> {
    let all = paging::collect(limit, async |page| app.store.api_tokens().list(&page).await).await?;
    if json {
        return output::json(&all.iter().map(Token::from).collect::<Vec<_>>());
    }
    let mut table = TextTable::new(&[
        Key("name"),
        Key("role"),
        Text("digests"),
        Key("since"),
        Key("expires"),
        Key("last used"),
    ]);
    let when = |t: Option<Millis>| t.map(|t| t.in_zone(&app.config.site.timezone));
    for t in all {
        let is_expired = t.expires_at.is_some_and(|end| end <= app.now());
        let expires = when(t.expires_at).map(|end| match is_expired {
            true => format!("{end} (expired)"),
            false => end,
        });
        table.row([
            t.name,
            t.role.as_str().to_owned(),
            t.digests.names().map_or("all".to_owned(), |names| names.join(", ")),
            t.created_at.in_zone(&app.config.site.timezone),
            expires.unwrap_or("never".to_owned()),
            when(t.last_used_at).unwrap_or("never".to_owned()),
        ]);
    }
    table.print_in_zone("There are no tokens.", &app.config.site.timezone)
}
