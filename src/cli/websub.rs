//! `courant websub`: lists the subscribers of the built-in hub.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use url::{Position, Url};

use super::output;
use crate::app::App;
use crate::domain::time::Millis;
use crate::store::hub_subscriptions::{HubSubscription, PushState};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List WebSub subscribers with expiry and last push
    Subscribers {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<i64>,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let Self::Subscribers { limit } = self;
        let all = app.store.hub().subscriptions(limit, app.now()).await?;
        if json {
            output::json(&all.iter().map(to_json).collect::<Vec<_>>().into())?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut table = output::TextTable::new(&["document", "callback", "expires", "last push"]);
        let zone = |at: Millis| at.in_zone(&app.config.site.timezone);
        for s in all {
            let push = match s.push_state {
                PushState::Current => "up to date".to_owned(),
                PushState::Due => "in progress".to_owned(),
                PushState::Failing { attempts, retry_at } => {
                    format!("failed {}, next attempt {}", pluralize_times(attempts), zone(retry_at))
                }
                PushState::GivenUp => "failed, next attempt at the next change".to_owned(),
            };
            table.row([
                format!("{}.{}", s.feed, s.format),
                redact_callback(&s.callback),
                zone(s.expires_at),
                push,
            ]);
        }
        table.print(if app.config.websub.hub {
            "The hub has no subscribers."
        } else {
            "The hub is disabled; set `hub = true` in `[websub]` to enable it."
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn to_json(s: &HubSubscription) -> serde_json::Value {
    let (state, attempts, retry_at) = match s.push_state {
        PushState::Current => ("current", 0, None),
        PushState::Due => ("due", 0, None),
        PushState::Failing { attempts, retry_at } => {
            ("failing", attempts, Some(retry_at.rfc3339()))
        }
        PushState::GivenUp => ("given_up", 0, None),
    };
    json!({
        "feed": s.feed, "format": s.format, "callback": redact_callback(&s.callback), "expires_at": s.expires_at.rfc3339(),
        "push": state, "failed_attempts": attempts, "retry_at": retry_at,
    })
}

/// Returns the host and path of a callback, because its query often contains a secret.
fn redact_callback(callback: &str) -> String {
    Url::parse(callback).map_or_else(
        |_| String::new(),
        |url| url[Position::BeforeHost..Position::AfterPath].to_owned(),
    )
}

fn pluralize_times(n: i64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

#[cfg(test)]
mod tests {
    use super::redact_callback;

    #[test]
    fn only_host_and_path_of_a_callback_are_shown() {
        assert_eq!(
            redact_callback("https://u:hush@reader.example:8443/push/5d1c?k=hush#hush"),
            "reader.example:8443/push/5d1c"
        );
        assert_eq!(redact_callback("http://[2001:db8::1]/"), "[2001:db8::1]/");
        assert_eq!(redact_callback("hush"), "");
    }
}
