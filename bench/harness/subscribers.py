"""Readers who subscribed through the hub: good ones, slow ones, such as lead in circles, and such as never asked for it."""

import asyncio
import time
from urllib.parse import parse_qs, quote, urlsplit

from .load_client import percentile
from .freshness import FIRST, newest, seen_at
from .processes import Failure, free_port

# How many of each kind there are, and on how many hosts, which are addresses of the loopback network.
CROWD = {"good": 100, "slow": 20, "looping": 20, "forged": 20}
HOSTS = {"good": 10, "slow": 20, "looping": 20, "forged": 20}
NETWORKS = {kind: number for number, kind in enumerate(CROWD, start=1)}


def host(kind, number):
    """Where a subscriber's callback lies."""
    return f"127.0.{NETWORKS[kind]}.{number % HOSTS[kind] + 1}"


class Subscribers:
    """A server for all callbacks: the kind of a subscriber is the first part of its path."""

    def __init__(self):
        self.confirmed = {kind: set() for kind in CROWD}
        self.pushed = {kind: 0 for kind in CROWD}
        # When each article came to each of the good ones, in seconds since 1970.
        self.came = {}
        self._over = asyncio.Event()
        self._lines = set()

    async def open(self):
        self.port = free_port()
        hosts = [host(kind, number) for kind, count in HOSTS.items() for number in range(count)]
        self._server = await asyncio.start_server(self._answer, hosts, self.port, limit=1 << 20)

    async def close(self):
        """Lets those go who are still waiting for an answer."""
        self._server.close()
        self._over.set()
        for line in list(self._lines):
            line.close()
        while self._lines:
            await asyncio.sleep(0.01)

    async def _answer(self, reader, writer):
        self._lines.add(writer)
        try:
            await self._converse(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._lines.discard(writer)
            writer.close()

    async def _converse(self, reader, writer):
        while not self._over.is_set():
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split("\r\n", 1)[0].split(" ")
            headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in head.split("\r\n")[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            writer.write(await self._say(method, target, headers, body))
            await writer.drain()

    async def _say(self, method, target, headers, body):
        parts = urlsplit(target)
        _, kind, name = parts.path.split("/")
        if method == "GET":
            if kind == "forged":
                return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            self.confirmed[kind].add(name)
            challenge = parse_qs(parts.query)["hub.challenge"][0].encode()
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(challenge), challenge)
        self.pushed[kind] += 1
        if kind == "slow":
            await self._over.wait()
        if kind == "looping":
            return b"HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % target.encode()
        self.came.setdefault(newest(body, {name.encode(): text.encode() for name, text in headers.items()}), {})[name] = time.time()
        return b"HTTP/1.1 204 No Content\r\n\r\n"


async def ask(port, callback, topic):
    """Subscribes; a Failure unless the hub takes it down."""
    form = f"hub.mode=subscribe&hub.topic={quote(topic, safe='')}&hub.callback={quote(callback, safe='')}&hub.secret=between-us"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /hub HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {len(form)}\r\n"
    writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}".encode())
    said = await reader.read()
    writer.close()
    if not said.startswith(b"HTTP/1.1 202 "):
        raise Failure(f"the hub does not take a subscription: {said[:200]!r}")


async def push(server, publish, database, articles, patience=90.0):
    """Milliseconds from `first_seen_at` to each good subscriber, for article after article; and how often others were sent some."""
    crowd = Subscribers()
    await crowd.open()
    topic = f"http://127.0.0.1:{server.port}/feeds/feed0.rss"
    for kind, count in CROWD.items():
        for number in range(count):
            await ask(server.port, f"http://{host(kind, number)}:{crowd.port}/{kind}/{number}", topic)
    willing = [kind for kind in CROWD if kind != "forged"]
    until = time.monotonic() + patience
    while any(len(crowd.confirmed[kind]) < CROWD[kind] for kind in willing):
        if time.monotonic() > until:
            raise Failure(f"after {patience:.0f} s the hub has confirmed only {({kind: len(crowd.confirmed[kind]) for kind in willing})}")
        await asyncio.sleep(0.1)
    waits = []
    for turn in range(articles):
        number = await asyncio.to_thread(publish, ["topic0"])
        until = time.monotonic() + patience
        while len(crowd.came.get(number, ())) < CROWD["good"]:
            if time.monotonic() > until:
                raise Failure(f"article {turn + 1} came to {len(crowd.came.get(number, ()))} of {CROWD['good']} subscribers")
            await asyncio.sleep(0.01)
    began = seen_at(database)
    for number, came in crowd.came.items():
        if number >= FIRST:
            waits += [(at - began[number]) * 1000 for at in came.values()]
    await crowd.close()
    shares = {f"p{share}": percentile(waits, share / 100) for share in (50, 99)}
    return shares | {"longest": max(waits), "pushes": len(waits), "others": {kind: crowd.pushed[kind] for kind in CROWD if kind != "good"}}
