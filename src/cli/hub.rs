//! `courant hub`: who subscribed at the hub of our own.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use url::{Position, Url};

use super::output;
use crate::app::App;
use crate::domain::time::Millis;
use crate::store::hub_subscriptions::{Standing, Subscription};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Who is sent each change, until when, and whether pushes get through
    List {
        /// At most so many
        #[arg(long)]
        limit: Option<i64>,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let Self::List { limit } = self;
        let all = app.store.hub_subscriptions(limit, app.now()).await?;
        if json {
            output::json(&all.iter().map(row).collect::<Vec<_>>().into())?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut table = output::Table::new(&["document", "callback", "until", "last push"]);
        let zone = |at: Millis| at.in_zone(&app.config.site.timezone);
        for s in all {
            let push = match s.standing {
                Standing::Current => "has the newest".to_owned(),
                Standing::Due => "on its way".to_owned(),
                Standing::Failing { attempts, again } => {
                    format!("failed {}, again at {}", times(attempts), zone(again))
                }
                Standing::GivenUp => "failed, again at the next change".to_owned(),
            };
            table.row([
                format!("{}.{}", s.feed, s.format),
                shown(&s.callback),
                zone(s.expires_at),
                push,
            ]);
        }
        table.print(if app.config.push.hub {
            "nobody is subscribed at the hub"
        } else {
            "nobody is subscribed: there is no hub here; [push] hub = true makes one"
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn row(s: &Subscription) -> serde_json::Value {
    let (word, attempts, again) = match s.standing {
        Standing::Current => ("current", 0, None),
        Standing::Due => ("due", 0, None),
        Standing::Failing { attempts, again } => ("failing", attempts, Some(again.rfc3339())),
        Standing::GivenUp => ("given_up", 0, None),
    };
    json!({
        "feed": s.feed, "format": s.format, "callback": shown(&s.callback), "until": s.expires_at.rfc3339(),
        "push": word, "failed": attempts, "again_at": again,
    })
}

/// A callback's host and path: a query often holds what only its owner should know.
fn shown(callback: &str) -> String {
    Url::parse(callback).map_or_else(
        |_| String::new(),
        |url| url[Position::BeforeHost..Position::AfterPath].to_owned(),
    )
}

fn times(n: i64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn of_a_callback_its_host_and_path_are_shown_and_no_more() {
        assert_eq!(
            shown("https://u:hush@reader.example:8443/push/5d1c?k=hush#hush"),
            "reader.example:8443/push/5d1c"
        );
        assert_eq!(shown("http://[2001:db8::1]/"), "[2001:db8::1]/");
        assert_eq!(shown("hush"), "");
    }
}
