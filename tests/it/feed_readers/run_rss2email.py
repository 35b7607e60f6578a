"""rss2email runs once and mails what is new into a folder; tells of every mail that lies there.

Usage: ask_rss2email.py FOLDER URL...
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

folder, *urls = sys.argv[1:]
config = Path(folder, "rss2email.cfg")
for box in ("new", "cur", "tmp"):
    Path(folder, "mail", "INBOX", box).mkdir(parents=True, exist_ok=True)
feeds = "".join(f"[feed.n{number}]\nurl = {url}\n" for number, url in enumerate(urls))
config.write_text(
    f"""[DEFAULT]
to = reader@example.org
from = rss2email@example.org
name-format = {{author}}
date-header = True
html-mail = True
email-protocol = maildir
maildir-path = {folder}/mail
maildir-mailbox = INBOX
{feeds}"""
)
program = [sys.executable, "-c", "import rss2email.main; rss2email.main.run()"]
# Its lock lies in the folder for temporary files, which others use at the same time.
subprocess.run([*program, "-c", config, "-d", folder + "/seen.json", "run"], check=True, env={**os.environ, "TMPDIR": folder})


def told(mail):
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
for file in Path(folder, "mail", "INBOX", "new").iterdir():
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    found[mail["X-RSS-Feed"]].append(told(mail))
print(json.dumps([found[url] for url in urls]))
