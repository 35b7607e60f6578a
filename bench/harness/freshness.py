"""How old what readers see is: in a storm of readers, and for one article after the other in a large store.

An article's beginning is `first_seen_at` in the store: the clock just before it is committed, so what is measured is no less
than what a reader waits.
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

from .load_client import Line, percentile, request
from .processes import Failure, call
from .servers import fetch, pinned

NUMBER = re.compile(rb"/news/(\d+)\.html")
# New articles are numbered from here.
FIRST = 10_000_000


def publisher(binary, server, library, folder):
    """What publishes an article with tags, as an operator would; gives its number."""
    count = iter(range(FIRST, FIRST * 2))

    def publish(tags):
        number = next(count)
        file = folder / "one.jsonl"
        article = library.article(number, tags, datetime.now(timezone.utc))
        file.write_text(json.dumps(article) + "\n", encoding="utf-8")
        call(pinned(1, [str(binary), "--config", str(server.config), "articles", "import", str(file)]))
        return number

    return publish


def seen_at(database):
    """When each of the new articles was first seen, by its number, in seconds since 1970."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT url, first_seen_at FROM articles WHERE url LIKE '%/news/1_______.html'")
        return {int(NUMBER.search(url.encode()).group(1)): at / 1000 for url, at in rows}


def newest(body, headers):
    """The newest number in an answer, 0 if there is none that was published meanwhile."""
    text = gzip.decompress(body) if headers.get(b"content-encoding") == b"gzip" else body
    return max((n for n in map(int, NUMBER.findall(text)) if n >= FIRST), default=0)


async def storm(server, publish, database, clients, seconds, pause):
    """So many readers, half of them on a connection that they keep, while an article comes out each second."""
    path = "/feeds/feed0.rss"
    answers, errors, known = [], [], {}
    over = time.monotonic() + seconds

    async def reader(number):
        keeps = number % 2 == 0
        line, tag, last = Line(server.port), None, 0
        await asyncio.sleep(random.random() * pause)
        while time.monotonic() < over:
            asked = time.time()
            try:
                headers = {"Accept_Encoding": "gzip"} | ({"If_None_Match": tag} if tag else {}) | ({} if keeps else {"Connection": "close"})
                status, said, body = await line.ask(request(path, **headers))
                if status == 200:
                    tag = said[b"etag"].decode()
                    # Unpacked once for each version, or the client would be what is measured.
                    if tag not in known:
                        known[tag] = newest(body, said)
                    last = known[tag]
                elif status != 304:
                    errors.append(f"status {status}")
                answers.append((asked, time.time() - asked, last))
                if not keeps:
                    await line.close()
            except (OSError, asyncio.IncompleteReadError, KeyError, ValueError) as why:
                errors.append(repr(why))
                with contextlib.suppress(OSError):
                    await line.close()
            await asyncio.sleep(pause * (0.5 + random.random()))
        await line.close()

    async def editor():
        begun = time.monotonic()
        for second in range(int(seconds)):
            await asyncio.sleep(max(0.0, begun + second - time.monotonic()))
            await asyncio.to_thread(publish, ["topic0"])

    await asyncio.gather(editor(), *(reader(number) for number in range(clients)))
    published = sorted((at, number) for number, at in seen_at(database).items())
    return {"answers": len(answers), "errors": errors, "oldest": oldest(answers, published), "published": len(published)} | {
        f"p{share}": percentile([took for _, took, _ in answers], share / 100) for share in (50, 99)
    }


def oldest(answers, published):
    """How long, at most, an article had been there that an answer did not hold when it was asked for, in seconds."""
    worst = 0.0
    times = {number: at for at, number in published}
    order = sorted(times)
    following = dict(zip([0, *order], order))
    for asked, _, last in answers:
        # The first article that this answer lacks.
        missing = following.get(last)
        if missing is not None:
            worst = max(worst, asked - times[missing])
    return worst


def visible(server, publish, database, feeds, singles):
    """Milliseconds from `first_seen_at` of one article after the other to the first answer with it."""

    async def wait(number, path, tag):
        line = Line(server.port)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            headers = {"Accept_Encoding": "gzip"} | ({"If_None_Match": tag} if tag else {})
            status, said, body = await line.ask(request(path, **headers))
            seen = time.time()
            if status == 200:
                tag = said[b"etag"].decode()
                if newest(body, said) >= number:
                    await line.close()
                    return seen
            await asyncio.sleep(0.001)
        raise Failure(f"{path} does not show article {number} within a minute")

    async def all_of_them():
        seen = {}
        for turn in range(singles):
            topic = turn % feeds
            path = f"/feeds/feed{topic}.rss"
            tag = fetch(server.port, path, {"Accept-Encoding": "gzip"})[1]["etag"]
            waiting = asyncio.create_task(wait(FIRST + turn, path, tag))
            await asyncio.to_thread(publish, [f"topic{topic}"])
            seen[FIRST + turn] = await waiting
        return seen

    seen = asyncio.run(all_of_them())
    began = seen_at(database)
    return [(seen[number] - began[number]) * 1000 for number in seen]


def allow_connections(wanted):
    """Raises the number of files that this process and its children may open; a Failure if that is too low."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < wanted:
        raise Failure(f"only {most} files may be open at once, and {wanted} are needed: raise `ulimit -Hn`, or choose fewer --clients")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))

