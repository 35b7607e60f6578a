"""The library reader asks every feed as `reader update URL` does, and tells what it then has of each.

Usage: ask_reader.py FOLDER URL...
"""
import json
import sys

from reader import make_reader

folder, *urls = sys.argv[1:]
reader = make_reader(folder + "/reader.sqlite")


def told(entry):
    (body,) = entry.content
    return {
        "id": entry.id,
        "title": entry.title,
        "link": entry.link,
        "date": entry.published.timestamp(),
        "authors": [author.name for author in entry.authors],
        "content": body.value,
        "files": [[file.href, file.type, file.length] for file in entry.enclosures],
    }


for url in urls:
    reader.add_feed(url, exist_ok=True)
    # Not all at once: that would leave alone what a Cache-Control lets it keep for a while.
    reader.update_feed(url)
print(json.dumps([[told(entry) for entry in reader.get_entries(feed=url)] for url in urls]))
