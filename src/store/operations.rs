//! The operations of the store by noun: `store.deliveries()` and so on.

use super::Store;

/// The store operations on the tokens of the API.
#[derive(Debug, Clone, Copy)]
pub struct ApiTokens<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on bulk jobs.
#[derive(Debug, Clone, Copy)]
pub struct BulkJobs<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on imports of subscribers.
#[derive(Debug, Clone, Copy)]
pub struct Imports<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on the log of article changes.
#[derive(Debug, Clone, Copy)]
pub struct ArticleChanges<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on articles.
#[derive(Debug, Clone, Copy)]
pub struct Articles<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on attributes of subscribers.
#[derive(Debug, Clone, Copy)]
pub struct Attributes<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on the audit log.
#[derive(Debug, Clone, Copy)]
pub struct AuditLog<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on times that a wrong clock has left.
#[derive(Debug, Clone, Copy)]
pub struct ClockFaults<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on definitions of feeds and digests.
#[derive(Debug, Clone, Copy)]
pub struct Definitions<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on deliveries.
#[derive(Debug, Clone, Copy)]
pub struct Deliveries<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on digests.
#[derive(Debug, Clone, Copy)]
pub struct Digests<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on editions and their batches.
#[derive(Debug, Clone, Copy)]
pub struct Editions<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on the articles that feeds contain.
#[derive(Debug, Clone, Copy)]
pub struct FeedItems<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on the WebSub hub.
#[derive(Debug, Clone, Copy)]
pub struct Hub<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on idempotency keys of API requests.
#[derive(Debug, Clone, Copy)]
pub struct IdempotencyKeys<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on id mappings.
#[derive(Debug, Clone, Copy)]
pub struct IdMappings<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on the leases of jobs of the hub and of publishing.
#[derive(Debug, Clone, Copy)]
pub struct HttpJobLeases<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on the leases of batches and of entries of the delivery queue.
#[derive(Debug, Clone, Copy)]
pub struct Leases<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on sign-ins that wait for an OpenID provider.
#[derive(Debug, Clone, Copy)]
pub struct OidcRequests<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on published files.
#[derive(Debug, Clone, Copy)]
pub struct Publications<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on rate limits.
#[derive(Debug, Clone, Copy)]
pub struct RateLimits<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on the reader counts of feeds.
#[derive(Debug, Clone, Copy)]
pub struct Readership<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on requests to reload the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Reloads<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on second factors of users.
#[derive(Debug, Clone, Copy)]
pub struct SecondFactors<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on sessions of users.
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on failed sign-ins.
#[derive(Debug, Clone, Copy)]
pub struct SignInFailures<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on sources.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on stories, the groups of translations.
#[derive(Debug, Clone, Copy)]
pub struct Stories<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on subscribers.
#[derive(Debug, Clone, Copy)]
pub struct Subscribers<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on subscriptions.
#[derive(Debug, Clone, Copy)]
pub struct Subscriptions<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on suppressed addresses.
#[derive(Debug, Clone, Copy)]
pub struct Suppressions<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on terms: sections, tags, authors and languages.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on transports whose relays fail.
#[derive(Debug, Clone, Copy)]
pub struct TransportFailures<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on users.
#[derive(Debug, Clone, Copy)]
pub struct Users<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on webhooks and the events on the way to them.
#[derive(Debug, Clone, Copy)]
pub struct Webhooks<'a> {
    pub(super) store: &'a Store,
}

/// The store operations on recent changes of any objects.
#[derive(Debug, Clone, Copy)]
pub struct RecentChanges<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// Returns the store operations on the tokens of the API.
    pub fn api_tokens(&self) -> ApiTokens<'_> {
        ApiTokens { store: self }
    }

    /// Returns the store operations on bulk jobs.
    pub fn bulk_jobs(&self) -> BulkJobs<'_> {
        BulkJobs { store: self }
    }

    /// Returns the store operations on the log of article changes.
    pub fn article_changes(&self) -> ArticleChanges<'_> {
        ArticleChanges { store: self }
    }

    /// Returns the store operations on articles.
    pub fn articles(&self) -> Articles<'_> {
        Articles { store: self }
    }

    /// Returns the store operations on attributes of subscribers.
    pub fn attributes(&self) -> Attributes<'_> {
        Attributes { store: self }
    }

    /// Returns the store operations on the audit log.
    pub fn audit_log(&self) -> AuditLog<'_> {
        AuditLog { store: self }
    }

    /// Returns the store operations on times that a wrong clock has left.
    pub fn clock_faults(&self) -> ClockFaults<'_> {
        ClockFaults { store: self }
    }

    /// Returns the store operations on definitions of feeds and digests.
    pub fn definitions(&self) -> Definitions<'_> {
        Definitions { store: self }
    }

    /// Returns the store operations on deliveries.
    pub fn deliveries(&self) -> Deliveries<'_> {
        Deliveries { store: self }
    }

    /// Returns the store operations on digests.
    pub fn digests(&self) -> Digests<'_> {
        Digests { store: self }
    }

    /// Returns the store operations on editions and their batches.
    pub fn editions(&self) -> Editions<'_> {
        Editions { store: self }
    }

    /// Returns the store operations on the articles that feeds contain.
    pub fn feed_items(&self) -> FeedItems<'_> {
        FeedItems { store: self }
    }

    /// Returns the store operations on the WebSub hub.
    pub fn hub(&self) -> Hub<'_> {
        Hub { store: self }
    }

    /// Returns the store operations on imports of subscribers.
    pub fn imports(&self) -> Imports<'_> {
        Imports { store: self }
    }

    /// Returns the store operations on idempotency keys of API requests.
    pub fn idempotency_keys(&self) -> IdempotencyKeys<'_> {
        IdempotencyKeys { store: self }
    }

    /// Returns the store operations on id mappings.
    pub fn id_mappings(&self) -> IdMappings<'_> {
        IdMappings { store: self }
    }

    /// Returns the store operations on the leases of jobs of the hub and of publishing.
    pub fn http_job_leases(&self) -> HttpJobLeases<'_> {
        HttpJobLeases { store: self }
    }

    /// Returns the store operations on the leases of batches and of entries of the delivery queue.
    pub fn leases(&self) -> Leases<'_> {
        Leases { store: self }
    }

    /// Returns the store operations on sign-ins that wait for an OpenID provider.
    pub fn oidc_requests(&self) -> OidcRequests<'_> {
        OidcRequests { store: self }
    }

    /// Returns the store operations on published files.
    pub fn publications(&self) -> Publications<'_> {
        Publications { store: self }
    }

    /// Returns the store operations on rate limits.
    pub fn rate_limits(&self) -> RateLimits<'_> {
        RateLimits { store: self }
    }

    /// Returns the store operations on the reader counts of feeds.
    pub fn readership(&self) -> Readership<'_> {
        Readership { store: self }
    }

    /// Returns the store operations on requests to reload the configuration.
    pub fn reloads(&self) -> Reloads<'_> {
        Reloads { store: self }
    }

    /// Returns the store operations on second factors of users.
    pub fn second_factors(&self) -> SecondFactors<'_> {
        SecondFactors { store: self }
    }

    /// Returns the store operations on sessions of users.
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions { store: self }
    }

    /// Returns the store operations on failed sign-ins.
    pub fn sign_in_failures(&self) -> SignInFailures<'_> {
        SignInFailures { store: self }
    }

    /// Returns the store operations on sources.
    pub fn sources(&self) -> Sources<'_> {
        Sources { store: self }
    }

    /// Returns the store operations on stories, the groups of translations.
    pub fn stories(&self) -> Stories<'_> {
        Stories { store: self }
    }

    /// Returns the store operations on subscribers.
    pub fn subscribers(&self) -> Subscribers<'_> {
        Subscribers { store: self }
    }

    /// Returns the store operations on subscriptions.
    pub fn subscriptions(&self) -> Subscriptions<'_> {
        Subscriptions { store: self }
    }

    /// Returns the store operations on suppressed addresses.
    pub fn suppressions(&self) -> Suppressions<'_> {
        Suppressions { store: self }
    }

    /// Returns the store operations on terms: sections, tags, authors and languages.
    pub fn terms(&self) -> Terms<'_> {
        Terms { store: self }
    }

    /// Returns the store operations on transports whose relays fail.
    pub fn transport_failures(&self) -> TransportFailures<'_> {
        TransportFailures { store: self }
    }

    /// Returns the store operations on users.
    pub fn users(&self) -> Users<'_> {
        Users { store: self }
    }

    /// Returns the store operations on webhooks and the events on the way to them.
    pub fn webhooks(&self) -> Webhooks<'_> {
        Webhooks { store: self }
    }

    /// Returns the store operations on recent changes of any objects.
    pub fn recent_changes(&self) -> RecentChanges<'_> {
        RecentChanges { store: self }
    }
}
