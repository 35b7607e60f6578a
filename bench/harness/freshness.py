"""Measures the age of the content that readers see, under a storm of readers and in a large store.

An article's age counts from `first_seen_at` in the store, which is the time just before its commit.
A measured wait is therefore never shorter than a reader's wait.
"""

import asyncio
import contextlib
import gzip
import json
import random
import re
import resource
import sqlite3
import time
from datetime import datetime, timezone

from .load_client import Connection, build_request, percentile
from .processes import Failure, call
from .servers import fetch, pinned

ARTICLE_NUMBER = re.compile(rb"/news/(\d+)\.html")
# Number of the first article that is published during the measurement.
FIRST_NUMBER = 10_000_000


def publisher(binary, server, library, directory):
    """Returns a function that imports an article with tags by the CLI and returns its number."""
    numbers = iter(range(FIRST_NUMBER, FIRST_NUMBER * 2))

    def publish(tags):
        number = next(numbers)
        file = directory / "one.jsonl"
        article = library.article(number, tags, datetime.now(timezone.utc))
        file.write_text(json.dumps(article) + "\n", encoding="utf-8")
        call(pinned(1, [str(binary), "--config", str(server.config), "articles", "import", str(file)]))
        return number

    return publish


def first_seen_times(database):
    """Returns `first_seen_at` of the newly published articles by number, in seconds since 1970."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT url, first_seen_at FROM articles WHERE url LIKE '%/news/1_______.html'")
        return {int(ARTICLE_NUMBER.search(url.encode()).group(1)): at / 1000 for url, at in rows}


def newest_article(body, headers):
    """Returns the highest number of a newly published article in a response, or 0 without any."""
    text = gzip.decompress(body) if headers.get(b"content-encoding") == b"gzip" else body
    return max((n for n in map(int, ARTICLE_NUMBER.findall(text)) if n >= FIRST_NUMBER), default=0)


async def storm(server, publish, database, clients, seconds, pause):
    """Runs `clients` readers while one article per second is published; returns the results.

    Half of the readers use a keep-alive connection; the others open one for each request.
    """
    path = "/feeds/feed0.rss"
    responses, errors, newest_by_tag = [], [], {}
    deadline = time.monotonic() + seconds

    async def reader(number):
        keep_alive = number % 2 == 0
        connection, tag, newest = Connection(server.port), None, 0
        await asyncio.sleep(random.random() * pause)
        while time.monotonic() < deadline:
            requested_at = time.time()
            try:
                headers = {"Accept_Encoding": "gzip"} | ({"If_None_Match": tag} if tag else {}) | ({} if keep_alive else {"Connection": "close"})
                status, response_headers, body = await connection.send(build_request(path, **headers))
                if status == 200:
                    tag = response_headers[b"etag"].decode()
                    # Decompresses each version once only, so that the client is not the bottleneck.
                    if tag not in newest_by_tag:
                        newest_by_tag[tag] = newest_article(body, response_headers)
                    newest = newest_by_tag[tag]
                elif status != 304:
                    errors.append(f"status {status}")
                responses.append((requested_at, time.time() - requested_at, newest))
                if not keep_alive:
                    await connection.close()
            except (OSError, asyncio.IncompleteReadError, KeyError, ValueError) as error:
                errors.append(repr(error))
                with contextlib.suppress(OSError):
                    await connection.close()
            await asyncio.sleep(pause * (0.5 + random.random()))
        await connection.close()

    async def publish_every_second():
        start = time.monotonic()
        for second in range(int(seconds)):
            await asyncio.sleep(max(0.0, start + second - time.monotonic()))
            await asyncio.to_thread(publish, ["topic0"])

    await asyncio.gather(publish_every_second(), *(reader(number) for number in range(clients)))
    published = sorted((at, number) for number, at in first_seen_times(database).items())
    return {"responses": len(responses), "errors": errors, "oldest": max_age(responses, published), "published": len(published)} | {
        f"p{percent}": percentile([latency for _, latency, _ in responses], percent / 100) for percent in (50, 99)
    }


def max_age(responses, published):
    """Returns the largest age of a response in seconds.

    The age of a response is the age of the oldest article that it lacks, at the time of the request.
    """
    largest = 0.0
    times = {number: at for at, number in published}
    order = sorted(times)
    successors = dict(zip([0, *order], order))
    for requested_at, _, newest in responses:
        # The oldest article that this response lacks.
        missing = successors.get(newest)
        if missing is not None:
            largest = max(largest, requested_at - times[missing])
    return largest


def visible(server, publish, database, feeds, articles):
    """Publishes articles one by one and returns the time until each is visible, in milliseconds.

    The time runs from `first_seen_at` of the article to the first response that contains it.
    """

    async def wait_for_article(number, path, tag):
        connection = Connection(server.port)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            headers = {"Accept_Encoding": "gzip"} | ({"If_None_Match": tag} if tag else {})
            status, response_headers, body = await connection.send(build_request(path, **headers))
            received_at = time.time()
            if status == 200:
                tag = response_headers[b"etag"].decode()
                if newest_article(body, response_headers) >= number:
                    await connection.close()
                    return received_at
            await asyncio.sleep(0.001)
        raise Failure(f"{path} does not contain article {number} after a minute")

    async def publish_all():
        visible_at = {}
        for index in range(articles):
            topic = index % feeds
            path = f"/feeds/feed{topic}.rss"
            tag = fetch(server.port, path, {"Accept-Encoding": "gzip"})[1]["etag"]
            waiting = asyncio.create_task(wait_for_article(FIRST_NUMBER + index, path, tag))
            await asyncio.to_thread(publish, [f"topic{topic}"])
            visible_at[FIRST_NUMBER + index] = await waiting
        return visible_at

    visible_at = asyncio.run(publish_all())
    first_seen = first_seen_times(database)
    return [(visible_at[number] - first_seen[number]) * 1000 for number in visible_at]


def raise_file_limit(required):
    """Raises the limit of open files for this process and its children, or raises Failure."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard_limit != resource.RLIM_INFINITY and hard_limit < required:
        raise Failure(f"at most {hard_limit} files can be open, but {required} are needed; raise `ulimit -Hn` or lower --clients")
    resource.setrlimit(resource.RLIMIT_NOFILE, (required, hard_limit))
