"""A small SMTP server that keeps what it is sent: it proves that mails arrive, and shows how large they really are."""

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
                word = line[:4].upper()
                if word == b"EHLO":
                    answer = "250-receiver.example\r\n250-PIPELINING\r\n250 8BITMIME"
                elif word == b"RCPT":
                    recipient = line.partition(b"<")[2].partition(b">")[0].decode()
                    answer = "250 ok"
                elif word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    self.server.keep(recipient, self._content())
                    answer = "250 taken"
                elif word == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    answer = "250 ok"
                self.wfile.write(answer.encode() + b"\r\n")

    def _content(self):
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines)


class Receiver(socketserver.ThreadingTCPServer):
    """Listens at `port` of the loopback address as long as its `with` block lasts."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Session)
        self.mails = []  # (recipient, bytes as they came over the wire)
        self.port = self.server_address[1]
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def keep(self, recipient, content):
        with self._lock:
            self.mails.append((recipient, content))

    def __exit__(self, *reason):
        self.shutdown()
        super().__exit__(*reason)
