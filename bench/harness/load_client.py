"""A client of its own for what wrk can't do: a fixed rate, thousands of readers, waiting for an article.

As a program it asks at a fixed rate and prints the latencies: python3 load_client.py PORT RATE SECONDS CONNECTIONS < REQUESTS
"""

import asyncio
import collections
import gc
import json
import re
import select
import socket
import sys
import time

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


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


class Waiting:
    """A connection of `steadily`, and what is missing of an answer."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.due = self.missing = None
        self.head = b""
        self.status = 0

    def ask(self, request, due):
        """Sends a request; it is far smaller than the kernel's room for it."""
        self.due, self.missing, self.head = due, None, b""
        if self.socket.send(request) != len(request):
            raise ConnectionError("a request did not fit")

    def take(self, room):
        """Reads what came; gives whether the answer is whole."""
        count = self.socket.recv_into(room)
        if count == 0:
            raise ConnectionError("the server closed a connection that is kept")
        if self.missing is None:
            self.head += room[:count].tobytes()
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.status = int(self.head[9:12])
            length = LENGTH.search(self.head, 0, end) if self.status == 200 else None
            self.missing, count = (int(length.group(1)) if length else 0), len(self.head) - end - 4
        self.missing -= count
        return self.missing == 0


def steadily(port, requests, rate, seconds, connections):
    """Latencies in seconds at a fixed rate, counted from when a request was due, whether or not it could be sent then.

    It never sleeps: waking up would take longer than an answer.
    """
    latencies, wrong = [], 0
    lines = [Waiting(port) for _ in range(connections)]
    poller = select.epoll()
    by_number = {line.socket.fileno(): line for line in lines}
    for number in by_number:
        poller.register(number, select.EPOLLIN)
    idle, room = collections.deque(lines), memoryview(bytearray(1 << 20))
    total, number = int(rate * seconds), 0
    gc.disable()
    begun = time.monotonic() + 0.1
    while len(latencies) < total:
        if number < total and idle and time.monotonic() >= begun + number / rate:
            idle.popleft().ask(requests[number % len(requests)], begun + number / rate)
            number += 1
        for ready, _ in poller.poll(0):
            line = by_number[ready]
            if line.take(room):
                latencies.append(time.monotonic() - line.due)
                wrong += line.status not in (200, 304)
                idle.append(line)
    return latencies, wrong


def main():
    port, rate, seconds, connections = (int(word) for word in sys.argv[1:5])
    requests = [text.encode() for text in json.load(sys.stdin)]
    latencies, wrong = steadily(port, requests, rate, seconds, connections)
    print(json.dumps({"p50": percentile(latencies, 0.5), "p99": percentile(latencies, 0.99), "wrong": wrong, "asked": len(latencies)}))


if __name__ == "__main__":
    main()
