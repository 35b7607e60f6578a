"""The programs beside which Courant is measured, and the mail that all of them send."""

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

SAMPLE = 200
PLACEHOLDER = "@@NAME@@"
# Headers that a mail program writes by itself.
OWN_HEADERS = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding"}


class Sample:
    """What Courant really sends: 200 mails that our own server received, each checked."""

    def __init__(self, courant, store, dkim=False):
        store.make("sample")
        courant.configure(store.url("sample"))
        courant.import_audience(SAMPLE)
        courant.freeze()
        with Receiver() as receiver:
            courant.configure(store.url("sample"), port=receiver.port, connections=3, dkim=dkim)
            courant.deliver()
        courant.expect("sent", SAMPLE)
        store.drop("sample")
        self._check(receiver.mails, dkim, courant.template == "bench")
        self.size = round(statistics.median(len(content) for _, content in receiver.mails))
        self.message = email.message_from_bytes(receiver.mails[0][1], policy=email.policy.default)

    def _check(self, mails, dkim, greets):
        expected = {f"reader{i}@partner{i % DOMAINS}.example" for i in range(SAMPLE)}
        if len(mails) != SAMPLE or {recipient for recipient, _ in mails} != expected:
            raise Failure(f"of {SAMPLE} mails {len(mails)} arrived, for {len({r for r, _ in mails})} different recipients")
        for recipient, content in mails:
            number = recipient.partition("@")[0].removeprefix("reader")
            # A soft line break may stand anywhere in a quoted-printable line.
            if greets and content.replace(b"=\r\n", b"").count(f"Dear Reader Number {number},".encode()) != 2:
                raise Failure(f"the mail for {recipient} does not greet by name in both parts")
            if dkim and b"DKIM-Signature:" not in content:
                raise Failure(f"the mail for {recipient} is not signed although the transport has a DKIM key")

    def describe(self):
        """The same mail for another program: the name is a placeholder."""
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
            "headers": {name: str(value) for name, value in message.items() if name.lower() not in OWN_HEADERS},
        }


class SmtpSource:
    """Postfix's smtp-source: as fast as SMTP without pipelining gets, for it makes no mails and remembers nothing."""

    name = "smtp-source"

    def __init__(self, size):
        self._program = shutil.which("smtp-source")
        if self._program is None:
            raise Failure("smtp-source is missing: install Debian's package postfix")
        # Its -l counts the body alone: receive one to learn what its headers add.
        self._length = size
        self._length -= self._received() - size
        self.size = self._received()

    def _received(self):
        with Receiver() as receiver:
            call(self._command(1, receiver.port, 1))
        return len(receiver.mails[0][1])

    def _command(self, connections, port, messages):
        return [self._program, "-d", "-s", str(connections), "-l", str(self._length), "-m", str(messages), f"127.0.0.1:{port}"]

    def send(self, link, connections, messages, dkim=False):
        """Sends so many mails over the link; what that took. It never signs."""
        return measure([*link.prefix, *self._command(connections, link.port, messages)], needs=link.sink)


class Nodemailer:
    """nodemailer's pool of connections, at the version that bench/nodemailer/package.json pins."""

    name = "nodemailer"

    def __init__(self, folder, sample, dkim_key, say):
        self._folder = folder / "nodemailer"
        self._node = shutil.which("node")
        npm = shutil.which("npm")
        if self._node is None or npm is None:
            raise Failure("node or npm is missing")
        shutil.copytree(BENCH / "nodemailer", self._folder)
        install = [npm, "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
        install += ["--loglevel=error", f"--cache={self._folder}/cache"]
        done = subprocess.run(install, cwd=self._folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            say(done.stderr.strip())
            raise Failure("npm could not install it")
        self._mail = sample.describe()
        self._dkim_key = dkim_key
        self.size = int(call(self._command({}, False, "size")))

    def version(self):
        about = json.loads((self._folder / "node_modules/nodemailer/package.json").read_text(encoding="utf-8"))
        return f"{about['version']} on Node.js {call([self._node, '--version']).strip()}"

    def _command(self, job, dkim, *words):
        if dkim:
            job["dkim"] = {"domainName": "example.edu", "keySelector": "bench", "privateKey": str(self._dkim_key)}
        file = self._folder / "job.json"
        file.write_text(json.dumps({**self._mail, **job}), encoding="utf-8")
        return [self._node, str(self._folder / "send.mjs"), str(file), *words]

    def send(self, link, connections, messages, dkim=False):
        """Sends so many mails over the link; what that took. It signs if Courant does."""
        job = {"host": "127.0.0.1", "port": link.port, "connections": connections, "messages": messages}
        used = measure([*link.prefix, *self._command(job, dkim)], needs=link.sink)
        if used.output.strip() != str(messages):
            raise Failure(f"nodemailer sent {used.output.strip() or 'none'} of {messages} mails")
        return used


def commit():
    """The commit of this source, with a note if files were changed since."""
    with contextlib.suppress(OSError, Failure):
        return call(["git", "-C", str(Path(BENCH).parent), "describe", "--always", "--dirty", "--abbrev=10"]).strip()
    return "unknown"
