"""Measures the pages of the admin area and the operations of the API that people use most, over one connection."""

import html
import http.client
import json
import re
import time
from urllib.parse import quote

from .processes import Failure, call, free_port
from .servers import Server

CONFIG = """\
[server]
listen = "127.0.0.1:{port}"
[[segments]]
name = "partners"
filter = 'tag = "partner" and language = "zh"'
[[segments]]
name = "guests"
filter = 'visits >= 95'
[[segments]]
name = "rhineland"
filter = 'city in ("Köln", "Bonn") and not tag = "vip"'
"""
PARTNERS = quote('tag = "partner" and language = "zh"')
PASSWORD = "7 solvents, 3 columns, 1 flask"
FORM = {"content-type": "application/x-www-form-urlencoded"}

# Paths of pages and of the API. {number} is another subscriber in each round, {next} the path of the next page of
# the page before.
PAGES = {
    "home": "/admin/",
    "subscribers": "/admin/subscribers",
    "subscribers, next page": "{next}",
    "subscribers, filter": f"/admin/subscribers?where={PARTNERS}",
    "subscribers, search": "/admin/subscribers?q=reader{number}",
    "subscriber": "/admin/subscribers/{number}",
    "segments": "/admin/segments",
    "editions": "/admin/editions",
    "edition": "/admin/editions/{edition}",
    "edition, next page": "{next}",
    "edition, failed": "/admin/editions/{edition}?state=failed",
    "edition, held": "/admin/editions/{edition}?state=held",
    "articles": "/admin/articles",
    "articles, next page": "{next}",
    "audit log": "/admin/audit",
    "digests": "/admin/digests",
    "find": "/admin/find?q=reader{number}",
}
OPERATIONS = {
    "subscribers": "/api/v1/subscribers",
    "subscribers, filter": f"/api/v1/subscribers?where={PARTNERS}",
    "subscribers, search": "/api/v1/subscribers?search=reader{number}",
    "subscriber": "/api/v1/subscribers/{number}",
    "segments": "/api/v1/segments",
    "editions": "/api/v1/editions",
    "edition": "/api/v1/editions/{edition}",
    "deliveries, failed": "/api/v1/editions/{edition}/deliveries?state=failed",
    "deliveries, held": "/api/v1/editions/{edition}/deliveries?state=held",
    "articles": "/api/v1/articles",
    "audit log": "/api/v1/audit",
    "statistics": "/api/v1/stats",
}


class Client:
    """An HTTP client with one connection and the headers of a session or token."""

    def __init__(self, port, headers):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = headers

    def get(self, path):
        """Returns the time of a request in milliseconds, and the body of the response."""
        started = time.monotonic()
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        body = response.read().decode()
        elapsed = (time.monotonic() - started) * 1000
        if response.status != 200:
            raise Failure(f"{path} returns status {response.status}: {body[:300]}")
        return elapsed, body

    def close(self):
        self._connection.close()


def _sign_in(courant, directory, port):
    """Creates an admin and returns the cookie of their session."""
    password = directory / "password"
    password.write_text(PASSWORD, encoding="ascii")
    call(courant.command("users", "add", "ann", "--role", "admin", "--password-file", str(password)))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/admin/login", f"name=ann&password={quote(PASSWORD)}", FORM)
    response = connection.getresponse()
    cookie = response.getheader("set-cookie")
    connection.close()
    if cookie is None:
        raise Failure(f"the sign-in is rejected with status {response.status}")
    return cookie.split(";")[0]


def _next_page(path, body):
    """Returns the path of the page that follows a page."""
    found = re.search(r'rel="next" href="([^"]*)"', body)
    if found is None:
        raise Failure(f"{path} has no next page")
    link = html.unescape(found[1])
    return path.split("?")[0] + link if link.startswith("?") else link


def measure(store, courant, directory, subscribers, rounds, editions):
    """Starts the server on the filled database and returns the times of each page in milliseconds."""
    port = free_port()
    courant.configure(store.url("lists"), more=CONFIG.format(port=port))
    server = Server("Courant", courant.command("serve"), port, directory / "serve.log", "/readyz")
    times = {}
    try:
        token = json.loads(call(courant.command("tokens", "create", "bench", "--role", "admin", "--json")))["token"]
        clients = [
            ("page", PAGES, Client(port, {"cookie": _sign_in(courant, directory, port)})),
            ("API", OPERATIONS, Client(port, {"authorization": f"Bearer {token}"})),
        ]
        for number in range(rounds + 1):
            for kind, paths, client in clients:
                names = {"number": number * 7919 % subscribers + 1, "edition": editions - number % 2, "next": ""}
                for name, template in paths.items():
                    path = template.format(**names)
                    elapsed, body = client.get(path)
                    if f"{name}, next page" in paths:
                        names["next"] = _next_page(path, body)
                    # The first round fills the caches.
                    if number > 0:
                        times.setdefault(f"{kind}: {name}", []).append(elapsed)
        for *_, client in clients:
            client.close()
    finally:
        server.close()
    return times
