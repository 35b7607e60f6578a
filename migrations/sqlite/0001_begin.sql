-- Times are milliseconds since 1970 (UTC); lists are JSON arrays; states are words.
-- Keys that reach the outside (Message-IDs, tokens) must never be used twice: AUTOINCREMENT.

-- What makes this store itself: its secret, the address it sends under, whether it is a copy.
CREATE TABLE instance (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- `asked_at`: somebody asked for a reading since the last one began. Up to `marked_at`, by its own clock, everything was
-- read that a source of the settings `marked_for` (a hash) told; `compared_at` is when all of it was last compared.
CREATE TABLE sources (
    name          TEXT PRIMARY KEY,
    due_at        BIGINT NOT NULL,
    attempted_at  BIGINT,
    succeeded_at  BIGINT,
    failures      BIGINT NOT NULL DEFAULT 0,
    error         TEXT,
    held_removals BIGINT NOT NULL DEFAULT 0,
    asked_at      BIGINT,
    compared_at   BIGINT,
    marked_at     BIGINT,
    marked_for    TEXT
);

-- Keys to the API: a keyed hash of each, never the token itself.
CREATE TABLE tokens (
    name       TEXT PRIMARY KEY,
    role       TEXT NOT NULL,
    hash       TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Rows of a source that could not be used, so that each is logged once.
CREATE TABLE refusals (
    source    TEXT NOT NULL,
    source_id TEXT NOT NULL,
    reason    TEXT NOT NULL,
    since     BIGINT NOT NULL,
    PRIMARY KEY (source, source_id)
);

-- A removed article stays as a tombstone: its ids, its group, its times, its language, its terms.
-- The body comes last, so that reading the rest need not walk over it.
CREATE TABLE articles (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    source         TEXT NOT NULL,
    source_id      TEXT NOT NULL,
    guid           TEXT NOT NULL CONSTRAINT articles_guid UNIQUE,
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
    changed_at     BIGINT NOT NULL,
    translation_of TEXT,
    group_id       BIGINT NOT NULL,
    content_hash   TEXT NOT NULL,
    removed_at     BIGINT,
    is_ungrouped   BOOLEAN NOT NULL DEFAULT TRUE,
    body_html      TEXT NOT NULL,
    UNIQUE (source, source_id)
);
CREATE INDEX articles_published ON articles (published_at DESC, guid, removed_at);
CREATE INDEX articles_group ON articles (group_id);
CREATE INDEX articles_removed ON articles (published_at) WHERE removed_at IS NOT NULL;
CREATE INDEX articles_twins ON articles (source, translation_of) WHERE translation_of IS NOT NULL;
CREATE INDEX articles_ungrouped ON articles (source) WHERE is_ungrouped;

-- What an article can be selected by: a 'section', 'tag', 'author', 'language' (with those it is a variety of) or 'source',
-- in lower case; with what orders articles, so that the newest of a term are found without looking at the others. What was
-- removed before its time came has none.
CREATE TABLE article_terms (
    article_id   BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL,
    term         TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    guid         TEXT NOT NULL,
    PRIMARY KEY (article_id, kind, term)
);
CREATE INDEX article_terms_newest ON article_terms (kind, term, published_at DESC, guid);

-- What the latest changes to articles touched: the terms of each article before and after, so that only the feeds that
-- hold it are made anew.
CREATE TABLE article_changes (
    version    BIGINT NOT NULL,
    article_id BIGINT NOT NULL,
    terms      TEXT NOT NULL,
    PRIMARY KEY (version, article_id)
);

-- Ids that articles took over from others (`courant articles adopt`), whether the taker was seen here yet or not; `from_*`
-- is whose it was, where that was an article of ours.
CREATE TABLE adoptions (
    guid        TEXT PRIMARY KEY,
    source      TEXT NOT NULL,
    source_id   TEXT NOT NULL,
    from_source TEXT,
    from_id     TEXT,
    adopted_at  BIGINT NOT NULL,
    UNIQUE (source, source_id)
);
CREATE INDEX adoptions_from ON adoptions (from_source, from_id);

-- When the bytes of a feed last changed; the same on every node.
CREATE TABLE feed_versions (
    feed        TEXT NOT NULL,
    format      TEXT NOT NULL,
    etag        TEXT NOT NULL,
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (feed, format)
);

-- How many read a feed on a day (days since 1970, UTC), as each run of a node counted it: numbers, and nothing about anybody.
CREATE TABLE readership (
    feed      TEXT NOT NULL,
    day       BIGINT NOT NULL,
    node      TEXT NOT NULL,
    since     BIGINT NOT NULL,
    until     BIGINT NOT NULL,
    direct    BIGINT NOT NULL,
    served    BIGINT NOT NULL,
    requests  BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    PRIMARY KEY (day, feed, node)
);

-- What each hub elsewhere was last told of a document, and what it is being told.
CREATE TABLE hub_pings (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    hub         TEXT NOT NULL,
    feed        TEXT NOT NULL,
    format      TEXT NOT NULL,
    etag        TEXT NOT NULL,
    telling     TEXT NOT NULL,
    attempts    BIGINT NOT NULL DEFAULT 0,
    due_at      BIGINT NOT NULL DEFAULT 0,
    lease_node  TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0,
    UNIQUE (hub, feed, format)
);

-- What our hub was asked for and the callback has yet to confirm; `etag` names the version its owner may know.
CREATE TABLE hub_requests (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    mode          TEXT NOT NULL,
    callback      TEXT NOT NULL,
    host          TEXT NOT NULL,
    topic         TEXT NOT NULL,
    feed          TEXT NOT NULL,
    format        TEXT NOT NULL,
    secret        TEXT,
    lease_seconds BIGINT NOT NULL,
    etag          TEXT NOT NULL,
    attempts      BIGINT NOT NULL DEFAULT 0,
    due_at        BIGINT NOT NULL,
    lease_node    TEXT,
    lease_until   BIGINT NOT NULL DEFAULT 0,
    UNIQUE (callback, feed, format)
);
CREATE INDEX hub_requests_host ON hub_requests (host);

-- Who is sent each new version of a document, confirmed; `failures` counts in a row, over versions.
CREATE TABLE hub_subscriptions (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
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

-- What each place that feeds are published to has of us (PLACE:MANNER:VERSION, empty until something was put there), and
-- what is being put there.
CREATE TABLE published (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    target      TEXT NOT NULL,
    file        TEXT NOT NULL,
    etag        TEXT NOT NULL,
    putting     TEXT NOT NULL,
    attempts    BIGINT NOT NULL DEFAULT 0,
    due_at      BIGINT NOT NULL DEFAULT 0,
    lease_node  TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0,
    UNIQUE (target, file)
);

CREATE TABLE digests (
    name          TEXT PRIMARY KEY,
    configured_at BIGINT NOT NULL,
    handled_until BIGINT NOT NULL
);

CREATE TABLE editions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    digest        TEXT NOT NULL,
    state         TEXT NOT NULL,
    slot          BIGINT,
    scheduled_for BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    finished_at   BIGINT,
    transport     TEXT NOT NULL,
    title         TEXT NOT NULL,
    sender        TEXT NOT NULL,
    reply_to      TEXT,
    frozen_to     BIGINT NOT NULL DEFAULT 0,
    note          TEXT,
    CONSTRAINT editions_slot UNIQUE (digest, slot)
);

CREATE TABLE edition_articles (
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    position   BIGINT NOT NULL,
    article_id BIGINT NOT NULL REFERENCES articles (id),
    PRIMARY KEY (edition_id, position)
);

-- Which story went into which digest: every member of its translation group.
CREATE TABLE ledger (
    digest     TEXT NOT NULL,
    article_id BIGINT NOT NULL REFERENCES articles (id),
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    CONSTRAINT ledger_once PRIMARY KEY (digest, article_id)
);
CREATE INDEX ledger_edition ON ledger (edition_id);

-- An edition rendered for one language and one set of chosen sections; the
-- subscriber's own values are slots. `recipe` is set when a template decides by
-- those values and must be rendered for each subscriber.
CREATE TABLE variants (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    language   TEXT NOT NULL,
    sections   TEXT NOT NULL,
    subject    TEXT NOT NULL,
    html       TEXT NOT NULL,
    text       TEXT NOT NULL,
    recipe     TEXT,
    UNIQUE (edition_id, language, sections)
);

-- Which variant those get who read `language` ('' if unknown) and chose `sections`: none if their sections have no news.
-- The row of language '*' is for those who changed their choice while the audience was frozen.
CREATE TABLE variant_choices (
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    language   TEXT NOT NULL,
    sections   TEXT NOT NULL,
    variant_id BIGINT REFERENCES variants (id),
    PRIMARY KEY (edition_id, language, sections)
);

CREATE TABLE subscribers (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    address      TEXT NOT NULL,
    address_key  TEXT NOT NULL CONSTRAINT subscribers_address UNIQUE,
    address_hash TEXT NOT NULL,
    name         TEXT,
    language     TEXT,
    timezone     TEXT,
    tags         TEXT NOT NULL DEFAULT '[]',
    created_at   BIGINT NOT NULL
);

CREATE TABLE subscriptions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber_id BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    digest        TEXT NOT NULL,
    status        TEXT NOT NULL,
    sections      TEXT NOT NULL DEFAULT '[]',
    since         BIGINT NOT NULL,
    requested_at  BIGINT NOT NULL,
    consent       TEXT NOT NULL,
    UNIQUE (subscriber_id, digest)
);
CREATE INDEX subscriptions_audience ON subscriptions (digest, status, id);

-- Keyed hashes of addresses that must never be mailed again.
CREATE TABLE suppressions (
    hash       TEXT PRIMARY KEY,
    reason     TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- The audience of an edition, frozen in runs of consecutive deliveries; a node leases a run.
CREATE TABLE blocks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    edition_id  BIGINT NOT NULL REFERENCES editions (id),
    done        BOOLEAN NOT NULL DEFAULT FALSE,
    lease_node  TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX blocks_open ON blocks (edition_id, id) WHERE NOT done;
CREATE INDEX blocks_edition ON blocks (edition_id);
CREATE INDEX blocks_leased ON blocks (lease_node) WHERE lease_node IS NOT NULL;

CREATE TABLE deliveries (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    kind            TEXT NOT NULL,
    edition_id      BIGINT,
    block_id        BIGINT,
    variant_id      BIGINT,
    subscriber_id   BIGINT,
    subscription_id BIGINT,
    address         TEXT NOT NULL,
    address_hash    TEXT NOT NULL,
    name            TEXT,
    state           TEXT NOT NULL,
    attempts        BIGINT NOT NULL DEFAULT 0,
    uncertain       BIGINT NOT NULL DEFAULT 0,
    answer          TEXT,
    letter          TEXT,
    created_at      BIGINT NOT NULL,
    first_tried_at  BIGINT,
    ended_at        BIGINT
);
CREATE INDEX deliveries_block ON deliveries (block_id);
CREATE INDEX deliveries_subscriber ON deliveries (subscriber_id);

-- Deliveries that are leased one by one: retries, confirmations, tests.
CREATE TABLE waiting (
    delivery_id BIGINT PRIMARY KEY,
    edition_id  BIGINT,
    transport   TEXT NOT NULL,
    priority    BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,
    lease_node  TEXT,
    lease_until BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX waiting_due ON waiting (transport, priority, due_at);
CREATE INDEX waiting_edition ON waiting (edition_id, transport, due_at);
CREATE INDEX waiting_leased ON waiting (lease_node) WHERE lease_node IS NOT NULL;

-- What was taken lately from the limits of a transport ('' as domain) and of it towards a domain: for each span the slots
-- in which messages went. A row with a beginning, that of a warming-up, stays for ever; others until nothing of them counts.
-- `changes` says what each node changed last: asked again for the same, it is told the same.
CREATE TABLE limits (
    transport  TEXT NOT NULL,
    domain     TEXT NOT NULL,
    begun_at   BIGINT,
    total      BIGINT NOT NULL DEFAULT 0,
    windows    TEXT NOT NULL DEFAULT '{}',
    changes    TEXT NOT NULL DEFAULT '{}',
    kept_until BIGINT,
    PRIMARY KEY (transport, domain)
);
CREATE INDEX limits_kept ON limits (kept_until);
