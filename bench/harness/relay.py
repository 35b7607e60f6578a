"""A link with a long round trip, where the kernel has none: a relay of TCP connections that holds each byte back.

python3 relay.py LISTEN_PORT TARGET_PORT MILLISECONDS

Each direction is late by so many milliseconds, keeps its order, and is not limited in bandwidth.
"""

import asyncio
import socket
import sys
from collections import deque


class _Side(asyncio.Protocol):
    """One end of a relayed connection; what it receives goes to its `other` end, later."""

    def __init__(self, delay):
        self.delay = delay
        self.other = None
        self.transport = None
        self._held = deque()

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        self._hold(data)

    def connection_lost(self, exc):
        self._hold(None)

    def _hold(self, data):
        loop = asyncio.get_running_loop()
        self._held.append((loop.time() + self.delay, data))
        if len(self._held) == 1:
            loop.call_at(self._held[0][0], self._let_go)

    def _let_go(self):
        loop = asyncio.get_running_loop()
        while self._held and self._held[0][0] <= loop.time():
            _, data = self._held.popleft()
            if self.other.transport is None or self.other.transport.is_closing():
                continue
            if data is None:
                self.other.transport.close()
            else:
                self.other.transport.write(data)
        if self._held:
            loop.call_at(self._held[0][0], self._let_go)


async def main(listen, target, delay):
    loop = asyncio.get_running_loop()
    reaching = set()

    def accept():
        near, far = _Side(delay), _Side(delay)
        near.other, far.other = far, near
        # The server's greeting comes through the other end, late like all it says.
        reach = loop.create_task(loop.create_connection(lambda: far, "127.0.0.1", target))
        reaching.add(reach)
        reach.add_done_callback(reaching.discard)
        return near

    server = await loop.create_server(accept, "127.0.0.1", listen, backlog=1000)
    await server.serve_forever()


if __name__ == "__main__":
    port, to, late = sys.argv[1:]
    asyncio.run(main(int(port), int(to), float(late) / 1000))
