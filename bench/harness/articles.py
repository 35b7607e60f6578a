"""Generates fictional articles and their feeds: reproducible, and about as compressible as news."""

import json
import random
from datetime import datetime, timedelta, timezone

CONFIG = """\
[site]
title = "Modern Chemical College News"
base_url = "http://127.0.0.1:{port}"
id_authority = "news.example.edu,2026"
postal_address = "Modern Chemical College, 1 College Road"
[database]
url = "sqlite://{directory}/courant.db"
[server]
listen = "127.0.0.1:{port}"
feed_cache_dir = "{directory}/feed-cache"
[websub]
hub = {hub}
allowed_networks = ["127.0.0.0/8"]
[[sources]]
name = "college"
kind = "builtin"
[[feeds]]
name = "small"
tags = ["small"]
content = "summary"
"""
FEED = """\
[[feeds]]
name = "feed{number}"
tags = ["topic{number}"]
items = {items}
"""
SYLLABLES = "an be co da el fi go hu in ja ke lo mi nu or pa qui re so ta un ve wi xe yo za".split()


class Library:
    """Articles for several feeds that contain the newest `items` each; feeds may share articles."""

    def __init__(self, feeds, items, articles, seed=1):
        self.feeds, self.items, self.articles = feeds, items, articles
        self._random = random.Random(seed)
        words = ["".join(self._random.choices(SYLLABLES, k=self._random.randint(1, 4))) for _ in range(4000)]
        # A few words are frequent and most are rare, as in natural language.
        self._words, self._weights = words, [1 / (rank + 5) for rank in range(len(words))]

    def config(self, directory, port, hub=False):
        feeds = "".join(FEED.format(number=number, items=self.items) for number in range(self.feeds))
        return CONFIG.format(port=port, directory=directory, hub=str(hub).lower()) + feeds

    def _text(self, words):
        return " ".join(self._random.choices(self._words, self._weights, k=words))

    def article(self, number, tags, published, paragraphs=8):
        """Returns an article with a few kilobytes of HTML."""
        body = "".join(f"<p>{self._text(80)}.</p>" for _ in range(paragraphs))
        return {
            "id": f"n{number}",
            "url": f"https://www.example.edu/news/{number}.html",
            "title": f"News {number}: {self._text(6)}",
            "summary": self._text(20),
            "body_html": body,
            "tags": tags,
            "language": "en",
            "published_at": published.isoformat(),
        }

    def write(self, file):
        """Writes all articles as JSON lines, distributed evenly over the feeds."""
        now = datetime.now(timezone.utc).replace(microsecond=0)
        # Number of topics per article with which every feed is full.
        topics = max(1, -(-self.feeds * self.items // self.articles))
        with open(file, "w", encoding="utf-8") as out:
            for number in range(self.articles):
                tags = [f"topic{(number * topics + step) % self.feeds}" for step in range(topics)]
                out.write(json.dumps(self.article(number, tags, now - timedelta(minutes=number + 1))) + "\n")
            out.write(json.dumps(self.article("small", ["small"], now, paragraphs=1)) + "\n")
