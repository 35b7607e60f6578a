//! `courant websub`: lists the subscribers of the built-in hub.

use std::process::ExitCode;

use clap::Subcommand;

use super::output::pluralize_times;
use super::table::Column::{Key, Text};
use super::table::TextTable;
use super::{output, paging};
use crate::app::App;
use crate::domain::time::Millis;
use crate::store::hub_subscriptions::PushState;
use crate::wire::websub::{HubSubscription, redact_callback};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List WebSub subscribers with expiry and last push
    Subscribers {
        /// Maximum number of rows [default: all]
        #[arg(long)]
        limit: Option<usize>,
    },
}

impl Command {
    pub(crate) async fn run(self, app: &App, json: bool) -> anyhow::Result<ExitCode> {
        let Self::Subscribers { limit } = self;
        let all = paging::collect(limit, async |page| {
            app.store.hub().subscriptions(&page, app.now()).await
        })
        .await?;
        if json {
            output::json(&all.iter().map(HubSubscription::from).collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut table =
            TextTable::new(&[Key("document"), Text("callback"), Key("expires"), Text("last push")]);
        let zone = |at: Millis| at.in_zone(&app.config.site.timezone);
        for s in all {
            let push = match s.push_state {
                PushState::Current => "up to date".to_owned(),
                PushState::Due => "due".to_owned(),
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
        let empty = if app.config.websub.hub {
            "The hub has no subscribers."
        } else {
            "The hub is disabled; set `hub = true` in `[websub]` to enable it."
        };
        table.print_in_zone(empty, &app.config.site.timezone)?;
        Ok(ExitCode::SUCCESS)
    }
}
