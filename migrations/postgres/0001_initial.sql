-- Conventions: times are milliseconds since 1970-01-01 UTC, lists are JSON arrays, states and kinds
-- are words. The word lists in the CHECK constraints are those of the Rust enums; a test compares
-- them.
-- Ids appear in Message-IDs and link tokens and are never reused.

-- Identity of this database: its secret, the base URL that it sends as, a marker if it is a backup
-- copy, the latest time at which a daemon ran, and the last entry of the audit log whose times were
-- compared with the clock.
CREATE TABLE instance (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Sync state of each source. `sync_requested_at` is set while a sync was requested that has not
-- begun, `failing_since` from the first failed sync until one succeeds. `watermark_at` is the time,
-- by the source's own clock, up to which all changes were read; it is valid for the settings with
-- the hash `watermark_settings`. `full_sync_at` is the time of the last full sync.
CREATE TABLE sources (
    name               TEXT PRIMARY KEY,
    due_at             BIGINT NOT NULL,
    attempted_at       BIGINT,
    succeeded_at       BIGINT,
    failures           BIGINT NOT NULL DEFAULT 0,
    failing_since      BIGINT,
    error              TEXT,
    blocked_removals      BIGINT NOT NULL DEFAULT 0,
    accepted_removals  BIGINT NOT NULL DEFAULT 0,
    sync_requested_at  BIGINT,
    full_sync_at       BIGINT,
    watermark_at       BIGINT,
    watermark_settings TEXT
);

-- API tokens: only a keyed hash of each is stored, never the token itself. A token with `is_limited` may
-- see and change only the digests in `api_token_digests`.
CREATE TABLE api_tokens (
    name         TEXT PRIMARY KEY,
    role         TEXT NOT NULL CONSTRAINT api_tokens_role CHECK (role IN ('admin', 'editor', 'lists', 'viewer')),
    hash         TEXT NOT NULL CONSTRAINT api_tokens_hash UNIQUE,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    last_used_at BIGINT,
    is_limited   BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE TABLE api_token_digests (
    token  TEXT NOT NULL REFERENCES api_tokens (name) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (token, digest)
);

-- Keys with which API clients repeat a POST request without a second effect. `actor` is the kind and name
-- of the client, `claim` distinguishes requests with the same key. `has_effect` is set in the transaction
-- of the effect, the answer (`status`, `location`, `body`) afterwards.
CREATE TABLE idempotency_keys (
    actor        TEXT NOT NULL,
    key          TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    claim        TEXT NOT NULL,
    claimed_at   BIGINT NOT NULL,
    has_effect   BOOLEAN NOT NULL DEFAULT FALSE,
    status       BIGINT,
    location     TEXT,
    body         TEXT,
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_keys_claimed ON idempotency_keys (claimed_at);

-- People who sign in to the admin area. A user with `is_limited` may see and change only the digests in
-- `user_digests`. `totp_secret` is the encrypted secret of the second factor, `totp_pending` one that its
-- owner has not confirmed yet, `totp_step` the last time step whose code was accepted. `oidc_issuer` and
-- `oidc_subject` identify a person of an OpenID provider.
CREATE TABLE users (
    name          TEXT PRIMARY KEY,
    role          TEXT NOT NULL CONSTRAINT users_role CHECK (role IN ('admin', 'editor', 'lists', 'viewer')),
    is_limited    BOOLEAN NOT NULL DEFAULT FALSE,
    password_hash TEXT,
    totp_secret   TEXT,
    totp_pending  TEXT,
    totp_step     BIGINT,
    oidc_issuer   TEXT,
    oidc_subject  TEXT,
    language      TEXT,
    timezone      TEXT,
    has_shortcuts BOOLEAN NOT NULL DEFAULT TRUE,
    created_at    BIGINT NOT NULL,
    signed_in_at  BIGINT,
    CONSTRAINT users_oidc UNIQUE (oidc_issuer, oidc_subject)
);

CREATE TABLE user_digests (
    user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    digest    TEXT NOT NULL,
    PRIMARY KEY (user_name, digest)
);

-- Links with which users set their password, each stored as a hash and deleted when it is used.
CREATE TABLE password_links (
    hash       TEXT PRIMARY KEY,
    user_name  TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX password_links_user ON password_links (user_name);

-- Recovery codes in place of a second factor, each stored as a keyed hash and deleted when it is used.
CREATE TABLE recovery_codes (
    user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    hash      TEXT NOT NULL,
    PRIMARY KEY (user_name, hash)
);

-- Sessions of browsers: only a hash of each id is stored. A session with `needs_code` has a verified
-- password and waits for the second factor.
CREATE TABLE sessions (
    hash       TEXT PRIMARY KEY,
    user_name  TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    needs_code BOOLEAN NOT NULL,
    browser    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_name);

-- Failed sign-ins by account, stored as a keyed hash of the name that was entered. `attempts` counts the
-- attempts since the last success, `refused` those that no audit entry has counted yet.
CREATE TABLE sign_in_failures (
    account       TEXT PRIMARY KEY,
    is_user       BOOLEAN NOT NULL,
    attempts      BIGINT NOT NULL,
    refused       BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    attempted_at  BIGINT NOT NULL,
    recorded_at   BIGINT
);
CREATE INDEX sign_in_failures_attempted ON sign_in_failures (attempted_at);

-- Sign-ins that wait for the answer of the OpenID provider, by a hash of their `state`.
CREATE TABLE oidc_requests (
    hash       TEXT PRIMARY KEY,
    nonce      TEXT NOT NULL,
    verifier   TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Who changed what; `object_id` is the name or id of the object, `detail` a JSON object without
-- personal data. Entries are only ever added.
CREATE TABLE audit_log (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor_kind TEXT NOT NULL CONSTRAINT audit_log_actor_kind CHECK (actor_kind IN ('user', 'token', 'subscriber', 'cli', 'system')),
    actor_name TEXT,
    action     TEXT NOT NULL CONSTRAINT audit_log_action CHECK (action IN (
                'create', 'change', 'delete', 'subscribe', 'confirm',
                'unsubscribe', 'erase', 'import', 'export', 'pause',
                'resume', 'cancel', 'retry', 'test', 'sync',
                'accept_removals', 'adopt', 'reload', 'sign_in', 'refuse_sign_in',
                'sign_out')),
    object     TEXT NOT NULL CONSTRAINT audit_log_object CHECK (object IN (
                'source', 'article', 'feed', 'digest', 'edition', 'delivery',
                'subscriber', 'attribute', 'segment', 'bulk_job', 'import', 'subscription', 'suppression', 'token', 'user', 'webhook',
                'database', 'config')),
    object_id  TEXT NOT NULL,
    detail     TEXT
);
CREATE INDEX audit_log_object ON audit_log (object_id);

-- Rows of a source that could not be imported, stored so that each is logged only once. The article
-- of a row with `is_note` was imported, with a note on its content.
CREATE TABLE rejected_rows (
    source    TEXT NOT NULL,
    source_id TEXT NOT NULL,
    reason    TEXT NOT NULL,
    since     BIGINT NOT NULL,
    is_note   BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (source, source_id)
);

-- Mirrored articles. `terms_changed_at` is the time at which an article got its present terms, or
-- returned after a removal. A removed article is kept as a tombstone with its ids, group, times, language
-- and terms. `body_html` is the last column so that reading the other columns does not have to skip
-- it.
CREATE TABLE articles (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source         TEXT NOT NULL,
    source_id      TEXT NOT NULL,
    guid           TEXT COLLATE "C" NOT NULL CONSTRAINT articles_guid UNIQUE,
    title          TEXT NOT NULL,
    url            TEXT,
    summary        TEXT NOT NULL,
    sections       TEXT NOT NULL,
    tags           TEXT NOT NULL,
    authors        TEXT NOT NULL,
    language       TEXT NOT NULL,
    image_url      TEXT,
    image_alt      TEXT,
    image_type     TEXT,
    image_width    BIGINT,
    image_height   BIGINT,
    enclosure_url  TEXT,
    enclosure_type TEXT,
    enclosure_length BIGINT,
    published_at   BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    first_seen_at  BIGINT NOT NULL,
    terms_changed_at BIGINT NOT NULL,
    changed_at     BIGINT NOT NULL,
    translation_of TEXT,
    story_id       BIGINT NOT NULL,
    content_hash   TEXT NOT NULL,
    removed_at     BIGINT,
    story_is_stale BOOLEAN NOT NULL DEFAULT TRUE,
    body_html      TEXT NOT NULL,
    UNIQUE (source, source_id)
);
CREATE INDEX articles_published ON articles (published_at DESC, guid, removed_at);
CREATE INDEX articles_terms_changed ON articles (terms_changed_at);
CREATE INDEX articles_story ON articles (story_id);
CREATE INDEX articles_removed ON articles (published_at) WHERE removed_at IS NOT NULL;
CREATE INDEX articles_translation ON articles (source, translation_of) WHERE translation_of IS NOT NULL;
CREATE INDEX articles_stale_story ON articles (source) WHERE story_is_stale;

-- Terms that select an article: its sections, tags, authors, languages (`en-GB` also counts as
-- `en`) and source, in lower case. The columns that order articles are repeated here, so that the
-- newest articles of a term are found by index alone. An article that was removed before its
-- publication time has no terms.
CREATE TABLE article_terms (
    article_id   BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL
        CONSTRAINT article_terms_kind CHECK (kind IN ('section', 'tag', 'author', 'language', 'source')),
    term         TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    guid         TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (article_id, kind, term)
);
CREATE INDEX article_terms_newest ON article_terms (kind, term, published_at DESC, guid);

-- Log of the latest article changes: the terms of each article before and after the change, so that
-- only the feeds that contain the article are rendered again.
CREATE TABLE article_changes (
    version    BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    terms      TEXT NOT NULL,
    PRIMARY KEY (version, article_id)
);

-- Permanent ids assigned to articles by `courant articles remap-ids`; the row may exist before its
-- article is first synced. `from_source` and `from_source_id` name the article that had the id
-- before, if it was in this database.
CREATE TABLE id_mappings (
    guid           TEXT COLLATE "C" PRIMARY KEY,
    source         TEXT NOT NULL,
    source_id      TEXT NOT NULL,
    from_source    TEXT,
    from_source_id TEXT,
    mapped_at      BIGINT NOT NULL,
    UNIQUE (source, source_id)
);
CREATE INDEX id_mappings_from ON id_mappings (from_source, from_source_id);

-- Current entity tag of each feed document and the time of its last change, shared by all nodes.
CREATE TABLE feed_versions (
    feed        TEXT NOT NULL,
    format      TEXT NOT NULL,
    etag        TEXT NOT NULL,
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (feed, format)
);

-- Readers of each feed per day (days since 1970-01-01 UTC), as counted by each run of a node.
-- `direct` counts feed readers that fetch for one person, `via_aggregators` the subscribers that
-- aggregators report. No personal data is stored.
CREATE TABLE readership (
    feed       TEXT NOT NULL,
    day        BIGINT NOT NULL,
    node       TEXT NOT NULL,
    since      BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    direct     BIGINT NOT NULL,
    via_aggregators BIGINT NOT NULL,
    requests   BIGINT NOT NULL,
    not_modified  BIGINT NOT NULL,
    PRIMARY KEY (day, feed, node)
);

-- Version (`etag`) of each feed document that an external WebSub hub was last notified of, and the
-- version of the notification in progress (`pending_etag`).
CREATE TABLE hub_pings (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hub          TEXT NOT NULL,
    feed         TEXT NOT NULL,
    format       TEXT NOT NULL,
    etag         TEXT NOT NULL,
    pending_etag TEXT NOT NULL,
    attempts     BIGINT NOT NULL DEFAULT 0,
    due_at       BIGINT NOT NULL DEFAULT 0,
    lease_node   TEXT,
    lease_until  BIGINT NOT NULL DEFAULT 0,
    UNIQUE (hub, feed, format)
);

-- Requests to the built-in WebSub hub whose callback has not confirmed them yet (WebSub section
-- 5.3). `etag` is the version that was current when the request arrived, which the subscriber may
-- already have.
CREATE TABLE hub_requests (
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mode          TEXT NOT NULL CONSTRAINT hub_requests_mode CHECK (mode IN ('subscribe', 'unsubscribe')),
    callback      TEXT NOT NULL,
    host          TEXT NOT NULL,
    topic         TEXT NOT NULL,
    feed          TEXT NOT NULL,
    format        TEXT NOT NULL,
    secret        TEXT,
    lease_seconds BIGINT NOT NULL,
    etag          TEXT NOT NULL,
    network       TEXT NOT NULL,
    network_rank  BIGINT NOT NULL,
    attempts      BIGINT NOT NULL DEFAULT 0,
    due_at        BIGINT NOT NULL,
    lease_node    TEXT,
    lease_until   BIGINT NOT NULL DEFAULT 0,
    UNIQUE (callback, feed, format)
);
CREATE INDEX hub_requests_network ON hub_requests (network);
CREATE INDEX hub_requests_network_rank ON hub_requests (network_rank);
CREATE INDEX hub_requests_host ON hub_requests (host);

-- Confirmed subscriptions at the built-in WebSub hub. `attempts` counts failed pushes of the
-- pending version, `failures` consecutive failures over all versions; it is 1 with `attempts` 0 after a
-- push that was slow.
CREATE TABLE hub_subscriptions (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    callback       TEXT NOT NULL,
    host           TEXT NOT NULL,
    topic          TEXT NOT NULL,
    feed           TEXT NOT NULL,
    format         TEXT NOT NULL,
    secret         TEXT,
    expires_at     BIGINT NOT NULL,
    delivered_etag TEXT NOT NULL,
    attempts       BIGINT NOT NULL DEFAULT 0,
    failures       BIGINT NOT NULL DEFAULT 0,
    due_at         BIGINT NOT NULL,
    lease_node     TEXT,
    lease_until    BIGINT NOT NULL DEFAULT 0,
    UNIQUE (callback, feed, format)
);
CREATE INDEX hub_subscriptions_feed ON hub_subscriptions (feed, format);
CREATE INDEX hub_subscriptions_host ON hub_subscriptions (host);
CREATE INDEX hub_subscriptions_expiry ON hub_subscriptions (expires_at);

-- Files uploaded to each publishing destination. `version` identifies the uploaded version
-- (DESTINATION:MODE:VERSION; empty before the first upload), `pending_version` the one of the
-- upload in progress.
CREATE TABLE publications (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    destination  TEXT NOT NULL,
    file         TEXT NOT NULL,
    version         TEXT NOT NULL,
    pending_version TEXT NOT NULL,
    attempts     BIGINT NOT NULL DEFAULT 0,
    due_at       BIGINT NOT NULL DEFAULT 0,
    lease_node   TEXT,
    lease_until  BIGINT NOT NULL DEFAULT 0,
    UNIQUE (destination, file)
);

-- Digests that were ever configured. `processed_until` is the last processed date of the
-- schedule in the snapshot `schedule`, or the time at which that schedule began. `schedule` is NULL
-- until a daemon schedules the digest. `selection` is the snapshot of the selection that began at
-- `selection_since`. `absent_since` is set while no configuration has the digest, `paused_since` while an
-- admin has paused it.
CREATE TABLE digests (
    name            TEXT PRIMARY KEY,
    configured_at   BIGINT NOT NULL,
    processed_until BIGINT NOT NULL,
    schedule        TEXT,
    selection       TEXT,
    selection_since BIGINT NOT NULL,
    absent_since    BIGINT,
    paused_since    BIGINT
);

-- Unsent articles whose terms, or whose digest's selection, changed while they were selected, with
-- the time at which they entered the selection. Others entered at the later of the two changes.
CREATE TABLE selection_entries (
    digest     TEXT NOT NULL,
    article_id BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    entered_at BIGINT NOT NULL,
    PRIMARY KEY (digest, article_id)
);
CREATE INDEX selection_entries_article ON selection_entries (article_id);

-- Issues of a digest. `schedule_date` is the date of the schedule that an edition is for (NULL if it was
-- started by hand), and `frozen_through` the last subscription id whose delivery was created while
-- the audience is being frozen. `audience` is the condition on the subscribers, as JSON, that holds for all
-- of its deliveries; NULL for all confirmed subscribers. `counts` has the numbers of its deliveries by
-- state, as JSON; NULL until the edition ends, and after a change of an ended delivery. An edition with
-- `follows_pause` was paused with its digest and is resumed with it. `recipients` is the number of deliveries
-- created so far. `frozen_at` is the time at which its audience was complete, and `not_addressed` has the
-- numbers of the subscribers who were left out then, by reason, as JSON.
CREATE TABLE editions (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest         TEXT NOT NULL,
    state          TEXT NOT NULL
        CONSTRAINT editions_state CHECK (state IN ('preparing', 'sending', 'paused', 'sent', 'cancelled')),
    schedule_date  BIGINT,
    scheduled_for  BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    finished_at    BIGINT,
    transport      TEXT NOT NULL,
    title          TEXT NOT NULL,
    sender         TEXT NOT NULL,
    reply_to       TEXT,
    frozen_through BIGINT NOT NULL DEFAULT 0,
    recipients     BIGINT NOT NULL DEFAULT 0,
    frozen_at      BIGINT,
    not_addressed  TEXT,
    audience       TEXT,
    note           TEXT,
    counts         TEXT,
    follows_pause  BOOLEAN NOT NULL DEFAULT FALSE,
    CONSTRAINT editions_schedule_date UNIQUE (digest, schedule_date)
);
CREATE INDEX editions_uncounted ON editions (id) WHERE finished_at IS NOT NULL AND counts IS NULL;

-- Articles of an edition in their order.
CREATE TABLE edition_articles (
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    position   BIGINT NOT NULL,
    article_id BIGINT NOT NULL REFERENCES articles (id),
    PRIMARY KEY (edition_id, position)
);

-- Subscriptions that their owners ended with a link of an edition. `unsubscribed_at` is the time at which
-- the subscription ended, which the undo link names.
CREATE TABLE edition_unsubscriptions (
    edition_id      BIGINT NOT NULL REFERENCES editions (id),
    subscription_id BIGINT NOT NULL,
    unsubscribed_at BIGINT NOT NULL,
    PRIMARY KEY (edition_id, subscription_id)
);
CREATE INDEX edition_unsubscriptions_subscription ON edition_unsubscriptions (subscription_id);

-- Stories already included in a digest: one row for every article of the story.
CREATE TABLE ledger (
    digest     TEXT NOT NULL,
    article_id BIGINT NOT NULL REFERENCES articles (id),
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    CONSTRAINT ledger_once PRIMARY KEY (digest, article_id)
);
CREATE INDEX ledger_edition ON ledger (edition_id);

-- An edition rendered for one language and one set of chosen sections, with placeholders for the
-- subscriber's values. `template_snapshot` is set if a template uses those values in conditions and
-- must be rendered for each subscriber.
CREATE TABLE variants (
    id                BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id        BIGINT NOT NULL REFERENCES editions (id),
    language          TEXT NOT NULL,
    sections          TEXT NOT NULL,
    subject           TEXT NOT NULL,
    html              TEXT NOT NULL,
    text              TEXT NOT NULL,
    template_snapshot TEXT,
    UNIQUE (edition_id, language, sections)
);

-- Variant that subscribers with this language ('' if unknown) and these chosen sections receive;
-- NULL if their sections have no new articles. The row with language '*' is the default for
-- subscribers who changed their choice during freezing.
CREATE TABLE variant_assignments (
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    language   TEXT NOT NULL,
    sections   TEXT NOT NULL,
    variant_id BIGINT REFERENCES variants (id),
    PRIMARY KEY (edition_id, language, sections)
);

-- People by e-mail address; `address_key` is the normalized form that is compared, `address_hash`
-- its keyed hash. `name_key` is the folded form of the name that filters compare.
CREATE TABLE subscribers (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address      TEXT NOT NULL,
    address_key  TEXT COLLATE "C" NOT NULL CONSTRAINT subscribers_address UNIQUE,
    address_hash TEXT NOT NULL,
    name         TEXT,
    name_key     TEXT COLLATE "C",
    search_key   TEXT COLLATE "C" GENERATED ALWAYS AS (address_key || ' ' || COALESCE(name_key, '')) STORED,
    language     TEXT,
    timezone     TEXT,
    created_at   BIGINT NOT NULL
);
CREATE INDEX subscribers_hash ON subscribers (address_hash);

-- Index of the trigrams of `search_key`, by which subscribers are found by any part of address or name.
-- Without the extension, a search reads all subscribers.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX subscribers_search ON subscribers USING gin (search_key gin_trgm_ops);
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
        RAISE NOTICE 'no index for searches of subscribers: %', SQLERRM;
END
$$;

-- Attributes that subscribers can have. All values of an attribute have its type.
CREATE TABLE attributes (
    name       TEXT PRIMARY KEY,
    type       TEXT NOT NULL CONSTRAINT attributes_type CHECK (type IN ('text', 'number', 'date', 'boolean')),
    created_at BIGINT NOT NULL
);

-- Tags of subscribers, in lower case; `tag_key` is the folded form that filters compare.
CREATE TABLE subscriber_tags (
    subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    tag           TEXT COLLATE "C" NOT NULL,
    tag_key       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (subscriber_id, tag)
);
CREATE INDEX subscriber_tags_key ON subscriber_tags (tag_key, subscriber_id);

-- Values of attributes, one row per subscriber and attribute. Of a text, `text_key` is the folded form
-- that filters compare; any other value is a number in `rank`: millionths, days since 1970-01-01, or 0
-- and 1.
CREATE TABLE subscriber_attributes (
    subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    attribute     TEXT COLLATE "C" NOT NULL,
    text_value    TEXT,
    text_key      TEXT COLLATE "C",
    rank          BIGINT,
    PRIMARY KEY (subscriber_id, attribute)
);
CREATE INDEX subscriber_attributes_text ON subscriber_attributes (attribute, text_key, subscriber_id)
    WHERE text_key IS NOT NULL;
CREATE INDEX subscriber_attributes_rank ON subscriber_attributes (attribute, rank, subscriber_id)
    WHERE rank IS NOT NULL;

-- Bulk operations over subscribers. `action` and `condition` are JSON. The subscribers with ids up to
-- `done_through` are done; those after `last_subscriber` were created later and do not belong to the
-- job. `counts` has the numbers of subscribers by outcome, as JSON.
CREATE TABLE bulk_jobs (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action          TEXT NOT NULL,
    condition       TEXT NOT NULL,
    total           BIGINT NOT NULL,
    last_subscriber BIGINT NOT NULL,
    done_through    BIGINT NOT NULL DEFAULT 0,
    counts          TEXT NOT NULL,
    actor_kind      TEXT NOT NULL,
    actor_name      TEXT,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    finished_at     BIGINT
);
CREATE INDEX bulk_jobs_unfinished ON bulk_jobs (updated_at) WHERE finished_at IS NULL;

-- Imports of subscribers. `settings`, `form` (the recognized properties of the file), `counts` (the numbers
-- by outcome), `changed_people` (the first people whose stored values change), `attribute_types` (of new
-- attributes) and `error_detail` (the code of `error` and its values) are JSON. The lines up to `done_through`
-- are stored. `fingerprint` identifies the file and the settings of an import on the command line, which
-- continues after an interruption; it is empty if the file was uploaded.
CREATE TABLE imports (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state           TEXT NOT NULL CONSTRAINT imports_state CHECK (state IN (
                'uploading', 'ready', 'queued', 'checking', 'checked',
                'rejected', 'storing', 'finished', 'failed', 'cancelled')),
    digest          TEXT NOT NULL,
    file_name       TEXT NOT NULL,
    fingerprint     TEXT NOT NULL,
    bytes           BIGINT NOT NULL DEFAULT 0,
    settings        TEXT NOT NULL,
    form            TEXT,
    valid           BIGINT NOT NULL DEFAULT 0,
    rejected        BIGINT NOT NULL DEFAULT 0,
    counts          TEXT NOT NULL DEFAULT '{}',
    changed_people  TEXT NOT NULL DEFAULT '[]',
    attribute_types TEXT NOT NULL DEFAULT '{}',
    done_through    BIGINT NOT NULL DEFAULT 0,
    error           TEXT,
    error_detail    TEXT,
    actor_kind      TEXT NOT NULL,
    actor_name      TEXT,
    created_at      BIGINT NOT NULL,
    finished_at     BIGINT,
    lease_node      TEXT,
    lease_until     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX imports_open ON imports (id) WHERE finished_at IS NULL;

-- Uploaded files of imports, in pieces; deleted when the import ends.
CREATE TABLE import_parts (
    import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    number    BIGINT NOT NULL,
    content   BYTEA NOT NULL,
    PRIMARY KEY (import_id, number)
);

-- Rejected lines of uploaded files, with the reasons. `detail` has the code of a reason and its values as JSON.
CREATE TABLE import_rejections (
    import_id BIGINT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    line      BIGINT NOT NULL,
    reason    TEXT NOT NULL,
    detail    TEXT NOT NULL,
    PRIMARY KEY (import_id, line)
);

-- Links of subscribers to digests. `section_keys` are the folded names of the chosen sections, which
-- filters compare. `since` is the time of the last status change. `removal_reason` is
-- set while a subscription is unsubscribed because an admin, not its owner, ended it.
CREATE TABLE subscriptions (
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    digest        TEXT NOT NULL,
    status        TEXT NOT NULL
        CONSTRAINT subscriptions_status CHECK (status IN ('pending', 'confirmed', 'paused', 'unsubscribed')),
    sections      TEXT NOT NULL DEFAULT '[]',
    section_keys  TEXT NOT NULL DEFAULT '[]',
    since         BIGINT NOT NULL,
    requested_at  BIGINT NOT NULL,
    consent       TEXT NOT NULL,
    removal_reason TEXT,
    UNIQUE (subscriber_id, digest)
);
CREATE INDEX subscriptions_audience ON subscriptions (digest, status, id);

-- Earlier states of subscriptions, with the record of consent and the reason of an admin that they had
-- until the time of the change, `until`.
CREATE TABLE subscription_history (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id BIGINT NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    status          TEXT NOT NULL
        CONSTRAINT subscription_history_status CHECK (
            status IN ('pending', 'confirmed', 'paused', 'unsubscribed')),
    since           BIGINT NOT NULL,
    until           BIGINT NOT NULL,
    consent         TEXT NOT NULL,
    removal_reason  TEXT
);
CREATE INDEX subscription_history_subscription ON subscription_history (subscription_id);

-- Confirmation messages of the last day that visitors of the subscription page asked for. `inbox_hash`
-- is a keyed hash of the address without its variations, such as tags.
CREATE TABLE confirmation_requests (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    inbox_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX confirmation_requests_inbox ON confirmation_requests (inbox_hash, created_at);
CREATE INDEX confirmation_requests_time ON confirmation_requests (created_at);

-- Keyed hashes of addresses that must never receive mail again. `delivery_id` is the
-- rejected delivery for which Courant suppressed the address itself.
CREATE TABLE suppressions (
    hash       TEXT PRIMARY KEY,
    reason     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    delivery_id BIGINT
);

-- Keyed hashes of addresses that only their owners may subscribe again, by double opt-in: those of erased
-- subscribers, and the former addresses of the subscriber with `subscriber_id`.
CREATE TABLE opt_in_required (
    hash          TEXT PRIMARY KEY,
    subscriber_id BIGINT,
    created_at    BIGINT NOT NULL
);

-- Batches of consecutive deliveries into which the audience of an edition is frozen; a node leases
-- a whole batch. `counts` has the numbers of its deliveries by state, like that of its edition.
CREATE TABLE delivery_batches (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    edition_id  BIGINT NOT NULL REFERENCES editions (id),
    done        BOOLEAN NOT NULL DEFAULT FALSE,
    lease_node  TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0,
    counts      TEXT
);
CREATE INDEX delivery_batches_open ON delivery_batches (edition_id, id) WHERE NOT done;
CREATE INDEX delivery_batches_edition ON delivery_batches (edition_id, id);
CREATE INDEX delivery_batches_leased ON delivery_batches (lease_node) WHERE lease_node IS NOT NULL;

-- One message to one recipient. `edition_id`, `batch_id`, `variant_id` and `subscription_id` are
-- set for editions only, `payload` (JSON) for transactional messages, and for editions whose
-- template uses the subscriber's tags and attributes, which it then contains. `uncertain` counts
-- attempts whose outcome is unknown. `state_before_retry` is the state, failed or held, from which an
-- admin queued it again. `rejection` says what a failed delivery says about its address: `mailbox` (it
-- does not exist), `other` (another reason of the recipient) or `unclear` (a reason that may concern
-- others, such as a policy). `address` is empty if the subscriber was erased.
CREATE TABLE deliveries (
    id               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind             TEXT NOT NULL CONSTRAINT deliveries_kind CHECK (kind IN ('edition', 'confirmation', 'test')),
    edition_id       BIGINT,
    batch_id         BIGINT,
    variant_id       BIGINT,
    subscriber_id    BIGINT,
    subscription_id  BIGINT,
    address          TEXT NOT NULL,
    address_hash     TEXT NOT NULL,
    name             TEXT,
    state            TEXT NOT NULL
        CONSTRAINT deliveries_state CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'held', 'cancelled', 'bounced')),
    attempts         BIGINT NOT NULL DEFAULT 0,
    uncertain        BIGINT NOT NULL DEFAULT 0,
    last_reply       TEXT,
    payload          TEXT,
    created_at       BIGINT NOT NULL,
    first_attempt_at BIGINT,
    ended_at         BIGINT,
    state_before_retry TEXT,
    rejection        TEXT
) WITH (fillfactor = 80); -- free space on each page for HOT updates of `state`
CREATE INDEX deliveries_batch ON deliveries (batch_id);
CREATE INDEX deliveries_subscriber ON deliveries (subscriber_id);

-- Deliveries that are leased one by one instead of with their batch: retries and transactional
-- messages.
CREATE TABLE delivery_queue (
    delivery_id BIGINT PRIMARY KEY,
    edition_id  BIGINT,
    transport   TEXT NOT NULL,
    priority    BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    lease_node  TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX delivery_queue_due ON delivery_queue (transport, priority, due_at);
CREATE INDEX delivery_queue_edition ON delivery_queue (edition_id, transport, due_at);
CREATE INDEX delivery_queue_leased ON delivery_queue (lease_node) WHERE lease_node IS NOT NULL;

-- Rate limit counters of a transport (domain_key '') and of a transport towards a recipient domain.
-- `windows` holds the messages started lately, by time slot, for each sliding window.
-- `last_updates` holds the last update of each node, so that a node that repeats an update gets the
-- same answer. Rows with `warmup_started_at` are kept forever, others until `expires_at`.
CREATE TABLE rate_limits (
    transport         TEXT NOT NULL,
    domain_key        TEXT NOT NULL,
    warmup_started_at BIGINT,
    warmup_total      BIGINT NOT NULL DEFAULT 0,
    windows           TEXT NOT NULL DEFAULT '{}',
    last_updates      TEXT NOT NULL DEFAULT '{}',
    expires_at        BIGINT,
    PRIMARY KEY (transport, domain_key)
);
CREATE INDEX rate_limits_expiry ON rate_limits (expires_at);

-- Relays that fail: the last error of each transport, from its first failure until its relay accepts
-- a message. `retry_at` is the end of the backoff.
CREATE TABLE transport_failures (
    transport TEXT PRIMARY KEY,
    failures  BIGINT NOT NULL,
    error     TEXT NOT NULL,
    since     BIGINT NOT NULL,
    retry_at  BIGINT NOT NULL
);

-- Requests of `courant reload` to read the configuration again; every node polls for the newest.
CREATE TABLE reload_requests (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    requested_at BIGINT NOT NULL
);

-- Result of each request at each node; `error` is null where the new configuration is in force.
CREATE TABLE reload_results (
    request_id  BIGINT NOT NULL REFERENCES reload_requests (id),
    node        TEXT NOT NULL,
    finished_at BIGINT NOT NULL,
    error       TEXT,
    PRIMARY KEY (request_id, node)
);

-- All versions of the feeds, digests and segments that are defined in the database; the newest version of
-- each is in force, and a null `body` deletes it. `previous` is the newest version at the time of
-- the change, so that two changes that were validated with the same configuration exclude each
-- other.
CREATE TABLE definition_versions (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    previous   BIGINT NOT NULL UNIQUE,
    kind       TEXT NOT NULL CONSTRAINT definition_versions_kind CHECK (kind IN ('feed', 'digest', 'segment', 'webhook')),
    name       TEXT NOT NULL,
    body       TEXT,
    actor_kind TEXT NOT NULL,
    actor_name TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX definition_versions_name ON definition_versions (kind, name, id);

-- Events for the webhooks, written in the transaction of the change that each reports (an outbox), while
-- a webhook of the configuration receives their kind. An event is given to the webhooks at `due_at`,
-- which is later than `created_at` for an article that is published in the future.
CREATE TABLE events (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind           TEXT NOT NULL CONSTRAINT events_kind CHECK (kind IN (
                    'article.published', 'article.changed', 'edition.created', 'edition.started',
                    'edition.finished', 'delivery.failed', 'subscriber.confirmed',
                    'subscriber.unsubscribed', 'subscriber.changed')),
    object_id      TEXT NOT NULL,
    data           TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    due_at         BIGINT NOT NULL,
    is_distributed BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX events_undistributed ON events (due_at) WHERE NOT is_distributed;
CREATE INDEX events_created ON events (created_at);
CREATE INDEX events_object ON events (object_id) WHERE NOT is_distributed;

-- Events on the way to each webhook. An entry is deleted when the webhook accepts it, and has no
-- `due_at` after its last attempt.
CREATE TABLE webhook_deliveries (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook     TEXT NOT NULL,
    event_id    BIGINT NOT NULL,
    attempts    BIGINT NOT NULL DEFAULT 0,
    due_at      BIGINT,
    lease_node  TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0,
    UNIQUE (webhook, event_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (event_id);

-- Attempts to deliver events to webhooks. `status` is the HTTP status of the response, `error` the
-- reason why there was none.
CREATE TABLE webhook_attempts (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook      TEXT NOT NULL,
    event_id     BIGINT NOT NULL,
    attempted_at BIGINT NOT NULL,
    duration_ms  BIGINT NOT NULL,
    status       BIGINT,
    error        TEXT
);
CREATE INDEX webhook_attempts_webhook ON webhook_attempts (webhook, id);
CREATE INDEX webhook_attempts_time ON webhook_attempts (attempted_at);

-- State of each webhook that has failed: since when it accepts nothing, and when and why it was
-- switched off. The state applies to `url` only.
CREATE TABLE webhook_states (
    name          TEXT PRIMARY KEY,
    url           TEXT NOT NULL,
    failing_since BIGINT,
    disabled_at   BIGINT,
    reason        TEXT
);
