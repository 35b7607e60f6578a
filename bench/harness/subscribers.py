"""WebSub subscribers of the hub: good, slow and redirecting ones, and some that confirm nothing."""

import asyncio
import time
from urllib.parse import parse_qs, quote, urlsplit

from .freshness import FIRST_NUMBER, first_seen_times, newest_article
from .load_client import percentile
from .processes import Failure, free_port

# Number of subscribers of each kind, and number of their hosts, which are loopback addresses.
SUBSCRIBERS = {"good": 100, "slow": 20, "looping": 20, "unconfirmed": 20}
HOSTS = {"good": 10, "slow": 20, "looping": 20, "unconfirmed": 20}
NETWORKS = {kind: number for number, kind in enumerate(SUBSCRIBERS, start=1)}


def host(kind, number):
    """Returns the address of a subscriber's callback."""
    return f"127.0.{NETWORKS[kind]}.{number % HOSTS[kind] + 1}"


class CallbackServer:
    """A server for all callbacks; the first segment of a callback's path is the kind."""

    def __init__(self):
        self.confirmed = {kind: set() for kind in SUBSCRIBERS}
        self.pushed = {kind: 0 for kind in SUBSCRIBERS}
        # Times at which each article (outer key) arrived at each good subscriber (inner key), in
        # seconds since 1970.
        self.received_at = {}
        self._closing = asyncio.Event()
        self._connections = set()

    async def open(self):
        self.port = free_port()
        hosts = [host(kind, number) for kind, count in HOSTS.items() for number in range(count)]
        self._server = await asyncio.start_server(self._handle_connection, hosts, self.port, limit=1 << 20)

    async def close(self):
        """Closes all connections, including those without a response yet."""
        self._server.close()
        self._closing.set()
        for connection in list(self._connections):
            connection.close()
        while self._connections:
            await asyncio.sleep(0.01)

    async def _handle_connection(self, reader, writer):
        self._connections.add(writer)
        try:
            await self._serve_requests(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _serve_requests(self, reader, writer):
        while not self._closing.is_set():
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, target, _ = head.split("\r\n", 1)[0].split(" ")
            headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in head.split("\r\n")[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            writer.write(await self._respond(method, target, headers, body))
            await writer.drain()

    async def _respond(self, method, target, headers, body):
        parts = urlsplit(target)
        _, kind, name = parts.path.split("/")
        if method == "GET":
            if kind == "unconfirmed":
                return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            self.confirmed[kind].add(name)
            challenge = parse_qs(parts.query)["hub.challenge"][0].encode()
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(challenge), challenge)
        self.pushed[kind] += 1
        if kind == "slow":
            await self._closing.wait()
        if kind == "looping":
            return b"HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % target.encode()
        received_at = time.time()
        number = newest_article(body, {name.encode(): text.encode() for name, text in headers.items()})
        self.received_at.setdefault(number, {})[name] = received_at
        return b"HTTP/1.1 204 No Content\r\n\r\n"


async def subscribe(port, callback, topic):
    """Requests a subscription and raises Failure unless the hub accepts the request."""
    form = f"hub.mode=subscribe&hub.topic={quote(topic, safe='')}&hub.callback={quote(callback, safe='')}&hub.secret=between-us"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /hub HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {len(form)}\r\n"
    writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}".encode())
    response = await reader.read()
    writer.close()
    if not response.startswith(b"HTTP/1.1 202 "):
        raise Failure(f"the hub rejects a subscription request: {response[:200]!r}")


async def push(server, publish, database, articles, timeout=90.0):
    """Publishes articles one by one and measures their pushes to all subscribers.

    Returns percentiles and maximum, in milliseconds, of the time from `first_seen_at` to each good
    subscriber, and the number of pushes to each other kind.
    """
    callbacks = CallbackServer()
    await callbacks.open()
    topic = f"http://127.0.0.1:{server.port}/feeds/feed0.rss"
    for kind, count in SUBSCRIBERS.items():
        for number in range(count):
            await subscribe(server.port, f"http://{host(kind, number)}:{callbacks.port}/{kind}/{number}", topic)
    confirming = [kind for kind in SUBSCRIBERS if kind != "unconfirmed"]
    deadline = time.monotonic() + timeout
    while any(len(callbacks.confirmed[kind]) < SUBSCRIBERS[kind] for kind in confirming):
        if time.monotonic() > deadline:
            raise Failure(f"after {timeout:.0f} s the hub has confirmed only {({kind: len(callbacks.confirmed[kind]) for kind in confirming})}")
        await asyncio.sleep(0.1)
    waits = []
    for index in range(articles):
        number = await asyncio.to_thread(publish, ["topic0"])
        deadline = time.monotonic() + timeout
        while len(callbacks.received_at.get(number, ())) < SUBSCRIBERS["good"]:
            if time.monotonic() > deadline:
                raise Failure(f"only {len(callbacks.received_at.get(number, ()))} of {SUBSCRIBERS['good']} subscribers received article {index + 1}")
            await asyncio.sleep(0.01)
    first_seen = first_seen_times(database)
    for number, times in callbacks.received_at.items():
        if number >= FIRST_NUMBER:
            waits += [(at - first_seen[number]) * 1000 for at in times.values()]
    await callbacks.close()
    percentiles = {f"p{percent}": percentile(waits, percent / 100) for percent in (50, 99)}
    return percentiles | {"max": max(waits), "pushes": len(waits), "others": {kind: callbacks.pushed[kind] for kind in SUBSCRIBERS if kind != "good"}}
