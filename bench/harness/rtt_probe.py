"""Prints the median round trip of a link to an SMTP server in milliseconds, measured with NOOP.

python3 rtt_probe.py PORT
"""

import socket
import statistics
import sys
import time


def main(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies = connection.makefile("rb")
        replies.readline()
        round_trips = []
        for _ in range(21):
            started = time.monotonic()
            connection.sendall(b"NOOP\r\n")
            replies.readline()
            round_trips.append(time.monotonic() - started)
    print(statistics.median(round_trips) * 1000)


if __name__ == "__main__":
    main(int(sys.argv[1]))
