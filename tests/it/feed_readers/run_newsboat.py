"""Reloads every feed with newsboat and prints the items in its caches. Each feed has its own cache, because newsboat identifies
items by their id across feeds.

Usage: run_newsboat.py DIRECTORY URL...
"""
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

directory, *urls = sys.argv[1:]


def to_item(row):
    guid, title, link, date, author, content, file, kind = row
    return {
        "id": guid,
        "title": title,
        "link": link,
        "date": date,
        "authors": [author],
        "content": content,
        "files": [[file, kind]] if file else [],
    }


found = []
for number, url in enumerate(urls):
    home = Path(directory, str(number))
    home.mkdir(exist_ok=True)
    (home / "urls").write_text(url + "\n")
    (home / "config").write_text("")
    environment = {name: value for name, value in os.environ.items() if name != "XDG_CONFIG_HOME"}
    subprocess.run(
        ["newsboat", "-u", home / "urls", "-C", home / "config", "-c", home / "cache.db", "-x", "reload"],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**environment, "HOME": str(home)},
    )
    columns = "guid, title, url, pubDate, author, content, enclosure_url, enclosure_type"
    with sqlite3.connect(home / "cache.db") as cache:
        found.append([to_item(row) for row in cache.execute(f"SELECT {columns} FROM rss_item")])
print(json.dumps(found))
