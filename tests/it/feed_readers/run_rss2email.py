"""Runs rss2email once, which delivers new items to a maildir, and prints all mails in it as items.

Usage: run_rss2email.py DIRECTORY URL...
"""
import email
import email.policy
import json
import os
import re
import subprocess
import sys
from email.utils import parseaddr, parsedate_to_datetime
from html import unescape
from pathlib import Path

directory, *urls = sys.argv[1:]
config = Path(directory, "rss2email.cfg")
for box in ("new", "cur", "tmp"):
    Path(directory, "mail", "INBOX", box).mkdir(parents=True, exist_ok=True)
feeds = "".join(f"[feed.n{number}]\nurl = {url}\n" for number, url in enumerate(urls))
config.write_text(
    f"""[DEFAULT]
to = reader@example.org
from = rss2email@example.org
name-format = {{author}}
date-header = True
html-mail = True
email-protocol = maildir
maildir-path = {directory}/mail
maildir-mailbox = INBOX
{feeds}"""
)
program = [sys.executable, "-c", "import rss2email.main; rss2email.main.run()"]
# rss2email puts its lock file into the directory for temporary files; other tests use that at the same time.
subprocess.run([*program, "-c", config, "-d", directory + "/seen.json", "run"], check=True, env={**os.environ, "TMPDIR": directory})


def to_item(mail):
    text = mail.get_content()
    content = re.search(r'<div class="body" id="body">\n(.*)\n</div>\n<div class="footer">', text, re.S)
    return {
        "id": mail["X-RSS-ID"],
        "title": mail["Subject"],
        "link": mail["X-RSS-URL"],
        "date": parsedate_to_datetime(mail["Date"]).timestamp(),
        "authors": [parseaddr(mail["From"])[0]],
        "tags": mail["X-RSS-TAGS"].split(","),
        "content": content.group(1),
        "files": [[unescape(url)] for url in re.findall('<p>Enclosure: <a href="([^"]*)"', text)],
    }


found = {url: [] for url in urls}
for file in Path(directory, "mail", "INBOX", "new").iterdir():
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    found[mail["X-RSS-Feed"]].append(to_item(mail))
print(json.dumps([found[url] for url in urls]))
