"""Courant as it is measured: its configuration, its audience, its editions."""

import csv
import json
import os
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

from .processes import Failure, call, measure

BENCH = Path(__file__).parent.parent
# Recipients are spread over so many domains.
DOMAINS = 200

CONFIG = """\
{templates}[site]
title = "Modern Chemical College News"
base_url = "https://news.example.edu"
id_authority = "news.example.edu,2026"
postal_address = "Modern Chemical College, 1 College Road"
[database]
url = "{database}"
[[sources]]
name = "college"
kind = "builtin"
[[feeds]]
name = "news"
[[digests]]
name = "weekly"
title = "The week at the college"
schedule = "0 8 1 1 *"
from = "College News <news@example.edu>"
[[transports]]
name = "default"
url = "smtp://127.0.0.1:{port}"
connections = {connections}
{dkim}"""


def build():
    """The release binary, built from this source."""
    root = BENCH.parent
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=root, check=True)
    about = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=root, check=True, capture_output=True, text=True
    )
    return Path(json.loads(about.stdout)["target_directory"]) / "release" / "courant"


class Courant:
    """A binary, and a folder for its configuration and what it imports."""

    def __init__(self, binary, folder, template):
        self.binary = Path(binary).resolve()
        if not os.access(self.binary, os.X_OK):
            raise Failure(f"{binary} is no program")
        self.template = template
        self.dkim_key = None  # a file, where keys can be had and this binary takes them
        self.without_dkim = ""  # why it is None
        self._folder = folder / "courant"
        self._folder.mkdir()
        self._config = self._folder / "config.toml"

    def version(self):
        return call([str(self.binary), "--version"]).strip().removeprefix("courant ")

    def configure(self, database, port=25, connections=1, dkim=False):
        """Writes the config that the next commands use."""
        templates = f'templates = "{BENCH / "templates"}"\n' if self.template == "bench" else ""
        keys = f'dkim = ["bench:{self.dkim_key}"]\n' if dkim else ""
        self._config.write_text(
            CONFIG.format(templates=templates, database=database, port=port, connections=connections, dkim=keys), encoding="utf-8"
        )

    def command(self, *words):
        return [str(self.binary), "--config", str(self._config), *words]

    def try_dkim(self):
        """Makes a DKIM key, and finds out whether this binary signs."""
        key = self._folder / "dkim.pem"
        if shutil.which("openssl") is None:
            self.without_dkim = "openssl is missing, so there is no key"
            return
        call(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(key)])
        self.dkim_key = key
        self.configure(f"sqlite://{self._folder}/dkim.db", dkim=True)
        tried = subprocess.run(self.command("digests", "list"), capture_output=True, text=True, check=False)
        if tried.returncode != 0 and "dkim" in tried.stderr:
            self.dkim_key = None
            self.without_dkim = "this binary does not know the key `dkim` of a transport"
        elif tried.returncode != 0:
            raise Failure(f"the config of the benchmark is refused: {tried.stderr.strip()}")

    def import_audience(self, recipients):
        """Fills a new store with articles of the last days and so many subscribers."""
        articles = self._folder / "articles.jsonl"
        now = datetime.now(timezone.utc).replace(microsecond=0)
        with open(BENCH / "articles.jsonl", encoding="utf-8") as sample, open(articles, "w", encoding="utf-8") as out:
            for hours, line in enumerate(sample, 1):
                article = json.loads(line)
                article["url"] = f"https://www.example.edu/news/{article['id']}.html"
                article["published_at"] = (now - timedelta(hours=hours)).isoformat()
                out.write(json.dumps(article) + "\n")
        readers = self._folder / "readers.csv"
        with open(readers, "w", encoding="utf-8", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(["email", "name", "language"])
            rows.writerows([f"reader{i}@partner{i % DOMAINS}.example", f"Reader Number {i}", "en"] for i in range(recipients))
        call(self.command("articles", "import", str(articles)))
        consent = ["--status", "confirmed", "--consent", "benchmark"]
        call(self.command("subscribers", "import", str(readers), "--digest", "weekly", *consent))

    def freeze(self):
        """Makes the edition; what that took."""
        return measure(self.command("digests", "run", "weekly"))

    def deliver(self, link=None):
        """Sends all that is due, over this link; what that took."""
        if link is None:
            return measure(self.command("deliver"))
        return measure([*link.prefix, *self.command("deliver")], needs=link.sink)

    def counts(self):
        """What became of the only edition's mails, by state."""
        editions = json.loads(call(self.command("editions", "list", "--json")))
        if len(editions) != 1:
            raise Failure(f"the store holds {len(editions)} editions instead of one")
        return json.loads(call(self.command("editions", "show", str(editions[0]["id"]), "--json")))["counts"]

    def expect(self, state, number):
        """A Failure unless all mails of the edition are in this state, and so many."""
        counts = self.counts()
        if counts.get(state) != number or sum(counts.values()) != number:
            raise Failure(f"of {number} mails not all are {state}: {counts}")
