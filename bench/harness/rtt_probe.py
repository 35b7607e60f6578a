"""Prints the round trip of a link in milliseconds: the median of NOOPs that an SMTP server at its end answers.

python3 rtt_probe.py PORT
"""

import socket
import statistics
import sys
import time


def main(port):
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers = peer.makefile("rb")
        answers.readline()
        spans = []
        for _ in range(21):
            began = time.monotonic()
            peer.sendall(b"NOOP\r\n")
            answers.readline()
            spans.append(time.monotonic() - began)
    print(statistics.median(spans) * 1000)


if __name__ == "__main__":
    main(int(sys.argv[1]))
