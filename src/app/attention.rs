//! List of what needs the attention of a person, most urgent first: mail that is not sent, then sources that are
//! not read, then decisions that an admin must make.

use super::App;
use crate::config::settings::Webhook;
use crate::domain::actor::Actor;
use crate::domain::digest_scope::DigestScope;
use crate::domain::edition::EditionState;
use crate::domain::permission::Permission;
use crate::domain::time::{Millis, SignedDuration};
use crate::store::editions::Edition;
use crate::store::sources::SourceState;
use crate::store::transport_failures::TransportFailure;
use crate::store::webhook_log::WebhookState;

/// Time after which a message that is due, and a daemon that does not run, are reported.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// Time before its expiry from which on a token is reported.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Something that a person must know or decide.
#[derive(Debug, Clone)]
pub enum Attention {
    /// Nothing is sent, for this reason.
    SendingBlocked(String),
    /// Nothing runs, although messages wait or a daemon ran once.
    NotRunning {
        /// Time of the last run of a daemon.
        last_run: Option<Millis>,
        /// Number of waiting messages.
        waiting: i64,
    },
    /// The relay of a transport fails.
    FailingTransport(TransportFailure),
    /// Messages are overdue although the transport does not fail.
    OverdueMessages {
        /// Name of the transport.
        transport: String,
        /// Time since which the oldest of them waits.
        since: Millis,
    },
    /// The database has a name that the configuration lacks; the text tells which.
    UnconfiguredName(String),
    /// An admin has paused a digest.
    PausedDigest {
        /// Name of the digest.
        name: String,
        /// Time of the pause.
        since: Millis,
    },
    /// An edition is paused, but not with its digest.
    PausedEdition(Edition),
    /// The last sync of a source failed.
    FailingSource(SourceState),
    /// Removals of articles wait until an admin accepts them.
    BlockedRemovals {
        /// Name of the source.
        source: String,
        /// Number of these articles.
        count: i64,
    },
    /// Rows of a source are rejected, so that readers do not get these articles.
    RejectedArticles {
        /// Name of the source.
        source: String,
        /// Number of these rows.
        count: i64,
    },
    /// A token of the API expires soon.
    ExpiringToken {
        /// Name of the token.
        name: String,
        /// Time from which on it is refused.
        expires: Millis,
    },
    /// A webhook was switched off.
    DisabledWebhook {
        /// Name of the webhook.
        name: String,
        /// Time at which it was switched off.
        since: Millis,
        /// Reason as a sentence.
        reason: String,
    },
    /// A webhook accepts no event.
    FailingWebhook {
        /// Name of the webhook.
        name: String,
        /// Time since which it fails.
        since: Millis,
    },
    /// Uploads to a destination fail.
    FailingUploads {
        /// Name of the destination.
        destination: String,
        /// Number of failing files.
        files: usize,
    },
}

impl Attention {
    /// Returns `true` if an actor may know of it: only those who manage tokens and webhooks know their names.
    pub fn is_visible_to(&self, actor: &Actor) -> bool {
        match self {
            Self::PausedEdition(edition) => actor.digests().contains(&edition.digest),
            Self::PausedDigest { name, .. } => actor.digests().contains(name),
            Self::UnconfiguredName(_) => actor.digests() == DigestScope::All,
            Self::ExpiringToken { .. } => actor.may(Permission::ManageAccess),
            Self::DisabledWebhook { .. } | Self::FailingWebhook { .. } => {
                actor.may(Permission::ManageSettings)
            }
            Self::SendingBlocked(_)
            | Self::NotRunning { .. }
            | Self::FailingTransport(_)
            | Self::OverdueMessages { .. }
            | Self::FailingSource(_)
            | Self::BlockedRemovals { .. }
            | Self::RejectedArticles { .. }
            | Self::FailingUploads { .. } => true,
        }
    }
}

/// State of the installation from which the list is made.
#[derive(Debug, Default)]
pub struct Observed {
    /// States of the configured sources.
    pub sources: Vec<SourceState>,
    /// Failures of the configured transports.
    pub failures: Vec<TransportFailure>,
    /// Editions that are neither sent nor cancelled, newest first.
    pub open_editions: Vec<Edition>,
    /// Numbers of waiting messages by transport.
    pub waiting: Vec<(String, i64)>,
}

impl Observed {
    /// Returns the number of messages that wait for any transport.
    pub fn total_waiting(&self) -> i64 {
        self.waiting.iter().map(|(_, count)| count).sum()
    }
}

impl App {
    /// Reads the state of sources, transports and editions.
    pub async fn observe(&self) -> anyhow::Result<Observed> {
        let states = self.store.sources().states().await?;
        let of_source = |name: &str| states.iter().find(|state| state.name == name).cloned();
        let sources = self.config.sources.iter().filter_map(|source| of_source(&source.name));
        let is_configured = |name: &str| self.config.transports.iter().any(|t| t.name == name);
        let mut failures = self.store.transport_failures().list().await?;
        failures.retain(|failure| is_configured(&failure.transport));
        Ok(Observed {
            sources: sources.collect(),
            failures,
            open_editions: self.store.editions().list_open().await?,
            waiting: self.store.deliveries().waiting_by_transport().await?,
        })
    }

    /// Returns everything that needs attention, most urgent first.
    pub async fn attention(&self, observed: &Observed) -> anyhow::Result<Vec<Attention>> {
        let (now, mut all) = (self.now(), Vec::new());
        all.extend(self.send_block_reason().map(Attention::SendingBlocked));
        let (last_run, waiting) =
            (self.store.clock_faults().last_run().await?, observed.total_waiting());
        let runs = last_run.is_some_and(|at| now.since(at) < TOLERANCE);
        if !runs && (last_run.is_some() || waiting > 0) {
            all.push(Attention::NotRunning { last_run, waiting });
        }
        all.extend(observed.failures.iter().cloned().map(Attention::FailingTransport));
        let overdue = self.store.deliveries().overdue_since(now.plus(-TOLERANCE)).await?;
        let is_explained =
            |name: &str| !runs || observed.failures.iter().any(|f| f.transport == name);
        let unexplained = overdue.into_iter().filter(|(name, _)| !is_explained(name));
        all.extend(
            unexplained.map(|(transport, since)| Attention::OverdueMessages { transport, since }),
        );
        all.extend(self.unconfigured_names().await?.into_iter().map(Attention::UnconfiguredName));
        let mut digests = self.store.digests().paused().await?;
        digests.retain(|name, _| self.config.digests.iter().any(|digest| digest.name == *name));
        let is_paused = |edition: &&Edition| {
            let is_explained = edition.follows_pause && digests.contains_key(&edition.digest);
            edition.state == EditionState::Paused && !is_explained
        };
        let paused = observed.open_editions.iter().filter(is_paused);
        let paused: Vec<Edition> = paused.cloned().collect();
        all.extend(
            digests.into_iter().map(|(name, since)| Attention::PausedDigest { name, since }),
        );
        all.extend(paused.into_iter().map(Attention::PausedEdition));
        let failing = observed.sources.iter().filter(|state| state.error.is_some());
        all.extend(failing.cloned().map(Attention::FailingSource));
        let blocked = observed.sources.iter().filter(|state| state.blocked_removals > 0);
        all.extend(blocked.map(|state| Attention::BlockedRemovals {
            source: state.name.clone(),
            count: state.blocked_removals,
        }));
        let rejected = observed.sources.iter().filter(|state| state.rejected > 0);
        all.extend(rejected.map(|state| Attention::RejectedArticles {
            source: state.name.clone(),
            count: state.rejected,
        }));
        let expiring = self.store.api_tokens().list_expiring(now, now.plus(EXPIRES_SOON)).await?;
        all.extend(
            expiring.into_iter().map(|(name, expires)| Attention::ExpiringToken { name, expires }),
        );
        let webhooks = self.store.webhooks().states().await?;
        all.extend(webhooks.into_iter().filter_map(|state| self.failing_webhook(state)));
        for destination in &self.config.destinations {
            let files = self.store.publications().list(&destination.name).await?;
            let files = files.iter().filter(|file| file.attempts > 0).count();
            let destination = destination.name.clone();
            all.extend((files > 0).then_some(Attention::FailingUploads { destination, files }));
        }
        Ok(all)
    }

    fn failing_webhook(&self, state: WebhookState) -> Option<Attention> {
        let is_it =
            |webhook: &&Webhook| webhook.name == state.name && webhook.url.as_str() == state.url;
        self.config.webhooks.iter().find(is_it)?;
        let (name, reason) = (state.name, state.reason.unwrap_or_default());
        match (state.disabled_at, state.failing_since) {
            (Some(since), _) => Some(Attention::DisabledWebhook { name, since, reason }),
            (None, Some(since)) => Some(Attention::FailingWebhook { name, since }),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::role::Role;

    fn failing_transport() -> TransportFailure {
        TransportFailure {
            transport: "default".to_owned(),
            failures: 1,
            error: String::new(),
            since: Millis(0),
            retry_at: Millis(0),
        }
    }

    fn paused_edition() -> Edition {
        Edition {
            id: 1,
            digest: "weekly".to_owned(),
            state: EditionState::Paused,
            scheduled_for: Millis(0),
            created_at: Millis(0),
            finished_at: None,
            transport: "default".to_owned(),
            title: String::new(),
            sender: String::new(),
            reply_to: None,
            note: None,
            follows_pause: false,
            unsubscribed: 0,
        }
    }

    #[test]
    fn each_entry_is_visible_to_the_users_whom_it_concerns() {
        let user = |role, digests: Option<&[&str]>| Actor::User {
            name: "ann".to_owned(),
            role,
            digests: DigestScope::new(
                digests.map(|all| all.iter().map(|d| d.to_string()).collect()),
            ),
        };
        let admin = user(Role::Admin, None);
        let viewer = user(Role::Viewer, None);
        let weekly = user(Role::Editor, Some(&["weekly"]));
        let daily = user(Role::Editor, Some(&["daily"]));
        let (name, since) = (|| "weekly".to_owned(), Millis(0));
        let sees =
            |entry: Attention| [&admin, &viewer, &weekly, &daily].map(|a| entry.is_visible_to(a));
        for (entry, expected) in [
            (Attention::SendingBlocked(name()), [true, true, true, true]),
            (Attention::NotRunning { last_run: None, waiting: 1 }, [true, true, true, true]),
            (Attention::FailingTransport(failing_transport()), [true, true, true, true]),
            (Attention::OverdueMessages { transport: name(), since }, [true, true, true, true]),
            (Attention::FailingSource(SourceState::default()), [true, true, true, true]),
            (Attention::BlockedRemovals { source: name(), count: 1 }, [true, true, true, true]),
            (Attention::RejectedArticles { source: name(), count: 1 }, [true, true, true, true]),
            (Attention::FailingUploads { destination: name(), files: 1 }, [true, true, true, true]),
            (Attention::PausedDigest { name: name(), since }, [true, true, true, false]),
            (Attention::PausedEdition(paused_edition()), [true, true, true, false]),
            (Attention::UnconfiguredName(name()), [true, true, false, false]),
            (
                Attention::ExpiringToken { name: name(), expires: since },
                [true, false, false, false],
            ),
            (Attention::FailingWebhook { name: name(), since }, [true, false, false, false]),
            (
                Attention::DisabledWebhook { name: name(), since, reason: String::new() },
                [true, false, false, false],
            ),
        ] {
            let text = format!("{entry:?}");
            assert_eq!(sees(entry), expected, "{text}");
        }
    }
}
