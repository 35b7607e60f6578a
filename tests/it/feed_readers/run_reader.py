"""Updates every feed with the library reader as `reader update URL` does, and prints its items of each feed.

Usage: run_reader.py DIRECTORY URL...
"""
import json
import sys

from reader import make_reader

directory, *urls = sys.argv[1:]
reader = make_reader(directory + "/reader.sqlite")


def to_item(entry):
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
    # One by one: updating all feeds would skip those whose Cache-Control is still fresh.
    reader.update_feed(url)
print(json.dumps([[to_item(entry) for entry in reader.get_entries(feed=url)] for url in urls]))
