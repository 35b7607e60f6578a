"""Measures the import of subscribers beside a plain load of the same rows into tables with the same indexes."""

import csv
import shutil
import time

from .processes import Failure, call, measure

# Rows per second that listmonk publishes for its own import.
LISTMONK_ROWS_PER_SECOND = 2_700
# Largest time, as a multiple of the plain load, and largest memory in bytes.
GOAL_RATIO = 1.5
GOAL_BYTES = 100 << 20

PEOPLE = """INSERT INTO subscribers (address, address_key, address_hash, name, name_key, language, created_at)
       SELECT email, lower(email), {hash}, name, lower(name), language, 1 FROM staging"""
SUBSCRIPTIONS = """INSERT INTO subscriptions (subscriber_id, digest, status, since, requested_at, consent)
       SELECT id, 'weekly', 'confirmed', 1, 1, 'benchmark' FROM subscribers"""


def write_file(path, rows):
    """Writes a CSV file with this number of people."""
    with open(path, "w", encoding="utf-8", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(["email", "name", "language"])
        lines.writerows([f"reader{n}@partner{n % 200}.example", f"Reader Number {n}", "en"] for n in range(rows))


def plain_load(store, label, file):
    """Loads the file with the tools of the database and returns the time in seconds."""
    if store.name == "SQLite":
        if shutil.which("sqlite3") is None:
            raise Failure("the plain load needs the program sqlite3")
        script = [
            "PRAGMA synchronous = FULL;",
            "CREATE TEMP TABLE staging (email TEXT, name TEXT, language TEXT);",
            ".mode csv",
            f".import --skip 1 {file} staging",
            "BEGIN;",
            PEOPLE.format(hash="lower(hex(randomblob(16)))") + ";",
            SUBSCRIPTIONS + ";",
            "COMMIT;",
        ]
        started = time.monotonic()
        call(["sqlite3", store.url(label).removeprefix("sqlite://")], stdin="\n".join(script))
        return time.monotonic() - started
    started = time.monotonic()
    store.sql(
        label,
        "CREATE UNLOGGED TABLE staging (email TEXT, name TEXT, language TEXT)",
        f"\\copy staging FROM '{file}' WITH (FORMAT csv, HEADER)",
        PEOPLE.format(hash="md5(email)"),
        SUBSCRIPTIONS,
        "DROP TABLE staging",
    )
    return time.monotonic() - started


def compare(store, courant, file):
    """Returns the times of the plain load and of the import, and the peak memory of the import."""
    store.create("plain")
    courant.configure(store.url("plain"))
    # The command migrates the database.
    call(courant.command("digests", "list"))
    plain = plain_load(store, "plain", file)
    store.drop("plain")
    store.create("import")
    courant.configure(store.url("import"))
    call(courant.command("digests", "list"))
    consent = ["--status", "confirmed", "--consent", "benchmark"]
    usage = measure(courant.command("subscribers", "import", str(file), "--digest", "weekly", *consent))
    store.drop("import")
    return plain, usage.seconds, usage.peak
