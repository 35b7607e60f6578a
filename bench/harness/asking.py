"""A client of its own for what wrk can't do: a fixed rate, thousands of readers, waiting for an article.

As a program it asks at a fixed rate and prints the latencies: python3 asking.py PORT RATE SECONDS CONNECTIONS < REQUESTS
"""

import asyncio
import json
import sys
import time


class Line:
    """One connection that is kept."""

    def __init__(self, port):
        self._port = port
        self._reader = self._writer = None

    async def ask(self, request):
        """Status, headers and body of the answer to a request, which is sent as it is."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = 0
        headers = {}
        for line in head.split(b"\r\n")[1:-2]:
            name, _, value = line.partition(b": ")
            headers[name.lower()] = value
        if status == 200:
            length = int(headers[b"content-length"])
        body = await self._reader.readexactly(length) if length else b""
        return status, headers, body

    async def close(self):
        if self._writer is not None:
            writer, self._reader, self._writer = self._writer, None, None
            writer.close()
            await writer.wait_closed()


def request(path, **headers):
    """A GET; names are written with underscores."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode()


def percentile(values, share):
    """The value below which that share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def steadily(port, requests, rate, seconds, connections):
    """Latencies in seconds at a fixed rate, counted from when a request was due, whether or not it could be sent then."""
    latencies, wrong = [], 0
    begun = time.monotonic() + 0.1
    total = int(rate * seconds)

    async def line(first):
        nonlocal wrong
        own = Line(port)
        for number in range(first, total, connections):
            due = begun + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            status, _, _ = await own.ask(requests[number % len(requests)])
            latencies.append(time.monotonic() - due)
            wrong += status not in (200, 304)
        await own.close()

    await asyncio.gather(*(line(first) for first in range(connections)))
    return latencies, wrong


def main():
    port, rate, seconds, connections = (int(word) for word in sys.argv[1:5])
    requests = [text.encode() for text in json.load(sys.stdin)]
    latencies, wrong = asyncio.run(steadily(port, requests, rate, seconds, connections))
    print(json.dumps({"p50": percentile(latencies, 0.5), "p99": percentile(latencies, 0.99), "wrong": wrong, "asked": len(latencies)}))


if __name__ == "__main__":
    main()
