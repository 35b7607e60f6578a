"""A small SMTP server that stores received messages, to check their arrival and their size."""

import contextlib
import socketserver
import threading


class _Session(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        with contextlib.suppress(ConnectionError):
            self.wfile.write(b"220 receiver.example ESMTP\r\n")
            recipient = ""
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"EHLO":
                    reply = "250-receiver.example\r\n250-PIPELINING\r\n250 8BITMIME"
                elif verb == b"RCPT":
                    recipient = line.partition(b"<")[2].partition(b">")[0].decode()
                    reply = "250 ok"
                elif verb == b"DATA":
                    self.wfile.write(b"354 send the content\r\n")
                    self.server.store(recipient, self._content())
                    reply = "250 accepted"
                elif verb == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    reply = "250 ok"
                self.wfile.write(reply.encode() + b"\r\n")

    def _content(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines)


class Receiver(socketserver.ThreadingTCPServer):
    """A server on `port` of the loopback address that runs until its `with` block ends."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Session)
        self.messages = []  # pairs of recipient and content, as received on the wire
        self.port = self.server_address[1]
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def store(self, recipient, content):
        with self._lock:
            self.messages.append((recipient, content))

    def __exit__(self, *exc_info):
        self.shutdown()
        super().__exit__(*exc_info)
