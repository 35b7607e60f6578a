"""newsboat reloads every feed, each with a cache of its own, since one id is one article to it; tells what the caches hold.

Usage: ask_newsboat.py FOLDER URL...
"""
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

folder, *urls = sys.argv[1:]


def told(row):
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
    home = Path(folder, str(number))
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
        found.append([told(row) for row in cache.execute(f"SELECT {columns} FROM rss_item")])
print(json.dumps(found))
