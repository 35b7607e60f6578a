"""Controls the measured Courant: its configuration, audience and editions."""

import csv
import json
import os
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

from .processes import Failure, call, measure

BENCH = Path(__file__).parent.parent
# Number of recipient domains, over which the audience is spread evenly.
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
{dkim}{more}"""


def build():
    """Builds the binary of a release package from this source tree and returns its path."""
    root = BENCH.parent
    subprocess.run(["cargo", "build", "--profile", "dist", "--locked"], cwd=root, check=True)
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=root, check=True, capture_output=True, text=True
    )
    return Path(json.loads(metadata.stdout)["target_directory"]) / "dist" / "courant"


class Courant:
    """A Courant binary with a directory for its configuration and the files it imports."""

    def __init__(self, binary, directory, template):
        self.binary = Path(binary).resolve()
        if not os.access(self.binary, os.X_OK):
            raise Failure(f"{binary} is not an executable program")
        self.template = template
        self.dkim_key = None  # path of the key, or None if Courant cannot sign
        self.no_dkim_reason = ""  # reason for `dkim_key` being None
        self._directory = directory / "courant"
        self._directory.mkdir()
        self._config = self._directory / "config.toml"

    def version(self):
        return call([str(self.binary), "--version"]).strip().removeprefix("courant ")

    def configure(self, database, port=25, connections=1, dkim=False, more=""):
        """Writes the config file used by the following commands; `more` is added at its end."""
        templates = f'templates = "{BENCH / "templates"}"\n' if self.template == "bench" else ""
        dkim_line = f'dkim = ["bench:{self.dkim_key}"]\n' if dkim else ""
        self._config.write_text(
            CONFIG.format(
                templates=templates, database=database, port=port, connections=connections, dkim=dkim_line, more=more
            ),
            encoding="utf-8",
        )

    def command(self, *arguments):
        return [str(self.binary), "--config", str(self._config), *arguments]

    def prepare_dkim(self):
        """Creates a DKIM key and sets `dkim_key` if this binary can sign with it."""
        key = self._directory / "dkim.pem"
        if shutil.which("openssl") is None:
            self.no_dkim_reason = "openssl, which creates the key, is missing"
            return
        call(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(key)])
        self.dkim_key = key
        self.configure(f"sqlite://{self._directory}/dkim.db", dkim=True)
        result = subprocess.run(self.command("digests", "list"), capture_output=True, text=True, check=False)
        if result.returncode != 0 and "dkim" in result.stderr:
            self.dkim_key = None
            self.no_dkim_reason = "this binary does not support the key `dkim` of a transport"
        elif result.returncode != 0:
            raise Failure(f"Courant rejects the benchmark's config: {result.stderr.strip()}")

    def import_audience(self, recipients):
        """Imports articles of the last hours and this number of subscribers into a new store."""
        articles = self._directory / "articles.jsonl"
        now = datetime.now(timezone.utc).replace(microsecond=0)
        with open(BENCH / "articles.jsonl", encoding="utf-8") as sample, open(articles, "w", encoding="utf-8") as out:
            for hours, line in enumerate(sample, 1):
                article = json.loads(line)
                article["url"] = f"https://www.example.edu/news/{article['id']}.html"
                article["published_at"] = (now - timedelta(hours=hours)).isoformat()
                out.write(json.dumps(article) + "\n")
        subscribers = self._directory / "subscribers.csv"
        with open(subscribers, "w", encoding="utf-8", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(["email", "name", "language"])
            rows.writerows([f"reader{i}@partner{i % DOMAINS}.example", f"Reader Number {i}", "en"] for i in range(recipients))
        call(self.command("articles", "import", str(articles)))
        consent = ["--status", "confirmed", "--consent", "benchmark"]
        call(self.command("subscribers", "import", str(subscribers), "--digest", "weekly", *consent))

    def freeze(self):
        """Creates the edition and returns the usage of the process."""
        return measure(self.command("digests", "run", "weekly"))

    def deliver(self, link=None):
        """Sends all due deliveries over a link and returns the usage of the process."""
        if link is None:
            return measure(self.command("deliver"))
        return measure([*link.prefix, *self.command("deliver")], required_pid=link.sink)

    def counts(self):
        """Returns the number of deliveries of the only edition, by state."""
        editions = json.loads(call(self.command("editions", "list", "--json")))
        if len(editions) != 1:
            raise Failure(f"the store holds {len(editions)} editions instead of one")
        return json.loads(call(self.command("editions", "show", str(editions[0]["id"]), "--json")))["counts"]

    def expect(self, state, number):
        """Raises Failure unless the edition has `number` deliveries, all of them in `state`."""
        counts = self.counts()
        if counts.get(state) != number or sum(counts.values()) != number:
            raise Failure(f"not all of {number} deliveries are {state}: {counts}")
