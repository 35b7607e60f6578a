"""An HTTP client for load that wrk cannot generate: a fixed rate, thousands of readers, polling.

As a program it sends requests at a fixed rate and prints the latencies:
python3 load_client.py PORT RATE SECONDS CONNECTIONS < REQUESTS
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


class Connection:
    """A keep-alive connection that is opened when needed."""

    def __init__(self, port):
        self._port = port
        self._reader = self._writer = None

    async def send(self, request):
        """Sends a raw request and returns status, headers and body of the response."""
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


def build_request(path, **headers):
    """Returns a raw GET request; header names are passed with underscores for hyphens."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode()


def percentile(values, fraction):
    """Returns the value below which this fraction of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))]


class TimedConnection:
    """A non-blocking connection with the state of its current request."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.due = self.remaining = None
        self.head = b""
        self.status = 0

    def send(self, request, due):
        """Sends a request, which must fit into the kernel's send buffer."""
        self.due, self.remaining, self.head = due, None, b""
        if self.socket.send(request) != len(request):
            raise ConnectionError("a request does not fit into the send buffer")

    def receive(self, buffer):
        """Reads available data and returns `True` if the response is complete."""
        count = self.socket.recv_into(buffer)
        if count == 0:
            raise ConnectionError("the server closed a keep-alive connection")
        if self.remaining is None:
            self.head += buffer[:count].tobytes()
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return False
            self.status = int(self.head[9:12])
            length = LENGTH.search(self.head, 0, end) if self.status == 200 else None
            self.remaining, count = (int(length.group(1)) if length else 0), len(self.head) - end - 4
        self.remaining -= count
        return self.remaining == 0


def measure_latencies(port, requests, rate, seconds, connections):
    """Sends requests at a fixed rate and returns their latencies and the number of bad statuses.

    Latencies are in seconds. A latency starts when its request was due, even if no
    connection was free to send it then. The loop never sleeps, because waking up would take longer
    than a response.
    """
    latencies, unexpected = [], 0
    clients = [TimedConnection(port) for _ in range(connections)]
    poller = select.epoll()
    by_descriptor = {client.socket.fileno(): client for client in clients}
    for descriptor in by_descriptor:
        poller.register(descriptor, select.EPOLLIN)
    idle, buffer = collections.deque(clients), memoryview(bytearray(1 << 20))
    total, number = int(rate * seconds), 0
    gc.disable()
    start = time.monotonic() + 0.1
    while len(latencies) < total:
        if number < total and idle and time.monotonic() >= start + number / rate:
            idle.popleft().send(requests[number % len(requests)], start + number / rate)
            number += 1
        for descriptor, _ in poller.poll(0):
            client = by_descriptor[descriptor]
            if client.receive(buffer):
                latencies.append(time.monotonic() - client.due)
                unexpected += client.status not in (200, 304)
                idle.append(client)
    return latencies, unexpected


def main():
    port, rate, seconds, connections = (int(argument) for argument in sys.argv[1:5])
    requests = [text.encode() for text in json.load(sys.stdin)]
    latencies, unexpected = measure_latencies(port, requests, rate, seconds, connections)
    result = {"p50": percentile(latencies, 0.5), "p99": percentile(latencies, 0.99)}
    print(json.dumps(result | {"unexpected": unexpected, "requests": len(latencies)}))


if __name__ == "__main__":
    main()
