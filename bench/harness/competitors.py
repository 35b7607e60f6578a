"""The programs that Courant is compared with, and the message that all of them send."""

import contextlib
import email
import email.policy
import json
import re
import shutil
import statistics
import subprocess
from pathlib import Path

from .courant import BENCH, DOMAINS
from .processes import Failure, call, measure
from .receiver import Receiver

SAMPLE_RECIPIENTS = 200
PLACEHOLDER = "@@NAME@@"
# Headers that every mail program generates itself.
GENERATED_HEADERS = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding"}


class Sample:
    """Messages that Courant sends to a test server, each checked, and one of them as a sample."""

    def __init__(self, courant, store, dkim=False):
        store.create("sample")
        courant.configure(store.url("sample"))
        courant.import_audience(SAMPLE_RECIPIENTS)
        courant.freeze()
        with Receiver() as receiver:
            courant.configure(store.url("sample"), port=receiver.port, connections=3, dkim=dkim)
            courant.deliver()
        courant.expect("sent", SAMPLE_RECIPIENTS)
        store.drop("sample")
        self._check(receiver.messages, dkim, courant.template == "bench")
        self.size = round(statistics.median(len(content) for _, content in receiver.messages))
        self.message = email.message_from_bytes(receiver.messages[0][1], policy=email.policy.default)

    def _check(self, messages, dkim, has_greeting):
        expected = {f"reader{i}@partner{i % DOMAINS}.example" for i in range(SAMPLE_RECIPIENTS)}
        if len(messages) != SAMPLE_RECIPIENTS or {recipient for recipient, _ in messages} != expected:
            raise Failure(f"{len(messages)} of {SAMPLE_RECIPIENTS} messages arrived, for {len({r for r, _ in messages})} different recipients")
        for recipient, content in messages:
            number = recipient.partition("@")[0].removeprefix("reader")
            # A quoted-printable line can contain a soft line break at any position.
            if has_greeting and content.replace(b"=\r\n", b"").count(f"Dear Reader Number {number},".encode()) != 2:
                raise Failure(f"the message for {recipient} does not greet the recipient by name in both parts")
            if dkim and b"DKIM-Signature:" not in content:
                raise Failure(f"the message for {recipient} is not signed although the transport has a DKIM key")

    def describe(self):
        """Returns the message for another program, with a placeholder for the recipient's name."""
        message = self.message
        text = message.get_body(("plain",)).get_content()
        html = message.get_body(("html",)).get_content()
        return {
            "from": str(message["from"]),
            "subject": str(message["subject"]),
            "text": re.sub(r"Reader Number \d+", PLACEHOLDER, text),
            "html": re.sub(r"Reader Number \d+", PLACEHOLDER, html),
            "placeholder": PLACEHOLDER,
            "domains": DOMAINS,
            "headers": {name: str(value) for name, value in message.items() if name.lower() not in GENERATED_HEADERS},
        }


class SmtpSource:
    """Postfix's smtp-source, the fastest sender without pipelining.

    It composes no messages and records nothing.
    """

    name = "smtp-source"

    def __init__(self, size):
        self._program = shutil.which("smtp-source")
        if self._program is None:
            raise Failure("smtp-source is missing: install the Debian package postfix")
        # Option -l sets the size of the body only; a received message shows that of the headers.
        self._length = size
        self._length -= self._received_size() - size
        self.size = self._received_size()

    def _received_size(self):
        with Receiver() as receiver:
            call(self._command(1, receiver.port, 1))
        return len(receiver.messages[0][1])

    def _command(self, connections, port, messages):
        return [self._program, "-d", "-s", str(connections), "-l", str(self._length), "-m", str(messages), f"127.0.0.1:{port}"]

    def send(self, link, connections, messages, dkim=False):
        """Sends this number of messages over a link, never signed, and returns the usage."""
        return measure([*link.prefix, *self._command(connections, link.port, messages)], required_pid=link.sink)


class Nodemailer:
    """nodemailer's connection pool, in the version pinned by bench/nodemailer/package.json."""

    name = "nodemailer"

    def __init__(self, directory, sample, dkim_key, log):
        self._directory = directory / "nodemailer"
        self._node = shutil.which("node")
        npm = shutil.which("npm")
        if self._node is None or npm is None:
            raise Failure("node or npm is missing")
        shutil.copytree(BENCH / "nodemailer", self._directory)
        install = [npm, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
        install += ["--loglevel=error", f"--cache={self._directory}/cache"]
        result = subprocess.run(install, cwd=self._directory, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            log(result.stderr.strip())
            raise Failure("npm cannot install it")
        self._message = sample.describe()
        self._dkim_key = dkim_key
        self.size = int(call(self._command({}, False, "size")))

    def version(self):
        package = json.loads((self._directory / "node_modules/nodemailer/package.json").read_text(encoding="utf-8"))
        return f"{package['version']} on Node.js {call([self._node, '--version']).strip()}"

    def _command(self, job, dkim, *arguments):
        if dkim:
            job["dkim"] = {"domainName": "example.edu", "keySelector": "bench", "privateKey": str(self._dkim_key)}
        file = self._directory / "job.json"
        file.write_text(json.dumps({**self._message, **job}), encoding="utf-8")
        return [self._node, str(self._directory / "send.mjs"), str(file), *arguments]

    def send(self, link, connections, messages, dkim=False):
        """Sends this number of messages over a link, signed on request, and returns the usage."""
        job = {"host": "127.0.0.1", "port": link.port, "connections": connections, "messages": messages}
        usage = measure([*link.prefix, *self._command(job, dkim)], required_pid=link.sink)
        if usage.output.strip() != str(messages):
            raise Failure(f"nodemailer sent {usage.output.strip() or 'none'} of {messages} messages")
        return usage


def current_commit():
    """Returns the commit of this source tree, marked as dirty if it has uncommitted changes."""
    with contextlib.suppress(OSError, Failure):
        return call(["git", "-C", str(Path(BENCH).parent), "describe", "--always", "--dirty", "--abbrev=10"]).strip()
    return "unknown"
