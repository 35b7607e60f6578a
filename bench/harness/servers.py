"""Courant and nginx as servers of the same bytes, each alone on one processor."""

import contextlib
import http.client
import os
import shutil
import subprocess
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

from .processes import Failure, call, cpu_of, free_port

NGINX = """\
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_rlimit_nofile 16384;
events {{ worker_connections 12000; }}
http {{
    access_log off;
    server_tokens off;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    open_file_cache max=10000 inactive=10m;
    open_file_cache_valid 10m;
    gzip_static on;
    gzip_vary on;
    etag on;
    types {{ "application/rss+xml; charset=utf-8" rss; }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {folder}/root;
        max_ranges 0;
        add_header Cache-Control "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400" always;
        add_header Access-Control-Allow-Origin "*" always;
        add_header Access-Control-Expose-Headers "ETag, Last-Modified, Link" always;
        add_header X-Content-Type-Options "nosniff" always;
        add_header Link '<http://127.0.0.1$uri>; rel="self"' always;
        add_header Content-Disposition "inline" always;
    }}
}}
"""


def pinned(processor, argv):
    """A command that runs on one processor alone, where there is more than one."""
    if (os.cpu_count() or 1) < 2 or shutil.which("taskset") is None:
        return argv
    return ["taskset", "-c", str(processor), *argv]


def fetch(port, path, headers=None, method="GET"):
    """One answer: status, headers in lower case, body."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(line):
        line.request(method, path, headers=headers or {})
        answer = line.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


class Server:
    """A program that serves; ended with `close`."""

    def __init__(self, name, argv, port, log, ready):
        self.name, self.port = name, port
        with open(log, "wb") as out:
            self._child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        until = time.monotonic() + 600
        while time.monotonic() < until:
            if self._child.poll() is not None:
                raise Failure(f"{name} ended: {Path(log).read_text(errors='replace')[-2000:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if fetch(port, ready)[0] == 200:
                    return
            time.sleep(0.05)
        self.close()
        raise Failure(f"{name} was not ready within ten minutes: {Path(log).read_text(errors='replace')[-2000:]}")

    def _family(self):
        """Its process and those it began."""
        listed = call(["ps", "-o", "pid=", "--ppid", str(self._child.pid)]) if self.name == "nginx" else ""
        return [self._child.pid, *map(int, listed.split())]

    def memory(self):
        """Bytes resident now."""
        total = 0
        for pid in self._family():
            for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
        return total

    def rest(self, limit=300.0):
        """Waits until it has nothing to do by itself: Courant makes Brotli of feeds that have not changed for ten seconds."""
        until = time.monotonic() + limit
        time.sleep(13)
        while time.monotonic() < until:
            before = cpu_of(self._child.pid)
            time.sleep(2)
            if cpu_of(self._child.pid) - before < 0.2:
                return
        raise Failure(f"{self.name} does not come to rest within {limit:.0f} s")

    def close(self):
        self._child.terminate()
        try:
            self._child.wait(20)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def courant(binary, folder, library, hub=False):
    """A Courant that serves a library's feeds, and is a hub for them on request."""
    folder.mkdir()
    port = free_port()
    config = folder / "config.toml"
    config.write_text(library.config(folder, port, hub), encoding="utf-8")
    articles = folder / "articles.jsonl"
    library.write(articles)
    call([str(binary), "--config", str(config), "articles", "import", str(articles)])
    server = Server("Courant", pinned(0, [str(binary), "--config", str(config), "serve"]), port, folder / "serve.log", "/readyz")
    server.config = config
    return server


def nginx(folder, origin, files):
    """An nginx that serves what the origin serves, as files, plain and compressed."""
    if shutil.which("nginx") is None:
        raise Failure("nginx is missing (Debian's package nginx-light)")
    root = folder / "root"
    (root / "feeds").mkdir(parents=True)
    for file in files:
        for ending, headers in (("", {}), (".gz", {"Accept-Encoding": "gzip"})):
            status, said, body = fetch(origin.port, f"/feeds/{file}", headers)
            if status != 200:
                raise Failure(f"Courant answers {status} for {file}")
            place = root / "feeds" / f"{file}{ending}"
            place.write_bytes(body)
            date = parsedate_to_datetime(said["last-modified"]).timestamp()
            os.utime(place, (date, date))
    # Its worker is another user, who has to get there.
    for place in (folder, root, root / "feeds"):
        place.chmod(0o755)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port), encoding="ascii")
    return Server("nginx", pinned(0, ["nginx", "-c", str(config)]), port, folder / "nginx.log", f"/feeds/{files[0]}")


def versions():
    """What the others are, in words."""
    told = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr.strip().rpartition("/")[2]
    wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
    words = (wrk.stdout + wrk.stderr).split()
    return [f"nginx {told}", f"wrk {words[1] if len(words) > 1 else '(version unknown)'}"]
