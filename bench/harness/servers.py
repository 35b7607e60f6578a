"""Starts Courant and nginx as servers of the same bytes, each bound to one processor."""

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
pid {directory}/nginx.pid;
error_log {directory}/error.log warn;
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
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {directory}/root;
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
    """Returns a command bound to one processor, if the machine has several."""
    if (os.cpu_count() or 1) < 2 or shutil.which("taskset") is None:
        return argv
    return ["taskset", "-c", str(processor), *argv]


def fetch(port, path, headers=None, method="GET"):
    """Requests a path and returns status, headers with lower-case names, and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


class Server:
    """A running server program, which `close` terminates."""

    def __init__(self, name, argv, port, log, ready_path):
        self.name, self.port = name, port
        with open(log, "wb") as out:
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise Failure(f"{name} exited: {Path(log).read_text(errors='replace')[-2000:]}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if fetch(port, ready_path)[0] == 200:
                    return
            time.sleep(0.05)
        self.close()
        raise Failure(f"{name} was not ready within ten minutes: {Path(log).read_text(errors='replace')[-2000:]}")

    def _pids(self):
        """Returns the ids of the process and, for nginx, its workers."""
        workers = call(["ps", "-o", "pid=", "--ppid", str(self._process.pid)]) if self.name == "nginx" else ""
        return [self._process.pid, *map(int, workers.split())]

    def memory(self):
        """Returns the current resident size in bytes."""
        total = 0
        for pid in self._pids():
            for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
        return total

    def wait_until_idle(self, timeout=300.0):
        """Waits until the server has no background work.

        Courant compresses feeds with Brotli once they have not changed for ten seconds.
        """
        deadline = time.monotonic() + timeout
        time.sleep(13)
        while time.monotonic() < deadline:
            before = cpu_of(self._process.pid)
            time.sleep(2)
            if cpu_of(self._process.pid) - before < 0.2:
                return
        raise Failure(f"{self.name} is still busy after {timeout:.0f} s")

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def courant(binary, directory, library, hub=False):
    """Starts a Courant that serves a library's feeds and, on request, is a WebSub hub for them."""
    directory.mkdir()
    port = free_port()
    config = directory / "config.toml"
    config.write_text(library.config(directory, port, hub), encoding="utf-8")
    articles = directory / "articles.jsonl"
    library.write(articles)
    call([str(binary), "--config", str(config), "articles", "import", str(articles)])
    server = Server("Courant", pinned(0, [str(binary), "--config", str(config), "serve"]), port, directory / "serve.log", "/readyz")
    server.config = config
    return server


def nginx(directory, origin, files):
    """Starts an nginx that serves the origin's feeds from files, plain and compressed."""
    if shutil.which("nginx") is None:
        raise Failure("nginx is missing (Debian's package nginx-light)")
    root = directory / "root"
    (root / "feeds").mkdir(parents=True)
    for file in files:
        for suffix, headers in (("", {}), (".gz", {"Accept-Encoding": "gzip"})):
            status, response_headers, body = fetch(origin.port, f"/feeds/{file}", headers)
            if status != 200:
                raise Failure(f"Courant returns status {status} for {file}")
            target = root / "feeds" / f"{file}{suffix}"
            target.write_bytes(body)
            date = parsedate_to_datetime(response_headers["last-modified"]).timestamp()
            os.utime(target, (date, date))
    # The worker runs as another user and needs access to these directories.
    for path in (directory, root, root / "feeds"):
        path.chmod(0o755)
    port = free_port()
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(directory=directory, port=port), encoding="ascii")
    return Server("nginx", pinned(0, ["nginx", "-c", str(config)]), port, directory / "nginx.log", f"/feeds/{files[0]}")


def versions():
    """Returns the names and versions of nginx and wrk."""
    nginx_version = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr.strip().rpartition("/")[2]
    wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False)
    fields = (wrk.stdout + wrk.stderr).split()
    return [f"nginx {nginx_version}", f"wrk {fields[1] if len(fields) > 1 else '(version unknown)'}"]
