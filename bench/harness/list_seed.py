"""Fills a database with a large list of subscribers, their deliveries, articles and an audit log."""

import contextlib
import json
import sqlite3
from datetime import datetime, timedelta, timezone

from .processes import call

DELIVERIES_PER_SUBSCRIBER = 10
ARTICLES = 100_000
# Courant's number of deliveries in a batch.
BATCH = 256
CITIES = "'Köln', 'Berlin', '上海', '广州', 'Oslo', 'Bonn', 'Bergen', 'Wien', 'Graz', 'Basel'"

# Each statement fills a table, written for both engines; {people}, {batches} and {entries} are subqueries `g`
# of the numbers from 0 in the column `n`, {city} and {hash} expressions of the engine.
STATEMENTS = [
    "INSERT INTO attributes (name, type, created_at) VALUES ('city', 'text', 0), ('visits', 'number', 0), ('joined', 'date', 0)",
    """INSERT INTO subscribers (address, address_key, address_hash, name, name_key, language, created_at)
       SELECT 'reader' || n || '@partner' || (n % 200) || '.example', 'reader' || n || '@partner' || (n % 200) || '.example', {hash},
              CASE WHEN n % 500 = 0 THEN '王小明' ELSE 'Reader Number ' || n END,
              CASE WHEN n % 500 = 0 THEN '王小明' ELSE 'reader number ' || n END,
              CASE WHEN n % 3 = 0 THEN 'zh' ELSE 'en' END, 1700000000000 + CAST(n AS BIGINT) * 60000
         FROM {people}""",
    """INSERT INTO subscriptions (subscriber_id, digest, status, since, requested_at, consent)
       SELECT id, 'weekly', CASE WHEN id % 50 = 0 THEN 'paused' ELSE 'confirmed' END, created_at, created_at, 'benchmark'
         FROM subscribers ORDER BY id""",
    "INSERT INTO subscriber_tags (subscriber_id, tag, tag_key) SELECT id, 'partner', 'partner' FROM subscribers WHERE id % 5 = 0",
    "INSERT INTO subscriber_tags (subscriber_id, tag, tag_key) SELECT id, 'vip', 'vip' FROM subscribers WHERE id % 1000 = 0",
    """INSERT INTO subscriber_attributes (subscriber_id, attribute, text_value, text_key)
       SELECT id, 'city', {city}, lower(replace({city}, 'ö', 'o')) FROM subscribers""",
    """INSERT INTO subscriber_attributes (subscriber_id, attribute, rank)
       SELECT id, 'visits', (id % 100) * 1000000 FROM subscribers""",
    """INSERT INTO subscriber_attributes (subscriber_id, attribute, rank)
       SELECT id, 'joined', 18000 + id % 3000 FROM subscribers""",
    """INSERT INTO audit_log (at, actor_kind, actor_name, action, object, object_id)
       SELECT 1700000000000 + CAST(n AS BIGINT) * 300000, CASE WHEN n % 3 = 0 THEN 'cli' ELSE 'user' END, CASE WHEN n % 3 <> 0 THEN 'ann' END,
              'change', 'subscriber', CAST(n AS TEXT)
         FROM {entries}""",
]
# The statements of one edition, {edition}, whose first batch is {first}. One in 200 messages failed, and six
# in a million are held.
OF_EDITION = [
    """INSERT INTO editions (digest, state, scheduled_for, created_at, finished_at, transport, title, sender)
       VALUES ('weekly', 'sent', {at}, {at}, {at} + 600000, 'default', 'The week at the college', 'News <news@example.edu>')""",
    "INSERT INTO delivery_batches (edition_id, done) SELECT {edition}, TRUE FROM {batches}",
    """INSERT INTO deliveries (kind, edition_id, batch_id, subscriber_id, subscription_id, address, address_hash, name, state,
              attempts, created_at, ended_at, last_reply)
       SELECT 'edition', {edition}, {first} + (p.id - 1) / {batch}, p.id, p.id, p.address, p.address_hash, p.name,
              CASE WHEN p.id % 200 = 0 THEN 'failed' WHEN p.id % 150001 = 7 THEN 'held' ELSE 'sent' END, 1, {at}, {at} + 60000,
              CASE WHEN p.id % 200 = 0 THEN '550 5.1.1 unknown user' WHEN p.id % 150001 <> 7 THEN '250 2.0.0 ok' END
         FROM subscribers p ORDER BY p.id""",
]


def write_articles(path):
    """Writes a file of articles, one every 50 minutes until today."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    with open(path, "w", encoding="utf-8") as out:
        for n in range(ARTICLES):
            article = {
                "id": str(n),
                "title": f"Article number {n} about solvents",
                "url": f"https://www.example.edu/news/{n}.html",
                "body_html": f"<p>Text of article {n}.</p>",
                "section": ("Lab", "People", "Campus", "Safety")[n % 4],
                "published_at": (now - timedelta(minutes=50 * (ARTICLES - n))).isoformat(),
            }
            out.write(json.dumps(article) + "\n")


def _batches(subscribers):
    return -(-subscribers // BATCH)


def _statements(subscribers, names):
    yield from (statement.format(**names) for statement in STATEMENTS)
    for n in range(DELIVERIES_PER_SUBSCRIBER):
        edition = {"edition": n + 1, "first": n * _batches(subscribers) + 1, "batch": BATCH, "at": 1_760_000_000_000 + n * 604_800_000}
        yield from (statement.format(**edition, **names) for statement in OF_EDITION)


def fill_sqlite(store, subscribers):
    def numbers(count):
        return f"(WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s LIMIT {count}) SELECT n FROM s) AS g"

    names = {
        "city": f"json_extract(json_array({CITIES}), '$[' || (id % 10) || ']')",
        "hash": "hex(randomblob(16))",
        "people": numbers(subscribers),
        "batches": numbers(_batches(subscribers)),
        "entries": numbers(ARTICLES),
    }
    path = store.url("lists").removeprefix("sqlite://")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        for statement in _statements(subscribers, names):
            db.execute(statement)
        db.execute("ANALYZE")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def fill_postgres(store, subscribers):
    def numbers(count):
        return f"generate_series(0, {count - 1}) AS g(n)"

    names = {
        "city": f"(ARRAY[{CITIES}])[id % 10 + 1]",
        "hash": "md5(n::text)",
        "people": numbers(subscribers),
        "batches": numbers(_batches(subscribers)),
        "entries": numbers(ARTICLES),
    }
    for statement in _statements(subscribers, names):
        store.sql("lists", statement)
    store.sql("lists", "VACUUM ANALYZE", "CHECKPOINT")


def fill(store, courant, directory, subscribers):
    """Fills the database `lists` of a store, which Courant has migrated."""
    articles = directory / "articles.jsonl"
    write_articles(articles)
    call(courant.command("articles", "import", str(articles)))
    articles.unlink()
    (fill_sqlite if store.name == "SQLite" else fill_postgres)(store, subscribers)
    # Counts the deliveries of the editions, as the tick after their end does.
    call(courant.command("deliver"))
