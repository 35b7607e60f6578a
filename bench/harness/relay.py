"""A TCP relay that delays every byte: a link with a long round trip where the kernel has none.

python3 relay.py LISTEN_PORT TARGET_PORT MILLISECONDS

The delay applies to each direction. Bytes keep their order, and bandwidth is not limited.
"""

import asyncio
import socket
import sys
from collections import deque


class _Endpoint(asyncio.Protocol):
    """One end of a relayed connection; forwards bytes to its `other` end after the delay."""

    def __init__(self, delay):
        self.delay = delay
        self.other = None
        self.transport = None
        self._queue = deque()

    def connection_made(self, transport):
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data):
        self._enqueue(data)

    def connection_lost(self, exc):
        self._enqueue(None)

    def _enqueue(self, data):
        loop = asyncio.get_running_loop()
        self._queue.append((loop.time() + self.delay, data))
        if len(self._queue) == 1:
            loop.call_at(self._queue[0][0], self._forward_due)

    def _forward_due(self):
        loop = asyncio.get_running_loop()
        while self._queue and self._queue[0][0] <= loop.time():
            _, data = self._queue.popleft()
            if self.other.transport is None or self.other.transport.is_closing():
                continue
            if data is None:
                self.other.transport.close()
            else:
                self.other.transport.write(data)
        if self._queue:
            loop.call_at(self._queue[0][0], self._forward_due)


async def main(listen_port, target_port, delay):
    loop = asyncio.get_running_loop()
    connecting = set()

    def accept():
        client, server = _Endpoint(delay), _Endpoint(delay)
        client.other, server.other = server, client
        # The server's greeting arrives at the other endpoint and is delayed like all its bytes.
        task = loop.create_task(loop.create_connection(lambda: server, "127.0.0.1", target_port))
        connecting.add(task)
        task.add_done_callback(connecting.discard)
        return client

    listener = await loop.create_server(accept, "127.0.0.1", listen_port, backlog=1000)
    await listener.serve_forever()


if __name__ == "__main__":
    listen, target, milliseconds = sys.argv[1:]
    asyncio.run(main(int(listen), int(target), float(milliseconds) / 1000))
